"""A model that another thread may change while it is being walked."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import maskseq
from maskseq import layers

IDS = np.array([[3, 1, 4, 1], [5, 9, 2, 0], [6, 5, 0, 0]])


class Pause(maskseq.Layer):
    """Hands on what it gets. Meanwhile another thread does what `then` says, once."""

    supports_masking = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.then = None

    def call(self, inputs):
        then, self.then = self.then, None
        if then is not None:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(then).result()
        return inputs

    def compute_output_shape(self, shape):
        return shape


def make(stateful=False):
    """A model with weights of every kind before and after a pause, and the pause."""
    maskseq.set_random_seed(3)
    pause = Pause()
    model = maskseq.Sequential(
        [
            maskseq.Input((4,), 3, dtype="int32"),
            layers.Embedding(10, 6, mask_zero=True),
            layers.LSTM(5, return_sequences=True, stateful=stateful),
            pause,
            layers.Bidirectional(layers.GRU(4, return_sequences=True)),
            layers.LayerNormalization(),
            layers.BatchNormalization(),
            layers.Dense(4, "relu"),
            layers.SimpleRNN(3, activation=np.tanh),
            layers.Dense(2),
        ]
    )
    return model, pause


def answers_of(model, weights):
    """What the model answers with those weights."""
    model.set_weights(weights)
    return model.predict(IDS).tobytes()
