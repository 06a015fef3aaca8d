# The façade of csrc/rnn/rnn.c; part of _kernels.pyx.

cdef tuple run_whole(object x, PackedRNN packed, object initial_state, bint return_sequences,
                     bint return_c, bint reverse, object num_threads):
    """`rnn` over sequences without a masked step, x (batch, time, features).

    Without an array of offsets, a call of one step takes a quarter less.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY, packed.features)
    cdef Py_ssize_t batch = a.view.shape[0], time = a.view.shape[1], b
    cdef int64_t[FEW + 1] room
    cdef int64_t* ends = room
    if batch > FEW:
        more = _empty(batch + 1, _int64)
        ends = <int64_t*>writable(more)
    for b in range(batch + 1):
        ends[b] = b * time
    h = new_floats((batch, packed.units))
    c = new_floats((batch, packed.units)) if return_c and packed.state_count == 2 else None
    y = new_floats((batch, time, packed.units)) if return_sequences else None
    cdef Array h0 = None, c0 = None
    if initial_state is not None:
        h0, c0 = first_states(initial_state, packed.state_count, batch, packed.units)
    cdef msq_rnn_call call
    memset(&call, 0, sizeof(call))
    call.size = sizeof(call)
    call.x, call.x_rows = <const float*>a.view.buf, batch * time
    call.offsets, call.batch = ends, batch
    call.initial_h, call.initial_c = <const float*>values_of(h0), <const float*>values_of(c0)
    call.h = <float*>writable(h)
    call.c = NULL if c is None else <float*>writable(c)
    call.sequences = <float*>writable(y) if return_sequences else NULL
    call.sequence_stride, call.reverse = packed.units, reverse
    call.num_threads = thread_count(num_threads)
    cdef int64_t bad = 0
    cdef int status
    with nogil:
        status = msq_rnn_f32(packed.packed, &call, &bad)
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status != MSQ_OK:
        raise MemoryError("no memory to run the layer")
    return y, (h,) if c is None else (h, c)


cdef tuple first_states(initial_state, Py_ssize_t count, Py_ssize_t batch, Py_ssize_t units):
    """(h, c) as checked arrays; c is None where there is one state."""
    if len(initial_state) != count:
        raise ValueError(f"initial_state must have {count} arrays, got {len(initial_state)}")
    cdef Array h = floats(initial_state[0], "initial_state[0]").expect(batch, units), c = None
    if count == 2:
        c = floats(initial_state[1], "initial_state[1]").expect(batch, units)
    return h, c


@cython.final
cdef class RowsOut:
    """A float32 array of the caller's to write rows into, any distance apart."""

    cdef Py_buffer view
    cdef bint held

    def __cinit__(self, out, Py_ssize_t rows, Py_ssize_t columns):
        try:
            PyObject_GetBuffer(out, &self.view, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE)
        except (ValueError, TypeError, BufferError) as error:
            raise TypeError(f"out must be a writable float32 array, got {out!r:.60}") from error
        self.held = True
        cdef Py_buffer* v = &self.view
        if v.format == NULL or v.format[0] != b"f" or v.itemsize != 4 or v.ndim != 2 \
                or v.shape == NULL or v.strides == NULL or v.shape[0] < rows \
                or v.shape[1] != columns:
            kind = "no numbers" if v.format == NULL else v.format.decode()
            shape = tuple([v.shape[i] for i in range(v.ndim if v.shape != NULL else 0)])
            raise ValueError(f"out must be float32 ({rows} or more, {columns}), got {kind} {shape}")
        if columns > 1 and v.strides[1] != 4 or <uintptr_t>v.buf % 4 or v.strides[0] % 4 \
                or v.shape[0] > 1 and abs(v.strides[0]) < columns * 4:
            raise ValueError("out must be aligned, with the values of a row side by side "
                             "and no value in two rows")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)

    cdef bint overlaps(self, Array a) noexcept:
        if a is None or self.view.shape[0] == 0:
            return False
        cdef Py_ssize_t span = (self.view.shape[0] - 1) * self.view.strides[0]
        cdef char* low = <char*>self.view.buf + (span if span < 0 else 0)
        cdef char* high = <char*>self.view.buf + (span if span > 0 else 0) + self.view.shape[1] * 4
        cdef char* values = <char*>a.view.buf
        return values < high and low < values + a.view.len


