# The façade of csrc/rnn/backward.c, and of runs that keep what it needs; part of _kernels.pyx.

cdef enum:
    # Floats between two kept rows: rows 4 KB apart would all be in the same sets of the cache.
    KEPT_GAP = 16


cdef Py_ssize_t kept_columns(str kind, Py_ssize_t units):
    return units if kind == "simple_rnn" else 4 * units


@cython.final
cdef class TapedCall:
    """A run that keeps what its way back needs."""

    cdef RnnCall call
    cdef object kept, c

    cdef int prepare(self, Array x, PackedRNN packed, Array offsets, Array index, initial_state,
                     bint reverse, out, num_threads) except -1:
        if not has_way_back(packed):
            raise ValueError(f"packed must be \"lstm\", \"gru\" or \"simple_rnn\" with tanh and "
                             f"sigmoid, got {packed.kind!r}")
        self.call = RnnCall.__new__(RnnCall)
        self.call.prepare(x, packed, offsets, index, initial_state, True, reverse, out, None,
                          num_threads)
        cdef Py_ssize_t n = self.call.run.steps, columns = kept_columns(packed.kind, packed.units)
        room = new_floats((n, columns + KEPT_GAP))
        self.c = new_floats((n, packed.units)) if packed.kind == "lstm" else None
        if packed.kind != "simple_rnn":
            self.call.run.kept = <float*>writable(room)
            self.call.run.kept_stride = columns + KEPT_GAP
            self.call.run.kept_c = NULL if self.c is None else <float*>writable(self.c)
        self.kept = room[:, :columns]
        return 0

    cdef tuple results(self):
        return self.call.results()[1], self.kept, self.c


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
    cdef TapedCall taped = TapedCall.__new__(TapedCall)
    cdef Array picked = None if index is None else integers(index, "index")
    taped.prepare(floats(x, "x"), packed, offsets_of(offsets), picked, initial_state, reverse, out,
                  num_threads)
    run_calls(taped.call, None)
    return taped.results()


def rnn_taped_pair(
    x: ArrayLike,
    PackedRNN one not None,
    PackedRNN other not None,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_states: Sequence[Sequence[ArrayLike] | None] = (None, None),
    reverse: bool = False,
    out: Sequence[NDArray[np.float32]],
    num_threads: int | None = None,
) -> tuple[
    tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None],
    tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None],
]:
    """`rnn_taped` of two layers over the same sequences, side by side, in opposite directions.

    Arguments: as for `rnn_taped`; initial_states, out: for each; reverse: the direction of the
        first.
    Returns: what `rnn_taped` returns, for each: the same bits.
    """
    cdef TapedCall first = TapedCall.__new__(TapedCall), second = TapedCall.__new__(TapedCall)
    cdef Array values = floats(x, "x"), ends = offsets_of(offsets)
    cdef Array picked = None if index is None else integers(index, "index")
    first.prepare(values, one, ends, picked, initial_states[0], reverse, out[0], num_threads)
    second.prepare(values, other, ends, picked, initial_states[1], not reverse, out[1],
                   num_threads)
    run_calls(first.call, second.call)
    return first.results(), second.results()


def has_way_back(PackedRNN packed not None) -> bool:
    """True if `rnn_taped` and `rnn_backward` know the layer."""
    return msq_rnn_has_back(packed.packed) != 0


