"""Sequences of any length, as they come: padded by `pad_sequences`, or kept as `Ragged`."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, SupportsIndex, cast, overload

import numpy as np

from ..given import as_array, without_pointers
from ..given.numpy_ma import is_masked_array, masked_steps
from . import lists as reading
from .interchange import Interchange, is_torch_ragged, sequences_of
from .pictured import Pictured

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

Side = Literal["pre", "post"]


class ArrowStream(Protocol):
    """A column or frame of an Arrow library that hands over its chunks."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


class ArrowArray(Protocol):
    """A column of an Arrow library in one piece."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...


def pad_sequences(
    sequences: Sequence[Any] | np.ndarray | Ragged | ArrowStream | ArrowArray,
    maxlen: SupportsIndex | None = None,
    dtype: DTypeLike = "int32",
    padding: Side = "pre",
    truncating: Side = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """One array of all sequences, cut or padded to one length.

    Parameters
    ----------
    sequences : sequence, numpy.ndarray, Ragged, ArrowStream or ArrowArray
        Lists, tuples, ranges or arrays of numbers or of equal-shaped steps, in any mix; or a
        Ragged, an Arrow list column, or a frame of numbers, each row of which is one. Of numpy.ma
        arrays masked steps at the end count as padding.
    maxlen : int, optional
        Steps to keep; None = the longest has.
    dtype : dtype, default "int32"
        Of the result; object and strings work too.
    padding, truncating : str, default "pre"
        "pre" or "post", the side to fill with `value`, the side to cut.
    value : scalar or array_like, default 0.0
        A number, or what broadcasts to a row.

    Returns
    -------
    numpy.ndarray
        (len(sequences), maxlen, ``*step`` shape), a new array; as Keras does, default by default.

    Raises
    ------
    ValueError, TypeError, OverflowError
        Naming the position of the sequence at fault.
    RuntimeError
        If a sequence changes its length while it is being read.

    See Also
    --------
    maskseq.Ragged, maskseq.plot.padding

    Notes
    -----
    Source: keras.utils.pad_sequences. Unlike there, maxlen=0 and no sequences at all are fine.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.pad_sequences([[711, 632, 71], [73, 8]]).tolist()
    [[711, 632, 71], [0, 73, 8]]
    >>> maskseq.pad_sequences([[711, 632, 71], [73, 8]], maxlen=2, padding="post").tolist()
    [[632, 71], [73, 8]]
    """
    given = _unpacked(sequences)
    if not hasattr(given, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    if isinstance(value, str) and dtype is not object and not _is_text(dtype):
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\n"
            "You should set `dtype=object` for variable length strings."
        )
    ragged, rows = (given, ()) if isinstance(given, Ragged) else (None, tuple(given))
    if ragged is None:
        rows, lengths, shape = reading.measure(rows)
    else:
        lengths, shape = ragged.lengths, ragged.features
    width = int(lengths.max(initial=0)) if maxlen is None else _whole(maxlen)
    if width < 0:
        raise ValueError(f"maxlen must be at least 0, got {width}")
    x = np.empty((len(lengths), width, *shape), dtype)
    if lengths.any():
        _check_side("Truncating", truncating)
        _check_side("Padding", padding)
    value = value if np.isscalar(value) else as_array(value, "value")
    if 0 in x.shape[:2]:
        return np.full(x.shape, value, dtype)  # nothing to write, but `value` must be right
    sides = {"pad_before": padding == "pre", "cut_before": truncating == "pre"}
    pad_row = np.full(x.shape[1:], value, dtype)
    if ragged is None:
        steps = x.reshape(len(rows) * width, *shape)
        reading.pack(rows, lengths, steps, dtype, pad_row=pad_row, **sides)
    else:
        reading.spread(ragged.values, ragged.offsets, x, pad_row, **sides)
    return x


class Ragged(Interchange, Pictured):
    """Sequences of different lengths, one after another in one array. Immutable.

    values are not copied: they must not be changed afterwards, and here they are read-only.
    Indexing: an int gives a sequence, ``(length, *features)``; a slice, a mask or positions a
    Ragged.

    Parameters
    ----------
    values : array_like
        ``(n, *features)``, any kind of number; step j of sequence b is values[offsets[b] + j].
    offsets : array_like
        Integers (batch + 1,), never decreasing, from 0 or more to n at most.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, what was expected and what came.

    Examples
    --------
    >>> import maskseq
    >>> ragged = maskseq.Ragged.from_list([[711, 632, 71], [73, 8]])
    >>> len(ragged), ragged.lengths.tolist()
    (2, [3, 2])
    >>> ragged[1].tolist()
    [73, 8]
    >>> ragged.values.tolist(), ragged.offsets.tolist()
    ([711, 632, 71, 73, 8], [0, 3, 5])
    """

    __slots__ = ("_values", "_offsets")

    def __init__(self, values: ArrayLike, offsets: ArrayLike):
        values = as_array(values, "values")
        if values.ndim < 1 or values.dtype.kind not in "biuf":
            raise TypeError(
                f"values must be numbers (n, *features), got {values.dtype} {values.shape}"
            )
        offsets = _checked_offsets(offsets, len(values))
        self._set(values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def _set(self, values: np.ndarray, offsets: np.ndarray) -> None:
        self._values, self._offsets = values.view(), offsets.view()
        self._values.setflags(write=False)
        self._offsets.setflags(write=False)

    @classmethod
    def _of(cls, values: np.ndarray, offsets: np.ndarray) -> Ragged:
        """From arrays that need no check: int64 offsets of our own, from 0 to len(values)."""
        ragged = cls.__new__(cls)
        ragged._set(values, offsets)
        return ragged

    @classmethod
    def from_list(
        cls, sequences: Sequence[Any] | np.ndarray, dtype: DTypeLike | None = None
    ) -> Ragged:
        """From lists, tuples, ranges or arrays of numbers or of equal-shaped steps, in any mix.

        Of numpy.ma arrays masked steps at the end are left out; elsewhere they are an error. None,
        and NaN in place of a sequence, is an empty one.

        Parameters
        ----------
        sequences : sequence
            The sequences, one after the other.
        dtype : dtype, optional
            Of the values. None: Python's ints give int32, or int64 where one needs it, arrays of
            integers keep theirs, and any float makes it float32.

        Returns
        -------
        Ragged
            The sequences, with values ``(n, *features)``.

        Raises
        ------
        ValueError, TypeError, OverflowError
            Naming the position of the sequence at fault.

        Examples
        --------
        >>> import maskseq
        >>> maskseq.Ragged.from_list([[1, 2, 3], [], [4.5]]).lengths.tolist()
        [3, 0, 1]
        """
        if dtype is not None and np.dtype(dtype).kind not in "biuf":
            raise TypeError(f"dtype must be of numbers, got {np.dtype(dtype)}")
        rows = tuple(sequences)
        try:
            return cls._of(*reading.concatenate(rows, dtype))
        except ValueError:
            from .frames import is_missing

            if not any(map(is_missing, rows)):
                raise
        found = (() if is_missing(row) else row for row in rows)
        return cls._of(*reading.concatenate(tuple(found), dtype))

    @classmethod
    def from_lengths(cls, values: ArrayLike, lengths: ArrayLike) -> Ragged:
        """From values and how many of them each sequence has.

        Parameters
        ----------
        values : array_like
            ``(n, *features)``: all steps, sequence after sequence.
        lengths : array_like of int
            (batch,), n in all.

        Returns
        -------
        Ragged
            The sequences; values are not copied if they are an array.

        Raises
        ------
        ValueError
            If the lengths do not sum to n, or one is negative.

        Examples
        --------
        >>> import maskseq
        >>> maskseq.Ragged.from_lengths([5, 6, 7], [2, 1]).to_list()
        [[5, 6], [7]]
        """
        values, lengths = as_array(values, "values"), _checked_lengths(lengths)
        if lengths.sum() != len(values):
            raise ValueError(f"lengths must sum to {len(values)} values, got {lengths.sum()}")
        return cls(values, reading.offsets_of(lengths))

    @classmethod
    def from_padded(
        cls, x: ArrayLike, mask: ArrayLike | None = None, *, lengths: ArrayLike | None = None
    ) -> Ragged:
        """The real steps of x ``(batch, time, *features)``.

        With neither, every step is real, but for those that a numpy.ma array masks.

        Parameters
        ----------
        x : array_like
            The input.
        mask : array_like, optional
            (batch, time), any pattern, not 0 = real.
        lengths : array_like, optional
            (batch,), for padding at the end.

        Returns
        -------
        Ragged
            The real steps, in the dtype of `x`.

        Examples
        --------
        >>> import maskseq
        >>> import numpy as np
        >>> padded = np.array([[711, 632, 71], [73, 8, 0]])
        >>> maskseq.Ragged.from_padded(padded, mask=padded != 0)[1].tolist()
        [73, 8]
        """
        x = x if isinstance(x, np.ndarray) else as_array(x, "x")
        if x.ndim < 2:
            raise ValueError(f"x must be (batch, time, *features), got {x.shape}")
        batch, time = x.shape[:2]
        if is_masked_array(x) and mask is None and lengths is None:
            mask = ~masked_steps(x, 2, "x")
            x = x.data
        x = as_array(x, "x, with mask or lengths beside it,")
        if mask is not None and lengths is not None:
            raise ValueError("mask and lengths: give one, got both")
        if mask is not None:
            mask = _checked_mask(mask, x.shape[:2])
            return cls(x[mask], reading.offsets_of(mask.sum(1)))
        if lengths is None:
            return cls(x.reshape(batch * time, *x.shape[2:]), np.arange(batch + 1) * time)
        lengths = _checked_lengths(lengths)
        if lengths.shape != (batch,) or (lengths > time).any():
            raise ValueError(
                f"lengths must be ({batch},), each at most {time}, "
                f"got {lengths.shape}, at most {lengths.max(initial=0)}"
            )
        return cls(x[np.arange(time) < lengths[:, None]], reading.offsets_of(lengths))

    def to_padded(
        self,
        maxlen: int | None = None,
        padding: Side = "post",
        truncating: Side = "post",
        value: Any = 0,
    ) -> NDArray[Any]:
        """The sequences as one padded array, as `pad_sequences` makes it.

        Parameters
        ----------
        maxlen : int, optional
            Its length; None: that of the longest sequence.
        padding : {"pre", "post"}, default "post"
            Where padding goes.
        truncating : {"pre", "post"}, default "post"
            Where longer sequences are cut.
        value : scalar, default 0
            What padding holds.

        Returns
        -------
        numpy.ndarray
            ``(batch, maxlen, *features)``, in the dtype of the values.

        See Also
        --------
        pad_sequences

        Examples
        --------
        >>> import maskseq
        >>> maskseq.Ragged.from_list([[1, 2, 3], [4]]).to_padded()[1].tolist()
        [4, 0, 0]
        """
        return pad_sequences(self, maxlen, reading.native(self.dtype), padding, truncating, value)

    def to_list(self) -> list[list[Any]]:
        """The sequences as lists.

        Returns
        -------
        list of list
            Of Python numbers, or of nested lists of features.
        """
        values = self._values.tolist()
        return [values[a:b] for a, b in self._bounds()]

    values: NDArray[Any] = cast(Any, property(operator.attrgetter("_values")))
    """All steps, sequence after sequence: ``(n, *features)``."""
    offsets: NDArray[np.int64] = cast(Any, property(operator.attrgetter("_offsets")))
    """int64 (batch + 1,), from 0 to n: sequence b is values[offsets[b]:offsets[b + 1]]."""

    @property
    def lengths(self) -> np.ndarray:
        """int64 (batch,)."""
        return self._offsets[1:] - self._offsets[:-1]

    @property
    def time(self) -> int:
        """The longest sequence's length, 0 if there is none."""
        return int(self.lengths.max(initial=0))

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of one step; () for ids."""
        return self._values.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        """The type of the values."""
        return self._values.dtype

    def equals(self, other: Ragged) -> bool:
        """True if both hold the same sequences, in the same dtype.

        Parameters
        ----------
        other : object
            Anything; what is no Ragged is not equal.

        Returns
        -------
        bool
            Whether they are the same; NaN equals NaN.
        """
        return (
            self.dtype == other.dtype
            and np.array_equal(self._offsets, other._offsets)
            and np.array_equal(self._values, other._values)
        )

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._values[a:b] for a, b in self._bounds())

    @overload
    def __getitem__(self, index: SupportsIndex) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> Ragged: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                offsets = self._offsets[start : max(start, stop) + 1]
                return Ragged._of(self._values[offsets[0] : offsets[-1]], offsets - offsets[0])
        elif np.ndim(index) == 0 and not isinstance(index, bool | np.bool_):
            b = range(len(self))[index]
            return self._values[self._offsets[b] : self._offsets[b + 1]]
        taken = np.arange(len(self))[index]
        lengths, starts = self.lengths[taken], self._offsets[:-1][taken]
        offsets = reading.offsets_of(lengths)
        steps = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged._of(self._values.take(steps, axis=0), offsets)

    def __reduce__(self) -> tuple:
        return Ragged, (self._values, self._offsets)

    def __repr__(self) -> str:
        return (
            f"Ragged({len(self)} sequences, {len(self._values)} steps, longest {self.time}, "
            f"{self.dtype} {self.features})"
        )

    def _bounds(self) -> Iterator[tuple[int, int]]:
        bounds = self._offsets.tolist()
        return zip(bounds, bounds[1:], strict=False)


def as_batch(x: Any) -> Ragged | np.ndarray:
    """What a model is given: Ragged where it is sequences, an array where it is one.

    Ragged, Arrow list columns, object arrays, PyTorch's packed sequences and nested tensors, and
    lists or tuples of sequences (lists, tuples, ranges, arrays; also if all are of one length) ->
    Ragged. Arrays, columns and frames of numbers,
    columns of tensors and flat lists of numbers -> ndarray, not copied where that is possible.
    """
    if isinstance(x, Ragged):
        return x
    if type(x) is not list and is_torch_ragged(x):
        return Ragged(*sequences_of(x))
    if isinstance(x, list | tuple):
        if x and type(x[0]) is not list and _is_number(x[0]):
            return as_array(x, "inputs")
        return Ragged.from_list(x)
    if not isinstance(x, np.ndarray):
        x = _unpacked(x)
        if isinstance(x, Ragged):
            return x
    return (
        Ragged.from_list(x) if _holds_objects(x) else np.asanyarray(without_pointers(x, "inputs"))
    )


def _unpacked(x: Any) -> Any:
    """A frame of NumPy's numbers, the one list column of a frame, a sparse matrix, or what offers
    itself through the Arrow PyCapsule protocol, as a Ragged or an array; anything else as it is.

    A frame whose columns are NumPy's is read as its array, where NaN stays a number: to Arrow it
    would be a null.
    """
    if isinstance(x, (Ragged, np.ndarray, list, tuple)):
        return x
    from . import frames

    if frames.library_of(x) is not None and not frames.is_numbers(x):
        return _unpacked(frames.sole_column(x))
    if hasattr(x, "tocsr"):
        return x.toarray()
    dtypes = _numpy_dtypes(x)
    if dtypes is not None:
        if len(np.shape(x)) < 2:
            return x
        return np.asarray(x, np.result_type(*dtypes))
    if not hasattr(x, "__arrow_c_stream__") and not hasattr(x, "__arrow_c_array__"):
        return x
    from . import arrow

    found = arrow.read_batch(x)
    return Ragged(*found) if isinstance(found, tuple) else found


def _numpy_dtypes(x: Any) -> list[np.dtype] | None:
    """The dtype of an array, or those of the columns of a frame; None unless all are NumPy's."""
    found = getattr(x, "dtype", None)
    try:
        dtypes = list(x.dtypes) if found is None else [found]
    except (AttributeError, TypeError):
        return None
    return dtypes if dtypes and all(isinstance(d, np.dtype) for d in dtypes) else None


