# The gate; part of _kernels.pyx. Every array of the user passes it on its way to C. Behind it, data
# is C-contiguous, aligned, native and held until the call is over. A good array costs one buffer
# request.

cdef enum:
    ANY = -1
    NO_AXIS = -2
    FEW = 63  # sequences whose offsets fit on the stack


cdef bint is_coherent(const Py_buffer* view) noexcept:
    """True if a buffer is as long as its shape says: whoever exports it may be wrong."""
    cdef Py_ssize_t numbers
    cdef int i
    if view.format == NULL or view.itemsize <= 0 or view.ndim < 0 \
            or (view.ndim > 0 and view.shape == NULL) or view.len % view.itemsize != 0:
        return False
    numbers = view.len // view.itemsize
    for i in range(view.ndim):
        if view.shape[i] <= 0:
            return view.shape[i] == 0 and view.len == 0
        if numbers % view.shape[i] != 0:
            return False
        numbers //= view.shape[i]
    return numbers == 1 and view.buf != NULL


@cython.final
cdef class Array:
    """A checked array: `view.buf` points to its values, `view.shape` to its `view.ndim` sizes."""

    cdef Py_buffer view
    cdef bint held
    cdef str name, kind

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)

    cdef tuple shape(self):
        return tuple([self.view.shape[i] for i in range(self.view.ndim)])

    cdef bint holds(self, object x, const char* formats, Py_ssize_t itemsize=ANY) except -1:
        """Takes hold of `x` if it is good as it is: its values have one of these native formats,
        one letter each."""
        if not PyObject_CheckBuffer(x):
            return False
        try:
            PyObject_GetBuffer(x, &self.view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
        except (ValueError, TypeError, BufferError):
            return False
        cdef const char* f = self.view.format
        cdef Py_ssize_t size = self.view.itemsize
        if not is_coherent(&self.view):
            if size == 0 and f != NULL and self.view.len == 0:  # of text or records without a byte
                PyBuffer_Release(&self.view)
                return False
            PyBuffer_Release(&self.view)
            raise ValueError(f"{self.name} must be an array, got a {type(x).__name__} whose buffer "
                             "is not what its shape says")
        if f[0] != 0 and f[1] == 0 and strchr(formats, f[0]) != NULL \
                and (size == itemsize or itemsize == ANY) and <uintptr_t>self.view.buf % size == 0:
            self.held = True
            return True
        PyBuffer_Release(&self.view)
        return False

    cdef int hold(self, object x, const char* formats, Py_ssize_t itemsize=ANY) except -1:
        """Takes hold of an array that was made to be good."""
        if not self.holds(x, formats, itemsize):
            raise SystemError(f"{self.name}: a copy of dtype {x.dtype!r} is not native")
        return 0

    cdef Array expect(self, Py_ssize_t a, Py_ssize_t b=NO_AXIS, Py_ssize_t c=NO_AXIS):
        """Itself, if its shape is (a, b, c), where ANY fits everything; else ValueError."""
        cdef Py_ssize_t[3] sizes = [a, b, c]
        cdef int ndim = 1 + (b != NO_AXIS) + (c != NO_AXIS), i
        cdef bint fits = self.view.ndim == ndim
        for i in range(ndim if fits else 0):
            fits = fits and (sizes[i] == ANY or sizes[i] == self.view.shape[i])
        if fits:
            return self
        kind = self.kind or dtype_of(self)
        wanted = ", ".join(["any" if sizes[i] == ANY else str(sizes[i]) for i in range(ndim)])
        raise ValueError(f"{self.name} must be {kind} ({wanted}{',' if ndim == 1 else ''}), "
                         f"got {kind} {self.shape()}")


cdef object as_numpy(object x, str name, str kind, str kinds):
    """`x` as an array whose dtype has one of the one-letter `kinds` of NumPy."""
    try:
        x = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} must be {kind}, got rows of different lengths") from error
    if x.dtype.kind not in kinds:
        raise TypeError(f"{name} must be {kind}, got {x.dtype} {x.shape}")
    return x


cdef Array floats(object x, str name):
    """float32; float64, float16, integers and bools are converted."""
    cdef Array a = Array.__new__(Array)
    a.name, a.kind = name, "float32"
    if not a.holds(x, b"f", 4):
        x = as_numpy(x, name, "float32", "fiub")
        x = narrowed(x, name) if x.dtype.itemsize > 4 else np.array(x, np.float32, order="C")
        # NumPy keeps a dtype that is equal, such as "<f4" by name; `view` does not.
        a.hold(x.view(np.float32), b"f", 4)
    return a


cdef object narrowed(object x, str name):
    """An array of wider numbers as float32. Raises: ValueError if it does not hold one of them."""
    try:
        with np.errstate(over="raise"):
            return np.array(x, np.float32, order="C")
    except FloatingPointError as error:
        raise ValueError(f"{name} has values too large for float32") from error


