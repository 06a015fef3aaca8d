/* Attention inside: some heads of one sequence of a call, on one thread. */
#ifndef MSQ_ATTENTION_INTERNAL_H
#define MSQ_ATTENTION_INTERNAL_H

#include "kernels.h"

/* Rows, each a query of a head, that are done together: their scores of 256 keys fit in the first
 * cache. */
enum { MSQ_QUERIES = 32 };

/* *own = *a with offsets and steps of its own, in *layout, which the caller frees whatever the
 * status is: MSQ_OK, MSQ_UNSUPPORTED, MSQ_NO_MEMORY, or MSQ_OUT_OF_RANGE if a size, an offset or a
 * step is. */
int msq_copy_layout(msq_attention *own, const msq_attention *a, int64_t **layout);

/* MSQ_OK; MSQ_UNSUPPORTED: an unknown size; MSQ_OUT_OF_RANGE: no rate, or no sequences. */
int msq_dropout_status(const msq_attention_dropout *dropout, int64_t batch);

/* What all heads of a call have in common. */
typedef struct {
    const msq_attention *a;
    const msq_kernel_table *kernels;
    const msq_attention_dropout *dropout; /* NULL: none */
    int64_t key_stride, value_stride;     /* most keys of a sequence, value_dim: in whole blocks */
    int far;                              /* 1: no cache holds the keys and values of the call */
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
    float *k_rows, *v_rows; /* in place of the panels, for a query in each lane: the scaled keys
                               (keys, key_dim) and the values (keys, value_dim); NULL: rows */
} attention_heads;

/* Floats of scratch that they need, -1 if there are too many. */
int64_t msq_heads_scratch(const attention_shape *shape);

/* Heads [h, h + heads) of sequence b, for at most `queries` queries; one head for more than
 * MSQ_FEW, else as many as have MSQ_QUERIES rows. */
void msq_start_heads(attention_heads *heads_of, const attention_shape *shape, float *scratch,
                     int64_t b, int64_t h, int64_t heads, int64_t queries);

/* Some rows of attention_heads: where they are, and how far they see. */
typedef struct {
    int64_t rows;
    int64_t keys; /* that the last row sees, if the mask hides none */
    int64_t end;  /* of the panel of the last of these: up to it, all keys have a weight or 0 */
    int64_t h[MSQ_QUERIES], place[MSQ_QUERIES], steps[MSQ_QUERIES], visible[MSQ_QUERIES];
    const float *q[MSQ_QUERIES];
    float sums[MSQ_QUERIES];
} attention_rows;

/* Which of the heads of keys and values head h attends to. */
int64_t msq_key_head(const attention_heads *s, int64_t h);

/* `queries` queries from `first` on, of each head. */
void msq_find_rows(const attention_heads *s, attention_rows *rows, int64_t first, int64_t queries);

/* out, and the weights if they are asked for, of row i, which is in s->z: not yet divided by the
 * sum of its terms. These are `stride` apart. */
void msq_put_out_row(const attention_heads *s, const attention_rows *rows, int64_t i, float sum,
                     const float *terms, int64_t stride);

/* Writes into s->scores the exponentials of their scores, 0 for a key that is not attended to, up
 * to rows->end; and the sum of each row. */
void msq_exponentials(const attention_heads *s, attention_rows *rows, int64_t first,
                      int64_t queries);

/* Drops what dropout does of numbers that belong to the weights of `rows`, rows of x
 * shape->key_stride apart, and scales the others. */
void msq_drop_weights(const attention_heads *s, const attention_rows *rows, float *x);

/* panels = v: (keys, dim) in rows `stride` apart, for msq_sum_panels. */
void msq_pack_panels_of_keys(const attention_shape *shape, float *panels, const float *v,
                             int64_t keys, int64_t stride, int64_t dim, int64_t padded_dim);

/* z[i] += sum over the first `keys` keys of x[i] times the panels, which are of all the keys of s;
 * rows of x are shape->key_stride apart, and 0 to the end of the panel of the last of these keys;
 * rows of z padded_dim. */
void msq_sum_panels(const attention_heads *s, float *z, int64_t padded_dim, const float *panels,
                    const float *x, int64_t rows, int64_t keys);

/* The query rows [first, first + queries) of the call, which are of the sequence; as many as have
 * MSQ_QUERIES rows. */
void msq_attend(const attention_heads *s, int64_t first, int64_t queries);

/* 1 if so many queries of a head are to be done with one in each lane; packing for it; msq_attend
 * of heads that are packed so. */
int msq_fits_lanes(const attention_shape *shape, int64_t queries);
void msq_pack_lanes(attention_heads *s);
void msq_attend_lanes(const attention_heads *s, int64_t first, int64_t queries);

#endif
