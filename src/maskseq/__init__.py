"""maskseq: masked sequence models on the CPU. A masked step costs nothing and changes nothing."""

__version__ = "0.1.0"
