"""Answers of Keras to random graphs in a file, so that they are compared with where it is missing.

    python -m tests.conformance.recorded_graphs        asks Keras and writes the file anew

Output i of the graph of a seed is SEED/i, its mask SEED/i/mask.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance import recorded
from tests.conformance.harness import MIXED
from tests.conformance.programs import arrays, build, drawn
from tests.support.beside_keras import carrying, random_weights

FILE = Path(__file__).parent / "keras_graphs.npz"
SEEDS = range(24)


def load() -> dict[str, np.ndarray]:
    """Name -> array."""
    return recorded.load(FILE)


def built(package: Any, seed: int) -> tuple[Any, list[Any], list[Any]]:
    """(the model of a seed with its weights, inputs, their masks or None)."""
    program = drawn(seed)
    model = build(package, program)
    random_weights(model, np.random.RandomState(seed))  # noqa: NPY002  its streams are frozen
    return model, list(arrays(program)), [None, MIXED[::-1] if program.by_hand else None]


def answers_of(keras: Any, seed: int) -> dict[str, np.ndarray]:
    """What Keras on JAX answers."""
    import jax

    model, inputs, masks = built(keras, seed)
    found: dict[str, np.ndarray] = {}
    with jax.disable_jit():  # else every call compiles its loop over time anew
        outputs = model([carrying(keras, x, m) for x, m in zip(inputs, masks, strict=True)])
    for number, y in enumerate(outputs):
        found[f"{seed}/{number}"] = np.asarray(y)
        if getattr(y, "_keras_mask", None) is not None:
            found[f"{seed}/{number}/mask"] = np.asarray(y._keras_mask)
    return found


def record() -> dict[str, np.ndarray]:
    """All answers, asked of Keras now."""
    import keras

    return {name: x for seed in SEEDS for name, x in answers_of(keras, seed).items()}


if __name__ == "__main__":
    recorded.save(record(), FILE)
