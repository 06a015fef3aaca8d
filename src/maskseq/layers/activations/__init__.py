"""Functions of every number, and softmax, as layers."""
