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

/* msq_rnn_f32 for a run. */
int msq_rnn_run_f32(const msq_rnn_run *run, int64_t *bad_position);

#endif
