"""Arguments of operations that keras.ops has beside those in tests/graph/test_ops.py."""

import numpy as np

X = np.array([[-2.5, -0.5, 0.25, 1.0], [0.5, 3.5, -1.5, 2.0], [0.1, 0.2, 0.3, -0.4]], np.float32)
Y = np.array([[1.5, -2.0, 0.5, 2.0], [2.0, 0.3, -1.0, 3.0], [1.0, 1.1, -0.5, 0.6]], np.float32)
CUBE = (np.arange(24, dtype=np.float32) * 7 % 24).reshape(2, 3, 4) / 7 - 1
ODD = np.array([[np.nan, 1.0, -2.0, np.nan], [0.5, np.nan, 3.0, 1.5]], np.float32)
ENDS = np.array([np.nan, np.inf, -np.inf, 1.0, -0.0], np.float32)
IDS = np.array([0, 2, 0], np.int32)
SHARES = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], np.float32)
HOT = np.array([[0, 0, 1], [1, 0, 0]], np.float32)
HEADS = (np.arange(48, dtype=np.float32) * 29 % 48 / 24 - 1).reshape(2, 3, 2, 4)
POINTS = np.array([[0, 1], [2, 3], [0, 1]])
BITS = (np.array([6, 3, 12]), np.array([3, 1, 2]))

MOST = float(np.finfo(np.float32).max)

