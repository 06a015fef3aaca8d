"""MaskedGlobalMaxPooling1D: the maximum over the real steps."""

from typing import Any

import numpy as np

from ... import _kernels
from ...rows import Rows
from .over_time import OverTime, largest_of_sequences


class MaskedGlobalMaxPooling1D(OverTime):
    """The largest real value of each feature, where Keras's GlobalMaxPooling1D looks at all steps.

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
    GlobalMaxPooling1D : Over masked steps too.
    GlobalAveragePooling1D, LastStep

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
    >>> layers.MaskedGlobalMaxPooling1D()(x, mask=np.array([[True, True, False]])).tolist()
    [[3.0]]
    """

    def pool(self, rows: Rows) -> np.ndarray:
        return largest_of_sequences(rows)

    def gradient(self, rows: Rows, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        """All steps that hold the largest value get an equal share."""
        layout = rows.layout
        values = rows.values[: layout.steps]
        found = (values == np.repeat(y, layout.lengths, axis=0)).astype(np.float32)
        flat = found.reshape(layout.steps, -1)
        counts = _kernels.sum_rows(flat, layout.offsets).reshape(y.shape)
        share = np.divide(d, counts, out=np.zeros_like(d), where=counts > 0)
        return found * np.repeat(share, layout.lengths, axis=0)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], *input_shape[2:])
