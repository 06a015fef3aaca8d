"""Answers of Keras about training, which runs beside us."""

import jax
import keras
import numpy as np

from tests.training import loss_cases, metric_cases
from tests.training.loss_cases import MASK, WEIGHTS
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


def loss_of(case: loss_cases.Case, reduction: str, masked: bool, weighted: bool, y_pred=None):
    """A loss's value."""
    y_true, given = loss_cases.given(case.kind)
    y_pred = keras.ops.convert_to_tensor(given) if y_pred is None else y_pred
    if masked:
        y_pred = keras.ops.multiply(y_pred, 1.0)
        keras.src.backend.set_keras_mask(y_pred, MASK)
    loss = getattr(keras.losses, case.loss)(reduction=reduction, **case.options)
    return loss(y_true, y_pred, WEIGHTS if weighted else None)


def loss_answers() -> dict[str, np.ndarray]:
    """Values for all reductions, and the gradients of the mean with mask and weights."""
    arrays = {}
    for case in loss_cases.CASES:
        for reduction, masked, weighted in loss_cases.calls():
            value = loss_of(case, reduction, masked, weighted)
            arrays[f"{case.name}/{reduction}/{masked}{weighted}"] = np.asarray(value)
        for masked in (0, 1):
            y_pred = loss_cases.given(case.kind)[1]
            slope = jax.grad(lambda x: loss_of(case, "mean", masked, True, x))(y_pred)  # noqa: B023
            arrays[f"{case.name}/gradient/{masked}"] = np.asarray(slope)
    return arrays


def whole_loss_answers() -> dict[str, np.ndarray]:
    """Values without a reduction, and gradients of the mean, of what takes a batch as a whole."""
    arrays = {}
    for name, (loss, options, y_true, y_pred) in loss_cases.of_batches().items():
        made = getattr(keras.losses, loss)(**options)
        each = getattr(keras.losses, loss)(reduction="none", **options)
        arrays[f"{name}/none"] = np.asarray(each(y_true, y_pred))
        arrays[f"{name}/mean"] = np.asarray(made(y_true, y_pred))
        arrays[f"{name}/gradient"] = np.asarray(jax.grad(lambda x: made(y_true, x))(y_pred))  # noqa: B023
    return arrays


def metric_answers() -> dict[str, np.ndarray]:
    """Results for the real steps of both batches, without (0) and with (1) weights."""
    arrays = {}
    for case in metric_cases.CASES:
        for weighted in (0, 1):
            metric = getattr(keras.metrics, case.metric)(**case.options)
            given = zip(
                metric_cases.batches(case.kind),
                metric_cases.MASKS,
                metric_cases.WEIGHTS,
                strict=True,
            )
            for (y_true, y_pred), mask, w in given:
                w = _weights_of(case, w[mask]) if weighted else None
                metric.update_state(y_true[mask], y_pred[mask], w)
            arrays[f"metric/{case.name}/{weighted}"] = np.asarray(metric.result())
    return arrays


def _weights_of(case: metric_cases.Case, weights: np.ndarray) -> np.ndarray:
    """Weights as that metric of Keras takes them: some want one for each number."""
    return np.repeat(weights[:, None], 3, 1) if case.metric == "BinaryIoU" else weights
