"""Normalization: given or learnt mean and variance, for any axes."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin


def expected(x, axes, invert=False):
    others = tuple(i for i in range(x.ndim) if i not in axes)
    mean = np.mean(x, axis=others, keepdims=True, dtype=np.float64)
    deviation = np.std(x, axis=others, keepdims=True, dtype=np.float64)
    return x * deviation + mean if invert else (x - mean) / deviation


@pytest.mark.parametrize(
    "axis, axes", [(-1, {2}), (1, {1}), (None, set()), ((1, 2), {1, 2}), ([-1, 1], {1, 2})]
)
@pytest.mark.parametrize("invert", [False, True])
def test_adapted_layer_normalizes_its_data(rng, axis, axes, invert):
    x = (rng.standard_normal((50, 4, 3)) * [1, 2, 5] + 7).astype(np.float32)
    layer = layers.Normalization(axis, invert=invert)
    layer.adapt(x)
    np.testing.assert_allclose(layer(x), expected(x, axes, invert), rtol=1e-4, atol=1e-5)


def test_moments_are_exact_and_do_not_depend_on_order_or_batches(rng):
    x = np.float64([1e8, 1, -1e8, 3, 5e7, 2]).reshape(-1, 1)
    whole, parts, turned = (layers.Normalization() for _ in range(3))
    whole.adapt(x)
    parts.adapt(iter([x[:1], x[1:4], x[4:]]))
    turned.adapt(x[::-1])
    for layer in (parts, turned):
        np.testing.assert_array_equal(layer.mean, whole.mean)
        np.testing.assert_array_equal(layer.variance, whole.variance)
    assert whole.mean[0] == np.float32(5e7 + 6) / 6


@pytest.mark.parametrize(
    "data",
    [
        [[1.0, 2.0], [3.0, 6.0]],
        [np.float32([[1, 2]]), np.float32([[3, 6]])],
        [(np.float32([[1, 2], [3, 6]]), np.zeros(2))],
        (batch for batch in [np.int8([[1, 2], [3, 6]])]),
        maskseq.Ragged.from_list([[[1.0, 2.0]], [[3.0, 6.0]]]),
        np.asfortranarray([[1.0, 2.0], [3.0, 6.0]]),
    ],
    ids=["lists", "batches", "batches with targets", "generator", "ragged", "fortran"],
)
def test_data_comes_in_many_forms(data):
    layer = layers.Normalization()
    layer.adapt(data)
    np.testing.assert_array_equal(layer.mean, [2, 4])
    np.testing.assert_array_equal(layer.variance, [1, 4])


def test_layer_adapted_to_steps_normalizes_sequences(rng):
    layer = layers.Normalization()
    layer.adapt(maskseq.Ragged.from_list([[[1.0], [3.0]], [[5.0]]]))
    model = maskseq.Sequential([layer, layers.LSTM(2)])
    np.testing.assert_allclose(layer(np.float32([[[3.0]]])), 0, atol=1e-6)
    assert model.predict([[[1.0], [3.0]], [[5.0]]]).shape == (2, 2)


def test_no_variance_divides_by_epsilon():
    layer = layers.Normalization()
    layer.adapt(np.ones((3, 1)))
    np.testing.assert_allclose(layer(np.float32([[2]])), 1e7, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("axis", [-1, None, (1, 2)])
def test_adapt_equals_keras(axis, rng):
    x = rng.normal(3, 5, size=(40, 6, 3)).astype(np.float32)
    theirs, ours = twin.twins(lambda L: L.Normalization(axis))
    theirs.adapt(x)
    ours.adapt(x)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)
        assert a.dtype == b.dtype
    np.testing.assert_allclose(theirs(x), ours(x), rtol=1e-3, atol=1e-4)
    assert theirs.get_config().keys() - ours.get_config().keys() == set()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"axis": 1.5}, "Normalization: axis must be ints, got 1.5"),
        ({"axis": [0, True]}, "Normalization: axis must be"),
        ({"mean": 1.0}, "must be given together, got mean=1.0 and variance=None"),
        ({"mean": [1.0], "variance": 2.0}, r"one shape, of at most 1 axes, got \(1,\) and \(\)"),
        ({"mean": [[1.0]], "variance": [[1.0]]}, "of at most 1 axes"),
        ({"mean": "a", "variance": 1.0}, "Normalization: mean must be a number"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.Normalization(**options)


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((None, None, 3), {"axis": 1}, "axis must be of known size"),
        ((None, 3), {"axis": 2}, "axis must be below 2"),
        ((None, 3), {"mean": [1.0, 2.0], "variance": [1.0, 2.0]}, "broadcast"),
    ],
)
def test_wrong_shapes_are_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        layers.Normalization(**options)(maskseq.Input(shape[1:]))


@pytest.mark.parametrize(
    "data, message",
    [
        ([], "must hold values to adapt to, got none"),
        (np.empty((0, 3)), "must hold values"),
        ([np.ones((2, 3)), np.ones((2, 4))], r"the sizes \(3,\) on axis \(-1,\), got shape \(2, 4"),
        (["a", "b"], "must be arrays of numbers"),
        (7, "must be an array or batches, got 7"),
        (np.ma.masked_array([[1.0]], [[True]]), "numpy.ma"),
    ],
)
def test_wrong_data_is_named(data, message):
    with pytest.raises((ValueError, TypeError), match=message):
        layers.Normalization().adapt(data)


def test_given_moments_are_not_adapted():
    with pytest.raises(ValueError, match="needs a layer without mean and variance"):
        layers.Normalization(mean=0.0, variance=1.0).adapt(np.ones((2, 2)))
