"""Convolutions of Rows give the bits of the padded array, and compute padding once."""

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, layers
from maskseq.context import changed
from maskseq.models import Model
from maskseq.rows import Layout, Rows, Unmasked
from maskseq.tensor import Tensor
from tests.support.masks import MASKS, randomize

FEATURES = 5
LAYERS = [
    layers.Conv1D(4, 3, padding="same", activation="tanh"),
    layers.Conv1D(4, 3, strides=2),
    layers.Conv1D(5, 3, dilation_rate=2, padding="causal", groups=5),
    layers.Conv1D(4, 2, strides=3, padding="same", activation=lambda x: x * 2),
    layers.Conv1D(4, 1, strides=4),
    layers.DepthwiseConv1D(3, padding="same", activation="relu"),
    layers.DepthwiseConv1D(4, depth_multiplier=2, use_bias=False, activation="gelu"),
    layers.SeparableConv1D(6, 2, padding="same", activation="silu"),
]


def some_rows(rng, mask, pads):
    layout = Layout.from_mask(mask)
    rows = layout.steps + (layout.batch if pads == "own" else 1)
    return Rows(rng.normal(size=(rows, FEATURES)).astype(np.float32), layout)


@pytest.mark.parametrize("pads", ["own", "one"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("layer", LAYERS)
def test_rows_give_the_bits_of_the_padded_array(layer, mask, pads, rng):
    layer.build((None, None, FEATURES))
    layer.built = True
    randomize(layer, rng)
    rows = some_rows(rng, MASKS[mask], pads)
    with changed(on_mask_loss="ignore"):
        made = layer.apply(rows)
    wanted = np.asarray(layer(rows.to_padded()))
    padded = made.to_tensor() if type(made) is Unmasked else made
    assert padded.tobytes() == wanted.tobytes()
    if not rows.layout.full:
        again = layer.apply(Unmasked(rows))
        again = again.to_tensor() if type(again) is Unmasked else again
        assert again.tobytes() == wanted.tobytes()
        with changed(on_mask_loss="error"), pytest.raises(ValueError, match="destroy the mask"):
            layer.apply(rows)


def test_windows_of_padding_alone_are_computed_once(rng, monkeypatch):
    """Of 3 real steps among 9, four windows see one, and one sees the end."""
    seen = []
    layer = layers.Conv1D(4, 3, padding="same")
    rows = some_rows(rng, np.arange(9) < np.array([[3], [9]]), "one")
    convolve = _kernels.convolve

    def counted(*arguments, **options):
        seen.append(convolve(*arguments, **options))
        return seen[-1]

    monkeypatch.setattr(_kernels, "convolve", counted)
    with changed(on_mask_loss="ignore"):
        assert type(layer.apply(rows)) is Unmasked
    assert [len(y) for y in seen] == [(4 + 1) + 9 + 1]


def test_rows_that_show_the_step_before_are_padded(rng):
    rows = some_rows(rng, MASKS["holes"], "one")
    rows.carry = True
    layer = layers.Conv1D(4, 3)
    with changed(on_mask_loss="ignore"):
        made = layer.apply(rows)
    assert made.tobytes() == np.asarray(layer(rows.to_padded())).tobytes()


@pytest.mark.parametrize("seed", range(8))
def test_networks_of_convolutions_give_the_bits_of_all_cells_computed(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    ids = maskseq.Input((12,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    for step in rng.integers(0, 5, 4):
        x = [
            layers.Conv1D(FEATURES, 2, dilation_rate=3, padding="causal"),
            layers.DepthwiseConv1D(3, padding="same"),
            layers.SeparableConv1D(FEATURES, 2, padding="same", activation="relu"),
            layers.MaxPooling1D(2, 1, padding="same"),
            layers.Dense(FEATURES, activation="gelu"),
        ][step](x)
    ends = layers.GlobalMaxPooling1D(), layers.AveragePooling1D(3), layers.Conv1D(3, 3, 2)
    outputs = [end(x) for end in ends] + [layers.LSTM(3)(x)]
    model = Model(ids, outputs, on_mask_loss="ignore")
    for weight in model.weights:
        weight.assign(rng.standard_normal(weight.shape).astype(np.float32))
    batch = rng.integers(1, 7, (6, 12)) * (np.arange(12) < rng.integers(0, 13, (6, 1)))
    once = model.predict_on_batch(batch)
    monkeypatch.setattr(Unmasked, "of", lambda rows: rows.to_padded().view(Tensor))
    every = model.predict_on_batch(batch)
    assert [y.tobytes() for y in once] == [y.tobytes() for y in every]
