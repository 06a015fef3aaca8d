# The façade of csrc/lattice; part of _kernels.pyx.


def crf(
    emissions: ArrayLike,
    path: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The loss of a linear-chain CRF for each sequence, over rows of real steps.

    emissions: float32 (n, tags).  path: int64 (n,), the right tag of each row, in [0, tags).
    offsets: int64 (batch + 1,), where the rows of each sequence start.
    transitions: float32 (tags, tags), from and to.  start, end: float32 (tags,), of the first and
        the last row of a sequence; both or neither.
    Returns: losses float32 (batch,), log(sum over all paths of e^score) less the score of `path`, 0
        for a sequence without rows; and alphas float32 (n, tags), for `crf_backward`.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_crf job
    held = crf_job(&job, emissions, path, offsets, transitions, start, end)
    losses, alphas = new_floats((job.batch,)), new_floats((job.rows, job.tags))
    cdef float* to_losses = <float*>writable(losses)
    cdef float* to_alphas = <float*>writable(alphas)
    with nogil:
        status = msq_crf_f32(&job, to_losses, to_alphas, threads)
    check_lattice(status)
    return losses, alphas


def crf_backward(
    d_losses: ArrayLike,
    alphas: ArrayLike,
    emissions: ArrayLike,
    path: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32] | None,
    NDArray[np.float32] | None,
]:
    """The gradients of emissions, transitions, start and end in `crf`, from d_losses (batch,).

    alphas: what `crf` gave.  The others are its arguments.
    Returns: float32, shaped as the arguments; None for start and end that are None. Those of a
        sequence whose d_loss is 0 are 0, whatever its rows hold.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_crf job
    held = crf_job(&job, emissions, path, offsets, transitions, start, end)
    cdef Array given = floats(d_losses, "d_losses").expect(job.batch)
    cdef Array alpha = floats(alphas, "alphas").expect(job.rows, job.tags)
    d_emissions = np.zeros((job.rows, job.tags), np.float32)
    d_transitions = new_floats((job.tags, job.tags))
    d_start = None if start is None else new_floats((job.tags,))
    d_end = None if end is None else new_floats((job.tags,))
    cdef float* to_emissions = <float*>writable(d_emissions)
    cdef float* to_transitions = <float*>writable(d_transitions)
    cdef float* to_start = NULL if d_start is None else <float*>writable(d_start)
    cdef float* to_end = NULL if d_end is None else <float*>writable(d_end)
    with nogil:
        status = msq_crf_backward_f32(&job, <const float*>alpha.view.buf,
                                      <const float*>given.view.buf, to_emissions, to_transitions,
                                      to_start, to_end, threads)
    check_lattice(status)
    return d_emissions, d_transitions, d_start, d_end


def crf_decode(
    emissions: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best tags of each sequence under a linear-chain CRF, by Viterbi's algorithm.

    emissions, offsets, transitions, start, end: as in `crf`.
    Returns: tags int32 (n,), 0 in rows of no sequence, and the score of their path float32
        (batch,), 0 for a sequence without rows. Of paths of equal scores the one with the first
        last tag, before it the first tag, and so on. A NaN counts as larger than any number.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_crf job
    held = crf_scores(&job, emissions, offsets, transitions, start, end)
    tags, scores = np.zeros(job.rows, np.int32), new_floats((job.batch,))
    cdef int32_t* to_tags = <int32_t*>writable(tags)
    cdef float* to_scores = <float*>writable(scores)
    with nogil:
        status = msq_crf_decode_f32(&job, to_tags, to_scores, threads)
    check_lattice(status)
    return tags, scores


def ctc(
    logits: ArrayLike,
    labels: ArrayLike,
    offsets: ArrayLike,
    label_offsets: ArrayLike,
    blank: int = 0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The loss of connectionist temporal classification for each sequence, over real steps.

    logits: float32 (n, classes).  labels: int64 (m,), in [0, classes).
    offsets, label_offsets: int64 (batch + 1,), where the rows and the labels of each sequence start.
    blank: the class between labels.
    Returns: float32 (batch,), -log(sum over all alignments of their probability); infinite if there
        are fewer rows than the labels need.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_ctc job
    held = ctc_job(&job, logits, labels, offsets, label_offsets, blank)
    losses = new_floats((job.batch,))
    cdef float* to_losses = <float*>writable(losses)
    with nogil:
        status = msq_ctc_f32(&job, to_losses, threads)
    check_lattice(status)
    return losses


def ctc_backward(
    d_losses: ArrayLike,
    logits: ArrayLike,
    labels: ArrayLike,
    offsets: ArrayLike,
    label_offsets: ArrayLike,
    blank: int = 0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """The gradients of the logits in `ctc`, from d_losses (batch,): float32 (n, classes).

    Zeros where a loss is infinite or its d_loss 0.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_ctc job
    held = ctc_job(&job, logits, labels, offsets, label_offsets, blank)
    cdef Array given = floats(d_losses, "d_losses").expect(job.batch)
    d_logits = np.zeros((job.rows, job.classes), np.float32)
    cdef float* to_logits = <float*>writable(d_logits)
    with nogil:
        status = msq_ctc_backward_f32(&job, <const float*>given.view.buf, to_logits, threads)
    check_lattice(status)
    return d_logits


