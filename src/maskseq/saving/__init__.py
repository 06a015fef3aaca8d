"""Names that Keras has under keras.saving: files of models, and classes of users in them."""

from ..given.custom import custom_object_scope as custom_object_scope
from ..given.custom import get_custom_objects as get_custom_objects
from ..given.custom import get_registered_name as get_registered_name
from ..given.custom import get_registered_object as get_registered_object
from ..given.custom import register_keras_serializable as register_keras_serializable
from ..importers import load_model as load_model
from ..savers import save_model as save_model

__all__ = [
    "custom_object_scope", "get_custom_objects", "get_registered_name", "get_registered_object",
    "load_model", "register_keras_serializable", "save_model",
]  # fmt: skip
