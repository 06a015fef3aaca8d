# The façade of csrc/conv; part of _kernels.pyx.


@cython.final
cdef class Windows:
    """Where the windows of a convolution over `time` steps of `batch` sequences lie.

    Window w of a sequence has `size` places; place j reads step w * stride - before + j * dilation.
    Arguments: count: windows a sequence.  row_of: int64 (batch * time,): the row of each cell in
        the array that is read, any other number for zeros; None: the cells are its rows.
        made: int64 (n,): the windows to compute, sequence * count + w each; None: all.
    """

    cdef msq_windows windows
    cdef Array row_of, made

    def __cinit__(
        self,
        batch: int,
        time: int,
        count: int,
        size: int,
        stride: int = 1,
        dilation: int = 1,
        before: int = 0,
        row_of: ArrayLike | None = None,
        made: ArrayLike | None = None,
    ) -> None:
        cdef msq_windows* w = &self.windows
        w.batch, w.time, w.count = a_size(batch, "batch"), a_size(time, "time"), a_size(count, "count")
        w.size, w.stride, w.dilation, w.before = size, stride, dilation, before
        w.rows, w.x_rows = w.batch * w.count, w.batch * w.time
        if row_of is not None:
            self.row_of = integers(row_of, "row_of").expect(w.x_rows)
            w.row_of = <const int64_t*>self.row_of.view.buf
        if made is not None:
            self.made = integers(made, "made").expect(ANY)
            w.made, w.rows = <const int64_t*>self.made.view.buf, self.made.view.shape[0]

    cdef msq_windows over(self, Array x):
        """The same over the rows of `x`."""
        cdef msq_windows w = self.windows
        if self.row_of is None:
            x.expect(w.x_rows, ANY)
        w.x_rows = x.view.shape[0]
        return w


def convolve(
    x: ArrayLike,
    packed: list[PackedDense],
    Windows windows not None,
    activation: str = "linear",
    *,
    out: NDArray[np.float32] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (rows, features) float32 -> activation(windows of x . kernel + bias), (n, filters).

    In `out` if it is given.  packed: for each group of features its PackedDense of (size * features / groups, filters /
    groups). Raises: ValueError if sizes do not fit.
    """
    cdef int f = activation_id(activation, "activation")
    cdef int threads = thread_count(num_threads), status
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef msq_windows w = windows.over(a)
    cdef int64_t groups = len(packed), g
    if not groups:
        raise ValueError("packed must have a part for each group, got none")
    cdef PackedDense part = packed[0]
    cdef Py_ssize_t units = part.units, features = part.features
    if features * groups != w.size * a.view.shape[1]:
        raise ValueError(f"x must have {features * groups // max(w.size, 1)} features, got "
                         f"{a.view.shape[1]}")
    y = room_for(out, (w.rows, units * groups))
    cdef float* values = <float*>writable(y)
    cdef const msq_dense** parts = <const msq_dense**>malloc(groups * sizeof(msq_dense*))
    if parts == NULL:
        raise MemoryError(f"no memory for {groups} groups")
    try:
        for g in range(groups):
            part = packed[g]
            parts[g] = part.packed
        with nogil:
            status = msq_convolve_f32(values, <const float*>a.view.buf, parts, groups, &w, f, threads)
    finally:
        free(parts)
    check_convolved(status, &w, features)
    return y


def depthwise(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None,
    Windows windows not None,
    activation: str = "linear",
    *,
    mixing: PackedDense | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (rows, features) float32 -> each feature's own convolutions, (n, features * multiplier).

    kernel: (size, features, multiplier).  bias: (features * multiplier,) or None.  mixing: these
    are multiplied by it before the activation, which makes (n, units).
    Raises: ValueError if sizes do not fit.
    """
    cdef int f = activation_id(activation, "activation")
    cdef int threads = thread_count(num_threads), status
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef msq_windows w = windows.over(a)
    cdef int64_t features = a.view.shape[1], multiplier
    cdef Array k = floats(kernel, "kernel")
    if k.view.ndim != 3 or k.view.shape[1] != features:
        raise ValueError(f"x must have the features of kernel {k.shape()}, got {features}")
    multiplier = k.view.shape[2]
    k = floats(np.moveaxis(np.asarray(kernel), 2, 0), "kernel").expect(multiplier, w.size, features)
    cdef Array b = None if bias is None else floats(
        np.reshape(bias, (features, multiplier)).T, "bias")
    cdef const msq_dense* weights = NULL
    cdef Py_ssize_t columns = features * multiplier
    if mixing is not None:
        columns, weights = (<PackedDense>mixing).units, (<PackedDense>mixing).packed
    y = new_floats((w.rows, columns))
    cdef float* out = <float*>writable(y)
    cdef const float* biases = <const float*>values_of(b)
    with nogil:
        status = msq_depthwise_f32(out, <const float*>a.view.buf, <const float*>k.view.buf, biases,
                                   features, multiplier, weights, &w, f, threads)
    check_convolved(status, &w, features)
    return y


cdef int check_convolved(int status, const msq_windows* w, int64_t features) except -1:
    """Raises what a status says."""
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status == MSQ_NO_MEMORY:
        raise MemoryError(f"no memory for windows of {features} numbers")
    if status != MSQ_OK:
        raise ValueError(f"windows of size {w.size}, stride {w.stride}, dilation {w.dilation} and "
                         f"{w.before} steps before do not fit {features} numbers")
    return 0
