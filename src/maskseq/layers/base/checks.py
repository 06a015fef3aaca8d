"""Arguments that many layers share, checked and made plain; and those of every constructor."""

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from ... import activations, configured, constraints, initializers, regularizers
from ...given.kinds import expected_kind
from ...given.notices import warn
from ...given.numbers import is_real
from ...tensor import to_float32

_KNOWN: dict[str, Mapping[str, Any]] = {
    "activation": activations.NAMES,
    "regularizer": regularizers.KNOWN,
    "constraint": constraints.KNOWN,
}
_COMPUTED = ("float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")
_SHARES = ("dropout", "recurrent_dropout", "momentum")
_NOT_NEGATIVE = ("epsilon", "l1", "l2")
_INTS = ("axis", "shared_axes", "attention_axes")
_SIZES = ("noise_shape", "output_shape")
_WHOLE = (
    *("num_heads", "key_dim", "value_dim", "num_query_heads", "num_key_value_heads", "head_dim"),
    "sliding_window",
)


def check_argument(cls: type, name: str, value: Any, what: str) -> None:
    """Raises: ValueError if `value` is nothing that the constructor's argument `name` may be.

    what: its name in errors.
    """
    kind = expected_kind(cls, name, value)
    if kind is not None:
        raise ValueError(f"{what} must be {kind}, got {value!r}")
    last = name.rpartition("_")[2]
    if last == "initializer":
        initializers.checked(value, what)
    elif last in _KNOWN:
        _check_name(value, _KNOWN[last], what)
    elif name in _SHARES:
        share(value, what)
    elif name in _NOT_NEGATIVE:
        configured.number(value, what)
    elif value is None:
        pass
    elif name in _WHOLE:
        whole(value, what)
    elif name in _INTS:
        ints(value, what)
    elif name in _SIZES and not callable(value):
        sizes(value if isinstance(value, (list, tuple)) else [value], what, 1)


def _check_name(value: Any, known: Mapping[str, Any], what: str) -> None:
    if isinstance(value, str):
        configured.named(value, known, what)
    elif not (value is None or callable(value) or _is_config(value)):
        raise ValueError(f"{what} must be a name, a config or a function, got {value!r}")


def _is_config(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class_name"), str)


def sizes(value: Any, what: str, minimum: int = 0) -> tuple[int | None, ...]:
    """A shape out of a list or tuple of sizes, None = unknown."""
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{what} must be a tuple of sizes, as (None, 8), got {value!r}")
    for n in value:
        whole_number = isinstance(n, (int, np.integer)) and not isinstance(n, bool)
        if n is not None and not (whole_number and n >= minimum):
            raise ValueError(f"{what} must be sizes, each an int or None, got {value!r}")
    return tuple(n if n is None else int(n) for n in value)


def dtype_of(dtype: Any, cls: Any, argument: str = "dtype") -> str:
    """The name of a layer's dtype: of a policy, of a policy's config, of NumPy's.

    One of other floats than float32 is kept, and a warning says what is computed.
    Raises: ValueError for what is no dtype, or neither of floats nor one that the layer keeps.
    """
    kept, what = cls.kept_dtypes, f"{cls.__name__}: {argument}"
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        dtype = dtype["config"].get("name")
    if isinstance(dtype, type):
        dtype = np.dtype(dtype)
    name: Any = "float32" if dtype is None else getattr(dtype, "name", dtype)
    name = name if isinstance(name, str) else repr(name)
    if name in _COMPUTED:
        warn(
            f"{what}={name!r}: maskseq computes in float32 and keeps weights in it; "
            "model.quantize keeps them in fewer bits"
        )
    elif name != "float32" and name not in kept:
        known = ", ".join(("float32", *kept))
        raise ValueError(f"{what} must be {known}, got {name!r}")
    return name


def channels_first(data_format: Any) -> bool:
    """True for "channels_first"; "channels_last" and None mean the last axis."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
        )
    return data_format == "channels_first"


def whole(value: Any, name: str, minimum: int | None = 1) -> int:
    """An int, or the one int in a tuple or list, not below `minimum` if that is one."""
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if minimum is None or value >= minimum:
            return int(value)
    least = "" if minimum is None else f", at least {minimum}"
    raise ValueError(f"{name} must be an int{least}, got {value!r}")


def ints(value: Any, name: str) -> tuple[int, ...]:
    """A tuple of ints, out of a list or tuple of them."""
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if any(not isinstance(n, (int, np.integer)) or isinstance(n, bool) for n in found):
        raise ValueError(f"{name} must be ints, got {str(value)[:60]}")
    return tuple(map(int, found))


def pair(value: Any, name: str) -> tuple[int, int]:
    """An int for both ends, or one for each, not below 0."""
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{name} must be an int or two, got {value!r}")
    return whole(both[0], name, 0), whole(both[1], name, 0)


def share(value: Any, name: str) -> Any:
    """A number from 0 to 1."""
    if not is_real(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be between 0 and 1, got {value!r}")
    return value


def axes_from_the_end(axis: Any, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """One axis or several, in Keras's order, counted from the end: for arrays and for rows.

    Raises: ValueError if one is none of `ndim` axes, or is named twice.
    """
    axes = sorted(axis) if isinstance(axis, (list, tuple)) else [axis]
    if not all(-ndim <= a < ndim for a in axes):
        raise ValueError(f"{name} must be below {ndim}, the number of axes, got {axis!r}")
    found = tuple(a % ndim - ndim for a in axes)
    if len(set(found)) < len(found):
        raise ValueError(f"{name} must name each axis once, got {axis!r}")
    return found


def spread(weight: np.ndarray, axes: tuple[int, ...], x: np.ndarray) -> np.ndarray:
    """`weight` in a shape that broadcasts to `x`: its sizes along `axes`, 1 elsewhere.

    Raises: ValueError if x has other sizes there.
    """
    sizes = tuple(x.shape[axis] for axis in axes)
    if weight.shape != sizes:
        raise ValueError(
            f"inputs must have size {weight.shape} along {axes}, the axes that the layer was built "
            f"for, got {sizes}"
        )
    shape = [1] * x.ndim
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    return weight.reshape(shape)


def numbers(value: Any, name: str) -> np.ndarray:
    """A number or an array of numbers, as float32."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}")
    return np.array(to_float32(array, name))


def check_features(inputs: Any, features: int | None) -> None:
    """Raises: ValueError if a symbolic input has another last axis than `features`; None = any."""
    shape = getattr(inputs, "shape", ())
    if shape and None not in (features, shape[-1]) and shape[-1] != features:
        raise ValueError(f"inputs must have {features} features (last axis), got shape {shape}")


def refuse_samples(rows: Any) -> NoReturn:
    """Raises: ValueError for Rows of two axes, whose padding would be features of samples."""
    lengths = rows.layout.lengths
    most = int(lengths.max(initial=0))
    least = int(lengths.min(initial=most))
    raise ValueError(
        f"inputs must be (batch, features), got samples of {least} to {most} features: "
        "what is missing or masked has no value"
    )
