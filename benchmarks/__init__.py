"""Measurements: bench_*.py under pytest, the others as programs of their own."""
