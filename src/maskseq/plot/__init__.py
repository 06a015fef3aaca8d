"""Pictures of padding, masks, attention, training and precision.

`mask_flow` needs nothing; the others draw with matplotlib (`pip install "maskseq[plot]"`), on the
`axes` they are given or on new ones, and return them.
"""

from .attention import attention as attention
from .curves import learning_curves as learning_curves
from .mask_flow import mask_flow as mask_flow
from .padding import padding as padding
from .precision import precision as precision
from .steps import steps as steps

__all__ = ["attention", "learning_curves", "mask_flow", "padding", "precision", "steps"]
