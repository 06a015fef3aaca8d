"""Metrics that layers of users hold and update in their call."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, metrics, ops

X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.ones((6, 1), np.float32)


class Tracks(layers.Layer):
    """Counts what passes; no gradient passes a metric, and the layer's own is as without it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = metrics.Mean(name="seen")

    def call(self, inputs):
        self.seen.update_state(inputs)
        self.add_loss(0.5 * ops.mean(inputs))
        return inputs


def model(first):
    made = maskseq.Sequential([layers.Input((2,)), first, Tracks(), layers.Dense(1)])
    made.compile(maskseq.optimizers.SGD(0.0), "mse", metrics=["mae"])
    return made


def test_they_are_told_reset_and_listed():
    made = model(layers.Rescaling(2.0))
    history = made.fit(X, Y, batch_size=2, epochs=2, verbose=0, validation_data=(X[:2], Y[:2]))
    assert history.history["seen"] == [pytest.approx(11.0)] * 2
    assert history.history["val_seen"] == [pytest.approx(3.0)] * 2
    found = made.evaluate(X[:3], Y[:3], verbose=0, return_dict=True)
    assert [*found] == made.metrics_names == ["loss", "mae", "seen"]
    assert found["seen"] == pytest.approx(5.0)
    assert [x.name for x in made.metrics] == ["mae", "seen"]


def test_they_take_what_a_gradient_passes():
    made = model(layers.Dense(2, kernel_initializer="ones"))
    logs = made.train_on_batch(X, Y, return_dict=True)
    assert logs["seen"] == pytest.approx(X.sum(axis=1).mean())
