"""The arguments of a call: what kind they are, made into tensors, bound to names."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ...context import current
from ...data.interchange import is_torch_ragged, sequences_of
from ...data.ragged import Ragged
from ...graph.symbols import KerasTensor
from ...nest import flatten, is_nested, map_structure
from ...rows import PACKED, Rows, Unmasked
from ...tape import Traced, padded
from ...tensor import KEPT, Tensor, convert_to_tensor
from ...variable import Variable


def kind_of(value: Any) -> type | None:
    """Rows; np.ndarray for arrays that carry no mask, or lists of such; None for all else."""
    kind = type(value)
    if kind is np.ndarray or kind is Rows:
        return kind
    if kind is Tensor:  # which has a mask, or remembers what took it off, or nothing
        return None if value.__dict__ else np.ndarray
    if kind is not list or not value:
        return None
    kind = type(value[0])
    if kind is not np.ndarray and kind is not Rows:
        kind = kind_of(value[0])
    for item in value:
        if type(item) is not kind and kind_of(item) is not kind:
            return None
    return kind


def are_plain(values: Iterable[Any]) -> bool:
    """True for arrays that carry no mask, lists of such, and settings: None, bool, int, str."""
    for value in values:
        if type(value) not in _SETTINGS and kind_of(value) is not np.ndarray:
            return False
    return True


def are_kept(values: Iterable[Any]) -> bool:
    """`are_plain`, with arrays of dtypes that tensors keep."""
    for value in values:
        kind = type(value)
        if kind is not np.ndarray and kind is not Tensor:
            if kind not in _SETTINGS and not (kind is list and value and are_kept(value)):
                return False
        elif value.dtype not in KEPT or kind_of(value) is None:
            return False
    return True


def gives_mask(cls: Any, args: tuple, kwargs: dict[str, Any]) -> bool:
    """True for a call with a mask given by hand, which its answer may have to carry."""
    if kwargs.get("mask") is not None:
        return True
    if len(args) == 1:  # a mask is never the first
        return False
    names = signature_of(cls).names
    return "mask" in names[: len(args)] and args[names.index("mask")] is not None


_SETTINGS = frozenset((type(None), bool, int, str))


def is_tensor(value: Any) -> bool:
    """True for an array, a symbolic tensor, Rows, or one of them under a tape."""
    return isinstance(value, (np.ndarray, KerasTensor, Rows, Traced))


def to_tensor(name: str, value: Any) -> Any:
    """An argument of a call with arrays and array-likes as Tensors; other things unchanged.

    Raises: TypeError for an array of anything but numbers.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(f"{name} must hold numbers, got dtype {value.dtype}")
        return convert_to_tensor(value, name=name)
    if value is None or isinstance(value, (KerasTensor, Traced)):
        return value
    if type(value) is Unmasked:
        return value.to_tensor()
    if isinstance(value, Variable):
        return value.value.view(Tensor)
    if is_torch_ragged(value):
        value = Ragged(*sequences_of(value))
    if isinstance(value, Ragged):
        return Rows.from_ragged(value.values, value.offsets).to_tensor()
    if isinstance(value, (list, tuple)) and _is_number_list(value):
        try:
            return convert_to_tensor(value, name=name)
        except ValueError:
            raise ValueError(
                f"{name} must be a rectangular array, got lists of different lengths: pad them "
                f"with maskseq.pad_sequences, or hand them to a model's predict as they are"
            ) from None
    if is_nested(value):
        return map_structure(lambda leaf: to_tensor(name, leaf), value)
    return convert_to_tensor(value, name=name) if hasattr(value, "__array__") else value


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
        self._flags = [name for name, value in self._defaults.items() if isinstance(value, bool)]

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

    def odd_flag(self, args: tuple, kwargs: Mapping[str, Any]) -> ValueError | None:
        """The error that says that an argument of yes or no is an array, if one is."""
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        for name in {*self._flags, "training"} & given.keys():
            if isinstance(given[name], np.ndarray) and given[name].size != 1:
                shape = given[name].shape
                return ValueError(f"{name} must be True or False, got an array of shape {shape}")
        return None

    def invoke(self, method: Callable, arguments: dict[str, Any]) -> Any:
        """method(**arguments), with *args and **kwargs spread out again."""
        if self._plain:
            return method(**arguments)
        bound = inspect.BoundArguments(self._signature, arguments)
        return method(*bound.args, **bound.kwargs)


@functools.cache
def signature_of(cls: Any) -> Signature:
    """The arguments of a layer class's `call`."""
    return Signature(cls.call)


@functools.cache
def rows_parameters(cls: Any) -> set[str]:
    """The names of the arguments of a layer class's `on_rows`."""
    return set(inspect.signature(cls.on_rows).parameters)


@functools.cache
def _shown_parameters(cls: Any) -> frozenset[str]:
    return _parameters(cls.over_shown) - {"settings"}


def settings_of(cls: Any, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of a call after the first, by name; None if `over_shown` takes them not."""
    if len(args) == 1 and not kwargs:
        return {}
    names = signature_of(cls).names
    given = {**dict(zip(names[1:], args[1:], strict=False)), **kwargs}
    given = {name: value for name, value in given.items() if value is not None}
    given.pop("training", None)  # which the context knows
    return given if len(args) <= len(names) and given.keys() <= _shown_parameters(cls) else None


def holds_tensors(value: Any) -> bool:
    """True for a tensor, or a nest of nothing but tensors and None with at least one tensor."""
    if not is_nested(value):
        return is_tensor(value)
    found = flatten(value)
    return any(map(is_tensor, found)) and all(x is None or is_tensor(x) for x in found)


def tensor_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are tensors, or nests of nothing but tensors and None."""
    return {name: value for name, value in arguments.items() if holds_tensors(value)}


@functools.cache
def _shape_parameters(function: Callable) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name.endswith("_shape")]


def shape_arguments(function: Callable, arguments: dict[str, Any]) -> tuple[tuple, dict]:
    """Arguments for `build` or `compute_output_shape`: one shape, or `<argument>_shape` each."""
    wanted = _shape_parameters(getattr(function, "__func__", function))
    name, value = next(iter(arguments.items()))
    if value is None or isinstance(value, (str, bytes, int, float)):
        raise TypeError(f"{name} must be an array, got {type(value).__name__}")
    if len(wanted) <= 1:
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


def as_output(value: Any) -> Any:
    """What a call gives, as Tensors."""
    if type(value) is np.ndarray:
        return value.view(Tensor) if value.dtype in KEPT else convert_to_tensor(value)
    if type(value) in PACKED:
        return value.to_tensor()
    if isinstance(value, Tensor) or value is None:
        return value
    if type(value) is Traced:
        return padded(value) if value.needed else as_output(value.value)
    return map_structure(as_output, value) if is_nested(value) else convert_to_tensor(value)
