"""Penalties of outputs count the real steps, however the outputs lie: as rows, or padded."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, regularizers

IDS = np.array([[3, 2, 0, 0, 0], [1, 4, 2, 5, 3], [0, 2, 0, 4, 0]])


class Doubled(layers.Layer):
    """A layer of a user's own: under a tape it gets, and gives, padded arrays."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, inputs):
        return inputs * 2


BEHIND = {
    "rows": layers.Identity,
    "a layer of one's own": Doubled,
    "batch norm": layers.BatchNormalization,
}


def tagger(between, rank=1):
    x = maskseq.Input((None,) * rank, dtype="int32")
    embedded = layers.Embedding(7, 4, mask_zero=True)(x)
    penalized = layers.Dense(2, activity_regularizer=regularizers.L1(0.5), bias_initializer="ones")
    model = maskseq.Model(x, penalized(between()(embedded)))
    model.compile(maskseq.optimizers.SGD(0.0), "mse")
    return model


def padded(x, by):
    return np.pad(x, [(0, 0), (0, by)] + [(0, 0)] * (x.ndim - 2))


@pytest.mark.parametrize("name", BEHIND)
def test_penalty_of_an_output_is_that_of_its_real_steps(name):
    model = tagger(BEHIND[name])
    labels = model.predict(IDS)  # so that the loss is the penalty
    real = np.abs(labels, dtype=np.float64)[IDS != 0].sum()
    assert model.evaluate(IDS, labels, verbose=0) == pytest.approx(0.5 * real / 3, rel=1e-5)
    more = padded(IDS, 3), padded(labels, 3)
    assert model.test_on_batch(*more) == model.test_on_batch(IDS, labels)
    assert model.train_on_batch(*more) == model.train_on_batch(IDS, labels)


def test_what_is_learned_does_not_hang_on_padding():
    weights = []
    for by in (0, 3):
        maskseq.set_random_seed(1)
        model = tagger(Doubled)
        model.compile(maskseq.optimizers.SGD(0.1), "mse")
        model.train_on_batch(padded(IDS, by), np.zeros((3, 5 + by, 2)))
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_all_steps_count_where_the_mask_was_lost():
    """EinsumDense loses it, as in Keras: its padded steps are steps like all others."""
    x = maskseq.Input((5,), dtype="int32")
    penalized = layers.EinsumDense("btf,fg->btg", (5, 2), activity_regularizer=regularizers.L1(0.5))
    embedded = layers.Embedding(7, 4, mask_zero=True)(x)
    model = maskseq.Model(x, penalized(embedded))
    model.compile(maskseq.optimizers.SGD(0.0), "mse")
    labels = model.predict(IDS)
    penalty = 0.5 * np.abs(labels, dtype=np.float64).sum() / 3
    for told in (model.evaluate, model.test_on_batch, model.train_on_batch):
        assert told(IDS, labels) == pytest.approx(penalty, rel=1e-5)


def test_cells_count_where_the_mask_has_three_axes():
    ids = np.stack([IDS, IDS[::-1]], axis=1)
    model = tagger(Doubled, rank=2)
    labels = model.predict(ids)
    real = np.abs(labels, dtype=np.float64)[ids != 0].sum()
    assert model.evaluate(ids, labels, verbose=0) == pytest.approx(0.5 * real / 3, rel=1e-5)
