"""What `fit` and `evaluate` are given, as batches of whole sequences.

A `DataSet` holds one value for each input and target; nothing in it is padded. Shuffling permutes
sequences. A batch says which sequences of the data it holds, so that what is drawn for a sequence
does not depend on its batch. A `Stream` takes batches as they come.
"""

import itertools
import math
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..data.ragged import Ragged, as_batch
from ..given.checking import in_range
from ..given.numpy_ma import without_mask
from ..models import inputs as model_inputs
from ..models.batches import count_of, gives_batches, part, picked
from ..rows import Layout, Rows
from ..tensor import to_float32
from .outputs import by_output

BYTES_AT_ONCE = 1 << 20  # of shuffled sequences, gathered for several batches in one go


_own = threading.local()
"""state: the thread's RandomState, as a new one takes longer than to shuffle."""


def _shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """The numbers below `count` in an order that hangs on seed and epoch.

    RandomState's streams are frozen, so NumPy's version does not matter.
    """
    state: np.random.RandomState | None = getattr(_own, "state", None)
    if state is None:
        state = _own.state = np.random.RandomState(0)
    state.seed([seed, epoch])
    return state.permutation(count)


class Batch(NamedTuple):
    """values: one for each input, as a walk takes them.  targets, weights: one for each output, an
    array, a Ragged or None.  numbers: int64 (sequences,): their places in the data.
    layout: that of a single input of Rows; else None.
    """

    values: list[Any]
    targets: list[Any]
    weights: list[Any]
    numbers: np.ndarray

    @property
    def layout(self) -> Layout | None:
        values = self.values
        return values[0].layout if len(values) == 1 and type(values[0]) is Rows else None


class Source(Protocol):
    """Where batches come from.

    size: sequences a batch.  steps: batches an epoch; None: unknown.
    """

    size: int

    @property
    def steps(self) -> int | None: ...

    def epoch(self, seed: int, epoch: int, shuffle: bool) -> Iterator[Batch]:
        """The batches of an epoch; with `shuffle` in an order that depends on seed and epoch."""
        ...

    def forever(self, seed: int, shuffle: bool, skipped: int) -> Iterator[Batch]:
        """The batches of one epoch after the other, but for the first ones; streams have them."""
        ...

    def split(self, share: float) -> tuple["Source", "Source"]:
        """All but the last `share` of the sequences, and those."""
        ...

    def on_epoch_end(self) -> None: ...


