/* The C API of maskseq: float32 kernels for sequences of different lengths.
 *
 * Every function is thread-safe and reads only what its comment says. Sizes are int64_t; arrays are
 * C-contiguous unless a stride is named. `num_threads` <= 0 means the default
 * (msq_default_threads). A result has the same bits for any number of threads, any neighbours in
 * the batch and any instruction set. Functions that can fail return a status: MSQ_OK or one of the
 * errors below. Sizes, numbers of choices, indices and offsets are checked: a size below 0 is
 * MSQ_OUT_OF_RANGE, or, where no status is returned, nothing is done. That pointers point to as
 * much memory as is said is up to the caller; to functions since 1.2, an array that is NULL though
 * it has values is MSQ_OUT_OF_RANGE too. If other threads change offsets or indices during a call,
 * it can give wrong rows, but makes no access outside of the arrays.
 *
 * What training needs beside is in maskseq_training.h, which this file includes. An extension
 * module of Python includes maskseq_capi.h instead, which says how. csrc/headers.py copies what is
 * declared in both into that file, into the table (maskseq_api.h), its values (csrc/api.c) and the
 * declarations for Cython (__init__.pxd). A function joins the table in version 1.0, or in the one
 * that its comment names ("Since 1.1."). Those of a section whose title says so are left out of the
 * table. */
#ifndef MASKSEQ_H
#define MASKSEQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum msq_status {
    MSQ_OK = 0,
    MSQ_NO_MEMORY = 1,
    MSQ_UNKNOWN_NAME = 2,
    MSQ_UNSUPPORTED = 3,
    MSQ_OUT_OF_RANGE = 4,
    MSQ_BAD_OFFSETS = 5,
    MSQ_INTERRUPTED = 6 /* see msq_set_interrupt_check; the outputs are of no use */
};

/* --- runtime (dispatch.c, parallel.c) */

/* The instruction set in use. Starts as the weakest ("generic"). */
const char *msq_isa(void);
/* What kernels use when num_threads <= 0: 1 in a forked child, else the calling thread's own
 * number, else the process's, else the budget when the library was loaded. */
int msq_default_threads(void);
/* 1 if built with OpenMP; otherwise every kernel runs on the calling thread. */
int msq_has_openmp(void);

/* --- settings of the process: left out of the table (dispatch.c, parallel.c, budget.c) */

/* Names of the instruction sets this build has, weakest first; NULL past the last. */
const char *msq_isa_name(int i);
/* 1 if this CPU and operating system can run it. */
int msq_isa_supported(int i);
/* Chooses one by name, NULL = the strongest supported. MSQ_UNKNOWN_NAME, MSQ_UNSUPPORTED. Not while
 * kernels run. */
int msq_set_isa(const char *name);

/* MASKSEQ_NUM_THREADS, else OMP_NUM_THREADS, else the smaller of CPU affinity and the cgroup's
 * quota; at least 1. `cgroup_root` is where cgroups are mounted, NULL = /sys/fs/cgroup. Reads the
 * environment and files on every call. */
int msq_thread_budget(const char *cgroup_root);
/* Sets the process's number, or that of the calling thread alone; 0 = none. Returns the one
 * before. */
int msq_set_threads(int n);
int msq_set_own_threads(int n);
/* `check` is called on the calling thread of a long call, about every 50 ms; if it returns not 0,
 * the call soon returns MSQ_INTERRUPTED. NULL, as at the start: calls run to their end. For the
 * whole process; Python's modules use it for Ctrl-C. */
void msq_set_interrupt_check(int (*check)(void));

/* --- activations (values/activation.c) */

/* The usual values of an `activation` argument. */
enum msq_activation { MSQ_LINEAR, MSQ_RELU, MSQ_SIGMOID, MSQ_TANH, MSQ_EXPONENTIAL };

/* Names of all elementwise activations, as in Keras; NULL past the last. The position is the
 * `activation` argument; it never changes. */
