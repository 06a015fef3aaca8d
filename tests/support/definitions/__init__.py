"""Definitions in float64 that answers and gradients are compared with, beside `reference`."""
