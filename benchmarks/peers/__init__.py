"""maskseq beside other engines: `python -m benchmarks.peers` (see benchmarks/README.md)."""
