# The weights of a recurrent layer, in the order the kernels read them; part of _kernels.pyx.

cdef dict _KINDS = {
    "lstm": MSQ_LSTM,
    "gru": MSQ_GRU,
    "gru_reset_before": MSQ_GRU_RESET_BEFORE,
    "simple_rnn": MSQ_SIMPLE_RNN,
}


@cython.final
cdef class Kept:
    """What rows of one table add to the gates of a layer, kept from call to call: those that calls
    read, in so many bytes. A call that uses it holds it."""

    cdef object table  # a weak reference to the array
    cdef Py_ssize_t max_bytes
    cdef msq_keep* held  # NULL: there was no memory

    def __dealloc__(self):
        msq_keep_free(self.held)


@cython.final
cdef class PackedRNN:
    """The weights of a recurrent layer, in the order the kernels read them.

    Arguments:
        kind: "lstm" (gates i f c o), "gru" (z r h, reset_after), "gru_reset_before" or "simple_rnn".
        kernel: float32, (features, gates * units).
        recurrent_kernel: float32, (units, gates * units).
        bias: float32, (gates * units,), of "gru" (2, 3 * units); or None.
        activation, recurrent_activation: names in ACTIVATIONS.
    Both kernels may be in fewer bits: tuples, as for PackedDense.
    The weights are copied: later changes of the arrays do not show.
    """

    cdef msq_rnn* packed
    cdef readonly str kind
    cdef readonly Py_ssize_t features, units
    cdef int state_count
    cdef Kept kept

    def __cinit__(
        self,
        kind: str,
        kernel: ArrayLike,
        recurrent_kernel: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> None:
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}")
        cdef int f = activation_id(activation, "activation")
        cdef int rf = activation_id(recurrent_activation, "recurrent_activation")
        cdef Py_ssize_t gates = 4 if kind == "lstm" else 1 if kind == "simple_rnn" else 3
        cdef LowMatrix low_w = None, low_r = None
        cdef Array w, r
        if type(kernel) is tuple:
            low_w, low_r = LowMatrix(kernel, "kernel"), LowMatrix(recurrent_kernel, "recurrent_kernel")
            if low_w.precision != low_r.precision:
                raise TypeError("kernel and recurrent_kernel must be of one precision")
            w, r = low_w.codes, low_r.codes
        else:
            r = floats(recurrent_kernel, "recurrent_kernel").expect(ANY, ANY)
            w = floats(kernel, "kernel")
        self.kind, self.units = kind, r.view.shape[0]
        self.state_count = 2 if kind == "lstm" else 1
        r.expect(self.units, gates * self.units)
        w.expect(ANY, gates * self.units)
        self.features = w.view.shape[0]
        if self.features == 0 or self.units == 0:
            raise ValueError(f"kernel must have features and units, got shape {w.shape()}")
        cdef Array b = None
        if bias is not None:
            b = floats(bias, "bias")
            b.expect(2, 3 * self.units) if kind == "gru" else b.expect(gates * self.units)
        cdef int status
        if low_w is not None:
            status = msq_rnn_pack_low(&self.packed, _KINDS[kind], low_w.precision, &low_w.matrix,
                                      &low_r.matrix, <const float*>values_of(b), self.features,
                                      self.units, f, rf)
            if status == MSQ_OUT_OF_RANGE:
                raise ValueError(f"kernel must have at most {MSQ_MAX_INT8_DEPTH} features and units "
                                 f"in int8, got {w.shape()}")
            if status != MSQ_OK:
                raise MemoryError(f"no memory to pack a kernel of shape {w.shape()}")
            return
        if msq_rnn_pack(&self.packed, _KINDS[kind], <const float*>w.view.buf,
                        <const float*>r.view.buf, <const float*>values_of(b), self.features,
                        self.units, f, rf) != MSQ_OK:
            raise MemoryError(f"no memory to pack a kernel of shape {w.shape()}")

    def __dealloc__(self):
        msq_rnn_free(self.packed)

    cdef Kept kept_of(self, object table, Py_ssize_t rows, Py_ssize_t max_bytes):
        """What is kept of an array of so many rows; of the one before, nothing is any longer."""
        cdef Kept kept = self.kept
        if kept is None or kept.table() is not table or kept.max_bytes != max_bytes:
            kept = Kept.__new__(Kept)
            kept.table, kept.max_bytes = weakref.ref(table), max_bytes
            msq_keep_make(&kept.held, self.packed, rows, <double>max_bytes)
            self.kept = kept
        return kept

    @property
    def kept_bytes(self) -> int:
        """The memory that is kept between calls, see `keep` of `rnn`."""
        if self.kept is None or self.kept.held == NULL:
            return 0
        return int(msq_fold_bytes(self.packed, msq_keep_count(self.kept.held)))
