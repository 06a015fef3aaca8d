# --- numbers of a list or an array, written as another kind of number (included by _lists.pyx)

from cpython.object cimport PyObject
from libc.float cimport DBL_MAX, FLT_MAX
from libc.math cimport fabs, isfinite
from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t)
from libc.string cimport strlen

cdef extern from *:
    """
    #if PY_VERSION_HEX >= 0x030C0000
    #define is_compact(o) PyUnstable_Long_IsCompact((PyLongObject *)(o))
    #define compact_value(o) ((int64_t)PyUnstable_Long_CompactValue((PyLongObject *)(o)))
    #else
    #define is_compact(o) ((size_t)Py_SIZE(o) + 1 <= 2)
    #define compact_value(o) (Py_SIZE(o) * (int64_t)((PyLongObject *)(o))->ob_digit[0])
    #endif
    """
    void prefetch "__builtin_prefetch"(const void*) noexcept
    bint is_compact(PyObject* item) noexcept  # an int of one digit: below 2**30 in magnitude
    int64_t compact_value(PyObject* item) noexcept

cdef extern from "Python.h":  # items as pointers: borrowed, never counted
    bint PyLong_CheckExact(PyObject*) noexcept
    long long PyLong_AsLongLongAndOverflow(PyObject*, int*) noexcept
    bint PyFloat_CheckExact(PyObject*) noexcept
    double PyFloat_AS_DOUBLE(PyObject*) noexcept

ctypedef fused number:
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    float
    double

ctypedef fused source:
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    float
    double

cdef enum:
    AHEAD = 8  # items to fetch ahead: none takes 50 % longer on scattered ints, 32 is no better

cdef double MAX_TRUNCATED = 2.0 ** 62  # floats below it become an int64 by a defined cast

cdef struct Numbers:
    # What is read: `count` items of a list or, where `items` is NULL, values of an array.
    PyObject** items
    const void* values
    char kind  # of the values
    Py_ssize_t count


cdef char kind_of(const Py_buffer* view) noexcept:
    """b h i q, B H I Q, f d: the kind of native numbers a buffer holds; 0 for any other."""
    cdef char code = view.format[0] if view.format != NULL and strlen(view.format) == 1 else 0
    if code == b"l":
        return b"q" if view.itemsize == 8 else b"i"
    if code == b"L":
        return b"Q" if view.itemsize == 8 else b"I"
    return code if code in b"bhiqBHIQfd" else 0


cdef bint put_whole(number* out, int64_t whole) noexcept:
    """out[0] = whole; False if an integer type does not hold it."""
    if number is float or number is double:
        out[0] = <number><double>whole  # by way of double, as NumPy
        return True
    else:
        out[0] = <number>whole
        return whole >= 0 if number is uint64_t else <int64_t>out[0] == whole


cdef bint put_real(number* out, double real, bint exact) noexcept:
    """out[0] = real, cut towards 0 for an integer type; False if that is too much, or not exact."""
    if number is double:
        out[0] = real
        return True
    elif number is float:
        out[0] = <float>real
        return not (isfinite(real) and fabs(real) > FLT_MAX)
    else:
        return not exact and fabs(real) < MAX_TRUNCATED and put_whole(out, <int64_t>real)


cdef Py_ssize_t put_ints(number* out, PyObject** items, Py_ssize_t count) noexcept:
    """out[k] = items[k] up to the first that is no compact int, or does not fit; returns how many.

    A loop of its own: with floats in the same one, lists of ints take 10 % longer.
    """
    cdef Py_ssize_t k
    for k in range(count):
        if k + AHEAD < count:
            prefetch(items[k + AHEAD])
        if not (PyLong_CheckExact(items[k]) and is_compact(items[k])
                and put_whole(out + k, compact_value(items[k]))):
            return k
    return count


cdef Py_ssize_t put_floats(number* out, PyObject** items, Py_ssize_t count, bint exact) noexcept:
    """The same for floats."""
    cdef Py_ssize_t k
    for k in range(count):
        if k + AHEAD < count:
            prefetch(items[k + AHEAD])
        if not (PyFloat_CheckExact(items[k])
                and put_real(out + k, PyFloat_AS_DOUBLE(items[k]), exact)):
            return k
    return count


cdef bint put_items(number* out, PyObject** items, Py_ssize_t count, bint exact) noexcept:
    """out[k] = items[k], exact ints and floats only; False at the first that is not, or not fit."""
    cdef Py_ssize_t k = 0
    cdef int64_t whole
    cdef int overflow
    while True:
        k += put_ints(out + k, items + k, count - k)
        k += put_floats(out + k, items + k, count - k, exact)
        if k == count:
            return True
        if not PyLong_CheckExact(items[k]):
            return False
        whole = PyLong_AsLongLongAndOverflow(items[k], &overflow)
        if overflow or not put_whole(out + k, whole):
            return False
        k += 1


cdef bint holds_all(size_t size, bint signed, size_t size_from, bint signed_from) noexcept:
    """True if integers of one type hold all those of another; sizes in bytes."""
    if signed == signed_from:
        return size >= size_from
    return signed and size > size_from


cdef bint put_values(number* out, const source* values, Py_ssize_t count, bint exact) noexcept:
    """out[k] = values[k]; False for floats to integers and floats too large, where NumPy may warn, or
    if not exact."""
    cdef Py_ssize_t k
    cdef int lost = 0
    cdef bint from_float = source is float or source is double
    if number is not float and number is not double:
        if from_float or (exact and not holds_all(
                sizeof(number), <number>-1 < 1, sizeof(source), <source>-1 < 1)):
            return False
    for k in range(count):
        out[k] = <number>values[k]
        if number is float and source is double:
            lost |= <int>(fabs(values[k]) > FLT_MAX) & <int>(fabs(values[k]) <= DBL_MAX)
    return lost == 0


cdef bint put(number* out, const Numbers* given, bint exact) noexcept:
    """out[k] = given number k; False if they are left to NumPy."""
    cdef char kind = given.kind
    cdef Py_ssize_t n = given.count
    if given.items != NULL:
        return put_items(out, given.items, n, exact)
    if kind == b"h": return put_values(out, <const int16_t*>given.values, n, exact)
    if kind == b"i": return put_values(out, <const int32_t*>given.values, n, exact)
    if kind == b"q": return put_values(out, <const int64_t*>given.values, n, exact)
    if kind == b"B": return put_values(out, <const uint8_t*>given.values, n, exact)
    if kind == b"H": return put_values(out, <const uint16_t*>given.values, n, exact)
    if kind == b"f": return put_values(out, <const float*>given.values, n, exact)
    if kind == b"d": return put_values(out, <const double*>given.values, n, exact)
    return False


cdef bint put_as(char kind, void* out, const Numbers* given, bint exact) noexcept:
    """put() for an `out` of that kind, one that kind_of() gave."""
    if kind == b"i": return put(<int32_t*>out, given, exact)
    if kind == b"f": return put(<float*>out, given, exact)
    if kind == b"q": return put(<int64_t*>out, given, exact)
    if kind == b"d": return put(<double*>out, given, exact)
    if kind == b"h": return put(<int16_t*>out, given, exact)
    if kind == b"b": return put(<int8_t*>out, given, exact)
    if kind == b"B": return put(<uint8_t*>out, given, exact)
    if kind == b"H": return put(<uint16_t*>out, given, exact)
    if kind == b"I": return put(<uint32_t*>out, given, exact)
    return put(<uint64_t*>out, given, exact)
