"""Checks for layers and models, ours and yours: the promises of masking, held to the bit.

`check_layer(MyLayer(8))` tries a layer, `check_invariance(model, sequences) == 0` a model.
"""

from .gradients import check_gradients as check_gradients
from .invariance import check_invariance as check_invariance
from .precision import PrecisionCheck as PrecisionCheck
from .precision import check_precision as check_precision
from .precision import precision_differences as precision_differences
from .promises import PROMISES as PROMISES
from .promises import check_layer as check_layer

__all__ = [
    "PROMISES", "PrecisionCheck", "check_gradients", "check_invariance", "check_layer",
    "check_precision", "precision_differences",
]  # fmt: skip
