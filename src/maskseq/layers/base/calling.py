"""What happens to the arguments of a layer call before and after `call`: Keras 3.15's rules.

Arguments become arrays, a `mask` argument is filled from the input's mask, and the outputs get
the mask that `compute_mask` gives, or the loss of a mask is told.
"""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...context import current
from ...data.ragged import Ragged
from ...graph.symbols import KerasTensor
from ...nest import flatten, is_nested, leaves, map_structure
from ...rows import Rows
from ...tensor import Tensor, convert_to_tensor, get_keras_mask, set_keras_mask
from ...variable import Variable


def kind_of(value: Any) -> type | None:
    """Rows; np.ndarray for arrays that carry no mask, or lists of such; None for all else."""
    kind = type(value)
    if kind is np.ndarray or kind is Rows:
        return kind
    if kind is Tensor:
        return np.ndarray if getattr(value, "_keras_mask", None) is None else None
    if kind is not list or not value:
        return None
    kind = kind_of(value[0])
    for item in value[1:]:
        if kind_of(item) is not kind:
            return None
    return kind


def are_plain(values: Iterable[Any]) -> bool:
    """True for arrays that carry no mask, lists of such, and settings: None, bool, int, str."""
    for value in values:
        if type(value) not in _SETTINGS and kind_of(value) is not np.ndarray:
            return False
    return True


_SETTINGS = frozenset((type(None), bool, int, str))


def is_tensor(value: Any) -> bool:
    """True for an array, a symbolic tensor or Rows."""
    return isinstance(value, (np.ndarray, KerasTensor, Rows))


def to_tensor(name: str, value: Any) -> Any:
    """An argument of a call with arrays and array-likes as Tensors; other things unchanged.

    Raises: TypeError for an array of anything but numbers.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(f"{name} must hold numbers, got dtype {value.dtype}")
        return convert_to_tensor(value)
    if value is None or isinstance(value, KerasTensor):
        return value
    if isinstance(value, Variable):
        return value.value.view(Tensor)
    if isinstance(value, Ragged):
        return Rows.from_ragged(value.values, value.offsets).to_tensor()
    if isinstance(value, (list, tuple)) and _is_number_list(value):
        try:
            return convert_to_tensor(value)
        except ValueError:
            raise ValueError(
                f"{name} must be a rectangular array, got lists of different lengths: pad them "
                f"with maskseq.pad_sequences, or hand them to a model's predict as they are"
            ) from None
    if is_nested(value):
        return map_structure(lambda leaf: to_tensor(name, leaf), value)
    return convert_to_tensor(value) if hasattr(value, "__array__") else value


def _is_number_list(value: Any) -> bool:
    """True if the first leaf of nested lists is a number."""
    while isinstance(value, (list, tuple)):
        if not value:
            return False
        value = value[0]
    return isinstance(value, (bool, int, float, np.generic))


_EMPTY = inspect.Parameter.empty


def training_option(layer: Any) -> dict[str, bool]:
    """What `layer.call` of a layer or cell inside another gets: `training`, if it takes it."""
    if not current().training:
        return {}
    return {"training": True} if "training" in _parameters(type(layer).call) else {}


@functools.cache
def _parameters(function: Callable) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


class Signature:
    """The arguments of a `call` method: bound to names, completed with their defaults."""

    def __init__(self, method: Callable):
        parameters = list(inspect.signature(method).parameters.values())[1:]
        kinds = {parameter.kind for parameter in parameters}
        self._signature = inspect.Signature(parameters)
        self._plain = kinds <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
        self.names = [parameter.name for parameter in parameters]
        self._defaults = {parameter.name: parameter.default for parameter in parameters}

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Every argument by name, in order. Raises: TypeError as a call of the method would."""
        if self._plain and len(args) <= len(self.names):
            given = dict(zip(self.names, args, strict=False))
            arguments = {**self._defaults, **given, **kwargs}
            if (
                len(arguments) == len(self.names)
                and kwargs.keys().isdisjoint(given)
                and not any(value is _EMPTY for value in arguments.values())
            ):
                return arguments
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def invoke(self, method: Callable, arguments: dict[str, Any]) -> Any:
        """method(**arguments), with *args and **kwargs spread out again."""
        if self._plain:
            return method(**arguments)
        bound = inspect.BoundArguments(self._signature, arguments)
        return method(*bound.args, **bound.kwargs)


def holds_tensors(value: Any) -> bool:
    """True for a tensor, or a nest of nothing but tensors and None with at least one tensor."""
    if not is_nested(value):
        return is_tensor(value)
    found = flatten(value)
    return any(map(is_tensor, found)) and all(x is None or is_tensor(x) for x in found)


