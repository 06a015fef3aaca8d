"""Pooling over time: global, in windows, of real steps only."""
