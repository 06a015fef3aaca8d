"""The C API of maskseq (include/maskseq.h) for Cython."""

from libc.stdint cimport int64_t

cdef extern from "maskseq.h" nogil:
    enum:
        MSQ_OK
        MSQ_NO_MEMORY
        MSQ_UNKNOWN_NAME
        MSQ_UNSUPPORTED

    const char* msq_isa_name(int i)
    bint msq_isa_supported(int i)
    const char* msq_isa()
    int msq_set_isa(const char* name)
    int msq_thread_budget(const char* cgroup_root)
    int msq_default_threads()
    bint msq_has_openmp()

    const char* msq_activation_name(int activation)
    void msq_activation_f32(float* y, const float* x, int64_t n, int activation, int num_threads)
