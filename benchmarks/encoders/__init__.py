"""maskseq beside other engines on encoders: `python -m benchmarks.encoders`."""
