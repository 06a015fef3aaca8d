"""Crossentropy in C: the losses, and on a tape the way back, in one pass each."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _kernels
from ..context import current
from ..numerics import reductions
from ..rows import Layout
from ..tape import Traced, value_of
from ..tensor import convert_to_tensor


class LabelError(ValueError):
    """A label that is none of the classes; index: its place in the labels; loss: its name."""

    def __init__(
        self,
        label: Any,
        index: Sequence[int],
        classes: int,
        loss: str = "sparse_categorical_crossentropy",
    ):
        self.label, self.index, self.classes, self.loss = label, index, classes, loss
        super().__init__(self._message(f"row {list(index)}"))

    def of_sequence(self, layout: Layout | None, numbers: Any) -> ValueError:
        """The error that names the sequence, by its number in the data, and the step.

        layout: where the rows of the labels are; None if those are the sequences themselves.
        """
        sequence, *steps = self.index
        if layout is not None:
            row = sequence
            sequence = int(np.searchsorted(layout.offsets, row, side="right")) - 1
            steps = [row - int(layout.offsets[sequence]), *steps]
        number = sequence if numbers is None else numbers[sequence]
        at = f", step {steps[0]}" if steps else ""
        return ValueError(self._message(f"sequence {number}{at}"))

    def _message(self, where: str) -> str:
        hint = "; ignore_class leaves one out" if self.loss.startswith("sparse") else ""
        known = f"the {self.classes} classes{hint}"
        return f"{self.loss}: label {self.label} of {where} is none of {known}"


def _classes(labels: np.ndarray) -> np.ndarray:
    """Labels as int64; -1 for one that is no whole number, or too large."""
    if labels.dtype.kind != "f":
        return labels.astype(np.int64, copy=False)
    with np.errstate(invalid="ignore"):  # NaN is cast, too
        classes = labels.astype(np.int64)
    return np.where(classes == labels, classes, -1)


def of_classes(y_pred: Any, labels: np.ndarray, from_logits: bool, axis: int) -> Any:
    """-log of the probabilities that y_pred has along `axis`, from 0, at the classes `labels`.

    Raises: LabelError for a number that is no class.
    """
    rows, moved = _rows(y_pred, axis)
    classes = _classes(labels)
    flat = classes if classes.ndim == 1 else classes.reshape(-1)
    try:
        losses = _kernels.crossentropy(rows, flat, None, from_logits)
    except IndexError as error:
        place = [int(i) for i in np.unravel_index(error.args[0], classes.shape)]
        raise LabelError(labels[tuple(place)], place, rows.shape[1]) from None

    def backward(d: np.ndarray) -> np.ndarray:
        flat_d = d if d.ndim == 1 else d.reshape(-1)
        dy = _kernels.crossentropy_backward(flat_d, rows, flat, None, from_logits)
        return _turned_back(dy if dy.shape == moved else dy.reshape(moved), axis)

    losses = losses if classes.ndim == 1 else losses.reshape(classes.shape)
    return recorded(losses, y_pred, backward)


def of_labels(y_pred: Any, labels: np.ndarray, from_logits: bool, axis: int) -> Any:
    """-sum(labels * log(y_pred)) along `axis`; float32 labels of the shape of y_pred."""
    rows, moved = _rows(y_pred, axis)
    flat = _rows(labels, axis)[0]
    losses = _kernels.crossentropy(rows, None, flat, from_logits).reshape(moved[:-1])

    def backward(d: np.ndarray) -> np.ndarray:
        dy = _kernels.crossentropy_backward(d.reshape(-1), rows, None, flat, from_logits)
        return _turned_back(dy.reshape(moved), axis)

    return recorded(losses, y_pred, backward)


def of_binary_labels(y_pred: Any, labels: np.ndarray, from_logits: bool) -> Any:
    """-log of the probability of each label, 0 to 1; float32 labels of the shape of y_pred."""
    y = np.asarray(value_of(y_pred), np.float32)
    losses = _kernels.binary_crossentropy(y, labels, from_logits)

    def backward(d: np.ndarray) -> np.ndarray:
        return _kernels.binary_crossentropy_backward(d, y, labels, from_logits)

    return recorded(losses, y_pred, backward)


def mean_of_binary_labels(y_pred: Any, labels: np.ndarray, from_logits: bool, axis: int) -> Any:
    """The mean of `of_binary_labels` along `axis`."""
    y = np.asarray(value_of(y_pred), np.float32)
    losses = _kernels.binary_crossentropy(y, labels, from_logits)
    means = reductions.reduce(losses, "mean", axis)

    def backward(d: np.ndarray) -> np.ndarray:
        d = d / np.float32(y.shape[axis])
        if axis not in (-1, y.ndim - 1):
            d = np.broadcast_to(np.expand_dims(d, axis), y.shape)
        return _kernels.binary_crossentropy_backward(d, y, labels, from_logits)

    return recorded(means, y_pred, backward)


def recorded(values: np.ndarray, y_pred: Any, backward: Callable[[np.ndarray], np.ndarray]) -> Any:
    """`values` as a tensor, or Traced if a gradient of y_pred, which they are of, is wanted."""
    tape = y_pred.tape if type(y_pred) is Traced else current().tape
    if tape is None or not (y_pred.needed if type(y_pred) is Traced else tape.wants(y_pred)):
        return convert_to_tensor(values)
    return tape.record(np.asarray(values), [y_pred], lambda d, wanted: [backward(d)])


def _rows(y: Any, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """A value as float32 (rows, values along `axis`), and its shape with that axis last."""
    y = np.asarray(value_of(y), np.float32)
    moved = y if axis in (-1, y.ndim - 1) else np.moveaxis(y, axis, -1)
    shape = moved.shape
    if len(shape) == 2:
        return moved, shape
    return moved.reshape(math.prod(shape[:-1]), shape[-1]), shape


def _turned_back(rows: np.ndarray, axis: int) -> np.ndarray:
    """An array with its last axis moved to where it came from."""
    return rows if axis in (-1, rows.ndim - 1) else np.moveaxis(rows, -1, axis)
