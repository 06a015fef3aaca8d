"""Operations that give several arrays, that loop, or that are told of what is outside."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.tape import Tape, Traced

X = np.array([[3, 1, 3, np.nan], [0, -0.0, -1, 2]], np.float32)


def test_largest_numbers_come_with_their_places():
    values, places = ops.top_k(X, 3)
    np.testing.assert_array_equal(values, [[np.nan, 3, 3], [2, 0, 0]])
    assert places.dtype == np.int32 and places.tolist() == [[3, 0, 2], [3, 0, 1]]
    assert ops.top_k(np.array([5, 7, 7, 1]), 2)[1].tolist() == [1, 2]
    with pytest.raises(ValueError, match="k must be from 0 to 4, the size of the last axis, got 5"):
        ops.top_k(X, 5)


def test_gradient_of_the_largest_goes_to_their_places():
    tape = Tape()
    x = tape.watch(np.array([[1.0, 4.0, 2.0]], np.float32))
    values, places = ops.top_k(x, 2)
    assert not isinstance(places, Traced)
    d = np.array([[5.0, 6.0]], np.float32)
    assert tape.gradients([values], [d], of=[x])[0].tolist() == [[0, 5, 6]]


def test_largest_of_symbolic_tensors():
    source = layers.Input((4,))
    values, places = ops.top_k(source, 2)
    model = maskseq.Model(source, {"values": values, "places": places})
    found = model.predict(X, verbose=0)
    np.testing.assert_array_equal(found["values"], ops.top_k(X, 2)[0])
    np.testing.assert_array_equal(found["places"], ops.top_k(X, 2)[1])


@pytest.mark.slow
def test_several_results_equal_those_of_keras():
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)
    for name, arguments in (
        ("top_k", (x, 3)),
        ("top_k", (X, 2)),
        ("moments", (x, [0, 1], True)),
        ("nonzero", (X > 1,)),
        ("unravel_index", (np.array([3, 7]), (3, 4))),
    ):
        ours, theirs = (getattr(o, name)(*arguments) for o in (ops, keras.ops))
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, np.asarray(b), rtol=1e-6)


def test_several_results():
    mean, variance = ops.moments(X[:, :3], [0, 1], keepdims=True)
    np.testing.assert_allclose(mean, [[1.0]])
    np.testing.assert_allclose(variance, [[14 / 6]], rtol=1e-6)
    assert [x.tolist() for x in ops.nonzero(X[1])] == [[2, 3]]
    assert [x.tolist() for x in ops.unravel_index([3, 7], (3, 4))] == [[0, 1], [3, 3]]
    found = ops.nan_to_num(np.array([np.nan, np.inf, -np.inf], np.float32))
    most = np.finfo(np.float32).max
    assert found.tolist() == [0, most, -most]


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: ops.scatter([[0, 4]], [1.0], (3, 4)), r"within \(3, 4\), got 4 at \[0, 1\]"),
        (lambda: ops.scatter_update(X, [[2]], X[:1]), r"within \(2, 4\), got 2 at \[0, 0\]"),
        (lambda: ops.scatter_update(X, [[0, 0]], [1.0], "mean"), "reduction must be one of"),
        (lambda: ops.slice(X, (0,), (1, 1)), "2 numbers, one for each axis"),
        (lambda: ops.slice(X, (0, 0), (3, 1)), r"shape must be within \(2, 4\), got \(3, 1\)"),
        (lambda: ops.quantile(X, 2), "q must be from 0 to 1, got 2"),
        (lambda: ops.quantile(X, 0.3, method="middle"), "method must be 'linear' or one of"),
        (lambda: ops.norm(X, "nuc", (0, 1)), "ord must be None or 'fro' for 2 axes"),
        (lambda: ops.tensordot(X, X, [[0], [0, 1]]), "as many of x1 as of x2"),
        (lambda: ops.meshgrid(X, indexing="yx"), "indexing must be 'xy' or 'ij'"),
        (lambda: ops.diag(X[None]), "x must have one axis or two"),
        (lambda: ops.dot_product_attention(X, X, X), "must be .batch, time, heads, head_dim"),
        (lambda: ops.scan(lambda c, x: (c, x), 0), "scan needs xs or length"),
        (lambda: ops.scan(lambda c, x: (c, x), 0, X, 3), "all xs must have 3 rows"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_combination_that_passes_no_gradient_says_so():
    tape = Tape()
    x = tape.watch(X)
    y = ops.scatter_update(x, np.array([[0, 1]]), np.ones(1, np.float32), "max")
    with pytest.raises(TypeError, match="reduction='max' passes no gradient"):
        tape.gradients(y, of=[x])


def test_of_several_updates_the_last_one_stays_and_gets_the_gradient():
    tape = Tape()
    updates = tape.watch(np.array([1.0, 2.0, 3.0], np.float32))
    y = ops.scatter_update(np.zeros(3, np.float32), np.array([[1], [1], [0]]), updates)
    assert y.value.tolist() == [3, 2, 0]
    assert tape.gradients(y, of=[updates])[0].tolist() == [0, 1, 1]


def test_equal_numbers_of_a_segment_share_its_gradient():
    tape = Tape()
    x = tape.watch(np.array([2.0, 2.0, 1.0, 5.0], np.float32))
    y = ops.segment_max(x, np.array([0, 0, 0, 9]), 2)
    assert y.value.tolist() == [2, -np.inf]
    assert tape.gradients(y, of=[x])[0].tolist() == [0.5, 0.5, 0, 0]


def test_loops_and_branches():
    assert ops.cond(ops.any(X > 2), lambda: "yes", lambda: "no") == "yes"
    assert ops.switch(np.int32(7), [lambda x: x, lambda x: -x], 3) == -3
    assert ops.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0)) == (5, 10)
    assert ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=3) == 3
    assert ops.fori_loop(1, 4, lambda i, total: total + i, 0) == 6
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    last, sums = ops.scan(lambda c, x: (c + x, {"sum": c + x}), np.zeros(2, np.float32), rows)
    np.testing.assert_array_equal(sums["sum"], np.cumsum(rows, 0))
    np.testing.assert_array_equal(last, rows.sum(0))
    back = ops.scan(lambda c, x: (c + x, c), np.zeros(2, np.float32), rows, reverse=True)[1]
    np.testing.assert_array_equal(back, [[6, 8], [4, 5], [0, 0]])
    assert ops.scan(lambda c, _: (c + 1, c), 0, length=3)[1].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(ops.map(lambda r: r[0] * r[1], (rows, rows)), rows**2)
    np.testing.assert_array_equal(ops.vectorized_map(ops.sum, rows), rows.sum(1))


def test_gradients_pass_a_loop():
    tape = Tape()
    x = tape.watch(np.array([2.0, 3.0, 4.0], np.float32))
    product, _ = ops.scan(lambda c, part: (c * part, None), np.float32(1), x)
    assert tape.gradients(product, of=[x])[0].tolist() == [12, 8, 6]


def test_loops_run_in_the_call_of_a_layer():
    class Running(layers.Layer):
        def call(self, x):
            def step(carry, part):
                carry = carry * 0.5 + part
                return carry, carry

            rows = ops.moveaxis(x, 1, 0)
            return ops.moveaxis(ops.scan(step, rows[0] * 0, rows)[1], 0, 1)

    source = layers.Input((None, 2))
    model = maskseq.Model(source, Running()(source))
    assert model.output_shape == (None, None, 2)
    x = np.ones((1, 3, 2), np.float32)
    np.testing.assert_allclose(model.predict(x, verbose=0)[0, :, 0], [1, 1.5, 1.75])
