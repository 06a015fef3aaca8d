"""The structs of the Arrow C data interface, read and made without any Arrow library.

`open_column` gives the arrays an object exports through the PyCapsule protocol, `export_column`
makes the capsules of one of ours. What formats and buffers mean is said in arrow.py.
Source: arrow.apache.org/docs/format/CDataInterface.html (structs, ownership, release).
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t
from libc.string cimport memset

cdef struct ArrowSchema:
    const char* format
    const char* name
    const char* metadata
    int64_t flags
    int64_t n_children
    ArrowSchema** children
    ArrowSchema* dictionary
    void (*release)(ArrowSchema*) noexcept nogil
    void* private_data

cdef struct ArrowArray:
    int64_t length
    int64_t null_count
    int64_t offset
    int64_t n_buffers
    int64_t n_children
    const void** buffers
    ArrowArray** children
    ArrowArray* dictionary
    void (*release)(ArrowArray*) noexcept nogil
    void* private_data

cdef struct ArrowArrayStream:
    int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept nogil
    int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept nogil
    const char* (*get_last_error)(ArrowArrayStream*) noexcept nogil
    void (*release)(ArrowArrayStream*) noexcept nogil
    void* private_data


# --- reading


cdef class Taken:
    """A schema and an array that a stream gave us; released with the last view of them."""

    cdef ArrowSchema schema
    cdef ArrowArray array

    def __dealloc__(self):
        if self.schema.release != NULL:
            self.schema.release(&self.schema)
        if self.array.release != NULL:
            self.array.release(&self.array)


cdef class Memory:
    """Read-only bytes of an Arrow buffer, for np.frombuffer."""

    cdef const void* start
    cdef Py_ssize_t size
    cdef object owner

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, <void*>self.start, self.size, True, flags)


cdef class Column:
    """An array with its schema, or a child of one. length 0 and no buffers if there is no array."""

    cdef const ArrowSchema* schema
    cdef const ArrowArray* array
    cdef object owner  # whatever keeps both alive

    cdef readonly str format
    cdef readonly int64_t length
    cdef readonly int64_t offset
    cdef readonly int64_t null_count

    def child(self):
        """The only child."""
        if self.schema.n_children != 1 or (self.array != NULL and self.array.n_children != 1):
            raise ValueError(f"Arrow data is malformed: {self.format} must have one child")
        return column(self.schema.children[0], NULL if self.array == NULL else
                      self.array.children[0], self.owner)

    def buffer(self, int index, Py_ssize_t size):
        """The first `size` bytes of a buffer, or None if it is absent."""
        if self.array == NULL or index >= self.array.n_buffers:
            return None
        if self.array.buffers[index] == NULL:
            return None
        cdef Memory memory = Memory()
        memory.start, memory.size, memory.owner = self.array.buffers[index], size, self.owner
        return memory


cdef Column column(const ArrowSchema* schema, const ArrowArray* array, object owner):
    cdef Column made = Column()
    made.schema, made.array, made.owner = schema, array, owner
    made.format = schema.format.decode() if schema.dictionary == NULL else "dictionary"
    if array != NULL:
        made.length, made.offset, made.null_count = array.length, array.offset, array.null_count
        if array.length < 0 or array.offset < 0:
            raise ValueError("Arrow data is malformed: negative length or offset")
    return made


def open_column(exporter):
    """The chunks, at least one, of what has __arrow_c_stream__ or __arrow_c_array__."""
    cdef const ArrowArray* array
    if hasattr(exporter, "__arrow_c_stream__"):
        return read_stream(exporter.__arrow_c_stream__())
    capsules = exporter.__arrow_c_array__()
    array = <ArrowArray*>PyCapsule_GetPointer(capsules[1], "arrow_array")
    if array.release == NULL:
        raise ValueError("Arrow data is malformed: the array was released")
    # the capsules stay the owners: each releases its struct when the last view is gone
    return [column(<ArrowSchema*>PyCapsule_GetPointer(capsules[0], "arrow_schema"), array,
                   tuple(capsules))]


cdef list read_stream(object capsule):
    cdef ArrowArrayStream* stream = <ArrowArrayStream*>PyCapsule_GetPointer(
        capsule, "arrow_array_stream")
    cdef Taken first = Taken(), taken
    cdef list chunks = []
    cdef int status
    with nogil:  # a producer may wait for threads that need the GIL
        status = stream.get_schema(stream, &first.schema)
    check(stream, status)
    while True:
        taken = Taken()
        with nogil:
            status = stream.get_next(stream, &taken.array)
        check(stream, status)
        if taken.array.release == NULL:
            break
        chunks.append(column(&first.schema, &taken.array, (first, taken)))
    return chunks or [column(&first.schema, NULL, first)]


cdef int check(ArrowArrayStream* stream, int status) except -1:
    cdef const char* message
    if status != 0:
        message = stream.get_last_error(stream)
        raise OSError(status, f"Arrow stream: {message.decode() if message != NULL else 'error'}")
    return 0


# --- making


cdef class MadeSchema:
    """Holds one level of a schema we export, and the next level inside it."""

    cdef tuple level
    cdef ArrowSchema child
    cdef ArrowSchema* children[1]


cdef class MadeArray:
    """Holds one level of an array we export, and the next level inside it."""

    cdef tuple level
    cdef const void* buffers[2]
    cdef ArrowArray child
    cdef ArrowArray* children[1]


cdef void release_schema(ArrowSchema* schema) noexcept with gil:
    cdef MadeSchema made = <MadeSchema><object>schema.private_data
    if made.child.release != NULL:
        made.child.release(&made.child)
    schema.release = NULL
    Py_DECREF(made)


cdef void release_array(ArrowArray* array) noexcept with gil:
    cdef MadeArray made = <MadeArray><object>array.private_data
    if made.child.release != NULL:
        made.child.release(&made.child)
    array.release = NULL
    Py_DECREF(made)


cdef int fill_schema(ArrowSchema* schema, tuple level, const char* name) except -1:
    cdef MadeSchema made = MadeSchema()
    cdef bytes format = level[0]
    made.level, made.children[0] = level, &made.child
    if level[3] is not None:
        fill_schema(&made.child, level[3], b"item")
    memset(schema, 0, sizeof(ArrowSchema))
    schema.format, schema.name = format, name
    schema.n_children, schema.children = level[3] is not None, made.children
    schema.release, schema.private_data = release_schema, <PyObject*>made
    Py_INCREF(made)
    return 0


cdef int fill_array(ArrowArray* array, tuple level) except -1:
    cdef MadeArray made = MadeArray()
    cdef Py_ssize_t i, address
    made.level, made.children[0] = level, &made.child
    if level[3] is not None:
        fill_array(&made.child, level[3])
    memset(array, 0, sizeof(ArrowArray))
    array.n_buffers = 1
    if level[2] is not None:
        address = level[2].ctypes.data
        made.buffers[1], array.n_buffers = <const void*>address, 2
    array.length, array.buffers = level[1], made.buffers
    array.n_children, array.children = level[3] is not None, made.children
    array.release, array.private_data = release_array, <PyObject*>made
    Py_INCREF(made)
    return 0


cdef void drop_schema(object capsule) noexcept:
    cdef ArrowSchema* schema = <ArrowSchema*>PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    PyMem_RawFree(schema)


cdef void drop_array(object capsule) noexcept:
    cdef ArrowArray* array = <ArrowArray*>PyCapsule_GetPointer(capsule, "arrow_array")
    if array.release != NULL:
        array.release(array)
    PyMem_RawFree(array)


def export_column(tuple level not None):
    """The two capsules of an array without nulls, given level by level.

    level: (format bytes, length, data ndarray or None, child level or None); data is buffer 1.
    """
    cdef ArrowSchema* schema = <ArrowSchema*>PyMem_RawCalloc(1, sizeof(ArrowSchema))
    cdef ArrowArray* array = <ArrowArray*>PyMem_RawCalloc(1, sizeof(ArrowArray))
    if schema == NULL or array == NULL:
        PyMem_RawFree(schema)
        PyMem_RawFree(array)
        raise MemoryError
    schema_capsule = PyCapsule_New(schema, "arrow_schema", drop_schema)
    array_capsule = PyCapsule_New(array, "arrow_array", drop_array)
    fill_schema(schema, level, b"")
    fill_array(array, level)
    return schema_capsule, array_capsule
