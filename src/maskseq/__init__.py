"""maskseq: masked sequence models on the CPU. A masked step costs nothing and changes nothing."""

import typing as _typing
from importlib import import_module as _import_module

from . import _openmp as _openmp  # the first to load the kernels
from . import backend as backend
from . import constraints as constraints
from . import initializers as initializers
from . import layers as layers
from . import ops as ops
from . import regularizers as regularizers
from . import utils as utils
from .data.ragged import Ragged as Ragged
from .data.ragged import pad_sequences as pad_sequences
from .graph.symbols import KerasTensor as KerasTensor
from .initializers import set_random_seed as set_random_seed
from .layers.base.layer import Layer as Layer
from .layers.core.input import Input as Input
from .models.model import Model as Model
from .models.sequential import Sequential as Sequential
from .runtime import get_include as get_include
from .runtime import get_num_threads as get_num_threads
from .runtime import num_threads as num_threads
from .runtime import set_num_threads as set_num_threads
from .tensor import Tensor as Tensor
from .tensor import convert_to_tensor as convert_to_tensor
from .tensor import get_keras_mask as get_keras_mask
from .tensor import set_keras_mask as set_keras_mask

if _typing.TYPE_CHECKING:
    from . import callbacks as callbacks
    from . import explain as explain
    from . import importers as importers
    from . import losses as losses
    from . import metrics as metrics
    from . import models as models
    from . import optimizers as optimizers
    from . import plot as plot
    from . import report as report
    from . import saving as saving
    from . import scoring as scoring
    from . import testing as testing
    from .importers import from_torch as from_torch
    from .importers import load_model as load_model
    from .importers import read_weights as read_weights
    from .models.session import Session as Session

__version__ = "0.2.0"
__all__ = [
    "Input", "KerasTensor", "Layer", "Model", "Ragged", "Sequential", "Session", "Tensor",
    "convert_to_tensor", "from_torch", "get_include", "get_keras_mask", "get_num_threads",
    "load_model", "num_threads", "pad_sequences", "read_weights", "set_keras_mask",
    "set_num_threads", "set_random_seed",
    "activations", "backend", "callbacks", "constraints", "explain", "importers",
    "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "plot",
    "regularizers", "report", "saving", "scoring", "testing", "utils",
]  # fmt: skip
_LATER = {
    "from_torch": "importers", "load_model": "importers", "read_weights": "importers",
    "Session": "models.session",
}  # fmt: skip
_MODULES = (
    "callbacks", "explain", "importers", "losses", "metrics", "models",
    "optimizers", "plot", "report", "saving", "scoring", "testing",
)  # fmt: skip

_import_module("maskseq._openmp.threadpools")


if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """What few programs need is imported when it is first asked for."""
        if name in _MODULES:
            return _import_module(f"{__name__}.{name}")
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(_import_module(f"{__name__}.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_LATER, *_MODULES]
