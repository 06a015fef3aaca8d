"""The C API of maskseq for Cython: `from maskseq cimport maskseq_import, msq_rnn_f32, ...`.

Compile with include_dirs=[maskseq.get_include()] and call maskseq_import() before anything else.
include/maskseq.h says what each function does. Nothing here but `cdef extern`: Cython compares the
signatures of cdef functions when a module is imported, but those of C as little as C does.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

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

    enum msq_norm:
        MSQ_NORM_LAYER
        MSQ_NORM_RMS
        MSQ_NORM_SCALED
        MSQ_NORM_UNIT
        MSQ_NORMS
    int msq_normalize_f32(float* y, const float* x, const float* gamma, const float* beta,
                          int64_t rows, int64_t n, int norm, double epsilon, int num_threads)

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

    int msq_activation_backward_f32(float* dx, const float* d, const float* y, const float* x,
                                    int64_t n, int activation, int num_threads)
    int msq_normalize_backward_f32(float* dx, float* products, const float* d, const float* x,
                                   const float* gamma, int64_t rows, int64_t n, int norm,
                                   double epsilon, int num_threads)

    ctypedef struct msq_outer:
        size_t size
        float* out
        const float* x
        const int64_t* index
        const float* dz
        int64_t x_rows
        int64_t rows
        int64_t inputs
        int64_t columns
        int64_t x_stride
        int64_t dz_stride
        int64_t out_stride
        bint accumulate
    int msq_outer_f32(const msq_outer* outer, int64_t* bad_position, int num_threads)
    int msq_column_sums_f32(float* out, const float* x, int64_t rows, int64_t columns,
                            int64_t stride, int num_threads)
    int msq_sum_segments_f32(float* out, const float* x, const int64_t* index,
                             const int64_t* offsets, int64_t segments, int64_t n, int64_t rows,
                             int64_t features, int num_threads)

    int msq_dense_backward_f32(float* d_x, float* d_kernel, float* d_bias, const float* dz,
                               const float* x, const float* kernel, int64_t rows, int64_t in_,
                               int64_t out, int num_threads)

    ctypedef struct msq_rnn_tape:
        pass
    int msq_rnn_taped_f32(msq_rnn_tape** tape, const msq_rnn* rnn, const msq_rnn_call* call,
                          int64_t* bad_position)
    void msq_rnn_tape_free(msq_rnn_tape* tape)
    ctypedef struct msq_rnn_gradients:
        size_t size
        const float* kernel
        const float* recurrent_kernel
        const float* d_h
        const float* d_c
        const float* d_sequences
        int64_t d_stride
        float* d_kernel
        float* d_recurrent_kernel
        float* d_bias
        float* d_x
        float* d_initial_h
        float* d_initial_c
        int num_threads
    int msq_rnn_backward_f32(msq_rnn_tape* tape, const msq_rnn_gradients* gradients)

    ctypedef struct msq_attention_dropout:
        size_t size
        const int64_t* sequences
        uint64_t key
        float rate
    int msq_attention_dropping_f32(const msq_attention* attention,
                                   const msq_attention_dropout* dropout, int num_threads)
    int msq_attention_backward_f32(const msq_attention* attention,
                                   const msq_attention_dropout* dropout, const float* d_out,
                                   float* dq, float* dk, float* dv, int num_threads)

    ctypedef struct msq_crf:
        size_t size
        const float* emissions
        const int64_t* path
        const int64_t* offsets
        const float* transitions
        const float* start
        const float* end
        int64_t batch
        int64_t rows
        int64_t tags
    int msq_crf_f32(const msq_crf* crf, float* losses, float* alphas, int num_threads)
    int msq_crf_backward_f32(const msq_crf* crf, const float* alphas, const float* d_losses,
                             float* d_emissions, float* d_transitions, float* d_start, float* d_end,
                             int num_threads)
    int msq_crf_decode_f32(const msq_crf* crf, int32_t* best, float* scores, int num_threads)
    ctypedef struct msq_ctc:
        size_t size
        const float* logits
        const int64_t* labels
        const int64_t* offsets
        const int64_t* label_offsets
        int64_t batch
        int64_t rows
        int64_t classes
        int64_t label_rows
        int64_t blank
    int msq_ctc_f32(const msq_ctc* ctc, float* losses, int num_threads)
    int msq_ctc_backward_f32(const msq_ctc* ctc, const float* d_losses, float* d_logits,
                             int num_threads)

    int msq_draws_f32(float* out, const int64_t* sequences, const int64_t* steps, int64_t rows,
                      int64_t features, uint64_t key, int num_threads)
    int msq_dropout_f32(float* out, const float* x, const int64_t* sequences, const int64_t* steps,
                        int64_t rows, int64_t features, uint64_t key, float rate, int num_threads)

    enum msq_rule:
        MSQ_STAY
        MSQ_SGD
        MSQ_MOMENTUM
        MSQ_NESTEROV
        MSQ_RMSPROP
        MSQ_RMSPROP_MOMENTUM
        MSQ_RMSPROP_CENTERED
        MSQ_RMSPROP_BOTH
        MSQ_ADAM
        MSQ_ADAM_LARGEST
        MSQ_ADAMAX
        MSQ_NADAM
        MSQ_ADAGRAD
        MSQ_ADADELTA
        MSQ_LION
        MSQ_RULES
    int msq_optimizer_f32(float* w, float* slot_0, float* slot_1, float* slot_2, const float* g,
                          int64_t n, int rule, const float* numbers, int count, int num_threads)
    # end of what is written
