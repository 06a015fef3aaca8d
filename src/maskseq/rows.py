"""Rows and layout: the packed form of a batch of sequences. No arithmetic.

Rows hold one row per real step, sequence after sequence, and one pad row that stands for every
masked cell; the layout, shared along the pipeline, says where each real step sits in the padded
(batch, time) rectangle. Step-wise layers compute the pad row with the others, so masked cells come
out as Keras leaves them, for the price of one row.
"""

import functools
from typing import Any, final

import numpy as np

from . import _kernels
from .nest import map_structure
from .tensor import Tensor, as_numpy
from .variable import Variable


class Layout:
    """Where the real steps of a batch sit. Immutable; two Rows of one Layout are row-aligned.

    batch, time: sizes of the padded rectangle.  offsets: int64 (batch + 1,): sequence b owns the
    rows offsets[b]:offsets[b + 1].  steps: how many rows there are.
    cells: int64 (n,): b * time + t of each real step, ascending.
    """

    __slots__ = ("batch", "time", "offsets", "steps", "_cells", "_mask", "_lengths", "_starts")

    def __init__(
        self,
        batch: int,
        time: int,
        offsets: np.ndarray,
        cells: np.ndarray | None = None,
        mask: np.ndarray | None = None,
    ):
        self.batch, self.time, self.offsets = batch, time, offsets
        self.steps: int = offsets.item(-1)
        self._cells, self._mask, self._lengths = cells, mask, None
        self._starts: tuple[np.ndarray | None] | None = None

    @classmethod
    def from_mask(cls, mask: np.ndarray) -> "Layout":
        """The layout of a bool mask (batch, time) of any pattern."""
        offsets, cells = _kernels.layout_from_mask(mask)
        batch, time = mask.shape
        return cls(batch, time, offsets, cells, mask)

    @classmethod
    def from_offsets(cls, offsets: np.ndarray, time: int | None = None) -> "Layout":
        """The layout of right-padded sequences; `time` is the longest unless given."""
        if time is None:
            time = int(np.maximum.reduce(offsets[1:] - offsets[:-1], initial=0))
        return cls(len(offsets) - 1, time, offsets)

    @property
    def full(self) -> bool:
        """True if no step is masked."""
        return self.steps == self.batch * self.time

    @property
    def lengths(self) -> np.ndarray:
        """int64 (batch,): real steps of each sequence."""
        if self._lengths is None:
            self._lengths = self.offsets[1:] - self.offsets[:-1]
        return self._lengths

    @property
    def cells(self) -> np.ndarray:
        """int64 (n,): the flat cell b * time + t of each real step."""
        if self._cells is None:
            start = np.arange(self.batch, dtype=np.int64) * self.time - self.offsets[:-1]
            self._cells = np.arange(self.steps) + start.repeat(self.lengths)
        return self._cells

    @property
    def mask(self) -> np.ndarray:
        """bool (batch, time), True = a real step."""
        if self._mask is None and self._cells is None:
            self._mask = _kernels.mask_from_lengths(self.lengths, self.time)
        elif self._mask is None:
            mask = np.zeros(self.batch * self.time, bool)
            mask[self.cells] = True
            self._mask = mask.reshape(self.batch, self.time)
        return self._mask

    def starts(self) -> np.ndarray | None:
        """int64 (batch,): the cell of the first real step of each sequence.

        None if a sequence has masked steps between real ones.
        """
        if self._starts is None:
            self._starts = (self._find_starts(),)
        return self._starts[0]

    def _find_starts(self) -> np.ndarray | None:
        starts = np.zeros(self.batch, np.int64)
        if self._cells is not None and self.steps:
            held = self.lengths > 0
            first, last = self.offsets[:-1][held], self.offsets[1:][held] - 1
            starts[held] = self._cells[first] % self.time
            if np.any(self._cells[last] - self._cells[first] != last - first):
                return None
        return starts

    def has_mask(self, mask: np.ndarray) -> bool:
        """True if `mask` describes this very layout."""
        return mask is self._mask or (
            mask.shape == (self.batch, self.time) and np.array_equal(mask, self.mask)
        )

    def equals(self, other: "Layout") -> bool:
        """True if both have the same real steps in the same cells."""
        return self is other or (
            (self.batch, self.time) == (other.batch, other.time)
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.cells, other.cells)
        )

    def part(self, start: int, end: int) -> "Layout":
        """The layout of the sequences [start, end) alone."""
        offsets, cells = self.offsets[start : end + 1] - self.offsets[start], None
        if self._cells is not None:
            cells = self._cells[self.offsets[start] : self.offsets[end]] - start * self.time
        return Layout(end - start, self.time, offsets, cells)

    def select(self, keep: np.ndarray) -> tuple["Layout", np.ndarray]:
        """The layout of only the rows where `keep` (n,) bool is True, and their numbers."""
        kept = np.flatnonzero(keep)
        offsets = np.concatenate(([0], np.cumsum(keep, dtype=np.int64)))[self.offsets]
        return Layout(self.batch, self.time, offsets, self.cells[kept]), kept


