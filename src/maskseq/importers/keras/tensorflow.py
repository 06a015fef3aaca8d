"""Operations of TensorFlow in functional models of Keras 2: TFOpLambda and SlicingOpLambda.

A closed table leads from their names in TensorFlow's public interface to operations of maskseq.ops.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ... import ops
from ..errors import UnsupportedLayerError
from .config import known_dtype
from .operations import checked_call

if TYPE_CHECKING:
    from .models import ModelMaker

CLASSES = ("TFOpLambda", "SlicingOpLambda")


class _Known(NamedTuple):
    """An operation here: what TensorFlow's keyword arguments, but for the first, are called.

    names: (TensorFlow's name, ours) of those that are passed on.  without_effect: (name, values)
    with which an argument changes nothing.
    """

    function: Callable[..., Any]
    names: dict[str, str]
    without_effect: dict[str, tuple] = {}


_NEVER = (False, None)
_KEPT = ("int32", "int64", None)
_OPERATIONS: dict[str, _Known] = {}


def _squared_difference(x1: Any, x2: Any) -> Any:
    return ops.square(ops.subtract(x1, x2))


def _l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    total = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, epsilon)))


def _norm(x: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Any:
    if ord in ("euclidean", 2):
        return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))
    if not isinstance(axis, int):
        raise ValueError(f"axis must be a number with ord={ord!r}, got {axis!r}")
    return ops.norm(x, ord, axis=axis, keepdims=keepdims)


def _slice(x: Any, begin: list[int], size: list[int]) -> Any:
    pairs = zip(begin, size, strict=True)
    return ops.get_item(x, tuple(slice(b, None if n < 0 else b + n) for b, n in pairs))


def _strided_slice(x: Any, begin: list[int], end: list[int], strides: list[int]) -> Any:
    return ops.get_item(x, tuple(map(slice, begin, end, strides)))


def _add_n(x: list[Any]) -> Any:
    return functools.reduce(ops.add, x)


def _band_part(x: Any, lower: int, upper: int) -> Any:
    """The diagonals of a matrix from `lower` below the main one to `upper` above; -1: all."""
    found = x if upper < 0 else ops.tril(x, upper)
    return found if lower < 0 else ops.triu(found, -lower)


_COMPOSED = {
    f.__name__[1:]: f
    for f in (
        *(_squared_difference, _l2_normalize, _norm, _slice, _strided_slice, _add_n),
        _band_part,
    )
}


def _table(prefix: str, names: dict[str, str], found: str, **without_effect: tuple) -> None:
    """Enter operations: "tensorflow's=ours", or one name if they are the same."""
    for pair in found.split():
        theirs, _, ours = pair.partition("=")
        function = _COMPOSED.get(theirs) or getattr(ops, ours or theirs)
        _OPERATIONS[prefix + theirs] = _Known(function, names, without_effect)


_table(
    "math.", {"y": "x2"},
    "add subtract multiply divide truediv=divide divide_no_nan floordiv=floor_divide "
    "floor_div=floor_divide floormod=mod squared_difference "
    "pow=power maximum minimum equal not_equal greater greater_equal less less_equal logical_and "
    "logical_or logical_xor",
    incompatible_shape_error=(True, None),
)  # fmt: skip
_table(
    "__operators__.", {"y": "x2"},
    "add eq=equal ne=not_equal logical_and logical_or logical_xor",
)  # fmt: skip
_table("math.", {"x": "x2"}, "atan2=arctan2")
_table(
    "math.", {},
    "abs negative square sqrt rsqrt reciprocal exp expm1 log log1p sign floor ceil round sin cos "
    "tan asin=arcsin acos=arccos atan=arctan sinh cosh tanh sigmoid softplus is_nan=isnan "
    "is_inf=isinf is_finite=isfinite logical_not log_sigmoid erf",
)  # fmt: skip
_table(
    "math.", {"axis": "axis", "keepdims": "keepdims"},
    "reduce_sum=sum reduce_mean=mean reduce_max=max reduce_min=min reduce_prod=prod reduce_any=any "
    "reduce_all=all reduce_std=std reduce_variance=var reduce_logsumexp=logsumexp",
)  # fmt: skip
_table("math.", {"axis": "axis"}, "argmax argmin", output_type=_KEPT)
_table("math.", {"axis": "axis"}, "cumsum cumprod", exclusive=_NEVER, reverse=_NEVER)
_table("math.", {"k": "k", "sorted": "sorted"}, "top_k", index_type=_KEPT)
_table("math.", {}, "add_n")
_table("math.", {"axis": "axis"}, "count_nonzero", keepdims=_NEVER, dtype=_KEPT)
_table("math.", {"axis": "axis", "epsilon": "epsilon"}, "l2_normalize")
_table("", {"ord": "ord", "axis": "axis", "keepdims": "keepdims"}, "norm")
_table("", {"axis": "axis"}, "sort argsort", direction=("ASCENDING", None), stable=(False, None))
_table("", {"b": "x2", "axes": "axes"}, "tensordot")
_table("", {"begin": "begin", "size": "size"}, "slice")
_table("", {"begin": "begin", "end": "end", "strides": "strides"}, "strided_slice", var=(None,),
       **dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                        "shrink_axis_mask"), (0, None)))  # fmt: skip
_table("nn.", {}, "relu relu6 elu selu softsign")
_table("nn.", {"alpha": "negative_slope"}, "leaky_relu")
_table("nn.", {"approximate": "approximate"}, "gelu")
_table("nn.", {}, "silu swish=silu", beta=(1, None))
_table("nn.", {"axis": "axis"}, "softmax log_softmax", dim=(None,))
_table("nn.", {"bias": "x2"}, "bias_add=add", data_format=("NHWC", "NWC", None))
_table("linalg.", {"num_lower": "lower", "num_upper": "upper"}, "band_part")
_table("", {"axis": "axis"}, "concat=concatenate stack expand_dims squeeze reverse=flip")
_table("", {"num": "num", "axis": "axis"}, "unstack")
_table("", {"num_or_size_splits": "indices_or_sections", "axis": "axis"}, "split", num=(None,))
_table("", {"shape": "newshape"}, "reshape")
_table("", {"shape": "shape"}, "broadcast_to")
_table("", {"perm": "axes"}, "transpose", conjugate=_NEVER)
_table("", {"multiples": "repeats"}, "tile")
_table("", {"repeats": "repeats", "axis": "axis"}, "repeat")
_table("", {"shift": "shift", "axis": "axis"}, "roll")
_table("", {"indices": "indices", "axis": "axis"}, "gather=take",
       validate_indices=(None,), batch_dims=(0, None))  # fmt: skip
_table("", {"paddings": "pad_width", "mode": "mode", "constant_values": "constant_values"}, "pad")
_table("", {"depth": "num_classes", "axis": "axis", "dtype": "dtype"}, "one_hot",
       on_value=(1, None), off_value=(0, None))  # fmt: skip
_table("", {"dtype": "dtype"}, "cast zeros_like ones_like", optimize=(True, None), layout=(None,))
_table("", {"x": "x1", "y": "x2"}, "where")
_table("", {"clip_value_min": "x_min", "clip_value_max": "x_max"}, "clip_by_value=clip")
_table("", {}, "stop_gradient identity=stop_gradient")
_table("linalg.", {"b": "x2", "transpose_a": "transpose_a", "transpose_b": "transpose_b"}, "matmul",
       adjoint_a=_NEVER, adjoint_b=_NEVER, a_is_sparse=_NEVER, b_is_sparse=_NEVER,
       output_type=(None,), grad_a=_NEVER, grad_b=_NEVER)  # fmt: skip
_table("__operators__.", {"slice_spec": "key"}, "getitem=get_item", var=(None,))

_DEFAULTS = {  # where another value than that of the function here holds
    "gather": {"axis": 0},
    "math.argmax": {"axis": 0},
    "math.argmin": {"axis": 0},
    "math.cumsum": {"axis": 0},
    "math.cumprod": {"axis": 0},
    "math.top_k": {"k": 1},
    "sort": {"axis": -1},
    "argsort": {"axis": -1},
    "nn.gelu": {"approximate": False},
    "split": {"axis": 0},
    "nn.softmax": {"axis": -1},
    "nn.log_softmax": {"axis": -1},
    "one_hot": {"axis": -1},
}


class TensorFlowOperation:
    """The operation of an entry: called with the recorded arguments, under TensorFlow's names."""

    def __init__(self, maker: "ModelMaker", entry: dict[str, Any]) -> None:
        self._maker, self._path, self.name = maker, maker.path, entry["name"]
        self._symbol = str(entry["config"].get("function")).removeprefix("compat.v1.")
        known = _OPERATIONS.get(self._symbol, _OPERATIONS.get(f"math.{self._symbol}"))
        if known is None:
            raise UnsupportedLayerError(
                f"{self._path}: '{self.name}' is the TensorFlow operation "
                f"{self._symbol[:60]}, which is not in the table of known operations"
            )
        self._known = known

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function, names, without_effect = self._known
        options = dict(_DEFAULTS.get(self._symbol, {}))
        for key, value in kwargs.items():
            if key in names:
                if value is not None or names[key] == "key":
                    options[names[key]] = value
            elif key != "name" and value not in without_effect.get(key, (None,)):
                raise UnsupportedLayerError(
                    f"{self._path}: '{self.name}' ({self._symbol}): {key}={str(value)[:60]}"
                )
        if "dtype" in options:
            options["dtype"] = known_dtype(options["dtype"], self._path)
        if function is ops.get_item:
            options["key"] = _key(options.get("key"))
        if function is ops.split:
            options = _places_of_cuts(options)
        if function is ops.pad:
            options = _mode_of_pad(options)
        if function is ops.matmul:
            return self._product(args[0], **options)
        if function is ops.tensordot:
            return self._product(args[0], self._matrix(args[0], **options))
        return checked_call(self._maker, self.name, function, args, options)

    def _product(self, x1: Any, x2: Any, transpose_a: Any = False, transpose_b: Any = False) -> Any:
        x1, x2 = (
            ops.swapaxes(x, -1, -2) if turned else x
            for x, turned in ((x1, transpose_a), (x2, transpose_b))
        )
        return checked_call(self._maker, self.name, ops.matmul, (x1, x2), {})

    def _matrix(self, x1: Any, x2: Any = None, axes: Any = None) -> Any:
        """The second factor of a tensordot, which is taken if it is a matrix."""
        found = np.asarray(x2, np.float32) if isinstance(x2, list) else x2
        if getattr(found, "ndim", 0) != 2 or axes not in (1, [[-1], [0]], [[x1.ndim - 1], [0]]):
            raise UnsupportedLayerError(
                f"{self._path}: '{self.name}' ({self._symbol}): axes={str(axes)[:60]}"
            )
        return found


def _key(spec: Any) -> Any:
    """A recorded slice_spec as what stands between brackets."""
    if isinstance(spec, list):
        return tuple(_key(part) for part in spec)
    if isinstance(spec, dict) and spec.keys() == {"start", "stop", "step"}:
        return slice(spec["start"], spec["stop"], spec["step"])
    return spec


def _places_of_cuts(options: dict[str, Any]) -> dict[str, Any]:
    """TensorFlow counts the sizes of the parts, NumPy where they begin."""
    sizes = options.get("indices_or_sections")
    if isinstance(sizes, list):
        options = {**options, "indices_or_sections": np.cumsum(sizes)[:-1].tolist()}
    return options


def _mode_of_pad(options: dict[str, Any]) -> dict[str, Any]:
    """TensorFlow writes modes in capitals, and a value for modes that have none."""
    mode = str(options.pop("mode", "constant")).lower()
    if mode != "constant":
        options = {key: value for key, value in options.items() if key != "constant_values"}
    return {**options, "mode": mode}
