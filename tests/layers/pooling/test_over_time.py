"""The layers of ours that make one value of the real steps: maximum, last one, attention."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import FEATURES, MASKS, poisoned, randomize

MADE = {
    "max": (layers.MaskedGlobalMaxPooling1D, lambda x: x.max(axis=0)),
    "last": (layers.LastStep, lambda x: x[-1]),
}


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("make, expected", MADE.values(), ids=MADE.keys())
def test_over_time_reads_real_steps_only(rng, pattern, make, expected):
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    out = make()(x, mask=mask)
    for row, sequence, real in zip(out, x, mask, strict=True):
        np.testing.assert_array_equal(row, expected(sequence[real]) if real.any() else 0)


@pytest.mark.parametrize(
    "make", [layers.MaskedGlobalMaxPooling1D, layers.LastStep, layers.AttentionPooling1D]
)
def test_over_time_on_ragged_input_is_that_of_each_sequence_alone(rng, make):
    model = maskseq.Sequential([layers.Masking(), layers.LSTM(4, return_sequences=True), make()])
    sequences = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in (4, 1, 6)]
    alone = [model.predict([sequence])[0] for sequence in sequences]
    np.testing.assert_array_equal(model.predict(sequences), alone)
    assert maskseq.get_keras_mask(model(maskseq.pad_sequences(sequences, dtype="float32"))) is None


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("activation", ["tanh", lambda x: np.tanh(x)], ids=["known", "own"])
def test_attention_pooling_equals_reference(rng, pattern, activation):
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    layer = layers.AttentionPooling1D(2, activation)
    layer(x, mask=mask)
    kernel, bias, context = (w.astype(np.float64) for w in randomize(layer, rng))
    out, weights = layer(x, mask=mask, return_attention_scores=True)
    for b, real in enumerate(mask):
        scores = np.exp(np.tanh(x[b, real] @ kernel + bias) @ context)
        np.testing.assert_allclose(weights[b, real], scores / scores.sum(), atol=1e-6)
        assert not weights[b, ~real].any()
        np.testing.assert_allclose(out[b], weights[b, real] @ x[b, real], atol=1e-6)
    np.testing.assert_array_equal(out, layer(x, mask=mask))


def test_attention_pooling_config_makes_it_anew():
    layer = layers.AttentionPooling1D(3, "relu")
    again = layers.AttentionPooling1D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("empty", [0, 1, 2])
@pytest.mark.parametrize("make, expected", MADE.values(), ids=MADE.keys())
def test_sequences_without_steps_stand_anywhere(rng, make, expected, empty):
    mask = np.ones((3, 4), bool)
    mask[empty] = False
    x = poisoned(rng, mask)
    for row, sequence, real in zip(make()(x, mask=mask), x, mask, strict=True):
        np.testing.assert_array_equal(row, expected(sequence[real]) if real.any() else 0)
