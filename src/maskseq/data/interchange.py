"""Ragged out of and into what others keep sequences in: Arrow, frames, sparse matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..given.extras import need

if TYPE_CHECKING:
    from typing import Self

    from .ragged import ArrowArray, ArrowStream


class Interchange:
    """The methods of Ragged that read and make what is other libraries'."""

    __slots__ = ()

    @classmethod
    def from_arrow(cls, column: ArrowStream | ArrowArray) -> Self:
        """From a list column of pyarrow, polars, pandas, ...: what speaks the Arrow C interface.

        Knows list, large_list, fixed_size_list and views of lists; of numbers, of lists or structs
        of numbers that all have as many, or of tensors. A column of tensors (the extension type
        arrow.fixed_shape_tensor) has time as its first axis. Nothing is copied unless the column
        has chunks, packed bools, or lists that do not follow each other. A null list is empty.

        Parameters
        ----------
        column : object
            With `__arrow_c_stream__` or `__arrow_c_array__`.

        Returns
        -------
        Self
            The sequences.

        Raises
        ------
        ValueError
            For other columns, and naming the position of a list with a null in it.
        """
        from . import arrow

        make: Any = cls
        return make(*arrow.read(column))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        by: Any = None,
        sort: Any = None,
        columns: Any = None,
        nulls: float | None = None,
    ) -> Self:
        """From a frame of pandas, polars or pyarrow.

        Parameters
        ----------
        by : str or list of str, optional
            Long format: a column, or a list of them, whose values say which sequence a row is a
            step of. Sequences are in the order in which their keys are first seen, as
            `frame[by].unique()` of pandas has them. None: each row is a sequence, and the columns
            are list columns.
        sort : str, optional
            The column that steps are sorted by; None: they keep their order, as do those of one
            time.
        columns : str or list of str, optional
            A name: steps are numbers; a list: steps are (columns,). By default, with `by` all but
            `by` and `sort`; else the one list column.
        nulls : float, optional
            A number in place of a null. NaN is a number.

        Returns
        -------
        Self
            A Ragged in the type that holds all columns.

        Raises
        ------
        ValueError
            Naming the column, and the row of a null.
        TypeError
            For what is no frame.
        """
        from . import frames, grouping
        from .ragged import as_batch

        made: Any
        if frames.library_of(frame) is None:
            raise TypeError(
                f"expected a frame of pandas, polars or pyarrow, got {type(frame).__name__}"
            )
        if by is None:
            if sort is not None:
                raise ValueError(f"sort={sort!r} needs by=, the column of the keys")
            if columns is None:
                made = as_batch(frames.sole_column(frame, ("lists",)))
            else:
                made = as_batch(frames.value_of(frame, columns, nulls))
            if isinstance(made, np.ndarray):
                raise ValueError("expected list columns, got numbers: for one row a step give by=")
            return made
        if isinstance(columns, dict):
            raise TypeError("columns must be a name or a list of names, got a dict")
        names = grouping.features_of(frame, by, sort) if columns is None else columns
        made = grouping.sequences_of(frame, grouping.groups_of(frame, by, sort), names, nulls)
        return made

    @classmethod
    def from_csr(cls, matrix: Any, take: str = "indices") -> Self:
        """From a sparse matrix of scipy: each row is the sequence of its stored entries.

        Parameters
        ----------
        matrix : sparse matrix or array
            Of scipy, in any of its formats, (sequences, columns).
        take : str, default "indices"
            "indices": their columns, int64, as ids of words in a count matrix; "data": their
            values. Nothing is copied of a CSR matrix whose indices are sorted.

        Returns
        -------
        Self
            A sequence for each row.

        Raises
        ------
        TypeError
            For what is no sparse matrix.
        ValueError
            For another `take`.
        """
        if not hasattr(matrix, "tocsr"):
            raise TypeError(f"expected a sparse matrix of scipy, got {type(matrix).__name__}")
        if take not in ("indices", "data"):
            raise ValueError(f"take must be 'indices' or 'data', got {take!r}")
        rows = matrix.tocsr()
        if not rows.has_sorted_indices:
            rows = rows.sorted_indices()
        make: Any = cls
        return make(getattr(rows, take), rows.indptr)

    def to_arrow(self) -> Any:
        """A pyarrow array of the type large_list, uncopied.

        Returns
        -------
        pyarrow.LargeListArray
            An entry for each sequence.

        Raises
        ------
        ImportError
            If pyarrow is not installed.
        """
        return need("pyarrow", "Ragged.to_arrow", "frames").array(self)

    def to_polars(self, name: str = "") -> Any:
        """A polars Series of lists.

        Parameters
        ----------
        name : str, default ""
            Of the Series.

        Returns
        -------
        polars.Series
            An entry for each sequence.

        Raises
        ------
        ImportError
            If polars is not installed.
        """
        return need("polars", "Ragged.to_polars", "frames").Series(self).alias(name)

    def to_pandas(self, name: Any = None, index: Any = None) -> Any:
        """A pandas Series of arrays, views of the values.

        Parameters
        ----------
        name : object, optional
            Of the Series.
        index : array_like, optional
            One label for each sequence; None: 0, 1, ...

        Returns
        -------
        pandas.Series
            An entry for each sequence.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = need("pandas", "Ragged.to_pandas", "frames")
        rows: Any = self
        objects = np.fromiter(rows, object, len(rows))
        return pandas.Series(objects, index=index, name=name)

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        """As an Arrow large_list column, uncopied: pyarrow.array(ragged), polars.Series(ragged)."""
        from . import arrow

        rows: Any = self
        return arrow.capsules(rows.values, rows.offsets)


def is_torch_ragged(x: Any) -> bool:
    """True for PyTorch's own: a PackedSequence, which is no tuple of sequences, a nested tensor."""
    return type(x).__name__ == "PackedSequence" or getattr(x, "is_nested", False) is True


def sequences_of(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """The values and offsets of these sequences, in the order before packing.

    A PackedSequence holds all first steps, longest sequence first, then all second ones, and so on.
    """
    if type(x).__name__ != "PackedSequence":
        rows = [np.asarray(row) for row in x.unbind()]
        return np.concatenate(rows), np.cumsum([0, *map(len, rows)], dtype=np.int64)
    counts = np.asarray(x.batch_sizes)  # of sequences that have that step
    places = np.arange(counts[0]) if x.unsorted_indices is None else np.asarray(x.unsorted_indices)
    lengths = np.searchsorted(-counts, -places, "left")
    offsets = np.append(0, np.cumsum(lengths, dtype=np.int64))
    steps = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    before = np.cumsum(counts, dtype=np.int64) - counts
    return np.asarray(x.data)[before[steps] + np.repeat(places, lengths)], offsets
