"""Runs of cells of ours that are not in C: other activations, dropout of states in training."""
