"""What `fit` takes its batches from: labels of steps, generators, indexed batches, splits."""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from tests.training.fit_cases import STEPS, X, Y, classifier, padded, tagger


@pytest.mark.parametrize("shuffle", [False, True])
def test_padded_labels_are_as_long_as_the_longest_of_all_sequences(shuffle):
    """Not of each batch: most batches have no sequence of that length."""
    options = {"batch_size": 2, "shuffle": shuffle, "verbose": 0}
    for x in (Ragged.from_list(X), padded(X)):
        ragged = tagger()
        ragged.fit(x, STEPS, **options)
        array = tagger()
        array.fit(x, padded(STEPS), **options)
        for a, b in zip(ragged.get_weights(), array.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        whole = array.evaluate(x, padded(STEPS), batch_size=60, verbose=0)
        assert array.evaluate(x, padded(STEPS), batch_size=2, verbose=0) == pytest.approx(whole)


def test_validation_split_takes_the_last_part_before_shuffling():
    seen = []

    class Watch(maskseq.callbacks.Callback):
        def on_test_end(self, logs=None):
            seen.append(dict(logs))

    model = tagger()
    history = model.fit(X, STEPS, validation_split=0.25, verbose=0, callbacks=[Watch()])
    fresh = tagger()
    fresh.set_weights(model.get_weights())
    held = fresh.evaluate(X[45:], STEPS[45:], verbose=0)
    assert history.history["val_loss"] == [held] == [seen[0]["loss"]]


def batches(size=15):
    for start in range(0, len(X), size):
        yield X[start : start + size], Y[start : start + size]


class Indexed:
    def __init__(self):
        self.ended = 0

    def __len__(self):
        return 4

    def __getitem__(self, number):
        return list(batches())[number]

    def on_epoch_end(self):
        self.ended += 1


def test_generators_and_indexed_batches_train_as_arrays_do():
    results = []
    indexed = Indexed()
    for x in ((X, Y), (batches(),), (indexed,), (list(batches()).__iter__(),)):
        model = classifier()
        model.fit(*x, batch_size=15, shuffle=False, verbose=0)
        results.append(model.get_weights())
    assert indexed.ended == 1
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_steps_per_epoch_goes_on_where_the_last_epoch_ended():
    model = classifier()
    history = model.fit(X, Y, batch_size=15, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0)
    whole = classifier()
    whole.fit(X, Y, batch_size=15, epochs=1, shuffle=False, verbose=0)
    assert history.epoch == [0, 1]
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_of_steps_that_a_mask_leaves_out_are_not_read():
    """An id of 0 in the middle has a label, as it has a place in its sequence."""
    maskseq.set_random_seed(3)
    model = maskseq.Sequential(
        [
            layers.Embedding(9, 4, mask_zero=True),
            layers.GRU(3, return_sequences=True),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", metrics=["mse"], weighted_metrics=["mae"])
    ids = [[1, 0, 2], [3], [0, 4, 0, 5]]
    labels = [np.full((len(x), 1), 7.0, np.float32) for x in ids]
    pairs = zip(ids, labels, strict=True)
    odd = [np.where(np.array(x)[:, None] == 0, np.float32(np.nan), y) for x, y in pairs]
    loss, mse, mae = model.evaluate(ids, odd, verbose=0)
    answers = model.predict([[1, 2], [3], [4, 5]])
    steps = np.array([answers[0, 0], answers[0, 1], answers[1, 0], answers[2, 0], answers[2, 1]])
    exact = np.square(steps.astype(np.float64) - 7).mean()
    assert loss == pytest.approx(exact, rel=1e-6) and mse == pytest.approx(exact, rel=1e-6)
    assert mae == pytest.approx(np.abs(steps.astype(np.float64) - 7).mean(), rel=1e-6)
