# The façade of csrc/values, but for its activations and elementary functions; part of _kernels.pyx.

cdef dict _REDUCTION_IDS = {"sum": 0, "prod": 1, "mean": 2, "var": 3, "std": 4}
REDUCTIONS = tuple(_REDUCTION_IDS)
cdef dict _NORM_IDS = {"layer": 0, "rms": 1, "scaled": 2, "unit": 3}


def reduce(x: ArrayLike, name: str, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """x (outer, n, inner) float32, name one of REDUCTIONS -> (outer, inner) float32.

    In float64 and a fixed order, rounded once. Of no values: sum 0, prod 1, the others NaN.
    """
    cdef int which = id_in(_REDUCTION_IDS, name), threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY, ANY)
    cdef int64_t outer = a.view.shape[0], n = a.view.shape[1], inner = a.view.shape[2]
    out = new_floats((outer, inner))
    cdef float* values = <float*>writable(out)
    with nogil:
        msq_reduce_f32(
            values, <const float*>a.view.buf, outer, n, inner, <msq_reduction>which, threads)
    return out


def normalize(
    x: ArrayLike,
    norm: str,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (rows, n) float32 -> the same shape; norm "layer", "rms", "scaled" or "unit".

    gamma, beta: float32 (n,) or None. csrc/values/values.h says what each norm is.
    """
    cdef int which = id_in(_NORM_IDS, norm), threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef int64_t rows = a.view.shape[0], n = a.view.shape[1]
    cdef Array scale = None if gamma is None else floats(gamma, "gamma").expect(n)
    cdef Array offset = None if beta is None else floats(beta, "beta").expect(n)
    cdef const float* scales = <const float*>values_of(scale)
    cdef const float* offsets = <const float*>values_of(offset)
    cdef double added = epsilon
    y = new_floats((rows, n))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_normalize_f32(out, <const float*>a.view.buf, scales, offsets, rows, n,
                          which, added, threads)
    return y


def scale_rows(
    x: ArrayLike,
    scale: ArrayLike,
    offset: ArrayLike,
    mean: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x (rows, n) float32 -> (x - mean) * scale + offset, each step rounded.

    mean, scale, offset: float32 (sets, n); rows / sets rows of x after one another share a set.
    """
    cdef int threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef int64_t rows = a.view.shape[0], n = a.view.shape[1]
    cdef Array s = floats(scale, "scale").expect(ANY, n)
    cdef int64_t sets = s.view.shape[0]
    cdef Array o = floats(offset, "offset").expect(sets, n)
    cdef Array m = None if mean is None else floats(mean, "mean").expect(sets, n)
    cdef const float* means = <const float*>values_of(m)
    if rows % max(sets, 1) or (rows and not sets):
        raise ValueError(f"scale must have a part of the {rows} rows of x, got {sets}")
    y = new_floats((rows, n))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_scale_f32(out, <const float*>a.view.buf, means, <const float*>s.view.buf,
                      <const float*>o.view.buf, rows, n, rows // max(sets, 1), threads)
    return y


def normalize_groups(
    x: ArrayLike,
    batch: int,
    time: int,
    groups: int,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    starts: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """x float32 (batch * time, f) -> the same shape, groups of features normalised over `time`.

    With offsets, int64 (batch + 1,), x is that many real rows and a pad row, or one for each
    sequence; y has one for each. starts: int64 (batch,), the cell of each first real row, or None.
    gamma, beta: float32 (f,) or None. Raises: ValueError: sizes that do not fit.
    """
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    cdef int64_t rows = a.view.shape[0], n = batch
    cdef msq_groups g
    g.time, g.features, g.groups, g.epsilon = time, a.view.shape[1], groups, epsilon
    cdef Array scale = None if gamma is None else floats(gamma, "gamma").expect(g.features)
    cdef Array shift = None if beta is None else floats(beta, "beta").expect(g.features)
    cdef Array ends = None if offsets is None else integers(offsets, "offsets").expect(n + 1)
    cdef Array first = None if starts is None else integers(starts, "starts").expect(n)
    cdef int threads = thread_count(num_threads), status
    cdef int64_t steps = rows if ends is None else (<const int64_t*>ends.view.buf)[n]
    g.gamma, g.beta = <const float*>values_of(scale), <const float*>values_of(shift)
    g.offsets, g.starts = <const int64_t*>values_of(ends), <const int64_t*>values_of(first)
    g.pads = rows - steps
    if steps < 0 or steps > rows:
        raise ValueError(f"offsets must end in [0, {rows}], got {steps}")
    y = new_floats((steps if ends is None else steps + n, g.features))
    cdef float* out = <float*>writable(y)
    with nogil:
        status = msq_normalize_groups_f32(out, <const float*>a.view.buf, rows, n, &g, threads)
    if status == MSQ_NO_MEMORY:
        raise MemoryError("no memory to normalize groups")
    if status != MSQ_OK:
        raise ValueError(f"x must have the cells of {n} sequences of {time} and features that "
                         f"divide into {groups} groups, got shape {a.shape()}")
    return y


def log_softmax(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """x (rows, n) float32 -> log(softmax(x)) of each row, +inf as the largest float."""
    cdef int threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_log_softmax_f32(
            out, <const float*>a.view.buf, a.view.shape[0], a.view.shape[1], threads)
    return y


def log_sum_exp(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """x (rows, n) float32 -> log(sum(e^x)) of each row, (rows,) float32."""
    cdef int threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    y = new_floats((a.view.shape[0],))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_log_sum_exp_f32(
            out, <const float*>a.view.buf, a.view.shape[0], a.view.shape[1], threads)
    return y


def sparsemax(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]:
    """x (rows, n) float32 -> max(x - tau, 0) of each row, as Keras 3.15 has tau."""
    cdef int threads = thread_count(num_threads)
    cdef Array a = floats(x, "x").expect(ANY, ANY)
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_sparsemax_f32(
            out, <const float*>a.view.buf, a.view.shape[0], a.view.shape[1], threads)
    return y


def additive_scores(
    q: ArrayLike,
    k: ArrayLike,
    scale: ArrayLike | None = None,
    factor: float = 1.0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """q (queries, dim), k (keys, dim), scale (dim,) or None for 1, float32 -> (queries, keys).

    The sum over dim of scale * tanh(factor * (q + k)).
    """
    cdef int threads = thread_count(num_threads)
    cdef Array a = floats(q, "q").expect(ANY, ANY)
    cdef int64_t queries = a.view.shape[0], dim = a.view.shape[1]
    cdef Array b = floats(k, "k").expect(ANY, dim)
    cdef Array s = None if scale is None else floats(scale, "scale").expect(dim)
    cdef int64_t keys = b.view.shape[0]
    cdef const float* scales = <const float*>values_of(s)
    cdef float times = factor
    y = new_floats((queries, keys))
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_additive_scores_f32(out, <const float*>a.view.buf, <const float*>b.view.buf, scales,
                                queries, keys, dim, times, threads)
    return y