@functools.lru_cache(maxsize=64)
def full_layout(batch: int, time: int) -> Layout:
    """The layout without a masked step."""
    offsets = np.arange(batch + 1, dtype=np.int64) * time
    offsets.flags.writeable = False
    return Layout(batch, time, offsets)


class Source:
    """Where real rows lie before they are gathered: row j at array[index[j]], or at array[j].

    array: (m, *features): a table, or a padded array left in place.  index: int64 (n,) or None.
    pad: the place of the pad row in `array`; None: zeros.  variable: the weight whose value `array`
    is, if it is one; that value never changes, so readers may keep what they compute from it.
    """

    __slots__ = ("array", "index", "pad", "variable")

    def __init__(
        self,
        array: np.ndarray,
        index: np.ndarray | None = None,
        pad: int | None = None,
        variable: Variable | None = None,
    ):
        self.array, self.index, self.pad, self.variable = array, index, pad, variable

    def pad_row(self) -> np.ndarray:
        """(1, *features)."""
        if self.pad is None:
            nothing = "" if self.array.dtype.hasobject else 0
            return np.full((1, *self.array.shape[1:]), nothing, self.array.dtype)
        return self.array[self.pad][None]

    def gather(self, steps: int) -> np.ndarray:
        """The rows, then the pad row: (steps + 1, *features)."""
        values = np.empty((steps + 1, *self.array.shape[1:]), self.array.dtype)
        if self.index is None:
            values[:-1] = self.array
        else:  # all are inside; "raise" would copy twice
            self.array.take(self.index, axis=0, out=values[:-1], mode="clip")
        values[-1:] = self.pad_row()
        return values


@final
class Rows:
    """A batch in packed form: one row per real step, then the pad row.

    values: (n + 1, *features), the last row is the pad row.  A masked cell shows the pad row; with
    `carry` it shows its sequence's previous real row, and the pad row only before the first.
    After a layer that mixes time every sequence may have a pad row of its own: then, without
    `carry`, values are (n + batch, *features). `align` makes such Rows and others fit.

    Rows may also still lie in a Source: they are gathered when `values` are asked for.
    """

    __slots__ = ("layout", "carry", "_values", "_source")
    _values: Any  # an array; None only where there is a source
    _source: Any  # a Source; None only where there are values

    def __init__(
        self,
        values: np.ndarray | None,
        layout: Layout,
        carry: bool = False,
        source: Source | None = None,
    ):
        self.layout, self.carry, self._values, self._source = layout, carry, values, source

    @classmethod
    def from_ragged(
        cls, values: np.ndarray, offsets: np.ndarray, time: int | None = None
    ) -> "Rows":
        """Rows of ragged sequences: values (n, *features), masked cells show zeros."""
        return cls(None, Layout.from_offsets(offsets, time), False, Source(values))

    @classmethod
    def view(cls, x: np.ndarray, mask: np.ndarray | None) -> "Rows":
        """The real steps of x (batch, time, *features), left in place; masked cells count as zeros.

        Only for readers that never look at a masked cell, or where those hold zeros.
        """
        batch, time = x.shape[:2]
        array = as_numpy(x).reshape(batch * time, *x.shape[2:])
        if mask is None:
            return cls(None, full_layout(batch, time), False, Source(array))
        layout = Layout.from_mask(mask)
        return cls(None, layout, False, Source(array, layout.cells))

    @property
    def values(self) -> np.ndarray:
        if self._values is None:
            self._values = self._source.gather(self.layout.steps)
        return self._values

    @property
    def pads(self) -> np.ndarray:
        """The pad row, (1, *features), or one for each sequence, (batch, *features)."""
        if self._values is None:
            return self._source.pad_row()
        return self._values[self.layout.steps :]

    @property
    def source(self) -> Source:
        """Where the real rows lie, without gathering them."""
        return Source(self._values[: self.layout.steps]) if self._source is None else self._source

    @property
    def _held(self) -> np.ndarray:
        """The array that rows lie in."""
        return self._source.array if self._values is None else self._values

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the padded array these rows stand for."""
        held = self._source.array if self._values is None else self._values
        return (self.layout.batch, self.layout.time, *held.shape[1:])

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of a row."""
        held = self._source.array if self._values is None else self._values
        return held.shape[1:]

    @property
    def ndim(self) -> int:
        return 1 + (self._source.array if self._values is None else self._values).ndim

    @property
    def dtype(self) -> np.dtype:
        return self._held.dtype

    @property
    def shown(self) -> np.ndarray:
        """int64 (batch * time,): the row of `values` that each cell shows, without `carry`."""
        layout, steps = self.layout, self.layout.steps
        if len(self.values) == steps + 1:
            shown = np.full(layout.batch * layout.time, steps)
        else:
            shown = np.arange(steps, steps + layout.batch).repeat(layout.time)
        shown[layout.cells] = np.arange(steps)
        return shown

    @property
    def is_ragged(self) -> bool:
        """True for a user's ragged sequences: no padded array is behind these rows."""
        return self._values is None and self._source.index is None and not self.layout.full

    def with_values(self, values: np.ndarray) -> "Rows":
        """Other values on the same cells."""
        return Rows(values, self.layout, self.carry)

    def with_axis(self, last: Any) -> "Rows":
        """The values indexed by [..., last], where they lie: None adds an axis, 0 drops one."""
        if self._values is not None:
            return self.with_values(self._values[..., last])
        source = self._source
        array = Source(source.array[..., last], source.index, source.pad)
        return Rows(None, self.layout, self.carry, array)

    def to_padded(self) -> np.ndarray:
        """The array (batch, time, *features) with every masked cell filled."""
        layout, values = self.layout, self.values
        if type(values) is not np.ndarray:
            values = as_numpy(values)
        if layout.full:
            return values[: layout.steps].reshape(self.shape)
        if values.dtype.hasobject:
            return self._padded_text()
        flat = np.ascontiguousarray(values).reshape(len(values), -1)
        cells = _kernels.scatter_rows(
            flat,
            layout.offsets,
            layout.cells,
            layout.batch,
            layout.time,
            self.carry,
            own_pads=len(values) != layout.steps + 1,
        )
        return cells.reshape(self.shape)

    def _padded_text(self) -> np.ndarray:
        """`to_padded` of Python's strings, which C does not move."""
        layout = self.layout
        cells = np.full((layout.batch * layout.time, *self.values.shape[1:]), self.values[-1])
        cells[layout.cells] = self.values[: layout.steps]
        return cells.reshape(self.shape)

    def to_tensor(self) -> Tensor:
        """The padded array, carrying its mask."""
        return self.tensor_of(self.to_padded())

    def tensor_of(self, padded: np.ndarray) -> Tensor:
        """A padded array of the same cells, carrying the mask of these rows."""
        tensor = padded.view(Tensor)
        tensor._keras_mask = self.layout.mask
        return tensor