const char *msq_activation_name(int activation);
/* y[i] = activation(x[i]), n values; y may be x. NaN gives NaN. exp, tanh and sigmoid are within 2
 * ulp. MSQ_OUT_OF_RANGE: no such activation. */
int msq_activation_f32(float *y, const float *x, int64_t n, int activation, int num_threads);

/* --- masks (mask.c): 1 = a real step, 0 = a masked one; where read, any byte but 0 is real */

/* mask[i] = ids[i] != 0, n of item_size bytes each: integers (is_float 0, 1 to 8 bytes) or IEEE
 * floats (is_float 1, 2 to 8 bytes; -0.0 is 0, NaN is not). MSQ_UNSUPPORTED: another item_size. */
int msq_mask_from_ids(uint8_t *mask, const void *ids, int64_t n, int item_size, int is_float,
                      int num_threads);
/* mask[i] = any(x[i] != mask_value), x (n, features). NaN differs from everything. */
void msq_mask_from_values_f32(uint8_t *mask, const float *x, float mask_value, int64_t n,
                              int64_t features, int num_threads);
/* mask (batch, time): the first lengths[b] steps of row b are real, or the last ones if `pre`.
 * MSQ_OUT_OF_RANGE: a length outside [0, time]; *bad_position is the first. */
int msq_mask_from_lengths(uint8_t *mask, const int64_t *lengths, int64_t batch, int64_t time,
                          int pre, int64_t *bad_position);

/* --- rows and layout (rows.c): the packed form of a batch; a row is row_bytes of any type */

/* offsets (batch + 1): offsets[b] real steps come before sequence b of mask (batch, time). Returns
 * their total, offsets[batch]. */
int64_t msq_layout_offsets(int64_t *offsets, const uint8_t *mask, int64_t batch, int64_t time);
/* cells (n): where the n real steps are among the num_cells = batch * time of the mask, ascending.
 */
void msq_layout_cells(int64_t *cells, const uint8_t *mask, int64_t n, int64_t num_cells);
/* out[i] = x[index[i]], out (n rows), x (num_rows rows); out overlaps neither x nor index.
 * MSQ_OUT_OF_RANGE: an index outside [0, num_rows); *bad_position is the first, whatever the number
 * of threads, and `out` holds nothing of use. */
int msq_gather_rows(void *out, const void *x, const int64_t *index, int64_t n, int64_t num_rows,
                    int64_t row_bytes, int64_t *bad_position, int num_threads);
/* out (batch * time rows): cell cells[i] shows values[i], values (n + 1 rows). A masked cell shows
 * the pad row values[n], or, if `carry` is 1, the row of the real step before it in its sequence
 * (the pad row before the first). If `carry` is MSQ_OWN_PAD_ROWS, values are (n + batch rows) and
 * masked cells of sequence b show values[n + b]. Every cell is written once; out overlaps no input.
 * MSQ_OUT_OF_RANGE: offsets (batch + 1) leave [0, n], or cells (n) do not ascend inside the part of
 * their sequence; *bad_sequence is the first such, and `out` holds nothing of use. */
enum { MSQ_OWN_PAD_ROWS = 2 };
int msq_scatter_rows(void *out, const void *values, const int64_t *offsets, const int64_t *cells,
                     int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int carry,
                     int64_t *bad_sequence, int num_threads);

/* out (batch, time rows): sequence b is rows offsets[b] to offsets[b + 1] of values (n rows),
 * without its first rows (`cut_before`) or its last ones if it is longer than `time`, and with
 * `pad` (1 row) before it (`pad_before`) or after it if it is shorter. Any type; out overlaps no
 * input. Before anything is written, MSQ_BAD_OFFSETS: offsets[*bad_position] (of batch + 1) falls,
 * or leaves [0, n]. */
