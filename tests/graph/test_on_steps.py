"""Operations that treat each step by itself compute padding once: the bits of the padded array."""

import numpy as np
import pytest

from maskseq import ops
from maskseq.graph.symbols import Operation
from maskseq.nest import flatten
from maskseq.rows import Layout, Rows, Unmasked

FEATURES, TIME = 6, 9
LENGTHS = np.array([[4], [0], [1], [9], [2]])
W = np.random.default_rng(1).standard_normal((FEATURES, 5)).astype(np.float32)

ONCE = {
    "clip": lambda x, y: (ops.clip, x, -0.5, 0.5),
    "clip, by name": lambda x, y: (ops.clip, {"x": x, "x_min": -0.5, "x_max": 0.5}),
    "round": lambda x, y: (ops.round, x, 1),
    "cast": lambda x, y: (ops.cast, x, "int32"),
    "where": lambda x, y: (ops.where, x, y, 0.0),
    "zeros_like": lambda x, y: (ops.zeros_like, x),
    "gelu": lambda x, y: (ops.gelu, x, {"approximate": False}),
    "leaky_relu": lambda x, y: (ops.leaky_relu, x, 0.3),
    "add features": lambda x, y: (ops.add, x, W[:, 0]),
    "divide by sums": lambda x, y: (ops.divide, x, y[..., :1]),
    "softmax": lambda x, y: (ops.softmax, x),
    "softmax, axis 2": lambda x, y: (ops.softmax, x, 2),
    "log_softmax": lambda x, y: (ops.log_softmax, x, {"axis": -1}),
    "sparsemax": lambda x, y: (ops.sparsemax, x),
    "glu": lambda x, y: (ops.glu, x),
    "normalize": lambda x, y: (ops.normalize, x),
    "logsumexp": lambda x, y: (ops.logsumexp, x, {"axis": (-1,), "keepdims": True}),
    "cumsum": lambda x, y: (ops.cumsum, x, 2),
    "argsort": lambda x, y: (ops.argsort, x),
    "flip": lambda x, y: (ops.flip, x, -1),
    "take": lambda x, y: (ops.take, x, [4, 0], {"axis": 2}),
    "repeat": lambda x, y: (ops.repeat, x, 2, -1),
    "split": lambda x, y: (ops.split, x, 3, {"axis": -1}),
    "concatenate": lambda x, y: (ops.concatenate, [x, y[..., :2], x], 2),
    "stack": lambda x, y: (ops.stack, [x, y], {"axis": -1}),
    "stack, axis 3": lambda x, y: (ops.stack, [x, y], 3),
    "expand_dims": lambda x, y: (ops.expand_dims, x, -1),
    "brackets": lambda x, y: (ops.get_item, x, (..., slice(1, 4))),
    "whole axes": lambda x, y: (ops.get_item, x, (slice(None), slice(None), slice(None, None, -1))),
    "a new axis": lambda x, y: (ops.get_item, x, (..., None)),
    "matmul": lambda x, y: (ops.matmul, x, W),
    "einsum": lambda x, y: (ops.einsum, "btf,fg->btg", x, W),
    "einsum, second": lambda x, y: (ops.einsum, "fg, btf -> btg", W, x),
    "einsum, turned": lambda x, y: (ops.einsum, "abf,fg->abgf", x, W),
}
"""Calls whose steps are computed once for each pad row."""
for reduction in ("sum", "prod", "mean", "var", "std", "max", "min", "argmax", "argmin", "all"):
    function = getattr(ops, reduction)
    ONCE[reduction] = lambda x, y, f=function: (f, x, {"axis": -1, "keepdims": True})
