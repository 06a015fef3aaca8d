"""A mask of one sequence is that of each, given by hand or carried."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, losses, metrics

ONE = np.array([[True, False, True, False]])
EACH = np.repeat(ONE, 3, axis=0)
LAYERS = {
    "GlobalAveragePooling1D": {},
    "AttentionPooling1D": {},
    "LastStep": {},
    "GRU": {"units": 2, "return_sequences": True},
    "TemporalSoftmax": {},
    "MaskedConv1D": {"filters": 2, "kernel_size": 3},
    "CRF": {},
    "LSTM": {"units": 2},
    "MaskedGlobalMaxPooling1D": {},
}


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 4, 6)).astype(np.float32)


def carrying(x, mask):
    tensor = maskseq.convert_to_tensor(x)
    maskseq.set_keras_mask(tensor, mask)
    return tensor


@pytest.mark.parametrize("name", LAYERS)
def test_layers_take_a_mask_of_one_sequence_for_that_of_each(name, x):
    layer = getattr(layers, name)(**LAYERS[name])
    wanted = np.asarray(layer(x, mask=EACH))
    assert not np.array_equal(wanted, layer(x))
    np.testing.assert_array_equal(layer(x, mask=ONE), wanted)
    np.testing.assert_array_equal(layer(carrying(x, ONE)), wanted)


def test_batch_normalization_takes_means_over_the_steps_of_a_mask_of_one_sequence(x):
    alike = layers.BatchNormalization(), layers.BatchNormalization()
    one, each = (y(x, mask=m, training=True) for y, m in zip(alike, (ONE, EACH), strict=True))
    np.testing.assert_array_equal(one, each)
    assert not np.array_equal(one, layers.BatchNormalization()(x, training=True))


@pytest.mark.parametrize("kind", [layers.Attention, layers.AdditiveAttention])
def test_attention_takes_a_mask_of_one_sequence_for_that_of_each(kind, x):
    layer = kind()
    wanted = np.asarray(layer([x, x], mask=[None, EACH]))
    assert not np.array_equal(wanted, layer([x, x]))
    np.testing.assert_array_equal(layer([x, x], mask=[None, ONE]), wanted)


def test_multi_head_attention_takes_a_mask_of_one_sequence_for_that_of_each(x):
    layer = layers.MultiHeadAttention(2, 3)
    wanted = np.asarray(layer(x, x, value_mask=EACH))
    assert not np.array_equal(wanted, layer(x, x))
    np.testing.assert_array_equal(layer(x, x, value_mask=ONE), wanted)


def test_time_distributed_refuses_a_mask_of_another_batch_as_keras_does(x):
    layer = layers.TimeDistributed(layers.Dense(2))
    with pytest.raises(ValueError, match=r"mask must be bool \(3, 4\), got bool \(1, 4\)"):
        layer(x, mask=ONE)


def test_losses_and_metrics_count_the_steps_of_a_mask_of_one_sequence(x):
    real = x[:, ONE[0]]
    y = np.zeros_like(x)
    np.testing.assert_allclose(
        losses.MeanSquaredError()(y, carrying(x, ONE)), (real**2).mean(), rtol=1e-6
    )
    metric = metrics.MeanAbsoluteError()
    metric.update_state(y, carrying(x, ONE))
    np.testing.assert_allclose(metric.result(), np.abs(real).mean(), rtol=1e-6)


def test_the_loss_of_a_crf_reads_the_steps_of_a_mask_of_one_sequence(x):
    layer, tags = layers.CRF(), np.ones((3, 4), int)
    layer.build(x.shape)
    wanted = layer.losses(x, tags, mask=EACH)
    np.testing.assert_array_equal(layer.losses(x, tags, mask=ONE), wanted)
    np.testing.assert_array_equal(layer.losses(carrying(x, ONE), tags), wanted)
    with pytest.raises(ValueError, match=r"mask must be bool \(3, 4\), got bool \(2, 4\)"):
        layer.losses(carrying(x, np.ones((2, 4), bool)), tags)


@pytest.mark.parametrize("kind", [layers.Dropout, layers.GaussianNoise, layers.SpatialDropout1D])
def test_draws_are_of_the_steps_of_a_mask_of_one_sequence(kind, x):
    layers_alike = [kind(0.5, seed=1) for _ in range(2)]
    one, each = (
        np.asarray(layer(carrying(x, mask), training=True))
        for layer, mask in zip(layers_alike, (ONE, EACH), strict=True)
    )
    np.testing.assert_array_equal(one, each)
