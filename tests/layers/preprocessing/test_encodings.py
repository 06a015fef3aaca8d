"""CategoryEncoding and Discretization: weights, odd numbers, boundaries, and what is refused."""

import numpy as np
import pytest

from maskseq import Ragged, layers
from tests.support import twin


def test_ids_outside_leave_no_trace():
    x = np.array([[0, 5, -1], [2, 2, 3]])
    assert layers.CategoryEncoding(3)(x).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert layers.CategoryEncoding(3, "count")(x).tolist() == [[1, 0, 0], [0, 0, 2]]
    assert layers.CategoryEncoding(3, "one_hot")(x)[0].tolist() == [[1, 0, 0], [0] * 3, [0] * 3]


def test_weights_are_counted(rng):
    x = rng.integers(0, 4, (3, 5))
    weights = rng.standard_normal((3, 5)).astype(np.float32)
    layer = layers.CategoryEncoding(4, "count")
    wanted = [
        [sum(w for i, w in zip(row, ws, strict=True) if i == k) for k in range(4)]
        for row, ws in zip(x, weights.astype(np.float64), strict=True)
    ]
    np.testing.assert_allclose(layer(x, count_weights=weights), wanted, rtol=1e-6, atol=1e-7)
    ragged = Ragged.from_list([row[:n] for row, n in zip(x, (5, 0, 2), strict=True)])
    of_ragged = [row[:n].tolist() for row, n in zip(weights, (5, 0, 2), strict=True)]
    answer = layer(ragged, count_weights=of_ragged)
    np.testing.assert_allclose(answer[0], wanted[0], rtol=1e-6, atol=1e-7)
    assert not answer[1].any()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_floats_are_encoded_as_keras_does(mode):
    x = np.float32([[0, 1.5, 2], [2.7, -1, 3]])
    theirs, ours = twin.twins(lambda L: L.CategoryEncoding(4, mode))
    np.testing.assert_array_equal(np.asarray(theirs(x)), ours(x))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 3, 2)])
def test_weights_are_counted_as_keras_does(shape, rng):
    x = rng.integers(0, 4, shape).astype("int32")
    weights = rng.standard_normal(shape).astype(np.float32)
    theirs, ours = twin.twins(lambda L: L.CategoryEncoding(4, "count"))
    wanted = np.asarray(theirs(x, count_weights=weights))
    np.testing.assert_allclose(ours(x, count_weights=weights), wanted, atol=1e-6)


def test_old_name_of_a_mode_is_known():
    assert layers.CategoryEncoding(3, "binary").output_mode == "multi_hot"


@pytest.mark.parametrize(
    "boundaries, x, bins",
    [
        ([0.0, 1.0], [-1, 0, 0.5, 1, 7, np.nan, np.inf, -np.inf], [0, 1, 1, 2, 2, 2, 2, 0]),
        ([1.0, 0.0], [-1, 0, 0.5, 1, 7], [2, 1, 1, 0, 0]),
        ([0.0, 0.0], [-1, 0, 1], [0, 2, 2]),
        ([], [-1, 1], [0, 0]),
        ([0.1], [0.1, np.float32(0.1), 0.09999999], [1, 1, 0]),
    ],
)
def test_bins_begin_at_their_boundaries(boundaries, x, bins):
    layer = layers.Discretization(boundaries)
    assert layer(np.float32(x)).tolist() == bins
    assert layer(np.float32(x)).dtype == np.int32


@pytest.mark.slow
@pytest.mark.parametrize("boundaries", [[0.0, 1.0, 2.5], [2.0, 1.0, -1.0], [0.0, 0.0]])
def test_bins_are_those_of_keras(boundaries, rng):
    x = np.concatenate([rng.normal(0, 2, 200), boundaries, [np.nan, np.inf]]).astype(np.float32)
    theirs, ours = twin.twins(lambda L: L.Discretization(boundaries))
    np.testing.assert_array_equal(np.asarray(theirs(x)), ours(x))


def test_boundaries_are_learnt_from_data_in_any_form(rng):
    x = rng.standard_normal(50).astype(np.float32)
    layer = layers.Discretization(num_bins=4)
    layer.adapt(x)
    whole = layer.bin_boundaries
    assert len(whole) == 3 and np.bincount(layer(x)).min() >= 10
    for data in (x[::-1], x.tolist(), iter([x[:20], x[20:]]), Ragged.from_list([x[:9], x[9:]])):
        layer.adapt(data)
        assert layer.bin_boundaries == pytest.approx(whole)
    layer.adapt(iter([x[:20], x[20:]]), steps=1)
    assert layer.bin_boundaries != pytest.approx(whole)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.CategoryEncoding(), "CategoryEncoding: num_tokens must be an int"),
        (lambda: layers.CategoryEncoding(0), "at least 1, got 0"),
        (lambda: layers.CategoryEncoding(3, "int"), "CategoryEncoding: output_mode must be one of"),
        (lambda: layers.CategoryEncoding(3, sparse=True), "sparse must be False"),
        (lambda: layers.Discretization(), "either bin_boundaries or num_bins must be given"),
        (lambda: layers.Discretization([1.0], 2), "either bin_boundaries or num_bins"),
        (lambda: layers.Discretization(num_bins=0), "Discretization: num_bins must be an int"),
        (lambda: layers.Discretization([0, 2, 1]), "that ascend or descend, got .0, 2, 1."),
        (lambda: layers.Discretization(["a"]), "bin_boundaries must be numbers"),
        (lambda: layers.Discretization([np.nan]), "bin_boundaries must be numbers"),
        (lambda: layers.Discretization([[1.0]]), "bin_boundaries must be numbers"),
        (lambda: layers.Discretization([1.0], epsilon=0), "epsilon must be between 0 and 1, got 0"),
        (lambda: layers.Discretization([1.0], output_mode="bins"), "output_mode must be one of"),
        (lambda: layers.Discretization([1.0]).adapt([1.0]), "adapt needs a layer with num_bins"),
        (lambda: layers.Discretization(num_bins=2).adapt([]), "must hold numbers to adapt to"),
        (lambda: layers.Discretization(num_bins=2).adapt(["a"]), "data must be numbers"),
        (lambda: layers.Discretization(num_bins=2)([1.0]), "given, or learnt by adapt"),
        (lambda: layers.Discretization([1.0])(["a"]), "inputs must be numbers"),
        (lambda: layers.CategoryEncoding(2)(["a"]), "ids must be numbers"),
        (lambda: layers.CategoryEncoding(2)([1], count_weights=[1.0]), "output_mode='count' only"),
        (
            lambda: layers.CategoryEncoding(2, "count")([1], count_weights=[1.0, 2.0]),
            r"the shape of the inputs \(1,\), got \(2,\)",
        ),
    ],
)
def test_what_is_wrong_is_named(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
