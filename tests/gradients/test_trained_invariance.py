"""check_invariance(train=True): a step of training has the same bits in any padding."""

import re

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops, testing
from maskseq.context import current


def model_of(*stack, features=3):
    return maskseq.Sequential([maskseq.Input((None, features)), *stack])


def sequences_of(rng, features=3):
    return [rng.standard_normal((n, features)).astype(np.float32) for n in (4, 2, 5, 1)]


MODELS = {
    "tagger": lambda: model_of(
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Dropout(0.5),
        layers.Dense(2),
    ),
    "classifier": lambda: model_of(
        layers.TimeDistributed(maskseq.Sequential([layers.Dense(4), layers.Dropout(0.5)])),
        layers.GRU(4, dropout=0.3, recurrent_dropout=0.3),
        layers.Dense(2),
    ),
    "normalized": lambda: model_of(
        layers.BatchNormalization(),
        layers.MaskedConv1D(4, 3, padding="same"),
        layers.GlobalAveragePooling1D(),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_ours_train_the_same_in_any_padding(name, rng):
    model = MODELS[name]()
    before = model.get_weights()
    assert testing.check_invariance(model, sequences_of(rng), train=True) == 0
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_padded_arrays_that_the_model_masks_train_the_same():
    ids = np.array([[3, 1, 2, 0], [4, 0, 0, 0], [1, 2, 3, 4]], np.int32)
    model = maskseq.Sequential(
        [maskseq.Input((None,), dtype="int32"), layers.Embedding(5, 3, mask_zero=True)]
        + [layers.SimpleRNN(4, activation="relu", dropout=0.5), layers.Dense(2)]
    )
    assert testing.check_invariance(model, ids, train=True) == 0


class Scaled(layers.Layer):
    supports_masking = True

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs):
        return inputs * self.scale * self.factor(inputs)

    def factor(self, inputs):
        return 1.0


class ReadsPadding(Scaled):
    """Its outputs at real steps are right: only their gradient meets masked cells."""

    def factor(self, inputs):
        shown = ops.mean(inputs * self.scale, axis=1, keepdims=True)
        return 1 + (shown - ops.stop_gradient(shown))


class DrawsByCell(Scaled):
    """Draws for the cells of the padded array, in training only."""

    def factor(self, inputs):
        noise = np.random.default_rng(3).random(inputs.shape, np.float32)
        return noise if current().training else 1.0


class AsksForThreads(Scaled):
    def factor(self, inputs):
        return 1.0 / maskseq.get_num_threads() if current().training else 1.0


@pytest.mark.parametrize(
    "fault, message",
    [
        (ReadsPadding, "scale with 5 more masked steps"),
        (DrawsByCell, "scale with 5 more masked steps"),
        (AsksForThreads, "scale on 2 threads"),
    ],
)
def test_a_fault_of_the_way_back_is_found_and_named(fault, message, rng):
    model = model_of(fault(name="faulty"), layers.LSTM(4))
    x = sequences_of(rng)
    assert testing.check_invariance(model, x) < 1e-6
    with pytest.raises(AssertionError, match=re.escape(message)) as caught:
        testing.check_invariance(model, x, train=True)
    assert "faulty" in str(caught.value) and "largest difference" in str(caught.value)


def test_a_sound_layer_of_ones_own_passes(rng):
    model = model_of(Scaled(), layers.LSTM(4))
    assert testing.check_invariance(model, sequences_of(rng), train=True) == 0
