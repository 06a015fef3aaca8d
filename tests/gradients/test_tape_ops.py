"""Gradients of all operations against differences of their definitions in float64."""

import numpy as np
import pytest

from maskseq import ops
from maskseq.ops import OPERATIONS
from maskseq.ops.operation import RECORDERS, operation
from maskseq.tape import Tape, Traced
from tests.graph.test_ops import CASES, OPTIONS, PRODUCTS
from tests.support.definitions.differences import slopes
from tests.support.definitions.reference_ops import definition, widened

ALL = [*CASES.items(), *OPTIONS, *PRODUCTS]
ALL += [
    ("einsum", ("abc,cd,bd->ad", *(np.ones((2, 3, 4), np.float32), np.eye(4, 5), np.ones((3, 5))))),
    ("einsum", ("abb->a", np.arange(18, dtype=np.float32).reshape(2, 3, 3))),
    ("einsum", ("ab,bc->c", np.arange(6, dtype=np.float32).reshape(2, 3), np.eye(3))),
    ("get_item", (np.arange(12, dtype=np.float32).reshape(3, 4), [np.array([0, 0, 2]), slice(2)])),
    ("get_item", (np.arange(12, dtype=np.float32).reshape(3, 4), (slice(None, None, 2), None, 1))),
    ("prod", (np.array([[0, 2, 3], [0, 0, 4]], np.float32), 1)),
    ("pad", (np.arange(6, dtype=np.float32).reshape(2, 3), ((1, 1), (2, 0)), "reflect")),
    ("take", (np.arange(6, dtype=np.float32), np.array([[1, 1], [5, 0]]))),
    ("add", (np.ones((2, 1, 3), np.float32), np.ones((4, 1), np.float32))),
    ("multiply", (np.ones((), np.float32), np.arange(3, dtype=np.float32))),
    ("max", (np.array([[1, 3, 3], [2, 0, 1]], np.float32), 1)),
    (
        "clip",
        (
            np.array([[-2, 0, 0.5], [3, 0.9, -1.5]], "f"),
            np.array([-1, 0.7, 0], "f"),
            np.ones((), "f"),
        ),
    ),
    ("full_like", (np.ones((2, 3), np.float32), np.array([1.5, 2, 3], np.float32))),
    ("linspace", (np.array([[1, 2, 3]], np.float32), np.array([[5], [0]], np.float32), 4)),
    (
        "linspace",
        (np.array([1, 2], np.float32), np.array([5, 0], np.float32), 3, False, False, None, -1),
    ),
    ("linspace", (np.float32([1, 2]), np.float32([5, 0]), 3, False, True)),
    ("linspace", (np.float32([1, 2]), np.float32([5, 0]), 1)),
    ("matmul", (np.ones((1, 0), np.float32), np.ones((0,), np.float32))),
    ("matmul", (np.ones((2, 1, 0), np.float32), np.ones((0, 3), np.float32))),
    ("matmul", (np.ones((0, 2), np.float32), np.ones((2, 3), np.float32))),
    ("prod", (np.ones((2, 3, 0), np.float32), 0)),
]


JUMPS_MADE_OF_OTHERS = ("allclose", "isneginf", "isposinf", "saturate_cast", "empty_like")


def moved(arguments):
    """Arguments away from the corners of functions."""
    if isinstance(arguments, (tuple, list)):
        return type(arguments)(map(moved, arguments))
    floats = isinstance(arguments, np.ndarray) and arguments.dtype.kind == "f"
    return np.asarray(arguments * 0.97 + 0.013, np.float32) if floats else arguments


def floats_in(arguments):
    if isinstance(arguments, (tuple, list)):
        return any(map(floats_in, arguments))
    return isinstance(arguments, np.ndarray) and arguments.dtype.kind == "f"


def reference(name):
    if name == "get_item":
        return lambda x, key: x[tuple(key) if isinstance(key, list) else key]
    if name == "linspace":
        return lambda *given: parts if type(parts := np.linspace(*given)) is not tuple else [*parts]
    if name == "pad":
        return lambda x, width, mode="constant", value=0: np.pad(
            x, width, mode, **({"constant_values": value} if mode == "constant" else {})
        )
    return definition(name)


def differentiable(name):
    recorder = RECORDERS.get(getattr(ops, name))
    return recorder.gradients != () if recorder else name not in JUMPS_MADE_OF_OTHERS


