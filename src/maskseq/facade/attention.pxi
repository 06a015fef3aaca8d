# The façade of csrc/attention/attention.c; part of _kernels.pyx.

def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    query_offsets: ArrayLike,
    key_offsets: ArrayLike,
    *,
    scale: float | None = None,
    causal: bool = False,
    query_steps: ArrayLike | None = None,
    key_steps: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    scores_time: tuple[int, int] | None = None,
    out: NDArray[np.float32] | None = None,
    dropout: tuple[ArrayLike, int, float] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32] | tuple[NDArray[np.float32], NDArray[np.float32]]:
    """softmax(scale q k^T) v in each sequence and head, over rows of real steps.

    q: float32 (n, heads, key_dim), the query rows, sequence after sequence.
    k, v: float32 (m, kv_heads, key_dim) and (m, kv_heads, value_dim), the key rows; kv_heads
        divides heads, and head h attends to head h // (heads // kv_heads).
    query_offsets, key_offsets: int64 (batch + 1,), where the rows of each sequence start.
    scale: None = 1 / sqrt(key_dim).
    causal: a query attends to no key of a later step.
    query_steps, key_steps: int64 (n,) and (m,), the time step of each row, ascending in each
        sequence; None = 0, 1, 2... in each.
    mask: bool (batch, Tq, Tk) or (batch, heads, Tq, Tk), by steps; True = attend.
    scores_time: (Tq, Tk) to get the weights too, None for the output alone.
    out: float32 (n, heads, value_dim) to write the output into.
    dropout: (sequences, key, rate) in training: `rate` of the weights count as 0, the others over
        1 - rate, by draws of key, sequences int64 (batch,), query, head and key alone.
    Returns: float32 (n, heads, value_dim), 0 for a query with nothing to attend to; with
        scores_time also float32 (batch, heads, Tq, Tk), 0 at all but real, visible cells.
    A key that a query may not attend to contributes nothing to it, whatever it holds.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_attention job
    held = attention_job(&job, (q, k, v, query_offsets, key_offsets), scale, causal,
                         (query_steps, key_steps), mask, scores_time)
    out = room_for(out, (job.query_rows, job.heads, job.value_dim))
    job.out = <float*>writable(out)
    if scores_time is not None:
        scores = np.zeros((job.batch, job.heads, job.query_time, job.key_time), np.float32)
        job.scores = <float*>writable(scores)
    cdef msq_attention_dropout drop
    cdef Array numbers = attention_dropout(dropout, job.batch, &drop)
    with nogil:
        status = msq_attention_dropping_f32(&job, NULL if numbers is None else &drop, threads)
    check_attention(status)
    return out if scores_time is None else (out, scores)


cdef Array attention_dropout(object dropout, int64_t batch, msq_attention_dropout* drop):
    """The numbers of the sequences that `drop` points to, checked; None for no dropout."""
    if dropout is None:
        return None
    cdef Array numbers = integers(dropout[0], "sequences").expect(batch)
    drop.size = sizeof(msq_attention_dropout)
    drop.sequences, drop.key = <const int64_t*>numbers.view.buf, dropout[1]
    drop.rate = dropout[2]
    if not 0 <= drop.rate < 1:
        raise ValueError(f"rate must be at least 0 and below 1, got {dropout[2]!r}")
    return numbers


cdef int check_attention(int status) except -1:
    """Raises what the status of a call says."""
    if status == MSQ_INTERRUPTED:
        raise_pending()
    if status == MSQ_NO_MEMORY:
        raise MemoryError("no memory for the scratch of attention")
    if status != MSQ_OK:
        raise ValueError(
            "offsets and steps must ascend inside the rows and the time steps, got others")
    return 0


cdef list attention_job(msq_attention* job, tuple arrays, object scale, object causal, tuple steps,
                        object mask, object scores_time):
    """Fills `job` with the checked arguments of `attention`, all but what it writes.

    arrays: q, k, v, query_offsets, key_offsets.  steps: query_steps, key_steps.
    Returns: the arrays that `job` points to; hold them until the call is over.
    """
    cdef Array a = floats(arrays[0], "q").expect(ANY, ANY, ANY)
    cdef Array b = floats(arrays[1], "k").expect(ANY, ANY, a.view.shape[2])
    cdef Array c = floats(arrays[2], "v").expect(b.view.shape[0], b.view.shape[1], ANY)
    cdef Array query_offset = integers(arrays[3], "query_offsets").expect(ANY)
    cdef Array key_offset = integers(arrays[4], "key_offsets").expect(query_offset.view.shape[0])
    cdef Array query_step = None, key_step = None
    memset(job, 0, sizeof(msq_attention))
    job.size = sizeof(msq_attention)
    job.query_rows, job.heads, job.key_dim = a.shape()
    job.key_rows, job.kv_heads, job.value_dim = c.shape()
    job.batch = query_offset.view.shape[0] - 1
    if job.batch < 0:
        raise ValueError("query_offsets must have at least one value, got none")
    if job.kv_heads < 1 or job.heads < 1 or job.heads % job.kv_heads != 0:
        raise ValueError(f"heads of q must be a multiple of those of k, got {job.heads} "
                         f"and {job.kv_heads}")
    if scale is None and job.key_dim == 0:
        raise ValueError("q must have a key_dim of at least 1, got 0")
    job.scale = 1 / sqrt(<double>job.key_dim) if scale is None else scale
    job.causal = bool(causal)
    job.q, job.k = <const float*>a.view.buf, <const float*>b.view.buf
    job.v = <const float*>c.view.buf
    job.query_offsets = <const int64_t*>query_offset.view.buf
    job.key_offsets = <const int64_t*>key_offset.view.buf
    if steps[0] is not None:
        query_step = integers(steps[0], "query_steps").expect(job.query_rows)
        job.query_steps = <const int64_t*>query_step.view.buf
    if steps[1] is not None:
        key_step = integers(steps[1], "key_steps").expect(job.key_rows)
        job.key_steps = <const int64_t*>key_step.view.buf
    if scores_time is not None:
        job.query_time, job.key_time = scores_time
    cdef Array m = attention_mask(mask, job, scores_time is None)
    return [a, b, c, query_offset, key_offset, query_step, key_step, m]


cdef Array attention_mask(object mask, msq_attention* job, bint any_time):
    """The checked mask; its place and sizes go to `job`. None, and nothing, for None."""
    if mask is None:
        return None
    cdef Array m = bools(mask, "mask")
    cdef int axes = m.view.ndim, time = axes - 2
    job.mask_heads = m.view.shape[1] if axes == 4 else 1
    if axes not in (3, 4) or m.view.shape[0] != job.batch or job.mask_heads not in (1, job.heads) \
            or not (any_time or m.shape()[time:] == (job.query_time, job.key_time)):
        raise ValueError(
            f"mask must be bool (batch {job.batch}, heads {job.heads} or none, Tq, Tk), "
            f"the times as in scores_time, got bool {m.shape()}")
    job.query_time, job.key_time = m.view.shape[time], m.view.shape[time + 1]
    job.mask = <const uint8_t*>m.view.buf
    return m