def tensor_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are tensors, or nests of nothing but tensors and None."""
    return {name: value for name, value in arguments.items() if holds_tensors(value)}


def masks_of(value: Any) -> Any:
    """The masks that the leaves of `value` carry."""
    return map_structure(get_keras_mask, value) if is_nested(value) else get_keras_mask(value)


def fill_masks(arguments: dict[str, Any]) -> Any:
    """Fill the mask arguments that were not given, and return the mask of the first argument.

    With exactly one tensor argument its mask goes to `mask`; with more, the mask of argument k goes
    to `k_mask`, and `mask` stays as it is. A mask passed by hand always wins.
    """
    tensors = tensor_arguments(arguments)
    if len(tensors) == 1:
        if "mask" in arguments and arguments["mask"] is None:
            arguments["mask"] = masks_of(next(iter(tensors.values())))
    else:
        for name, value in tensors.items():
            if f"{name}_mask" in arguments and arguments[f"{name}_mask"] is None:
                arguments[f"{name}_mask"] = masks_of(value)
    given = arguments.get("mask")
    if given is not None and has_mask(given):
        return given
    return masks_of(next(iter(arguments.values()), None))


def has_mask(masks: Any) -> bool:
    """True if any mask of the structure is there."""
    if not is_nested(masks):
        return masks is not None
    return any(mask is not None for mask in flatten(masks))


def attach_masks(outputs: Any, masks: Any) -> None:
    """Give each output without a mask the mask at its place; None leaves it without."""
    for output, mask in zip(flatten(outputs), flatten(masks), strict=False):
        if mask is not None and get_keras_mask(output) is None:
            set_keras_mask(output, mask)


def tell_mask_loss(layer: Any) -> None:
    """Say, once for each layer, that it destroys the mask of its input."""
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask "
        f"attached to it. However, this layer does not support masking and will therefore destroy "
        f"the mask information. Downstream layers will not see the mask. If the layer leaves the "
        f"time axis alone, set supports_masking = True on it; if not, give it a compute_mask.",
    )


def tell_unused_mask(layer: Any, arguments: dict[str, Any], previous_mask: Any) -> None:
    """Say, once for each layer, that a second tensor argument keeps the input's mask from `mask`.

    Call it with what `fill_masks` left and returned.
    """
    if arguments.get("mask", True) is not None or not has_mask(previous_mask):
        return
    tensors = list(tensor_arguments(arguments))
    if len(tensors) < 2 or f"{tensors[0]}_mask" in arguments:
        return
    names = " and ".join(tensors[1:])
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask "
        f"attached to it, and {names} too. As in Keras the layer then runs as if every step were "
        f"real. To use the mask, pass it by hand: layer(x, mask=maskseq.get_keras_mask(x), "
        f"{names}=...).",
    )


def tell_taken_mask(layer: Any) -> None:
    """Say, once for each layer, that its inputs have no mask any more."""
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) took the mask off its inputs, as "
        f"in Keras: what else reads them, such as a residual Add, runs as if every step were real. "
        f"To keep the mask, pass it by hand to the layers that need it.",
    )


def _tell(layer: Any, message: str) -> None:
    mode = current().on_mask_loss
    if mode == "error":
        raise ValueError(message)
    if mode == "warn" and not layer.__dict__.get("_mask_loss_told"):
        layer._mask_loss_told = True
        warnings.warn(message, UserWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """How many frames above the one that warns the code lies that called maskseq."""
    frame, level = sys._getframe(2), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("maskseq."):
        frame, level = frame.f_back, level + 1
    return level


def shape_arguments(function: Callable, arguments: dict[str, Any]) -> tuple[tuple, dict]:
    """Arguments for `build` or `compute_output_shape`: one shape, or `<argument>_shape` each."""
    wanted = [name for name in inspect.signature(function).parameters if name.endswith("_shape")]
    if len(wanted) <= 1:
        name, value = next(iter(arguments.items()))
        if value is None or isinstance(value, str):
            raise TypeError(f"{name} must be an array, got {type(value).__name__}")
        return (map_structure(shape_of, value),), {}
    tensors = tensor_arguments(arguments)
    return (), {
        name: map_structure(shape_of, tensors[name.removesuffix("_shape")])
        for name in wanted
        if name.removesuffix("_shape") in tensors
    }


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """The shape of a tensor; None for None."""
    return None if value is None else tuple(value.shape)


def check_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of numbers as bool, True = not 0.

    Raises: ValueError unless it has that shape and no NaN; TypeError for other things than numbers.
    """
    mask = np.asarray(mask)
    if mask.dtype.kind not in "biuf":
        raise TypeError(f"mask must be bool or numbers, got dtype {mask.dtype}")
    if mask.shape != shape:
        raise ValueError(f"mask must be bool {shape}, got {mask.dtype} {mask.shape}")
    if mask.dtype.kind == "f" and np.isnan(mask).any():
        raise ValueError("mask must be bool, got NaN in it")
    return mask.astype(bool, copy=False)


PLAIN_ERRORS = (ValueError, TypeError, IndexError)


def put_name(layer: Any, error: Exception) -> None:
    """Put the layer's name in front of a plain error's message, once; others stay as they are."""
    if type(error) in PLAIN_ERRORS and not getattr(error, "named", False):
        error.args = (f"layer '{layer.name}' ({type(layer).__name__}): {error}",)
        error.named = True


def call_error(layer: Any, error: Exception, inputs: Any) -> Exception:
    """What a call raises for `error`, with the layer's name: that an input is no array, if so."""
    if isinstance(error, (AttributeError, np.exceptions.AxisError)):
        strange = [leaf for leaf in leaves(inputs) if not hasattr(leaf, "shape")]
        if strange:
            error = TypeError(f"inputs must be arrays, got {type(strange[0]).__name__}")
        elif isinstance(error, np.exceptions.AxisError):
            error = ValueError(str(error))
    put_name(layer, error)
    return error


class naming_errors:
    """Put the layer's name in front of the errors of plain types that the body raises."""

    __slots__ = ("_layer",)

    def __init__(self, layer: Any):
        self._layer = layer

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, PLAIN_ERRORS):
            put_name(self._layer, error)
