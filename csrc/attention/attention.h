/* What this package asks of attention beyond maskseq.h. */
#ifndef MSQ_ATTENTION_H
#define MSQ_ATTENTION_H

#include "maskseq.h"

/* Dropout of the weights: a function of key, of the number of the sequence, of the query, its head
 * and the key, each counted in its sequence; see backward/backward.h. */
typedef struct msq_attention_dropout {
    const int64_t *sequences; /* (batch): the numbers of the sequences */
    uint64_t key;
    float rate; /* in [0, 1) */
} msq_attention_dropout;

/* msq_attention_f32 in training; dropout NULL: none. Scores are those after it. */
int msq_attention_dropping_f32(const msq_attention *a, const msq_attention_dropout *dropout,
                               int num_threads);

/* The gradients of msq_attention_dropping_f32 without scores: dq, dk and dv, shaped as q, k and v
 * of a, from d_out, shaped as out. Its out and scores are not read. The weights are computed again
 * and are those of the forward pass, bit for bit. A pair of a query and a key whose weight is 0
 * contributes nothing, whatever either holds: a query with nothing to attend to gets 0. Rows of no
 * sequence are not written. Allocates for each thread 3 key_dim + 2 value_dim + 66 floats per key
 * of the longest sequence; no more threads work than there are sequences times kv_heads. Statuses
 * as there. */
int msq_attention_backward_f32(const msq_attention *a, const msq_attention_dropout *dropout,
                               const float *d_out, float *dq, float *dk, float *dv,
                               int num_threads);

#endif
