"""What the tests of models share: sizes, and an LSTM's answer in float64."""

import numpy as np

from tests.support import reference

BATCH, TIME, FEATURES = 5, 7, 4


def last_outputs(x, mask, lstm):
    """The last output of an LSTM over the real steps, in float64."""
    sequences = [row[real] for row, real in zip(x, mask, strict=True)]
    return reference.rnn("lstm", sequences, lstm.get_weights())[1][0]


def assert_same(a, b):
    np.testing.assert_allclose(a, b, atol=2e-6)