class DataSet:
    """Sequences with their targets and weights, of which batches are taken.

    Arguments: values: what `model_inputs.for_predict` made of x.  targets, weights: one for each
        output.  size: sequences a batch.  numbers: those that belong to it; None: all.
    """

    def __init__(
        self,
        values: list[Any],
        targets: list[Any],
        weights: list[Any],
        size: int,
        numbers: np.ndarray | None = None,
    ):
        self._values, self._targets, self._weights = values, targets, weights
        self.size = size
        self._numbers = np.arange(count_of(values)) if numbers is None else numbers

    @property
    def count(self) -> int:
        """How many sequences there are."""
        return len(self._numbers)

    @property
    def steps(self) -> int:
        return -(-self.count // self.size)

    def epoch(self, seed: int, epoch: int, shuffle: bool) -> Iterator[Batch]:
        numbers = self._numbers
        if shuffle:
            numbers = numbers[_shuffled(len(numbers), seed, epoch)]
        several = self._batches_at_once()
        for start in range(0, len(numbers), several * self.size):
            yield from self._cut(numbers[start : start + several * self.size])

    def forever(self, seed: int, shuffle: bool, skipped: int) -> Iterator[Batch]:
        first, skipped = divmod(skipped, self.steps)
        for epoch in itertools.count(first):
            yield from itertools.islice(self.epoch(seed, epoch, shuffle), skipped, None)
            skipped = 0

    def split(self, share: float) -> tuple["DataSet", "DataSet"]:
        in_range(share, "(0, 1)", "validation_split")
        first = int(len(self._numbers) * (1 - share))
        if not 0 < first < len(self._numbers):
            raise ValueError(
                f"validation_split={share} of {len(self._numbers)} sequences leaves one part empty"
            )
        return self._of(self._numbers[:first]), self._of(self._numbers[first:])

    def on_epoch_end(self) -> None:
        pass

    def _of(self, numbers: np.ndarray) -> "DataSet":
        return DataSet(self._values, self._targets, self._weights, self.size, numbers)

    def _batches_at_once(self) -> int:
        """How many batches are gathered in one go: as many as BYTES_AT_ONCE hold, at least one."""
        held = (x for part in (self._values, self._targets, self._weights) for x in part)
        size = sum(_bytes_of(x) for x in held) * self.size / max(count_of(self._values), 1)
        return max(1, min(int(BYTES_AT_ONCE / max(size, 1.0)), self.steps))

    def _cut(self, numbers: np.ndarray) -> Iterator[Batch]:
        """The sequences `numbers`, gathered once, as batches."""
        lists = self._values, self._targets, self._weights
        lists = [[x if x is None else taken(x, numbers) for x in values] for values in lists]
        if len(numbers) <= self.size:
            yield Batch(*lists, numbers)
            return
        for start in range(0, len(numbers), self.size):
            own = numbers[start : start + self.size]
            stop = start + len(own)
            values, targets, weights = lists
            yield Batch(
                [_slice(x, start, stop) for x in values],
                [_slice(x, start, stop) for x in targets],
                [_slice(x, start, stop) for x in weights],
                own,
            )


class Stream:
    """Batches that a generator, an iterable or an object with __getitem__ and __len__ gives.

    Each is (x, y), (x, y, sample_weight) or x alone.
    """

    def __init__(self, model: Any, batches: Any, size: int):
        self._model, self._batches, self.size = model, batches, size
        self._indexed = hasattr(batches, "__getitem__") and hasattr(batches, "__len__")
        self._seen = 0

    @property
    def steps(self) -> int | None:
        return len(self._batches) if hasattr(self._batches, "__len__") else None

    def epoch(self, seed: int, epoch: int, shuffle: bool) -> Iterator[Batch]:
        self._seen = 0
        if not self._indexed:
            yield from map(self._batch, self._batches)
            return
        order: Any = range(len(self._batches))
        if shuffle:
            order = _shuffled(len(self._batches), seed, epoch)
        for number in order:
            yield self._batch(self._batches[int(number)])

    def forever(self, seed: int, shuffle: bool, skipped: int) -> Iterator[Batch]:
        if not self._indexed:
            yield from self.epoch(seed, 0, shuffle)  # to the end of the generator
            return
        epoch, skipped = divmod(skipped, max(len(self._batches), 1))
        while len(self._batches):
            yield from itertools.islice(self.epoch(seed, epoch, shuffle), skipped, None)
            epoch, skipped = epoch + 1, 0

    def split(self, share: float) -> tuple[Source, Source]:
        raise ValueError(
            "validation_split needs arrays, lists or Ragged for x; for batches give validation_data"
        )

    def on_epoch_end(self) -> None:
        if hasattr(self._batches, "on_epoch_end"):
            self._batches.on_epoch_end()

    def _batch(self, given: Any) -> Batch:
        parts = given if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(f"a batch must be (x, y) or (x, y, sample_weight), got {len(parts)}")
        found = data_set(self._model, *parts, *(None,) * (3 - len(parts)), size=1)
        numbers = np.arange(count_of(found._values)) + self._seen
        self._seen += len(numbers)
        return Batch(found._values, found._targets, found._weights, numbers)


def source_of(model: Any, x: Any, y: Any, sample_weight: Any, size: int) -> Source:
    """The batches of what `fit` was given.

    Raises: ValueError if x gives batches and y or sample_weight come beside them; if it is empty.
    """
    if gives_batches(x):
        if y is None and sample_weight is None:
            return Stream(model, x, size)
        if hasattr(x, "__next__") or _gives_pairs(x):
            raise ValueError(
                f"{'sample_weight' if y is None else 'y'} must not be given beside batches: x, a "
                f"{type(x).__name__}, gives (x, y) or (x, y, sample_weight)"
            )
    found = data_set(model, x, y, sample_weight, size)
    if not found.count:
        raise ValueError("x must hold at least one sequence, got none")
    return found


def _gives_pairs(x: Any) -> bool:
    """True for Keras's PyDataset and its likes, which have no end of their own."""
    indexed = hasattr(x, "__getitem__") and hasattr(x, "__len__")
    return indexed and len(x) > 0 and isinstance(x[0], tuple)


def data_set(model: Any, x: Any, y: Any, sample_weight: Any, size: int) -> DataSet:
    """What arrays, lists, Ragged or Arrow columns hold: as many sequences in each.

    Raises: ValueError naming the argument, how many sequences x has, and how many came.
    """
    values = model_inputs.for_predict(model, x)
    count = count_of(values)
    targets = [as_target(given, "y", count) for given in by_output(model, y, "y")]
    weights = by_output(model, sample_weight, "sample_weight", spread=True)
    weights = [as_target(given, "sample_weight", count) for given in weights]
    for name, parts in (("y", targets), ("sample_weight", weights)):
        for given in parts:
            if given is not None and len(given) != count:
                raise ValueError(f"{name} must be for {count} sequences, as x is, got {len(given)}")
    return DataSet(values, targets, weights, size)


def as_target(y: Any, name: str, count: int) -> Any:
    """Targets or weights of `count` sequences as a Ragged or an array; None stays None.

    A list of sequences of one length is an array, as what is one value each in several outputs.
    Raises: TypeError for what holds no numbers, or masked ones of numpy.ma.
    Warns: RuntimeWarning naming a number beyond float32.
    """
    if y is None:
        return y
    if isinstance(y, (list, tuple)) and len(y) == 1 != count and np.shape(y[0])[:1] == (count,):
        y = y[0]  # the one output's, in a list as Keras takes it
    try:
        batch = as_batch(without_mask(y, name))
    except (TypeError, ValueError, OverflowError) as error:  # names what it is given `sequences`
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(str(error).replace("`sequences`", name)) from error
    _tell_overflow(batch, name)
    if isinstance(y, Ragged):
        return y
    if isinstance(batch, Ragged):
        lengths = batch.lengths
        if isinstance(y, (list, tuple)) and len(lengths) and (lengths == lengths[0]).all():
            return batch.values.reshape(len(lengths), int(lengths[0]), *batch.features)
        return batch
    if batch.ndim < 1 or batch.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be numbers for each sequence, got {batch.dtype} {batch.shape}"
        )
    return batch


