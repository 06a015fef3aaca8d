"""Dense: one matrix product and an activation for every step."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...activations import gradient_of
from ...initializers import checked
from ...numerics.products import column_sums, outer, turned
from ...rows import Rows
from ...tape import Traced, rows_like, values
from ..base.arguments import CommonOptions
from ..base.packing import PackingLayer


class Dense(PackingLayer):
    """activation(inputs @ kernel + bias), along the last axis.

    Parameters
    ----------
    units : int
        Output features.
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
        If `units` is not a positive int. For inputs with another last axis than the first ones, and
        for symbolic ones of which it is not known.

    See Also
    --------
    EinsumDense, TimeDistributed

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (..., features).
    returns
        float32 (..., units).

    Weights: kernel float32 (features, units), bias float32 (units,).

    Source: keras.layers.Dense.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Dense(8)(np.ones((2, 3, 4))).shape
    (2, 3, 8)
    """

    input_axes = "(batch, ..., features)"
    supports_masking = True
    stepwise = True
    plain = True
    mixes_features = True
    quantizes = {"kernel": 1}
    not_in_config = frozenset({"activity_regularizer"})  # there if it is not None, as in Keras

    def __init__(
        self,
        units: int,
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
        if not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"Dense: units must be a positive int, got {units!r}")
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1] if input_shape else None
        if not features:
            raise ValueError(
                f"inputs must have a known number of features (last axis), got shape {input_shape}"
            )
        self.kernel = self.add_named_weight("kernel", (features, self.units))
        self.bias = self.add_named_weight("bias", (self.units,)) if self.use_bias else None

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        if x.ndim < 2 or x.shape[-1] != self.kernel.shape[0]:
            raise ValueError(
                f"inputs must have {self.kernel.shape[0]} features (last axis), got shape {x.shape}"
            )
        fused = activations.kernel_name(self.activation)
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        y = _kernels.dense(rows, self.packed(), activation=fused or "linear")
        y = y if x.ndim == 2 else y.reshape(*x.shape[:-1], self.units)
        return y if fused else self.activation(y)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        held, kernel, gradient = inputs.value, self.kernel.value, gradient_of(self.activation)
        rows = held if type(held) is Rows else None
        if rows is not None and rows.ndim < 3:
            return self.on_rows(rows)  # which says what is wrong
        x = np.asarray(held if rows is None else rows.values, np.float32)
        flat = _flat(x)
        z = _kernels.dense(flat, self.packed())
        z = z if flat is x else z.reshape(*x.shape[:-1], self.units)
        y = z if gradient is None else self.activation(z)

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            count = len(d)
            dz = d if gradient is None else gradient(d, y[:count], z[:count])
            flat_dz, dx = _flat(np.ascontiguousarray(dz)), None
            if wanted[0]:
                dx = turned(flat_dz, kernel)
                dx = dx if dz.ndim == 2 else dx.reshape(*dz.shape[:-1], len(kernel))
            return [
                dx,
                outer(flat[: len(flat_dz)], flat_dz) if wanted[1] else None,
                column_sums(flat_dz) if wanted[2] else None,
            ]

        made = y if rows is None else rows.with_values(y)
        outputs = tape.record(made, [inputs, self.kernel, self.bias], backward)
        if gradient is not None:
            return outputs
        if rows is None:
            return self.activation(outputs)
        return rows_like(rows, tape.hold(self.activation(values(outputs))))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape[:-1], self.units)


def _flat(x: np.ndarray) -> np.ndarray:
    """An array (..., features) as (rows, features)."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
