"""The metrics that `compile` was given, for each output. They count real steps only."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np

from .. import metrics
from ..losses.targets import Aligned, align
from ..rows import Layout, Rows, Source, as_padded
from ..tensor import as_numpy
from .data import Batch
from .outputs import by_output, is_config, names_of_outputs, parts_of


class _Slot:
    """A metric of one output. weighted: it uses sample_weight and class_weight.

    names: how often each name was taken. Of two of one name the second is numbered, or called
    weighted, as in Keras.
    """

    def __init__(self, given: Any, output: int, prefix: str, weighted: bool, names: Counter[str]):
        self.output, self.weighted, self._given = output, weighted, given
        self.metric: Any = None
        if not isinstance(given, str):
            self.metric = metrics.for_output(given, None, None)
        own = given if self.metric is None else self.metric.name
        name = f"{prefix}weighted_{own}" if weighted and names[prefix + own] else prefix + own
        self.name = f"{name}_{names[name]}" if names[name] else name
        names[name] += 1

    def aligned(self, outputs: list[Any], batch: Batch, class_weight: Any) -> Aligned:
        """What the metric gets of a batch, row upon row."""
        target, output = batch.targets[self.output], outputs[self.output]
        if target is None:
            raise ValueError(f"y must be given for metric {self.name!r}")
        weights, by_class = None, None
        if self.weighted:
            weights, by_class = batch.weights[self.output], class_weight
        return align(target, output, weights, by_class, batch.layout, batch.numbers)

    def add(self, given: Aligned) -> None:
        """Add a batch."""
        metric = self._found(given)
        if type(metric).update_state is metrics.MeanMetricWrapper.update_state:
            metric._take(given)
        else:
            metric.update_state(given.y_true, given.y_pred, given.weights)

    def add_as_keras(self, given: Aligned, outputs: list[Any], batch: Batch, by_class: Any) -> None:
        """Add a batch as Keras does.

        Means of a function divide values and weights by the padded time; others ignore the mask.
        """
        metric, layout = self._found(given), given.layout
        mean, labels, scores, weights = isinstance(metric, metrics.MeanMetricWrapper), *given[:3]
        if layout is not None and not (mean and metric.masked_in_keras):
            target, weight = batch.targets[self.output], batch.weights[self.output]
            labels = target if isinstance(target, np.ndarray) else _padded(labels, layout)
            scores = as_numpy(as_padded(outputs[self.output]))
            if weights is not None:
                whole = by_class is None and isinstance(weight, np.ndarray)
                weights = weight if whole else _padded(weights, layout)
        if mean:
            time = math.prod(np.shape(given.y_pred)[1:-1]) if layout is None else layout.time
            metric.update_state(labels, scores, weights, share=1.0 / max(float(time), 1.0))
        else:
            metric.update_state(labels, scores, weights)

    def _found(self, given: Aligned) -> Any:
        if self.metric is None:
            self.metric = metrics.for_output(self._given, given.y_true, given.y_pred)
        return self.metric


class CompiledMetrics:
    """Metrics by output: `given` as `compile` takes them; the others use sample_weight too.

    averages: "exact": they count real steps; "keras": as Keras's do.
    """

    def __init__(self, given: Any, weighted: Any, averages: str = "exact"):
        self._given = [(given, False), (weighted, True)]
        self._as_keras = averages == "keras"
        for part in parts_of([given, weighted]):
            if not (isinstance(part, str) and part.lower() in metrics.BY_OUTPUT):
                metrics.get(part)  # what is none is told at once
        self._slots: list[_Slot] | None = None
        self._held: list[Any] = []
        self._several = False

    def resolve(self, model: Any) -> None:
        """Make the metrics of each output, once the model has its outputs."""
        if self._slots is not None:
            return
        names = names_of_outputs(model)
        self._several = len(names) > 1
        self._held = _held_by_layers(model)
        for metric in self._held:
            metric.reset_state()  # of what it saw when the model was built
        self._slots, taken = [], Counter()
        for given, weighted in self._given:
            for place, part in enumerate(_lists(model, given, len(names))):
                prefix = f"{names[place]}_" if len(names) > 1 else ""
                self._slots += [
                    _Slot(x, place, prefix, weighted, taken) for x in part if x is not None
                ]

    @property
    def all(self) -> list[Any]:
        """The metrics as objects, as far as they are known; those that layers hold are the last."""
        given = [slot.metric for slot in self._slots or () if slot.metric is not None]
        return [*given, *self._held]

    @property
    def names(self) -> list[str]:
        """In the order of Keras: that of `compile` for one output, by the alphabet for several."""
        slots = self._slots or ()
        names = [slot.name for slot in slots]
        names = sorted(names) if self._several else names
        return [*names, *(metric.name for metric in self._held)]

    def directions(self) -> dict[str, str | None]:
        """Name in the logs -> whether "up" or "down" is better; None: the metric does not say."""
        known = {x.name: x.metric for x in self._slots or () if x.metric is not None}
        known |= {metric.name: metric for metric in self._held}
        return {name: metric._direction for name, metric in known.items()}

    def reset(self) -> None:
        """Begin all metrics anew."""
        for metric in self.all:
            metric.reset_state()

    def add(self, outputs: list[Any], batch: Batch, class_weight: Any) -> None:
        """Add a batch to all metrics."""
        known: dict[tuple[int, bool], Aligned] = {}
        for slot in self._slots or ():
            place = slot.output, slot.weighted
            if place not in known:
                known[place] = slot.aligned(outputs, batch, class_weight)
            if self._as_keras:
                slot.add_as_keras(known[place], outputs, batch, class_weight)
            else:
                slot.add(known[place])

    def logs(self) -> dict[str, float]:
        """The metrics since `reset`."""
        found = {x.name: x.metric.result() for x in self._slots or () if x.metric is not None}
        found |= {metric.name: metric.result() for metric in self._held}
        return {name: _number(value) for name, value in found.items()}


def _held_by_layers(model: Any) -> list[Any]:
    """The metrics that layers of users have as attributes, and update in their `call`."""
    values = itertools.chain.from_iterable(vars(layer).values() for layer in model._holders())
    return list({id(x): x for x in values if isinstance(x, metrics.Metric)}.values())


def _padded(rows: np.ndarray, layout: Layout) -> np.ndarray:
    """Rows of the real steps as (batch, time, ...), 0 at the others."""
    return Rows(None, layout, False, Source(rows)).to_padded()


def _lists(model: Any, given: Any, count: int) -> list[list[Any]]:
    """A list of metrics for each output."""
    if given is None:
        return [[] for _ in range(count)]
    if isinstance(given, (list, tuple)):
        nested = any(x is None or isinstance(x, (list, tuple)) for x in given)
        if not (count > 1 and nested):
            if count == 1 and len(given) == 1 and isinstance(given[0], (list, tuple)):
                given = given[0]
            return [list(given) for _ in range(count)]
    elif not isinstance(given, dict) or is_config(given):
        return [[given] for _ in range(count)]
    parts = by_output(model, given, "metrics")
    return [_as_list(part) for part in parts]


def _as_list(part: Any) -> list[Any]:
    if part is None:
        return []
    return list(part) if isinstance(part, (list, tuple)) else [part]


def _number(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array.tolist()
