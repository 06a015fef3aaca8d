"""What all losses share: they run on real steps, and reduce what they found to one number."""

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .. import configured, ops, tape
from ..context import changed, current
from ..given.checking import Checked
from ..given.notices import warn
from ..numerics import reductions
from ..ops.recording import unbroadcast
from ..rows import Layout, Rows, as_padded
from ..tape import Traced, value_of
from ..tensor import get_keras_mask
from .crossentropy import LabelError, recorded
from .targets import align, numbers_of, tell_shapes, weights_for

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)
MEANS = REDUCTIONS[:3]


class Loss(Checked):
    """Base of losses: `call(y_true, y_pred)` gives a value for each sample or step.

    A call takes y_pred as an array, with or without a mask, as Rows, or Traced in training. Masked
    steps do not count, and what is at them is not read; if all are masked the loss is 0.

    y_true: (batch, ...) or (batch, time, ...), or a Ragged or lists of the real steps alone.
    sample_weight: (batch,), for all steps of a sequence, or (batch, time). The loss is a float32
    number; values that are not reduced are (batch,) or (batch, time), 0 where masked.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size" or "mean": the sum of weighted values over their number;
        "mean_with_sample_weight": over the sum of the weights; "sum"; "none" or None: all values.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or a dtype other than float32; for labels or weights that do not
        fit y_pred, naming the sequence.
    NotImplementedError
        In a call, if a subclass has no `call`.

    See Also
    --------
    LossFunctionWrapper, maskseq.metrics.Metric

    Notes
    -----
    Source: keras.losses.Loss.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> class Cubed(maskseq.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return maskseq.ops.mean(maskseq.ops.abs(y_true - y_pred) ** 3, axis=-1)
    >>> float(Cubed()(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])))
    4.0
    """

    stepwise = False
    """True if `call` treats every step by itself: it then gets the real steps alone, (n, ...).
    Else it gets (batch, time, ...), with the labels of masked steps as 0."""
    _told = False
    sums_products = False
    """True if steps whose labels and predictions are 0 count for nothing: masked ones then are."""

    def __init__(
        self, name: str | None = None, reduction: str | None = REDUCTIONS[0], dtype: Any = None
    ):
        self.name = name or configured.snake_case(type(self).__name__)
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction: expected one of {REDUCTIONS}, got {reduction!r}")
        if dtype is not None and str(dtype) != "float32":
            raise ValueError(f"dtype: losses are float32, got {dtype!r}")
        self.reduction, self.dtype = reduction, "float32"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.measured(y_true, y_pred, sample_weight)[0]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A value for each sample or step."""
        raise NotImplementedError(f"{type(self).__name__} has no call")

    def measured(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        came: Layout | None = None,
        numbers: Any = None,
    ) -> tuple[Any, float]:
        """The loss, and how much it counts: the number that its mean was divided by.

        The arguments are those of `targets.align`. For "sum" and "none" the count is how
        many values there are.
        """
        given = align(y_true, y_pred, sample_weight, class_weight, came, numbers)
        if self.stepwise or given.layout is None:
            try:
                values = self._called(given.y_true, given.y_pred)
            except LabelError as error:
                raise error.of_sequence(given.layout, numbers) from None
            return self._reduced(values, given.weights, given.layout, given.cells_of(values))
        whole = _whole(y_pred)
        if self.sums_products:
            mask = given.layout.mask.reshape(given.layout.mask.shape + (1,) * (whole.ndim - 2))
            whole = ops.where(mask, whole, np.float32(0))
        values = self._called(_padded(given.y_true, given.layout), whole)
        if value_of(values).shape[:2] != (given.layout.batch, given.layout.time):
            self._tell_masked(given.layout)
            weights = weights_for(sample_weight, np.empty(value_of(values).shape), None)
            return self._reduced(values, weights, None)
        return self._reduced(_real(values, given.layout), given.weights, given.layout)

    def _tell_masked(self, layout: Layout) -> None:
        """Warn once, where masked steps are in what `call` added up itself."""
        if not (self.sums_products or self._told or layout.steps == layout.batch * layout.time):
            self._told = True
            warn(
                f"loss {self.name} gives no value for each step: what is predicted at masked steps "
                f"is in it, beside labels of 0; with stepwise = True it gets the real steps alone"
            )

    def _called(self, y_true: Any, y_pred: Any) -> Any:
        """`call`; what users wrote may read weights by value, as layers' `call` may."""
        tape, ours = current().tape, configured.is_ours(type(self))
        try:
            if ours and type(self) is not LossFunctionWrapper:
                return self.call(y_true, y_pred)
            with changed(reader=tape):
                return numbers_of(self.call(y_true, y_pred), f"loss {self.name}")
        except ValueError as error:
            tell_shapes(self.name, y_true, y_pred, error)
            raise

    def _reduced(
        self, values: Any, weights: Any, layout: Layout | None, cells: Any = None
    ) -> tuple[Any, float]:
        """The loss of values that were weighted, and how much it counts.

        cells: the mask of the values, beside the one that they carry.
        """
        held = value_of(values)
        mask, shape = get_keras_mask(held), held.shape
        if cells is not None:
            mask = cells if mask is None else cells & np.asarray(mask, bool)
        if mask is not None:
            mask = np.asarray(mask, np.float32)
            weights = mask if weights is None else _spread(weights, mask.shape) * mask
        count = float(math.prod(shape)) if mask is None else float(np.count_nonzero(mask))
        if weights is not None:
            weights = _spread(np.asarray(weights, np.float32), shape)
            if self.reduction == "mean_with_sample_weight":
                count = float(reductions.reduce(np.broadcast_to(weights, shape), "sum"))
        if self.reduction in ("none", None):
            values = values if weights is None else ops.multiply(values, weights)
            if layout is None or not value_of(values).shape:  # one value for all steps
                return values, count
            return _in_cells(values, layout), count
        if not shape and weights is None:
            return values, 1.0
        if self.reduction == "sum":
            return _total(values, weights, np.float32(1)), count
        return _total(values, weights, np.float32(count or 1)), count

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss anew."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A loss made from what `get_config` returned."""
        return cls(**config)


