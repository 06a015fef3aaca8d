"""For tests of layers: masks of every pattern, NaN in what is masked, random weights."""

import numpy as np


def _mask(*rows):
    return np.array([[step == "1" for step in row] for row in rows])


BATCH, TIME, FEATURES = 5, 7, 3
LENGTHS = np.array([TIME, 3, 1, 0, 5])
RIGHT = np.arange(TIME) < LENGTHS[:, None]
MASKS = {
    "right": RIGHT,
    "left": RIGHT[:, ::-1],
    "holes": np.random.default_rng(3).random((BATCH, TIME)) > 0.4,
    "empty": np.zeros((BATCH, TIME), bool),
    "full": np.ones((BATCH, TIME), bool),
}

# For arrays (3, 6, ...), on which layers are called beside Keras's; None is a call without a mask.
SMALL_MASKS = {
    "none": None,
    "right": _mask("111111", "111000", "100000"),
    "left": _mask("001111", "111111", "000001"),
    "holes": _mask("101101", "010010", "111111"),
    "an_empty_row": _mask("111100", "000000", "110000"),
}


def poisoned(rng, mask, features=FEATURES):
    """Random float32 (batch, time, features), NaN where the mask is False."""
    x = rng.standard_normal((*mask.shape, features)).astype(np.float32)
    x[~mask] = np.nan
    return x


def randomize(layer, rng):
    """Replace all weights of a built layer by random ones; returns them."""
    weights = [0.5 * rng.standard_normal(w.shape).astype(np.float32) for w in layer.weights]
    layer.set_weights(weights)
    return weights
