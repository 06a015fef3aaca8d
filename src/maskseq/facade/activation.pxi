# The façade of csrc/activation.c; part of _kernels.pyx.

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
