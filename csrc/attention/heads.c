/* Some heads of attention: scores of a block of queries, their exponentials, the sum of the values
 * they weigh. Many queries read a head's keys and values packed. A few queries read those of all
 * heads unpacked: packing would cost more, and one head after the other would read memory in
 * strides. Either way each output is the same chain of FMAs over the keys, ascending. */
#include "internal.h"

#include "backward/backward.h"
#include "gemm.h"
#include "parallel.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Keys in a panel of values: a causal block of queries reads at most so many for nothing. */
enum { KEYS = 64 };

int64_t msq_heads_scratch(const attention_shape *shape) {
    const msq_attention *const a = shape->a;
    int64_t floats = shape->key_stride; /* zeros, scores and both kinds of panels have such rows */
    if (msq_multiply(&floats, 1 + MSQ_QUERIES + a->key_dim + shape->value_stride))
        return -1;
    floats += MSQ_QUERIES * shape->value_stride;
    return floats + (-floats & 15); /* threads share no cache line */
}

int64_t msq_key_head(const attention_heads *s, int64_t h) {
    return h / (s->shape->a->heads / s->shape->a->kv_heads);
}

void msq_pack_panels_of_keys(const attention_shape *shape, float *panels, const float *v,
                             int64_t keys, int64_t stride, int64_t dim, int64_t padded_dim) {
    for (int64_t key = 0; key < keys; key += KEYS)
        shape->kernels->pack_values(panels + key * padded_dim, v + key * stride,
                                    keys - key < KEYS ? keys - key : KEYS, stride, dim);
}

static void pack(attention_heads *s) {
    const msq_attention *const a = s->shape->a;
    const msq_kernel_table *const kernels = s->shape->kernels;
    const float *const k = s->k + msq_key_head(s, s->h) * a->key_dim;
    const float *const v = s->v + msq_key_head(s, s->h) * a->value_dim;
    s->k_panels = s->scores + MSQ_QUERIES * s->shape->key_stride;
    s->v_panels = s->k_panels + s->shape->key_stride * a->key_dim;
    memset(s->zeros, 0, (size_t)s->shape->key_stride * sizeof(float));
    kernels->pack_keys(s->k_panels, k, s->keys, s->k_stride, a->key_dim, a->scale);
    msq_pack_panels_of_keys(s->shape, s->v_panels, v, s->keys, s->v_stride, a->value_dim,
                            s->shape->value_stride);
}

void msq_start_heads(attention_heads *s, const attention_shape *shape, float *scratch, int64_t b,
                     int64_t h, int64_t heads, int64_t queries) {
    const msq_attention *const a = shape->a;
    *s = (attention_heads){.shape = shape, .b = b, .h = h, .heads = heads};
    s->first_key = a->key_offsets[b];
    s->keys = a->key_offsets[b + 1] - s->first_key;
    s->k_stride = a->kv_heads * a->key_dim;
    s->v_stride = a->kv_heads * a->value_dim;
    s->k = a->k + s->first_key * s->k_stride;
    s->v = a->v + s->first_key * s->v_stride;
    s->zeros = scratch;
    s->z = s->zeros + shape->key_stride;
    s->scores = s->z + MSQ_QUERIES * shape->value_stride;
    if (queries > MSQ_FEW && msq_fits_lanes(shape, queries))
        msq_pack_lanes(s);
    else if (queries > MSQ_FEW)
        pack(s);
}

/* How many keys a query at `step` may attend to, but for the mask: all, or those of no later step.
 */
