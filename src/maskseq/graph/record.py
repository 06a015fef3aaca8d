"""Layer calls on symbolic tensors: what comes out, and the record of the call in the graph."""

import contextlib
from collections.abc import Callable
from typing import Any

from ..context import changed
from ..nest import flatten
from ..tensor import get_keras_mask
from ..variable import Trial
from . import trial as probe
from .symbols import KerasTensor, Node, Operation


def probe_call(layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """The outputs of a call as symbolic tensors, found by trying it on tiny arrays.

    The layers inside make their weights. What the call assigns to weights is dropped, as in Keras,
    and the states of stateful layers stay as they were.
    """
    kept = [(x, x.states) for x in _with_all_inside(layer) if "states" in vars(x)]
    try:
        with changed(on_mask_loss="ignore", edition=Trial(), tape=None, losses=None):
            return probe.output_spec(layer, args, kwargs, _scale(layer, args, kwargs))
    finally:
        for inner, states in kept:
            inner.states = states


def _scale(layer: Any, args: tuple, kwargs: dict[str, Any]) -> probe.Scale | None:
    if not layer.any_time:
        return None
    tensors = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
    tensors += [x._keras_mask for x in tensors if get_keras_mask(x) is not None]
    if not any(map(probe.is_large, tensors)):
        return None
    taken = {n for weight in layer.weights for n in weight.shape}
    return probe.Scale(tensors, taken, time_only=True)


def build_inside(layer: Any, args: tuple, kwargs: dict[str, Any]) -> None:
    """Let the layers that `layer` calls, at any depth, make their weights, if any has not yet.

    A call that cannot be tried on tiny arrays of zeros leaves it to the first call on real ones.
    """
    if getattr(layer, "_all_built", False):
        return
    if all(x.built for x in _with_all_inside(layer)):
        layer._all_built = True  # so that the calls of a large model do not walk it each
        return
    with contextlib.suppress(ValueError, TypeError, LookupError, ArithmeticError):
        probe_call(layer, args, kwargs)


def _with_all_inside(layer: Any) -> list[Any]:
    """The layer and all that it holds, at any depth."""
    found = {id(layer): layer}
    stack = [layer]
    while stack:
        inner = [x for x in stack.pop()._sublayers() if id(x) not in found]
        found.update((id(x), x) for x in inner)
        stack += inner
    return list(found.values())


def tensors_of(shapes: Any, dtype: str) -> Any:
    """Symbolic tensors of the given shapes; None for None."""
    if shapes is None:
        return None
    if isinstance(shapes, dict):
        return {key: tensors_of(shape, dtype) for key, shape in shapes.items()}
    if all(n is None or isinstance(n, int) for n in shapes):
        return KerasTensor(tuple(shapes), dtype)
    return [tensors_of(shape, dtype) for shape in shapes]


def record(
    layer: Any,
    args: tuple,
    kwargs: dict[str, Any],
    outputs: Any,
    filled_mask: Any,
    finish: Callable[[Any], None],
) -> Any:
    """Put a call into the graph; `finish(outputs)` gives the outputs their symbolic masks.

    `filled_mask` is what went into the `mask` argument by itself, or None.

    A `compute_mask` that takes arrays only gives no symbolic mask: then the mask is the one that
    the output carries when the graph runs.
    """
    if outputs is None:
        raise TypeError("call gave None: it must return a tensor")
    Node(layer, args, kwargs, outputs).filled_mask = filled_mask
    try:
        finish(outputs)
    except TypeError:
        probed = flatten(probe_call(layer, args, kwargs))
        for output, seen in zip(flatten(outputs), probed, strict=True):
            if seen.probed_mask is not None and get_keras_mask(output) is None:
                take_mask_of_run(output, seen.probed_mask)
    return outputs


def take_mask_of_run(output: KerasTensor, mask: KerasTensor) -> None:
    """Give a recorded output, as its symbolic mask, the one that it carries when the graph runs."""
    Node(Operation("MaskOf", get_keras_mask), (output,), {}, mask)
    output._keras_mask = mask