PADDED = {
    "sum to numbers": lambda x, y: (ops.sum, x, -1),
    "a feature": lambda x, y: (ops.get_item, x, (..., 0)),
    "times a vector": lambda x, y: (ops.matmul, x, W[:, 0]),
}
"""Those whose result has no features: it is an array at once."""
MEET = {
    "add times": lambda x, y: (ops.add, x, np.ones((TIME, 1), np.float32)),
    "where, places": lambda x, y: (ops.where, x),
    "softmax over time": lambda x, y: (ops.softmax, x, 1),
    "softmax over time, from behind": lambda x, y: (ops.softmax, x, -2),
    "softmax of both": lambda x, y: (ops.softmax, x, (-2, -1)),
    "sum of all": lambda x, y: (ops.sum, x),
    "sum over time": lambda x, y: (ops.sum, x, [1, 2]),
    "flat cumsum": lambda x, y: (ops.cumsum, x),
    "flip": lambda x, y: (ops.flip, x, 1),
    "concatenate with an array": lambda x, y: (ops.concatenate, [x, np.ones((5, TIME, 2))], -1),
    "stack with an array": lambda x, y: (ops.stack, [np.ones((5, TIME, FEATURES)), x], -1),
    "concatenate in time": lambda x, y: (ops.concatenate, [x, y], 1),
    "stack in front": lambda x, y: (ops.stack, [x, y], 2),
    "stack behind time": lambda x, y: (ops.stack, [x, y], -2),
    "repeat": lambda x, y: (ops.repeat, x, 2),
    "expand_dims": lambda x, y: (ops.expand_dims, x, 2),
    "a step": lambda x, y: (ops.get_item, x, (slice(None), 1)),
    "steps": lambda x, y: (ops.get_item, x, (slice(None), slice(1, None), slice(None))),
    "steps, from behind": lambda x, y: (ops.get_item, x, (..., slice(0, 2), slice(None))),
    "a sequence": lambda x, y: (ops.get_item, x, 1),
    "features by list": lambda x, y: (ops.get_item, x, (..., [0, 2])),
    "products of steps": lambda x, y: (ops.einsum, "btf,bsf->bts", x, y),
    "a product for each sequence": lambda x, y: (
        ops.einsum,
        "btf,bf->btf",
        x,
        np.ones((5, FEATURES)),
    ),
    "sums over time": lambda x, y: (ops.einsum, "btf,fg->bg", x, W),
    "steps in front": lambda x, y: (ops.einsum, "btf,fg->tbg", x, W),
    "a diagonal": lambda x, y: (ops.einsum, "aaf,fg->ag", x[:, :5], W),
    "a matrix from the left": lambda x, y: (ops.matmul, np.ones((2, TIME), np.float32), x),
    "matrices": lambda x, y: (ops.matmul, x, np.ones((5, FEATURES, 2), np.float32)),
}


def some(rng: np.random.Generator, pads: str) -> Unmasked:
    layout = Layout.from_mask(np.arange(TIME) < LENGTHS)
    count = layout.steps + (layout.batch if pads == "own" else 1)
    values = rng.standard_normal((count, FEATURES)).astype(np.float32)
    return Unmasked(Rows(values, layout, pads == "carry"))


class Cut:
    """Features of steps, so that cases can take them of what is packed and of arrays."""

    def __init__(self, value):
        self.value = value

    def __getitem__(self, key):
        if type(self.value) is Unmasked and key[0] is ...:
            rows = self.value.rows
            return Unmasked(rows.with_values(rows.values[key]))
        array = self.value.to_tensor() if type(self.value) is Unmasked else self.value
        return np.asarray(array)[key]


def run(case, x, y, step):
    bare = lambda value: value.value if type(value) is Cut else value  # noqa: E731
    function, *given = case(Cut(x), Cut(y))
    options = given.pop() if type(given[-1]) is dict else {}
    given = [[*map(bare, g)] if type(g) is list else bare(g) for g in given]
    options = {name: bare(value) for name, value in options.items()}
    call = Operation("", function).step if step else function
    return call(*given, **options)


@pytest.mark.parametrize("pads", ["one", "own", "carry"])
@pytest.mark.parametrize("name", [*ONCE, *PADDED, *(f"{name} (time)" for name in MEET)])
def test_steps_have_the_bits_of_the_padded_array(rng, name, pads):
    case = (
        MEET[name.removesuffix(" (time)")] if name.endswith("(time)") else {**ONCE, **PADDED}[name]
    )
    x, y = some(rng, pads), some(rng, pads)
    found = flatten(run(case, x, y, step=True))
    wanted = flatten(run(case, x.to_tensor(), y.to_tensor(), step=False))
    assert [type(v) is Unmasked for v in found] == [name in ONCE] * len(wanted)
    for one, other in zip(found, wanted, strict=True):
        array = one.to_tensor() if type(one) is Unmasked else one
        assert array.dtype == other.dtype and array.shape == other.shape
        assert np.asarray(array).tobytes() == np.asarray(other).tobytes()


def test_another_layout_is_padded(rng):
    x = some(rng, "one")
    other = Unmasked(Rows(x.rows.values, Layout.from_mask(np.arange(TIME) >= TIME - LENGTHS)))
    found = Operation("", ops.add).step(x, other)
    np.testing.assert_array_equal(found, np.asarray(x.to_tensor()) + other.to_tensor())


def test_rows_of_other_axes_are_padded(rng):
    layout = Layout.from_mask(np.arange(4) < np.array([4, 1, 2, 3])[:, None])
    values = rng.standard_normal((layout.steps + 1, FEATURES)).astype(np.float32)
    x, y = Unmasked(Rows(values, layout)), Unmasked(Rows(values[:, None], layout))
    found = Operation("", ops.add).step(x, y)
    np.testing.assert_array_equal(found, np.asarray(x.to_tensor()) + y.to_tensor())
