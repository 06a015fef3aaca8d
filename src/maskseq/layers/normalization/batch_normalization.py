"""BatchNormalization: each feature by the mean and variance seen in training."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels, constraints, regularizers
from ...context import current
from ...initializers import checked
from ...numerics.reductions import reduce
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy
from ...variable import Variable, publish
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end, spread, whole
from ..base.elementwise import SameShape
from ..base.masks import check_mask

_EPSILON = np.float32(1e-7)  # keras.config.epsilon(): what Keras adds to the number of real steps


class BatchNormalization(SameShape):
    """(x - moving_mean) / sqrt(moving_variance + epsilon) * gamma + beta, for each feature.

    With training=True mean and variance are those of the batch, over the real steps if there is a
    mask, and the moving ones move towards them; then, too, masked steps are normalised.

    Parameters
    ----------
    axis : int, default -1
        Axis of the features.
    momentum : float, default 0.99
        Share of the moving statistics that stays.
    epsilon : float, default 0.001
        Small number that keeps divisions from dividing by 0.
    center : bool, default True
        Whether `beta` is added.
    scale : bool, default True
        Whether the result is multiplied by `gamma`.
    beta_initializer : str, dict or Initializer, default "zeros"
        First values of `beta`.
    gamma_initializer : str, dict or Initializer, default "ones"
        First values of `gamma`.
    moving_mean_initializer : str, dict or Initializer, default "zeros"
        First values of `moving_mean`.
    moving_variance_initializer : str, dict or Initializer, default "ones"
        First values of `moving_variance`.
    beta_regularizer : str, dict, Regularizer or None, default None
        Penalty on `beta`, in training.
    gamma_regularizer : str, dict, Regularizer or None, default None
        Penalty on `gamma`, in training.
    beta_constraint : str, dict, Constraint or None, default None
        What training holds `beta` to.
    gamma_constraint : str, dict, Constraint or None, default None
        What training holds `gamma` to.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `momentum` is not between 0 and 1. From a call with `axis` outside the inputs' axes, and
        for inputs of other features than the first ones.
    TypeError
        If `axis` is not one int.

    See Also
    --------
    LayerNormalization : Each step by itself.
    Normalization : Statistics that `adapt` learns.

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    mask
        bool, without the last axis of the inputs.
    returns
        The same shape.

    Weights: gamma, beta, moving_mean, moving_variance, float32 (features,).

    Source: keras.layers.BatchNormalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.BatchNormalization()(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    input_axes = "(batch, ...)"
    supports_masking = True
    reads_masked = "own"

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.axis, self.momentum, self.epsilon = whole(axis, "axis", None), momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = checked(beta_initializer, "beta_initializer")
        self.gamma_initializer = checked(gamma_initializer, "gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.moving_mean_initializer = checked(moving_mean_initializer, "moving_mean_initializer")
        self.moving_variance_initializer = checked(
            moving_variance_initializer, "moving_variance_initializer"
        )

    def build(self, input_shape: Any) -> None:
        self._axes = axes_from_the_end(self.axis, len(input_shape))
        self._of_features = len(input_shape) + self._axes[0] >= 2
        shape = (input_shape[self.axis],)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_named_weight("gamma", shape)
        if self.center:
            self.beta = self.add_named_weight("beta", shape)
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        if mask is not None:
            mask = check_mask(mask, x.shape[:-1])
        if self._learns(training):
            return self._scaled(x, *self._learnt(x, mask))
        return self._scaled(x, self.moving_mean.value, self.moving_variance.value)

    def _learns(self, training: bool = False) -> Any:
        return (training or current().training) and self.trainable

    def _learnt(self, x: np.ndarray, mask: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of a batch, towards which the moving ones have then moved.

        A batch without a real step says nothing of them, and leaves them alone.
        """
        mean, variance = self._moments(x, mask)
        moving = self.moving_mean, self.moving_variance
        if mask is None or mask.any():
            publish(moving, [*map(self._moved, moving, (mean, variance))])
        return mean, variance

    def _scaled(self, x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
        scale = 1 / np.sqrt(variance + np.float32(self.epsilon))
        if self.gamma is not None:
            scale = scale * self.gamma.value
        offset = -mean * scale
        if self.beta is not None:
            offset = offset + self.beta.value
        if self._axes == (-1,):
            rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
            return _kernels.scale_rows(rows, scale[None], offset[None]).reshape(x.shape)
        return x * spread(scale, self._axes, x) + spread(offset, self._axes, x)

    def on_rows(self, rows: Rows) -> Any:
        if current().training or not self._of_features:
            return NotImplemented
        return rows.with_values(self.call(rows.values))

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        held, learns = inputs.value, self._learns()
        rows = held if type(held) is Rows else None
        if rows is not None and (learns or not self._of_features):
            return NotImplemented
        x = np.asarray(as_numpy(held if rows is None else rows.values), np.float32)
        real = None if mask is None else check_mask(mask, x.shape[:-1])
        if learns:
            mean, variance = self._learnt(x, real)
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
        y, gamma = self._scaled(x, mean, variance), self.gamma
        factor = np.float32(1) if gamma is None else gamma.value

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            others = tuple(axis for axis in range(-d.ndim, 0) if axis not in self._axes)
            inverse = 1 / np.sqrt(variance + np.float32(self.epsilon))
            apart = x[: len(d)] - spread(mean, self._axes, d)
            to_beta, along = reduce(d, "sum", others), reduce(d * apart, "sum", others)
            to_x = d * spread(factor * inverse, self._axes, d)
            if learns and wanted[0]:
                to_x += self._through_moments(
                    real, apart, factor * inverse, inverse, to_beta, along
                )
            return [to_x, along * inverse, to_beta]

        made = y if rows is None else rows.with_values(y)
        return tape.record(made, [inputs, gamma, self.beta], backward)

    def _through_moments(
        self, real: Any, apart: Any, scale: Any, inverse: Any, total: Any, along: Any
    ) -> np.ndarray:
        """What the gradient of x gets through mean and variance of the batch.

        apart: x - mean.  scale: gamma * inverse.  total, along: the sums of d and of d * apart.
        """
        others = tuple(axis for axis in range(-apart.ndim, 0) if axis not in self._axes)
        if real is None:
            count = np.float32(math.prod(apart.shape[axis] for axis in others))
        else:
            real = np.broadcast_to(real[..., None], apart.shape)
            count = np.sum(real, axis=others).astype(np.float32) + _EPSILON
        of_mean = spread(-scale * total / count, self._axes, apart)
        of_variance = spread(-scale * np.square(inverse) * along / count, self._axes, apart)
        part = of_mean + of_variance * apart
        return part if real is None else np.where(real, part, np.float32(0))

    def _moments(self, x: np.ndarray, mask: Any) -> tuple[np.ndarray, np.ndarray]:
        others = tuple(axis for axis in range(-x.ndim, 0) if axis not in self._axes)
        if mask is None:
            return reduce(x, "mean", others), reduce(x, "var", others)
        real = np.broadcast_to(mask[..., None], x.shape)
        count = np.sum(real, axis=others).astype(np.float32) + _EPSILON
        mean = reduce(np.where(real, x, np.float32(0)), "sum", others) / count
        distance = np.where(real, x - spread(mean, self._axes, x), np.float32(0))
        return mean, reduce(np.square(distance), "sum", others) / count

    def _moved(self, moving: Variable, value: np.ndarray) -> np.ndarray:
        share = np.float32(self.momentum)
        return moving.value * share + value * (1 - share)

    @property
    def mask_role(self) -> str:
        return "passes"