MORE = {
    **{
        name: (X,)
        for name in (
            "amax amin cumprod deg2rad rad2deg diff empty_like copy fabs exp2 fliplr flipud "
            "isneginf isposinf nanmax nanmean nanmin nanprod nansum median norm ptp sort argsort "
            "tril triu trace diag diagonal signbit swish hard_swish nan_to_num average "
            "layer_normalization rms_normalization diagflat"
        ).split()
    },
    **{
        name: (X, Y)
        for name in (
            "append allclose isclose fmax fmin logaddexp heaviside fmod inner outer vdot isin"
        ).split()
    },
    **{f"bitwise_{name}": BITS for name in "and or xor left_shift right_shift".split()},
    **{name: BITS for name in ("left_shift", "right_shift")},
    **{name: BITS[:1] for name in ("bitwise_not", "bitwise_invert")},
    "array_split": (X, 3, 1),
    "hsplit": (X, 2),
    "vsplit": (X, 3),
    "hstack": ([X, Y],),
    "vstack": ([X, Y],),
    "dstack": ([X, Y],),
    "extract_sequences": (X, 2, 1),
    "meshgrid": (X[0], Y[1, :3]),
    "multi_hot": (np.array([[0, 2], [1, 1]]), 4),
    "dot": (X, Y.T),
    "tensordot": (CUBE, CUBE[0].T, 1),
    "percentile": (X, 30),
    "quantile": (X, 0.4),
    "saturate_cast": (np.array([-3.0, 5.0, 300.0], np.float32), "uint8"),
    "select": ([X > 1, X > 0], [X, Y], 0.5),
    "scatter": (POINTS, X[:, 0], (3, 4)),
    "scatter_update": (X, POINTS, Y[:, 0]),
    "slice": (X, (1, 1), (2, 3)),
    "slice_update": (X, (1, 2), Y[:2, :2]),
    "segment_sum": (X, IDS, 3),
    "segment_max": (X, IDS, 3),
    "segment_min": (X, IDS, 3),
    "in_top_k": (np.array([2, 0, 1]), X, 2),
    "searchsorted": (np.sort(X[0]), Y),
    "digitize": (X, np.array([-1.0, 0.25, 2.0], np.float32)),
    "binary_crossentropy": (HOT, SHARES),
    "categorical_crossentropy": (HOT, SHARES),
    "sparse_categorical_crossentropy": (np.array([2, 0]), SHARES),
    "batch_normalization": (CUBE, X[0], np.abs(Y[0]), -1),
    "dot_product_attention": (HEADS, HEADS[:, :2] * 2, HEADS[:, 1:]),
}
MORE_OPTIONS = [
    ("cumprod", (X, 1)),
    ("cumprod", (np.array([[1, 0, 2, 3], [0, 2, 0, 1]], np.float32), 1)),
    ("diff", (X, 2, 0)),
    ("nan_to_num", (ENDS, 1.0, 2.0, -3.0)),
    ("isposinf", (ENDS,)),
    ("isneginf", (ENDS,)),
    ("signbit", (ENDS,)),
    ("isclose", (ENDS, ENDS, 1e-5, 1e-8, True)),
    ("logaddexp", (ENDS[1:4], ENDS[1:4])),
    ("logaddexp", (X, Y[0])),
    ("fmax", (ODD, np.full(4, 0.9, np.float32))),
    ("fmin", (ODD, np.full(4, 0.9, np.float32))),
    ("nansum", (ODD, 1, True)),
    ("nanmean", (ODD, 0)),
    ("nanmax", (ODD, 1)),
    ("median", (CUBE, (0, 2))),
    ("median", (CUBE, 1, True)),
    ("quantile", (X, (0.0, 0.35, 1.0), 1)),
    ("quantile", (X, 0.4, 0, "nearest")),
    ("quantile", (X, 0.4, 0, "lower")),
    ("quantile", (X, 0.4, 0, "higher")),
    ("norm", (X, 1, 1)),
    ("norm", (X, np.inf, 0, True)),
    ("norm", (X, 3, 1)),
    ("norm", (CUBE, "fro", (0, 2))),
    ("average", (X, 1, np.array([1.0, 2.0, 0.5, 4.0], np.float32))),
    ("average", (X, None, np.abs(Y))),
    ("sort", (CUBE, 0)),
    ("sort", (np.array([[3, 1, 3, 0]]),)),
    ("argsort", (np.array([[3, 1, 3, 0]]), 1)),
    ("argsort", (X, None)),
    ("tril", (CUBE, 1)),
    ("triu", (X, -1)),
    ("diag", (X[0], 1)),
    ("diag", (X[0], -2)),
    ("diagonal", (CUBE, 1, 1, 2)),
    ("trace", (CUBE, 0, 1, 2)),
    ("meshgrid", (X[0], Y[0], X[1, :2])),
    ("hstack", ([X[0], Y[0]],)),
    ("vstack", ([X[0], Y[0]],)),
    ("dstack", ([X[0], Y[0]],)),
    ("append", (X, Y, 1)),
    ("dot", (X, Y[0])),
    ("dot", (CUBE, Y.T)),
    ("dot", (X, 2.0)),
    ("tensordot", (CUBE, CUBE, [[0, 2], [0, 2]])),
    ("tensordot", (X, Y)),
    ("inner", (X[0], Y[0])),
    ("extract_sequences", (np.arange(9, dtype=np.float32), 4, 2)),
    ("scatter", (POINTS[:, :1], X, (4, 4))),
    ("scatter", (np.array([[1], [1]]), np.array([2, 3]), (3,))),
    ("scatter_update", (X, POINTS[:, :1], Y)),
    ("scatter_update", (X, POINTS, Y[:, 0], "add")),
    ("slice", (X, (2, 3), (2, 2))),
    ("segment_sum", (X, np.array([3, 1, 1]), 3)),
    ("segment_max", (X[:, 0], np.array([1, 3, 1]), 5)),
    ("isin", (BITS[0], [3, 6])),
    ("searchsorted", (np.array([1, 2, 2, 3]), np.array([2, 0, 4]), "right")),
    ("layer_normalization", (X, Y[0], Y[1], -1, 1e-5)),
    ("rms_normalization", (X, Y[0], -1, 1e-5)),
    ("batch_normalization", (CUBE, Y[:, 0], np.abs(X[:, 0]), 1, X[:, 1], Y[:, 1], 1e-4)),
    ("binary_crossentropy", (HOT, SHARES * 4 - 2, True)),
    ("categorical_crossentropy", (HOT, SHARES * 4 - 2, True)),
    ("categorical_crossentropy", (HOT.T.copy(), SHARES.T * 3, False, 0)),
    ("sparse_categorical_crossentropy", (np.array([[2], [0]]), SHARES * 4 - 2, True)),
    ("dot_product_attention", (HEADS, HEADS, HEADS, None, None, 0.3, True)),
    ("dot_product_attention", (HEADS, HEADS, HEADS, HEADS[:1, :3, 0, :3], HEADS[:1, :, 0, :1] < 1)),
]


def _scatter_update(inputs, indices, updates, reduction=None):
    found = np.array(inputs)
    for place, update in zip(indices, updates, strict=True):
        place = tuple(place)
        found[place] = update if reduction is None else found[place] + update
    return found


def _scatter(indices, values, shape):
    zeros = np.zeros(shape, np.asarray(values).dtype)
    return _scatter_update(zeros, indices, values, "add")


def _window(x, starts, shape):
    first = [min(a, n - b) for a, b, n in zip(starts, shape, x.shape, strict=True)]
    return tuple(np.s_[a : a + b] for a, b in zip(first, shape, strict=True))


