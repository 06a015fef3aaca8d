"""Sums and extremes in one order: the same bits on every CPU and for any order in memory."""
