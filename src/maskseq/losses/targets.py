"""Labels and weights, put beside the real steps of an output.

An output with a mask, Rows or an array that carries one, counts by its real steps: `rows_of` gives
these alone, and `rows_for` what belongs to them of labels or weights, however those came. Nothing
at a masked step is read.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from ..data.ragged import Ragged, as_batch
from ..given import as_array
from ..given.numbers import is_real, real_numbers
from ..rows import Layout, Rows
from ..tape import Traced, packed, real_values, value_of
from ..tensor import Tensor, as_numpy, convert_to_tensor, fitting_mask, to_float32

_OUTPUTS = {np.ndarray, Tensor, Rows, Traced}
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Aligned(NamedTuple):
    """An output and what belongs to it, row upon row.

    y_pred: the real steps (n, *features), Traced if the output was; or the whole output, if it has
    no mask.  y_true: as many rows.  weights: float32 (n,), or None for 1.  layout: where the rows
    are in the batch; None without a mask.  cells: the mask of an output that has one of more axes
    than (batch, time), or None.
    """

    y_true: Any
    y_pred: Any
    weights: Any
    layout: Layout | None
    cells: np.ndarray | None = None

    def cells_of(self, values: Any) -> np.ndarray | None:
        """`cells`, if there is one of `values` for each."""
        fits = self.cells is not None and self.cells.shape == np.shape(value_of(values))
        return self.cells if fits else None


def align(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    came: Layout | None = None,
    numbers: Any = None,
) -> Aligned:
    """Labels and weights beside the real steps of an output.

    Arguments:
        y_true: (batch, time, ...) or a Ragged or lists with a label for each real step; for an
            output without a mask an array of its batch, or a Ragged of full length.
        y_pred: Rows, or an array, with or without a mask; Traced or not.
        sample_weight: (batch,), for all steps of a sequence, or a weight for each step.
        class_weight: class -> weight, of integer labels, one a row, or of one-hot ones.
        came: the layout in which the sequences came, if a mask may have left out some of their
            steps: labels in a Ragged may then be of its lengths, too.
        numbers: (batch,): of the sequences in the data, for errors; by default those in the batch.
    Raises: ValueError naming the sequence, what was expected and what came.
    """
    if type(y_pred) not in _OUTPUTS:
        y_pred = as_output(y_pred)
    plain = type(value_of(y_pred)) is np.ndarray  # which has no mask
    rows, layout = (y_pred, None) if plain else rows_of(y_pred)
    if type(rows) is not Traced:
        rows = real_numbers(rows, "y_pred")
    y = None if y_true is None else rows_for(y_true, y_pred, layout, "y_true", came, numbers)
    weights = None
    if sample_weight is not None:
        weights = weights_for(sample_weight, y_pred, layout, came, numbers)
    if class_weight is not None:
        by_class = weights_of_classes(y, class_weight)
        weights = by_class if weights is None else _with_axes(weights, by_class) * by_class
    cells = None if plain or layout is not None else _cells_of(value_of(y_pred))
    return Aligned(y, rows, weights, layout, cells)


def _cells_of(value: Any) -> np.ndarray | None:
    """The mask of an array, if it has more axes than (batch, time)."""
    mask = fitting_mask(value)
    return None if mask is None or mask.ndim < 3 else mask


def as_output(y_pred: Any) -> Any:
    """Predictions: lists of numbers as an array, all else as it is.

    Raises: TypeError for what holds no numbers.
    """
    if isinstance(y_pred, (list, tuple)):
        return convert_to_tensor(y_pred, name="y_pred")
    if not hasattr(value_of(y_pred), "shape"):
        raise TypeError(f"y_pred must be an array, got {type(y_pred).__name__}")
    return y_pred


def as_float32(y_true: Any) -> np.ndarray:
    """Labels as float32. Raises: ValueError for a number that float32 cannot hold."""
    return to_float32(np.asarray(y_true), "y_true")


def tell_shapes(name: str, y_true: Any, y_pred: Any, error: ValueError) -> None:
    """Raises: ValueError with the shapes of labels and predictions, if these do not broadcast."""
    if "broadcast" in str(error):
        wanted, got = value_of(y_pred).shape, np.shape(value_of(y_true))
        raise ValueError(f"{name}: y_true must fit y_pred {wanted}, got shape {got}") from error


def numbers_of(values: Any, owner: str) -> Any:
    """What a loss or metric of users gave, a number as an array. Raises: TypeError."""
    if type(values) is Traced:
        return values
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{owner} must give numbers, got {values!r}")
    return array


def of_users(function: _Function) -> _Function:
    """A loss or metric of labels and predictions, of lists too; errors of shapes name it.

    `of_arrays` of what is returned is the function itself, for what `align` gave.
    """
    name = function.__name__

    @functools.wraps(function)
    def told(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
        y_true = as_array(y_true, "y_true") if isinstance(y_true, (list, tuple)) else y_true
        y_true = real_numbers(y_true, "y_true") if isinstance(y_true, np.ndarray) else y_true
        y_pred = as_output(y_pred) if isinstance(y_pred, (list, tuple)) else y_pred
        y_pred = real_numbers(y_pred, "y_pred") if isinstance(y_pred, np.ndarray) else y_pred
        try:
            return function(y_true, y_pred, *args, **kwargs)
        except ValueError as error:
            tell_shapes(name, y_true, y_pred, error)
            raise

    vars(told)["of_arrays"] = function
    return cast(_Function, told)


def layout_of(output: Any) -> Layout | None:
    """Where the real steps of an output are; None if it has no mask of (batch, time)."""
    value = value_of(output)
    if type(value) is Rows:
        return value.layout
    mask = fitting_mask(value)
    return None if mask is None or mask.ndim != 2 else Layout.from_mask(mask)


def rows_of(output: Any) -> tuple[Any, Layout | None]:
    """The real steps of an output, (n, *features), and where they are; the output, if unmasked."""
    layout, value = layout_of(output), value_of(output)
    if layout is None:
        return output if type(output) is Traced else as_numpy(value), None
    if type(output) is Traced:
        rows = output if type(value) is Rows else packed(output, layout.mask)
        return real_values(rows), layout
    if type(value) is Rows:
        return value.values[: layout.steps], layout
    return _at_cells(as_numpy(value), layout), layout


def rows_for(
    given: Any,
    output: Any,
    layout: Layout | None,
    name: str,
    came: Layout | None = None,
    numbers: Any = None,
) -> Any:
    """What belongs to the rows of `rows_of(output)` of an array, a Ragged, lists, or Rows."""
    if type(given) is Rows:
        given = given.to_tensor() if layout is None else given
    elif not isinstance(given, (np.ndarray, Ragged)):
        given = as_batch(given) if isinstance(given, (list, tuple)) else np.asarray(given)
        if isinstance(given, Ragged):
            given = _even(given, output, layout)
    if isinstance(given, np.ndarray):
        given = real_numbers(given, name)
    shape = value_of(output).shape
    if not shape or getattr(given, "shape", True) == ():
        raise ValueError(f"{name} and y_pred must have a batch axis, got y_pred of shape {shape}")
    if len(given) != shape[0] and type(given) is not Rows:
        raise ValueError(f"{name}: expected {shape[0]} sequences or samples, got {len(given)}")
    if isinstance(given, Ragged):
        return _of_ragged(given, shape, layout, name, came, numbers)
    if layout is None:
        array = as_numpy(given)
        if not array.size and math.prod(shape):
            raise ValueError(
                f"{name}: expected numbers for y_pred {shape}, got shape {array.shape}"
            )
        return array
    if type(given) is Rows:
        if not given.layout.equals(layout):
            raise ValueError(f"{name}: its real steps are not those of the output")
        return given.values[: layout.steps]
    given = as_numpy(given)
    if given.ndim < 2 or given.shape[1] != layout.time:
        raise ValueError(
            f"{name}: expected a value for each step, shape ({layout.batch}, {layout.time}, ...), "
            f"or ragged ones, got shape {given.shape}"
        )
    return _at_cells(given, layout)


def weights_for(
    weights: Any,
    output: Any,
    layout: Layout | None,
    came: Layout | None = None,
    numbers: Any = None,
) -> Any:
    """Weights of samples or steps as float32 (n,) for the rows of `rows_of(output)`; None stays."""
    if weights is None:
        return None
    if not isinstance(weights, (Rows, Ragged)):
        array = np.asarray(weights) if not isinstance(weights, (list, tuple)) else weights
        array = as_batch(array) if isinstance(array, (list, tuple)) else array
        if layout is not None and not isinstance(array, Ragged):
            array = real_numbers(np.asarray(array), "sample_weight")
            if array.ndim == 1 or (array.shape[1:] == (1,) and layout.time != 1):
                if len(array) != layout.batch:
                    raise ValueError(
                        f"sample_weight: expected {layout.batch} sequences, got {len(array)}"
                    )
                return array.reshape(-1).astype(np.float32).repeat(layout.lengths)
        weights = array
    rows = rows_for(weights, output, layout, "sample_weight", came, numbers)
    rows = to_float32(np.asarray(rows), "sample_weight")
    if layout is not None and rows.ndim > 1 and rows.shape[1:] == (1,):
        rows = rows[:, 0]
    return rows


def checked_class_weight(given: Any) -> Mapping[int, float] | None:
    """`given`, if it is a dict of numbers by numbers of classes. Raises: TypeError, ValueError."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise TypeError(
            f"class_weight must be a dict of class -> weight, got {type(given).__name__}"
        )
    for number, weight in given.items():
        if not is_real(number) or not float(number).is_integer():
            raise TypeError(f"class_weight: expected numbers of classes, got {number!r}")
        with np.errstate(over="ignore"):
            fits = is_real(weight) and np.isfinite(np.float32(weight))
        if not fits:
            raise ValueError(
                f"class_weight of class {number}: expected a finite float32, got {weight!r}"
            )
    return given