def _tell_overflow(batch: Any, name: str) -> None:
    """Warn of float64 that float32 does not hold; what is kept stays as it is."""
    numbers = batch.values if isinstance(batch, Ragged) else batch
    if isinstance(numbers, np.ndarray) and numbers.dtype.kind == "f":
        to_float32(numbers, name)


def taken(value: Any, numbers: np.ndarray) -> Any:
    """The sequences `numbers` of Rows, a Ragged or an array, in that order.

    Those that follow each other are left where they lie.
    """
    start, stop = (int(numbers[0]), int(numbers[-1]) + 1) if len(numbers) else (0, 0)
    if stop - start != len(numbers) or (numbers[1:] < numbers[:-1]).any():
        return value[numbers] if isinstance(value, Ragged) else picked(value, numbers)
    return _slice(value, start, stop)


def _slice(value: Any, start: int, stop: int) -> Any:
    """The sequences [start, stop), where they lie; None stays None."""
    if type(value) is np.ndarray:
        return value[start:stop]
    return value[start:stop] if isinstance(value, Ragged) else part(value, start, stop)


def _bytes_of(value: Any) -> int:
    """What the values of Rows, a Ragged or an array take; None takes nothing."""
    if value is None:
        return 0
    if type(value) is Rows:
        array = value.source.array
        return array.itemsize * value.layout.steps * math.prod(array.shape[1:])
    return value.values.nbytes if isinstance(value, Ragged) else value.nbytes
