/* What this package asks of the recurrent layers beyond maskseq.h. */
#ifndef MSQ_RECURRENT_H
#define MSQ_RECURRENT_H

#include "maskseq.h"

/* A call whose arrays other threads may change while it runs. That can give wrong states, but no
 * access outside the arrays: what was checked once is never trusted when it is read again. */
typedef struct msq_rnn_run {
    const msq_rnn *rnn;
    msq_rnn_call call;
    int64_t steps; /* offsets[batch] as it was when room was made for index and sequences */
} msq_rnn_run;

/* msq_rnn_f32 for one run or two, side by side: the directions of a bidirectional layer, which have
 * x, index, offsets and num_threads in common. The bits of each are those of the run alone. */
int msq_rnn_runs_f32(const msq_rnn_run *const *runs, int count, int64_t *bad_position);

#endif
