# The façade of csrc/dispatch.c and csrc/parallel.c; part of _kernels.pyx: instruction sets, threads,
# the capsule of the C API, and Ctrl-C.

cdef extern from "Python.h":
    int PyErr_CheckSignals()  # Cython's own declaration raises on the spot
    unsigned long PyThread_get_thread_ident() nogil

cdef extern from "maskseq_api.h":
    const void* msq_get_api()

ISAS = tuple(
    msq_isa_name(i).decode() for i in range(8) if msq_isa_name(i) != NULL and msq_isa_supported(i)
)
openmp = bool(msq_has_openmp())


def isa() -> str:
    """The instruction set in use."""
    return msq_isa().decode()


def set_isa(name: str | None) -> None:
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


def default_threads() -> int:
    """Threads a kernel uses without `num_threads`: 1 in a forked child."""
    return msq_default_threads()


def set_threads(n: int | None) -> int | None:
    """Sets what `default_threads` is in this process, None = the budget. Returns the one before."""
    return msq_set_threads(thread_count(n)) or None


def set_own_threads(n: int | None) -> int | None:
    """The same for the calling thread alone; it goes before what the process has."""
    return msq_set_own_threads(thread_count(n)) or None


def thread_budget(cgroup_root: str | PathLike[str] = "/sys/fs/cgroup") -> int:
    """What `default_threads` would be, were the library loaded now (see msq_thread_budget)."""
    return msq_thread_budget(os.fsencode(cgroup_root))


def _check_budget():
    """C takes a MASKSEQ_NUM_THREADS that is no number as if it were not set."""
    text = os.environ.get("MASKSEQ_NUM_THREADS", "")
    digits = text.strip()
    if digits and not (digits.isascii() and digits.isdigit() and digits.strip("0")):
        raise ImportError(f"MASKSEQ_NUM_THREADS must be a number of threads, at least 1, got {text!r}")


_check_budget()
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
