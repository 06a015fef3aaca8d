"""Array functions that work on arrays and on symbolic tensors alike, under keras.ops' names.

A result is a `KerasTensor` if an argument is one, else a `Tensor`; it has no mask. Where NumPy
would give float64, it is float32.
"""

from ..tensor import convert_to_tensor as convert_to_tensor
from ..tensor import get_keras_mask
from . import notation as notation
from . import operators as operators
from .arranging import append as append
from .arranging import array_split as array_split
from .arranging import diag as diag
from .arranging import diagflat as diagflat
from .arranging import dstack as dstack
from .arranging import extract_sequences as extract_sequences
from .arranging import fliplr as fliplr
from .arranging import flipud as flipud
from .arranging import hsplit as hsplit
from .arranging import hstack as hstack
from .arranging import meshgrid as meshgrid
from .arranging import multi_hot as multi_hot
from .arranging import trace as trace
from .arranging import vsplit as vsplit
from .arranging import vstack as vstack
from .composed import allclose as allclose
from .composed import amax as amax
from .composed import amin as amin
from .composed import average as average
from .composed import copy as copy
from .composed import deg2rad as deg2rad
from .composed import diff as diff
from .composed import dot as dot
from .composed import empty_like as empty_like
from .composed import exp2 as exp2
from .composed import fabs as fabs
from .composed import fmax as fmax
from .composed import fmin as fmin
from .composed import heaviside as heaviside
from .composed import inner as inner
from .composed import isclose as isclose
from .composed import isneginf as isneginf
from .composed import isposinf as isposinf
from .composed import logaddexp as logaddexp
from .composed import median as median
from .composed import moments as moments
from .composed import nan_to_num as nan_to_num
from .composed import nanmax as nanmax
from .composed import nanmean as nanmean
from .composed import nanmin as nanmin
from .composed import nanprod as nanprod
from .composed import nansum as nansum
from .composed import norm as norm
from .composed import outer as outer
from .composed import percentile as percentile
from .composed import ptp as ptp
from .composed import quantile as quantile
from .composed import rad2deg as rad2deg
from .composed import saturate_cast as saturate_cast
from .composed import select as select
from .composed import signbit as signbit
from .composed import tensordot as tensordot
from .composed import vdot as vdot
from .control import cond as cond
from .control import fori_loop as fori_loop
from .control import map as map
from .control import scan as scan
from .control import switch as switch
from .control import vectorized_map as vectorized_map
from .control import while_loop as while_loop
from .elementwise import abs as abs
from .elementwise import absolute as absolute
from .elementwise import add as add
from .elementwise import arccos as arccos
from .elementwise import arcsin as arcsin
from .elementwise import arctan as arctan
from .elementwise import arctan2 as arctan2
from .elementwise import bitwise_and as bitwise_and
from .elementwise import bitwise_invert as bitwise_invert
from .elementwise import bitwise_left_shift as bitwise_left_shift
from .elementwise import bitwise_not as bitwise_not
from .elementwise import bitwise_or as bitwise_or
from .elementwise import bitwise_right_shift as bitwise_right_shift
from .elementwise import bitwise_xor as bitwise_xor
from .elementwise import cast as cast
from .elementwise import ceil as ceil
from .elementwise import clip as clip
from .elementwise import cos as cos
from .elementwise import cosh as cosh
from .elementwise import divide as divide
from .elementwise import divide_no_nan as divide_no_nan
from .elementwise import equal as equal
from .elementwise import erf as erf
from .elementwise import expm1 as expm1
from .elementwise import floor as floor
from .elementwise import floor_divide as floor_divide
from .elementwise import fmod as fmod
from .elementwise import full_like as full_like
from .elementwise import greater as greater
from .elementwise import greater_equal as greater_equal
from .elementwise import isfinite as isfinite
from .elementwise import isinf as isinf
from .elementwise import isnan as isnan
from .elementwise import left_shift as left_shift
from .elementwise import less as less
from .elementwise import less_equal as less_equal
from .elementwise import log as log
from .elementwise import log1p as log1p
from .elementwise import log2 as log2
from .elementwise import log10 as log10
from .elementwise import logical_and as logical_and
from .elementwise import logical_not as logical_not
from .elementwise import logical_or as logical_or
from .elementwise import logical_xor as logical_xor
from .elementwise import maximum as maximum
from .elementwise import minimum as minimum
from .elementwise import mod as mod
from .elementwise import multiply as multiply
from .elementwise import negative as negative
from .elementwise import not_equal as not_equal
from .elementwise import ones_like as ones_like
from .elementwise import power as power
from .elementwise import reciprocal as reciprocal
from .elementwise import right_shift as right_shift
from .elementwise import round as round
from .elementwise import rsqrt as rsqrt
from .elementwise import sign as sign
from .elementwise import sin as sin
from .elementwise import sinh as sinh
from .elementwise import sqrt as sqrt
from .elementwise import square as square
from .elementwise import stop_gradient as stop_gradient
from .elementwise import subtract as subtract
from .elementwise import tan as tan
from .elementwise import true_divide as true_divide
from .elementwise import trunc as trunc
from .elementwise import where as where
from .elementwise import zeros_like as zeros_like
from .making import arange as arange
from .making import array as array
from .making import convert_to_numpy as convert_to_numpy
from .making import dtype as dtype
from .making import empty as empty
from .making import eye as eye
from .making import full as full
from .making import identity as identity
from .making import is_tensor as is_tensor
from .making import linspace as linspace
from .making import ones as ones
from .making import size as size
from .making import tri as tri
from .making import zeros as zeros
from .networks import batch_normalization as batch_normalization
from .networks import binary_crossentropy as binary_crossentropy
from .networks import categorical_crossentropy as categorical_crossentropy
from .networks import dot_product_attention as dot_product_attention
from .networks import hard_swish as hard_swish
from .networks import layer_normalization as layer_normalization
from .networks import rms_normalization as rms_normalization
from .networks import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from .networks import swish as swish
from .nonlinear import celu as celu
from .nonlinear import elu as elu
from .nonlinear import exp as exp
from .nonlinear import gelu as gelu
from .nonlinear import glu as glu
from .nonlinear import hard_shrink as hard_shrink
from .nonlinear import hard_sigmoid as hard_sigmoid
from .nonlinear import hard_silu as hard_silu
from .nonlinear import hard_tanh as hard_tanh
from .nonlinear import leaky_relu as leaky_relu
from .nonlinear import log_sigmoid as log_sigmoid
from .nonlinear import log_softmax as log_softmax
from .nonlinear import normalize as normalize
from .nonlinear import relu as relu
from .nonlinear import relu6 as relu6
from .nonlinear import selu as selu
from .nonlinear import sigmoid as sigmoid
from .nonlinear import silu as silu
from .nonlinear import soft_shrink as soft_shrink
from .nonlinear import softmax as softmax
from .nonlinear import softplus as softplus
from .nonlinear import softsign as softsign
from .nonlinear import sparse_plus as sparse_plus
from .nonlinear import sparse_sigmoid as sparse_sigmoid
from .nonlinear import sparsemax as sparsemax
from .nonlinear import squareplus as squareplus
from .nonlinear import tanh as tanh
from .nonlinear import tanh_shrink as tanh_shrink
from .nonlinear import threshold as threshold
from .operation import OPERATIONS as OPERATIONS
from .operation import operation as operation
from .paths import ctc_loss as ctc_loss
from .placing import diagonal as diagonal
from .placing import nonzero as nonzero
from .placing import scatter as scatter
from .placing import scatter_update as scatter_update
from .placing import segment_max as segment_max
from .placing import segment_min as segment_min
from .placing import segment_sum as segment_sum
from .placing import slice as slice
from .placing import slice_update as slice_update
from .placing import tril as tril
from .placing import triu as triu
from .products import einsum as einsum
from .products import matmul as matmul
from .reduction import all as all
from .reduction import any as any
from .reduction import argmax as argmax
from .reduction import argmin as argmin
from .reduction import count_nonzero as count_nonzero
from .reduction import cumprod as cumprod
from .reduction import cumsum as cumsum
from .reduction import logsumexp as logsumexp
from .reduction import max as max
from .reduction import mean as mean
from .reduction import min as min
from .reduction import prod as prod
from .reduction import std as std
from .reduction import sum as sum
from .reduction import var as var
from .shaping import broadcast_to as broadcast_to
from .shaping import concatenate as concatenate
from .shaping import expand_dims as expand_dims
from .shaping import flip as flip
from .shaping import get_item as get_item
from .shaping import moveaxis as moveaxis
from .shaping import ndim as ndim
from .shaping import one_hot as one_hot
from .shaping import pad as pad
from .shaping import ravel as ravel
from .shaping import repeat as repeat
from .shaping import reshape as reshape
from .shaping import roll as roll
from .shaping import shape as shape
from .shaping import split as split
from .shaping import squeeze as squeeze
from .shaping import stack as stack
from .shaping import swapaxes as swapaxes
from .shaping import take as take
from .shaping import take_along_axis as take_along_axis
from .shaping import tile as tile
from .shaping import transpose as transpose
from .shaping import unstack as unstack
from .sorting import argsort as argsort
from .sorting import digitize as digitize
from .sorting import in_top_k as in_top_k
from .sorting import isin as isin
from .sorting import searchsorted as searchsorted
from .sorting import sort as sort
from .sorting import top_k as top_k
from .sorting import unravel_index as unravel_index

