"""Layers of Keras's core family: products, tables, masks, inputs."""
