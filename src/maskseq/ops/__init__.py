"""Array functions that work on arrays and on symbolic tensors alike, under keras.ops' names.

A result is a `KerasTensor` if an argument is one, else a `Tensor`; it has no mask. Where NumPy
would give float64, it is float32.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from ..tape import before_tapes as _before_tapes
from ..tensor import convert_to_tensor as convert_to_tensor
from ..tensor import get_keras_mask as get_keras_mask
from . import operators as operators

_NAMES = {
    "arranging": (
        "append array_split diag diagflat dstack extract_sequences fliplr flipud hsplit hstack "
        "meshgrid multi_hot trace vsplit vstack"
    ),
    "composed": (
        "allclose amax amin average copy deg2rad diff dot empty_like exp2 fabs fmax fmin "
        "heaviside inner isclose isneginf isposinf logaddexp median moments nan_to_num nanmax "
        "nanmean nanmin nanprod nansum norm outer percentile ptp quantile rad2deg saturate_cast "
        "select signbit tensordot vdot"
    ),
    "control": "cond fori_loop map scan switch vectorized_map while_loop",
    "elementwise": (
        "abs absolute add arccos arcsin arctan arctan2 bitwise_and bitwise_invert "
        "bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor cast ceil clip "
        "cos cosh divide divide_no_nan equal erf expm1 floor floor_divide fmod full_like greater "
        "greater_equal isfinite isinf isnan left_shift less less_equal log log1p log2 log10 "
        "logical_and logical_not logical_or logical_xor maximum minimum mod multiply negative "
        "not_equal ones_like power reciprocal right_shift round rsqrt sign sin sinh sqrt square "
        "stop_gradient subtract tan true_divide trunc where zeros_like"
    ),
    "making": (
        "arange array convert_to_numpy dtype empty eye full identity is_tensor linspace ones size "
        "tri zeros"
    ),
    "networks": (
        "batch_normalization binary_crossentropy categorical_crossentropy ctc_loss "
        "dot_product_attention hard_swish layer_normalization rms_normalization "
        "sparse_categorical_crossentropy swish"
    ),
    "nonlinear": (
        "celu elu exp gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu "
        "log_sigmoid log_softmax normalize relu relu6 selu sigmoid silu soft_shrink softmax "
        "softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh tanh_shrink "
        "threshold"
    ),
    "placing": (
        "diagonal nonzero scatter scatter_update segment_max segment_min segment_sum slice "
        "slice_update tril triu"
    ),
    "products": "einsum matmul",
    "reduction": (
        "all any argmax argmin count_nonzero cumprod cumsum logsumexp max mean min prod std sum var"
    ),
    "shaping": (
        "broadcast_to concatenate expand_dims flip get_item moveaxis ndim one_hot pad ravel "
        "repeat reshape roll shape split squeeze stack swapaxes take take_along_axis tile "
        "transpose unstack"
    ),
    "sorting": "argsort digitize in_top_k isin searchsorted sort top_k unravel_index",
}
"""Module -> its operations, each imported when one of them is first asked for."""
_FILES = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = sorted([*_FILES, "convert_to_tensor", "get_keras_mask"])


def __getattr__(name: str) -> _Any:
    if name == "OPERATIONS":  # by their names in files
        for module in _NAMES:
            _import_module(f"{__name__}.{module}")
        value = _import_module(f"{__name__}.operation").OPERATIONS
    elif name in _FILES:
        value = getattr(_import_module(f"{__name__}.{_FILES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_before_tapes.append(lambda: _import_module(f"{__name__}.notation"))
