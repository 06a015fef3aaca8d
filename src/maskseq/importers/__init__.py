"""Model files of other packages, read without running anything that is in them."""

from .arrays import read_weights as read_weights
from .errors import FormatError as FormatError
from .errors import UnsupportedLayerError as UnsupportedLayerError
from .keras.file import load_model as load_model
from .keras.file import load_weights as load_weights
from .keras.file import model_from_json as model_from_json
from .torch.build import from_torch as from_torch
