# The façade of csrc/gemm.c; part of _kernels.pyx.


@cython.final
cdef class PackedDense:
    """kernel (in, out) float32, bias (out,) float32 or None, in the order the kernels read them.

    With `turned` the kernel is (out, in), and there is no bias. A kernel in fewer bits is a tuple:
    codes int8 (in, out) and steps float32 (out,), which they are multiplied by; or numbers of
    bfloat16 as uint16 (in, out) and None.
    The weights are copied: later changes of the arrays do not show.
    """

    cdef msq_dense* packed
    cdef readonly Py_ssize_t features, units

    def __cinit__(
        self, kernel: ArrayLike, bias: ArrayLike | None = None, *, turned: bool = False
    ) -> None:
        if type(kernel) is tuple:
            self.pack_low(LowMatrix(kernel, "kernel"), bias)
            return
        cdef Array w = floats(kernel, "kernel").expect(ANY, ANY)
        self.features, self.units = w.view.shape[turned], w.view.shape[not turned]
        cdef int status
        if turned and self.features and self.units:
            status = msq_dense_pack_turned(&self.packed, <const float*>w.view.buf, self.features,
                                           self.units)
            if status != MSQ_OK:
                raise MemoryError(f"no memory to pack a kernel of shape {w.shape()}")
            return
        cdef Array b = None if bias is None else floats(bias, "bias").expect(self.units)
        if self.features == 0 or self.units == 0:
            raise ValueError(f"kernel must have inputs and outputs, got shape {w.shape()}")
        if msq_dense_pack(&self.packed, <const float*>w.view.buf, <const float*>values_of(b),
                          self.features, self.units) != MSQ_OK:
            raise MemoryError(f"no memory to pack a kernel of shape {w.shape()}")

    cdef int pack_low(self, LowMatrix w, object bias) except -1:
        self.features, self.units = w.codes.view.shape[0], w.codes.view.shape[1]
        cdef Array b = None if bias is None else floats(bias, "bias").expect(self.units)
        if self.features == 0 or self.units == 0:
            raise ValueError(f"kernel must have inputs and outputs, got shape {w.codes.shape()}")
        cdef int status = msq_dense_pack_low(
            &self.packed, w.precision, w.matrix.codes, w.matrix.steps, <const float*>values_of(b),
            self.features, self.units)
        if status == MSQ_OUT_OF_RANGE:
            raise ValueError(f"kernel must have at most {MSQ_MAX_INT8_DEPTH} inputs in int8, "
                             f"got {self.features}")
        if status != MSQ_OK:
            raise MemoryError(f"no memory to pack a kernel of shape {w.codes.shape()}")
        return 0

    def __dealloc__(self):
        msq_dense_free(self.packed)


cdef int finished(int status) except -1:
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status != MSQ_OK:
        raise MemoryError("no memory to run the layer")
    return 0


def dense(
    x: ArrayLike,
    PackedDense packed not None,
    activation: str = "linear",
    *,
    out: NDArray[np.float32] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (n, in) float32 -> activation(x kernel + bias), (n, out) float32; in `out` if it is given."""
    cdef int f = activation_id(activation, "activation")
    cdef int threads = thread_count(num_threads), status
    cdef Array a = floats(x, "x").expect(ANY, packed.features)
    y = room_for(out, (a.view.shape[0], packed.units))
    cdef float* values = <float*>writable(y)
    with nogil:
        status = msq_dense_f32(
            values, <const float*>a.view.buf, packed.packed, a.view.shape[0], f, threads)
    finished(status)
    return y


def dense_beside(
    x: ArrayLike, layers: Sequence[PackedDense], *, num_threads: int | None = None
) -> list[NDArray[np.float32]]:
    """`dense` of up to 3 layers on the same x (n, in) -> (n, out) of each; threads meet once."""
    cdef int count = len(layers), i, status, threads = thread_count(num_threads)
    cdef const msq_dense* packed[3]
    cdef float* values[3]
    cdef PackedDense layer
    if not 1 <= count <= 3:
        raise ValueError(f"layers must be 1 to 3, got {count}")
    cdef Array a = floats(x, "x").expect(ANY, (<PackedDense?>layers[0]).features)
    cdef int64_t rows = a.view.shape[0]
    made = []
    for i in range(count):
        layer = <PackedDense?>layers[i]
        if layer.features != a.view.shape[1]:
            raise ValueError(f"layers must have {a.view.shape[1]} features, got {layer.features}")
        y = new_floats((rows, layer.units))
        packed[i], values[i] = layer.packed, <float*>writable(y)
        made.append(y)
    with nogil:
        status = msq_dense_beside_f32(values, <const float*>a.view.buf, packed, count, rows, threads)
    finished(status)
    return made


OF_ROWS = ("softmax", "log_softmax", "sparsemax")


def lstm_of_rows(
    h: ArrayLike,
    PackedDense packed not None,
    of_input: ArrayLike,
    c: ArrayLike,
    gate: str,
    activation: str,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A step of an LSTM whose activation is one of OF_ROWS -> the new h and c, (n, units) each.

    h, c float32 (n, units): the states before.  packed: the recurrent kernel, (units, 4 * units).
    of_input float32 (n, 4 * units): the products of the input, by i f c o.  gate: one of
    ACTIVATIONS.
    """
    cdef int of_gates = activation_id(gate, "gate"), of_rows = OF_ROWS.index(activation)
    cdef int threads = thread_count(num_threads), status
    cdef Array state = floats(h, "h").expect(ANY, packed.features)
    cdef int64_t n = state.view.shape[0], units = packed.features
    cdef Array before = floats(c, "c").expect(n, units)
    if packed.units != 4 * units:
        raise ValueError(f"packed must have {4 * units} outputs, got {packed.units}")
    cdef Array inputs = floats(of_input, "of_input").expect(n, 4 * units)
    new_h, new_c = new_floats((n, units)), new_floats((n, units))
    scratch = new_floats((n, 5 * units))
    cdef float* to_h = <float*>writable(new_h)
    cdef float* to_c = <float*>writable(new_c)
    cdef float* z = <float*>writable(scratch)
    with nogil:
        status = msq_dense_f32(z, <const float*>state.view.buf, packed.packed, n, MSQ_LINEAR,
                               threads)
        if status == MSQ_OK:
            msq_lstm_of_rows_f32(to_h, to_c, z, z + 4 * n * units, <const float*>inputs.view.buf,
                                 <const float*>before.view.buf, n, units, of_gates, of_rows,
                                 threads)
    finished(status)
    return new_h, new_c
