# --- numbers as text (included by _lists.pyx)

cdef extern from "Python.h":
    object PyUnicode_DecodeASCII(const char*, Py_ssize_t, const char*)

cdef enum:
    SHORTEST = 9  # so many digits tell any float32 from all others

cdef uint64_t[13] WHOLE_POWERS
WHOLE_POWERS[0] = 1
cdef Py_ssize_t _w
for _w in range(12):
    WHOLE_POWERS[_w + 1] = 10 * WHOLE_POWERS[_w]


@cython.cdivision(True)
cdef Py_ssize_t put_text(char* out, float value) noexcept:
    """Writes 1e-4 <= value < 1e6 as the shortest decimal that is nearest to it; returns its size."""
    cdef int exponent, before = 1  # digits before the point; 0 and less: zeros behind it
    cdef uint64_t mantissa = <uint64_t>ldexp(frexp(value, &exponent), 24)
    cdef uint64_t scale, scaled, digits, best, unit = 1
    cdef Py_ssize_t shift = 24 - exponent, i, size = 0, count = SHORTEST
    cdef char[SHORTEST] text
    while before < 6 and value >= <double>WHOLE_POWERS[before]:
        before += 1
    while -3 < before < 2 and value * <double>WHOLE_POWERS[1 - before] < 1:
        before -= 1
    # The value is mantissa / 2**shift; `scaled` is it times scale, of 9 digits, times 2**shift.
    scale = WHOLE_POWERS[SHORTEST - before]
    scaled = mantissa * scale
    best = nearest(scaled, shift, 1)
    while unit < 100000000:
        digits = nearest(scaled, shift, unit * 10)
        if not is_it(digits, scaled, shift, scale, mantissa):
            break
        best, unit = digits, unit * 10
    if best >= 1000000000:  # rounded up to a further digit
        best //= 10
        before += 1
    for i in reversed(range(SHORTEST)):
        text[i] = <char>(48 + best % 10)
        best //= 10
    while count > 1 and text[count - 1] == b"0":
        count -= 1
    if before <= 0:
        out[0], out[1], size = b"0", b".", 2
        for i in range(-before):
            out[size] = b"0"
            size += 1
        memcpy(out + size, text, count)
        return size + count
    for i in range(max(count, before)):
        if i == before:
            out[size] = b"."
            size += 1
        out[size] = text[i] if i < count else b"0"
        size += 1
    if count <= before:
        out[size], out[size + 1] = b".", b"0"
        size += 2
    return size


@cython.cdivision(True)
cdef uint64_t nearest(uint64_t scaled, Py_ssize_t shift, uint64_t unit) noexcept:
    """The multiple of `unit` nearest to scaled / 2**shift; of two the even multiple."""
    cdef uint64_t low = (scaled >> shift) // unit
    cdef uint64_t below = scaled - (low * unit << shift), size = unit << shift
    cdef uint64_t above = size - below
    return (low + (below > above or (below == above and low & 1))) * unit


cdef bint is_it(
    uint64_t digits, uint64_t scaled, Py_ssize_t shift, uint64_t scale, uint64_t mantissa
) noexcept:
    """True if no other float32 is as near to digits / 2**shift as the value."""
    cdef uint64_t given = digits << shift
    cdef uint64_t off = given - scaled if given > scaled else scaled - given
    if mantissa == 1 << 23 and given < scaled:  # the next lower float32 is half as far away
        off *= 2
    return 2 * off < scale or (2 * off == scale and not mantissa & 1)


@cython.cdivision(True)
def float_texts(const float[::1] values not None):
    """The text of each, as NumPy's astype(str) has it; None: what it gives an exponent."""
    cdef char[32] text
    cdef Py_ssize_t i, size
    cdef float value
    found = []
    for i in range(values.shape[0]):
        value = values[i]
        if value == 0:
            found.append("-0.0" if signbit(value) else "0.0")
        elif 1e-4 <= fabs(value) < 1e6:
            text[0] = b"-"
            size = value < 0
            size += put_text(text + size, <float>fabs(value))
            found.append(PyUnicode_DecodeASCII(text, size, NULL))
        else:
            found.append(None)
    return found
