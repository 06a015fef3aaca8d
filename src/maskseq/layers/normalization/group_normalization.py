"""GroupNormalization: groups of features with mean 0 and variance 1 over all steps of a sample."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels, constraints, regularizers
from ...initializers import checked
from ...numerics import normalizing
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.elementwise import SameShape
from ..base.masks import OVER_STEPS, tell_padding_effect


class GroupNormalization(SameShape):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, over each group of features.

    Masked steps take part in mean and variance, as in Keras; the mask goes on.

    Parameters
    ----------
    groups : int, default 32
        How many groups; -1: each feature is one.
    axis : int, default -1
        Axis of the features.
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
        If `groups` is neither positive nor -1. For inputs whose features do not divide into the
        groups (32 by default).

    See Also
    --------
    LayerNormalization : One group, each step by itself.
    BatchNormalization

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, ..., features).
    returns
        The same shape.

    Weights: gamma and beta, float32 (features,).

    Source: keras.layers.GroupNormalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.GroupNormalization(groups=2)(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    input_axes = "(batch, ..., features)"
    supports_masking = True
    depends_on_padding = OVER_STEPS
    plain = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(f"GroupNormalization: groups must be positive or -1, got {groups!r}")
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = checked(beta_initializer, "beta_initializer")
        self.gamma_initializer = checked(gamma_initializer, "gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        (axis,) = axes_from_the_end(self.axis, len(input_shape))
        features = input_shape[axis]
        self._count = features if self.groups == -1 else self.groups
        if not features or features % self._count:
            raise ValueError(
                f"inputs must have features that divide into {self.groups} groups, got {features}"
            )
        self._features = features
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_named_weight("gamma", (features,))
        if self.center:
            self.beta = self.add_named_weight("beta", (features,))

    def call(self, inputs: Any) -> np.ndarray:
        x = np.moveaxis(np.asarray(inputs, np.float32), self.axis, -1)
        batch, cells = x.shape[0], math.prod(x.shape[1:-1])
        y = self._normalized(x.reshape(batch * cells, x.shape[-1]), batch, cells)
        return np.moveaxis(y.reshape(x.shape), -1, self.axis)

    def on_rows(self, rows: Rows) -> Any:
        layout = rows.layout
        if rows.ndim != 3 or self.axis not in (-1, 2) or rows.carry or not rows.layout.time:
            return NotImplemented
        starts = layout.starts()
        if starts is None:
            return NotImplemented
        if not layout.full:
            tell_padding_effect(self, OVER_STEPS)
        x = np.asarray(rows.values, np.float32)
        y = self._normalized(x, layout.batch, layout.time, layout.offsets, starts)
        return Rows(y, layout)

    def _normalized(self, x: np.ndarray, batch: int, cells: int, *layout: Any) -> np.ndarray:
        """x (rows, features) of sequences of `cells`, all of them or those of a layout."""
        if x.shape[1] != self._features:
            raise ValueError(f"inputs must have {self._features} features, got {x.shape[1]}")
        weights = (None if w is None else w.value for w in (self.gamma, self.beta))
        return _kernels.normalize_groups(
            x, batch, cells, self._count, self.epsilon, *weights, *layout
        )

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        if type(inputs.value) is Rows:
            return NotImplemented
        x = np.moveaxis(np.asarray(as_numpy(inputs.value), np.float32), self.axis, -1)
        gamma = None if self.gamma is None else self.gamma.value

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            d = np.ascontiguousarray(np.moveaxis(d, self.axis, -1))
            to_x, *rest = normalizing.grouped(d, x, self._count, self.epsilon, gamma)
            return [np.moveaxis(to_x, -1, self.axis), *rest]

        return tape.record(self.call(inputs.value), [inputs, self.gamma, self.beta], backward)