@cython.final
cdef class RnnWayBack:
    """The way back through a run of `rnn_taped`, for `rnn_backward`: its arrays, checked and held.

    Arguments:
        turned: the recurrent kernel, rows and columns exchanged.  offsets, reverse: as of the run.
        kept: float32, as from `rnn_taped`.  state: float32 (n or more, units): of "lstm" the cell
            states c, else the outputs h.
        initial: float32 (batch, units), the first c of "lstm", else h; None = zeros.
        d_outputs: float32 (n or more, units), the gradient of the outputs; None = zeros.
        d_last, d_cell: float32 (batch, units), those of the last h, and of the last c of "lstm".
    """

    cdef msq_back back
    cdef PackedDense turned
    cdef Array offsets, initial, d_last
    cdef RowsOut kept
    cdef FloatRows state, d_outputs
    cdef object kept_rows, carry
    cdef Py_ssize_t units
    cdef bint gru

    def __cinit__(
        self,
        PackedRNN packed not None,
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
    ) -> None:
        self.turned, self.offsets = turned, offsets_of(offsets)
        cdef Py_ssize_t batch = self.offsets.view.shape[0] - 1, units = packed.units
        cdef Py_ssize_t n = (<const int64_t*>self.offsets.view.buf)[batch]
        self.units, self.gru, self.kept_rows = units, packed.kind == "gru", kept
        self.kept = RowsOut(kept, n, kept_columns(packed.kind, units))
        self.state = rows_of(state, "state", n, units)
        if d_outputs is not None:
            self.d_outputs = rows_of(d_outputs, "d_outputs", n, units)
        if initial is not None:
            self.initial = floats(initial, "initial").expect(batch, units)
        if d_last is not None:
            self.d_last = floats(d_last, "d_last").expect(batch, units)
        self.carry = np.zeros((batch, units), _float32)
        if d_cell is not None and packed.kind == "lstm":
            self.carry[:] = d_cell
        cdef msq_back* back = &self.back
        back.kind, back.turned, back.reverse = _KINDS[packed.kind], turned.packed, reverse
        back.offsets = <const int64_t*>self.offsets.view.buf
        back.batch, back.steps = batch, n
        back.kept = <float*>self.kept.view.buf
        back.kept_stride = self.kept.view.strides[0] // 4
        back.state, back.state_stride = self.state.values, self.state.stride
        back.initial = <const float*>values_of(self.initial)
        back.d_last = <const float*>values_of(self.d_last)
        if self.d_outputs is not None:
            back.d_outputs, back.d_stride = self.d_outputs.values, self.d_outputs.stride
        back.carry = <float*>writable(self.carry)

    cdef object rows_before(self):
        """int64 (n,): the row of the step before each; of a first step -1."""
        cdef const int64_t* ends = self.back.offsets
        cdef int64_t n = self.back.steps, way = 1 if self.back.reverse else -1, i, b, first
        before = _empty(n, _int64)
        cdef int64_t* rows = <int64_t*>writable(before)
        for i in range(n):
            rows[i] = i + way
        for b in range(self.back.batch):
            first = ends[b + 1] - 1 if self.back.reverse else ends[b]
            if ends[b] < ends[b + 1] and 0 <= first < n:
                rows[first] = -1
        return before

    cdef object kernel_order(self, object gradient):
        """Columns h z r of a GRU as z r h."""
        return np.roll(gradient, -self.units, axis=-1) if self.gru else gradient

    cdef object bias_order(self, object sums):
        if not self.gru:
            return sums
        return np.stack([self.kernel_order(sums[: 3 * self.units]), sums[self.units :]])


def rnn_backward(
    RnnWayBack one not None,
    other: RnnWayBack | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], ...]:
    """Goes the way back through one run or two, side by side: `kept` becomes its own gradient.

    Returns: of each run float32 (batch, units): of "lstm" the gradient of the first c; of "gru" that
        of the first h, but for what goes through the products with it; else zeros.
    """
    cdef const msq_back** backs = [&one.back, NULL]
    cdef RnnWayBack second = other
    cdef int64_t bad = 0
    cdef int status, count = 1
    one.back.num_threads = thread_count(num_threads)
    if second is not None:
        backs[1], count = &second.back, 2
    with nogil:
        status = msq_rnn_backs_f32(backs, count, &bad)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status == MSQ_OUT_OF_RANGE:
        raise ValueError("turned must be the recurrent kernel with rows and columns exchanged, got "
                         f"({one.turned.features}, {one.turned.units})")
    if status == MSQ_BAD_OFFSETS:
        raise ValueError(f"offsets must start at 0 and never fall, got {one.back.offsets[bad]} at "
                         f"position {bad}")
    if status != MSQ_OK:
        raise MemoryError("no memory for the way back through the layer")
    return (one.carry,) if second is None else (one.carry, second.carry)


def rnn_gradients(
    ways: Sequence[RnnWayBack],
    x: ArrayLike,
    outputs: Sequence[NDArray[np.float32]],
    wanted: Sequence[Sequence[bool]],
    index: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> list[tuple[NDArray[np.float32] | None, ...]]:
    """`rnn_backward` of one run or two over the same rows, and the gradients of their weights.

    Arguments:
        x, index: float32 (m, features) and int64 (n,), the input, as of the run.
        outputs: of each run float32 (n or more, units), h after each step.
        wanted: of each run, whether the gradient of its kernel, recurrent kernel and bias is asked
            for. What a first state adds to that of the recurrent kernel is left out.
    Returns: of each run these three, None where not wanted, and what `rnn_backward` returns.
    """
    cdef list products = [], summed = [], found = []
    cdef RnnWayBack way
    if not len(ways) == len(outputs) == len(wanted):
        raise ValueError(f"expected outputs of {len(ways)} runs and what is wanted of each, "
                         f"got {len(outputs)} and {len(wanted)}")
    cdef tuple carries = rnn_backward(*ways, num_threads=num_threads)
    values = np.asarray(x, _float32)
    if index is None:
        values = values[: (<RnnWayBack>ways[0]).back.steps]
    for way, h, (kernel, recurrent, bias) in zip(ways, outputs, wanted):
        kept = way.kept_rows
        if kernel:
            products.append((values, kept[:, : 3 * way.units] if way.gru else kept, index))
        if recurrent:
            products.append((h, kept[:, way.units :] if way.gru else kept, way.rows_before()))
        if bias:
            summed.append(kept)
    products, summed = outers(products, summed, num_threads=num_threads)
    made, sums = iter(products), iter(summed)
    for way, carry, (kernel, recurrent, bias) in zip(ways, carries, wanted):
        found.append((
            way.kernel_order(next(made)) if kernel else None,
            next(made) if recurrent else None,
            way.bias_order(next(sums)) if bias else None,
            carry,
        ))
    return found


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
