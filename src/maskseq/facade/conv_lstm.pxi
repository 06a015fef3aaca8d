# The façade of csrc/rnn/convolved.c; part of _kernels.pyx.

@cython.final
cdef class PackedConvLSTM:
    """The weights of a convolutional LSTM, gates i f c o, in the order the kernels read them.

    Arguments:
        kernel: float32, (size, features, 4 * filters).
        recurrent_kernel: float32, (size, filters, 4 * filters).
        bias: float32, (4 * filters,), or None.
        activation, recurrent_activation: names in ACTIVATIONS.
    The weights are copied: later changes of the arrays do not show.
    """

    cdef msq_rnn* packed
    cdef readonly Py_ssize_t size, features, filters

    def __cinit__(
        self,
        kernel: ArrayLike,
        recurrent_kernel: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> None:
        cdef int f = activation_id(activation, "activation")
        cdef int rf = activation_id(recurrent_activation, "recurrent_activation")
        cdef Array r = floats(recurrent_kernel, "recurrent_kernel").expect(ANY, ANY, ANY)
        self.size, self.filters = r.view.shape[0], r.view.shape[1]
        r.expect(self.size, self.filters, 4 * self.filters)
        cdef Array w = floats(kernel, "kernel").expect(self.size, ANY, 4 * self.filters)
        self.features = w.view.shape[1]
        if not (self.size and self.features and self.filters):
            raise ValueError(f"kernel must have steps, features and filters, got {w.shape()}")
        cdef Array b = None if bias is None else floats(bias, "bias").expect(4 * self.filters)
        if msq_rnn_pack_deep(&self.packed, MSQ_LSTM, <const float*>w.view.buf,
                             <const float*>r.view.buf, <const float*>values_of(b),
                             self.size * self.features, self.size * self.filters, self.filters, f,
                             rf) != MSQ_OK:
            raise MemoryError(f"no memory to pack a kernel of shape {w.shape()}")

    def __dealloc__(self):
        msq_rnn_free(self.packed)


def conv_lstm(
    x: ArrayLike,
    PackedConvLSTM packed not None,
    Windows windows not None,
    offsets: ArrayLike,
    initial_state: Sequence[ArrayLike],
    *,
    index: ArrayLike | None = None,
    reverse: bool = False,
    out: NDArray[np.float32] | None = None,
    cells: ArrayLike | None = None,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Runs a convolutional LSTM over sequences of real steps.

    Arguments:
        x: float32, (m, rows, features): steps.  windows: those of one step, Windows(1, rows, count,
            ...).  offsets, index: as for `rnn`.
        initial_state: h and c, float32 (batch, count, filters).
        reverse: run each sequence from its last step to its first; outputs stay at their own row.
        out: float32, (n or more, count, filters), C-contiguous: h after each step goes there.
        cells: int64, (n,): that of step j to row cells[j], and no other step's; None: to row j.
    Returns: the last h and c, (batch, count, filters).
    Raises: IndexError if `index` leaves x, or `cells` leave out.
    """
    cdef msq_windows w = windows.windows
    cdef Py_ssize_t filters = packed.filters, count = w.count
    cdef RnnCall call = RnnCall.__new__(RnnCall)
    cdef Array a = floats(x, "x").expect(ANY, w.time, packed.features)
    call.x, call.offsets = a, offsets_of(offsets)
    cdef Py_ssize_t batch = call.offsets.view.shape[0] - 1
    cdef const int64_t* ends = <const int64_t*>call.offsets.view.buf
    cdef Py_ssize_t n = ends[batch]
    if w.batch != 1 or w.size != packed.size or w.row_of != NULL or w.made != NULL:
        raise ValueError(f"windows must be those of one step, of size {packed.size}")
    call.index = None if index is None else integers(index, "index").expect(n)
    call.cells = None if cells is None else integers(cells, "cells").expect(n)
    if index is None and not 0 <= n <= a.view.shape[0]:
        raise ValueError(f"offsets must rise from 0 to at most the {a.view.shape[0]} rows of x, "
                         f"got {n} at position {batch}")
    h, c = initial_state
    call.h0 = floats(h, "initial_state[0]").expect(batch, count, filters)
    call.c0 = floats(c, "initial_state[1]").expect(batch, count, filters)
    call.h, call.c = new_floats((batch, count, filters)), new_floats((batch, count, filters))
    cdef Array room = None
    if out is not None:
        room = floats(room_for(out, np.shape(out)), "out").expect(ANY, count, filters)
        if room.view.shape[0] < n:
            raise ValueError(f"out must have {n} rows or more, got {room.shape()}")
    elif cells is not None:
        raise ValueError("cells are those of `out`, got none")
    cdef msq_rnn_call* run = &call.run.call
    call.run.rnn, call.run.steps = packed.packed, n
    run.x, run.x_rows = <const float*>a.view.buf, a.view.shape[0]
    run.index, run.offsets, run.batch = <const int64_t*>values_of(call.index), ends, batch
    run.initial_h, run.initial_c = <const float*>call.h0.view.buf, <const float*>call.c0.view.buf
    run.h, run.c = <float*>writable(call.h), <float*>writable(call.c)
    run.sequences = NULL if out is None else <float*>writable(out)
    run.sequence_stride, run.reverse = count * filters, reverse
    run.num_threads = thread_count(num_threads)
    call.run.cells = <const int64_t*>values_of(call.cells)
    call.run.rows = 0 if room is None else room.view.shape[0]
    cdef int64_t bad = 0
    cdef int status
    with nogil:
        status = msq_conv_lstm_f32(&call.run, &w, &bad)
    call.check(status, bad)
    return call.h, call.c
