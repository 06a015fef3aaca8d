"""LastStep: what the last real step of each sequence holds."""

from typing import Any

import numpy as np

from ...rows import Rows
from .over_time import OverTime


class LastStep(OverTime):
    """The last real step of each sequence, wherever its padding is.

    What `x[:, -1]` is meant to be, and is only without right padding.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs of fewer than two axes, and a mask that is not (batch, time).

    See Also
    --------
    MaskedGlobalMaxPooling1D, GlobalAveragePooling1D, LSTM

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, ...).
    mask
        bool (batch, time); None = all real. It ends here.
    returns
        (batch, ...).

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.array([[[1.0], [3.0], [8.0]]])
    >>> layers.LastStep()(x, mask=np.array([[True, True, False]])).tolist()
    [[3.0]]
    """

    def pool(self, rows: Rows) -> np.ndarray:
        layout, source, index = rows.layout, rows.source.array, rows.source.index
        result = np.zeros((layout.batch, *source.shape[1:]), source.dtype)
        some = layout.lengths > 0
        last = layout.offsets[1:][some] - 1
        result[some] = source[last if index is None else index[last]]
        return result

    def gradient(self, rows: Rows, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        layout = rows.layout
        result = np.zeros((layout.steps, *d.shape[1:]), np.float32)
        some = layout.lengths > 0
        result[layout.offsets[1:][some] - 1] = d[some]
        return result

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], *input_shape[2:])
