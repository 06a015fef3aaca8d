"""Plain float64 definitions of functions of values and of rows. No speed, no maskseq."""

import math

import numpy as np

_ERF = np.vectorize(math.erf, otypes=[float])
_ERFC = np.vectorize(math.erfc, otypes=[float])


def erf(x):
    """Two terms of the series where more would not be seen in float64, and 1 from 6 on."""
    series = x * (2 / np.sqrt(np.pi)) * (1 - x * x / 3)
    y = np.where(np.abs(x) < 1e-4, series, np.copysign(np.where(np.isnan(x), x, 1), x))
    between = (np.abs(x) >= 1e-4) & (np.abs(x) < 6)
    y[between] = _ERF(x[between])
    return y


ELEMENTARY = {
    **{
        name: getattr(np, name)
        for name in (
            "expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan sinh cosh".split()
        )
    },
    "erf": erf,
}
ELEMENTARY_PAIR = {"power": np.power, "arctan2": np.arctan2}


def gelu_tanh(x):
    """0.5 x (1 + tanh u) in a form that does not cancel."""
    cut = np.clip(x, -50, 50)
    e = np.exp(-np.abs(2 * np.sqrt(2 / np.pi) * (cut + 0.044715 * cut**3)))
    return np.where(x < 0, cut * e, x) / (1 + e)


def gelu(x):
    x = np.maximum(x, -800)  # -inf times 0
    return x * 0.5 * _ERFC(-x / np.sqrt(2))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def mish(x):
    """x tanh(log(1 + e^x)), from the terms of the hyperbolic tangent."""
    e = np.exp(np.clip(x, -800, 40))
    return np.maximum(x, -800) * (e * e + 2 * e) / (e * e + 2 * e + 2)


def tanh_shrink(x):
    """x - tanh x: near 0, the first terms of its series."""
    series = x**3 / 3 - 2 * x**5 / 15 + 17 * x**7 / 315
    return np.where(np.abs(x) < 0.01, series, x - np.tanh(x))


def squareplus(x, b=4):
    """(x + sqrt(x^2 + b)) / 2, below 0 without cancellation."""
    root = np.sqrt(x * x + b)
    return np.where(x < 0, b / 2 / (root - x), (x + root) / 2)


def selu(x):
    negative = 1.6732632423543772 * np.expm1(np.minimum(x, 0))
    return 1.0507009873554805 * np.where(x < 0, negative, x)


GELU_LIMIT = 6
ACTIVATIONS_WITH_LIMITS = {
    "gelu": (gelu, GELU_LIMIT),
    "softplus": (softplus, 2.5),
    "log_sigmoid": (lambda x: -softplus(-x), 2.5),
    "mish": (mish, 4),
    "tanh_shrink": (tanh_shrink, 3.5),
    "squareplus": (squareplus, 3.5),
    "selu": (selu, 2.5),
    "elu": (lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x), 2.5),
}
"""Definitions that are right to the last place of float32, and the error allowed, in ulp."""


def soft_shrink(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def relu_between(x, slope, most, threshold):
    return np.where(x > threshold, np.minimum(x, most), slope * (x - threshold))


WITH_OPTIONS = {
    "leaky_relu": lambda x, slope: np.where(x < 0, slope * x, x),
    "elu": lambda x, alpha: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x),
    "celu": lambda x, alpha: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0) / alpha), x),
    "gelu_tanh": gelu_tanh,
    "squareplus": squareplus,
    "soft_shrink": soft_shrink,
    "hard_shrink": lambda x, threshold: np.where(np.abs(x) > threshold, x, 0),
    "relu": relu_between,
    "threshold": lambda x, threshold, value: np.where(x > threshold, x, value),
}


def log_sum_exp(x):
    top = x.max(axis=-1, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0]


def log_softmax(x):
    return x - log_sum_exp(x)[..., None]


def sparsemax(x):
    """As Keras 3.15 computes it: see maskseq.activations.sparsemax."""
    out = np.empty_like(x)
    for row, y in zip(x, out, strict=True):
        ordered = np.sort(row)[::-1]
        sums = np.cumsum(ordered)
        support = ordered * np.arange(1, len(row) + 1) > sums - 1
        y[:] = np.maximum(row - (sums[support].sum() - 1) / support.sum(), 0)
    return out


REDUCTIONS = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "var": np.var, "std": np.std}


def normalize(x, norm, epsilon):
    mean = x.mean(axis=1, keepdims=True)
    if norm == "unit":
        return x / np.maximum(np.sqrt((x * x).sum(axis=1, keepdims=True)), epsilon)
    if norm == "rms":
        return x / np.sqrt((x * x).mean(axis=1, keepdims=True) + epsilon)
    spread = np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
    return (x - mean if norm == "layer" else x) / spread


def normalize_groups(x, groups, epsilon):
    """x (batch, cells, features): groups of features over all cells."""
    parts = x.reshape(*x.shape[:2], groups, -1)
    apart = parts - parts.mean(axis=(1, 3), keepdims=True)
    return (apart / np.sqrt(parts.var(axis=(1, 3), keepdims=True) + epsilon)).reshape(x.shape)


def additive_scores(q, k, scale, factor):
    return (scale * np.tanh(factor * (q[:, None] + k[None]))).sum(axis=-1)
