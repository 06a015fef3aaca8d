"""What users hand to a model, made into what its graph runs on: Rows, or padded Tensors.

Ragged input becomes Rows at once. A padded array with a mask by hand becomes Rows only where no
layer downstream ever looks at its masked cells; otherwise it stays padded.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.ragged import Ragged, as_batch
from ..data.text import column_text, is_text, read_text
from ..given import MAX_AXES
from ..given.numpy_ma import is_masked_array, masked_steps
from ..graph.symbols import KerasTensor
from ..layers.base.masks import check_mask
from ..rows import Layout, Rows, Source, Unmasked
from ..tape import Traced, masked_by_hand, packed, padded
from ..tensor import (
    KEPT,
    Tensor,
    as_numpy,
    convert_to_tensor,
    get_keras_mask,
    set_keras_mask,
    to_float32,
)
from .batches import length
from .matching import in_order, masks_in_order


def as_value(x: Any) -> Any:
    """One input as Rows (ragged data, and numpy.ma arrays with masked steps) or a Tensor.

    Text is one of Python's strings.
    """
    if type(x) is Rows or type(x) is Traced:
        return x
    if type(x) is Unmasked:  # between the calls of a graph
        return x.to_tensor()
    leaf = x
    for _ in range(MAX_AXES):  # a list may hold itself
        if type(leaf) is not list or not leaf:
            break
        leaf = leaf[0]
    if isinstance(leaf, (str, bytes)):
        return _as_text(x)
    try:
        batch = as_batch(x)
    except (TypeError, ValueError):
        text = x if is_text(x) else column_text(x)
        if text is None:
            raise
        return _as_text(text)
    if isinstance(batch, Ragged):
        values = batch.values
        if values.dtype.kind == "f":
            values = to_float32(values, "the steps of all sequences")
        return Rows.from_ragged(values, batch.offsets)
    if is_masked_array(batch) and batch.ndim > 1:
        return _without_masked_steps(batch)
    if batch.dtype.kind not in "fiub":
        if is_text(batch):
            return _as_text(batch)
        raise TypeError(f"inputs must hold numbers, got dtype {batch.dtype}")
    return convert_to_tensor(batch, name="inputs")


def _as_text(x: Any) -> Any:
    text = read_text(x)
    return text if type(text) is Rows else convert_to_tensor(text)


def _without_masked_steps(x: Any) -> Any:
    """A numpy.ma array (batch, time, *features) as Rows of the steps that it does not mask."""
    real = ~masked_steps(x, 2, "inputs")
    if real.all():
        return as_value(x.data)
    layout = Layout.from_mask(real)
    return Rows(None, layout, source=Source(as_numpy(as_value(x.data[real]))))


def takes_nothing(x: Any) -> int:
    """0: what a model without a graph takes as it is."""
    return 0


def taker(inputs: Any, strict: bool) -> Callable[[Any], int]:
    """A function that says how many values an input of a graph has, if arrays fit as they are.

    Of a list of arrays, the most that one has. It is 0 for all that must be prepared first.
    inputs: a symbolic tensor or a list of them; nothing else is taken.
    """
    if isinstance(inputs, KerasTensor):
        return _taker_of_one(inputs, strict)
    if type(inputs) is not list or not all(isinstance(x, KerasTensor) for x in inputs):
        return takes_nothing
    kinds = [_kind_taken(tensor, strict) for tensor in inputs]
    count = len(kinds)

    def takes(values: Any) -> int:
        if type(values) is not list or len(values) != count:
            return 0
        most, batch = 0, None
        for x, (ndim, sizes) in zip(values, kinds, strict=True):
            if type(x) is not np.ndarray or x.ndim != ndim or x.dtype not in KEPT:
                return 0
            shape, size = x.shape, x.size
            for axis, n in sizes:
                if shape[axis] != n:
                    return 0
            if batch is None:
                batch = shape[0]
            if not size or shape[0] != batch:
                return 0
            if size > most:
                most = size
        return most

    return takes


def _kind_taken(tensor: KerasTensor, strict: bool) -> tuple[int, list[tuple[int, int]]]:
    """How many axes an array for an input has, and the sizes of those that are known."""
    first = 1 if strict else 2
    sizes = [(i, n) for i, n in enumerate(tensor.shape) if i >= first and n is not None]
    return len(tensor.shape), sizes


def _taker_of_one(tensor: KerasTensor, strict: bool) -> Callable[[Any], int]:
    ndim, sizes = _kind_taken(tensor, strict)

    def takes(x: Any) -> int:
        if type(x) is not np.ndarray or x.ndim != ndim or x.dtype not in KEPT:
            return 0
        shape = x.shape
        for axis, n in sizes:
            if shape[axis] != n:
                return 0
        return x.size

    return takes


def standardize(model: Any, x: Any, mask: Any = None) -> list[Any]:
    """The inputs of a call in the order of `model.inputs`, with hand-given masks attached."""
    values = _in_order(model, x)
    for number, hand in enumerate(masks_in_order(model._input_structure, mask)):
        if hand is not None and values[number] is not None:
            values[number] = _with_mask(values[number], hand)
    return prepare(model, values)


def for_predict(model: Any, x: Any) -> list[Any]:
    """The inputs of `predict`, not yet cut into batches."""
    values = _in_order(model, x)
    sizes = {length(value) for value in values if value is not None} if len(values) > 1 else ()
    if len(sizes) > 1:
        raise ValueError(f"inputs must have the same number of sequences, got {sorted(sizes)}")
    return values


def _in_order(model: Any, x: Any) -> list[Any]:
    """The inputs in the order of `model.inputs`; None stands for one that is not there."""
    if getattr(model, "_plan", None) is None:
        values = [as_value(x)]
        if hasattr(model, "ensure_graph"):
            model.ensure_graph(values[0])
        return values
    tensor = model._input_structure
    if isinstance(tensor, KerasTensor) and not (x is None or type(x) is dict):
        if isinstance(x, (list, tuple)) and len(x) == 1 and _is_batch(x[0], tensor):
            x = x[0]
        return [as_value(x)]
    given = in_order(tensor, x)
    return [None if value is None else as_value(value) for value in given]


def _is_batch(x: Any, tensor: KerasTensor) -> bool:
    """True for what alone has the axes of a batch: the one input, in a list as Keras takes it."""
    return isinstance(x, Ragged) or getattr(x, "ndim", 0) == len(tensor.shape)


def prepare(model: Any, values: list[Any], tensors: Any = None) -> list[Any]:
    """Values checked against the model's inputs, packed where that changes nothing."""
    taken = []
    for value, tensor in zip(values, tensors or model.inputs, strict=True):
        if value is None:
            taken.append(None)
            continue
        if type(value) is Traced:
            taken.append(_prepared_on_tape(model, tensor, value))
            continue
        if tensor.dtype == "string":
            value = _empty_text(value, tensor)
            if value.dtype.kind != "O":
                raise TypeError(f"input '{tensor.name}' must hold text, got dtype {value.dtype}")
        elif type(value) is not Rows and value.dtype.kind == "O":
            raise TypeError(f"input '{tensor.name}' must hold numbers, got text")
        if not _has_shape(value, tensor.shape, model._strict_shapes):
            value = _fitted(value, tensor, model._strict_shapes)
        if type(value) is Rows and len(tensor.shape) == 2 and tensor.shape[1] is not None:
            value = _whole(value)
        taken.append(value if type(value) is Rows else _packed(model, tensor, value))
    return taken


