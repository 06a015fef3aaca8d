# The façade of the steps of optimizers; part of _kernels.pyx.

cdef extern from "backward/backward.h":
    enum: MSQ_MAX_SLOTS
    enum: MSQ_MAX_NUMBERS

    ctypedef struct msq_update:
        float* new_w
        float** new_slots
        const float* w
        const float** slots
        const float* g
        int64_t n
        const float* decay
        const int64_t* ids
        int64_t rows, features

    int msq_update_f32(const msq_update* updates, int64_t count, msq_rule rule,
                       const float* numbers, int num_threads) nogil
    const char* msq_rule_name(int rule) nogil
    int msq_rule_slots(int rule) nogil
    int msq_rule_numbers(int rule) nogil


cdef dict _RULE_IDS = {
    msq_rule_name(i).decode(): i for i in range(64) if msq_rule_name(i) != NULL
}


def update_weights(
    rule: str,
    numbers: Sequence[float],
    weights: Sequence[tuple[Any, ...]],
    decay: tuple[float, float] | None = None,
    decays: Sequence[bool] | None = None,
    *,
    num_threads: int | None = None,
) -> list[tuple[NDArray[np.float32], ...]]:
    """A step of an optimizer -> for each weight the new (w, *slots), in float32 arrays of its shape.

    rule, numbers: csrc/isa/backward/optimize_tmpl.h has the equations.  weights: of each (g, w,
    *slots), arrays of one shape; g may be ((k,) ids, (k, ...) values): the gradient of the rows of
    w that are named, ascending. All others have gradient 0, and stay by the rules sgd and adagrad.
    decay: (share, rate): w - w share rate takes the place of w.  decays: of which weights; None:
    of all. Each operation is rounded to float32.
    """
    cdef int which = id_in(_RULE_IDS, rule), threads = thread_count(num_threads), status, k
    cdef int slots = msq_rule_slots(which)
    cdef Py_ssize_t count = len(weights), i
    cdef float[MSQ_MAX_NUMBERS] values
    cdef float[2] shrink
    if len(numbers) != msq_rule_numbers(which):
        raise ValueError(f"{rule} has {msq_rule_numbers(which)} numbers, got {numbers!r}")
    for k in range(len(numbers)):
        values[k] = numbers[k]
    if decay is not None:
        shrink[0], shrink[1] = decay
    cdef bytearray room = bytearray(count * sizeof(msq_update))
    cdef msq_update* updates = <msq_update*><char*>room
    cdef list held = [], made = []
    for i in range(count):
        given = weights[i]
        if len(given) != slots + 2:
            raise ValueError(f"{rule} has {slots} slots, got {len(given) - 2}")
        made.append(an_update(updates + i, given, held))
        if decay is not None and (decays is None or decays[i]):
            updates[i].decay = shrink
    with nogil:
        status = msq_update_f32(updates, count, <msq_rule>which, values, threads)
    if status != MSQ_OK:
        raise ValueError("ids of a gradient must ascend, each one a row of its weight")
    return made


cdef tuple an_update(msq_update* update, object given, list held):
    """The arrays of one weight, put into `update`; returns the new ones. held: keeps the old."""
    cdef Array w = floats(given[1], "w"), g, slot, ids
    cdef tuple shape = w.shape()
    cdef int k
    held.append(w)
    update.w, update.n = <const float*>w.view.buf, w.view.len // 4
    if isinstance(given[0], tuple):
        ids = integers(given[0][0], "ids").expect(ANY)
        g = floats(given[0][1], "g")
        if g.shape() != (ids.view.shape[0], *shape[1:]) or not shape:
            raise ValueError(f"g must have rows of {shape} for {ids.shape()} ids, got {g.shape()}")
        held.append(ids)
        update.ids, update.rows = <const int64_t*>ids.view.buf, ids.view.shape[0]
        update.features = update.n // max(shape[0], 1)
    else:
        g = shaped_as(w, given[0], "g")
    held.append(g)
    update.g = <const float*>g.view.buf
    cdef tuple made = tuple([new_floats(shape) for _ in range(len(given) - 1)])
    update.new_w = <float*>writable(made[0])
    for k in range(len(given) - 2):
        slot = shaped_as(w, given[k + 2], "slot")
        held.append(slot)
        update.slots[k] = <const float*>slot.view.buf
        update.new_slots[k] = <float*>writable(made[k + 1])
    return made
