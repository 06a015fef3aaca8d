"""PyTorch's weights: files read without PyTorch, and arrays put into layers."""