def _prepared_on_tape(model: Any, tensor: KerasTensor, value: Traced) -> Traced:
    """An input of a model that is called under a tape."""
    if not value.needed:
        return value.tape.hold(prepare(model, [value.value], [tensor])[0])
    if not _has_shape(value, tensor.shape, model._strict_shapes):
        value = _fitted(padded(value), tensor, model._strict_shapes)
    if type(value.value) is Rows:
        of_features = len(tensor.shape) == 2 and tensor.shape[1] is not None
        return padded(value) if of_features and value.value.layout.full else value
    mask = value._keras_mask
    if mask is None or mask.ndim != 2 or value.ndim < 2 or reads_masked_cells(model, tensor):
        return value
    return packed(value, _fitting(mask, value.shape[:2], tensor))


def _empty_text(value: Any, tensor: KerasTensor) -> Any:
    """A value without a single step, which could be of anything, as one of strings."""
    if len(value.shape) and value.shape[0] == 0:
        return np.empty([n or 0 for n in (0, *tensor.shape[1:])], object)
    if type(value) is not Rows:
        return value if value.size else value.astype(object)
    if value.layout.steps:
        return value
    return Rows.from_ragged(np.empty(0, object), value.layout.offsets, value.layout.time)


def _with_mask(value: Any, mask: Any) -> Any:
    """`value` with a mask by hand; what ragged data or a numpy.ma array lacks stays masked."""
    real = True
    if type(value) is Traced:
        return masked_by_hand(value, _with_mask(value.value, mask)._keras_mask)
    if type(value) is Rows:
        real, value = value.layout.mask, value.to_tensor()
    value = value.view(Tensor)
    ndim = np.ndim(mask)
    shape = value.shape[:ndim] if 0 < ndim <= value.ndim else value.shape[:2]
    mask = check_mask(mask, shape)
    value._keras_mask = mask & real if mask.ndim == 2 else mask
    return value


