"""Reads the rows of a batch, Python lists and arrays, straight into one array of numbers.

Only exact lists, tuples, ints, floats and ndarrays are read here, and reading them runs no Python
code, so nothing can change meanwhile; the garbage collector, which could run some when an array
refuses its buffer, rests. Anything else, and whatever does not fit the target, goes to a callable
that leaves it to NumPy. It may run any code: rows are held by the tuple they come in, lengths are
checked again and every write is bounded. Holds the GIL; does not link csrc.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_RECORDS_RO, PyBUF_WRITABLE, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer)
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from libc.math cimport frexp, ldexp, signbit
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memchr, memcmp, memcpy

from numpy import dtype as numpy_dtype
from numpy import empty as numpy_empty
from numpy import ndarray as numpy_ndarray

cdef object ndarray = numpy_ndarray, empty = numpy_empty
cdef object INT32 = numpy_dtype("int32"), INT64 = numpy_dtype("int64")
cdef object FLOAT32 = numpy_dtype("float32"), FLOAT64 = numpy_dtype("float64")
cdef object UINT8 = numpy_dtype("uint8")

include "_lists_numbers.pxi"

cdef extern from "Python.h":  # rows, and items as pointers: borrowed, never counted
    bint PyList_CheckExact(object)
    bint PyTuple_CheckExact(object)
    PyObject** PySequence_Fast_ITEMS(object)
    Py_ssize_t PySequence_Fast_GET_SIZE(object)
    bint PyGC_Disable()
    bint PyGC_Enable()

cdef enum:
    LINE = 8  # pointers in a cache line of 64 bytes

cdef struct Steps:
    # What is written: steps of `shape` (rank axes), `size` bytes each, numbers of `kind` (kind_of).
    char kind
    Py_ssize_t itemsize
    Py_ssize_t size
    int rank
    const Py_ssize_t* shape
    bint exact  # refuse what would lose more than the last digits of a float


cdef Py_ssize_t numbers_in(const Steps* steps, int axis) noexcept:
    """How many numbers an entry has: of steps.shape[axis:]."""
    cdef Py_ssize_t n = 1
    cdef int k
    for k in range(axis, steps.rank):
        n *= steps.shape[k]
    return n


cdef bint has_shape(
        const Py_buffer* view, const Steps* steps, int axis, Py_ssize_t length) noexcept:
    """True for an array (length, *steps.shape[axis:]) in C order."""
    cdef int k
    if view.ndim != 1 + steps.rank - axis or view.shape[0] != length:
        return False
    for k in range(steps.rank - axis, 0, -1):
        if view.shape[k] != steps.shape[axis + k - 1]:
            return False
    return PyBuffer_IsContiguous(view, b"C")


cdef bint put_array(const Steps* steps, int axis, char* out, object array,
                    Py_ssize_t length, Py_ssize_t first, Py_ssize_t count) noexcept:
    """Entries first:first + count of an array (length, *steps.shape[axis:]) in C order."""
    cdef Py_buffer view
    cdef Numbers given
    cdef const char* values
    cdef char kind
    cdef Py_ssize_t n
    cdef bint done = False
    try:
        PyObject_GetBuffer(array, &view, PyBUF_RECORDS_RO)
    except Exception:  # dates, objects: nothing of ours
        return False
    kind = kind_of(&view)
    if kind != 0 and has_shape(&view, steps, axis, length):
        n = numbers_in(steps, axis)
        values = <const char*>view.buf + first * n * view.itemsize
        if kind == steps.kind:
            memcpy(out, values, count * n * view.itemsize)
            done = True
        elif <size_t>values % view.itemsize == 0:
            given = Numbers(NULL, values, kind, count * n)
            done = put_as(steps.kind, out, &given, steps.exact)
    PyBuffer_Release(&view)
    return done


cdef bint put_row(const Steps* steps, int axis, char* out, object row,
                  Py_ssize_t length, Py_ssize_t first, Py_ssize_t count) noexcept:
    """Entries first:first + count of `row`, which must have `length`, each steps.shape[axis:]."""
    cdef Py_ssize_t k, size
    cdef PyObject** items
    cdef Numbers given
    if PyList_CheckExact(row) or PyTuple_CheckExact(row):
        if PySequence_Fast_GET_SIZE(row) != length:
            return False
        items = PySequence_Fast_ITEMS(row) + first
        if axis == steps.rank:
            given = Numbers(items, NULL, 0, count)
            return put_as(steps.kind, out, &given, steps.exact)
        size = steps.itemsize * numbers_in(steps, axis)
        for k in range(count):
            if not put_row(steps, axis + 1, out + k * size, <object>items[k],
                           steps.shape[axis], 0, steps.shape[axis]):
                return False
        return True
    if type(row) is ndarray:
        return put_array(steps, axis, out, row, length, first, count)
    return False


cdef void fetch(PyObject* row) noexcept:
    """Brings the pointers of a list near, line by line: 15 % off the time of lists to come."""
    cdef Py_ssize_t k = 0
    if PyList_CheckExact(<object>row):
        while k < PySequence_Fast_GET_SIZE(<object>row):
            prefetch(PySequence_Fast_ITEMS(<object>row) + k)
            k += LINE


def measure(tuple rows not None, int64_t[::1] lengths not None):
    """lengths[i] = len(rows[i]). Returns the position of the first row that is not empty, or -1, and
    of the first that is no list, tuple or array itself, but maybe a subclass, or len(rows)."""
    cdef Py_ssize_t i
    cdef Py_ssize_t first = -1, other = len(rows)
    for i in range(len(rows)):
        row = rows[i]
        if PyList_CheckExact(row) or PyTuple_CheckExact(row):
            lengths[i] = PySequence_Fast_GET_SIZE(row)
        else:
            if type(row) is not ndarray and i < other:
                other = i
            try:
                lengths[i] = len(row)
            except TypeError:
                error = ValueError(
                    "`sequences` must be a list of iterables. "
                    f"Found non-iterable: {row} at position {i}")
                error.row, error.step = i, None
                raise error from None
        if first < 0 and lengths[i] > 0:
            first = i
    return first, other


@cython.boundscheck(False)  # of a tuple and of offsets made here; 9 % off the time of short lists
def join_ints(tuple rows not None):
    """(values int32 (n,), offsets int64 (batch + 1,)) of lists and tuples of small ints.

    None if a row is anything else, or holds anything else, and if there is no int at all.
    """
    cdef Py_ssize_t i, count, n = 0
    offsets = empty(len(rows) + 1, INT64)
    cdef int64_t[::1] ends = offsets
    ends[0] = 0
    for i in range(len(rows)):
        row = rows[i]
        if not (PyList_CheckExact(row) or PyTuple_CheckExact(row)):
            return None
        n += PySequence_Fast_GET_SIZE(row)
        ends[i + 1] = n
    if n == 0:
        return None
    values = empty(n, INT32)
    cdef int32_t[::1] out = values
    for i in range(len(rows)):
        if i % 4096 == 4095:
            PyErr_CheckSignals()
        if i + 1 < len(rows):
            fetch(PySequence_Fast_ITEMS(rows)[i + 1])
        row = rows[i]
        count = ends[i + 1] - ends[i]
        if PySequence_Fast_GET_SIZE(row) != count:
            return None
        if count > 0 and put_ints(&out[ends[i]], PySequence_Fast_ITEMS(row), count) < count:
            return None
    return values, offsets


cdef Steps steps_of(const Py_buffer* out, bint exact):
    """The steps of an array (steps, *features)."""
    cdef Steps steps = Steps(
        kind_of(out), out.itemsize, out.itemsize, out.ndim - 1, out.shape + 1, exact)
    if steps.kind == 0:
        raise TypeError("out must hold integers or floats of the machine's own byte order")
    steps.size *= numbers_in(&steps, 0)
    return steps


cdef struct Place:
    # What becomes of a row: entries first:first + count are kept, between so much padding.
    Py_ssize_t first
    Py_ssize_t count
    Py_ssize_t before
    Py_ssize_t after


cdef Place place(
        Py_ssize_t length, Py_ssize_t width, bint pad_before, bint cut_before) noexcept nogil:
    cdef Py_ssize_t count = min(length, width)
    cdef Py_ssize_t before = width - count if pad_before else 0
    return Place(length - count if cut_before else 0, count, before, width - count - before)


cdef char* put_bytes(
        char* out, const char* values, Py_ssize_t start, Py_ssize_t size) noexcept nogil:
    """Copies values[start:start + size], returns where the next byte goes. NULL if size is 0."""
    if size > 0:
        memcpy(out, values + start, size)
    return out + size


def pack(tuple rows not None, const int64_t[::1] lengths not None, out not None, slow not None, *,
         pad_row=None, bint pad_before=False, bint cut_before=False, bint exact=False):
    """Writes the steps of every row one after another into `out` (steps, *features), in order.

    With `pad_row` (width, *features) each row is cut or padded to `width`, padding included.
    `slow(i, first, count, position)` must write steps first:first + count of row i at `position`.
    exact: leave to `slow` what would lose more than the last digits of a float.
    """
    cdef Py_ssize_t i, position = 0
    cdef Py_buffer target, padding
    cdef Steps steps
    cdef Place at
    cdef char* data
    cdef const char* pad = NULL
    cdef bint done, resting
    PyObject_GetBuffer(out, &target, PyBUF_RECORDS_RO | PyBUF_WRITABLE)
    try:
        if pad_row is not None:
            PyObject_GetBuffer(pad_row, &padding, PyBUF_RECORDS_RO)
            pad = <const char*>padding.buf
        steps = steps_of(&target, exact)
        data = <char*>target.buf
        for i in range(len(rows)):
            if i % 4096 == 0:
                PyErr_CheckSignals()
            if i + 1 < len(rows):
                fetch(PySequence_Fast_ITEMS(rows)[i + 1])
            at = place(lengths[i], padding.shape[0] if pad != NULL else lengths[i],
                       pad_before, cut_before)
            if at.before + at.count + at.after > target.shape[0] - position:
                raise ValueError(f"row {i} is beyond the end of out")
            data = put_bytes(data, pad, 0, at.before * steps.size)
            if at.count > 0:
                resting = steps.rank > 0 and PyGC_Disable()
                done = put_row(&steps, 0, data, rows[i], lengths[i], at.first, at.count)
                if resting:
                    PyGC_Enable()
                if not done:
                    slow(i, at.first, at.count, position + at.before)
            data = put_bytes(data + at.count * steps.size, pad, at.count * steps.size,
                             at.after * steps.size)
            position += at.before + at.count + at.after
    finally:
        PyBuffer_Release(&target)
        if pad != NULL:
            PyBuffer_Release(&padding)


@cython.boundscheck(False)  # sizes are compared first
def spread(const uint8_t[:, ::1] values not None, const int64_t[::1] offsets not None,
           uint8_t[:, :, ::1] out not None, const uint8_t[:, ::1] pad_row not None, *,
           bint pad_before, bint cut_before):
    """As pack() of rows values[offsets[i]:offsets[i + 1]], all of it as bytes: (steps, bytes)."""
    cdef Py_ssize_t i, size = values.shape[1], width = out.shape[1]
    cdef Place at
    cdef const char* steps
    cdef const char* pad
    cdef char* data
    if (offsets.shape[0] != out.shape[0] + 1 or out.shape[2] != size
            or pad_row.shape[0] != width or pad_row.shape[1] != size):
        raise ValueError("values, offsets, out and pad_row must fit each other")
    if out.shape[0] == 0 or width == 0 or size == 0:
        return
    steps = <const char*>&values[0, 0] if values.shape[0] > 0 else NULL
    pad = <const char*>&pad_row[0, 0]
    data = <char*>&out[0, 0, 0]
    with nogil:
        for i in range(out.shape[0]):
            at = place(offsets[i + 1] - offsets[i], width, pad_before, cut_before)
            data = put_bytes(data, pad, 0, at.before * size)
            data = put_bytes(data, steps, (offsets[i] + at.first) * size, at.count * size)
            data = put_bytes(data, pad, at.count * size, at.after * size)


include "_lists_parse.pxi"
include "_lists_text.pxi"
include "_lists_json.pxi"
