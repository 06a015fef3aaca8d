"""MaskedConv1D: masked steps count as zeros, and the mask goes on."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Rows
from tests.support import reference
from tests.support.masks import SMALL_MASKS

OPTIONS = [
    {"padding": padding, **options}
    for padding in ("same", "causal", "valid")
    for options in ({}, {"strides": 2}, {"dilation_rate": 2, "kernel_size": 2}, {"kernel_size": 4})
]
MASKS = ["right", "left", "holes", "an_empty_row"]


def build(x, rng, **options):
    layer = layers.MaskedConv1D(5, **{"kernel_size": 3, **options})
    layer(x)
    layer.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in layer.weights])
    return layer


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", MASKS)
def test_masked_conv1d_equals_definition(name, options, rng):
    x, mask = rng.normal(size=(3, 6, 4)).astype(np.float32), SMALL_MASKS[name]
    layer = build(x, rng, **options)
    names = {"strides": "stride", "dilation_rate": "dilation"}
    known = {names.get(k, k): v for k, v in options.items() if k != "kernel_size"}
    want, real = reference.masked_conv1d(x, mask, *layer.get_weights(), **known)
    x[~mask] = np.nan
    y = layer(x, mask=mask)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(y._keras_mask, real)


@pytest.mark.parametrize("options", OPTIONS)
def test_masked_conv1d_on_rows_equals_that_on_arrays(options, rng):
    x, mask = rng.normal(size=(3, 6, 4)).astype(np.float32), SMALL_MASKS["holes"]
    layer = build(x, rng, **options)
    rows = layer.apply(Rows.view(x, mask))
    assert type(rows) is Rows
    y = layer(x, mask=mask)
    np.testing.assert_array_equal(rows.to_padded(), y)
    np.testing.assert_array_equal(rows.layout.mask, y._keras_mask)


@pytest.mark.parametrize("options", [o for o in OPTIONS if o["padding"] != "same"])
def test_masked_conv1d_without_a_mask_is_conv1d(options, rng):
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    layer = build(x, rng, **options)
    plain = layers.Conv1D(5, **{"kernel_size": 3, **options})
    plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(x), plain(x))
    assert maskseq.get_keras_mask(layer(x)) is None


@pytest.mark.parametrize("options", OPTIONS)
def test_sequence_has_the_same_bits_however_much_it_is_padded(options, rng):
    x = rng.normal(size=(1, 9, 4)).astype(np.float32)
    layer = build(x, rng, **options)
    alone = layer(x)
    padded = np.full((3, 14, 4), np.nan, np.float32)
    padded[1, :9] = x
    mask = np.zeros((3, 14), bool)
    mask[1, :9] = True
    y = layer(padded, mask=mask)
    np.testing.assert_array_equal(y[1, : alone.shape[1]], alone[0])
    assert not y[1, alone.shape[1] :].any()


def test_symbolic_mask_is_the_one_of_a_call(rng):
    source = maskseq.Input((None, 4))
    conv = layers.MaskedConv1D(5, 3, strides=2)
    tensor = conv(layers.Masking()(source))
    model = maskseq.Model(source, [tensor, tensor._keras_mask])
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    x[~SMALL_MASKS["right"]] = 0
    y, mask = model(x)
    np.testing.assert_array_equal(y._keras_mask, mask)
