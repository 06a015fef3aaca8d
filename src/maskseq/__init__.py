"""maskseq: masked sequence models on the CPU. A masked step costs nothing and changes nothing."""

__version__ = "0.1.0"

from .sequence import Ragged as Ragged
from .sequence import pad_sequences as pad_sequences
