"""The tape of a training step: how values were made, and the walk back to gradients."""

from .of_rows import aligned as aligned
from .of_rows import masked_by_hand as masked_by_hand
from .of_rows import packed as packed
from .of_rows import padded as padded
from .of_rows import real_values as real_values
from .of_rows import rows_like as rows_like
from .of_rows import values as values
from .sums import SparseRows as SparseRows
from .tape import Tape as Tape
from .tape import before_tapes as before_tapes
from .traced import Traced as Traced
from .traced import plain_values as plain_values
from .traced import value_of as value_of