__all__ = [
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "any", "append", "arange",
    "arccos", "arcsin", "arctan", "arctan2", "argmax", "argmin", "argsort", "array",
    "array_split", "average", "batch_normalization", "binary_crossentropy", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "broadcast_to", "cast", "categorical_crossentropy", "ceil", "celu", "clip",
    "concatenate", "cond", "convert_to_numpy", "convert_to_tensor", "copy", "cos", "cosh",
    "count_nonzero", "ctc_loss", "cumprod", "cumsum", "deg2rad", "diag", "diagflat", "diagonal",
    "diff", "digitize", "divide", "divide_no_nan", "dot", "dot_product_attention", "dstack",
    "dtype", "einsum", "elu", "empty", "empty_like", "equal", "erf", "exp", "exp2",
    "expand_dims", "expm1", "extract_sequences", "eye", "fabs", "flip", "fliplr", "flipud",
    "floor", "floor_divide", "fmax", "fmin", "fmod", "fori_loop", "full", "full_like", "gelu",
    "get_item", "get_keras_mask", "glu", "greater", "greater_equal", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "heaviside", "hsplit", "hstack",
    "identity", "in_top_k", "inner", "is_tensor", "isclose", "isfinite", "isin", "isinf",
    "isnan", "isneginf", "isposinf", "layer_normalization", "leaky_relu", "left_shift", "less",
    "less_equal", "linspace", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp", "map",
    "matmul", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum", "mod",
    "moments", "moveaxis", "multi_hot", "multiply", "nan_to_num", "nanmax", "nanmean", "nanmin",
    "nanprod", "nansum", "ndim", "negative", "nonzero", "norm", "normalize", "not_equal",
    "one_hot", "ones", "ones_like", "outer", "pad", "percentile", "power", "prod",
    "ptp", "quantile", "rad2deg", "ravel", "reciprocal", "relu", "relu6", "repeat", "reshape",
    "right_shift", "rms_normalization", "roll", "round", "rsqrt", "saturate_cast", "scan",
    "scatter", "scatter_update", "searchsorted", "segment_max", "segment_min", "segment_sum",
    "select", "selu", "shape", "sigmoid", "sign", "signbit", "silu", "sin", "sinh", "size",
    "slice", "slice_update", "soft_shrink", "softmax", "softplus", "softsign", "sort",
    "sparse_categorical_crossentropy", "sparse_plus", "sparse_sigmoid", "sparsemax", "split",
    "sqrt", "square", "squareplus", "squeeze", "stack", "std", "stop_gradient", "subtract",
    "sum", "swapaxes", "swish", "switch", "take", "take_along_axis", "tan", "tanh",
    "tanh_shrink", "tensordot", "threshold", "tile", "top_k", "trace", "transpose", "tri",
    "tril", "triu", "true_divide", "trunc", "unravel_index", "unstack", "var", "vdot",
    "vectorized_map", "vsplit", "vstack", "where", "while_loop", "zeros", "zeros_like",
]  # fmt: skip


@operation("ConvertToTensor", by_equality=True, gradient=lambda d, y, x, dtype, sparse, ragged: d)
def _as_tensor(x, dtype=None, sparse=None, ragged=None):
    """`x` as it is, or as `dtype`: where a recorded graph converted a tensor."""
    return convert_to_tensor(x, dtype)


OPERATIONS["MaskOf"] = get_keras_mask
