/* The way back: products and sums over the rows of a batch, for gradients of weights. Each output
 * is summed in one fixed order of the rows, so its bits are the same for any number of threads and
 * on every instruction set. */
#ifndef MSQ_BACKWARD_H
#define MSQ_BACKWARD_H

#include "kernels.h"

/* out = x^T dz (outer.c): out[i][c] = sum over rows j of x[j][i] dz[j][c], in chunks of 96 rows of
 * dz, each summed from 0 and then added to what is there. */
typedef struct msq_outer {
    float *out;           /* (inputs, columns), rows out_stride floats apart */
    const float *x;       /* (x_rows, inputs), rows x_stride apart */
    const int64_t *index; /* (rows): which row of x each row of dz meets, in [0, x_rows), or -1 for
                             none: that row adds nothing. NULL = 0, 1, 2... */
    const float *dz;      /* (rows, columns), rows dz_stride apart */
    int64_t x_rows, rows, inputs, columns;
    int64_t x_stride, dz_stride, out_stride;
    int accumulate; /* 1: `out` is added to, and not written anew */
} msq_outer;

/* MSQ_OUT_OF_RANGE: a size below 0, or index[*bad_position], or without index row *bad_position,
 * leaves x; MSQ_INTERRUPTED. `out` then holds nothing of use. */
int msq_outer_f32(const msq_outer *outer, int64_t *bad_position, int num_threads);

/* out[c] = sum over the rows of x (rows, columns), `stride` floats apart: in float64, blocks of
 * 1,024 rows ascending and these added ascending, rounded once. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: a
 * size below 0. */
int msq_column_sums_f32(float *out, const float *x, int64_t rows, int64_t columns, int64_t stride,
                        int num_threads);

/* out (segments, features): segment s is the sum of rows index[i] of x (rows, features) for i in
 * [offsets[s], offsets[s + 1]), ascending, in float64, rounded once; index has n values.
 * MSQ_OUT_OF_RANGE: a size below 0, offsets that fall or leave [0, n], or an index outside of x. */
int msq_sum_segments_f32(float *out, const float *x, const int64_t *index, const int64_t *offsets,
                         int64_t segments, int64_t n, int64_t rows, int64_t features,
                         int num_threads);

/* Random numbers (draws.c): out[r][f], each a function of key, sequences[r], steps[r] and f alone.
 * Draws are multiples of 2^-24 in [0, 1). Dropout: x / (1 - rate) where the draw is at least
 * `rate`, else 0; out may be x. Steps count modulo 2^32. MSQ_OUT_OF_RANGE: a size below 0. */
int msq_draws_f32(float *out, const int64_t *sequences, const int64_t *steps, int64_t rows,
                  int64_t features, uint64_t key, int num_threads);
int msq_dropout_f32(float *out, const float *x, const int64_t *sequences, const int64_t *steps,
                    int64_t rows, int64_t features, uint64_t key, float rate, int num_threads);
/* Dropout of one row, in place, on the calling thread. */
void msq_drop_row(float *x, int64_t n, int64_t sequence, int64_t step, uint64_t key, float rate);

/* A step of an optimizer (optimize.c): of `count` weights by one rule. Rows that a gradient of some
 * rows lacks have gradient 0; with MSQ_SGD and MSQ_ADAGRAD they stay as they are, but for the
 * decay. MSQ_OUT_OF_RANGE: a size below 0, or ids that do not ascend or leave the weight. */
int msq_update_f32(const msq_update *updates, int64_t count, msq_rule rule, const float *numbers,
                   int num_threads);
/* What the façade knows a rule by: its name, and how many slots and numbers it has. */
const char *msq_rule_name(int rule);
int msq_rule_slots(int rule);
int msq_rule_numbers(int rule);

/* Crossentropy (crossentropy.c): losses[r] = -log of what row r of y has at its class, or -sum of
 * labels times log. Probabilities are divided by their sum and cut to 1e-7..1 - 1e-7, as in Keras;
 * of logits log(softmax) is taken. */
typedef struct msq_crossentropy {
    const float *y;         /* (rows, n) */
    const int64_t *classes; /* (rows), in [0, n); NULL: there are labels */
    const float *labels;    /* (rows, n) */
    int64_t rows, n;
    int from_logits;
} msq_crossentropy;
/* Back: dy (rows, n) from the gradient d of the losses. MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE: a size
 * below 0, or the class of row *bad_row is none. */
int msq_crossentropy_f32(float *losses, const msq_crossentropy *c, int64_t *bad_row,
                         int num_threads);
int msq_crossentropy_back_f32(float *dy, const float *d, const msq_crossentropy *c,
                              int64_t *bad_row, int num_threads);
/* losses[i] = -(labels[i] log(y[i]) + (1 - labels[i]) log(1 - y[i])), y cut as above; of logits the
 * logarithm of sigmoid. d: a gradient for each `repeats` values. MSQ_OUT_OF_RANGE: a size below 0,
 * or repeats below 1. */
int msq_binary_crossentropy_f32(float *losses, const float *y, const float *labels, int64_t count,
                                int from_logits, int num_threads);
int msq_binary_crossentropy_back_f32(float *dy, const float *d, const float *y, const float *labels,
                                     int64_t count, int64_t repeats, int from_logits,
                                     int num_threads);

#endif
