/* The C API of maskseq for training: the ways back through what maskseq.h computes, losses, draws
 * and steps of optimizers. maskseq.h includes this file, and says what all functions have in
 * common. Each sum is made in one fixed order, so its bits are the same for any number of threads
 * and on every instruction set. A loss of one's own gives gradients of the outputs; from there, the
 * ways back are called in turn, from the last layer to the first. */
#ifndef MASKSEQ_TRAINING_H
#define MASKSEQ_TRAINING_H

#include "maskseq.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- gradients of values and of rows (values/activation.c, values/normalize.c) */

/* dx[i] = d[i] times the slope of y = activation(x) at i, from both; n values; dx may be d.
 * MSQ_OUT_OF_RANGE: no such activation. Since 1.2. */
int msq_activation_backward_f32(float *dx, const float *d, const float *y, const float *x,
                                int64_t n, int activation, int num_threads);
/* The gradient dx of x from that d of y, beta or none; products (rows, n), or NULL, is d times what
 * y would be without gamma and beta: its column sums are the gradient of gamma, those of d that of
 * beta. dx may be d if there are no products. MSQ_OUT_OF_RANGE: no such norm. Since 1.2. */
int msq_normalize_backward_f32(float *dx, float *products, const float *d, const float *x,
                               const float *gamma, int64_t rows, int64_t n, int norm,
                               double epsilon, int num_threads);

/* --- products and sums over rows (backward/) */

/* out = x^T dz, as the gradient of a kernel is: out[i][c] = sum over rows j of x[j][i] dz[j][c], in
 * chunks of 96 rows of dz, each summed from 0 and then added to what is there. */
typedef struct msq_outer {
    size_t size;          /* sizeof(msq_outer): which fields there are */
    float *out;           /* (inputs, columns), rows out_stride floats apart */
    const float *x;       /* (x_rows, inputs), rows x_stride apart */
    const int64_t *index; /* (rows): which row of x each row of dz meets, in [0, x_rows), or -1 for
                             none: that row adds nothing. NULL = 0, 1, 2... */
    const float *dz;      /* (rows, columns), rows dz_stride apart */
    int64_t x_rows, rows, inputs, columns;
    int64_t x_stride, dz_stride, out_stride;
    int accumulate; /* 1: `out` is added to, and not written anew */
} msq_outer;

/* MSQ_UNSUPPORTED: an unknown size; MSQ_OUT_OF_RANGE: another size below 0, rows of `out` that
 * overlap, or index[*bad_position], or without index row *bad_position, leaves x; MSQ_INTERRUPTED.
 * `out` then holds nothing of use. Since 1.2. */
int msq_outer_f32(const msq_outer *outer, int64_t *bad_position, int num_threads);
/* out[c] = sum over the rows of x (rows, columns), `stride` floats apart, as the gradient of a bias
 * is: in float64, blocks of 1,024 rows ascending and these added ascending, rounded once.
 * MSQ_NO_MEMORY. Since 1.2. */
int msq_column_sums_f32(float *out, const float *x, int64_t rows, int64_t columns, int64_t stride,
                        int num_threads);
/* out (segments, features): segment s is the sum of rows index[i] of x (rows, features) for i in
 * [offsets[s], offsets[s + 1]), ascending, in float64, rounded once; index has n values. The
 * gradient of a table of embeddings, one segment an id. MSQ_OUT_OF_RANGE: offsets that fall or
 * leave [0, n], or an index outside of x; `out` then holds nothing of use. Since 1.2. */
int msq_sum_segments_f32(float *out, const float *x, const int64_t *index, const int64_t *offsets,
                         int64_t segments, int64_t n, int64_t rows, int64_t features,
                         int num_threads);

/* --- gradients of dense layers (backward/dense.c) */

/* The gradients of y = x w + b from that dz of y (rows, out): d_x (rows, in) = dz w^T, d_kernel
 * (in, out) = x^T dz, d_bias (out) the column sums of dz; each NULL if it is not wanted. x (rows,
 * in) and kernel (in, out) are read only for what is. With an activation, dz is what
 * msq_activation_backward_f32 gives. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: in or out is less than 1;
 * MSQ_INTERRUPTED. Since 1.2. */
int msq_dense_backward_f32(float *d_x, float *d_kernel, float *d_bias, const float *dz,
                           const float *x, const float *kernel, int64_t rows, int64_t in,
                           int64_t out, int num_threads);

/* --- recurrent layers in training (rnn/tape.c) */

/* What the way back needs of a run, some 5 units a step. Not for several threads at once. */
typedef struct msq_rnn_tape msq_rnn_tape;

/* msq_rnn_f32 in training, the same bits: an MSQ_LSTM, MSQ_GRU or MSQ_SIMPLE_RNN with activation
 * tanh and recurrent_activation sigmoid; `sequences` is not NULL. Until the way back, x, index,
 * sequences, initial_h and initial_c must stay as they are; the tape has its own offsets. Statuses
 * as there; MSQ_UNSUPPORTED also for another layer. Since 1.2. */
int msq_rnn_taped_f32(msq_rnn_tape **tape, const msq_rnn *rnn, const msq_rnn_call *call,
                      int64_t *bad_position);
/* Since 1.2. */
void msq_rnn_tape_free(msq_rnn_tape *tape);

/* Of a run: gradients given, and those wanted. */
typedef struct msq_rnn_gradients {
    size_t size;                            /* sizeof(msq_rnn_gradients): which fields there are */
    const float *kernel, *recurrent_kernel; /* as they were packed */
    const float *d_h, *d_c;   /* (batch, units): of the last states, d_c for MSQ_LSTM only; NULL =
                                 zeros */
    const float *d_sequences; /* of `sequences`, row j of step j, or NULL = zeros */
    int64_t d_stride;         /* from row to row, in floats */
    float *d_kernel, *d_recurrent_kernel, *d_bias; /* shaped as the weights; NULL: not wanted */
    float *d_x;                       /* (steps, features): row j of what step j read; or NULL */
    float *d_initial_h, *d_initial_c; /* (batch, units), or NULL; d_initial_c for MSQ_LSTM only */
    int num_threads;
} msq_rnn_gradients;

