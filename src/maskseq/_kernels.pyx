"""Façade of the C kernels: check, allocate, one call without the GIL. No algorithms.

Arrays may be anything NumPy can read as the right kind; what is not C-contiguous, aligned and native is copied.
`num_threads=None` is the default of maskseq.runtime. No result depends on it.
"""

import os
import threading
import weakref

import numpy as np

cimport cython
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport sqrt
from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.string cimport memset, strchr

from maskseq cimport *

cdef extern from "Python.h":
    int PyErr_CheckSignals()  # as it is: Cython's own declaration raises on the spot
    unsigned long PyThread_get_thread_ident() nogil

cdef extern from "maskseq_api.h":
    const void* msq_get_api()

cdef extern from "rnn/rnn.h":
    ctypedef struct msq_fold:
        pass

    int msq_fold_all(msq_fold** fold, const msq_rnn* rnn, const float* x, int64_t rows,
                     int num_threads) nogil
    double msq_fold_bytes(const msq_rnn* rnn, int64_t rows) nogil
    void msq_fold_free(msq_fold* fold) nogil

    ctypedef struct msq_rnn_run:
        const msq_rnn* rnn
        msq_rnn_call call
        int64_t steps
        const msq_fold* fold
        const int64_t* cells
        int64_t rows
        int64_t projected

    int msq_rnn_runs_f32(msq_rnn_run** runs, int count, int64_t* bad_position) nogil

cdef extern from "rows.h":
    void msq_fill_masked(void* out, const uint8_t* mask, const void* first, int64_t batch,
                         int64_t time, int64_t row_bytes, int carry, int num_threads) nogil

# --- the gate: every array of the user passes it on its way to C. Behind it, data is C-contiguous,
# aligned, native and held until the call is over. A good array costs one buffer request.

cdef enum:
    ANY = -1
    NO_AXIS = -2
    FEW = 63  # sequences whose offsets fit on the stack


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
        if f[0] != 0 and f[1] == 0 and strchr(formats, f[0]) != NULL \
                and (size == itemsize or itemsize == ANY) and <uintptr_t>self.view.buf % size == 0:
            self.held = True
            return True
        PyBuffer_Release(&self.view)
        return False

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
        try:
            with np.errstate(over="raise"):
                x = np.array(x, np.float32, order="C")
        except FloatingPointError as error:
            raise ValueError(f"{name} has values too large for float32") from error
        a.holds(x, b"f", 4)
    return a


cdef Array bools(object x, str name):
    """bool, and nothing else; any byte but 0 is True."""
    cdef Array a = Array.__new__(Array)
    a.name, a.kind = name, "bool"
    if not a.holds(x, b"?", 1):
        a.holds(np.array(as_numpy(x, name, "bool", "b"), order="C"), b"?", 1)
    return a


cdef Array integers(object x, str name):
    """int64; other integers are converted."""
    cdef Array a = Array.__new__(Array)
    a.name, a.kind = name, "int64"
    if not a.holds(x, b"lq", 8):
        x = as_numpy(x, name, "int64", "iu")
        if x.dtype.kind == "u" and x.size and x.max() > 2**63 - 1:
            raise ValueError(f"{name} must be int64, got {x.max()}")
        a.holds(np.array(x, np.int64, order="C"), b"lq", 8)
    return a


cdef const void* values_of(Array a) noexcept:
    """The values of an array that may be None."""
    if a is None:
        return NULL
    return a.view.buf


cdef object _empty = np.empty
cdef object _float32 = np.dtype(np.float32), _int64 = np.dtype(np.int64)


cdef object new_floats(tuple shape):
    return _empty(shape, _float32)


cdef object room_for(object out, tuple shape):
    """`out`, to write floats of this shape into, or a new array for None."""
    if out is None:
        return new_floats(shape)
    if not isinstance(out, np.ndarray) or out.dtype != np.float32 or out.shape != shape \
            or not out.flags.c_contiguous or not out.flags.writeable:
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


# --- runtime

ISAS = tuple(
    msq_isa_name(i).decode() for i in range(8) if msq_isa_name(i) != NULL and msq_isa_supported(i)
)
openmp = bool(msq_has_openmp())


def isa():
    """The instruction set in use."""
    return msq_isa().decode()


def set_isa(name):
    """Switches to the instruction set `name`, None = the strongest. Not while kernels run.

    Raises: ImportError if this build or CPU does not have it: at import, the name is MASKSEQ_ISA.
    """
    cdef bytes text = b"" if name is None else name.encode()
    cdef const char* chosen = NULL
    if name is not None:
        chosen = text
    cdef int status = msq_set_isa(chosen)
    if status == MSQ_UNKNOWN_NAME:
        known = ", ".join(msq_isa_name(i).decode() for i in range(8) if msq_isa_name(i) != NULL)
        raise ImportError(f"MASKSEQ_ISA must be one of {known}, got {name!r}")
    if status != MSQ_OK:
        raise ImportError(f"MASKSEQ_ISA must be one this CPU has, {', '.join(ISAS)}, got {name!r}")


def default_threads():
    """Threads a kernel uses when not told: 1 in a forked child."""
    return msq_default_threads()


def set_threads(n):
    """Sets what `default_threads` is in this process, None = the budget. Returns the one before."""
    return msq_set_threads(thread_count(n)) or None


def set_own_threads(n):
    """The same for the calling thread alone; it goes before what the process has."""
    return msq_set_own_threads(thread_count(n)) or None


def thread_budget(cgroup_root="/sys/fs/cgroup"):
    """What `default_threads` would be, were the library loaded now (see msq_thread_budget)."""
    return msq_thread_budget(os.fsencode(cgroup_root))


set_isa(os.environ.get("MASKSEQ_ISA") or None)
_C_API = PyCapsule_New(<void*>msq_get_api(), "maskseq._kernels._C_API", NULL)


# --- Ctrl-C: a long kernel asks `check_signals`; if a signal handler raised, it gives up


cdef int check_signals() noexcept nogil:
    """1 with the handler's exception set. Threads but the main one need not wait for the GIL."""
    return PyThread_get_thread_ident() == _main_thread and handle_signals() < 0


cdef int handle_signals() noexcept with gil:
    return PyErr_CheckSignals()


cdef unsigned long _main_thread = threading.main_thread().ident


def _after_fork():
    """The thread that forked is the main thread of the child."""
    global _main_thread
    _main_thread = threading.get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
msq_set_interrupt_check(check_signals)


cdef int raise_pending() except -1:
    """What a handler raised while a kernel ran: to be called at MSQ_INTERRUPTED."""
    return -1


# --- activations

ACTIVATIONS = tuple(
    msq_activation_name(i).decode() for i in range(64) if msq_activation_name(i) != NULL
)
cdef dict _ACTIVATION_IDS = {name: i for i, name in enumerate(ACTIVATIONS)}


cdef int activation_id(object name, str argument) except -1:
    cdef object found = _ACTIVATION_IDS.get(name)
    if found is None:
        raise ValueError(f"{argument} must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return found


def activation(x, name, *, num_threads=None):
    """x float32 of any shape, name one of ACTIVATIONS -> float32, same shape."""
    cdef int f = activation_id(name, "name")
    cdef Array a = floats(x, "x")
    cdef int threads = thread_count(num_threads)
    y = new_floats(a.shape())
    cdef float* out = <float*>writable(y)
    with nogil:
        msq_activation_f32(out, <const float*>a.view.buf, a.view.len // 4, f, threads)
    return y


include "facade/rows.pxi"
include "facade/dense.pxi"
include "facade/recurrent.pxi"
include "facade/attention.pxi"
