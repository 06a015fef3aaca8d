"""Conv1DTranspose: every step spread over a window of output steps."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...initializers import checked
from ...numerics.products import column_sums, outer, turned
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy
from ..base.arguments import CommonOptions
from ..base.checks import channels_first, whole
from ..base.packing import PackingLayer
from ..base.taped import activated
from ..base.windows import check_padding
from .shown_windows import made_windows

CELLS_A_CHUNK = 1 << 20
"""Numbers of outputs at a time: 4 MB."""


class Conv1DTranspose(PackingLayer):
    """activation(sum of inputs[t] @ kernel[j] at output step t * strides + j * dilation + bias).

    It undoes the shape of a Conv1D. Masked steps take part and the mask ends here, as in Keras.

    Parameters
    ----------
    filters : int
        Features of the output.
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1.
    output_padding : int, optional
        Steps more at the end, below `strides`; None: what `strides` times the inputs' steps needs.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    dilation_rate : int, default 1
        Steps from one tap of the window to the next.
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
        If a size is not a positive int, `padding` is unknown, `output_padding` is not below
        `strides`, or `strides` and `dilation_rate` are both above 1. For inputs without three axes
        or with other features than the first ones.

    See Also
    --------
    Conv1D, UpSampling1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    returns
        float32 (batch, steps, filters).

    Weights: kernel float32 (kernel_size, filters, features), bias float32 (filters,).

    Source: keras.layers.Conv1DTranspose.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Conv1DTranspose(8, 3, strides=2)(np.ones((2, 5, 4))).shape
    (2, 11, 8)
    """

    input_axes = "(batch, time, features)"
    plain = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole(filters, "Conv1DTranspose: filters")
        self.kernel_size = whole(kernel_size, "Conv1DTranspose: kernel_size")
        self.strides = whole(strides, "Conv1DTranspose: strides")
        self.padding = check_padding(padding)
        self.output_padding = (
            None
            if output_padding is None
            else whole(output_padding, "Conv1DTranspose: output_padding", 0)
        )
        self.data_format = data_format
        self.dilation_rate = whole(dilation_rate, "Conv1DTranspose: dilation_rate")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._time_axis = 2 if channels_first(data_format) else 1
        if (self.output_padding or 0) >= self.strides and self.output_padding is not None:
            raise ValueError(
                f"Conv1DTranspose: output_padding must be below strides={self.strides}, "
                f"got {self.output_padding}"
            )
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError(
                f"Conv1DTranspose: strides and dilation_rate cannot both be above 1, got "
                f"{self.strides} and {self.dilation_rate}"
            )

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        features = input_shape[3 - self._time_axis]
        if not features:
            raise ValueError(
                f"inputs must have a known number of features, got shape {tuple(input_shape)}"
            )
        shape = (self.kernel_size, self.filters, features)
        self.kernel = self.add_named_weight("kernel", shape)
        self.bias = self.add_named_weight("bias", (self.filters,)) if self.use_bias else None

    def pack_weights(self, kernel: np.ndarray, bias: np.ndarray | None) -> list[Any]:
        """A matrix (features, filters) for each tap: a step's part of an output step."""
        return [_kernels.PackedDense(tap.T) for tap in kernel]

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32).swapaxes(1, self._time_axis)
        if x.ndim != 3 or x.shape[2] != self.kernel.shape[2]:
            raise ValueError(
                f"inputs must be (batch, time, {self.kernel.shape[2]}), got shape {x.shape}"
            )
        batch, time, _ = x.shape
        steps = self._steps(time) or 0
        outputs = np.empty((batch, steps, self.filters), np.float32)
        samples = max(1, CELLS_A_CHUNK // max(1, time * self.filters))
        for b in range(0, batch, samples):
            outputs[b : b + samples] = self._spread(x[b : b + samples], steps)
        if self.bias is not None:
            outputs += self.bias.value
        outputs = outputs.swapaxes(1, self._time_axis)
        return self.activation(outputs)

    def over_shown(self, rows: Rows) -> Any:
        """The output steps that a real step reaches; those of padding alone once for a pad row."""
        layout = rows.layout
        plain = rows.shape[2:] == self.kernel.shape[2:] and self._time_axis == 1 and not rows.carry
        if not plain or layout.full or not layout.batch or not layout.time or self.strides > 1:
            return NotImplemented
        steps, span = self._steps(layout.time) or 0, self._span()
        newest = np.arange(steps) + self._cut()  # the input that the first tap brings here
        made, cells = made_windows(rows, newest - (span - 1), span - 1)
        x, shown = np.asarray(rows.values, np.float32), rows.shown
        sequence, source = cells // steps * layout.time, newest[cells % steps]
        outputs = np.zeros((len(cells), self.filters), np.float32)
        for j, tap in enumerate(self.packed()):
            at = source - j * self.dilation_rate
            inside = (at >= 0) & (at < layout.time)
            part = _kernels.dense(x, tap)[shown[sequence + np.where(inside, at, 0)]]
            part[~inside] = 0
            outputs += part
        if self.bias is not None:
            outputs += self.bias.value
        return Rows(self.activation(outputs), made)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        x = np.moveaxis(as_numpy(inputs.value), self._time_axis, 1).astype(np.float32)
        batch, time, features = x.shape
        steps, flat = self._steps(time) or 0, np.ascontiguousarray(x).reshape(-1, features)
        outputs = self._spread(x, steps)
        if self.bias is not None:
            outputs = outputs + self.bias.value
        kernel = self.kernel.value

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            parts = self._gathered(d, time).reshape(len(flat), -1)
            matrix = kernel.reshape(-1, features)
            back = None
            if wanted[0]:
                back = np.moveaxis(turned(parts, matrix.T).reshape(x.shape), 1, self._time_axis)
            return [
                back,
                outer(parts, flat).reshape(kernel.shape) if wanted[1] else None,
                column_sums(d.reshape(-1, self.filters)) if wanted[2] else None,
            ]

        made = tape.record(outputs, [inputs, self.kernel, self.bias], backward)
        return activated(self.activation, np.moveaxis(made, 1, self._time_axis))

    def _gathered(self, d: np.ndarray, time: int) -> np.ndarray:
        """The gradient of all parts, (batch, time, kernel_size, filters), from the outputs'."""
        cut, reach = self._cut(), max((time - 1) * self.strides + self._span(), 0)
        whole = np.zeros((len(d), max(reach, cut + d.shape[1]), self.filters), np.float32)
        whole[:, cut : cut + d.shape[1]] = d
        parts = np.empty((len(d), time, self.kernel_size, self.filters), np.float32)
        for j in range(self.kernel_size):
            start = j * self.dilation_rate
            parts[:, :, j] = whole[:, start : start + time * self.strides : self.strides][:, :time]
        return parts

    def _spread(self, x: np.ndarray, steps: int) -> np.ndarray:
        """(batch, steps, filters): the parts of all steps, added up in the kernel's order."""
        batch, time, features = x.shape
        flat = np.ascontiguousarray(x).reshape(-1, features)
        reach = max((time - 1) * self.strides + self._span(), 0)
        cut = self._cut()
        whole = np.zeros((batch, max(reach, cut + steps), self.filters), np.float32)
        for j, tap in enumerate(self.packed()):
            start = j * self.dilation_rate
            part = _kernels.dense(flat, tap).reshape(batch, time, self.filters)
            whole[:, start : start + time * self.strides : self.strides][:, :time] += part
        return whole[:, cut : cut + steps]

    def _span(self) -> int:
        """How many output steps one step reaches."""
        return (self.kernel_size - 1) * self.dilation_rate + 1

    def _cut(self) -> int:
        """How many of the first steps are left out. Source: Keras's padding for JAX."""
        span, more = self._span(), self.output_padding
        if self.padding == "valid":
            return 0
        length = self.strides + span - 2 if more is None else span + span % 2 - 2 + more
        return span - 1 - min(length // 2 + length % 2, span - 1)

    def _steps(self, time: int | None) -> int | None:
        """The number of output steps of `time` steps."""
        if time is None:
            return None
        span, more = self._span(), self.output_padding
        if self.padding == "valid":
            more = max(span, self.strides) - span if more is None else more
            steps = (time - 1) * self.strides + span + more
        elif more is None:
            steps = time * self.strides
        else:
            steps = (time - 1) * self.strides + span % 2 + more
        return steps if time else 0

    def compute_output_shape(self, input_shape: Any) -> tuple:
        steps = self._steps(input_shape[self._time_axis])
        ends = (steps, self.filters) if self._time_axis == 1 else (self.filters, steps)
        return (input_shape[0], *ends)
