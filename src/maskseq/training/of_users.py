"""What a model of users computes in a step itself: compute_loss and compute_metrics."""

import inspect
from typing import Any, NamedTuple

from ..data.ragged import Ragged
from ..models.trainable import Trainable
from ..rows import as_padded
from ..tape import Traced, padded, value_of
from .data import Batch, as_target
from .outputs import by_output

STEPS = ("train_step", "test_step", "make_train_function", "make_test_function", "train_function")
"""Methods of Keras's models that run a step of its backend."""


class Step(NamedTuple):
    """A step while methods of users run: its tape, outputs, batch, and what they were given of it.

    x, y, y_pred, sample_weight: padded arrays, Traced if the outputs are; a list for several.
    """

    tape: Any
    outputs: list[Any]
    batch: Batch
    x: Any
    y: Any
    y_pred: Any
    sample_weight: Any

    @property
    def given(self) -> dict[str, Any]:
        """The arguments of compute_loss and compute_metrics."""
        names = ("x", "y", "y_pred", "sample_weight")
        return {name: getattr(self, name) for name in names}


def step_of(tape: Any, outputs: list[Any], batch: Batch) -> Step:
    """A batch and its outputs as users get them."""
    x = [None if v is None else as_padded(value_of(v)) for v in batch.values]
    y, weights = (list(map(_array, part)) for part in (batch.targets, batch.weights))
    y_pred = [padded(v) if type(v) is Traced else as_padded(v) for v in outputs]
    return Step(tape, outputs, batch, *map(_single, (x, y, y_pred, weights)))


def given_to(step: Step, model: Any, y: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Batch]:
    """The outputs and the batch that a call of the base's method means.

    What was given to the method and handed on is the step's own, which is not padded.
    """
    batch, outputs = step.batch, step.outputs
    if y_pred is not step.y_pred:
        outputs = list(y_pred) if isinstance(y_pred, (list, tuple)) else [y_pred]
    count = len(batch.numbers)
    parts = (("y", "targets", y), ("sample_weight", "weights", sample_weight))
    for name, field, value in parts:
        if value is not getattr(step, name):
            found = [as_target(part, name, count) for part in by_output(model, value, name)]
            batch = batch._replace(**{field: found})
    return outputs, batch


def writes(model: Any, name: str) -> bool:
    """True if the class of `model` has a method of its own in the place of Trainable's."""
    return getattr(type(model), name) is not getattr(Trainable, name)


def loss_of(model: Any, step: Step, training: bool) -> Any:
    """What a compute_loss of users gives; `training` is told to those that take it, as in Keras."""
    taken = inspect.signature(model.compute_loss).parameters
    told = "training" in taken or any(p.kind is p.VAR_KEYWORD for p in taken.values())
    return model.compute_loss(**step.given, **({"training": training} if told else {}))


def reset_metrics(model: Any) -> None:
    """Begin the metrics anew that a `metrics` property of users lists, as in Keras."""
    if writes(model, "metrics"):
        for metric in model.metrics:
            metric.reset_state()


def refuse_steps(model: Any) -> None:
    """Raise TypeError for a model that writes a step of Keras's, which would never run."""
    for name in STEPS:
        if hasattr(model, name):
            raise TypeError(
                f"model '{model.name}' ({type(model).__name__}) writes {name}, which runs on a "
                f"backend of Keras: write compute_loss(self, x, y, y_pred, sample_weight, "
                f"training) or compute_metrics(self, x, y, y_pred, sample_weight) in its place"
            )


def _array(value: Any) -> Any:
    return value.to_padded() if isinstance(value, Ragged) else value


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
