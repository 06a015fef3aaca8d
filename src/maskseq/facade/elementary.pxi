# The façade of csrc/values/elementary.c; part of _kernels.pyx.

cdef dict _ELEMENTARY_IDS = {
    msq_elementary_name(i).decode(): i for i in range(64) if msq_elementary_name(i) != NULL
}
cdef dict _PAIR_IDS = {
    msq_elementary_pair_name(i).decode(): i
    for i in range(64)
    if msq_elementary_pair_name(i) != NULL
}
ELEMENTARY = tuple(_ELEMENTARY_IDS)
ELEMENTARY_PAIR = tuple(_PAIR_IDS)


def elementary(
    x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 of any shape, name one of ELEMENTARY -> float32, same shape; within 0.51 ulp."""
    cdef int f = id_in(_ELEMENTARY_IDS, name), threads = thread_count(num_threads)
    cdef Array a = floats(x, "x")
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_elementary_f32(out, <const float*>a.view.buf, a.view.len // 4, f, threads)
    return y


def elementary_pair(
    x: ArrayLike, y: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x and y float32 of one shape, or one of them a scalar, name one of ELEMENTARY_PAIR -> float32."""
    cdef int f = id_in(_PAIR_IDS, name), threads = thread_count(num_threads)
    cdef Array a = floats(x, "x"), b = floats(y, "y")
    cdef tuple shape = a.shape() if a.view.ndim else b.shape()
    if a.view.ndim and b.view.ndim and a.shape() != b.shape():
        raise ValueError(f"x and y must be of one shape, got {a.shape()} and {b.shape()}")
    cdef int64_t x_step = a.view.ndim > 0, y_step = b.view.ndim > 0
    cdef int64_t n = (a if x_step else b).view.len // 4
    z = new_floats(shape)
    cdef float* out = <float*>writable(z)
    with nogil:
        msq_elementary_pair_f32(out, <const float*>a.view.buf, x_step, <const float*>b.view.buf,
                                y_step, n, f, threads)
    return z