class LossFunctionWrapper(Loss):
    """The loss of a function of (y_true, y_pred) and options that gives a value for each step.

    Parameters
    ----------
    fn : callable
        Function of (y_true, y_pred) and options.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.
    stepwise : bool, default False
        As in Loss; a function of your own gets whole sequences unless it says otherwise.
    **kwargs
        Options of `fn`.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    Loss, maskseq.metrics.MeanMetricWrapper

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> def distance(y_true, y_pred):
    ...     return np.abs(y_true - y_pred).sum(axis=-1)
    >>> loss = maskseq.losses.LossFunctionWrapper(distance)
    >>> print(loss(np.array([[1.0, 2.0]]), np.array([[1.5, 4.0]])))
    2.5
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = REDUCTIONS[0],
        name: str | None = None,
        dtype: Any = None,
        stepwise: bool = False,
        **kwargs: Any,
    ):
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.options = fn, kwargs
        self.stepwise = stepwise and kwargs.get("axis", -1) in (-1, None)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        function = getattr(self.fn, "of_arrays", self.fn)
        return function(*of_one_rank(y_true, y_pred), **self.options)

    def get_config(self) -> dict[str, Any]:
        own = configured.arguments_of(type(self))
        if "fn" in own:
            return {**super().get_config(), "fn": self.fn, **self.options}
        return {**super().get_config(), **{k: v for k, v in self.options.items() if k in own}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.name}, {self.options})>"


class Plain(LossFunctionWrapper):
    """Base of the losses that have no options.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.
    """

    function: Callable[..., Any]

    def __init__(
        self, reduction: str | None = REDUCTIONS[0], name: str | None = None, dtype: Any = None
    ):
        name = name or configured.snake_case(type(self).__name__)
        super().__init__(type(self).function, reduction, name, dtype, stepwise=True)


def _total(values: Any, weights: np.ndarray | None, divisor: np.float32) -> Any:
    """The sum of values, each times its weight, over `divisor`."""
    held = np.asarray(value_of(values), np.float32)
    weighted = held if weights is None else held * weights

    def backward(d: np.ndarray) -> np.ndarray:
        gradient = np.empty(weighted.shape, np.float32)
        gradient.fill(d / divisor)
        return gradient if weights is None else unbroadcast(gradient * weights, held.shape)

    return recorded(reductions.reduce(weighted, "sum") / divisor, values, backward)


def of_one_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions that differ by a last axis of size 1 with that axis in both.

    Keras takes the axis off if there is more than one other: then the mean goes over time.
    """
    labels, shape = np.asarray(y_true), value_of(y_pred).shape
    if len(shape) == labels.ndim + 1 and shape[-1] == 1:
        return labels[..., None], y_pred
    if labels.ndim == len(shape) + 1 and labels.shape[-1] == 1:
        if len(shape) == 1:
            return labels, ops.expand_dims(y_pred, -1)
        return labels[..., 0], y_pred
    return labels, y_pred


def _spread(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of samples, or of steps, with axes for all that belongs to one."""
    if weights.ndim == len(shape) + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if weights.ndim > len(shape) or weights.shape != shape[: weights.ndim]:
        if not shape:
            return weights
        one = weights.ndim == len(shape) and weights.shape[-1] == 1
        if not one or weights.shape[:-1] != shape[:-1]:
            raise ValueError(f"sample_weight: expected shape {shape}, got {weights.shape}")
    return weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))


def _padded(y_true: Any, layout: Layout) -> Any:
    """Labels of the real steps as (batch, time, ...), 0 at the others."""
    cells = np.zeros((layout.batch * layout.time, *y_true.shape[1:]), y_true.dtype)
    cells[layout.cells] = y_true
    return cells.reshape(layout.batch, layout.time, *y_true.shape[1:])


def _whole(output: Any) -> Any:
    return tape.padded(output) if type(output) is Traced else as_padded(output)


def _real(values: Any, layout: Layout) -> Any:
    """The real steps of values (batch, time, ...)."""
    if type(values) is Traced:
        return tape.real_values(tape.packed(values, layout.mask))
    values = np.asarray(values)
    return values.reshape(layout.batch * layout.time, *values.shape[2:])[layout.cells]


def _in_cells(values: Any, layout: Layout) -> Any:
    """Values of the real steps as (batch, time, ...), 0 at the others."""
    shape = (1, *value_of(values).shape[1:])
    whole = ops.concatenate([values, np.zeros(shape, np.float32)], axis=0)
    if type(whole) is Traced:
        return tape.padded(tape.rows_like(Rows(whole.value, layout), whole))
    return Rows(np.asarray(whole), layout).to_padded()
