/* Attention inside: one head of one sequence of a call, on one thread. */
#ifndef MSQ_ATTENTION_H
#define MSQ_ATTENTION_H

#include "kernels.h"

enum { MSQ_QUERIES = 32 }; /* done together: their scores of 256 keys fit in the first cache */

/* What all heads of a call have in common. */
typedef struct {
    const msq_attention *a;
    const msq_kernel_table *kernels;
    int64_t key_stride, value_stride; /* most keys of a sequence, value_dim: in whole blocks */
} attention_shape;

typedef struct {
    const attention_shape *shape;
    int64_t b, h;
    int64_t first_key, keys;
    const float *k, *v; /* of the first key; rows are k_stride and v_stride apart */
    int64_t k_stride, v_stride;
    float *zeros;    /* key_stride */
    float *z;        /* (MSQ_QUERIES, value_stride) */
    float *scores;   /* (MSQ_QUERIES, key_stride): scores, then their exponentials */
    float *k_panels; /* of the scaled keys: [block of keys][key_dim][width]; NULL: not packed */
    float *v_panels; /* of the values: [KEYS keys at a time][block of value_dim][key][width] */
} attention_head;

/* Floats of scratch that a head needs, -1 if there are too many. */
int64_t msq_head_scratch(const attention_shape *shape);

/* Head h of sequence b, for at most `queries` queries. */
void msq_start_head(attention_head *head, const attention_shape *shape, float *scratch, int64_t b,
                    int64_t h, int64_t queries);

/* The query rows [first, first + queries) of the call, at most MSQ_QUERIES of the head's sequence.
 */
void msq_attend(const attention_head *head, int64_t first, int64_t queries);

#endif