@cython.final
cdef class RnnCall:
    """A call of a recurrent layer: its arrays, checked and held."""

    cdef msq_rnn_run run
    cdef Array x, offsets, index, cells, h0, c0
    cdef Kept kept
    cdef RowsOut rows
    cdef object out, h, c

    cdef int prepare(self, Array x, PackedRNN packed, Array offsets, Array index, initial_state,
                     bint return_sequences, bint reverse, out, Array cells,
                     num_threads) except -1:
        """Takes x, offsets, index and cells, which only have the right types, and all else."""
        cdef Py_ssize_t batch = offsets.view.shape[0] - 1, units = packed.units
        cdef const int64_t* ends = <const int64_t*>offsets.view.buf
        cdef Py_ssize_t n = ends[batch], count = packed.state_count
        self.x, self.offsets = x.expect(ANY, packed.features), offsets
        self.index, self.cells = index, cells
        if index is not None:
            index.expect(n)
        elif n < 0 or n > x.view.shape[0]:
            raise ValueError(f"offsets must rise from 0 to at most the {x.view.shape[0]} rows of x, "
                             f"got {n} at position {batch}")
        if initial_state is not None:
            self.h0, self.c0 = first_states(initial_state, count, batch, units)
        self.h = new_floats((batch, units))
        self.c = new_floats((batch, units)) if count == 2 else None
        self.out = new_floats((n, units)) if out is None and return_sequences else out
        if cells is not None:
            cells.expect(n)
            if out is None:
                raise ValueError("cells are those of `out`, got none")
        self.rows = None if self.out is None else RowsOut(self.out, n, units)
        if self.rows is not None and (self.rows.overlaps(x) or self.rows.overlaps(self.h0)
                                      or self.rows.overlaps(self.c0)):
            raise ValueError("out must not overlap x or initial_state")
        cdef msq_rnn_call* call = &self.run.call
        self.run.rnn, self.run.steps = packed.packed, n
        call.x, call.x_rows = <const float*>x.view.buf, x.view.shape[0]
        call.index = <const int64_t*>values_of(index)
        call.offsets, call.batch = ends, batch
        call.initial_h = <const float*>values_of(self.h0)
        call.initial_c = <const float*>values_of(self.c0)
        call.h = <float*>writable(self.h)
        call.c = NULL if self.c is None else <float*>writable(self.c)
        call.sequences = NULL if self.rows is None else <float*>self.rows.view.buf
        call.sequence_stride = 0 if self.rows is None else self.rows.view.strides[0] // 4
        call.reverse = reverse
        call.num_threads = thread_count(num_threads)
        self.run.cells = <const int64_t*>values_of(cells)
        self.run.rows = 0 if self.rows is None else self.rows.view.shape[0]

    cdef int take_kept(self, PackedRNN packed, object table, Py_ssize_t max_bytes) except -1:
        """Uses what is kept of x, which is the array `table`, and adds to it."""
        if self.index is None or max_bytes <= 0:
            return 0
        self.kept = packed.kept_of(table, self.x.view.shape[0], max_bytes)
        self.run.keep = self.kept.held
        return 0

    cdef object out_of_range(self, Py_ssize_t position):
        """The error of a number of `index` or `cells` that is, or a moment ago was, outside."""
        cdef msq_rnn_call* call = &self.run.call
        cdef int64_t row = 0 if self.index is None else call.index[position]
        if self.cells is None or not 0 <= row < call.x_rows:
            name, size = "index", call.x_rows
        else:
            name, size, row = "cells", self.run.rows, self.run.cells[position]
        return IndexError(f"{name} must be in [0, {size}), got {row} at position {position}")

    cdef int check(self, int status, int64_t position) except -1:
        """Raises what the status of a run says."""
        if status == MSQ_INTERRUPTED:
            raise_pending()
        if status == MSQ_OUT_OF_RANGE:
            raise self.out_of_range(position)
        if status == MSQ_BAD_OFFSETS:
            raise ValueError(f"offsets must start at 0 and never fall, got "
                             f"{self.run.call.offsets[position]} at position {position}")
        if status == MSQ_UNSUPPORTED:
            raise ValueError("sizes of windows must be positive and fit the weights")
        if status != MSQ_OK:
            raise MemoryError("no memory to run the layer")
        return 0

    cdef tuple results(self):
        return self.out, (self.h,) if self.c is None else (self.h, self.c)


