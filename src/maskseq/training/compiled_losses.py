"""The losses that `compile` was given, one for each output, and their sums over the batches."""

import math
from typing import Any

from .. import losses
from ..given.checking import in_range
from ..tape import value_of
from .data import Batch
from .outputs import by_output, names_of_outputs, of_compile, parts_of


class _Mean:
    """The sum of all batches over that of their divisors."""

    def __init__(self) -> None:
        self.total = self.divisor = 0.0

    def add(self, total: float, divisor: float) -> None:
        self.total += total
        self.divisor += divisor

    @property
    def value(self) -> float:
        return self.total / self.divisor if self.divisor else 0.0


class CompiledLosses:
    """What is minimized: the sum of the outputs' losses, each times its weight, and of penalties.

    loss, loss_weights: as `compile` takes them. A loss is the mean over all real steps of the
    batches, however they are cut, as its reduction says; with averages "keras" the mean of what it
    is in each batch, times the batch's sequences.  outputs: how many the model had when losses were
    found for them; None before.  last_count: how many values the first loss of the last batch is a
    mean of; with averages "keras" None: batches then count alike where gradients are collected.
    """

    def __init__(self, loss: Any, loss_weights: Any, averages: str = "exact"):
        self._of_batches = averages == "keras"
        self._given, self._given_weights = loss, loss_weights
        for part in parts_of(loss):
            losses.get(part)  # what is none is told at once
        for weight in parts_of(loss_weights):
            in_range(weight, "(-inf, inf)", "loss_weights")
        self.outputs: int | None = None
        self._terms: list[tuple[int, str, Any, float]] = []
        self.reset()

    def reset(self) -> None:
        """Begin the sums anew."""
        self._sums = [_Mean() for _ in self._terms]
        self._penalties, self._own = _Mean(), _Mean()
        self.last_count = None if self._of_batches else 1.0

    def resolve(self, model: Any) -> None:
        """Find a loss for each output, once the model has its outputs."""
        if self.outputs is not None:
            return
        names = names_of_outputs(model)
        given, weights = (of_compile(model, x) for x in (self._given, self._given_weights))
        given = by_output(model, given, "loss", spread=True)
        weights = by_output(model, weights, "loss_weights")
        for weight in weights:
            if weight is not None:
                in_range(weight, "(-inf, inf)", "loss_weights of one output")
        found = zip(range(len(names)), names, map(losses.as_loss, given), weights, strict=True)
        self._terms = [
            (place, name, loss, 1.0 if weight is None else float(weight))
            for place, name, loss, weight in found
            if loss is not None
        ]
        self.outputs = len(names)
        self.reset()

    @property
    def names(self) -> list[str]:
        """The names of the outputs' own losses, if several outputs have one."""
        names = [f"{name}_loss" for _, name, _, _ in self._terms]
        return names if len(names) > 1 else []

    def add(
        self, outputs: list[Any], batch: Batch, class_weight: dict[int, float] | None
    ) -> list[tuple[Any, float]]:
        """Add a batch to the sums. Returns (loss, its weight) for each output that has one."""
        found = []
        for (place, name, loss, weight), mean in zip(self._terms, self._sums, strict=True):
            target = batch.targets[place]
            if target is None:
                raise ValueError(f"y must be given for output {name!r}, which has a loss")
            value, count = loss.measured(
                target,
                outputs[place],
                batch.weights[place],
                class_weight,
                batch.layout,
                batch.numbers,
            )
            divisor = 1.0 if loss.reduction == "sum" else count
            divisor = float(len(batch.numbers)) if self._of_batches else divisor
            mean.add(float(value_of(value)) * divisor, divisor)
            if not (found or self._of_batches):
                self.last_count = divisor
            found.append((value, weight))
        return found

    def add_penalties(self, values: list[Any], batch: Batch) -> None:
        """Add the penalties of a batch to the sums."""
        share = float(len(batch.numbers)) if self._of_batches else 1.0
        total = math.fsum([float(value_of(x)) for x in values]) if values else 0.0
        self._penalties.add(share * total, share)

    def add_own(self, loss: float, sequences: int) -> None:
        """Add what a model's own compute_loss gave for a batch; it is then what is told."""
        self._own.add(loss * sequences, sequences)

    def logs(self) -> dict[str, float]:
        """The losses over all batches since `reset`."""
        found, total = {}, []
        for (_, name, _, weight), mean in zip(self._terms, self._sums, strict=True):
            found[f"{name}_loss"] = mean.value
            total.append(weight * mean.value)
        total.append(self._penalties.value)
        loss = self._own.value if self._own.divisor else math.fsum(total)
        return {"loss": loss, **(found if self.names else {})}
