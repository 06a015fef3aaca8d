"""Answers of Keras about training in a file, so that they are compared with where it is missing.

python -m tests.training.recorded        asks Keras and writes the file anew
"""

from pathlib import Path

import numpy as np

from tests.conformance import recorded

FILE = Path(__file__).parent / "keras_training.npz"


def load() -> dict[str, np.ndarray]:
    """Name -> array."""
    return recorded.load(FILE)


def record() -> dict[str, np.ndarray]:
    """All answers, asked of Keras now."""
    from tests.training import keras_side

    optimizers, losses = keras_side.optimizer_answers(), keras_side.loss_answers()
    losses |= keras_side.whole_loss_answers()
    return optimizers | losses | keras_side.metric_answers()


if __name__ == "__main__":
    recorded.save(record(), FILE)
