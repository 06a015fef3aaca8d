# The façade of random draws and of the way back through activations and normalisations; part of
# _kernels.pyx.


def draws(
    sequences: ArrayLike,
    steps: ArrayLike,
    features: int,
    key: int,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """sequences, steps int64 (rows,) -> (rows, features) float32 of [0, 1), multiples of 2^-24.

    Each is a function of key (64 bits), its sequence, its step and its feature, of nothing else.
    """
    cdef Array s = integers(sequences, "sequences").expect(ANY)
    cdef int64_t rows = s.view.shape[0], count = a_size(features, "features")
    cdef Array t = integers(steps, "steps").expect(rows)
    cdef int threads = thread_count(num_threads)
    cdef uint64_t start = key
    y = new_floats((rows, count))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_draws_f32(out, <const int64_t*>s.view.buf, <const int64_t*>t.view.buf, rows, count,
                      start, threads)
    return y


def dropout(
    x: ArrayLike,
    sequences: ArrayLike,
    steps: ArrayLike,
    key: int,
    rate: float,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x float32 (rows, features) -> x / (1 - rate) where `draws` are at least `rate`, else 0."""
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef int64_t rows = a.view.shape[0], count = a.view.shape[1]
    cdef Array s = integers(sequences, "sequences").expect(rows)
    cdef Array t = integers(steps, "steps").expect(rows)
    cdef int threads = thread_count(num_threads)
    cdef uint64_t start = key
    cdef float share = rate
    if not 0 <= share < 1:
        raise ValueError(f"rate must be at least 0 and below 1, got {rate!r}")
    y = new_floats((rows, count))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_dropout_f32(out, <const float*>a.view.buf, <const int64_t*>s.view.buf,
                        <const int64_t*>t.view.buf, rows, count, start, share, threads)
    return y


cdef Array shaped_as(Array first, object x, str name):
    cdef Array a = floats(x, name)
    if a.shape() != first.shape():
        raise ValueError(f"{name} must be float32 {first.shape()}, got float32 {a.shape()}")
    return a


def activation_backward(
    d: ArrayLike, y: ArrayLike, x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """d float32 -> d times the slope of y = activation(x, name) at each value; all of one shape."""
    cdef int f = activation_id(name, "name"), threads = thread_count(num_threads)
    cdef Array gradient = floats(d, "d")
    cdef Array made = shaped_as(gradient, y, "y"), given = shaped_as(gradient, x, "x")
    dx = new_floats(gradient.shape())
    cdef float* out = <float*>writable(dx)
    with nogil:
        msq_activation_backward_f32(
            out, <const float*>gradient.view.buf, <const float*>made.view.buf,
            <const float*>given.view.buf, gradient.view.len // 4, f, threads)
    return dx


def activation_with_backward(
    d: ArrayLike,
    y: ArrayLike,
    x: ArrayLike,
    name: str,
    *options: float,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The same for y = activation_with(x, name, *options)."""
    cdef int f = id_in(_OPTION_IDS, name), threads = thread_count(num_threads), i
    cdef float[MSQ_MAX_OPTIONS] values
    if len(options) != msq_option_activation_count(f):
        raise ValueError(f"{name} has {msq_option_activation_count(f)} options, got {options!r}")
    for i in range(len(options)):
        values[i] = options[i]
    cdef Array gradient = floats(d, "d")
    cdef Array made = shaped_as(gradient, y, "y"), given = shaped_as(gradient, x, "x")
    dx = new_floats(gradient.shape())
    cdef float* out = <float*>writable(dx)
    with nogil:
        msq_option_activation_back_f32(
            out, <const float*>gradient.view.buf, <const float*>made.view.buf,
            <const float*>given.view.buf, gradient.view.len // 4, f, values, threads)
    return dx


def softmax_backward(
    d: ArrayLike, y: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """d, y (..., n) float32 -> the gradient of x from that d of y = softmax(x) along the last axis."""
    cdef Array gradient = floats(d, "d"), made = shaped_as(gradient, y, "y")
    cdef int threads = thread_count(num_threads), last = gradient.view.ndim - 1
    if last < 0:
        raise ValueError("d must have an axis, got ()")
    cdef int64_t n = gradient.view.shape[last], rows = gradient.view.len // 4 // max(n, 1)
    dx = new_floats(gradient.shape())
    cdef float* out = <float*>writable(dx)
    with nogil:
        msq_softmax_back_f32(out, <const float*>gradient.view.buf, <const float*>made.view.buf,
                             rows, n, threads)
    return dx


def normalize_backward(
    d: ArrayLike,
    x: ArrayLike,
    norm: str,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """d, x (rows, n) float32 -> the gradient of x from that d of normalize(x, ...), and d times what
    normalize(x, norm, epsilon) gives; both (rows, n)."""
    cdef int which = id_in(_NORM_IDS, norm), threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef int64_t rows = a.view.shape[0], n = a.view.shape[1]
    cdef Array gradient = floats(d, "d").expect(rows, n)
    cdef Array scale = None if gamma is None else floats(gamma, "gamma").expect(n)
    cdef const float* scales = <const float*>values_of(scale)
    cdef double added = epsilon
    dx, products = new_floats((rows, n)), new_floats((rows, n))
    cdef float* out = <float*>writable(dx)
    cdef float* times = <float*>writable(products)
    with nogil:
        msq_normalize_backward_f32(
            out, times, <const float*>gradient.view.buf, <const float*>a.view.buf, scales, rows, n,
            which, added, threads)
    return dx, products
