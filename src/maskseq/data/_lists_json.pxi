# --- lists of numbers in JSON lines (included by _lists.pyx)

cdef extern from "Python.h":
    double PyOS_string_to_double(const char*, char**, PyObject*) except? -1.0

cdef enum:
    EXACT_POWERS = 22  # 10**22 is the last power of ten that a double holds
    DIGITS = 18  # so many always fit an int64
    ZERO = 48  # the character

cdef int64_t EXACT_WHOLE = <int64_t>1 << 53  # a double holds all integers up to it
cdef double[23] POWERS
cdef Py_ssize_t _p
for _p in range(23):
    POWERS[_p] = 10.0 ** _p


cdef struct Found:
    # What is read of a text: numbers as int64, or as float32 from the first real one on.
    int64_t* wholes
    float* reals  # NULL: wholes are written
    Py_ssize_t count  # numbers
    Py_ssize_t width  # of a step; 0: steps are numbers; -1: not known yet
    Py_ssize_t steps  # of the list that is read
    bint has_real  # a real number came where wholes are written


cdef bint is_digit(char c) noexcept:
    return b"0" <= c <= b"9"


cdef const char* past_space(const char* p) noexcept:
    while p[0] == b" " or p[0] == b"\t" or p[0] == b"\r":
        p += 1
    return p


@cython.cdivision(True)
cdef const char* read_number(const char* p, Found* found) except? NULL:
    """The end of the number at p, which is added to `found`; NULL: it is none, or not for here."""
    cdef const char* start = p
    cdef const char* end
    cdef char* stop = NULL
    cdef int64_t whole = 0
    cdef Py_ssize_t digits, power = 0, shift = 0
    cdef bint negative = p[0] == b"-", down
    cdef double real
    p += negative
    if not is_digit(p[0]) or (p[0] == b"0" and is_digit(p[1])):
        return NULL
    end = p
    while is_digit(p[0]):
        if p - end < DIGITS:
            whole = 10 * whole + (p[0] - ZERO)
        p += 1
    digits = p - end
    if p[0] != b"." and p[0] != b"e" and p[0] != b"E":
        if digits > DIGITS:
            return NULL
        if found.reals == NULL:
            found.wholes[found.count] = -whole if negative else whole
        else:
            found.reals[found.count] = <float><double>(-whole if negative else whole)
        found.count += 1
        return p
    if found.reals == NULL:
        found.has_real = True
        return NULL
    if p[0] == b".":
        p += 1
        end = p
        while is_digit(p[0]):
            if digits + (p - end) < DIGITS:
                whole = 10 * whole + (p[0] - ZERO)
            p += 1
        if p == end:
            return NULL
        power = end - p
        digits += p - end
    if p[0] == b"e" or p[0] == b"E":
        p += 1
        down = p[0] == b"-"
        p += down or p[0] == b"+"
        if not is_digit(p[0]):
            return NULL
        while is_digit(p[0]):
            if shift < 10000:
                shift = 10 * shift + (p[0] - ZERO)
            p += 1
        power += -shift if down else shift
    if digits <= DIGITS and whole <= EXACT_WHOLE and -EXACT_POWERS <= power <= EXACT_POWERS:
        real = <double>whole  # one operation on two exact numbers rounds once
        real = real / POWERS[-power] if power < 0 else real * POWERS[power]
        real = -real if negative else real
    else:
        real = PyOS_string_to_double(start, &stop, NULL)
        if stop != p:
            return NULL
    if not put_real(found.reals + found.count, real, False):
        return NULL
    found.count += 1
    return p


cdef const char* read_numbers(const char* p, Found* found) except? NULL:
    """The end of the list of numbers at p, not empty, all of which are added to `found`."""
    while True:
        p = read_number(past_space(p + 1), found)
        if p == NULL:
            return NULL
        p = past_space(p)
        if p[0] == b"]":
            return p + 1
        if p[0] != b",":
            return NULL


cdef const char* read_list(const char* p, Found* found) except? NULL:
    """The end of a list of numbers, or of lists of as many numbers each, at p."""
    cdef const char* inner
    cdef Py_ssize_t before = found.count
    found.steps = 0
    if p[0] != b"[":
        return NULL
    inner = past_space(p + 1)
    if inner[0] == b"]":
        return inner + 1
    if inner[0] != b"[":
        if found.width > 0:
            return NULL
        found.width = 0
        p = read_numbers(p, found)
        found.steps = found.count - before
        return p
    while True:
        before = found.count
        p = past_space(p + 1)
        if p[0] != b"[":
            return NULL
        p = read_numbers(p, found)
        if p == NULL:
            return NULL
        if found.width == -1:
            found.width = found.count - before
        if found.width != found.count - before:
            return NULL
        found.steps += 1
        p = past_space(p)
        if p[0] == b"]":
            return p + 1
        if p[0] != b",":
            return NULL


