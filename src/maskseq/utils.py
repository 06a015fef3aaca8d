"""Names that Keras has under keras.utils."""

from .initializers import set_random_seed as set_random_seed
from .sequence import pad_sequences as pad_sequences
