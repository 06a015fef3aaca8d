"""Masks that show only in a run: what was recorded without them holds, as in Keras."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

IDS = np.array([[1, 2, 3, 0, 0, 0], [4, 5, 0, 0, 0, 0], [1, 1, 0, 1, 1, 1]], np.int32)


class Unchanged(layers.Layer):
    def call(self, inputs):
        return inputs


class SetsMask(layers.Layer):
    def call(self, inputs):
        made = inputs * 2.0
        maskseq.set_keras_mask(made, maskseq.ops.any(inputs != 7.0, axis=-1))
        return made


def functional(made):
    inputs = maskseq.Input((6, 3))
    return maskseq.Model(inputs, made(inputs))


LATE = {
    "Sequential": lambda: maskseq.Sequential([layers.Dense(2)]),
    "Model": lambda: functional(layers.Dense(2)),
    "Model, then Dense": lambda: functional(lambda x: layers.Dense(3)(layers.Masking()(x))),
    "Reshape": lambda: layers.Reshape((6, 3)),
    "Reshape, any time": lambda: layers.Reshape((-1, 3)),
    "Permute": lambda: layers.Permute((1, 2)),
    "Cropping1D": lambda: layers.Cropping1D(0),
    "Lambda": lambda: layers.Lambda(lambda x: x),
    "own": Unchanged,
    "own mask": SetsMask,
}


@pytest.mark.filterwarnings("ignore:Layer")
@pytest.mark.parametrize("make", LATE.values(), ids=LATE)
def test_concatenate_makes_the_steps_of_an_input_real_whose_mask_shows_late(make):
    inputs = maskseq.Input((6,), dtype="int32")
    rows = layers.Embedding(9, 3, mask_zero=True)(inputs)
    late = make()(rows)
    assert maskseq.get_keras_mask(late) is None
    joined = layers.Concatenate()([layers.Dense(2)(late), rows])
    lstm, alone, after = layers.LSTM(2), layers.LSTM(2), layers.Dense(2)
    model = maskseq.Model(inputs, [joined, lstm(joined), alone(late), after(joined)])
    rng = np.random.default_rng(3)
    model.set_weights([0.5 * rng.standard_normal(w.shape) for w in model.weights])
    inside = maskseq.Model(inputs, late)
    nearly_full = np.tile([[1, 2, 3, 4, 5, 0]], (9, 1))
    for ids in (IDS, IDS[1:2], nearly_full, nearly_full + (nearly_full == 0)):
        answers = model(ids)
        for answer, predicted in zip(answers, model.predict(ids), strict=True):
            np.testing.assert_array_equal(answer, predicted)
        expected = lstm(np.asarray(answers[0]), mask=np.ones(ids.shape, bool))
        np.testing.assert_allclose(answers[1], expected, atol=1e-6)
        mask = maskseq.get_keras_mask(inside(ids))
        np.testing.assert_allclose(answers[2], alone(inside.predict(ids), mask=mask), atol=1e-6)


def test_a_merge_without_a_recorded_mask_has_that_of_the_run():
    inputs = maskseq.Input((6,), dtype="int32")
    rows = layers.Embedding(9, 3, mask_zero=True)(inputs)
    inner = maskseq.Sequential([layers.Dense(3)])
    added = layers.Add()([inner(rows), rows])
    lstm = layers.LSTM(2)
    model = maskseq.Model(inputs, [added, lstm(added)])
    seen, last = model(IDS)
    np.testing.assert_array_equal(seen._keras_mask, IDS != 0)
    np.testing.assert_allclose(last, lstm(np.asarray(seen), mask=IDS != 0), atol=1e-6)
