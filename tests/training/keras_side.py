"""Answers of Keras about training, which runs beside us."""

import jax
import keras
import numpy as np

from tests.training.optimizer_cases import CASES, SCHEDULES, STEPS, Case, gradients, weights


def trained(case: Case) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The weights after all steps, and the optimizer's variables."""
    optimizer = getattr(keras.optimizers, case.optimizer)(learning_rate=0.01, **case.options)
    variables = [keras.Variable(w) for w in weights()]
    optimizer.build(variables)
    now, state = [v.value for v in variables], [v.value for v in optimizer.variables]
    step = jax.jit(optimizer.stateless_apply)
    for given in gradients():
        now, state = step(state, given, now)
    return [np.asarray(x) for x in now], [np.asarray(x) for x in state]


def rates(name: str, options: dict) -> np.ndarray:
    """A schedule's rates at the first steps."""
    schedule = getattr(keras.optimizers.schedules, name)(**options)
    return np.array([schedule(np.int32(step)) for step in range(STEPS)], np.float32)


def optimizer_answers() -> dict[str, np.ndarray]:
    """What `load` gives for optimizers and schedules."""
    arrays = {f"schedule/{i}": rates(*x) for i, x in enumerate(SCHEDULES)}
    for case in CASES:
        for part, values in zip(("weights", "state"), trained(case), strict=True):
            arrays |= {f"{case.name}/{part}/{i}": x for i, x in enumerate(values)}
    return arrays
