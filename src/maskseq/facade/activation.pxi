# The façade of csrc/values/activation.c; part of _kernels.pyx.

ACTIVATIONS = tuple(
    msq_activation_name(i).decode() for i in range(64) if msq_activation_name(i) != NULL
)
cdef dict _ACTIVATION_IDS = {name: i for i, name in enumerate(ACTIVATIONS)}


cdef int activation_id(object name, str argument) except -1:
    cdef object found = _ACTIVATION_IDS.get(name)
    if found is None:
        raise ValueError(f"{argument} must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return found


def activation(
    x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 of any shape, name one of ACTIVATIONS -> float32, same shape."""
    cdef int f = activation_id(name, "name")
    cdef Array a = floats(x, "x")
    cdef int threads = thread_count(num_threads)
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_activation_f32(out, <const float*>a.view.buf, a.view.len // 4, f, threads)
    return y


cdef dict _OPTION_IDS = {
    msq_option_activation_name(i).decode(): i
    for i in range(64)
    if msq_option_activation_name(i) != NULL
}


def activation_with(
    x: ArrayLike, name: str, *options: float, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32 of any shape -> float32, same shape; names and options: csrc/values/values.h."""
    cdef int f = id_in(_OPTION_IDS, name), threads = thread_count(num_threads), i
    cdef float[MSQ_MAX_OPTIONS] values
    if len(options) != msq_option_activation_count(f):
        raise ValueError(f"{name} has {msq_option_activation_count(f)} options, got {options!r}")
    for i in range(len(options)):
        values[i] = options[i]
    cdef Array a = floats(x, "x")
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_option_activation_f32(
            out, <const float*>a.view.buf, a.view.len // 4, f, values, threads)
    return y


def prelu(
    x: ArrayLike, alpha: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x float32, alpha (n) for the last n values of each part of x -> x, and alpha x below 0."""
    cdef Array a = floats(x, "x"), w = floats(alpha, "alpha").expect(ANY)
    cdef int threads = thread_count(num_threads)
    cdef int64_t n = w.view.shape[0], size = a.view.len // 4
    if size % max(n, 1):
        raise ValueError(f"x must divide into parts of {n} values, got shape {a.shape()}")
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_prelu_f32(out, <const float*>a.view.buf, <const float*>w.view.buf,
                      size // max(n, 1), n, threads)
    return y


def glu(
    x: ArrayLike, d: ArrayLike | None = None, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """x (rows, 2, n) float32 -> x[:, 0] * sigmoid(x[:, 1]), (rows, n) float32.

    With the gradient d (rows, n) of that: the gradient of x.
    """
    cdef Array a = floats(x, "x").expect(ANY, 2, ANY)
    cdef int64_t rows = a.view.shape[0], n = a.view.shape[2]
    cdef Array b = None if d is None else floats(d, "d").expect(rows, n)
    cdef const float* back = <const float*>values_of(b)
    cdef int threads = thread_count(num_threads)
    y = new_floats((rows, n) if b is None else a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        if back == NULL:
            msq_glu_f32(out, <const float*>a.view.buf, rows, n, threads)
        else:
            msq_glu_back_f32(out, back, <const float*>a.view.buf, rows, n, threads)
    return y
