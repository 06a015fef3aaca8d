# The façade of csrc/attention/backward.c; part of _kernels.pyx.

def attention_backward(
    d_out: ArrayLike,
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
    dropout: tuple[ArrayLike, int, float] | None = None,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The gradients of q, k and v in `attention`, from d_out, that of its output.

    d_out: float32 (n, heads, value_dim).  The others are those of `attention`.
    Returns: float32, shaped as q, k and v; zeros for rows of no sequence.
    The weights are computed again, with the same bits; a weight of 0 passes nothing on.
    """
    cdef int threads = thread_count(num_threads), status
    cdef msq_attention job
    held = attention_job(&job, (q, k, v, query_offsets, key_offsets), scale, causal,
                         (query_steps, key_steps), mask, None)
    cdef Array given = floats(d_out, "d_out").expect(job.query_rows, job.heads, job.value_dim)
    dq = np.zeros((job.query_rows, job.heads, job.key_dim), np.float32)
    dk = np.zeros((job.key_rows, job.kv_heads, job.key_dim), np.float32)
    dv = np.zeros((job.key_rows, job.kv_heads, job.value_dim), np.float32)
    cdef float* to_q = <float*>writable(dq)
    cdef float* to_k = <float*>writable(dk)
    cdef float* to_v = <float*>writable(dv)
    cdef msq_attention_dropout drop
    cdef Array numbers = attention_dropout(dropout, job.batch, &drop)
    cdef msq_attention_dropout* dropping = NULL if numbers is None else &drop
    with nogil:
        status = msq_attention_backward_f32(
            &job, dropping, <const float*>given.view.buf, to_q, to_k, to_v, threads)
    check_attention(status)
    return dq, dk, dv
