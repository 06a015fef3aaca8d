"""LayerNormalization: the features of every step with mean 0 and variance 1."""

from typing import Any, Unpack

import numpy as np

from ... import constraints, regularizers
from ...initializers import checked
from ...numerics import reductions
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.elementwise import SameShape
from ..base.masks import OVER_STEPS
from .taped import normalized_on_tape


class LayerNormalization(SameShape):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, along `axis`.

    Parameters
    ----------
    axis : int or list of int, default -1
        One axis or several.
    epsilon : float, default 0.001
        Small number that keeps divisions from dividing by 0.
    center : bool, default True
        Add beta.
    scale : bool, default True
        Multiply by gamma.
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
    rms_scaling : bool, default False
        Divide only, without taking the mean off, and without `beta` (deprecated in Keras).
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        From a call with `axis` outside the inputs' axes, or named twice, and for inputs of other
        sizes along it than the first ones.

    See Also
    --------
    RMSNormalization, BatchNormalization, GroupNormalization

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    returns
        The same shape.

    Weights: gamma and beta, float32, the sizes of `axis`.

    Source: keras.layers.LayerNormalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> print(layers.LayerNormalization()(np.array([[1.0, 3.0]])).round(2))
    [[-1.  1.]]
    """

    input_axes = "(batch, ...)"
    supports_masking = True
    plain = True

    def __init__(
        self,
        axis: int | list[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon
        self.center, self.scale, self.rms_scaling = center, scale, rms_scaling
        self.beta_initializer = checked(beta_initializer, "beta_initializer")
        self.gamma_initializer = checked(gamma_initializer, "gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        self._axes = axes_from_the_end(self.axis, len(input_shape))
        self.stepwise = all(len(input_shape) + axis >= 2 for axis in self._axes)
        self.reads_masked = "own" if self.stepwise else "all"
        self.depends_on_padding = None if self.stepwise else OVER_STEPS
        shape = tuple(input_shape[axis] for axis in self._axes)
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_named_weight("gamma", shape)
        if self.center and not self.rms_scaling:
            self.beta = self.add_named_weight("beta", shape)

    def call(self, inputs: Any) -> np.ndarray:
        gamma = None if self.gamma is None else self.gamma.value
        beta = None if self.beta is None else self.beta.value
        norm = "scaled" if self.rms_scaling else "layer"
        return reductions.normalized(inputs, self._axes, norm, self.epsilon, gamma, beta)

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        norm = "scaled" if self.rms_scaling else "layer"
        weights = self.gamma, self.beta
        return normalized_on_tape(inputs, self.call, self._axes, norm, self.epsilon, *weights)
