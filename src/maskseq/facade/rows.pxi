# The façade of csrc/mask.c, rows.c, and of values/sums.c, pool.c and softmax.c; part of _kernels.pyx.

cdef extern from "rows.h":
    void msq_fill_masked(void* out, const uint8_t* mask, const void* first, int64_t batch,
                         int64_t time, int64_t row_bytes, int carry, int num_threads) nogil
    int64_t msq_first_outside(const void* ids, int64_t n, int item_size, int is_signed,
                              int64_t count) nogil


def first_outside(ids: ArrayLike, count: int) -> int:
    """The first position of ids (n,), integers of any size, not in [0, count); n if all are."""
    cdef Array a = items(ids, "ids").expect(ANY)
    cdef bint is_signed = a.view.format[0] in b"bhilq"
    if not is_signed and a.view.format[0] not in b"?BHILQ":
        raise TypeError(f"ids must be integers, got {dtype_of(a)}")
    cdef int64_t n = a.view.shape[0], limit = a_size(count, "count")
    cdef int item_size = <int>a.view.itemsize
    with nogil:
        n = msq_first_outside(a.view.buf, n, item_size, is_signed, limit)
    return n


def mask_from_ids(ids: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.bool_]:
    """ids of any shape, integers, floats or bools -> bool, same shape: ids != 0 (NaN is not 0)."""
    cdef Array a = items(ids, "ids")
    cdef int threads = thread_count(num_threads)
    mask = np.empty(a.shape(), np.bool_)
    cdef uint8_t* out = <uint8_t*>writable(mask)
    cdef int64_t n = a.view.len // a.view.itemsize
    cdef int item_size = <int>a.view.itemsize, is_float = a.view.format[0] in b"efd"
    with nogil:
        msq_mask_from_ids(out, a.view.buf, n, item_size, is_float, threads)
    return mask