def weights_of_classes(labels: Any, class_weight: Mapping[int, float]) -> np.ndarray:
    """The weight of each row's class; classes that are not named have 1.

    labels: (n,) or (n, 1) numbers of classes, or (n, classes) one-hot.
    Raises: ValueError for other labels.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] != 1:
        classes = np.argmax(labels, axis=1)
    elif labels.ndim == 1 or labels.ndim == 2:
        classes = np.round(labels.reshape(-1)).astype(np.int64)
    else:
        raise ValueError(
            "class_weight: expected labels (n,), (n, 1) or one-hot (n, classes) for each sample or "
            f"real step, got {labels.shape}"
        )
    result = np.ones(len(classes), np.float32)
    for number, weight in class_weight.items():
        result[classes == number] = weight
    return result


def _with_axes(weights: np.ndarray, by_class: np.ndarray) -> np.ndarray:
    return weights.reshape(by_class.shape) if weights.size == by_class.size else weights


def _at_cells(x: np.ndarray, layout: Layout) -> np.ndarray:
    return x.reshape(layout.batch * layout.time, *x.shape[2:])[layout.cells]


def _even(given: Ragged, output: Any, layout: Layout | None) -> Any:
    """Lists of one length as the array they are, where there is no mask to line up with."""
    lengths = given.lengths
    if layout is None and len(lengths) and (lengths == lengths[0]).all():
        return given.values.reshape(len(given), int(lengths[0]), *given.values.shape[1:])
    return given


def _of_ragged(
    given: Ragged,
    shape: tuple[int, ...],
    layout: Layout | None,
    name: str,
    came: Layout | None,
    numbers: Any,
) -> Any:
    if layout is None:
        if len(shape) < 2:
            raise ValueError(f"{name}: expected an array for an output {shape}, got ragged data")
        of = f"as many as the output {shape} has"
        _check_lengths(given.lengths, np.full(shape[0], shape[1]), name, numbers, of)
        return given.values.reshape(shape[0], shape[1], *given.values.shape[1:])
    if np.array_equal(given.lengths, layout.lengths):
        return given.values
    wanted = (came or layout).lengths
    _check_lengths(given.lengths, wanted, name, numbers)
    sequences = np.arange(layout.batch).repeat(layout.lengths)
    return given.values[given.offsets[sequences] + layout.cells - sequences * layout.time]


def _check_lengths(
    got: np.ndarray,
    wanted: np.ndarray,
    name: str,
    numbers: Any,
    of: str = "one for each of its real steps",
) -> None:
    wrong = np.flatnonzero(got != wanted)
    if len(wrong):
        b = wrong[0]
        more = f", and so {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise ValueError(
            f"{name}: sequence {b if numbers is None else numbers[b]} has {got[b]} values, "
            f"expected {wanted[b]}, {of}{more}"
        )
