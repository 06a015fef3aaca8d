# The façade of csrc/rnn/backward.c, and of runs that keep what it needs; part of _kernels.pyx.

cdef enum:
    # Floats between two kept rows: rows 4 KB apart would all be in the same sets of the cache.
    KEPT_GAP = 16


cdef Py_ssize_t kept_columns(str kind, Py_ssize_t units):
    return units if kind == "simple_rnn" else 4 * units


def rnn_taped(
    x: ArrayLike,
    PackedRNN packed not None,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_state: Sequence[ArrayLike] | None = None,
    reverse: bool = False,
    out: NDArray[np.float32],
    num_threads: int | None = None,
) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None]:
    """`rnn` for training: the same bits, and what `rnn_backward` needs of each step.

    Arguments: as for `rnn`; `out`, float32 (n or more, units), gets the state h after each step.
    Returns: (last states, kept, c): `kept` float32 (n, 4 * units), the rows some floats more apart:
        of "lstm" the pre-activations i f c o, of "gru" h z r and the state's part of h; of
        "simple_rnn" (n, units), room for gradients. c: of "lstm" float32 (n, units), the cell state
        after each step; else None.
    Raises: as `rnn`; ValueError for a layer whose way back is not known to C.
    """
    if not has_way_back(packed):
        raise ValueError(f"packed must be \"lstm\", \"gru\" or \"simple_rnn\" with tanh and sigmoid, "
                         f"got {packed.kind!r}")
    cdef RnnCall call = RnnCall.__new__(RnnCall)
    cdef Array picked = None if index is None else integers(index, "index")
    call.prepare(floats(x, "x"), packed, offsets_of(offsets), picked, initial_state, True, reverse,
                 out, None, num_threads)
    cdef Py_ssize_t n = call.run.steps, columns = kept_columns(packed.kind, packed.units)
    room = new_floats((n, columns + KEPT_GAP))
    c = new_floats((n, packed.units)) if packed.kind == "lstm" else None
    if packed.kind != "simple_rnn":
        call.run.kept, call.run.kept_stride = <float*>writable(room), columns + KEPT_GAP
        call.run.kept_c = NULL if c is None else <float*>writable(c)
    run_calls(call, None)
    return call.results()[1], room[:, :columns], c


def has_way_back(PackedRNN packed not None) -> bool:
    """True if `rnn_taped` and `rnn_backward` know the layer."""
    return msq_rnn_has_back(packed.packed) != 0


def rnn_backward(
    packed: PackedRNN,
    PackedDense turned not None,
    offsets: ArrayLike,
    kept: NDArray[np.float32],
    state: NDArray[np.float32],
    *,
    initial: ArrayLike | None = None,
    d_outputs: NDArray[np.float32] | None = None,
    d_last: ArrayLike | None = None,
    d_cell: ArrayLike | None = None,
    reverse: bool = False,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The way back through a run of `rnn_taped`: `kept` becomes its own gradient.

    Arguments:
        turned: the recurrent kernel, rows and columns exchanged.  offsets, reverse: as of the run.
        kept: float32, as from `rnn_taped`.  state: float32 (n or more, units): of "lstm" the cell
            states c, else the outputs h.
        initial: float32 (batch, units), the first c of "lstm", else h; None = zeros.
        d_outputs: float32 (n or more, units), the gradient of the outputs; None = zeros.
        d_last, d_cell: float32 (batch, units), those of the last h, and of the last c of "lstm".
    Returns: float32 (batch, units): of "lstm" the gradient of the first c; of "gru" that of the
        first h, but for what goes through the products with it; else zeros.
    """
    cdef PackedRNN rnn = packed
    cdef Array ends = offsets_of(offsets)
    cdef Py_ssize_t batch = ends.view.shape[0] - 1, units = rnn.units
    cdef Py_ssize_t n = (<const int64_t*>ends.view.buf)[batch]
    cdef RowsOut rows = RowsOut(kept, n, kept_columns(rnn.kind, units))
    cdef FloatRows held = rows_of(state, "state", n, units)
    cdef FloatRows out = None if d_outputs is None else rows_of(d_outputs, "d_outputs", n, units)
    cdef Array first = None if initial is None else floats(initial, "initial").expect(batch, units)
    cdef Array last = None if d_last is None else floats(d_last, "d_last").expect(batch, units)
    carry = np.zeros((batch, units), _float32)
    if d_cell is not None and rnn.kind == "lstm":
        carry[:] = d_cell
    cdef msq_back back
    memset(&back, 0, sizeof(back))
    back.kind, back.turned, back.reverse = _KINDS[rnn.kind], turned.packed, reverse
    back.offsets, back.batch, back.steps = <const int64_t*>ends.view.buf, batch, n
    back.kept, back.kept_stride = <float*>rows.view.buf, rows.view.strides[0] // 4
    back.state, back.state_stride = held.values, held.stride
    back.initial, back.d_last = <const float*>values_of(first), <const float*>values_of(last)
    if out is not None:
        back.d_outputs, back.d_stride = out.values, out.stride
    back.carry = <float*>writable(carry)
    back.num_threads = thread_count(num_threads)
    cdef int64_t bad = 0
    cdef int status
    with nogil:
        status = msq_rnn_back_f32(&back, &bad)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status == MSQ_OUT_OF_RANGE:
        raise ValueError(f"turned must be the recurrent kernel of {units} units with rows and "
                         f"columns exchanged, got ({turned.features}, {turned.units})")
    if status == MSQ_BAD_OFFSETS:
        raise ValueError(f"offsets must start at 0 and never fall, got {back.offsets[bad]} at "
                         f"position {bad}")
    if status != MSQ_OK:
        raise MemoryError("no memory for the way back through the layer")
    return carry


def dense_rows(
    x: ArrayLike, packed: PackedDense, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """`dense` of rows some distance apart: x (n, in) float32 -> x kernel + bias, (n, out)."""
    cdef PackedDense by = packed
    cdef FloatRows a = FloatRows(x, "x")
    if a.columns != by.features:
        raise ValueError(f"x must be float32 (any, {by.features}), got ({a.rows}, {a.columns})")
    cdef int threads = thread_count(num_threads), status
    y = new_floats((a.rows, by.units))
    cdef float* values = <float*>writable(y)
    with nogil:
        status = msq_dense_rows_f32(values, a.values, a.stride, by.packed, a.rows, MSQ_LINEAR, threads)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    return y


cdef FloatRows rows_of(object x, str name, Py_ssize_t rows, Py_ssize_t columns):
    """Float32 rows, at least so many."""
    cdef FloatRows a = FloatRows(x, name)
    if a.rows < rows or a.columns != columns:
        raise ValueError(f"{name} must be float32 ({rows} or more, {columns}), "
                         f"got ({a.rows}, {a.columns})")
    return a