def mask_from_values(
    x: ArrayLike, mask_value: float, *, num_threads: int | None = None
) -> NDArray[np.bool_]:
    """x float32 (n, f) -> bool (n,): True where any value of the row differs from `mask_value`.

    `mask_value` is rounded to float32, as x is. NaN differs from everything.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef float value = mask_value
    cdef int threads = thread_count(num_threads)
    cdef int64_t n = a.view.shape[0], features = a.view.shape[1]
    mask = np.empty(n, np.bool_)
    cdef uint8_t* out = <uint8_t*>writable(mask)
    with nogil:
        msq_mask_from_values_f32(out, <const float*>a.view.buf, value, n, features, threads)
    return mask


def mask_from_lengths(
    lengths: ArrayLike, time: int, padding: Literal["post", "pre"] = "post"
) -> NDArray[np.bool_]:
    """lengths int64 (batch,), each in [0, time] -> bool (batch, time): the real steps come first
    for padding "post", last for "pre"."""
    cdef Array a = integers(lengths, "lengths").expect(ANY)
    cdef int64_t batch = a.view.shape[0], n = a_size(time, "time"), bad = 0
    if padding not in ("post", "pre"):
        raise ValueError(f'padding must be "post" or "pre", got {padding!r}')
    cdef int pre = padding == "pre", status
    cdef const int64_t* length = <const int64_t*>a.view.buf
    mask = np.empty((batch, n), np.bool_)
    cdef uint8_t* out = <uint8_t*>writable(mask)
    with nogil:
        status = msq_mask_from_lengths(out, length, batch, n, pre, &bad)
    if status != MSQ_OK:
        raise ValueError(f"lengths must be in [0, {n}], got {length[bad]} at position {bad}")
    return mask


def layout_from_mask(mask: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """mask bool (batch, time) -> offsets int64 (batch + 1,), cells int64 (n,).

    The n real steps in order: those of sequence b are cells[offsets[b]:offsets[b + 1]], and step t
    of it is cell b * time + t.
    """
    cdef Array a = bools(mask, "mask").expect(ANY, ANY)
    cdef int64_t batch = a.view.shape[0], time = a.view.shape[1], n
    cdef const uint8_t* real = <const uint8_t*>a.view.buf
    offsets = np.empty(batch + 1, np.int64)
    cdef int64_t* offset = <int64_t*>writable(offsets)
    with nogil:
        n = msq_layout_offsets(offset, real, batch, time)
    cells = np.empty(n, np.int64)
    cdef int64_t* cell = <int64_t*>writable(cells)
    with nogil:
        msq_layout_cells(cell, real, n, batch * time)
    return offsets, cells


cdef object gather(Array x, Array index, object num_threads):
    """Rows `index` (n,) of x (m, f) -> (n, f)."""
    cdef int threads = thread_count(num_threads)
    cdef int64_t n = index.view.shape[0], num_rows = x.view.shape[0], bad = 0
    cdef int64_t row_bytes = x.view.shape[1] * x.view.itemsize
    cdef const int64_t* rows = <const int64_t*>index.view.buf
    cdef int status
    out = np.empty((n, x.view.shape[1]), dtype_of(x))
    cdef void* values = writable(out)
    with nogil:
        status = msq_gather_rows(values, x.view.buf, rows, n, num_rows, row_bytes, &bad, threads)
    if status != MSQ_OK:
        raise IndexError(
            f"{index.name} must be in [0, {num_rows}), got {rows[bad]} at position {bad}")
    return out


def gather_rows(
    x: ArrayLike, index: ArrayLike, *, num_threads: int | None = None
) -> NDArray[Any]:
    """x (m, f) of any dtype of 1, 2, 4 or 8 bytes, index int64 (n,) -> x[index], (n, f).

    Raises: IndexError naming the first position with an index outside [0, m), and the index.
    """
    return gather(items(x, "x").expect(ANY, ANY), integers(index, "index").expect(ANY), num_threads)


def embedding(
    table: ArrayLike, ids: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """table float32 (vocab, dim), ids int64 (n,) -> table[ids], float32 (n, dim).

    Raises: IndexError naming the first position with an id outside [0, vocab), and the id.
    """
    return gather(
        floats(table, "table").expect(ANY, ANY), integers(ids, "ids").expect(ANY), num_threads)


def scatter_rows(
    values: ArrayLike,
    offsets: ArrayLike,
    cells: ArrayLike,
    batch: int,
    time: int,
    carry: bool,
    *,
    own_pads: bool = False,
    num_threads: int | None = None,
) -> NDArray[Any]:
    """values (n + 1, f) of any dtype of 1, 2, 4 or 8 bytes, a layout -> (batch * time, f).

    Cell cells[i] shows row i. A masked cell shows the pad row, values[n]; with `carry` it shows the
    row of the real step before it in its sequence, and the pad row before the first. With
    `own_pads` values are (n + batch, f), and a masked cell of sequence b shows values[n + b].
    Raises: ValueError if the layout does not fit (see layout_from_mask).
    """
    cdef Array a = items(values, "values").expect(ANY, ANY)
    cdef int64_t b = a_size(batch, "batch"), t = a_size(time, "time"), bad = 0
    cdef bint own = own_pads
    cdef int64_t n = a.view.shape[0] - (b if own else 1)
    cdef int64_t row_bytes = a.view.shape[1] * a.view.itemsize
    if n < 0:
        raise ValueError("values must have a pad row after the rows, or, with own_pads, one for "
                         f"each sequence, got {a.view.shape[0]} rows")
    cdef Array offset = integers(offsets, "offsets").expect(b + 1)
    cdef Array cell = integers(cells, "cells").expect(n)
    cdef int threads = thread_count(num_threads), status
    cdef int carries = MSQ_OWN_PAD_ROWS if own else bool(carry)
    out = np.empty((batch * time, a.view.shape[1]), dtype_of(a))
    cdef void* padded = writable(out)
    with nogil:
        status = msq_scatter_rows(
            padded, a.view.buf, <const int64_t*>offset.view.buf, <const int64_t*>cell.view.buf,
            b, t, n, row_bytes, carries, &bad, threads)
    if status != MSQ_OK:
        raise ValueError(f"offsets and cells must ascend inside each sequence, not so in {bad}")
    return out


def fill_masked(
    out: NDArray[np.float32],
    mask: ArrayLike,
    first: ArrayLike | None = None,
    *,
    carry: bool = False,
    num_threads: int | None = None,
) -> None:
    """Fills the masked cells of `out`, float32 (batch * time, f), whose real ones are written.

    mask bool (batch, time). A masked cell of sequence b shows first[b], float32 (batch, f), or 0;
    with `carry` only before the first real step, and after it the row of the step before.
    """
    cdef Array real = bools(mask, "mask").expect(ANY, ANY), row = None
    cdef int64_t batch = real.view.shape[0], time = real.view.shape[1]
    cdef RowsOut rows = RowsOut(out, batch * time, out.shape[1])
    cdef Py_ssize_t bytes = rows.view.shape[1] * 4
    if rows.view.shape[0] != batch * time or rows.view.shape[0] > 1 and rows.view.strides[0] != bytes:
        raise ValueError(f"out must be C-contiguous, with {batch * time} rows, got {out.shape}")
    if first is not None:
        row = floats(first, "first").expect(batch, rows.view.shape[1])
    cdef const void* before = values_of(row)
    cdef int carries = carry, threads = thread_count(num_threads)
    with nogil:
        msq_fill_masked(rows.view.buf, <const uint8_t*>real.view.buf, before, batch, time, bytes,
                        carries, threads)


def sum_rows(
    x: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 (n, f), offsets int64 (batch + 1,) -> float32 (batch, f): the sum of each sequence's
    rows, ascending; 0 for none."""
    cdef Array a = floats(x, "x").expect(ANY, ANY), offset = integers(offsets, "offsets").expect(ANY)
    cdef int64_t batch = offset.view.shape[0] - 1, n = a.view.shape[0], features = a.view.shape[1]
    cdef int threads = thread_count(num_threads), status
    if batch < 0:
        raise ValueError("offsets must have at least one value, got none")
    sums = new_floats((batch, features))
    cdef float* out = <float*>writable(sums)
    with nogil:
        status = msq_sum_rows_f32(
            out, <const float*>a.view.buf, <const int64_t*>offset.view.buf, batch, n, features,
            threads)
    if status != MSQ_OK:
        raise ValueError(f"offsets must ascend in [0, {n}], got others")
    return sums