static int64_t visible_keys(const attention_heads *s, int64_t step) {
    const int64_t *const steps = s->shape->a->key_steps;
    int64_t low = 0, high = s->keys;
    if (!s->shape->a->causal)
        return s->keys;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if ((steps ? steps[s->first_key + middle] : middle) <= step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* score_few or sum_few of all heads; w is that of head 0. */
static void multiply_few(const attention_heads *s, msq_few_fn *multiply, msq_few few,
                         const float *w) {
    const float *heads[MSQ_QUERIES];
    for (int64_t row = 0; row < few.rows; row++)
        heads[row] = w + msq_key_head(s, s->h + row / (few.rows / s->heads)) * few.dim;
    few.w = heads;
    few.far = s->shape->far;
    multiply(&few);
}

static void score_block(const attention_heads *s, const float *const *q, int64_t rows,
                        int64_t keys) {
    const attention_shape *const shape = s->shape;
    const msq_attention *const a = shape->a;
    if (!s->k_panels) {
        const msq_few few = {.y = s->scores,
                             .x = q,
                             .y_stride = shape->key_stride,
                             .w_stride = s->k_stride,
                             .rows = rows,
                             .keys = keys,
                             .dim = a->key_dim,
                             .scale = a->scale};
        multiply_few(s, shape->kernels->score_few, few, s->k);
        return;
    }
    shape->kernels->product(
        &(msq_product){.z = s->scores,
                       .x = q,
                       .panels = s->k_panels,
                       .start = s->zeros,
                       .z_stride = shape->key_stride,
                       .columns = shape->key_stride,
                       .rows = rows,
                       .depth = a->key_dim,
                       .groups = 1,
                       .last_block = (keys + shape->kernels->width - 1) / shape->kernels->width});
}

/* The scores of keys that the mask hides from the query at `step`: -inf, whatever they were. */
static void hide_keys(const attention_heads *s, int64_t h, float *scores, int64_t step,
                      int64_t keys) {
    const msq_attention *const a = s->shape->a;
    const int64_t mask_row = a->mask_heads == 1 ? s->b : s->b * a->heads + h;
    const uint8_t *mask = a->mask + (mask_row * a->query_time + step) * a->key_time;
    const int64_t *const steps = a->key_steps ? a->key_steps + s->first_key : NULL;
    if (keys > 0 && steps && steps[keys - 1] - steps[0] >= keys) { /* there are holes */
        for (int64_t key = 0; key < keys; key++)
            scores[key] = mask[steps[key]] ? scores[key] : -INFINITY;
        return;
    }
    mask += keys > 0 && steps ? steps[0] : 0;
    for (int64_t key = 0; key < keys; key++)
        scores[key] = mask[key] ? scores[key] : -INFINITY;
}

static void put_out_scores(const attention_heads *s, int64_t h, const float *terms, float scale,
                           int64_t step, int64_t keys) {
    const msq_attention *const a = s->shape->a;
    const int64_t *const steps = a->key_steps ? a->key_steps + s->first_key : NULL;
    float *const out = a->scores + ((s->b * a->heads + h) * a->query_time + step) * a->key_time;
    for (int64_t key = 0; key < keys; key++)
        out[steps ? steps[key] : key] = terms[key] * scale;
}

void msq_sum_panels(const attention_heads *s, float *z, int64_t padded_dim, const float *panels,
                    const float *x, int64_t rows, int64_t keys) {
    const float *terms[MSQ_QUERIES];
    msq_product p = {.z = z,
                     .x = terms,
                     .start = z,
                     .z_stride = padded_dim,
                     .start_stride = padded_dim,
                     .columns = padded_dim,
                     .rows = rows,
                     .groups = 1,
                     .last_block = padded_dim / s->shape->kernels->width};
    for (int64_t key = 0; key < keys; key += KEYS) {
        p.depth = s->keys - key < KEYS ? s->keys - key : KEYS;
        p.panels = panels + key * padded_dim;
        for (int64_t i = 0; i < rows; i++)
            terms[i] = x + i * s->shape->key_stride + key;
        s->shape->kernels->product(&p);
    }
}

/* z[i] = sum of exponential x value, over the first `keys` keys. */
static void sum_values(const attention_heads *s, int64_t rows, int64_t keys) {
    const attention_shape *const shape = s->shape;
    memset(s->z, 0, (size_t)(rows * shape->value_stride) * sizeof *s->z);
    if (s->v_panels) {
        msq_sum_panels(s, s->z, shape->value_stride, s->v_panels, s->scores, rows, keys);
        return;
    }
    const float *terms[MSQ_QUERIES];
    for (int64_t i = 0; i < rows; i++)
        terms[i] = s->scores + i * shape->key_stride;
    const msq_few few = {.y = s->z,
                         .x = terms,
                         .y_stride = shape->value_stride,
                         .w_stride = s->v_stride,
                         .rows = rows,
                         .keys = keys,
                         .dim = shape->a->value_dim};
    multiply_few(s, shape->kernels->sum_few, few, s->v);
}

/* out = scale z; returns whether all are finite. */
static int put_out(float *out, const float *z, float scale, int64_t dim) {
    int finite = 1;
    for (int64_t d = 0; d < dim; d++) {
        out[d] = z[d] * scale;
        finite &= fabsf(out[d]) <= FLT_MAX;
    }
    return finite;
}

/* The same sum in the same order, without the keys of weight 0: their values may hold anything. */
static void sum_values_carefully(const attention_heads *s, int64_t h, float *z, const float *terms,
                                 int64_t stride, int64_t keys) {
    const int64_t dim = s->shape->a->value_dim;
    const float *const v = s->v + msq_key_head(s, h) * dim;
    memset(z, 0, (size_t)dim * sizeof *z);
    for (int64_t key = 0; key < keys; key++, terms += stride)
        for (int64_t d = 0; *terms != 0.0f && d < dim; d++)
            z[d] = fmaf(*terms, v[key * s->v_stride + d], z[d]);
}

void msq_put_out_row(const attention_heads *s, const attention_rows *rows, int64_t i, float sum,
                     const float *terms, int64_t stride) {
    const msq_attention *const a = s->shape->a;
    const int64_t h = rows->h[i], keys = rows->visible[i];
    const float scale = sum == 0.0f ? 0.0f : 1.0f / sum;
    float *const z = s->z + i * s->shape->value_stride;
    float *const out = a->out + rows->place[i] * a->value_dim;
    if (!put_out(out, z, scale, a->value_dim)) {
        sum_values_carefully(s, h, z, terms, stride, keys);
        put_out(out, z, scale, a->value_dim);
    }
    if (a->scores)
        put_out_scores(s, h, terms, scale, rows->steps[i], keys);
}

void msq_find_rows(const attention_heads *s, attention_rows *rows, int64_t first, int64_t queries) {
    const msq_attention *const a = s->shape->a;
    const int64_t sequence = a->query_offsets[s->b];
    rows->rows = rows->keys = 0;
    for (int64_t head = s->h; head < s->h + s->heads; head++)
        for (int64_t query = first; query < first + queries; query++) {
            const int64_t i = rows->rows++;
            rows->h[i] = head;
            rows->place[i] = query * a->heads + head;
            rows->q[i] = a->q + rows->place[i] * a->key_dim;
            rows->steps[i] = a->query_steps ? a->query_steps[query] : query - sequence;
            rows->visible[i] = visible_keys(s, rows->steps[i]); /* ascending, as the steps do */
            rows->keys = rows->visible[i];
        }
}

void msq_exponentials(const attention_heads *s, attention_rows *rows, int64_t first,
                      int64_t queries) {
    const int64_t stride = s->shape->key_stride;
    msq_find_rows(s, rows, first, queries);
    const int64_t in_panels = (rows->keys + KEYS - 1) / KEYS * KEYS;
    rows->end = in_panels < s->keys ? in_panels : s->keys;
    score_block(s, rows->q, rows->rows, rows->keys);
    for (int64_t i = 0; s->shape->a->mask && i < rows->rows; i++)
        hide_keys(s, rows->h[i], s->scores + i * stride, rows->steps[i], rows->visible[i]);
    s->shape->kernels->softmax_terms(s->scores, stride, rows->visible, rows->rows, rows->sums);
    for (int64_t i = 0; i < rows->rows; i++)
        memset(s->scores + i * stride + rows->visible[i], 0,
               (size_t)(rows->end - rows->visible[i]) * sizeof(float));
}

void msq_drop_weights(const attention_heads *s, const attention_rows *rows, float *x) {
    const msq_attention *const a = s->shape->a;
    const msq_attention_dropout *const dropout = s->shape->dropout;
    for (int64_t i = 0; dropout && i < rows->rows; i++)
        msq_drop_row(
            x + i * s->shape->key_stride, rows->visible[i], msq_read(&dropout->sequences[s->b]),
            rows->place[i] - a->query_offsets[s->b] * a->heads, dropout->key, dropout->rate);
}

void msq_attend(const attention_heads *s, int64_t first, int64_t queries) {
    attention_rows rows;
    if (s->k_rows) {
        msq_attend_lanes(s, first, queries);
        return;
    }
    msq_exponentials(s, &rows, first, queries);
    msq_drop_weights(s, &rows, s->scores);
    sum_values(s, rows.rows, rows.keys);
    for (int64_t i = 0; i < rows.rows; i++)
        msq_put_out_row(s, &rows, i, rows.sums[i], s->scores + i * s->shape->key_stride, 1);
}
