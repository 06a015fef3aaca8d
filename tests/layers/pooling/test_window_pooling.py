"""AveragePooling1D and MaxPooling1D equal their definition and live Keras."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.rows import Layout, Rows
from tests.support import reference, twin
from tests.support.masks import SMALL_MASKS

NAMES = {"AveragePooling1D": np.mean, "MaxPooling1D": np.max}
WINDOWS = [(2, 2), (3, 1), (3, 2), (1, 1), (4, 3)]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size, stride", WINDOWS)
@pytest.mark.parametrize("name", NAMES)
def test_pooling_equals_definition(name, size, stride, padding, rng):
    x = rng.normal(size=(2, 11, 3)).astype(np.float32)
    layer = getattr(layers, name)(size, stride, padding=padding)
    want = reference.pool1d(x, size, stride, padding, NAMES[name])
    np.testing.assert_allclose(layer(x), want, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size, stride", WINDOWS)
@pytest.mark.parametrize("name", NAMES)
def test_pooling_equals_keras(name, size, stride, padding, rng):
    x = rng.normal(size=(3, 6, 2)).astype(np.float32)
    make = lambda L: getattr(L, name)(size, stride, padding=padding)  # noqa: E731
    twin.check_eager(make, x, SMALL_MASKS["holes"])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_channels_first_equals_keras(name, rng):
    x = rng.normal(size=(3, 2, 6)).astype(np.float32)
    twin.check_eager(lambda L: getattr(L, name)(2, data_format="channels_first"), x, None)


def test_window_longer_than_the_input_is_told():
    with pytest.raises(ValueError, match="at least 4 steps for one window, got 3"):
        layers.MaxPooling1D(4)(np.ones((1, 3, 1)))


@pytest.mark.parametrize("own_pads", [False, True])
@pytest.mark.parametrize("mask", ["right", "left", "holes", "an_empty_row"])
@pytest.mark.parametrize(
    "layer",
    [
        layers.MaxPooling1D(3, 2, padding="same"),
        layers.AveragePooling1D(2),
        layers.GlobalMaxPooling1D(keepdims=True),
    ],
)
def test_rows_are_pooled_as_the_padded_array(layer, mask, own_pads, rng):
    layout = Layout.from_mask(SMALL_MASKS[mask])
    pads = layout.batch if own_pads else 1
    rows = Rows(rng.normal(size=(layout.steps + pads, 17)).astype(np.float32), layout)
    rows.values[0], rows.values[-1, 1], rows.values[-1, 2] = -0.0, np.nan, np.inf
    with changed(on_mask_loss="ignore"):
        y = layer.apply(rows)
    wanted = np.asarray(layer(rows.to_padded()))
    assert y.tobytes() == wanted.tobytes()
    with changed(on_mask_loss="error"), pytest.raises(ValueError, match="destroy the mask"):
        layer.apply(rows)