def masked_softmax(
    x: ArrayLike, mask: ArrayLike | None = None, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 (rows, n), mask bool or None -> float32 (rows, n); real values of a row sum to 1.

    mask: (rows, n), or (rows / k, n), each row of which serves k rows of x. Masked values are 0,
    and so is a row without real values. NaN in a real value makes its row NaN. +inf counts as the
    largest float, and a row of only -inf is 0.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY), m
    cdef int64_t rows = a.view.shape[0], n = a.view.shape[1], rows_per_mask = 1
    cdef const uint8_t* real = NULL
    cdef int threads = thread_count(num_threads)
    if mask is not None:
        m = bools(mask, "mask").expect(ANY, n)
        if m.view.shape[0] > 0 and rows % m.view.shape[0] == 0:
            rows_per_mask = rows // m.view.shape[0]
        else:
            m.expect(rows, n)
        real = <const uint8_t*>m.view.buf
    y = np.empty((rows, n), np.float32)
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_masked_softmax_f32(
            out, <const float*>a.view.buf, real, rows, n, rows_per_mask, threads)
    return y


def time_softmax(
    x: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 (n, f), offsets int64 (batch + 1,) -> (n, f): softmax down the rows of each
    sequence, feature by feature; the bits of `masked_softmax` of those values."""
    cdef Array a = floats(x, "x").expect(ANY, ANY), offset = integers(offsets, "offsets").expect(ANY)
    cdef int64_t batch = offset.view.shape[0] - 1, n = a.view.shape[0], features = a.view.shape[1]
    cdef int threads = thread_count(num_threads), status
    if batch < 0:
        raise ValueError("offsets must have at least one value, got none")
    y = new_floats((n, features))
    cdef float* out = <float*>writable(y)
    with nogil:
        status = msq_time_softmax_f32(
            out, <const float*>a.view.buf, <const int64_t*>offset.view.buf, batch, n, features,
            threads)
    if status != MSQ_OK:
        raise ValueError(f"offsets must ascend in [0, {n}], got others")
    return y


def pool_sequences(
    x: ArrayLike, offsets: ArrayLike, mean: bool = False, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 (n, f), offsets int64 (batch + 1,) -> float32 (batch, f): the largest of each
    sequence's rows, or their mean, summed in order; NaN if one is, 0 for none."""
    cdef Array a = floats(x, "x").expect(ANY, ANY), offset = integers(offsets, "offsets").expect(ANY)
    cdef int64_t batch = offset.view.shape[0] - 1, n = a.view.shape[0], features = a.view.shape[1]
    cdef int threads = thread_count(num_threads), status, takes_mean = mean
    if batch < 0:
        raise ValueError("offsets must have at least one value, got none")
    y = new_floats((batch, features))
    cdef float* out = <float*>writable(y)
    with nogil:
        status = msq_pool_sequences_f32(
            out, <const float*>a.view.buf, <const int64_t*>offset.view.buf, batch, n, features,
            takes_mean, threads)
    if status != MSQ_OK:
        raise ValueError(f"offsets must ascend in [0, {n}], got others")
    return y


def pool_windows(
    x: ArrayLike,
    batch: int,
    time: int,
    count: int,
    size: int,
    stride: int = 1,
    before: int = 0,
    mean: bool = False,
    index: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x float32 (n, f), the rows of batch * time cells -> (batch, count, f): the largest of the
    cells of each window, or their mean.

    Window w has the cells from w * stride - before on, `size` of them, but none of before or after
    the sequence.  index: int64 (batch * time,): the row of each cell; None: rows are cells.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef msq_pooled w
    cdef int64_t sequences = a_size(batch, "batch"), n = a.view.shape[0], features = a.view.shape[1]
    w.time, w.count, w.size = a_size(time, "time"), a_size(count, "count"), a_size(size, "size")
    w.stride, w.before = a_size(stride, "stride"), a_size(before, "before")
    cdef Array rows = None if index is None else integers(index, "index").expect(sequences * w.time)
    cdef const int64_t* row = <const int64_t*>values_of(rows)
    cdef int threads = thread_count(num_threads), status, takes_mean = mean
    y = new_floats((sequences, w.count, features))
    cdef float* out = <float*>writable(y)
    with nogil:
        status = msq_pool_windows_f32(
            out, <const float*>a.view.buf, row, sequences, n, features, &w, takes_mean, threads)
    if status != MSQ_OK:
        raise ValueError(f"windows must have cells, and these rows of the {n} of x, got others")
    return y
