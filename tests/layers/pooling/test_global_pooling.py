"""GlobalAveragePooling1D is the mean of the real steps; GlobalMaxPooling1D the maximum of all."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Rows
from tests.support import twin
from tests.support.masks import SMALL_MASKS

OPTIONS = [{}, {"keepdims": True}]


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("mask", ["none", "right", "left", "holes"])
@pytest.mark.parametrize("name", ["GlobalAveragePooling1D", "GlobalMaxPooling1D"])
def test_global_pooling_equals_keras(name, mask, options, rng):
    x = rng.normal(size=(3, 6, 2)).astype(np.float32)
    twin.check_eager(lambda L: getattr(L, name)(**options), x, SMALL_MASKS[mask])
    twin.check_in_model(lambda L: getattr(L, name)(**options), mask=mask, stem="lstm")


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["GlobalAveragePooling1D", "GlobalMaxPooling1D"])
def test_channels_first_equals_keras(name, options, rng):
    x = rng.normal(size=(3, 2, 6)).astype(np.float32)
    twin.check_eager(
        lambda L: getattr(L, name)(data_format="channels_first", **options),
        x,
        SMALL_MASKS["right"] if name == "GlobalAveragePooling1D" else None,
    )


def test_sequence_without_real_steps_gives_zero(rng):
    mask = SMALL_MASKS["an_empty_row"]
    y = layers.GlobalAveragePooling1D()(rng.normal(size=(3, 6, 2)), mask=mask)
    np.testing.assert_array_equal(y[1], 0)
    assert np.isfinite(y).all()


def test_masked_steps_are_not_read(rng):
    x, mask = rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS["holes"]
    y = layers.GlobalAveragePooling1D()(x, mask=mask)
    x[~mask] = np.nan
    np.testing.assert_array_equal(layers.GlobalAveragePooling1D()(x, mask=mask), y)


@pytest.mark.parametrize("features", [1, 2, 5])
def test_average_has_the_same_bits_alone_padded_and_on_rows(features, rng):
    x = rng.normal(size=(5, 30, features)).astype(np.float32)
    mask = np.arange(30) < np.array([[30], [17], [1], [9], [0]])
    layer = layers.GlobalAveragePooling1D()
    whole = layer(x, mask=mask)
    np.testing.assert_array_equal(layer.apply(Rows.view(x, mask)), whole)
    np.testing.assert_array_equal(layer(x[1:2, :17]), whole[1:2])


def test_mask_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r"mask must be bool \(2, 3\), got bool \(2, 4\)"):
        layers.GlobalAveragePooling1D()(np.ones((2, 3, 1)), mask=np.ones((2, 4), bool))


def test_batch_of_no_sequences_gives_none():
    assert layers.GlobalAveragePooling1D()(np.ones((0, 4, 2))).shape == (0, 2)


def test_ragged_batches_are_averaged_in_a_model():
    source = maskseq.Input((None, 2))
    model = maskseq.Model(source, layers.GlobalAveragePooling1D()(source))
    means = model.predict([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 8.0]]])
    np.testing.assert_array_equal(means, [[1, 2], [4, 6]])


def test_maximum_reads_what_masked_cells_show():
    """As in Keras it takes no mask; a sequence without padding shows no padding."""
    ids = maskseq.Input((None,), dtype="int32")
    table = layers.Embedding(4, 3, mask_zero=True)
    model = maskseq.Model(ids, layers.GlobalMaxPooling1D()(table(ids)), on_mask_loss="ignore")
    table.set_weights([np.float32([[9, -9, 0], [1, 2, 3], [4, -5, -6], [-7, 8, -1]])])
    given = np.array([[1, 2, 0, 0], [0, 0, 0, 0], [3, 2, 2, 3]])
    want = table.get_weights()[0][given].max(axis=1)
    np.testing.assert_array_equal(model.predict(given), want)