def has_slopes(name, arguments):
    """True if what the operation gives is finite, so that differences tell its slope."""
    with np.errstate(all="ignore"):
        found = reference(name)(*widened(arguments))
    return all(np.isfinite(x).all() for x in (found if isinstance(found, list) else [found]))


@pytest.mark.parametrize(
    "name, arguments",
    [(n, a) for n, a in ALL if differentiable(n) and floats_in(a) and has_slopes(n, a)],
    ids=lambda x: str(x)[:12],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_gradient_equals_differences_of_the_definition(name, arguments):
    arguments = arguments if name in ("max", "prod", "pad") else moved(arguments)
    tape, watched = Tape(), []

    def watch(x):
        if isinstance(x, (tuple, list)):
            return type(x)(map(watch, x))
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            return x
        watched.append(tape.watch(np.asarray(x, np.float32)))
        return watched[-1]

    given = watch(arguments)
    y = getattr(ops, name)(*given)
    y = [*y] if isinstance(y, tuple) else y
    if not isinstance(y, list) and not isinstance(y, Traced):
        assert np.asarray(y).dtype.kind != "f"
        return
    parts = y if isinstance(y, list) else [y]
    rng = np.random.default_rng(0)
    ds = [rng.standard_normal(part.shape).astype(np.float32) for part in parts]
    found = tape.gradients(parts, ds, of=watched)

    def loss(*values):
        values = iter(values)

        def put(x):
            if isinstance(x, (tuple, list)):
                return type(x)(map(put, x))
            is_watched = isinstance(x, np.ndarray) and x.dtype.kind == "f"
            return next(values) if is_watched else x

        result = reference(name)(*put(widened(arguments)))
        results = result if isinstance(result, (list, tuple)) else [result]
        return sum((np.float64(d) * r).sum() for d, r in zip(ds, results, strict=True))

    wanted = slopes(loss, [x.value for x in watched])
    for gradient, slope in zip(found, wanted, strict=True):
        gradient = np.zeros(slope.shape) if gradient is None else gradient
        assert gradient.shape == slope.shape
        np.testing.assert_allclose(
            gradient, slope, rtol=2e-5, atol=2e-5 * abs(slope).max(initial=0) + 1e-6
        )


def test_every_operation_says_what_its_gradient_is():
    unknown = {
        k for k, f in OPERATIONS.items() if f in RECORDERS and RECORDERS[f].gradients is None
    }
    assert not unknown


@pytest.mark.parametrize("name", [n for n in CASES if not differentiable(n)])
def test_operations_in_jumps_pass_no_gradient(name):
    tape = Tape()
    arguments = [
        tape.watch(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in CASES[name]
    ]
    assert not isinstance(getattr(ops, name)(*arguments), Traced)


def test_operation_without_gradient_raises_with_its_name():
    @operation("Strange")
    def strange(x):
        return x

    with pytest.raises(TypeError, match="ops.strange passes no gradient on: use maskseq.ops"):
        strange(Tape().watch(np.ones(3, np.float32)))
    OPERATIONS.pop("Strange")


@pytest.mark.parametrize(
    "name, call",
    [
        ("pad", lambda x: ops.pad(x, (1, 1), constant_values=x[0])),
        ("threshold", lambda x: ops.threshold(x, 0.5, x[0])),
        ("leaky_relu", lambda x: ops.leaky_relu(x, x[0])),
        ("elu", lambda x: ops.elu(x, alpha=x[0])),
        ("soft_shrink", lambda x: ops.soft_shrink(x, x[0])),
        ("arange", lambda x: ops.arange(x[0], 9)),
    ],
)
def test_an_argument_that_passes_no_gradient_raises_with_its_name(name, call):
    with pytest.raises(TypeError, match=f"ops.{name} passes no gradient"):
        call(Tape().watch(np.ones(3, np.float32)))


def test_variance_of_nothing_passes_nothing():
    tape = Tape()
    x = tape.watch(np.ones((2, 0), np.float32))
    assert tape.gradients(ops.var(x, axis=1), of=[x])[0].shape == (2, 0)


def test_stop_gradient_stops_it():
    tape = Tape()
    x = tape.watch(np.ones(3, np.float32))
    assert tape.gradients(x * ops.stop_gradient(x), of=[x])[0].tolist() == [1, 1, 1]
