"""MaskedGlobalMaxPooling1D: the maximum over the real steps."""

from typing import Any

import numpy as np

from ...rows import Rows
from .over_time import OverTime


class MaskedGlobalMaxPooling1D(OverTime):
    """The largest real value of each feature, where Keras's GlobalMaxPooling1D looks at all steps.

    Call arguments and result: as `OverTime`.
    """

    def pool(self, rows: Rows) -> np.ndarray:
        layout = rows.layout
        values = rows.values[: layout.steps]
        result = np.zeros((layout.batch, *values.shape[1:]), values.dtype)
        some = layout.lengths > 0
        if some.any():
            result[some] = np.maximum.reduceat(values, layout.offsets[:-1][some], axis=0)
        return result

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], *input_shape[2:])
