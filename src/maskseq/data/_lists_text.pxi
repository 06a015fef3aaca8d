# --- numbers as text, and pieces of text put together (included by _lists.pyx)

cdef enum:
    SHORTEST = 9  # so many digits tell any float32 from all others
    TEXT = 24  # bytes that a number's text has at most

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


cdef Py_ssize_t put_float(char* out, float value) noexcept:
    """Writes a value as NumPy's astype(str) has it; 0: it has an exponent, or is not finite."""
    cdef Py_ssize_t size = signbit(value) != 0
    out[0] = b"-"
    if value == 0:
        out[size], out[size + 1], out[size + 2] = b"0", b".", b"0"
        return size + 3
    if not 1e-4 <= fabs(value) < 1e6:
        return 0
    return size + put_text(out + size, <float>fabs(value))


def float_texts(const float[::1] values not None, other not None):
    """The text of each as NumPy's astype(str) has it: all in one, and where each begins and ends.

    `other(i)` gives the text of what has an exponent or is not finite, at most 24 bytes.
    Returns uint8 (bytes,) and int64 (n, 2).
    """
    cdef Py_ssize_t i, size, at = 0, n = values.shape[0]
    text, spans = numpy_empty(n * TEXT, UINT8), numpy_empty((n, 2), INT64)
    cdef uint8_t[::1] out = text
    cdef int64_t[:, ::1] places = spans
    cdef bytes found
    for i in range(n):
        size = put_float(<char*>&out[at], values[i])
        if size == 0:
            found = other(i)
            size = len(found)
            if size > TEXT:
                raise ValueError(f"a number's text has at most {TEXT} bytes, got {size}")
            memcpy(&out[at], <const char*>found, size)
        places[i, 0], places[i, 1] = at, at + size
        at += size
    return text[:at], spans


cdef int64_t bytes_in(const int64_t[:, ::1] spans, Py_ssize_t size) except -1:
    """The bytes of all pieces of a text of `size` bytes as put_piece writes them."""
    cdef Py_ssize_t i
    cdef int64_t total = 0
    if spans.shape[1] != 2:
        raise ValueError(f"spans must be (pieces, 2), got {spans.shape[1]} columns")
    for i in range(spans.shape[0]):
        if not 0 <= spans[i, 0] <= spans[i, 1] <= size:
            raise ValueError(f"piece {i} is outside of the text")
        total += spans[i, 1] - spans[i, 0] if spans[i, 1] > spans[i, 0] else 4
    return total


cdef char* put_piece(
    char* out, const uint8_t[::1] text, const int64_t[:, ::1] spans, Py_ssize_t i
) except NULL:
    """Copies piece i of a text, null for one of no bytes; returns where the next byte goes."""
    cdef int64_t start = spans[i, 0], size = spans[i, 1] - start
    if size > 0:
        return put_bytes(out, <const char*>&text[start], 0, size)
    return put_bytes(out, b"null", 0, 4)


def bracketed(const uint8_t[::1] text not None, const int64_t[:, ::1] spans not None,
              const int64_t[::1] offsets not None):
    """The pieces offsets[i]:offsets[i + 1] as a JSON list, for each i. One of no bytes is null.

    text: uint8 (bytes,).  spans: int64 (pieces, 2), where each begins and ends.  offsets: int64
    (lists + 1,).  Returns text and spans of the lists.
    """
    cdef Py_ssize_t i, n = offsets.shape[0] - 1
    cdef int64_t k, room = bytes_in(spans, text.shape[0]) + 2 * (spans.shape[0] + n)
    if n < 0 or offsets[0] < 0 or offsets[n] > spans.shape[0]:
        raise ValueError("offsets must fit the pieces")
    joined, places = numpy_empty(room, UINT8), numpy_empty((n, 2), INT64)
    cdef uint8_t[::1] out = joined
    cdef int64_t[:, ::1] made = places
    cdef char* start = <char*>&out[0] if room > 0 else NULL
    cdef char* at = start
    for i in range(n):
        if offsets[i] > offsets[i + 1]:
            raise ValueError("offsets must not fall")
        made[i, 0] = at - start
        at = put_bytes(at, b"[", 0, 1)
        for k in range(offsets[i], offsets[i + 1]):
            if k > offsets[i]:
                at = put_bytes(at, b", ", 0, 2)
            at = put_piece(at, text, spans, k)
        at = put_bytes(at, b"]", 0, 1)
        made[i, 1] = at - start
    return joined[:at - start], places


cdef class Column:
    """The pieces of a column."""
    cdef const uint8_t[::1] text
    cdef const int64_t[:, ::1] spans
    cdef int64_t size

    def __init__(self, text, spans):
        self.text, self.spans = text, spans
        self.size = bytes_in(self.spans, self.text.shape[0])


def lines_of(columns not None, list between not None):
    """Rows of text: between[0], the piece of column 0, between[1], that of column 1, ...

    columns: (text, spans) of each, as `bracketed` has them; a piece of no bytes is null.
    between: bytes, one entry more.
    """
    cdef Py_ssize_t i, k, count = len(columns)
    cdef list parts = [Column(text, spans) for text, spans in columns]
    cdef Py_ssize_t rows = (<Column>parts[0]).spans.shape[0]
    cdef int64_t size = rows * sum([len(words) for words in between])
    cdef Column part
    cdef bytes words
    for part in parts:
        if part.spans.shape[0] != rows:
            raise ValueError("columns must be of one length")
        size += part.size
    if len(between) != count + 1:
        raise ValueError("between must have one entry more than columns")
    cdef bytes found = PyBytes_FromStringAndSize(NULL, size)
    cdef char* at = found
    for i in range(rows):
        for k in range(count):
            words = between[k]
            at = put_bytes(at, words, 0, len(words))
            part = parts[k]
            at = put_piece(at, part.text, part.spans, i)
        words = between[count]
        at = put_bytes(at, words, 0, len(words))
    return found