def _slice_update(x, starts, updates):
    found = x.copy()
    found[_window(x, starts, updates.shape)] = updates
    return found


def _segments(reduce, empty):
    def call(data, ids, count=None):
        count = max(ids) + 1 if count is None else count
        rows = [data[ids == i] for i in range(count)]
        return np.stack(
            [reduce(x, axis=0) if len(x) else np.full(data.shape[1:], empty) for x in rows]
        )

    return call


def _normalized(x, gamma=1, beta=0, axis=-1, epsilon=1e-7):
    centred = x - x.mean(axis, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis, keepdims=True) + epsilon) * gamma + beta


def _batch_normalized(x, mean, variance, axis, offset=0, scale=1, epsilon=1e-3):
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis((moved - mean) / np.sqrt(variance + epsilon) * scale + offset, -1, axis)


def _norm(x, ord=None, axis=None, keepdims=False):
    size = np.abs(x)
    if ord == np.inf:
        return size.max(axis, keepdims=keepdims)
    ord = 2 if ord in (None, "fro") else ord
    return (size**ord).sum(axis, keepdims=keepdims) ** (1 / ord)


def _binary(target, output, from_logits=False):
    p = 1 / (1 + np.exp(-output)) if from_logits else output
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def _categorical(target, output, from_logits=False, axis=-1):
    p = np.exp(output) if from_logits else output
    return -(target * np.log(p / p.sum(axis, keepdims=True))).sum(axis)


def _sparse(target, output, from_logits=False):
    hot = np.eye(output.shape[-1])[np.reshape(target, -1)]
    return _categorical(hot, output, from_logits)


def _attention(q, k, v, bias=0, mask=None, scale=None, causal=False):
    scores = np.einsum("btnh,bsnh->bnts", q, k) * (scale or q.shape[-1] ** -0.5)
    scores = scores + (0 if bias is None else bias)
    if causal:
        mask = np.tri(*scores.shape[2:], dtype=bool)
    terms = np.exp(scores) * (1 if mask is None else mask)
    return np.einsum("bnts,bsnh->btnh", terms / terms.sum(-1, keepdims=True), v)


def _listed(function):
    return lambda *arguments: list(function(*arguments))


MORE_DEFINITIONS = {
    "copy": np.array,
    "empty_like": np.zeros_like,
    "swish": lambda x: x / (1 + np.exp(-x)),
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "norm": _norm,
    "average": lambda x, axis=None, weights=None: np.average(
        x, axis, None if weights is None else weights
    ),
    "nan_to_num": lambda x, nan=0.0, high=MOST, low=-MOST: np.nan_to_num(x, True, nan, high, low),
    "nansum": lambda x, axis=None, keepdims=False: np.nansum(x, axis, keepdims=keepdims),
    "quantile": lambda x, q, axis=None, method="linear": np.quantile(x, q, axis, method=method),
    "isclose": lambda x, y, *given: np.isclose(x, y, *given),
    "saturate_cast": lambda x, dtype: np.clip(x, 0, 255).astype(dtype),
    "median": lambda x, axis=None, keepdims=False: np.median(x, axis, keepdims=keepdims),
    "sort": lambda x, axis=-1: np.sort(x, axis),
    "argsort": lambda x, axis=-1: np.argsort(x, axis, kind="stable"),
    "multi_hot": lambda ids, n: np.eye(n)[ids].max(1),
    "extract_sequences": lambda x, n, step: np.lib.stride_tricks.sliding_window_view(x, n, -1)[
        ..., ::step, :
    ],
    "meshgrid": _listed(np.meshgrid),
    "hsplit": _listed(np.hsplit),
    "scatter": _scatter,
    "scatter_update": _scatter_update,
    "slice": lambda x, starts, shape: x[_window(x, starts, shape)],
    "slice_update": _slice_update,
    "segment_sum": _segments(np.sum, 0),
    "segment_max": _segments(np.max, -np.inf),
    "segment_min": _segments(np.min, np.inf),
    "in_top_k": lambda targets, x, k: (x > x[np.arange(len(x)), targets][:, None]).sum(1) < k,
    "layer_normalization": _normalized,
    "rms_normalization": lambda x, scale=1, axis=-1, epsilon=1e-7: (
        x / np.sqrt((x**2).mean(axis, keepdims=True) + epsilon) * scale
    ),
    "batch_normalization": _batch_normalized,
    "binary_crossentropy": _binary,
    "categorical_crossentropy": _categorical,
    "sparse_categorical_crossentropy": _sparse,
    "dot_product_attention": _attention,
}