@cython.final
cdef class FloatRows:
    """float32 (rows, columns) in place, the rows any distance apart; anything else is converted."""

    cdef Array whole
    cdef Py_buffer view
    cdef bint held
    cdef const float* values
    cdef Py_ssize_t rows, columns, stride

    def __cinit__(self, x, str name):
        if PyObject_CheckBuffer(x) and self.holds(x):
            self.values, self.stride = <const float*>self.view.buf, self.view.strides[0] // 4
            self.rows, self.columns = self.view.shape[0], self.view.shape[1]
            return
        self.whole = floats(x, name).expect(ANY, ANY)
        self.values = <const float*>self.whole.view.buf
        self.rows, self.columns = self.whole.view.shape[0], self.whole.view.shape[1]
        self.stride = self.columns

    cdef bint holds(self, object x) except -1:
        """Takes hold of `x` if it is good as it is."""
        try:
            PyObject_GetBuffer(x, &self.view, PyBUF_STRIDES | PyBUF_FORMAT)
        except (ValueError, TypeError, BufferError):
            return False
        cdef Py_buffer* v = &self.view
        if is_coherent(v) and v.ndim == 2 and v.strides != NULL and v.itemsize == 4 \
                and v.format[0] == b"f" and v.format[1] == 0 and <uintptr_t>v.buf % 4 == 0 \
                and v.strides[0] % 4 == 0 and (v.strides[1] == 4 or v.shape[1] == 1):
            self.held = True
            return True
        PyBuffer_Release(v)
        return False

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef Array bools(object x, str name):
    """bool, and nothing else; any byte but 0 is True."""
    cdef Array a = Array.__new__(Array)
    a.name, a.kind = name, "bool"
    if not a.holds(x, b"?", 1):
        a.hold(np.array(as_numpy(x, name, "bool", "b"), order="C"), b"?", 1)
    return a


cdef Array integers(object x, str name):
    """int64; other integers are converted."""
    cdef Array a = Array.__new__(Array)
    a.name, a.kind = name, "int64"
    if not a.holds(x, b"lq", 8):
        x = as_numpy(x, name, "int64", "iu")
        if x.dtype.kind == "u" and x.size and x.max() > 2**63 - 1:
            raise ValueError(f"{name} must be int64, got {x.max()}")
        a.hold(np.array(x, np.int64, order="C").view(np.int64), b"lq", 8)
    return a


cdef const char* NUMBERS = b"?bBhHiIlLqQefd"


cdef Array items(object x, str name):
    """Numbers of any dtype of 1, 2, 4 or 8 bytes, as they are: `view.itemsize`, `dtype_of(...)`."""
    cdef Array a = Array.__new__(Array)
    a.name = name
    if not a.holds(x, NUMBERS):
        x = as_numpy(x, name, "an array of numbers of 1, 2, 4 or 8 bytes", "biuf")
        if x.itemsize > 8:
            raise TypeError(f"{name} must be of 1, 2, 4 or 8 bytes a number, got {x.dtype}")
        x = np.require(x, x.dtype.newbyteorder("="), ["C", "ALIGNED"])
        a.hold(x, NUMBERS)
    return a


cdef object dtype_of(Array a):
    return np.dtype((<bytes>a.view.format).decode())


cdef int64_t a_size(object n, str name) except -1:
    cdef int64_t size = n
    if size < 0:
        raise ValueError(f"{name} must be at least 0, got {n}")
    return size


cdef const void* values_of(Array a) noexcept:
    """The values of an array that may be None."""
    if a is None:
        return NULL
    return a.view.buf


cdef object _empty = np.empty
cdef object _float32 = np.dtype(np.float32), _int64 = np.dtype(np.int64)


cdef enum:
    LINE = 16  # floats of a cache line
    LARGE = 1 << 14


cdef object new_floats(tuple shape):
    """A new array. A large one begins where a cache line does: else each vector is in two of them."""
    cdef Py_ssize_t n = 1, size
    for size in shape:
        n *= size
    if n < LARGE:
        return _empty(shape, _float32)
    room = _empty(n + LINE, _float32)
    cdef Py_ssize_t first = (-<Py_ssize_t><uintptr_t>writable(room) & 63) // 4
    return room[first : first + n].reshape(shape)


cdef object room_for(object out, tuple shape):
    """`out`, to write floats of this shape into, or a new array for None."""
    if out is None:
        return new_floats(shape)
    cdef Array a = Array.__new__(Array)
    if not a.holds(out, b"f", 4) or a.shape() != shape or a.view.readonly:
        raise ValueError(f"out must be a writable, C-contiguous float32 array {shape}, got {out!r:.60}")
    return out


cdef void* writable(object fresh) except? NULL:
    """The values of a new C-contiguous array of our own, which must outlive the pointer."""
    cdef Py_buffer view
    PyObject_GetBuffer(fresh, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef void* values = view.buf
    PyBuffer_Release(&view)
    return values


cdef int thread_count(object num_threads) except -1:
    """0, which means the default to C, for None."""
    if num_threads is None:
        return 0
    cdef int n = num_threads
    if n < 1:
        raise ValueError(f"num_threads must be at least 1 or None, got {n}")
    return n


cdef int id_in(dict ids, object name) except -1:
    """The number that C has for a name."""
    cdef object found = ids.get(name)
    if found is None:
        raise ValueError(f"name must be one of {', '.join(ids)}, got {name!r}")
    return found