/* The way back, once for each tape. MSQ_UNSUPPORTED: an unknown size, or the tape was used before;
 * MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: index has changed and leaves x; MSQ_INTERRUPTED. Since 1.2. */
int msq_rnn_backward_f32(msq_rnn_tape *tape, const msq_rnn_gradients *gradients);

/* --- attention in training (attention/attention.c, attention/backward.c) */

/* Dropout of the weights: a function of key, of the number of the sequence, of the query, its head
 * and the key, each counted in its sequence; see msq_dropout_f32. */
typedef struct msq_attention_dropout {
    size_t size;              /* sizeof(msq_attention_dropout): which fields there are */
    const int64_t *sequences; /* (batch): the numbers of the sequences */
    uint64_t key;
    float rate; /* in [0, 1) */
} msq_attention_dropout;

/* msq_attention_f32 in training; dropout NULL: none. Scores are those after it. MSQ_OUT_OF_RANGE:
 * also another rate. Since 1.2. */
int msq_attention_dropping_f32(const msq_attention *attention, const msq_attention_dropout *dropout,
                               int num_threads);
/* The gradients of msq_attention_dropping_f32 without scores: dq, dk and dv, shaped as q, k and v,
 * from d_out, shaped as out. Its out and scores are not read. The weights are computed again and
 * are those of the forward pass, bit for bit. A pair of a query and a key whose weight is 0
 * contributes nothing, whatever either holds: a query with nothing to attend to gets 0. Rows of no
 * sequence are not written. Allocates for each thread 3 key_dim + 2 value_dim + 66 floats per key
 * of the longest sequence; no more threads work than there are sequences times kv_heads. Statuses
 * as there. Since 1.2. */
int msq_attention_backward_f32(const msq_attention *attention, const msq_attention_dropout *dropout,
                               const float *d_out, float *dq, float *dk, float *dv,
                               int num_threads);

/* --- random draws (backward/draws.c) */

/* out[r][f], out (rows, features): each a function of key, sequences[r], steps[r] and f alone.
 * Draws are multiples of 2^-24 in [0, 1). Steps count modulo 2^32. Since 1.2. */
int msq_draws_f32(float *out, const int64_t *sequences, const int64_t *steps, int64_t rows,
                  int64_t features, uint64_t key, int num_threads);
/* Dropout of x (rows, features), and, with the same key, of its gradient: x / (1 - rate) where the
 * draw is at least `rate`, else 0; out may be x. MSQ_OUT_OF_RANGE: rate is not in [0, 1). Since
 * 1.2. */
int msq_dropout_f32(float *out, const float *x, const int64_t *sequences, const int64_t *steps,
                    int64_t rows, int64_t features, uint64_t key, float rate, int num_threads);

/* --- steps of optimizers (backward/optimize.c) */

/* How an optimizer steps, as Keras's of that name: its slots, what it keeps of a weight, and its
 * numbers, in this order. t counts steps from 1. MSQ_STAY changes nothing; the values never change.
 *   SGD: rate.     MOMENTUM, NESTEROV: slots velocity; rate, momentum.
 *   RMSPROP: slots mean of squares; rate, epsilon, rho, 1 - rho. _MOMENTUM: slots also velocity;
 *     numbers also momentum. _CENTERED: slots also mean. _BOTH: slots mean of squares, velocity,
 *     mean; numbers as _MOMENTUM.
 *   ADAM: slots mean, mean of squares; 1 - beta_1, 1 - beta_2, rate sqrt(1 - beta_2^t) /
 *     (1 - beta_1^t), epsilon. _LARGEST (amsgrad): slots also the largest mean of squares.
 *   ADAMAX: slots mean, largest; 1 - beta_1, beta_2, rate, 1 - beta_1^t, epsilon.
 *   NADAM: slots mean, mean of squares; 1 - beta_1, 1 - beta_2, factor and divisor of the mean,
 *     the same of the gradient, 1 - beta_2^t, rate, epsilon.
 *   ADAGRAD: slots sum of squares; rate, epsilon.
 *   ADADELTA: slots mean of squares, and that of changes; rate, epsilon, rho, 1 - rho.
 *   LION: slots mean; rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2. */
enum msq_rule {
    MSQ_STAY,
    MSQ_SGD,
    MSQ_MOMENTUM,
    MSQ_NESTEROV,
    MSQ_RMSPROP,
    MSQ_RMSPROP_MOMENTUM,
    MSQ_RMSPROP_CENTERED,
    MSQ_RMSPROP_BOTH,
    MSQ_ADAM,
    MSQ_ADAM_LARGEST,
    MSQ_ADAMAX,
    MSQ_NADAM,
    MSQ_ADAGRAD,
    MSQ_ADADELTA,
    MSQ_LION,
    MSQ_RULES
};

/* A step: w (n) and the slots of the rule, each (n), are replaced, from the gradient g (n); slots
 * that the rule does not have may be NULL. Every operation is rounded to float32.
 * MSQ_OUT_OF_RANGE: no such rule, or `count` is not how many numbers it has. Since 1.2. */
int msq_optimizer_f32(float *w, float *slot_0, float *slot_1, float *slot_2, const float *g,
                      int64_t n, int rule, const float *numbers, int count, int num_threads);

#ifdef __cplusplus
}
#endif

#endif
