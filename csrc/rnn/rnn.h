/* What this package asks of the recurrent layers beyond maskseq.h. */
#ifndef MSQ_RNN_H
#define MSQ_RNN_H

#include "maskseq.h"

/* What rows of x add to the gates of a layer. Read only: any number of calls may use one. */
typedef struct msq_fold msq_fold;

/* That of all rows of x (rows, features), for calls that read x by index: the same bits as without.
 * MSQ_NO_MEMORY, also if there is no row; MSQ_INTERRUPTED. */
int msq_fold_all(msq_fold **fold, const msq_rnn *rnn, const float *x, int64_t rows,
                 int num_threads);
/* How many bytes it takes. */
double msq_fold_bytes(const msq_rnn *rnn, int64_t rows);
void msq_fold_free(msq_fold *fold);

/* A call whose arrays other threads may change while it runs. That can give wrong states, but no
 * access outside the arrays: what was checked once is never trusted when it is read again. */
typedef struct msq_rnn_run {
    const msq_rnn *rnn;
    msq_rnn_call call;
    int64_t steps;        /* offsets[batch] as it was when room was made for index and sequences */
    const msq_fold *fold; /* of rnn and all of x, or NULL */
    const int64_t *cells; /* step j's output is row cells[j] of call.sequences; NULL: row j */
    int64_t rows;         /* of call.sequences, where there are cells */
    int64_t projected;    /* set: how many rows were multiplied by the input's weights */
} msq_rnn_run;

/* msq_rnn_f32 for one run or two, side by side: the directions of a bidirectional layer, which have
 * x, index, offsets and num_threads in common. The bits of each are those of the run alone. */
int msq_rnn_runs_f32(msq_rnn_run *const *runs, int count, int64_t *bad_position);

#endif