cdef const char* past_text(const char* p) noexcept:
    """The end of the string at p; NULL at the end of the line."""
    p += 1
    while p[0] != b'"':
        p += p[0] == b"\\"
        if p[0] == b"\n" or p[0] == 0:
            return NULL
        p += 1
    return p + 1


cdef const char* past_value(const char* p) noexcept:
    """The end of the value at p, if it is one; NULL at the end of the line."""
    cdef Py_ssize_t depth = 0
    while True:
        if p[0] == b'"':
            p = past_text(p)
            if p == NULL:
                return NULL
        elif p[0] == b"[" or p[0] == b"{":
            depth += 1
            p += 1
        elif p[0] == b"]" or p[0] == b"}" or p[0] == b",":
            if depth == 0:
                return p
            depth -= p[0] != b","
            p += 1
        elif p[0] == b"\n" or p[0] == 0:
            return NULL
        else:
            p += 1


cdef const char* read_object(
    const char* p, const char* key, Py_ssize_t length, Found* found, char** rest
) except? NULL:
    """The end of the object at p. The list under `key` is added to `found`.

    All else is copied to `rest`, with null in place of the list.
    """
    cdef const char* start = p
    cdef const char* name
    cdef bint seen = False
    if p[0] != b"{":
        return NULL
    while True:
        name = past_space(p + 1)
        if name[0] != b'"':
            return NULL
        p = past_text(name)
        if p == NULL:
            return NULL
        name += 1
        if memchr(name, b"\\", p - name) != NULL:
            return NULL
        same = p - name - 1 == length and memcmp(name, key, length) == 0
        p = past_space(p)
        if p[0] != b":":
            return NULL
        p = past_space(p + 1)
        if not same:
            p = past_value(p)
        elif seen:
            return NULL
        else:
            seen = True
            rest[0] = put_bytes(rest[0], start, 0, p - start)
            p = start = read_list(p, found)
            if p != NULL:
                rest[0] = put_bytes(rest[0], b"null", 0, 4)
        if p == NULL:
            return NULL
        p = past_space(p)
        if p[0] == b"}":
            break
        if p[0] != b",":
            return NULL
    if not seen:
        return NULL
    rest[0] = put_bytes(rest[0], start, 0, p + 1 - start)
    return p + 1


cdef bint read_lines(
    bytes text, bytes key, Found* found, int64_t[::1] lengths, char** rest
) except -1:
    """True if all lines are read; False at the first that is not."""
    cdef const char* p = text
    cdef const char* end = p + len(text)
    cdef const char* name = NULL
    cdef Py_ssize_t line, size = 0
    if key is not None:
        name, size = key, len(key)
    for line in range(lengths.shape[0]):
        p = past_space(p)
        if name == NULL:
            p = read_list(p, found)
        else:
            p = read_object(p, name, size, found, rest)
        if p == NULL:
            return False
        p = past_space(p)
        lengths[line] = found.steps
        if p[0] == b"\n":
            p += 1
        elif p != end:
            return False
        if name != NULL:
            rest[0] = put_bytes(rest[0], b",", 0, 1)
    return p == end


def json_lists(bytes text not None, bytes key=None):
    """The lists in JSON lines: (numbers, lengths), steps of numbers or of lists of as many.

    With a `key`, of the lists under it in objects, and as a third the JSON list of these objects
    with null in place of the lists. None: there is anything else, which is left to Python's json.
    Integers are int32, or int64; with a real number among them all are float32.
    """
    cdef Found found
    cdef Py_ssize_t lines = text.count(b"\n") + (len(text) > 0 and not text.endswith(b"\n"))
    cdef Py_ssize_t room = len(text) // 2 + 1
    cdef int64_t[::1] ints, line_lengths
    cdef float[::1] floats
    cdef bytearray rest = bytearray(0 if key is None else len(text) + 5 * lines + 2)
    cdef char* at
    cdef int mode
    if not lines:
        return None
    lengths, numbers = numpy_empty(lines, INT64), numpy_empty(room, INT64)
    ints, line_lengths = numbers, lengths
    found.wholes, found.reals = &ints[0], NULL
    for mode in range(2):
        found.count, found.width, found.steps, found.has_real = 0, -1, 0, False
        at = put_bytes(rest, b"[", 0, key is not None)
        if read_lines(text, key, &found, line_lengths, &at):
            break
        if not found.has_real or mode:
            return None
        numbers = numpy_empty(room, FLOAT32)
        floats = numbers
        found.reals = &floats[0]
    if found.width == -1:
        return None  # without a number nothing says of what type they would be
    numbers = numbers[:found.count]
    fits = found.reals == NULL and -2147483648 <= numbers.min() and numbers.max() <= 2147483647
    numbers = numbers.astype(INT32) if fits else numbers.copy()
    if found.width > 0:
        numbers = numbers.reshape(-1, found.width)
    if key is None:
        return numbers, lengths
    size = at - <char*>rest
    rest[size - 1:] = b"]"  # in place of a comma
    return numbers, lengths, bytes(rest)
