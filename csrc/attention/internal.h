/* Attention inside: some heads of one sequence of a call, on one thread. */
#ifndef MSQ_ATTENTION_INTERNAL_H
#define MSQ_ATTENTION_INTERNAL_H

#include "kernels.h"

/* Rows, each a query of a head, that are done together: their scores of 256 keys fit in the first
 * cache. */
enum { MSQ_QUERIES = 32 };

/* What all heads of a call have in common. */
typedef struct {
    const msq_attention *a;
    const msq_kernel_table *kernels;
    int64_t key_stride, value_stride; /* most keys of a sequence, value_dim: in whole blocks */
    int far;                          /* 1: no cache holds the keys and values of the call */
} attention_shape;

/* Rows are in the order [head][query]. */
typedef struct {
    const attention_shape *shape;
    int64_t b, h, heads; /* one head, if its keys and values are packed */
    int64_t first_key, keys;
    const float *k, *v; /* of the first key, head 0; rows are k_stride and v_stride apart */
    int64_t k_stride, v_stride;
    float *zeros;    /* key_stride */
    float *z;        /* (MSQ_QUERIES, value_stride) */
    float *scores;   /* (MSQ_QUERIES, key_stride): scores, then their exponentials */
    float *k_panels; /* of the scaled keys: [block of keys][key_dim][width]; NULL: not packed */
    float *v_panels; /* of the values: [KEYS keys at a time][block of value_dim][key][width] */
} attention_heads;

/* Floats of scratch that they need, -1 if there are too many. */
int64_t msq_heads_scratch(const attention_shape *shape);

/* Heads [h, h + heads) of sequence b, for at most `queries` queries; one head for more than
 * MSQ_FEW, else as many as have MSQ_QUERIES rows. */
void msq_start_heads(attention_heads *heads_of, const attention_shape *shape, float *scratch,
                     int64_t b, int64_t h, int64_t heads, int64_t queries);

/* The query rows [first, first + queries) of the call, which are of the sequence; as many as have
 * MSQ_QUERIES rows. */
void msq_attend(const attention_heads *s, int64_t first, int64_t queries);

#endif