cdef int run_calls(RnnCall first, RnnCall second) except -1:
    """Runs one call, or two side by side."""
    cdef msq_rnn_run** runs = [&first.run, NULL]
    cdef int64_t bad = 0
    cdef int status, count = 1
    if second is not None:
        runs[1], count = &second.run, 2
    with nogil:
        status = msq_rnn_runs_f32(runs, count, &bad)
    return first.check(status, bad)


cdef Array offsets_of(object offsets):
    cdef Array o = integers(offsets, "offsets").expect(ANY)
    if o.view.shape[0] == 0:
        raise ValueError("offsets must be int64 (batch + 1,), got int64 (0,)")
    return o


def rnn(
    x: ArrayLike,
    PackedRNN packed not None,
    offsets: ArrayLike | None = None,
    *,
    index: ArrayLike | None = None,
    initial_state: Sequence[ArrayLike] | None = None,
    return_sequences: bool = False,
    return_c: bool = True,
    reverse: bool = False,
    out: NDArray[np.float32] | None = None,
    cells: ArrayLike | None = None,
    keep: int = 0,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]]:
    """Runs a recurrent layer over sequences of real steps.

    Arguments:
        x: float32, (m, features).  offsets: int64, (batch + 1,): sequence b is steps offsets[b] to
            offsets[b + 1]; None: x is (batch, time, features), and all its steps are real.
        index: int64, (n,): step j reads row x[index[j]]; None: x[j].
        initial_state: float32, (batch, units) each: (h,), for "lstm" (h, c); None = zeros.
        return_sequences: also return the state h after each step.
        return_c: of "lstm" without offsets: also return the last state c.
        reverse: run each sequence from its last step to its first; outputs stay at their own row.
        out: float32, (n or more, units), any distance between rows: the sequences go there.
        cells: int64, (n,): the output of step j goes to row cells[j] of `out`, and no other step's
            does; None: to row j.
        keep: not 0: x is a table of weights, which never change. What its rows add to the gates is
            kept in `packed` for later calls with the same array, in so many bytes: where not all
            rows fit, that of rows which calls read.
    Returns: (sequences (n, units), without offsets (batch, time, units), or None; last states, each
        (batch, units)). The state of a sequence without steps is its initial state.
    Raises: IndexError if `index` leaves x, or `cells` leave out.
    """
    if offsets is None:
        if index is not None or out is not None or cells is not None:
            raise ValueError("index, out and cells need offsets, got none")
        return run_whole(x, packed, initial_state, return_sequences, return_c, reverse, num_threads)
    cdef RnnCall call = RnnCall.__new__(RnnCall)
    cdef Array picked = None if index is None else integers(index, "index")
    cdef Array placed = None if cells is None else integers(cells, "cells")
    call.prepare(floats(x, "x"), packed, offsets_of(offsets), picked, initial_state,
                 return_sequences, reverse, out, placed, num_threads)
    call.take_kept(packed, x, keep)
    run_calls(call, None)
    return call.results()


def rnn_pair(
    x: ArrayLike,
    PackedRNN one not None,
    PackedRNN other not None,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_states: Sequence[Sequence[ArrayLike] | None] = (None, None),
    return_sequences: bool = False,
    reverse: bool = False,
    out: Sequence[NDArray[np.float32] | None] = (None, None),
    cells: ArrayLike | None = None,
    keep: int = 0,
    num_threads: int | None = None,
) -> tuple[
    tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]],
    tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]],
]:
    """Runs two recurrent layers over the same sequences, side by side, in opposite directions.

    Arguments: as for `rnn`; initial_states, out: for each, and no value in both of `out`; reverse:
        the direction of the first.
    Returns: what `rnn` returns, for each: the same bits.
    """
    cdef RnnCall first = RnnCall.__new__(RnnCall), second = RnnCall.__new__(RnnCall)
    cdef Array values = floats(x, "x"), ends = offsets_of(offsets)
    cdef Array picked = None if index is None else integers(index, "index")
    cdef Array placed = None if cells is None else integers(cells, "cells")
    first.prepare(values, one, ends, picked, initial_states[0], return_sequences, reverse, out[0],
                  placed, num_threads)
    second.prepare(values, other, ends, picked, initial_states[1], return_sequences, not reverse,
                   out[1], placed, num_threads)
    first.take_kept(one, x, keep)
    second.take_kept(other, x, keep)
    run_calls(first, second)
    return first.results(), second.results()
