"""Names that Keras has under keras.utils."""

from .data.ragged import pad_sequences as pad_sequences
from .initializers import set_random_seed as set_random_seed
