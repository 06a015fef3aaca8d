"""The normalisations give Keras's numbers and masks, on arrays and on rows."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.context import changed
from maskseq.rows import Layout, Rows
from tests.support import twin
from tests.support.beside_keras import carrying, compare
from tests.support.masks import SMALL_MASKS

MAKES = {
    "layer": lambda L: L.LayerNormalization(),
    "layer_bare": lambda L: L.LayerNormalization(center=False, scale=False, epsilon=1e-5),
    "layer_time": lambda L: L.LayerNormalization(axis=1),
    "layer_both": lambda L: L.LayerNormalization(axis=[1, 2]),
    "layer_rms": lambda L: L.LayerNormalization(rms_scaling=True),
    "rms": lambda L: L.RMSNormalization(),
    "rms_both": lambda L: L.RMSNormalization(axis=[1, 2]),
    "batch": lambda L: L.BatchNormalization(),
    "batch_bare": lambda L: L.BatchNormalization(center=False, scale=False),
    "batch_time": lambda L: L.BatchNormalization(axis=1),
    "unit": lambda L: L.UnitNormalization(),
    "unit_time": lambda L: L.UnitNormalization(axis=1),
    "unit_both": lambda L: L.UnitNormalization(axis=[1, 2]),
    "group": lambda L: L.GroupNormalization(2),
    "group_each": lambda L: L.GroupNormalization(-1, center=False),
    "group_time": lambda L: L.GroupNormalization(3, axis=1),
}
ROWS = ["layer", "batch", "unit"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.parametrize("mask", ["none", "right", "holes"])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_normalization_equals_keras(make, mask, rng):
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    twin.check_eager(make, x, SMALL_MASKS[mask])


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["dense", "lstm"])
@pytest.mark.parametrize("name", ["layer", "layer_time", "rms", "batch", "unit", "group"])
def test_normalization_in_a_model_equals_keras(name, stem):
    twin.check_in_model(MAKES[name], stem=stem)


@pytest.mark.parametrize("name", ROWS)
def test_normalization_of_features_stays_on_rows(name, rng):
    source = maskseq.Input((6, 4))
    layer = MAKES[name](layers)
    model = maskseq.Model(source, layer(layers.Masking()(source)))
    with changed(padded_output=False):
        rows = model.apply(rng.normal(size=(3, 6, 4)).astype(np.float32))
    assert type(rows) is maskseq.rows.Rows


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_normalization_of_a_sample_does_not_depend_on_the_others(make, rng):
    x = rng.normal(size=(9, 6, 4)).astype(np.float32)
    layer = make(layers)
    np.testing.assert_array_equal(layer(x)[2:3], layer(x[2:3]))


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "right", "holes"])
@pytest.mark.parametrize("name", ["batch", "batch_bare"])
def test_batch_statistics_in_training_equal_keras(name, mask, rng):
    their_layer, our_layer = twin.twins(MAKES[name])
    x, mask = rng.normal(size=(3, 6, 4)).astype(np.float32), SMALL_MASKS[mask]
    inputs = carrying(twin.keras(), x, mask), carrying(maskseq, x, mask)
    theirs, ours = their_layer(inputs[0], training=True), our_layer(inputs[1], training=True)
    compare(theirs, ours)
    for ours, theirs in zip(our_layer.get_weights(), their_layer.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_batch_statistics_of_one_feature_are_those_of_real_steps(rng):
    x, mask = rng.normal(size=(3, 6, 1)).astype(np.float32), SMALL_MASKS["holes"]
    x[~mask] = np.nan
    layer = layers.BatchNormalization(momentum=0)
    layer(x, training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.value, x[mask].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.value, x[mask].var(axis=0), rtol=1e-5)


def test_layer_that_is_not_trainable_keeps_its_statistics(rng):
    layer = layers.BatchNormalization(trainable=False)
    layer(rng.normal(size=(3, 6, 4)), training=True)
    np.testing.assert_array_equal(layer.moving_mean.value, 0)


def test_zeros_have_no_length_and_stay_zeros():
    np.testing.assert_array_equal(layers.UnitNormalization()(np.zeros((2, 3))), 0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.GroupNormalization(0), "positive or -1, got 0"),
        (lambda: layers.GroupNormalization(3)(np.ones((1, 2, 4))), "divide into 3 groups, got 4"),
        (lambda: layers.LayerNormalization(axis=3)(np.ones((1, 2, 4))), "axis must be below 3"),
        (
            lambda: layers.BatchNormalization()(np.ones((2, 3, 4)), mask=np.ones((2, 4))),
            r"mask must be bool \(2, 3\)",
        ),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("groups", [1, 2, 3, 6, -1])
def test_groups_of_features_have_mean_0_and_variance_1(rng, groups):
    x = (rng.normal(size=(3, 5, 6)) * 3 + np.arange(6)).astype(np.float32)
    layer = layers.GroupNormalization(groups, epsilon=1e-3)
    layer(x)
    gamma, beta = (rng.normal(size=6).astype(np.float32) for _ in range(2))
    layer.set_weights([gamma, beta])
    parts = x.astype(float).reshape(3, 5, 6 if groups == -1 else groups, -1)
    apart = parts - parts.mean(axis=(1, 3), keepdims=True)
    spread = np.sqrt(parts.var(axis=(1, 3), keepdims=True) + 1e-3)
    expected = (apart / spread).reshape(x.shape) * gamma + beta
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("own_pads", [False, True])
@pytest.mark.parametrize("mask", ["right", "left", "holes", "an_empty_row", "none"])
def test_groups_of_rows_are_normalized_as_those_of_the_padded_array(mask, own_pads, rng):
    real = SMALL_MASKS[mask] if mask != "none" else np.ones((3, 6), bool)
    layout = Layout.from_mask(real)
    pads = layout.batch if own_pads else 1
    rows = Rows(rng.normal(3, 2, (layout.steps + pads, 12)).astype(np.float32), layout)
    layer = layers.GroupNormalization(4)
    layer(rows.to_padded())
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    padded = layer(rows.to_padded())
    y = layer.on_rows(rows)
    assert layout.starts() is layout.starts()  # looked for once
    if mask == "holes":
        assert y is NotImplemented  # the cells' order matters
        return
    assert type(y) is Rows and y.layout is layout
    np.testing.assert_array_equal(y.to_padded(), padded)
