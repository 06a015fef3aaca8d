# The façade of crossentropy and its way back; part of _kernels.pyx.

cdef extern from "backward/backward.h":
    ctypedef struct msq_crossentropy:
        const float* y
        const int64_t* classes
        const float* labels
        int64_t rows, n
        int from_logits

    int msq_crossentropy_f32(float* losses, const msq_crossentropy* c, int64_t* bad_row,
                             int num_threads) nogil
    int msq_crossentropy_back_f32(float* dy, const float* d, const msq_crossentropy* c,
                                  int64_t* bad_row, int num_threads) nogil
    int msq_binary_crossentropy_f32(float* losses, const float* y, const float* labels,
                                    int64_t count, int from_logits, int num_threads) nogil
    int msq_binary_crossentropy_back_f32(float* dy, const float* d, const float* y,
                                         const float* labels, int64_t count, int64_t repeats,
                                         int from_logits, int num_threads) nogil


cdef int crossentropy_of(msq_crossentropy* c, Array y, object classes, object labels,
                         bint from_logits, list held) except -1:
    """Fills `c` with arrays that fit each other, which `held` keeps."""
    y.expect(ANY, ANY)
    c.y, c.rows, c.n = <const float*>y.view.buf, y.view.shape[0], y.view.shape[1]
    c.from_logits, c.classes, c.labels = from_logits, NULL, NULL
    cdef Array given
    if classes is not None:
        given = integers(classes, "classes").expect(c.rows)
        c.classes = <const int64_t*>given.view.buf
    else:
        given = floats(labels, "labels").expect(c.rows, c.n)
        c.labels = <const float*>given.view.buf
    held.append(given)
    return 0


cdef int check_crossentropy(int status, int64_t bad_row) except -1:
    if status == MSQ_NO_MEMORY:
        raise MemoryError("no memory for a row of each thread")
    if status != MSQ_OK:
        raise IndexError(bad_row)
    return 0


def crossentropy(
    y: ArrayLike,
    classes: ArrayLike | None,
    labels: ArrayLike | None,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """y float32 (rows, n) -> -log of what each row has at its class, float32 (rows,).

    classes: int64 (rows,); None: -sum of labels, float32 (rows, n), times log. Probabilities are
    divided by their sum and cut to 1e-7..1 - 1e-7; of logits log(softmax) is taken. Raises:
    IndexError with the first row whose class is none of the n.
    """
    cdef Array a = floats(y, "y")
    cdef msq_crossentropy c
    cdef list held = []
    crossentropy_of(&c, a, classes, labels, from_logits, held)
    cdef int threads = thread_count(num_threads), status
    cdef int64_t bad = 0
    losses = new_floats((c.rows,))
    cdef float* out = <float*>writable(losses)
    with nogil:
        status = msq_crossentropy_f32(out, &c, &bad, threads)
    check_crossentropy(status, bad)
    return losses


def crossentropy_backward(
    d: ArrayLike,
    y: ArrayLike,
    classes: ArrayLike | None,
    labels: ArrayLike | None,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The gradient of y (rows, n) from that of crossentropy(y, ...), d float32 (rows,)."""
    cdef Array a = floats(y, "y"), gradient
    cdef msq_crossentropy c
    cdef list held = []
    crossentropy_of(&c, a, classes, labels, from_logits, held)
    gradient = floats(d, "d").expect(c.rows)
    cdef int threads = thread_count(num_threads), status
    cdef int64_t bad = 0
    dy = new_floats((c.rows, c.n))
    cdef float* out = <float*>writable(dy)
    with nogil:
        status = msq_crossentropy_back_f32(
            out, <const float*>gradient.view.buf, &c, &bad, threads)
    check_crossentropy(status, bad)
    return dy


def binary_crossentropy(
    y: ArrayLike, labels: ArrayLike, from_logits: bool, *, num_threads: int | None = None
) -> NDArray[np.float32]:
    """y, labels float32 of one shape -> -(labels log(y) + (1 - labels) log(1 - y)), of that shape.

    Probabilities are cut to 1e-7..1 - 1e-7; of logits the logarithm of sigmoid is taken.
    """
    cdef Array a = floats(y, "y")
    cdef Array given = shaped_as(a, labels, "labels")
    cdef int threads = thread_count(num_threads), logits = from_logits
    losses = new_floats(a.shape())
    cdef float* out = <float*>writable(losses)
    with nogil:
        msq_binary_crossentropy_f32(out, <const float*>a.view.buf, <const float*>given.view.buf,
                                    a.view.len // 4, logits, threads)
    return losses


def binary_crossentropy_backward(
    d: ArrayLike,
    y: ArrayLike,
    labels: ArrayLike,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The gradient of y from that of binary_crossentropy(y, ...), or d float32 without y's last axis
    or axes: one value for all that is along them."""
    cdef Array a = floats(y, "y"), gradient = floats(d, "d")
    cdef Array given = shaped_as(a, labels, "labels")
    cdef int threads = thread_count(num_threads), logits = from_logits
    cdef int64_t count = a.view.len // 4, of_d = gradient.view.len // 4
    if a.shape()[:gradient.view.ndim] != gradient.shape():
        raise ValueError(f"d must be for y {a.shape()}, got {gradient.shape()}")
    dy = new_floats(a.shape())
    cdef float* out = <float*>writable(dy)
    cdef int64_t repeats = max(count // max(of_d, 1), 1)
    with nogil:
        msq_binary_crossentropy_back_f32(
            out, <const float*>gradient.view.buf, <const float*>a.view.buf,
            <const float*>given.view.buf, count, repeats, logits, threads)
    return dy
