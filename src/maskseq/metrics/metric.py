"""What all metrics share, and those that are sums or means.

Sums are in float64, from the first value on, so that a result does not depend on how the data was
cut into batches but for its last bits. Masked steps do not count. Source: keras.metrics.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .. import configured, initializers
from ..given.checking import Checked
from ..given.numbers import real_numbers
from ..losses.targets import Aligned, align, numbers_of, tell_shapes
from ..numerics import reductions
from ..tape import value_of
from ..tensor import get_keras_mask
from ..variable import Variable


class Metric(Checked):
    """Base of metrics: `update_state` takes in a batch, `result` tells, `reset_state` forgets.

    A metric of your own keeps its state in variables of `add_variable`, or resets it itself.
    `update_state` of those here takes y_true, y_pred and sample_weight as a call of `Loss` does,
    and their result is a float32 number unless they say otherwise.

    Parameters
    ----------
    dtype : str, optional
        For Keras's configs; sums are in float64.
    name : str, optional
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        In `update_state`, for labels or weights that do not fit y_pred.
    NotImplementedError
        In a call of `update_state` or `result` that a subclass does not have.

    See Also
    --------
    MeanMetricWrapper, maskseq.losses.Loss

    Examples
    --------
    >>> import maskseq
    >>> class Sequences(maskseq.metrics.Metric):
    ...     def __init__(self):
    ...         super().__init__(name="sequences")
    ...         self.count = self.add_variable(())
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.count.assign(self.count.value + len(y_pred))
    ...     def result(self):
    ...         return float(self.count.value)
    >>> metric = Sequences()
    >>> metric.update_state([1, 0], [0.9, 0.2])
    >>> metric.result()
    2.0
    """

    _direction: str | None = None
    """Which way is better, "up" or "down", for callbacks that watch the result."""

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = name or configured.snake_case(type(self).__name__)
        self.dtype = "float32"
        self._variables: list[Variable] = []

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A variable that `reset_state` sets to 0."""
        first = np.asarray(initializers.get(initializer)(shape), dtype or np.float32)
        self._variables.append(Variable(first, name or "variable", trainable=False))
        return self._variables[-1]

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """Those of `add_variable`."""
        return self._variables[:]

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no update_state")

    def result(self) -> Any:
        """The metric of all that was taken in since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} has no result")

    def reset_state(self) -> None:
        """Forget all that was taken in."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric anew."""
        own = configured.arguments_of(type(self)) - {"name", "dtype", "fn", "kwargs"}
        found = {name: getattr(self, name) for name in sorted(own) if hasattr(self, name)}
        return {"name": self.name, "dtype": self.dtype, **found}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric made from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Sum(Metric):
    """The sum of all values, each times its weight.

    Parameters
    ----------
    name : str, default "sum"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        If `sample_weight` has another shape than the values.

    See Also
    --------
    Mean

    Examples
    --------
    >>> import maskseq
    >>> metric = maskseq.metrics.Sum()
    >>> metric.update_state([1.0, 4.0])
    >>> float(metric.result())
    5.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None):
        super().__init__(dtype, name)
        self.reset_state()

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values = _float64(values, "values")
        if sample_weight is not None:
            values = values * spread(sample_weight, values)
        self.total += float(reductions.total(values.reshape(-1)))

    def result(self) -> np.float32:
        return np.float32(self.total)

    def reset_state(self) -> None:
        self.total = 0.0


class Average(Metric):
    """Base of means."""

    def __init__(self, name: str | None = None, dtype: Any = None):
        super().__init__(dtype, name)
        self.reset_state()

    def add(self, values: np.ndarray, weights: Any, share: float = 1.0) -> None:
        """Add values, each times its weight and `share`."""
        if weights is None:
            self.total += share * float(reductions.total(values.reshape(-1)))
            self.count += share * values.size
            return
        weighted = spread(weights, values)
        self.total += share * float(reductions.total((values * weighted).reshape(-1)))
        self.count += share * float(reductions.total(weighted.reshape(-1)))

    def result(self) -> np.float32:
        return np.float32(self.total / self.count if self.count else 0.0)

    def reset_state(self) -> None:
        self.total = self.count = 0.0


class Mean(Average):
    """The mean of all samples, each times its weight; a sample's value is the mean of its own.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        If `sample_weight` has another shape than the values.

    See Also
    --------
    Sum, MeanMetricWrapper

    Examples
    --------
    >>> import maskseq
    >>> metric = maskseq.metrics.Mean()
    >>> metric.update_state([1.0, 4.0])
    >>> float(metric.result())
    2.5
    """

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values = _float64(values, "values")
        share = len(values) / values.size if values.ndim and values.size else 1.0
        self.add(values, sample_weight, share)


class MeanMetricWrapper(Average):
    """The mean of what a function of (y_true, y_pred) and options gives for each real step.

    fn gets the real steps alone, (n, ...), where the output has a mask.

    Parameters
    ----------
    fn : callable
        Function of (y_true, y_pred) and options.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    **kwargs
        Options of `fn`.

    See Also
    --------
    Metric, maskseq.losses.LossFunctionWrapper

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> def distance(y_true, y_pred):
    ...     return np.abs(y_true - y_pred).sum(axis=-1)
    >>> metric = maskseq.metrics.MeanMetricWrapper(distance, name="distance")
    >>> metric.update_state(np.array([[1.0], [2.0]]), np.array([[1.5], [3.5]]))
    >>> float(metric.result())
    1.0
    """

    masked_in_keras = True
    """False for those that count masked steps in Keras."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ):
        super().__init__(name or getattr(fn, "__name__", "mean_metric_wrapper"), dtype)
        self.fn, self.options = fn, kwargs

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, share: float = 1.0
    ) -> None:
        """Take in a batch, whose values and weights count `share` each."""
        self._take(align(y_true, value_of(y_pred), sample_weight), share)

    def _take(self, given: Aligned, share: float = 1.0) -> None:
        """`update_state` of what is aligned already."""
        try:
            values = self.fn(given.y_true, given.y_pred, **self.options)
            values = numbers_of(values, f"metric {self.name}")
        except ValueError as error:
            tell_shapes(self.name, given.y_true, given.y_pred, error)
            raise
        weights = given.weights
        for mask in (get_keras_mask(values), given.cells_of(values)):
            if mask is None:
                continue
            weights = spread(1.0 if weights is None else weights, values) * np.asarray(mask)
        self.add(np.asarray(values, np.float64), weights, share)

    def get_config(self) -> dict[str, Any]:
        if "fn" in configured.arguments_of(type(self)):
            return {**super().get_config(), "fn": self.fn, **self.options}
        return {**super().get_config(), **self.options}


def _float64(given: Any, name: str) -> np.ndarray:
    """Numbers as float64. Raises: TypeError for what holds none."""
    return np.asarray(real_numbers(np.asarray(value_of(given)), name), np.float64)


def spread(weights: Any, values: np.ndarray) -> np.ndarray:
    """Weights of samples or steps as an array of the shape of values."""
    weights = _float64(weights, "sample_weight")
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if weights.ndim and weights.shape != values.shape[: weights.ndim] and weights.shape[-1] != 1:
        raise ValueError(f"sample_weight: expected shape {values.shape}, got {weights.shape}")
    extra = values.ndim - weights.ndim
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * extra), values.shape)
