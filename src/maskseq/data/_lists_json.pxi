# --- lists of numbers in JSON lines (included by _lists.pyx)

cdef struct Found:
    # What is read of a text: numbers as int64, or as float32 from the first real one on.
    const char* last  # the end of the text
    int64_t* wholes
    float* reals  # NULL: wholes are written
    Py_ssize_t count  # numbers
    Py_ssize_t width  # of a step; 0: steps are numbers; -1: not known yet
    Py_ssize_t steps  # of the list that is read
    bint has_real  # a real number came where wholes are written


cdef const char* past_space(const char* p) noexcept:
    while p[0] == b" " or p[0] == b"\t" or p[0] == b"\r":
        p += 1
    return p


cdef const char* read_number(const char* p, Found* found) except? NULL:
    """The end of the number at p, which is added to `found`; NULL: it is none, or not for here."""
    cdef Number number
    p = parse_number(p, found.last, &number)
    if p == NULL:
        return NULL
    if found.reals == NULL:
        found.has_real = number.is_real
        if number.is_real:
            return NULL
        found.wholes[found.count] = number.whole
    elif not number.is_real:
        found.reals[found.count] = <float><double>number.whole
    elif not put_real(found.reals + found.count, number.real, False):
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


cdef const char* past_text(const char* p, bint* plain) noexcept:
    """The end of the string at p; NULL: a control character comes, as at the end of the line.

    plain becomes False if there is a backslash: others are written as they are read.
    """
    p += 1
    while p[0] != b'"':
        if p[0] == b"\\":
            plain[0] = False
            p += 1
        if 0 <= p[0] < 32:
            return NULL
        p += 1
    return p + 1


cdef const char* past_word(const char* p) noexcept:
    """The end of null, true, false or an integer at p, if they are written as they are read."""
    cdef const char* start
    if begins_with(p, b"null", 4) or begins_with(p, b"true", 4):
        return p + 4
    if begins_with(p, b"false", 5):
        return p + 5
    if p[0] == b"0" and not is_digit(p[1]):
        return p + 1
    p += p[0] == b"-"
    if p[0] == b"0":
        return NULL
    start = p
    while is_digit(p[0]):
        p += 1
    return p if 0 < p - start <= DIGITS else NULL


cdef bint begins_with(const char* p, const char* word, Py_ssize_t size) noexcept:
    """True if the text at p, which has a 0 at its end, begins with `word`."""
    cdef Py_ssize_t i
    for i in range(size):
        if p[i] != word[i]:
            return False
    return True


cdef const char* past_value(const char* p, bint* plain) noexcept:
    """The end of the value at p, if it is one; NULL at the end of the line.

    plain: False unless it surely is JSON, and written as Python writes what it reads there.
    """
    cdef Py_ssize_t depth = 0
    cdef const char* end
    plain[0] = True
    end = past_text(p, plain) if p[0] == b'"' else past_word(p)
    if end != NULL:
        p = past_space(end)
        if p[0] == b"," or p[0] == b"}":
            return end
        p = end
    plain[0] = False
    while True:
        if p[0] == b'"':
            p = past_text(p, plain)
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


cdef class Members:
    """What objects hold beside their list, of a text that `start` begins.

    spans: (kept, lines, 2), where the value of each key that is kept begins and ends; 0, 0: it is
    not there.  plain: for each such key False unless all of its values are written as Python would
    write them.  others: the values that are not kept, of which nobody knows whether they are JSON.
    """
    cdef bytes key
    cdef list kept
    cdef int64_t[:, :, ::1] spans
    cdef uint8_t[::1] plain
    cdef const char* start
    cdef bytearray others
    cdef char* at

    def __init__(self, bytes text not None, bytes key not None, list kept not None, spans, plain):
        self.key, self.kept = key, kept
        self.spans, self.plain = spans, plain
        self.start, self.others = text, bytearray(len(text) + 2)

    cdef void begin(self) noexcept:
        self.spans[:] = 0
        self.plain[:] = True
        self.at = put_bytes(self.others, b"[", 0, 1)

    cdef bint put(
        self, const char* name, Py_ssize_t size, Py_ssize_t line, const char* value,
        const char* end, bint plain
    ) noexcept:
        """False if there is a value under this name before."""
        cdef Py_ssize_t k
        cdef bytes key
        for k in range(self.plain.shape[0]):
            key = self.kept[k]
            if len(key) == size and memcmp(name, <const char*>key, size) == 0:
                if self.spans[k, line, 1] > 0:
                    return False
                self.spans[k, line, 0] = value - self.start
                self.spans[k, line, 1] = end - self.start
                self.plain[k] &= plain
                return True
        if not plain:
            self.at = put_bytes(self.at, value, 0, end - value)
            self.at = put_bytes(self.at, b",", 0, 1)
        return True

    cdef bytes rest(self):
        """The JSON list of the other values."""
        cdef Py_ssize_t size = self.at - <char*>self.others
        return bytes(self.others[:max(size - 1, 1)]) + b"]"