def _holds_objects(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.hasobject


def _is_number(x: Any) -> bool:
    return np.isscalar(x) or getattr(x, "ndim", None) == 0


def _is_text(dtype: DTypeLike) -> bool:
    return np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)


def _whole(maxlen: Any) -> int:
    try:
        return operator.index(maxlen)
    except TypeError:
        raise TypeError(f"maxlen must be an int or None, got {maxlen!r}") from None


def _check_side(argument: str, side: str) -> None:
    if not isinstance(side, str) or side not in ("pre", "post"):
        raise ValueError(f'{argument} type "{side}" not understood')


def _checked_offsets(offsets: ArrayLike, n: int) -> np.ndarray:
    """int64 offsets that never decrease, all of them in 0..n; a copy, as C relies on them."""
    offsets = as_array(offsets, "offsets")
    if offsets.ndim != 1 or len(offsets) < 1 or offsets.dtype.kind not in "iu":
        raise TypeError(
            f"offsets must be integers (batch + 1,), got {offsets.dtype} {offsets.shape}"
        )
    if offsets.dtype == np.uint64 and offsets.max() > n:
        raise ValueError(f"offsets must end at {n} values or before, got {offsets.max()}")
    offsets = offsets.astype(np.int64)
    if offsets[0] < 0:
        raise ValueError(f"offsets must start at 0 or later, got {offsets[0]}")
    falls = np.flatnonzero(offsets[1:] < offsets[:-1])
    if len(falls):
        b = falls[0] + 1
        raise ValueError(
            f"offsets must never decrease, got {offsets[b - 1]} then {offsets[b]} at position {b}"
        )
    if offsets[-1] > n:
        raise ValueError(f"offsets must end at {n} values or before, got {offsets[-1]}")
    return offsets


def _checked_lengths(lengths: ArrayLike) -> np.ndarray:
    """int64 (batch,), none negative."""
    lengths = as_array(lengths, "lengths")
    if lengths.ndim != 1 or (lengths.size and lengths.dtype.kind not in "iu"):
        raise TypeError(f"lengths must be integers (batch,), got {lengths.dtype} {lengths.shape}")
    lengths = lengths.astype(np.int64, copy=False)
    if lengths.min(initial=0) < 0:
        b = int(np.argmin(lengths))
        raise ValueError(f"lengths must be at least 0, got {lengths[b]} at position {b}")
    return lengths


def _checked_mask(mask: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    """bool (batch, time), True where `mask` is not 0."""
    mask = as_array(mask, "mask")
    if mask.shape != shape or mask.dtype.kind not in "biuf":
        raise ValueError(f"mask must be bool {shape}, got {mask.dtype} {mask.shape}")
    if mask.dtype.kind == "f" and np.isnan(mask).any():
        raise ValueError("mask must be real or masked everywhere, got NaN")
    return (mask.view(np.uint8) if mask.dtype == bool else mask) != 0
