"""Gradients of normalisations and embeddings: against differences in float64, and by masks."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.numerics import normalizing
from maskseq.rows import Rows
from maskseq.tape import SparseRows, Tape, value_of
from tests.support.definitions import reference_values as reference
from tests.support.definitions.differences import slopes

MASK = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]], bool)
EPSILON = {"layer": 1e-3, "rms": 1e-6, "scaled": 1e-3, "unit": 1e-12}


@pytest.mark.parametrize("norm", EPSILON)
@pytest.mark.parametrize("n", [1, 2, 5, 17])
def test_gradients_are_those_of_differences(rng, norm, n):
    x = rng.normal(1, 2, (3, n)).astype(np.float32)
    gamma, beta = rng.standard_normal((2, n)).astype(np.float32)
    d = rng.standard_normal((3, n)).astype(np.float32)
    value = lambda x, gamma, beta: np.vdot(  # noqa: E731
        reference.normalize(x, norm, EPSILON[norm]) * gamma + beta, d
    )
    want = slopes(value, (x, gamma, beta))
    got = normalizing.gradients(d, x, -1, norm, EPSILON[norm], gamma)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_a_length_that_is_cut_counts_as_a_constant():
    x, d = np.float32([[3e-13, 4e-13], [0, 0]]), np.float32([[1, 2], [3, 4]])
    to_x, _, _ = normalizing.gradients(d, x, -1, "unit", 1e-12)
    np.testing.assert_allclose(to_x, d / np.float32(1e-12), rtol=1e-6)


def test_groups_are_normalised_over_all_cells_of_a_sample(rng):
    x, d = rng.standard_normal((2, 2, 3, 4)).astype(np.float32)
    gamma = rng.standard_normal(4).astype(np.float32)

    def value(x, gamma):
        parts = x.reshape(2, 3, 2, 2)
        mean, variance = (f(parts, axis=(1, 3), keepdims=True) for f in (np.mean, np.var))
        y = ((parts - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape)
        return np.vdot(y * gamma, d)

    want = slopes(value, (x, gamma))
    got = normalizing.grouped(d, x, 2, 1e-3, gamma)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[2], d.sum(axis=(0, 1)), rtol=1e-5)


def train(layer, value, d, training=True):
    """The outputs of a built layer, and the gradients of its input and weights."""
    tape = Tape(layer.trainable_variables)
    held = tape.watch(value)
    with changed(tape=tape, training=training):
        outputs = layer.apply(held)
    return value_of(outputs), tape.gradients(outputs, d, of=[held, *tape.variables])


@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_learns_from_the_real_steps_alone(rng, training):
    x, d = rng.standard_normal((2, 3, 4, 5)).astype(np.float32)
    layer = layers.BatchNormalization()
    layer.build(x.shape)
    for v in layer.weights:
        v.assign(np.square(rng.standard_normal(v.shape)))
    moving = layer.moving_mean.value, layer.moving_variance.value
    hostile = np.where(MASK[..., None], x, np.float32(1e6))
    d = d * MASK[..., None]
    tensor = Rows.view(x, MASK).to_tensor()
    tensor[~MASK] = hostile[~MASK]

    def value(x, gamma, beta):
        mean, variance = moving
        if training:
            mean, variance = x[MASK].mean(axis=0), x[MASK].var(axis=0)
        return np.vdot((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, d)

    arguments = x, layer.gamma.value, layer.beta.value
    _, got = train(layer, tensor, d, training)
    for a, b in zip(got, slopes(value, arguments), strict=True):
        np.testing.assert_allclose(np.where(np.isfinite(a), a, 0), b, rtol=1e-3, atol=1e-3)
    new = layer.moving_mean.value
    want = moving[0] * 0.99 + 0.01 * x[MASK].mean(axis=0) if training else moving[0]
    np.testing.assert_allclose(new, want, rtol=1e-5)


@pytest.mark.parametrize("pads", [True, False])
def test_an_embedding_gathers_the_gradient_of_each_id(rng, pads):
    ids = np.array([[3, 0, 1, 3], [0, 0, 0, 0], [0, 3, 5, 0]])
    layer = layers.Embedding(7, 2, mask_zero=True)
    layer.build()
    layer.built = True
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape, padded_output=False):
        outputs = layer.apply(tape.data(ids))
    rows = value_of(outputs)
    assert type(rows) is Rows
    d = rng.standard_normal((5 + pads, 2)).astype(np.float32)
    [gradient] = tape.gradients(outputs, d)
    assert type(gradient) is SparseRows and gradient.shape == (7, 2)
    assert gradient.ids.tolist() == ([0] if pads else []) + [1, 3, 5]
    want = np.zeros((7, 2))
    np.add.at(want, [3, 1, 3, 3, 5, 0][: len(d)], d.astype(np.float64))
    np.testing.assert_allclose(gradient.to_dense(), want, rtol=1e-6)


def test_an_embedding_without_mask_zero_counts_every_id(rng):
    ids = np.array([[3, 0, 1, 3], [0, 0, 0, 0]])
    layer = layers.Embedding(7, 2)
    layer.build()
    layer.built = True
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape):
        outputs = layer.apply(tape.data(ids))
    d = rng.standard_normal((2, 4, 2)).astype(np.float32)
    [gradient] = tape.gradients(outputs, d)
    want = np.zeros((7, 2))
    np.add.at(want, ids, d.astype(np.float64))
    assert gradient.ids.tolist() == [0, 1, 3]
    np.testing.assert_allclose(gradient.to_dense(), want, rtol=1e-6)


def test_spectral_normalization_gives_the_gradient_of_the_kernel_that_it_leaves(rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    d = rng.standard_normal((3, 4, 2)).astype(np.float32)
    layer = layers.SpectralNormalization(layers.Dense(2))
    layer(x)
    y, [_, *got] = train(layer, x, d)
    dense = layers.Dense(2)
    dense.build(x.shape)
    dense.set_weights(layer.layer.get_weights())
    want_y, [_, *want] = train(dense, x, d)
    np.testing.assert_array_equal(np.asarray(y), np.asarray(want_y))
    names = [v.name.split("/")[-1] for v in layer.trainable_variables]
    for name, a in zip(names, got, strict=True):
        np.testing.assert_array_equal(a, want[["kernel", "bias"].index(name)])


def test_a_batch_without_a_real_step_leaves_the_moving_statistics_alone(rng):
    x = rng.standard_normal((2, 4, 5)).astype(np.float32)
    layer = layers.BatchNormalization()
    layer.build(x.shape)
    before = layer.get_weights()
    for mask in (np.zeros((2, 4), bool), np.arange(8).reshape(2, 4) == 3):
        y = np.asarray(layer(x, training=True, mask=mask))
        assert np.isfinite(y).all()
        after = layer.get_weights()
        moved = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
        assert moved == [False, False, mask.any(), mask.any()]