cdef const char* read_object(
    const char* p, Py_ssize_t line, Members members, Found* found
) except? NULL:
    """The end of the object at p. The list under members.key is added to `found`."""
    cdef const char* name
    cdef const char* value
    cdef Py_ssize_t size
    cdef bint seen = False, plain
    if p[0] != b"{":
        return NULL
    while True:
        name = past_space(p + 1)
        plain = True
        if name[0] != b'"':
            return NULL
        p = past_text(name, &plain)
        if p == NULL or not plain:
            return NULL
        name += 1
        size = p - name - 1
        p = past_space(p)
        if p[0] != b":":
            return NULL
        value = past_space(p + 1)
        if size == len(members.key) and memcmp(name, <const char*>members.key, size) == 0:
            if seen:
                return NULL
            seen = True
            p = read_list(value, found)
        else:
            p = past_value(value, &plain)
            if p == value or (p != NULL and not members.put(name, size, line, value, p, plain)):
                return NULL
        if p == NULL:
            return NULL
        p = past_space(p)
        if p[0] == b"}":
            return p + 1 if seen else NULL
        if p[0] != b",":
            return NULL


cdef bint read_lines(
    bytes text, Members members, Found* found, int64_t[::1] lengths
) except -1:
    """True if all lines are read; False at the first that is not."""
    cdef const char* p = text
    cdef const char* end = p + len(text)
    cdef Py_ssize_t line
    for line in range(lengths.shape[0]):
        p = past_space(p)
        if members is None:
            p = read_list(p, found)
        else:
            p = read_object(p, line, members, found)
        if p == NULL:
            return False
        p = past_space(p)
        lengths[line] = found.steps
        if p[0] == b"\n":
            p += 1
        elif p != end:
            return False
    return p == end


def json_lists(bytes text not None, bytes key=None, list kept not None=[]):
    """The lists in JSON lines: (numbers, lengths), steps of numbers or of lists of as many.

    With a `key`, of the lists under it in objects; and then

    - int64 (kept, lines, 2), where the values of the keys `kept` begin and end in the text: 0, 0
      for one that is not there;
    - bool (kept,), True if all values of a key are written as Python would write them, text of
      UTF-8 taken for granted: others may be no JSON at all;
    - the JSON list of all other values of which only Python's json knows whether they are JSON.

    None: there is anything else, which is left to Python's json. Integers are int32, or int64; with
    a real number among them all are float32.
    """
    cdef Found found
    cdef Py_ssize_t lines = lines_in(text)
    cdef Py_ssize_t room = len(text) // 2 + 1
    cdef int64_t[::1] ints, line_lengths
    cdef float[::1] floats
    cdef Members members = None
    cdef int mode
    if not lines:
        return None
    lengths, numbers = numpy_empty(lines, INT64), numpy_empty(room, INT64)
    ints, line_lengths = numbers, lengths
    found.last = <const char*>text + len(text)
    found.wholes, found.reals = &ints[0], NULL
    if key is not None:
        spans = numpy_empty((len(kept), lines, 2), INT64)
        plain = numpy_empty(len(kept), UINT8)
        members = Members(text, key, kept, spans, plain)
    for mode in range(2):
        found.count, found.width, found.steps, found.has_real = 0, -1, 0, False
        if members is not None:
            members.begin()
        if read_lines(text, members, &found, line_lengths):
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
    if members is None:
        return numbers, lengths
    return numbers, lengths, spans, plain.astype(bool), members.rest()
