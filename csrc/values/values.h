/* Functions of each value, or of each row, for this package; those of the C API are in maskseq.h.
 * The same bits on every instruction set, for any number of threads and any neighbours. */
#ifndef MSQ_VALUES_H
#define MSQ_VALUES_H

#include "maskseq.h"

/* --- elementary functions (elementary.c): within 0.51 ulp for every float, special values as in
 * C's Annex F */

/* Names of the functions of one number and of two, as in NumPy; NULL past the last. The position is
 * the `function` argument. */
const char *msq_elementary_name(int function);
const char *msq_elementary_pair_name(int function);
/* y[i] = f(x[i]), n values; y may be x. */
void msq_elementary_f32(float *y, const float *x, int64_t n, int function, int num_threads);
/* z[i] = f(x[i], y[i]), n values; of an operand whose step is 0, not 1, there is one value for all.
 * z may be x or y. */
void msq_elementary_pair_f32(float *z, const float *x, int64_t x_step, const float *y,
                             int64_t y_step, int64_t n, int function, int num_threads);

/* --- activations with options (activation.c) */

enum { MSQ_MAX_OPTIONS = 3 };

/* Names, NULL past the last. The position is the `activation` argument. */
const char *msq_option_activation_name(int activation);
/* How many options it has. */
int msq_option_activation_count(int activation);
/* y[i] = activation(x[i], options), n values; y may be x. NaN gives NaN, except for "threshold",
 * which compares.
 *   leaky_relu(slope): x, and slope x below 0.     elu(alpha): x, and alpha (e^x - 1) below 0.
 *   celu(alpha): x, and alpha (e^(x / alpha) - 1) below 0.
 *   gelu_tanh(): 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
 *   squareplus(b): (x + sqrt(x^2 + b)) / 2.
 *   soft_shrink(t), hard_shrink(t): 0 up to |x| = t; beyond it, x nearer to 0 by t, and x.
 *   relu(slope, most, t): above t min(x, most), else slope (x - t).
 *   threshold(t, value): x above t, else value. */
void msq_option_activation_f32(float *y, const float *x, int64_t n, int activation,
                               const float *options, int num_threads);
/* msq_activation_backward_f32 of an activation with options. */
void msq_option_activation_back_f32(float *dx, const float *d, const float *y, const float *x,
                                    int64_t n, int activation, const float *options,
                                    int num_threads);
/* y = x, and alpha[i] x[r][i] below 0; x (rows, n), alpha (n); y may be x. */
void msq_prelu_f32(float *y, const float *x, const float *alpha, int64_t rows, int64_t n,
                   int num_threads);

/* y = x[r][0] sigmoid(x[r][1]) of rows, x (rows, 2, n), y (rows, n), y not x. And the gradient dx
 * of x from that d of y, which must not be dx. */
void msq_glu_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads);
void msq_glu_back_f32(float *dx, const float *d, const float *x, int64_t rows, int64_t n,
                      int num_threads);

/* --- the way back of a softmax and its logarithm (softmax.c), and sparsemax (sparsemax.c) */

/* dx = y (d - sum of d y) of each row, the gradient of x from that d of y = softmax(x); all (rows,
 * n), dx neither d nor y. */
void msq_softmax_back_f32(float *dx, const float *d, const float *y, int64_t rows, int64_t n,
                          int num_threads);

/* y = log(softmax(x)) of each row, x (rows, n), +inf as the largest float; all NaN if one x is NaN
 * or every x is -inf. y may be x. */
void msq_log_softmax_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads);
/* out[r] = log(sum of e^x) of each row. */
void msq_log_sum_exp_f32(float *out, const float *x, int64_t rows, int64_t n, int num_threads);
/* y = max(x - tau, 0) of each row, as Keras 3.15 has tau; all NaN if one x is NaN or the
 * largest is infinite. y is not x. */
void msq_sparsemax_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads);
/* The same on this thread. */
void msq_sparsemax_rows(float *y, const float *x, int64_t rows, int64_t n);

/* --- a step of an LSTM whose activation takes all units of a row at once (lstm.c) */

enum msq_of_rows { MSQ_OF_ROWS_SOFTMAX, MSQ_OF_ROWS_LOG_SOFTMAX, MSQ_OF_ROWS_SPARSEMAX };

/* From the state's product z and the input's, both (rows, 4 units) by i f c o, and the cells
 * `before`: the new h and c, (rows, units). gate: an activation of maskseq.h, activation: an
 * msq_of_rows. z and room (rows, units) are used up; no array is another. */
