/* The way back: products and sums over the rows of a batch, for gradients of weights. Each output
 * is summed in one fixed order of the rows, so its bits are the same for any number of threads and
 * on every instruction set. */
#ifndef MSQ_BACKWARD_H
#define MSQ_BACKWARD_H

#include "kernels.h"

/* Dropout of one row, in place, on the calling thread. */
void msq_drop_row(float *x, int64_t n, int64_t sequence, int64_t step, uint64_t key, float rate);

/* Sums of columns that a pass over the rows adds to; of blocks of rows, as msq_column_sums_f32. */
typedef struct msq_columns {
    float *out;     /* (columns) */
    const float *x; /* (rows, columns), rows `stride` apart */
    int64_t columns, stride;
    double *block, *total; /* the pass's own: (columns) each, zeros at first */
} msq_columns;
/* Adds rows [first, last) to the sums of thread `thread` of `num_threads`; with the last of all
 * `rows` they are done. */
void msq_add_columns(const msq_columns *sums, int64_t first, int64_t last, int64_t rows, int thread,
                     int num_threads);

/* Products and sums over the same `rows`, each read once (outer.c): msq_outer_f32 of each of
 * `count` outers, at most MSQ_MAX_OUTERS, and msq_column_sums_f32 of as many sums: the same bits.
 * Statuses as there; *bad_position is one of outers[*bad_outer]. */
enum { MSQ_MAX_OUTERS = 4 };
int msq_outers_f32(const msq_outer *outers, int count, const msq_columns *sums, int num_sums,
                   int64_t rows, int *bad_outer, int64_t *bad_position, int num_threads);

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