cdef int check_lattice(int status) except -1:
    """Raises what the status of a call says."""
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status == MSQ_NO_MEMORY:
        raise MemoryError("no memory for the sums over paths")
    if status != MSQ_OK:
        raise ValueError("offsets must ascend inside the rows, got others")
    return 0


cdef Array classes_of(object ids, str name, int64_t count, str of):
    """int64 (n,), checked to be in [0, count)."""
    cdef Array a = integers(ids, name).expect(ANY)
    cdef int64_t n = a.view.shape[0]
    cdef int64_t bad = msq_first_outside(a.view.buf, n, sizeof(int64_t), 1, count)
    if bad < n:
        raise ValueError(f"{name} must be from 0 to {count - 1}, one of the {count} {of}, got "
                         f"{(<const int64_t*>a.view.buf)[bad]} at position {bad}")
    return a


cdef list crf_scores(msq_crf* job, object emissions, object offsets, object transitions,
                     object start, object end):
    """Fills all of `job` but the path with checked arguments; returns the arrays it points to."""
    cdef Array a = floats(emissions, "emissions").expect(ANY, ANY)
    job.size = sizeof(msq_crf)
    job.rows, job.tags = a.shape()
    if job.tags < 1:
        raise ValueError("emissions must have at least one tag, got none")
    cdef Array o = integers(offsets, "offsets").expect(ANY)
    cdef Array t = floats(transitions, "transitions").expect(job.tags, job.tags)
    cdef Array s = None if start is None else floats(start, "start").expect(job.tags)
    cdef Array e = None if end is None else floats(end, "end").expect(job.tags)
    job.batch = o.view.shape[0] - 1
    if job.batch < 0:
        raise ValueError("offsets must have at least one value, got none")
    job.emissions, job.path = <const float*>a.view.buf, NULL
    job.offsets, job.transitions = <const int64_t*>o.view.buf, <const float*>t.view.buf
    job.start, job.end = <const float*>values_of(s), <const float*>values_of(e)
    return [a, o, t, s, e]


cdef list crf_job(msq_crf* job, object emissions, object path, object offsets, object transitions,
                  object start, object end):
    """Fills `job` with checked arguments; returns the arrays that it points to."""
    held = crf_scores(job, emissions, offsets, transitions, start, end)
    cdef Array p = classes_of(path, "path", job.tags, "tags").expect(job.rows)
    job.path = <const int64_t*>p.view.buf
    return [p, *held]


cdef list ctc_job(msq_ctc* job, object logits, object labels, object offsets, object label_offsets,
                  object blank):
    """Fills `job` with checked arguments; returns the arrays that it points to."""
    cdef Array a = floats(logits, "logits").expect(ANY, ANY)
    job.size = sizeof(msq_ctc)
    job.rows, job.classes = a.shape()
    job.blank = blank
    if job.blank < 0 or job.blank >= job.classes:
        raise ValueError(f"blank must be one of the {job.classes} classes, got {blank}")
    cdef Array label = classes_of(labels, "labels", job.classes, "classes")
    cdef Array o = integers(offsets, "offsets").expect(ANY)
    cdef Array lo = integers(label_offsets, "label_offsets").expect(o.view.shape[0])
    job.batch, job.label_rows = o.view.shape[0] - 1, label.view.shape[0]
    if job.batch < 0:
        raise ValueError("offsets must have at least one value, got none")
    job.logits, job.labels = <const float*>a.view.buf, <const int64_t*>label.view.buf
    job.offsets, job.label_offsets = <const int64_t*>o.view.buf, <const int64_t*>lo.view.buf
    return [a, label, o, lo]
