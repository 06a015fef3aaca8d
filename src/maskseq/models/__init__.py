"""Model and Sequential: a graph of layers with inputs and outputs."""
