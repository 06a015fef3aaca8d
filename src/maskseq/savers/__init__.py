"""Writers of model files. Nothing but NumPy is needed."""

from .files import save_model as save_model
from .files import save_weights as save_weights
from .safetensors import save_safetensors as save_safetensors

__all__ = ["save_model", "save_safetensors", "save_weights"]
