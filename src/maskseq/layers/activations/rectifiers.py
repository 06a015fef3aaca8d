"""ReLU, LeakyReLU, PReLU and ELU: straight above 0, and in four ways less so below."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...initializers import checked
from ...ops.recording import unbroadcast
from ...rows import Rows
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.elementwise import Elementwise
from ..base.taped import activation_on_tape, map_steps


def _not_negative(value: Any, name: str) -> float:
    if value is None or value < 0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return value


class ReLU(Elementwise):
    """x above `threshold`, at most `max_value`; below it negative_slope * (x - threshold).

    Parameters
    ----------
    max_value : float, optional
        Largest value that comes out; None: no limit.
    negative_slope : float, default 0.0
        Slope below 0.
    threshold : float, default 0.0
        What a number must exceed.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If an argument is negative or not a number.

    See Also
    --------
    LeakyReLU, PReLU, ThresholdedReLU

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape. The mask goes on.

    Source: keras.layers.ReLU.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ReLU(max_value=6)(np.array([-1.0, 2.0, 8.0])).tolist()
    [0.0, 2.0, 6.0]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(max_value, "max_value")
        self.negative_slope = _not_negative(negative_slope, "negative_slope")
        self.threshold = _not_negative(threshold, "threshold")

    def call(self, inputs: Any) -> np.ndarray:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        options = self.negative_slope, self.max_value, self.threshold
        return activation_on_tape(activations.relu, inputs, *options)


class LeakyReLU(Elementwise):
    """x, and negative_slope * x below 0; in Keras 2 that was `alpha`.

    Parameters
    ----------
    negative_slope : float, default 0.3
        Slope below 0.
    alpha : float, optional
        The name that Keras 2 has for `negative_slope`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If the slope is negative or not a number.

    See Also
    --------
    PReLU : Learns the slopes.
    ReLU, ELU

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape. The mask goes on.

    Source: keras.layers.LeakyReLU.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.LeakyReLU(0.5)(np.array([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    not_in_config = frozenset({"alpha"})

    def __init__(
        self,
        negative_slope: float = 0.3,
        *,
        alpha: float | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        slope = negative_slope if alpha is None else alpha
        self.negative_slope = _not_negative(slope, "negative_slope")

    def call(self, inputs: Any) -> np.ndarray:
        return activations.leaky_relu(inputs, self.negative_slope)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        return activation_on_tape(activations.leaky_relu, inputs, self.negative_slope)


class ELU(Elementwise):
    """x, and alpha * (e ** x - 1) below 0.

    Parameters
    ----------
    alpha : float, default 1.0
        Factor of the function below 0.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `alpha` is not a number.

    See Also
    --------
    ReLU, LeakyReLU

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape. The mask goes on.

    Source: keras.layers.ELU.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ELU()(np.array([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> np.ndarray:
        return activations.elu(inputs, self.alpha)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        return activation_on_tape(activations.elu, inputs, self.alpha)


class ThresholdedReLU(Elementwise):
    """x above `theta`, else 0.

    Parameters
    ----------
    theta : float, default 1.0
        What a number must exceed.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `theta` is negative or not a number.

    See Also
    --------
    ReLU

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape. The mask goes on.

    Source: keras.layers.ThresholdedReLU of Keras 2.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ThresholdedReLU(theta=1.0)(np.array([0.5, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(
        self,
        theta: float = 1.0,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.theta = float(_not_negative(theta, "ThresholdedReLU: theta"))

    def call(self, inputs: Any) -> np.ndarray:
        return _kernels.activation_with(inputs, "relu", 0.0, np.inf, self.theta)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        return map_steps(inputs, self.call, lambda d, y, x: d * (x > np.float32(self.theta)))


class PReLU(Elementwise):
    """x, and alpha * x below 0, with an alpha learnt for each number of a sample.

    Parameters
    ----------
    alpha_initializer : str, dict or Initializer, default "zeros"
        First values of `alpha`.
    alpha_regularizer : str, dict, Regularizer or None, default None
        Penalty on `alpha`, in training.
    alpha_constraint : str, dict, Constraint or None, default None
        What training holds `alpha` to.
    shared_axes : sequence of int, optional
        Axes (1 = time) along which there is one alpha.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs whose sizes are not those of the first ones, shared axes aside; for a symbolic
        input if an axis of unknown size, such as time, is not in `shared_axes`.

    See Also
    --------
    LeakyReLU : One slope, given.
    ReLU

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape. The mask goes on.

    Weights: alpha float32, the shape of a sample, 1 along the shared axes.

    Source: keras.layers.PReLU.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    input_axes = "(batch, ...)"
    stepwise = False  # until build finds that the steps share their alphas

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = checked(alpha_initializer, "alpha_initializer")
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = None if shared_axes is None else list(axes)

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or []:
            if not -len(shape) < axis <= len(shape):
                axes = list(range(1, len(shape) + 1))
                raise ValueError(f"shared_axes must be among {axes}, got {self.shared_axes}")
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(f"shared_axes must have the axes of unknown size, got {input_shape}")
        shared = self.shared_axes or []
        self._own_axes = [i - len(shape) for i in range(len(shape)) if i + 1 not in shared]
        self.alpha = self.add_named_weight("alpha", tuple(shape))
        self.stepwise = len(shape) > 1 and 1 in shared
        self.reads_masked = "own" if self.stepwise else "all"

    def call(self, inputs: Any) -> np.ndarray:
        x, alpha = np.asarray(inputs, np.float32), self.alpha.value
        for axis in self._own_axes:
            if x.shape[axis] != alpha.shape[axis]:
                raise ValueError(
                    f"inputs must have size {alpha.shape[axis]} along axis {axis}, for which there "
                    f"are alphas, got {x.shape[axis]}"
                )
        if alpha.size == 1:
            return activations.leaky_relu(x, alpha.item())
        last = alpha.ndim - next(i for i, n in enumerate(alpha.shape) if n != 1)
        if alpha.shape[-last:] == x.shape[-last:]:  # an alpha for each number of the last axes
            return _kernels.prelu(x, alpha.reshape(-1))
        return np.where(x < 0, alpha * x, x)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        held, alpha = inputs.value, self.alpha.value
        rows = held if type(held) is Rows else None
        if rows is not None and (rows.ndim < 3 or not self.stepwise):
            return NotImplemented
        x = np.asarray(held if rows is None else rows.values, np.float32)
        y = self.call(x)

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            below = x[: len(d)] < 0
            steps = alpha if rows is None else alpha[0]  # which all steps share
            to_alpha = unbroadcast(np.where(below, d * x[: len(d)], np.float32(0)), steps.shape)
            return [np.where(below, d * steps, d), to_alpha.reshape(alpha.shape)]

        made = y if rows is None else rows.with_values(y)
        return tape.record(made, [inputs, self.alpha], backward)
