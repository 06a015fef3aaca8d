"""Each kernel on each instruction set: `pytest benchmarks`."""