def _fitted(value: Any, tensor: KerasTensor, strict: bool) -> Any:
    """`value`, which does not fit the input `tensor`, made to fit."""
    wanted = tensor.shape
    value = _with_axes(value, wanted)
    shape = value.shape
    empty_rows = type(value) is Rows and value.layout.steps == 0
    features = [size for size in wanted[2:] if size is not None]
    if empty_rows and len(shape) < len(wanted) == 2 + len(features):
        shape = (*shape[:2], *features)  # no step says how many features it has
        empty = np.zeros((0, *features), np.float32)
        value = Rows.from_ragged(empty, value.layout.offsets)
    if not _has_shape(value, wanted, strict):
        raise ValueError(f"input '{tensor.name}' must have shape {wanted}, got {tuple(shape)}")
    return value


def _has_shape(value: Any, wanted: tuple, strict: bool) -> bool:
    """True if `value` has the axes and the sizes wanted; of time any size if not `strict`."""
    shape = value.shape
    if len(shape) != len(wanted):
        return False
    for axis in range(1 if strict else 2, len(wanted)):
        if wanted[axis] is not None and shape[axis] != wanted[axis]:
            return False
    return True


def _with_axes(value: Any, wanted: tuple) -> Any:
    """`value` with a last axis of size 1 added or dropped where that gives it the axes wanted."""
    axes = len(value.shape)
    if axes == len(wanted) + 1 and value.shape[-1] == 1:
        last: Any = 0
    elif axes == len(wanted) - 1 and wanted[-1] == 1:
        last = None
    else:
        return value
    if type(value) is Rows:
        return value.with_axis(last) if len(wanted) > 1 else value
    fitted = value[..., last]
    set_keras_mask(fitted, get_keras_mask(value))
    return fitted


def _whole(value: Rows) -> Any:
    """Rows of which no step is masked as an array: it may be of features, of which all count."""
    return value.to_padded().view(Tensor) if value.layout.full else value


def _packed(model: Any, tensor: KerasTensor, value: Any) -> Any:
    mask = get_keras_mask(value)
    if mask is None or mask.ndim != 2 or value.ndim < 2:
        return value
    if reads_masked_cells(model, tensor):
        return value
    return Rows.view(value, _fitting(mask, value.shape[:2], tensor))


def _fitting(mask: Any, steps: tuple[int, ...], tensor: KerasTensor) -> np.ndarray:
    """The mask that an input carries, if it is one of its steps, or of one sequence for each."""
    try:
        return check_mask(mask, steps)
    except ValueError as error:
        raise ValueError(
            f"input '{tensor.name}' carries a mask that does not fit: {error}"
        ) from None


def reads_masked_cells(model: Any, tensor: KerasTensor) -> bool:
    """True if anything from `tensor` on may depend on what its masked cells hold."""
    known = model.__dict__.setdefault("_reads_masked", {})
    if id(tensor) not in known:
        known[id(tensor)] = model._plan.reads_masked(tensor)
    return known[id(tensor)]
