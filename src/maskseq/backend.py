"""The names under which code written for Keras looks for masks on arrays."""

from .graph.symbols import clear_session as clear_session
from .tensor import convert_to_tensor as convert_to_tensor
from .tensor import get_keras_mask as get_keras_mask
from .tensor import set_keras_mask as set_keras_mask

__all__ = ["clear_session", "convert_to_tensor", "get_keras_mask", "set_keras_mask"]
