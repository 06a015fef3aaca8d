# --- numbers from text, and columns of them in CSV (included by _lists.pyx)

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


cdef bint is_digit(char c) noexcept:
    return b"0" <= c <= b"9"


cdef Py_ssize_t lines_in(bytes text) noexcept:
    """How many lines a text has; the last one may have no end."""
    cdef const uint8_t* p = text
    cdef Py_ssize_t i, n = len(text), lines = 0, start = 0, stop
    cdef uint8_t found
    while start < n:
        found, stop = 0, min(start + 240, n)  # a byte counts so many
        for i in range(start, stop):
            found += p[i] == 10  # the compiler takes many at a time
        lines, start = lines + found, stop
    return lines + (n > 0 and p[n - 1] != 10)


cdef extern from *:
    """
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #define first_low(word) __builtin_bswap64(word)
    #else
    #define first_low(word) (word)
    #endif
    """
    uint64_t first_low(uint64_t word) noexcept  # of bytes in memory: the first is the lowest
    int trailing_zeros "__builtin_ctzll"(unsigned long long) noexcept

cdef enum:
    WORD = 8  # bytes that are read at once


cdef Py_ssize_t short_whole(const char* p, int64_t* whole) noexcept:
    """The digits at p, of which at most 7 come, and the number that they are; 0: they are others.

    Reads 8 bytes. Without a branch for each digit: lengths of numbers are hard to foresee.
    """
    cdef uint64_t word, other
    cdef Py_ssize_t count
    memcpy(&word, p, WORD)
    # Digits are 0 to 9 then; any other byte is more, and over 127 once 118 is added.
    word = first_low(word) ^ 0x3030303030303030ULL
    other = ((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL
    if other == 0 or other & 0x80:
        return 0
    count = trailing_zeros(other) >> 3
    word <<= 8 * (WORD - count)
    word = 10 * word + (word >> 8)  # pairs of digits in bytes 1, 3, 5, 7 of the sum, from 0 on
    word = ((word & 0x000000FF000000FFULL) * 0x000F424000000064ULL
            + ((word >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >> 32
    whole[0] = <int64_t>word
    return count


cdef struct Number:
    int64_t whole  # what it is, unless `is_real`
    double real
    bint is_real


@cython.cdivision(True)
cdef const char* parse_number(const char* p, const char* last, Number* found) except? NULL:
    """The end of the number at p as JSON has them; NULL: it is none, or not for here.

    The text ends at `last`, with a 0 there. Integers have up to 18 digits. A real number is the
    double nearest to it.
    """
    cdef const char* start = p
    cdef const char* end
    cdef char* stop = NULL
    cdef int64_t whole = 0
    cdef Py_ssize_t digits, power = 0, shift = 0
    cdef bint negative = p[0] == b"-", down
    cdef double real
    p += negative
    if last - p >= WORD:
        digits = short_whole(p, &whole)
        if digits > 0 and p[digits] != b"." and p[digits] | 32 != b"e":
            found.whole, found.is_real = -whole if negative else whole, False
            if p[0] == b"0" and digits > 1:
                return NULL
            return p + digits
        whole = 0
    if not is_digit(p[0]) or (p[0] == b"0" and is_digit(p[1])):
        return NULL
    end = p
    while is_digit(p[0]):
        if p - end < DIGITS:
            whole = 10 * whole + (p[0] - ZERO)
        p += 1
    digits = p - end
    found.is_real = p[0] == b"." or p[0] == b"e" or p[0] == b"E"
    if not found.is_real:
        found.whole = -whole if negative else whole
        return p if digits <= DIGITS else NULL
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
        found.real = -real if negative else real
        return p
    found.real = PyOS_string_to_double(start, &stop, NULL)
    return p if stop == p else NULL


cdef union Cell:
    int64_t whole
    double real


cdef struct Above:
    const char* start  # of the cell above, in the text
    Py_ssize_t size  # of it, and of the byte behind it; 0: not compared
    uint64_t mask  # of these bytes in a word
    Py_ssize_t repeats  # how often a cell was the one above it

cdef enum:
    PROBED = 64  # rows in which cells that repeat are counted


cdef bint repeats(const Above* above, const char* p, const char* end) noexcept:
    """True if the cell at p is the text of the one above it."""
    cdef uint64_t word, other
    if not above.size or end - p < max(above.size, WORD):
        return False
    memcpy(&word, p, WORD)
    memcpy(&other, above.start, WORD)
    if first_low(word ^ other) & above.mask:
        return False
    return above.size <= WORD or memcmp(p + WORD, above.start + WORD, above.size - WORD) == 0


cdef void put_above(Above* above, const char* start, const char* stop) noexcept:
    above.start, above.size = start, stop - start + 1
    above.mask = ~(<uint64_t>0) >> 8 * max(WORD - above.size, 0)


cdef bint read_rows(
    bytes text, Cell* cells, Py_ssize_t rows, Py_ssize_t columns, uint8_t* real, bint fixed,
    Above* above
) except -1:
    """True if all rows are read, column after column. fixed: those that are `real` are known.

    above: zeros, for each column. Keys of long format are those of the row above, mostly: they are
    compared and not parsed.
    """
    cdef const char* start
    cdef const char* p = text
    cdef const char* end = p + len(text)
    cdef Number number
    cdef bint negative
    cdef Py_ssize_t i, j, k, digits
    for i in range(rows):
        for k in range(columns):
            if k > 0:
                if p[0] != b",":
                    return False
                p += 1
            if repeats(&above[k], p, end):
                cells[k * rows + i] = cells[k * rows + i - 1]
                p += above[k].size - 1
                above[k].repeats += 1
                continue
            start, number.is_real = p, False
            digits = short_whole(p, &number.whole) if end - p >= WORD else 0
            if (
                digits > 0 and (p[digits] == b"," or p[digits] == b"\n")
                and (p[0] != b"0" or digits == 1)
            ):
                p += digits  # most cells: without a call
            else:
                negative = p[0] == b"-"
                p = parse_number(p, end, &number)
                if p == NULL or (negative and not number.is_real and number.whole == 0):
                    return False  # -0 is no integer
            if number.is_real and not real[k]:
                if fixed:
                    return False
                real[k] = True
                for j in range(i):
                    cells[k * rows + j].real = <double>cells[k * rows + j].whole
            if not real[k]:
                cells[k * rows + i].whole = number.whole
            else:
                cells[k * rows + i].real = number.real if number.is_real else <double>number.whole
            if i < PROBED or 2 * above[k].repeats > PROBED:
                put_above(&above[k], start, p)
            else:
                above[k].size = 0
        p += p[0] == b"\r" and p[1] == b"\n"
        if p[0] == b"\n":
            p += 1
        elif p != end:
            return False
    return p == end


def csv_numbers(bytes text not None, Py_ssize_t columns, real=None):
    """The columns of lines of plain numbers with commas between: int64 or float64 (rows,) of each.

    real: bool (columns,), which are float64; None: those in which a number has a point or exponent.
    None: there is anything else in the text.
    """
    cdef Py_ssize_t rows = lines_in(text)
    if not rows or columns < 1 or len(text) < 2 * columns * rows - 1:
        return None
    numbers, kinds = numpy_empty((columns, rows), INT64), numpy_empty(columns, UINT8)
    kinds[:] = False if real is None else real
    cdef int64_t[:, ::1] cells = numbers
    cdef uint8_t[::1] reals = kinds
    cdef bint done
    cdef Above* above = <Above*>PyMem_Calloc(columns, sizeof(Above))
    if above is NULL:
        raise MemoryError
    try:
        done = read_rows(
            text, <Cell*>&cells[0, 0], rows, columns, &reals[0], real is not None, above
        )
    finally:
        PyMem_Free(above)
    if not done:
        return None
    return [x.view(FLOAT64) if kind else x for x, kind in zip(numbers, kinds, strict=True)]
