"""Model files of other packages, read without running anything that is in them."""

from .errors import FormatError as FormatError
from .errors import UnsupportedLayerError as UnsupportedLayerError
