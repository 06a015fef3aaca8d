"""Trainer: one step of training or of evaluation, and the sums that logs are made of."""

import math
from collections.abc import Mapping
from threading import get_ident
from typing import Any

import numpy as np

from .. import initializers, losses, metrics, optimizers
from ..context import changed, current
from ..given.notices import warn
from ..losses.targets import checked_class_weight
from ..models import inputs as model_inputs
from ..nest import flatten
from ..numerics.draws import Draws
from ..rows import as_padded
from ..tape import Tape, Traced, value_of
from ..variable import publish, versions_of
from . import of_users
from .causes import cause_of_nan
from .compiled_losses import CompiledLosses
from .compiled_metrics import CompiledMetrics
from .data import Batch, data_set
from .outputs import is_config, names_of_outputs
from .penalties import penalties

LARGE_BYTES = 31 << 20
"""Once a block of this size was freed, glibc's malloc keeps what smaller ones leave, up to twice as
much: a step then finds the memory of the one before, which need not be mapped and zeroed again."""


class Trainer:
    """What `compile` makes of a model, an optimizer, losses and metrics.

    model, optimizer: what it trains, and how.  metrics: a CompiledMetrics.  seed: of shuffling and
    dropout in the `fit` that runs, or ran last.  first_epoch: where a restored training goes on.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Any,
        loss_weights: Any,
        metrics: Any,
        weighted_metrics: Any,
        averages: str = "exact",
    ):
        if not isinstance(averages, str) or averages not in ("exact", "keras"):
            raise ValueError(f"averages: expected 'exact' or 'keras', got {averages!r}")
        np.empty(LARGE_BYTES, np.uint8)
        self.model = model
        self.optimizer: Any = optimizers.get(optimizer)
        self.given = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self.losses = CompiledLosses(loss, loss_weights, averages)
        self.metrics = CompiledMetrics(metrics, weighted_metrics, averages)
        self.seed, self.first_epoch = 0, 0
        self._class_weight: Mapping[int, float] | None = None
        self._calls = 0
        self._step: of_users.Step | None = None
        self._own_logs: dict[str, float] = {}
        self._blank: Tape | None = None  # for what is trained
        self._regularized: list[Any] = []  # of it
        self._writes_loss = of_users.writes(model, "compute_loss")
        self._writes_metrics = of_users.writes(model, "compute_metrics")
        self._told_nan = False

    def check_model(self) -> None:
        """Raise TypeError for a model whose class writes a step of Keras's."""
        of_users.refuse_steps(self.model)

    def start(self, class_weight: dict[int, float] | None) -> None:
        """Begin a `fit`: its draws depend on `maskseq.set_random_seed`."""
        self._check_optimizer()
        self.seed, self.first_epoch = initializers.draw_seed(), 0
        self._class_weight = checked_class_weight(class_weight)
        self._told_nan = False
        self.optimizer.use_averages(False)  # an evaluation with them may have been interrupted
        self.model.stop_training = False

    def _check_optimizer(self) -> None:
        if self.optimizer is None:
            raise ValueError(
                f"model '{self.model.name}' was compiled without an optimizer: it evaluates only"
            )

    def finish(self) -> None:
        """End a `fit`: averages of weights, if the optimizer keeps them, become the weights."""
        known = self._blank
        trained = self.model.trainable_weights if known is None else known.variables
        self.optimizer.finalize_variable_values(trained)

    @property
    def names(self) -> list[str]:
        """The names of what `evaluate` returns, the loss first."""
        known = ["loss", *self.losses.names, *self.metrics.names]
        return known + [name for name in self._own_logs if name not in known]

    def reset(self) -> None:
        """Begin the sums of losses and metrics anew. From here on, what is trainable now trains."""
        self._blank = None
        self.losses.reset()
        self.metrics.reset()
        of_users.reset_metrics(self.model)
        self._own_logs = {}

    def logs(self) -> dict[str, float]:
        """The losses and metrics since `reset`."""
        logs = self.losses.logs() | self.metrics.logs() | self._own_logs
        return {name: logs[name] for name in sorted(logs)}

    def train(self, batch: Batch, epoch: int = 0, number: int = 0) -> None:
        """One step of the optimizer. Weights change all at once, after all has gone well."""
        values = self._prepared(batch)
        tape = self._tape().again()
        variables = tape.variables
        if not variables:
            raise ValueError(f"model '{self.model.name}' has no trainable weight")
        rng = Draws(self.seed, epoch, batch.numbers)
        versions = versions_of(variables)
        with changed(training=True, tape=tape, losses=tape.losses, rng=rng) as walk:
            outputs = self._outputs([x if x is None else tape.data(x) for x in values])
            if self._writes_loss:
                total = self._own_loss(tape, outputs, batch)
            else:
                total = self._compiled_loss(tape, outputs, batch)
        if not math.isfinite(value_of(total)):
            self._tell_nan(total, batch, outputs, epoch, number)
        with changed():
            gradients = tape.gradients(total)
        _check_versions(versions, variables, walk.edition)
        self.optimizer.apply(gradients, variables, count=self.losses.last_count)
        self._add_metrics(list(map(value_of, outputs)), batch, self._class_weight)

    def _tape(self) -> Tape:
        """An empty tape for what is trainable, which is sought once after each `reset`."""
        if self._blank is None:
            self._blank = Tape(self.model.trainable_weights)
            variables = self._blank.variables
            self._regularized = [x for x in variables if x.regularizer is not None]
        return self._blank

    def regularizes_outputs(self) -> bool:
        """True if a layer has a penalty on its outputs, which a tape must note."""
        holders = self.model._holders()
        return any(getattr(x, "activity_regularizer", None) is not None for x in holders)

    def test(self, batch: Batch, alone: bool = False) -> None:
        """Add the losses and metrics of a batch to the sums.

        alone: there is no penalty on outputs; the model then walks as in `predict`.
        """
        values = self._prepared(batch)
        self._tape()  # so that what is regularized is known
        tape = Tape()
        with changed(tape=tape, losses=tape.losses):
            if alone:
                with changed(tape=None):
                    outputs = self._outputs(values)
            else:
                outputs = self._outputs([x if x is None else tape.data(x) for x in values])
                outputs = list(map(value_of, outputs))
            if self._writes_loss:
                self._own_loss(tape, outputs, batch, training=False)
            else:
                self._add_losses(tape, outputs, batch, None)
        self._add_metrics(outputs, batch, None)

    def _add_losses(self, tape: Tape, outputs: list[Any], batch: Batch, class_weight: Any) -> Any:
        """The losses of the outputs with their weights, and the penalties; all are counted."""
        terms = self.losses.add(outputs, batch, class_weight)
        extra = []
        if self._regularized or tape.penalties or tape.losses:
            extra = penalties(tape, len(batch.numbers), self._regularized)
        self.losses.add_penalties(extra, batch)
        return terms, extra

    def _compiled_loss(self, tape: Tape, outputs: list[Any], batch: Batch) -> Any:
        return _total(tape, *self._add_losses(tape, outputs, batch, self._class_weight))

    def _own_loss(self, tape: Tape, outputs: list[Any], batch: Batch, training: bool = True) -> Any:
        """What the model's own compute_loss gives."""
        self._step = step = of_users.step_of(tape, outputs, batch)
        with changed(reader=tape if training else None):
            loss = of_users.loss_of(self.model, step, training)
        self._step = None
        if training and not tape.wants(loss):
            raise TypeError(
                f"model '{self.model.name}': compute_loss must give a number that the weights "
                f"make, got {type(loss).__name__}"
            )
        self.losses.add_own(float(value_of(loss)), len(batch.numbers))
        return loss

    def loss_of(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        """What compute_loss is if the model has none of its own; only within a step."""
        step = self._step_of("compute_loss")
        outputs, batch = of_users.given_to(step, self.model, y, y_pred, sample_weight)
        with changed(reader=None):
            return self._compiled_loss(step.tape, outputs, batch)

    def _add_metrics(self, outputs: list[Any], batch: Batch, class_weight: Any) -> None:
        if not self._writes_metrics:
            self.metrics.add(outputs, batch, class_weight)
            return
        self._step = step = of_users.step_of(None, outputs, batch)
        self._own_logs = {k: float(v) for k, v in self.model.compute_metrics(**step.given).items()}
        self._step = None

    def metrics_of(self, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, float]:
        """What compute_metrics is if the model has none of its own; only within a step."""
        step = self._step_of("compute_metrics")
        outputs, batch = of_users.given_to(step, self.model, y, y_pred, sample_weight)
        self.metrics.add(outputs, batch, self._class_weight)
        self._own_logs = {}  # they are of the batch before
        return self.named_logs()

    def _step_of(self, what: str) -> of_users.Step:
        if self._step is None:
            raise RuntimeError(f"{what} runs in a step of fit or evaluate only")
        return self._step

    def train_on_batch(self, x: Any, y: Any, weights: Any, class_weight: Any) -> dict[str, float]:
        """One step on what `train_on_batch` was given; the losses and metrics of it alone."""
        self._check_optimizer()
        self.reset()
        self._class_weight = checked_class_weight(class_weight)
        self.train(self._batch_of(x, y, weights), self._calls)
        self._calls += 1
        return self.named_logs()

    def test_on_batch(self, x: Any, y: Any, weights: Any) -> dict[str, float]:
        """The losses and metrics of what `test_on_batch` was given."""
        self.reset()
        self.test(self._batch_of(x, y, weights))
        return self.named_logs()

    def state(self, epoch: int) -> dict[str, np.ndarray]:
        """Arrays with which `restore` goes on at an epoch."""
        swapped = self.optimizer.uses_averages
        self.optimizer.use_averages(False)
        weights = {f"weight/{i}": w for i, w in enumerate(self.model.get_weights())}
        slots = self.optimizer.variables
        optimizer = {f"optimizer/{i}": np.array(v) for i, v in enumerate(slots)}
        self.optimizer.use_averages(swapped)
        about = {"epoch": np.array(epoch), "seed": np.array(self.seed)}
        about["accumulation"] = np.array(self.optimizer._accumulation.state)
        return {**about, **weights, **optimizer}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take what `state` gave, in one step.

        Raises: ValueError if it is of another model or optimizer; KeyError if it is not whole.
        """
        if not self.optimizer.built:
            self.optimizer.build(self.model.trainable_weights)
        about = int(state["seed"]), int(state["epoch"])
        variables, values = [], []
        for kind, here in (("weight", self.model.weights), ("optimizer", self.optimizer.variables)):
            found = _numbered(state, kind)
            if len(found) != len(here):
                raise ValueError(f"expected {len(here)} arrays {kind}/0 ..., got {len(found)}")
            variables += here
            values += found
        place, unit, total = state["accumulation"]
        accumulation = int(place), float(unit), float(total)
        publish(variables, values)  # all, or none if one does not fit
        self.optimizer._accumulation.state = accumulation
        self.seed, self.first_epoch = about

    def get_config(self) -> dict[str, Any]:
        """The arguments of `compile` as data, in Keras's form."""
        given = self.given
        return {
            "optimizer": optimizers.serialize(self.optimizer),
            "loss": _serialized(given["loss"], losses),
            "loss_weights": given["loss_weights"],
            "metrics": _serialized(given["metrics"], metrics),
            "weighted_metrics": _serialized(given["weighted_metrics"], metrics),
            "run_eagerly": False,
            "steps_per_execution": self.model.steps_per_execution,
            "jit_compile": False,
        }

    def _batch_of(self, x: Any, y: Any, weights: Any) -> Batch:
        data = data_set(self.model, x, y, weights, 1)
        if not data.count:
            raise ValueError("x must hold at least one sequence, got none")
        data.size = data.count
        return next(data.epoch(0, 0, shuffle=False))

    def named_logs(self) -> dict[str, float]:
        """The losses and metrics since `reset`, in the order of `names`."""
        logs = self.logs()
        return {name: logs[name] for name in self.names if name in logs}

    def _prepared(self, batch: Batch) -> list[Any]:
        """The inputs as a walk takes them. The model is built, and its losses are found."""
        model = self.model
        values = batch.values
        if model._plan is not None:
            values = model_inputs.prepare(model, values)
        elif not model.built:
            model.predict_on_batch(as_padded(values[0]))
        if self.losses.outputs is None:
            self.metrics.resolve(model)
            self.losses.resolve(model)
        return values

    def _outputs(self, values: list[Any]) -> list[Any]:
        """The outputs of a walk, as Rows or arrays, in order."""
        model = self.model
        settings = {"on_mask_loss": model.on_mask_loss, "padded_output": False}
        if model._plan is not None and model._walks:
            context = current().but(**settings)
            found = model._plan.run(values, context, context)
            outputs = [found] if type(found) is Traced else flatten(found)
        else:
            with changed(**settings):
                outputs = flatten(model.apply(values[0] if len(values) == 1 else values))
        known = len(outputs) == self.losses.outputs
        if not known and len(outputs) != (count := len(names_of_outputs(model))):
            raise ValueError(
                f"model '{model.name}' gave {len(outputs)} outputs, expected {count}: a model with "
                f"a call of its own is trained on one output"
            )
        return outputs

    def _tell_nan(
        self, total: Any, batch: Batch, outputs: list[Any], epoch: int, number: int
    ) -> None:
        if not self._told_nan:
            self._told_nan = True
            warn(
                f"model '{self.model.name}': the loss is {float(value_of(total))} in epoch "
                f"{epoch + 1}, batch {number}{cause_of_nan(batch, outputs)}; "
                f"callbacks.TerminateOnNaN() stops there"
            )


def _check_versions(versions: list[int], variables: list[Any], edition: Any) -> None:
    """Raise RuntimeError for a weight that was replaced since, but by the walk itself."""
    if versions_of(variables) == versions:
        return
    for version, variable in zip(versions, variables, strict=True):
        if variable.version == version:
            continue
        if not edition or (get_ident(), id(variable)) not in edition.own:
            raise RuntimeError(
                f"weight {variable.name}: another value was assigned during this step"
            )


def _total(tape: Tape, terms: list[tuple[Any, float]], extra: list[Any]) -> Any:
    """The number that is minimized."""
    terms = [*terms, *((penalty, 1.0) for penalty in extra)] if extra else terms
    if not terms:
        raise ValueError("nothing to minimize: compile with a loss, or add_loss in a layer")
    if len(terms) == 1 and terms[0][1] == 1.0 and type(terms[0][0]) is Traced:
        return terms[0][0]
    parts, weights = map(list, zip(*terms, strict=True))
    total = math.fsum([w * float(value_of(x)) for x, w in zip(parts, weights, strict=True)])

    def backward(gradient: Any, wanted: Any) -> list[Any]:
        return [np.float32(gradient * weight) for weight in weights]

    return tape.record(np.float32(total), parts, backward)


def _numbered(state: dict[str, np.ndarray], kind: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{kind}/") for name in state)
    return [state[f"{kind}/{i}"] for i in range(count)]


def _serialized(given: Any, module: Any) -> Any:
    """Names, and objects as their configs, in lists and dicts too; a config as it is."""
    if given is None or is_config(given):
        return given
    if isinstance(given, dict):
        return {name: _serialized(value, module) for name, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [_serialized(value, module) for value in given]
    return module.serialize(given)
