"""One block through a model. A sequence that fails is found by halves; no other answer changes."""

from typing import Any

import numpy as np

from ..data.ragged import Ragged
from ..given.places import in_file, without_row
from ..layers.base.errors import PLAIN_ERRORS
from ..models import asked
from ..models.answers import by_column, join
from ..nest import map_structure
from .block import Answers, Block, sliced


class BadSequence(ValueError):
    """A sequence that the model takes no answer from: its `path`, `row` and `step`, from 0."""


class Model:
    """A model that answers blocks.

    Arguments: model: with its weights.  name: of a single output's column.  batch_size: as for
        `predict`.  skip: bad sequences have no answer; otherwise they are errors.
    """

    def __init__(self, model: Any, name: str, batch_size: int | None, skip: bool):
        self._model, self._name, self._size, self._skip = model, name, batch_size, skip
        names = getattr(model, "output_names", []) if model._plan is not None else []
        self._names = list(names)

    def answers(self, block: Block) -> tuple[Answers, list[str]]:
        """The answers, and what is wrong with those that are missing.

        Raises: BadSequence naming the first sequence that fails.
        """
        parts: list[tuple[int, int, Any]] = []
        bad = dict(block.bad)
        for start, stop in _good_runs(block):
            self._predict(block, start, stop, parts, bad)
        valid = np.ones(block.size, bool)
        valid[list(bad)] = False
        found = self._joined(block, parts)
        said = [bad[i] if i in block.bad else f"{block.where(i)}: {bad[i]}" for i in sorted(bad)]
        return Answers(block.carried, found, valid, block.rows), said

    def _predict(
        self, block: Block, start: int, stop: int, parts: list[Any], bad: dict[int, str]
    ) -> None:
        try:
            x = sliced(block.x, start, stop)
            found = asked.predict(self._model, x, self._size, None, None, ragged=True)
            parts.append((start, stop, found))
        except (*PLAIN_ERRORS, ArithmeticError, LookupError) as error:
            if stop - start == 1:
                if not self._skip:
                    raise _bad(block, start, error) from error
                bad[start] = without_row(error)
                return
            middle = (start + stop) // 2
            self._predict(block, start, middle, parts, bad)
            self._predict(block, middle, stop, parts, bad)

    def _joined(self, block: Block, parts: list[Any]) -> dict[str, Any]:
        """By column; a sequence without an answer has zeros, or no step."""
        if not parts:
            parts = [(0, 0, self.nothing())]
        filled, at, sample = [], 0, parts[0][2]
        for start, stop, found in parts:
            if start > at:
                filled.append(_zeros_like(sample, start - at))
            filled.append(found)
            at = stop
        if block.size > at:
            filled.append(_zeros_like(sample, block.size - at))
        return by_column(join(filled), self._names, self._name)

    def nothing(self) -> Any:
        """The answer for no sequence. Raises: ValueError if nothing says what it would be."""
        try:
            x = [_no_sequence(tensor) for tensor in self._model.inputs]
            return asked.predict(
                self._model, x if len(x) > 1 else x[0], None, None, None, ragged=True
            )
        except (AttributeError, *PLAIN_ERRORS) as error:
            raise ValueError(
                "no sequence could be read, so nothing says what answers are"
            ) from error


def _bad(block: Block, i: int, error: Exception) -> BadSequence:
    bad = BadSequence(f"{block.where(i)}: {without_row(error)}")
    vars(bad)["layer"] = getattr(error, "layer", None)
    return in_file(bad, block.path, block.row_of(i), getattr(error, "step", None))


def _no_sequence(tensor: Any) -> Any:
    if tensor.dtype == "string":
        return np.empty([n or 0 for n in (0, *tensor.shape[1:])], object)
    if len(tensor.shape) > 1 and tensor.shape[1] is None:
        return Ragged(np.empty((0, *(n or 0 for n in tensor.shape[2:])), tensor.dtype), [0])
    return np.empty([n or 0 for n in (0, *tensor.shape[1:])], tensor.dtype)


def _good_runs(block: Block) -> list[tuple[int, int]]:
    """From where to where no sequence is known to be bad."""
    stops = sorted(block.bad)
    starts = [0, *(i + 1 for i in stops)]
    return [(a, b) for a, b in zip(starts, [*stops, block.size], strict=True) if b > a]


def _zeros_like(found: Any, count: int) -> Any:
    def zeros(y: Any) -> Any:
        if isinstance(y, Ragged):
            return Ragged(y.values[:0], np.zeros(count + 1, np.int64))
        return np.zeros((count, *y.shape[1:]), y.dtype)

    return map_structure(zeros, found)
