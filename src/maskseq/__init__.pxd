"""The C API of maskseq for Cython: `from maskseq cimport maskseq_import, msq_rnn_f32, ...`.

Compile with include_dirs=[maskseq.get_include()] and call maskseq_import() before anything else.
include/maskseq.h says what each function does. Nothing here but `cdef extern`: Cython compares the
signatures of cdef functions when a module is imported, but those of C as little as C does.
"""

from libc.stdint cimport int64_t, uint8_t

cdef extern from "maskseq_capi.h":
    int maskseq_import() except -1

cdef extern from "maskseq_capi.h" nogil:
    # declarations: written by csrc/headers.py
    enum msq_status:
        MSQ_OK
        MSQ_NO_MEMORY
        MSQ_UNKNOWN_NAME
        MSQ_UNSUPPORTED
        MSQ_OUT_OF_RANGE
        MSQ_BAD_OFFSETS
        MSQ_INTERRUPTED

    const char* msq_isa()
    int msq_default_threads()
    bint msq_has_openmp()

    const char* msq_isa_name(int i)
    bint msq_isa_supported(int i)
    int msq_set_isa(const char* name)
    int msq_thread_budget(const char* cgroup_root)
    int msq_set_threads(int n)
    int msq_set_own_threads(int n)
    void msq_set_interrupt_check(int (*check)() noexcept nogil)

    enum msq_activation:
        MSQ_LINEAR
        MSQ_RELU
        MSQ_SIGMOID
        MSQ_TANH
        MSQ_EXPONENTIAL
    const char* msq_activation_name(int activation)
    int msq_activation_f32(float* y, const float* x, int64_t n, int activation, int num_threads)

    int msq_mask_from_ids(uint8_t* mask, const void* ids, int64_t n, int item_size, int is_float,
                          int num_threads)
    void msq_mask_from_values_f32(uint8_t* mask, const float* x, float mask_value, int64_t n,
                                  int64_t features, int num_threads)
    int msq_mask_from_lengths(uint8_t* mask, const int64_t* lengths, int64_t batch, int64_t time,
                              int pre, int64_t* bad_position)

    int64_t msq_layout_offsets(int64_t* offsets, const uint8_t* mask, int64_t batch, int64_t time)
    void msq_layout_cells(int64_t* cells, const uint8_t* mask, int64_t n, int64_t num_cells)
    int msq_gather_rows(void* out, const void* x, const int64_t* index, int64_t n, int64_t num_rows,
                        int64_t row_bytes, int64_t* bad_position, int num_threads)
    enum:
        MSQ_OWN_PAD_ROWS
    int msq_scatter_rows(void* out, const void* values, const int64_t* offsets,
                         const int64_t* cells, int64_t batch, int64_t time, int64_t n,
                         int64_t row_bytes, int carry, int64_t* bad_sequence, int num_threads)
    int msq_pad_rows(void* out, const void* values, const void* pad, const int64_t* offsets,
                     int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int pad_before,
                     int cut_before, int64_t* bad_position, int num_threads)

    int msq_sum_rows_f32(float* out, const float* x, const int64_t* offsets, int64_t batch,
                         int64_t n, int64_t features, int num_threads)

    void msq_masked_softmax_f32(float* y, const float* x, const uint8_t* mask, int64_t rows,
                                int64_t n, int64_t rows_per_mask, int num_threads)

    ctypedef struct msq_dense:
        pass
    int msq_dense_pack(msq_dense** dense, const float* kernel, const float* bias, int64_t in_,
                       int64_t out)
    void msq_dense_free(msq_dense* dense)
    int msq_dense_f32(float* y, const float* x, const msq_dense* dense, int64_t rows,
                      int activation, int num_threads)

    enum msq_rnn_kind:
        MSQ_LSTM
        MSQ_GRU
        MSQ_GRU_RESET_BEFORE
        MSQ_SIMPLE_RNN
        MSQ_RNN_KINDS
    ctypedef struct msq_rnn:
        pass
    int msq_rnn_pack(msq_rnn** rnn, int kind, const float* kernel, const float* recurrent_kernel,
                     const float* bias, int64_t features, int64_t units, int activation,
                     int recurrent_activation)
    void msq_rnn_free(msq_rnn* rnn)
    ctypedef struct msq_rnn_call:
        size_t size
        const float* x
        const int64_t* index
        int64_t x_rows
        const int64_t* offsets
        int64_t batch
        const float* initial_h
        const float* initial_c
        float* h
        float* c
        float* sequences
        int64_t sequence_stride
        bint reverse
        int num_threads
    int msq_rnn_f32(const msq_rnn* rnn, const msq_rnn_call* call, int64_t* bad_position)

    ctypedef struct msq_attention:
        size_t size
        float* out
        float* scores
        const float* q
        const float* k
        const float* v
        const int64_t* query_offsets
        const int64_t* key_offsets
        const int64_t* query_steps
        const int64_t* key_steps
        const uint8_t* mask
        int64_t batch
        int64_t query_rows
        int64_t key_rows
        int64_t heads
        int64_t kv_heads
        int64_t key_dim
        int64_t value_dim
        int64_t mask_heads
        int64_t query_time
        int64_t key_time
        float scale
        bint causal
    int msq_attention_f32(const msq_attention* attention, int num_threads)
    # end of what is written
