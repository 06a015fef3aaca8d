"""Keras's model and weight files."""