@final
class Unmasked:
    """The padded array that `rows` stand for, without a mask: all its cells are real to layers.

    Most of the masked cells of a batch hold the same: the pad row of their sequence. What treats
    each step by itself computes them once, and attention projects them once. All else reads
    `to_tensor`.
    """

    __slots__ = ("rows", "_padded")

    def __init__(self, rows: Rows):
        self.rows, self._padded = rows, None

    @classmethod
    def of(cls, rows: Rows) -> Any:
        """Rows without their mask: the array, where it has no more cells than they have rows."""
        layout = rows.layout
        if layout.steps + layout.batch < layout.batch * layout.time:
            return cls(rows)
        return rows.to_padded().view(Tensor)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    @property
    def ndim(self) -> int:
        return self.rows.ndim

    def to_tensor(self) -> Tensor:
        """The padded array, one for all who ask."""
        if self._padded is None:
            self._padded = self.rows.to_padded().view(Tensor)
        return self._padded


PACKED = Rows, Unmasked
"""What stands for a padded array inside a walk."""


def as_padded(value: Any) -> Any:
    """Rows as the padded array that carries their mask, Unmasked as one; the rest unchanged."""
    return value.to_tensor() if type(value) in PACKED else value


def settled(values: Any) -> Any:
    """What leaves a walk: each Unmasked in it as the padded array; anything else unchanged."""
    kind = type(values)
    if kind is np.ndarray:
        return values
    if kind is list:
        return [x if type(x) is np.ndarray else settled(x) for x in values]
    return map_structure(lambda x: x.to_tensor() if type(x) is Unmasked else x, values)


def rows_of(values: list[Any]) -> list[Rows] | None:
    """Rows and the rows of Unmasked, of one shape; None if anything else is among them."""
    rows = [x.rows if type(x) is Unmasked else x for x in values]
    fit = all(type(x) is Rows and x.shape == rows[0].shape for x in rows)
    return rows if fit else None


def align(rows: list[Rows]) -> list[np.ndarray] | None:
    """The values of Rows, row upon row the same cells; None if they cannot be put so.

    They can if all have equal layouts and show their masked cells in the same way.
    """
    layout, carry, arrays, lengths = rows[0].layout, rows[0].carry, [], set()
    for x in rows:
        if x.layout is not layout and not layout.equals(x.layout):
            return None
        if x.carry is not carry and not layout.full:
            return None
        values = x.values if x._values is None else x._values
        arrays.append(values)
        lengths.add(len(values))
    if len(lengths) == 1:
        return arrays
    longest = max(lengths)
    return [with_pads(x, longest) for x in rows]


def with_pads(rows: Rows, length: int) -> np.ndarray:
    """The values, with as many pad rows as make them `length`: their own, or one repeated."""
    values, steps = rows.values, rows.layout.steps
    if len(values) == length:
        return values
    return np.concatenate([values[:steps], np.repeat(values[steps:], length - steps, axis=0)])
