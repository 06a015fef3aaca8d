"""The losses that `compile` was given, one for each output, and their sums over the batches."""

import math
from typing import Any

from .. import losses
from ..given.checking import in_range
from ..tape import value_of
from .data import Batch
from .outputs import by_output, names_of_outputs, of_compile, parts_of


class _Mean:
    """The sum of all batches over that of their divisors; last: the last batch's divisor."""

    def __init__(self) -> None:
        self.total = self.divisor = 0.0
        self.last: float | None = None

    def add(self, total: float, divisor: float) -> None:
        self.total += total
        self.divisor += divisor
        self.last = divisor

    @property
    def value(self) -> float:
        return self.total / self.divisor if self.divisor else 0.0


class CompiledLosses:
    """What is minimized: the sum of the outputs' losses, each times its weight, and of penalties.

    loss, loss_weights: as `compile` takes them. A loss is the mean over all real steps of the
    batches, however they are cut, as its reduction says; with averages "keras" the mean of what it
    is in each batch, times the batch's sequences.
    """

    def __init__(self, loss: Any, loss_weights: Any, averages: str = "exact"):
        self._of_batches = averages == "keras"
        self._given, self._given_weights = loss, loss_weights
        for part in parts_of(loss):
            losses.get(part)  # what is none is told at once
        for weight in parts_of(loss_weights):
            in_range(weight, "(-inf, inf)", "loss_weights")
        self._losses: list[Any] | None = None
        self._weights: list[float] = []
        self._outputs: list[str] = []
        self.reset()

    def reset(self) -> None:
        """Begin the sums anew."""
        self._sums = [_Mean() for _ in self._outputs]
        self._penalties, self._own = _Mean(), _Mean()

    @property
    def last_count(self) -> float | None:
        """The divisor of the last batch: how many values the first loss is a mean of.

        None with averages "keras": batches then count alike where their gradients are collected.
        """
        if self._of_batches:
            return None
        return next((mean.last for mean in self._sums if mean.last is not None), 1.0)

    def resolve(self, model: Any) -> None:
        """Find a loss for each output, once the model has its outputs."""
        if self._losses is not None:
            return
        self._outputs = names_of_outputs(model)
        given, weights = (of_compile(model, x) for x in (self._given, self._given_weights))
        given = by_output(model, given, "loss", spread=True)
        self._losses = [losses.as_loss(x) for x in given]
        weights = by_output(model, weights, "loss_weights")
        self._weights = [1.0 if w is None else float(w) for w in weights]
        self.reset()

    @property
    def outputs(self) -> int:
        """How many outputs the model had when losses were found for them."""
        return len(self._outputs)

    @property
    def names(self) -> list[str]:
        """The names of the outputs' own losses, if several outputs have one."""
        names = [f"{name}_loss" for name, loss in self._pairs() if loss is not None]
        return names if len(names) > 1 else []

    def _pairs(self) -> list[tuple[str, Any]]:
        return list(zip(self._outputs, self._losses or (), strict=True))

    def add(
        self, outputs: list[Any], batch: Batch, class_weight: dict[int, float] | None
    ) -> list[tuple[Any, float]]:
        """Add a batch to the sums. Returns (loss, its weight) for each output that has one."""
        terms = []
        for place, (name, loss) in enumerate(self._pairs()):
            if loss is None:
                continue
            if batch.targets[place] is None:
                raise ValueError(f"y must be given for output {name!r}, which has a loss")
            value, count = loss.measured(
                batch.targets[place],
                outputs[place],
                batch.weights[place],
                class_weight,
                batch.lengths,
                batch.numbers,
            )
            divisor = 1.0 if loss.reduction == "sum" else count
            divisor = float(len(batch.numbers)) if self._of_batches else divisor
            self._sums[place].add(float(value_of(value)) * divisor, divisor)
            terms.append((value, self._weights[place]))
        return terms

    def add_penalties(self, values: list[Any], batch: Batch) -> None:
        """Add the penalties of a batch to the sums."""
        share = float(len(batch.numbers)) if self._of_batches else 1.0
        self._penalties.add(share * math.fsum(float(value_of(x)) for x in values), share)

    def add_own(self, loss: float, sequences: int) -> None:
        """Add what a model's own compute_loss gave for a batch; it is then what is told."""
        self._own.add(loss * sequences, sequences)

    def logs(self) -> dict[str, float]:
        """The losses over all batches since `reset`."""
        found, total = {}, []
        for (name, loss), mean, weight in zip(
            self._pairs(), self._sums, self._weights, strict=True
        ):
            if loss is None:
                continue
            value = mean.value
            found[f"{name}_loss"] = value
            total.append(weight * value)
        total.append(self._penalties.value)
        loss = self._own.value if self._own.divisor else math.fsum(total)
        return {"loss": loss, **(found if self.names else {})}
