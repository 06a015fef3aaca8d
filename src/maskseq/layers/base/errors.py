"""Errors that name the layer in which they arose."""

from typing import Any

import numpy as np

from ...nest import leaves, map_structure

PLAIN_ERRORS = (ValueError, TypeError, IndexError)


def put_name(layer: Any, error: Exception) -> None:
    """Put the layer's name in front of a plain error's message, once; others stay as they are.

    The error gets it as its attribute `layer`; `made_at`, also a note of it, is the file and the
    line of the user's code that made the layer. Layers around it, such as wrappers, are named
    behind it; models are not.
    """
    if type(error) not in PLAIN_ERRORS:
        return
    named = getattr(error, "named", ())  # of the layers in it, their ids
    if id(layer) in named or (named and layer._word != "layer"):
        return
    words = f"{layer._word} '{layer.name}' ({type(layer).__name__})"
    if named:
        inner, _, said = str(error).partition("): ")
        error.args = (f"{inner}) in {words}: {said}",)
    else:
        error.args = (f"{words}: {error}",)
        vars(error).update(layer=layer.name, made_at=layer._made_at)
    vars(error)["named"] = (*named, id(layer))
    if layer._made_at is not None:
        error.add_note(f"{layer._word} '{layer.name}' was made {made_in(layer)}")


def made_in(layer: Any) -> str:
    """Where a layer was made, in words; empty if nothing says so."""
    return "in {}, line {}".format(*layer._made_at) if layer._made_at else ""


def check_axes(layer: Any, shapes: Any = None, *others: Any, **named: Any) -> None:
    """Raises: ValueError if the first shape, or one of a list of them, is none the layer takes."""
    shapes = next(iter(named.values()), None) if shapes is None else shapes
    if layer.input_axes is None or shapes is None:
        return
    name, words = layer.call_parameters()[0], _words_of_axes(layer)
    if not isinstance(shapes, (list, tuple, dict)):
        raise ValueError(f"{name} must be {words}: expected its shape, got {shapes!r}")
    nested = shapes == [] or isinstance(shapes, dict) or not all(map(_is_size, shapes))
    if nested and not layer.takes_list:
        raise ValueError(f"{name} must be one array {words}, got {shapes!r}")
    if nested and (not shapes or None in shapes):
        raise ValueError(f"{name} must be a list of arrays {words}, got {shapes!r}")
    least = words.count(", ") + ("..." not in words)
    for shape in shapes if nested else [shapes]:
        if isinstance(shape, (list, tuple)):
            if len(shape) < least or (len(shape) > least and "..." not in words):
                raise ValueError(f"{name} must be {words}, got shape {tuple(shape)}")


def _is_size(value: Any) -> bool:
    return value is None or isinstance(value, (int, np.integer))


def _words_of_axes(layer: Any) -> str:
    words = layer.input_axes
    if words.endswith(", features)") and getattr(layer, "data_format", "") == "channels_first":
        *names, last, features = words[1:-1].split(", ")
        return f"({', '.join([*names, features, last])})"
    return words


def _shape_of_lists(x: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; None if their lengths differ. Unlike NumPy's it calls no method
    of what is in them, which might change them meanwhile."""
    if not isinstance(x, list | tuple):
        return ()
    inner = {_shape_of_lists(part) for part in x} or {()}
    first = inner.pop()
    return None if inner or first is None else (len(x), *first)


def _misfit(layer: Any, inputs: Any) -> Exception | None:
    """The error that says that the first argument of a call has other axes than it must."""
    first = inputs[0]
    shapes = map_structure(lambda x: getattr(x, "shape", None), first)
    if isinstance(first, list) and not any(hasattr(x, "shape") for x in leaves(first)):
        shapes = _shape_of_lists(first) if first else []
        if shapes is None:
            return None
    try:
        check_axes(layer, shapes)
    except ValueError as error:
        return error
    return None


def call_error(layer: Any, error: Exception, inputs: Any) -> Exception:
    """What a call raises for `error`, with the layer's name: what is wrong with the input, if so.

    inputs: the arguments of the call.
    """
    if getattr(error, "named", ()):
        error = (_misfit(layer, inputs) if inputs else None) or error
        put_name(layer, error)
        return error
    strange = []
    if isinstance(error, (AttributeError, np.exceptions.AxisError)):
        strange = [leaf for leaf in leaves(inputs) if not hasattr(leaf, "shape")]
    if strange:
        error = TypeError(f"inputs must be arrays, got {type(strange[0]).__name__}")
    elif type(error) in (*PLAIN_ERRORS, np.exceptions.AxisError) and inputs:
        error = _misfit(layer, inputs) or error
    if isinstance(error, np.exceptions.AxisError):
        error = ValueError(str(error))
    put_name(layer, error)
    return error


class naming_errors:
    """Put the layer's name in front of the errors of plain types that the body raises.

    Of what is no layer, such as a cell of a user's, there is none.
    """

    __slots__ = ("_layer",)

    def __init__(self, layer: Any):
        self._layer = layer

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, PLAIN_ERRORS) and hasattr(self._layer, "_made_at"):
            put_name(self._layer, error)
