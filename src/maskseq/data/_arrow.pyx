"""The structs of the Arrow C data interface, read and made without any Arrow library.

`open_column` gives the arrays an object exports through the PyCapsule protocol, `export_column`
makes the capsules of one of ours. What formats and buffers mean is said in arrow.py.
Source: arrow.apache.org/docs/format/CDataInterface.html (structs, ownership, release).
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport INT64_MAX, int32_t, int64_t
from libc.string cimport memcpy, memset

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
#
# A producer may be wrong, or lie. All that the structs themselves tell is checked here and in
# arrow.py: absent pointers, counts, lengths, formats. How long a buffer is they do not tell: a
# length that the memory behind it does not have cannot be found out.

cdef enum:
    MAX_DEPTH = 16  # arrays in arrays; a struct may also be its own child
    MAX_PAIRS = 1024  # of metadata, and the bytes of one key or value
    MAX_TEXT = 1 << 20


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
    cdef int depth

    cdef readonly str format
    cdef readonly str name
    cdef readonly int64_t length
    cdef readonly int64_t offset
    cdef readonly int64_t null_count
    cdef readonly int64_t children  # how many

    def child(self):
        """The only child."""
        if self.children != 1:
            raise malformed(f"{self.format} must have one child, got {self.children}")
        return self.field(0)

    def field(self, int64_t index):
        """One of the children."""
        if not 0 <= index < self.children:
            raise IndexError(f"{self.format!r} has {self.children} children, not {index + 1}")
        cdef const ArrowSchema* schema = self.schema.children[index]
        cdef const ArrowArray* array = NULL if self.array == NULL else self.array.children[index]
        if schema == NULL or (self.array != NULL and array == NULL):
            raise malformed(f"a child of {self.format!r} is NULL")
        return column(schema, array, self.owner, self.depth + 1)

    def buffer(self, int64_t index, Py_ssize_t size):
        """The first `size` bytes of a buffer, or None if it is absent."""
        if self.array == NULL or index < 0 or index >= self.array.n_buffers:
            return None
        if self.array.buffers[index] == NULL:
            return None
        cdef Memory memory = Memory()
        memory.start, memory.size, memory.owner = self.array.buffers[index], size, self.owner
        return memory

    def metadata(self):
        """What the schema says besides: dict of bytes to bytes."""
        cdef dict found = {}
        cdef const char* at
        if self.schema == NULL or self.schema.metadata == NULL:
            return found
        at = self.schema.metadata
        for _ in range(next_count(&at, MAX_PAIRS)):
            key = next_text(&at)
            found[key] = next_text(&at)
        return found


cdef object malformed(str what):
    return ValueError(f"Arrow data is malformed: {what}")


cdef int32_t next_count(const char** at, int32_t most) except -1:
    """An int32 of metadata, in 0..most."""
    cdef int32_t count
    memcpy(&count, at[0], sizeof(count))
    if not 0 <= count <= most:
        raise malformed(f"metadata with a count of {count}, expected 0 to {most}")
    at[0] += sizeof(count)
    return count


cdef bytes next_text(const char** at):
    cdef int32_t size = next_count(at, MAX_TEXT)
    cdef bytes text = at[0][:size]
    at[0] += size
    return text


cdef str decoded(const char* text):
    return text.decode("utf-8", "backslashreplace") if text != NULL else ""


cdef Column column(const ArrowSchema* schema, const ArrowArray* array, object owner, int depth=0):
    """The checked view of a schema and, unless it is NULL, an array."""
    cdef Column made = Column()
    if depth > MAX_DEPTH:
        raise malformed(f"arrays more than {MAX_DEPTH} deep in one another")
    if schema.format == NULL:
        raise malformed("a schema without a format")
    made.schema, made.array, made.owner, made.depth = schema, array, owner, depth
    made.format = decoded(schema.format) if schema.dictionary == NULL else "dictionary"
    made.name, made.children = decoded(schema.name), schema.n_children
    if schema.n_children < 0 or (schema.n_children > 0 and schema.children == NULL):
        raise malformed(f"{made.format!r} with {schema.n_children} children, which are not there")
    if array == NULL:
        return made
    made.length, made.offset, made.null_count = array.length, array.offset, array.null_count
    if array.length < 0 or array.offset < 0:
        raise malformed("negative length or offset")
    if array.length > INT64_MAX - 1 - array.offset:
        raise malformed(f"a length of {array.length} from {array.offset} on")
    if not -1 <= array.null_count <= array.length:
        raise malformed(f"{array.null_count} nulls of {array.length}")
    if array.n_children != schema.n_children:
        raise malformed(f"{made.format!r} has {schema.n_children} children in its schema, "
                        f"{array.n_children} in its array")
    if array.n_children > 0 and array.children == NULL:
        raise malformed(f"{made.format!r} with {array.n_children} children, which are not there")
    if array.n_buffers < 0 or (array.n_buffers > 0 and array.buffers == NULL):
        raise malformed(f"{made.format!r} with {array.n_buffers} buffers, which are not there")
    return made


def open_column(exporter):
    """The chunks, at least one, of what has __arrow_c_stream__ or __arrow_c_array__."""
    cdef const ArrowArray* array
    cdef const ArrowSchema* schema
    if hasattr(exporter, "__arrow_c_stream__"):
        return read_stream(exporter.__arrow_c_stream__())
    given = exporter.__arrow_c_array__()
    if not isinstance(given, tuple) or len(given) != 2:
        raise TypeError("__arrow_c_array__ must give a pair of capsules, a schema's and an "
                        f"array's, got {given!r:.60}")
    schema_capsule, array_capsule = given
    schema = <ArrowSchema*>PyCapsule_GetPointer(schema_capsule, "arrow_schema")
    array = <ArrowArray*>PyCapsule_GetPointer(array_capsule, "arrow_array")
    if schema.release == NULL or array.release == NULL:
        raise malformed(f"the {'array' if array.release == NULL else 'schema'} was released")
    # the capsules stay the owners: each releases its struct when the last view is gone
    return [column(schema, array, (schema_capsule, array_capsule))]


cdef list read_stream(object capsule):
    cdef ArrowArrayStream* stream = <ArrowArrayStream*>PyCapsule_GetPointer(
        capsule, "arrow_array_stream")
    cdef Taken first = Taken(), taken
    cdef list chunks = []
    cdef int status
    if stream.release == NULL:
        raise malformed("the stream was released")
    if stream.get_schema == NULL or stream.get_next == NULL:
        raise malformed("a stream without get_schema or get_next")
    with nogil:  # a producer may wait for threads that need the GIL
        status = stream.get_schema(stream, &first.schema)
    if status != 0:
        first.schema.release = NULL  # after an error there is nothing to release
        raise stream_error(stream, status)
    if first.schema.release == NULL:
        raise malformed("the stream gave a released schema")
    while True:
        PyErr_CheckSignals()  # a stream need not end
        taken = Taken()
        with nogil:
            status = stream.get_next(stream, &taken.array)
        if status != 0:
            taken.array.release = NULL
            raise stream_error(stream, status)
        if taken.array.release == NULL:
            break
        chunks.append(column(&first.schema, &taken.array, (first, taken)))
    return chunks or [column(&first.schema, NULL, first)]


cdef object stream_error(ArrowArrayStream* stream, int status):
    cdef const char* message = NULL
    if stream.get_last_error != NULL:
        message = stream.get_last_error(stream)
    return OSError(status, f"Arrow stream: {decoded(message) or 'error'}")


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
