/* Recurrent layers inside: the sequences of a call, and the walk of a thread through time. */
#ifndef MSQ_RNN_H
#define MSQ_RNN_H

#include "kernels.h"
#include "parallel.h"

/* Cells with any activations: products by the ISA, the rest in plain loops (rnn_cell.c). */
extern msq_step_fn *const msq_general_steps[MSQ_RNN_KINDS];

/* One sequence of a call, and its state as it walks through time. */
typedef struct sequence {
    int64_t id, length;
    const float *h; /* the state after the last step done, `units` values */
    float *c;       /* MSQ_LSTM: the same, whole blocks */
    float *room;    /* for two states, whole blocks each */
    float *reset;   /* MSQ_GRU_RESET_BEFORE: room for r * h */
} sequence;

/* The input's part of the gates, once for each row of x that occurs (rnn_fold.c). */
typedef struct msq_fold {
    float *table;  /* count rows of columns; NULL: it does not pay */
    int64_t *rows; /* count: where each is in x */
    int32_t *slot; /* of each row of x, its row in the table + 1 */
    int64_t count, columns;
} msq_fold;

/* Decides whether it pays, and makes room. Without memory it does not pay. */
void msq_fold_plan(msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call);
/* Fills the rows from `begin` to `end`. */
void msq_fold_project(const msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call,
                      int64_t begin, int64_t end);
/* What row `row` of x adds to the gates. */
const float *msq_fold_row(const msq_fold *fold, int64_t row);
void msq_fold_free(msq_fold *fold);

/* What a thread needs to walk sequences through time; made once a call, reused for every step. */
typedef struct walker {
    const msq_rnn *rnn;
    const msq_rnn_call *call;
    const msq_fold *fold;
    sequence **sequences;            /* by falling length */
    int64_t first_block, last_block; /* the units to compute */
    int64_t max_rows, max_z;         /* sequences side by side; rows of a chunk of input products */
    const float **x, **z;            /* max_z pointers each */
    const float **h;                 /* max_rows pointers each */
    float **h_next, **c, **reset;
    float *z_rows;        /* max_z rows: what z points to */
    float *gates;         /* max_rows rows, general cells only */
    msq_barrier *barrier; /* of num_threads that walk the same sequences, each for some units */
    msq_stop *stop;
    int thread;
    int num_threads;  /* 1: nobody else does */
    int64_t patience; /* of waiting for them, see msq_wait */
    int keeps_states; /* this thread notes the sequences' states and copies the last ones out */
} walker;

/* Walks the first `rows` sequences from step `begin` to step `end`, or until they are over. Returns
 * the step reached: less than `end` if waiting for the other threads got slow. */
int64_t msq_walk(walker *w, int64_t rows, int64_t begin, int64_t end);

#endif
