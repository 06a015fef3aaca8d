# The façade of csrc/backward: products and sums of the way back; part of _kernels.pyx.


def outer(
    x: ArrayLike,
    dz: ArrayLike,
    x_index: ArrayLike | None = None,
    *,
    out: NDArray[np.float32] | None = None,
    accumulate: bool = False,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (m, inputs), dz (n, columns) float32 -> x^T dz, float32 (inputs, columns).

    Row j of dz meets row j of x, or row x_index[j], int64 (n,); -1: no row, it adds nothing. In
    `out` if it is given, which is added to if `accumulate`. Rows are added in one order, in chunks.
    Raises: IndexError naming the first position with an index outside [-1, m), and the index.
    """
    cdef FloatRows a = FloatRows(x, "x"), d = FloatRows(dz, "dz")
    cdef Array index = None
    cdef int threads = thread_count(num_threads), status
    cdef int64_t bad = 0
    cdef msq_outer call
    call.size = sizeof(msq_outer)
    call.x_rows, call.inputs = a.rows, a.columns
    call.rows, call.columns = d.rows, d.columns
    if x_index is None and a.rows != d.rows:
        raise ValueError(f"x must be float32 ({d.rows}, {a.columns}), "
                         f"got float32 ({a.rows}, {a.columns})")
    if x_index is not None:
        index = integers(x_index, "x_index").expect(call.rows)
    if accumulate and out is None:
        raise ValueError("accumulate needs an out to add to, got None")
    product = room_for(out, (call.inputs, call.columns))
    call.out, call.accumulate = <float*>writable(product), accumulate
    call.x, call.dz = a.values, d.values
    call.index = <const int64_t*>values_of(index)
    call.x_stride, call.dz_stride, call.out_stride = a.stride, d.stride, call.columns
    with nogil:
        status = msq_outer_f32(&call, &bad, threads)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status != MSQ_OK:
        raise IndexError(f"x_index must be in [-1, {call.x_rows}), got {call.index[bad]} at "
                         f"position {bad}")
    return product


cdef extern from "backward/backward.h":
    enum: MSQ_MAX_OUTERS

    ctypedef struct msq_columns:
        float* out
        const float* x
        int64_t columns, stride
        double* block
        double* total

    int msq_outers_f32(const msq_outer* outers, int count, const msq_columns* sums, int num_sums,
                       int64_t rows, int* bad_outer, int64_t* bad_position,
                       int num_threads) nogil


def outers(
    products: Sequence[tuple[Any, Any, Any]],
    summed: Sequence[Any],
    *,
    num_threads: int | None = None,
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """`outer` of each (x, dz, x_index) of `products`, and `column_sums` of each of `summed`.

    All dz and all of `summed` have as many rows; there are four of each at most. The bits are those
    of the single calls: the rows are read once for all of them. Raises: as `outer`.
    """
    cdef int count = len(products), sums = len(summed), threads = thread_count(num_threads)
    cdef int bad_outer = 0, status, i
    cdef int64_t bad = 0, rows = -1
    cdef msq_outer[MSQ_MAX_OUTERS] calls
    cdef msq_columns[MSQ_MAX_OUTERS] columns
    cdef list made = [], totals = [], held = []
    cdef FloatRows a, d
    cdef Array index
    if count > MSQ_MAX_OUTERS or sums > MSQ_MAX_OUTERS:
        raise ValueError(f"expected {MSQ_MAX_OUTERS} products and sums at most, got {count}, {sums}")
    for i in range(count):
        x, dz, x_index = products[i]
        a, d = FloatRows(x, "x"), FloatRows(dz, "dz")
        index = None if x_index is None else integers(x_index, "x_index").expect(d.rows)
        rows = same_rows(rows, d)
        if x_index is None and a.rows != d.rows:
            raise ValueError(f"x must be float32 ({d.rows}, {a.columns}), "
                             f"got float32 ({a.rows}, {a.columns})")
        product = new_floats((a.columns, d.columns))
        calls[i].size = sizeof(msq_outer)
        calls[i].x_rows, calls[i].inputs = a.rows, a.columns
        calls[i].rows, calls[i].columns = d.rows, d.columns
        calls[i].out, calls[i].accumulate = <float*>writable(product), 0
        calls[i].x, calls[i].dz = a.values, d.values
        calls[i].index = <const int64_t*>values_of(index)
        calls[i].x_stride, calls[i].dz_stride = a.stride, d.stride
        calls[i].out_stride = d.columns
        held += [a, d, index]
        made.append(product)
    for i in range(sums):
        a = FloatRows(summed[i], "summed")
        rows = same_rows(rows, a)
        total = new_floats((a.columns,))
        total[...] = 0
        room = np.zeros((2, a.columns))
        columns[i].out, columns[i].x = <float*>writable(total), a.values
        columns[i].columns, columns[i].stride = a.columns, a.stride
        columns[i].block = <double*>writable(room)
        columns[i].total = columns[i].block + a.columns
        held += [a, room]
        totals.append(total)
    with nogil:
        status = msq_outers_f32(calls, count, columns, sums, rows if rows > 0 else 0, &bad_outer,
                                &bad, threads)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status != MSQ_OK:
        raise IndexError(f"x_index must be in [-1, {calls[bad_outer].x_rows}), got "
                         f"{calls[bad_outer].index[bad]} at position {bad}")
    return made, totals


cdef int64_t same_rows(int64_t rows, FloatRows a) except -2:
    """The rows of `a`, which must be `rows` unless that is -1."""
    if rows >= 0 and a.rows != rows:
        raise ValueError(f"expected {rows} rows in all, got {a.rows}")
    return a.rows


def column_sums(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """x (n, columns) float32 -> the sum of each column, float32 (columns,).

    In float64, blocks of 1,024 rows one after the other, rounded once; of no rows 0.
    """
    cdef FloatRows a = FloatRows(x, "x")
    cdef int threads = thread_count(num_threads), status
    cdef int64_t rows = a.rows, columns = a.columns
    sums = new_floats((columns,))
    cdef float* out = <float*>writable(sums)
    with nogil:
        status = msq_column_sums_f32(
            out, a.values, rows, columns, a.stride, threads)
    if status != MSQ_OK:
        raise MemoryError(f"no memory for sums of {columns} columns")
    return sums


def sum_segments(
    x: ArrayLike, index: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 (rows, f), index int64 (n,), offsets int64 (segments + 1,) -> (segments, f).

    Segment s is the sum of x[index[i]] for i in [offsets[s], offsets[s + 1]), ascending, in
    float64, rounded once. Raises: ValueError if offsets or an index are out of range.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY), at = integers(index, "index").expect(ANY)
    cdef Array offset = integers(offsets, "offsets").expect(ANY)
    cdef int64_t segments = offset.view.shape[0] - 1, n = at.view.shape[0]
    cdef int64_t rows = a.view.shape[0], features = a.view.shape[1]
    cdef int threads = thread_count(num_threads), status
    if segments < 0:
        raise ValueError("offsets must have at least one value, got none")
    sums = new_floats((segments, features))
    cdef float* out = <float*>writable(sums)
    with nogil:
        status = msq_sum_segments_f32(
            out, <const float*>a.view.buf, <const int64_t*>at.view.buf,
            <const int64_t*>offset.view.buf, segments, n, rows, features, threads)
    if status != MSQ_OK:
        raise ValueError(f"offsets must ascend in [0, {n}] and index be in [0, {rows}), got others")
    return sums