int msq_pad_rows(void *out, const void *values, const void *pad, const int64_t *offsets,
                 int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int pad_before,
                 int cut_before, int64_t *bad_position, int num_threads);

/* --- sums over time (values/sums.c) */

/* out (batch, features): the rows [offsets[b], offsets[b + 1]) of x (n, features) added, ascending,
 * from 0. MSQ_OUT_OF_RANGE: offsets fall or leave [0, n]. Since 1.1. */
int msq_sum_rows_f32(float *out, const float *x, const int64_t *offsets, int64_t batch, int64_t n,
                     int64_t features, int num_threads);

/* --- softmax (values/softmax.c) */

/* y = e^(x - max) / sum over the real values of each row; masked y is 0, and so is a row without
 * real values. x, y (rows, n), y may be x. mask (rows / rows_per_mask, n): row r has mask row
 * r / rows_per_mask; NULL = all real. Masked x may hold anything, even NaN; NaN in a real value
 * makes its row NaN. +inf counts as the largest float; a row of only -inf is 0. The bits of a row
 * depend on its real values alone, not on where masked ones lie between them. Does not allocate. */
void msq_masked_softmax_f32(float *y, const float *x, const uint8_t *mask, int64_t rows, int64_t n,
                            int64_t rows_per_mask, int num_threads);

/* --- normalization of rows (values/normalize.c) */

/* Of each row of x (rows, n): LAYER (x - mean) / sqrt(variance + epsilon); RMS x / sqrt(mean of x^2
 * + epsilon); SCALED x / sqrt(variance + epsilon); UNIT x over sqrt(sum of x^2), or over epsilon if
 * that is more. Then times gamma (n), plus beta (n), each NULL for none. Mean and variance are
 * computed in float64. y may be x. MSQ_OUT_OF_RANGE: no such norm. Since 1.2. */
enum msq_norm { MSQ_NORM_LAYER, MSQ_NORM_RMS, MSQ_NORM_SCALED, MSQ_NORM_UNIT, MSQ_NORMS };
int msq_normalize_f32(float *y, const float *x, const float *gamma, const float *beta, int64_t rows,
                      int64_t n, int norm, double epsilon, int num_threads);

/* --- dense (gemm.c) */

/* Weights in the order the kernels read them, for the ISA in use when they were packed. Read only:
 * any number of threads may use one. */
typedef struct msq_dense msq_dense;

/* kernel (in, out), bias (out) or NULL; both are copied. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: in or out
 * is less than 1. */
int msq_dense_pack(msq_dense **dense, const float *kernel, const float *bias, int64_t in,
                   int64_t out);
void msq_dense_free(msq_dense *dense);

/* y = activation(x w + b). y (rows, out), x (rows, in); y may not be x. MSQ_OUT_OF_RANGE: no such
 * activation; MSQ_INTERRUPTED. */
int msq_dense_f32(float *y, const float *x, const msq_dense *dense, int64_t rows, int activation,
                  int num_threads);

/* --- recurrent layers (rnn/rnn.c) */

/* Gates and bias as in Keras: MSQ_LSTM i f c o, bias (4 units); MSQ_GRU z r h with reset_after,
 * bias (2, 3 units); MSQ_GRU_RESET_BEFORE bias (3 units); MSQ_SIMPLE_RNN bias (units). */
enum msq_rnn_kind { MSQ_LSTM, MSQ_GRU, MSQ_GRU_RESET_BEFORE, MSQ_SIMPLE_RNN, MSQ_RNN_KINDS };

/* Packed weights, as msq_dense. */
typedef struct msq_rnn msq_rnn;

/* The arrays are copied. kernel (features, gates * units), recurrent_kernel (units, gates * units);
 * bias may be NULL. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: no such kind or activation, or features or
 * units less than 1. */
int msq_rnn_pack(msq_rnn **rnn, int kind, const float *kernel, const float *recurrent_kernel,
                 const float *bias, int64_t features, int64_t units, int activation,
                 int recurrent_activation);