void msq_lstm_of_rows_f32(float *h, float *c, float *z, float *room, const float *of_input,
                          const float *before, int64_t rows, int64_t units, int gate,
                          int activation, int num_threads);

/* Softmax down time, feature by feature: y[r][f] = e^x[r][f] / the sum over the rows of its
 * sequence, offsets[b] to offsets[b + 1]; x and y (n, features), y may be x. The bits of
 * msq_masked_softmax_f32 for a row of the same values. MSQ_OUT_OF_RANGE: offsets are not in
 * [0, n], or not ascending. */
int msq_time_softmax_f32(float *y, const float *x, const int64_t *offsets, int64_t batch, int64_t n,
                         int64_t features, int num_threads);

/* --- pooling over time (pool.c) */

/* Windows over `time` cells: number w takes the cells from w * stride - before on, `size` of them,
 * but none outside of the sequence. */
typedef struct msq_pooled {
    int64_t time, count, size, stride, before;
} msq_pooled;

/* out[b][w] = the largest, or the mean, of the cells of window w of sequence b, feature by feature;
 * NaN if one is, and never a negative zero for the largest. x (rows, features): cell t of sequence
 * b is row b * time + t, or index[b * time + t], index (batch * time). MSQ_OUT_OF_RANGE: a row is
 * not in x, or a window has no cell. */
int msq_pool_windows_f32(float *out, const float *x, const int64_t *index, int64_t batch,
                         int64_t rows, int64_t features, const msq_pooled *windows, int takes_mean,
                         int num_threads);
/* out[b] of the rows offsets[b] to offsets[b + 1] of x (rows, features), 0 of none. */
int msq_pool_sequences_f32(float *out, const float *x, const int64_t *offsets, int64_t batch,
                           int64_t rows, int64_t features, int takes_mean, int num_threads);

/* --- reductions (reduce.c) */

enum msq_reduction {
    MSQ_REDUCE_SUM,
    MSQ_REDUCE_PRODUCT,
    MSQ_REDUCE_MEAN,
    MSQ_REDUCE_VARIANCE,
    MSQ_REDUCE_DEVIATION,
    MSQ_REDUCTIONS
};

/* out[o][i] of x[o][k][i] for k in [0, n), x (outer, n, inner): in float64, in a fixed order,
 * rounded once. Of no values, a sum is 0, a product 1, the others are NaN. */
void msq_reduce_f32(float *out, const float *x, int64_t outer, int64_t n, int64_t inner,
                    enum msq_reduction reduction, int num_threads);

/* --- normalisation of rows (normalize.c) */

/* y = (x - mean) * scale + offset, each step rounded; x (rows, n). Of mean, scale and offset there
 * is a row of n for every `repeats` rows of x; mean may be NULL, for 0. y may be x. */
void msq_scale_f32(float *y, const float *x, const float *mean, const float *scale,
                   const float *offset, int64_t rows, int64_t n, int64_t repeats, int num_threads);

/* Sequences of `time` cells of `features` in `groups`. Without offsets (NULL) sequence b has the
 * rows from b * time on, and no pads. With them it has the real rows offsets[b] to offsets[b + 1],
 * in the cells from starts[b] on (NULL: 0), and its other cells show the pad row, which comes after
 * all real rows: one, or as many as there are sequences. */
typedef struct msq_groups {
    int64_t time, features, groups;
    double epsilon;
    const float *gamma, *beta; /* features each, or NULL */
    const int64_t *offsets, *starts;
    int64_t pads;
} msq_groups;

/* y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance those of a group of
 * features over all cells of its sequence; x (rows, features). With offsets y has a pad row for
 * each sequence. y is not x. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: the offsets are not those of all real
 * rows, or a sequence has more than `time`. */
int msq_normalize_groups_f32(float *y, const float *x, int64_t rows, int64_t batch,
                             const msq_groups *groups, int num_threads);

/* --- additive attention (additive.c) */

/* scores[i][j] = sum over d of scale[d] tanh(factor (q[i][d] + k[j][d])), q (queries, dim), k
 * (keys, dim), scale (dim) or NULL for 1. */
void msq_additive_scores_f32(float *scores, const float *q, const float *k, const float *scale,
                             int64_t queries, int64_t keys, int64_t dim, float factor,
                             int num_threads);

#endif
