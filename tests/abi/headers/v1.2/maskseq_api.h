/* The table through which other modules reach the kernels of an installed maskseq. Plain C.
 *
 * Promise: members are only appended, and what maskseq.h declares is never changed, as long as the
 * major version is the same. A new member raises the minor version. */
#ifndef MASKSEQ_API_H
#define MASKSEQ_API_H

#include "maskseq.h"

#ifdef __cplusplus
extern "C" {
#endif

/* version: written by csrc/headers.py */
enum { MSQ_ABI_MAJOR = 1, MSQ_ABI_MINOR = 2 };
/* end of what is written */

/* Bits of `features`. */
enum msq_feature {
    MSQ_FEATURE_KERNELS = 1, /* everything in the table of version 1.0 */
    MSQ_FEATURE_THREADS = 2  /* built with OpenMP: num_threads has an effect */
};

typedef struct msq_api {
    uint32_t abi_major, abi_minor;
    size_t struct_size; /* of the library's table */
    uint64_t features;

    /* members: written by csrc/headers.py */
    /* version 1.0 */
    const char *(*isa)(void);
    int (*default_threads)(void);
    int (*has_openmp)(void);
    const char *(*activation_name)(int activation);
    int (*activation_f32)(float *y, const float *x, int64_t n, int activation, int num_threads);
    int (*mask_from_ids)(uint8_t *mask, const void *ids, int64_t n, int item_size, int is_float,
                         int num_threads);
    void (*mask_from_values_f32)(uint8_t *mask, const float *x, float mask_value, int64_t n,
                                 int64_t features, int num_threads);
    int (*mask_from_lengths)(uint8_t *mask, const int64_t *lengths, int64_t batch, int64_t time,
                             int pre, int64_t *bad_position);
    int64_t (*layout_offsets)(int64_t *offsets, const uint8_t *mask, int64_t batch, int64_t time);
    void (*layout_cells)(int64_t *cells, const uint8_t *mask, int64_t n, int64_t num_cells);
    int (*gather_rows)(void *out, const void *x, const int64_t *index, int64_t n, int64_t num_rows,
                       int64_t row_bytes, int64_t *bad_position, int num_threads);
    int (*scatter_rows)(void *out, const void *values, const int64_t *offsets, const int64_t *cells,
                        int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int carry,
                        int64_t *bad_sequence, int num_threads);
    int (*pad_rows)(void *out, const void *values, const void *pad, const int64_t *offsets,
                    int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int pad_before,
                    int cut_before, int64_t *bad_position, int num_threads);
    void (*masked_softmax_f32)(float *y, const float *x, const uint8_t *mask, int64_t rows,
                               int64_t n, int64_t rows_per_mask, int num_threads);
    int (*dense_pack)(msq_dense **dense, const float *kernel, const float *bias, int64_t in,
                      int64_t out);
    void (*dense_free)(msq_dense *dense);
    int (*dense_f32)(float *y, const float *x, const msq_dense *dense, int64_t rows, int activation,
                     int num_threads);
    int (*rnn_pack)(msq_rnn **rnn, int kind, const float *kernel, const float *recurrent_kernel,
                    const float *bias, int64_t features, int64_t units, int activation,
                    int recurrent_activation);
    void (*rnn_free)(msq_rnn *rnn);
    int (*rnn_f32)(const msq_rnn *rnn, const msq_rnn_call *call, int64_t *bad_position);
    int (*attention_f32)(const msq_attention *attention, int num_threads);

    /* version 1.1 */
    int (*sum_rows_f32)(float *out, const float *x, const int64_t *offsets, int64_t batch,
                        int64_t n, int64_t features, int num_threads);

    /* version 1.2 */
    int (*normalize_f32)(float *y, const float *x, const float *gamma, const float *beta,
                         int64_t rows, int64_t n, int norm, double epsilon, int num_threads);
    int (*activation_backward_f32)(float *dx, const float *d, const float *y, const float *x,
                                   int64_t n, int activation, int num_threads);
    int (*normalize_backward_f32)(float *dx, float *products, const float *d, const float *x,
                                  const float *gamma, int64_t rows, int64_t n, int norm,
                                  double epsilon, int num_threads);
    int (*outer_f32)(const msq_outer *outer, int64_t *bad_position, int num_threads);
    int (*column_sums_f32)(float *out, const float *x, int64_t rows, int64_t columns,
                           int64_t stride, int num_threads);
    int (*sum_segments_f32)(float *out, const float *x, const int64_t *index,
                            const int64_t *offsets, int64_t segments, int64_t n, int64_t rows,
                            int64_t features, int num_threads);
    int (*dense_backward_f32)(float *d_x, float *d_kernel, float *d_bias, const float *dz,
                              const float *x, const float *kernel, int64_t rows, int64_t in,
                              int64_t out, int num_threads);
    int (*rnn_taped_f32)(msq_rnn_tape **tape, const msq_rnn *rnn, const msq_rnn_call *call,
                         int64_t *bad_position);
    void (*rnn_tape_free)(msq_rnn_tape *tape);
    int (*rnn_backward_f32)(msq_rnn_tape *tape, const msq_rnn_gradients *gradients);
    int (*attention_dropping_f32)(const msq_attention *attention,
                                  const msq_attention_dropout *dropout, int num_threads);
    int (*attention_backward_f32)(const msq_attention *attention,
                                  const msq_attention_dropout *dropout, const float *d_out,
                                  float *dq, float *dk, float *dv, int num_threads);
    int (*draws_f32)(float *out, const int64_t *sequences, const int64_t *steps, int64_t rows,
                     int64_t features, uint64_t key, int num_threads);
    int (*dropout_f32)(float *out, const float *x, const int64_t *sequences, const int64_t *steps,
                       int64_t rows, int64_t features, uint64_t key, float rate, int num_threads);
    int (*optimizer_f32)(float *w, float *slot_0, float *slot_1, float *slot_2, const float *g,
                         int64_t n, int rule, const float *numbers, int count, int num_threads);
    /* end of what is written */
} msq_api;

/* The table of this library. */
const msq_api *msq_get_api(void);

#ifdef __cplusplus
}
#endif

#endif
