/* What a run of a recurrent layer left for its gradients. */
#ifndef MSQ_RNN_TAPE_H
#define MSQ_RNN_TAPE_H

#include "rnn.h"

struct msq_rnn_tape {
    int kind, used; /* used: the way back was begun, and has changed `kept` */
    int64_t features, units, steps;
    int64_t columns;   /* of the kernels */
    msq_rnn_call call; /* its offsets are our own */
    int64_t *offsets;
    float *kept, *kept_c; /* as in msq_rnn_run */
    int64_t stride;       /* of kept */
};

#endif
