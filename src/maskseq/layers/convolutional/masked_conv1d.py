"""MaskedConv1D: a convolution over time that masked steps have no part in. Ours, not Keras's."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import _kernels, ops
from ...numerics.products import column_sums
from ...rows import Layout, Rows
from ...tape import Traced, rows_like
from ..base.masks import check_mask
from ..base.taped import activated, packed_by
from ..base.windows import input_gradient, kernel_gradient, windows_gradient
from .convolution import Convolution


class MaskedConv1D(Convolution):
    """Like Conv1D, but a masked step counts as zeros, and the mask goes on.

    Output step t lies at input step t * strides. With padding "same" (the window around it) and
    "causal" (the window that ends there) it is real if that step is; with "valid" (the window that
    starts there) if all steps of the window are. Other steps are masked, hold 0 and cost nothing. A
    sequence gives the same numbers however much it is padded on the right. Without a mask and
    strides it is Conv1D; with strides, "same" is centred on each step taken, wherever the end is.

    Parameters
    ----------
    filters : int
        Features of the output.
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid", "same" or "causal": see above.
    dilation_rate : int, default 1
        Steps from one tap of the window to the next.
    groups : int, default 1
        Groups of features that are convolved apart from each other.
    activation : str, callable or None, default None
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        As of Conv1D, and for a mask that is not (batch, time).

    See Also
    --------
    Conv1D : That of Keras, which ends the mask.
    LSTM

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    mask
        bool (batch, time).
    returns
        float32 (batch, windows, filters).

    Weights: as Conv1D has them.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> ids = np.array([[3, 1, 0, 0], [2, 5, 4, 1]])
    >>> x = layers.Embedding(6, 4, mask_zero=True)(ids)
    >>> y = layers.MaskedConv1D(8, 3, padding="same")(x)
    >>> maskseq.get_keras_mask(y).tolist()
    [[True, True, False, False], [True, True, True, True]]
    """

    input_axes = "(batch, time, features)"
    supports_masking = True
    reads_masked = "none"

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.make_weights(input_shape[-1])

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        if mask is not None:
            mask = check_mask(mask, inputs.shape[:2])
        return self._convolve(Rows.view(np.asarray(inputs, np.float32), mask)).to_padded()

    def on_rows(self, rows: Rows) -> Any:
        return NotImplemented if rows.ndim != 3 else self._convolve(rows)

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        if type(inputs.value) is Rows and inputs.ndim != 3:
            return NotImplemented
        held = packed_by(inputs, mask)
        rows: Rows = held.value
        layout = self._layout(rows.layout)

        def backward(dz: np.ndarray, wanted: Any) -> list[Any]:
            dz = np.ascontiguousarray(dz)
            of_x = self._input_gradient(dz, rows.layout, layout) if wanted[0] else None
            of_kernel = None
            if wanted[1]:
                at = self._rows_at(rows.layout, layout)
                x = np.asarray(rows.values, np.float32)[: rows.layout.steps]
                of_kernel = kernel_gradient(x, dz, at, self.kernel_size, self.groups)
            return [of_x, of_kernel, column_sums(dz) if wanted[2] else None]

        x = np.asarray(rows.source.array, np.float32)
        z = self.convolve(x, self._windows(rows, layout), "linear")
        z = tape.record(z, [held, self.kernel, self.bias], backward)
        y = activated(self.activation, z)
        zeros = np.zeros((1, self.filters), np.float32)
        return rows_like(Rows(zeros, layout), np.concatenate([y, zeros]))

    def _convolve(self, rows: Rows) -> Rows:
        layout = self._layout(rows.layout)
        values = np.empty((layout.steps + 1, self.filters), np.float32)
        values[-1] = 0
        windows, real = self._windows(rows, layout), values[:-1]
        y = self.convolve(np.asarray(rows.source.array, np.float32), windows, out=real)
        if y is not real:
            real[:] = y
        return Rows(values, layout)

    def _windows(self, rows: Rows, made: Layout) -> _kernels.Windows:
        """The windows of the steps made, where `rows` lie; a masked step counts as zeros."""
        taken, index = rows.layout, rows.source.index
        row_of = None
        if index is not None or not taken.full:
            row_of = np.full(taken.batch * taken.time, -1, np.int64)
            row_of[taken.cells] = np.arange(taken.steps) if index is None else index
        place = self.kernel_size, self.strides, self.dilation_rate, self._before()
        cells = None if made.full else made.cells
        return _kernels.Windows(taken.batch, taken.time, made.time, *place, row_of, cells)

    def _input_gradient(self, dz: np.ndarray, taken: Layout, made: Layout) -> np.ndarray:
        """That of the real steps, from `dz` of the steps made."""
        kernel, size, dilation = self.kernel.value, self.kernel_size, self.dilation_rate
        if self.strides == 1:
            row_of = None
            if not made.full:
                row_of = np.full(made.batch * made.time, -1, np.int64)
                row_of[made.cells] = np.arange(made.steps)
            place = size, 1, dilation, (size - 1) * dilation - self._before(), row_of
            cells = None if taken.full else taken.cells
            windows = _kernels.Windows(taken.batch, made.time, taken.time, *place, cells)
            return input_gradient(dz, kernel, windows, self.groups)
        back = windows_gradient(dz, kernel, self.groups)
        whole = np.zeros((taken.steps + 1, back.shape[2]), np.float32)
        for place, at in reversed(list(enumerate(self._rows_at(taken, made)))):
            whole[at] += back[:, place]  # in each, a row stands once at most, but for the last
        return whole[:-1]

    def _before(self) -> int:
        """How many steps before its own a window begins."""
        reach = (self.kernel_size - 1) * self.dilation_rate
        return {"valid": 0, "same": reach // 2, "causal": reach}[self.padding]

    def _rows_at(self, taken: Layout, made: Layout) -> Iterator[np.ndarray]:
        """For each place of the windows of the steps made (n,): the row there; -1: none."""
        rows_of = self._numbered(taken)
        batch, time = np.divmod(made.cells, made.time)
        first = batch * rows_of.shape[1] + time * self.strides
        for place in range(self.kernel_size):
            yield rows_of.reshape(-1)[first + place * self.dilation_rate]

    def _numbered(self, layout: Layout) -> np.ndarray:
        """(batch, time and what a window reaches beyond): each cell's row, or -1."""
        reach, before = (self.kernel_size - 1) * self.dilation_rate, self._before()
        numbers = np.full((layout.batch, layout.time + reach), -1, np.int64)
        inside = np.full(layout.batch * layout.time, -1, np.int64)
        inside[layout.cells] = np.arange(layout.steps)
        numbers[:, before : before + layout.time] = inside.reshape(layout.batch, layout.time)
        return numbers

    def _layout(self, layout: Layout) -> Layout:
        if self.strides == 1 and self.padding != "valid":
            return layout
        if layout.batch:
            self.steps(layout.time)
        return Layout.from_mask(np.ascontiguousarray(self._output_mask(layout.mask)))

    def _output_mask(self, mask: Any) -> Any:
        if self.padding != "valid":
            return mask[:, :: self.strides]
        reach = (self.kernel_size - 1) * self.dilation_rate
        steps = range(0, reach + 1, self.dilation_rate)
        taken = [mask[:, j : (j - reach) or None : self.strides] for j in steps]
        return functools.reduce(ops.logical_and, taken)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else self._output_mask(mask)

    @property
    def mask_role(self) -> str:
        return "uses, changes"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], self.steps(input_shape[1]), self.filters)