void msq_rnn_free(msq_rnn *rnn);

/* A batch of sequences: steps offsets[b] to offsets[b + 1] are sequence b. Step j reads row
 * index[j] of x, or row j if index is NULL. */
typedef struct msq_rnn_call {
    size_t size;          /* sizeof(msq_rnn_call): which fields there are */
    const float *x;       /* (x_rows, features) */
    const int64_t *index; /* each in [0, x_rows), or NULL */
    int64_t x_rows;
    const int64_t *offsets; /* batch + 1, from 0 on, never falling */
    int64_t batch;
    const float *initial_h, *initial_c; /* (batch, units); NULL = zeros */
    float *h, *c; /* (batch, units): the last states; of a sequence without steps, the initial ones.
                     c is for MSQ_LSTM only, and may be NULL */
    float *sequences;        /* the state h after step j in row j, or NULL */
    int64_t sequence_stride; /* from row to row, in floats */
    int reverse;             /* 1: each sequence from its last step to its first */
    int num_threads;
} msq_rnn_call;

/* Runs the layer. Masked steps are not in the arrays: that is the whole masking rule. Before
 * anything is written: MSQ_UNSUPPORTED: an unknown size; MSQ_NO_MEMORY; MSQ_BAD_OFFSETS:
 * offsets[*bad_position] is not 0 for the first, or falls; MSQ_OUT_OF_RANGE: index[*bad_position],
 * or without index offsets[*bad_position], leaves x. Later: MSQ_INTERRUPTED. */
int msq_rnn_f32(const msq_rnn *rnn, const msq_rnn_call *call, int64_t *bad_position);

/* --- attention (attention/attention.c) */

/* Sequence b has the query rows [query_offsets[b], query_offsets[b + 1]) and likewise its keys.
 * Head h of a query attends to head h / (heads / kv_heads) of the keys. */
typedef struct msq_attention {
    size_t size;                  /* sizeof(msq_attention): which fields there are */
    float *out;                   /* (query_rows, heads, value_dim) */
    float *scores;                /* (batch, heads, query_time, key_time) or NULL: the weights; only
                                     cells of real queries and visible keys are written */
    const float *q, *k, *v;       /* (query_rows, heads, key_dim), (key_rows, kv_heads, key_dim),
                                     (key_rows, kv_heads, value_dim) */
    const int64_t *query_offsets; /* (batch + 1), and the same for keys */
    const int64_t *key_offsets;
    const int64_t *query_steps; /* (query_rows): the time step of each row, ascending in a */
    const int64_t *key_steps;   /* sequence; (key_rows); NULL = 0, 1, 2... in each */
    const uint8_t *mask;        /* (batch, mask_heads, query_time, key_time) or NULL; 1 = attend */
    int64_t batch, query_rows, key_rows, heads, kv_heads, key_dim, value_dim;
    int64_t mask_heads;           /* 1 or heads */
    int64_t query_time, key_time; /* read only with a mask or scores */
    float scale;                  /* of the products of q and k */
    int causal;                   /* 1: attend to no key of a later step */
} msq_attention;

/* out = softmax(scale q k^T) v over the keys each query may attend to; 0 if there are none. A key
 * it may not attend to, or one so far below the best that e^(score - best) is 0, contributes
 * nothing, whatever it holds. Allocates for each thread (key_dim + value_dim + 33) floats per
 * key of the longest sequence, and copies offsets and steps. MSQ_UNSUPPORTED: an unknown size;
 * MSQ_NO_MEMORY; MSQ_INTERRUPTED. MSQ_OUT_OF_RANGE: heads no multiple of kv_heads, another size out
 * of range, or offsets or steps that do not ascend or leave their range. */
int msq_attention_f32(const msq_attention *attention, int num_threads);

#ifdef __cplusplus
}
#endif

#include "maskseq_training.h"

#endif
