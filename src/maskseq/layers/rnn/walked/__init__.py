"""Training of cells of ours whose way back is not in C: other activations, dropout of states."""
