/* Some heads of attention: scores of a block of queries, their exponentials, the sum of the values
 * they weigh. Many queries read a head's keys and values packed. A few queries read those of all
 * heads unpacked: packing would cost more, and one head after the other would read memory in
 * strides. Either way each output is the same chain of FMAs over the keys, ascending. */
#include "internal.h"

#include "gemm.h"

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

/* Which of the heads of keys and values head h attends to. */
static int64_t key_head(const attention_heads *s, int64_t h) {
    return h / (s->shape->a->heads / s->shape->a->kv_heads);
}

static void pack(attention_heads *s) {
    const msq_attention *const a = s->shape->a;
    const msq_kernel_table *const kernels = s->shape->kernels;
    const float *const k = s->k + key_head(s, s->h) * a->key_dim;
    const float *const v = s->v + key_head(s, s->h) * a->value_dim;
    s->k_panels = s->scores + MSQ_QUERIES * s->shape->key_stride;
    s->v_panels = s->k_panels + s->shape->key_stride * a->key_dim;
    memset(s->zeros, 0, (size_t)s->shape->key_stride * sizeof(float));
    kernels->pack_keys(s->k_panels, k, s->keys, s->k_stride, a->key_dim, a->scale);
    for (int64_t key = 0; key < s->keys; key += KEYS)
        kernels->pack_values(s->v_panels + key * s->shape->value_stride, v + key * s->v_stride,
                             s->keys - key < KEYS ? s->keys - key : KEYS, s->v_stride,
                             a->value_dim);
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
    if (queries > MSQ_FEW)
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
        heads[row] = w + key_head(s, s->h + row / (few.rows / s->heads)) * few.dim;
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

/* z[i] = sum of exponential x value, over the first `keys` keys. */
static void sum_values(const attention_heads *s, int64_t rows, int64_t keys) {
    const attention_shape *const shape = s->shape;
    const float *terms[MSQ_QUERIES];
    memset(s->z, 0, (size_t)(rows * shape->value_stride) * sizeof *s->z);
    if (!s->v_panels) {
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
        return;
    }
    msq_product p = {.z = s->z,
                     .x = terms,
                     .start = s->z,
                     .z_stride = shape->value_stride,
                     .start_stride = shape->value_stride,
                     .columns = shape->value_stride,
                     .rows = rows,
                     .groups = 1,
                     .last_block = shape->value_stride / shape->kernels->width};
    for (int64_t key = 0; key < keys; key += KEYS) {
        p.depth = s->keys - key < KEYS ? s->keys - key : KEYS;
        p.panels = s->v_panels + key * shape->value_stride;
        for (int64_t i = 0; i < rows; i++)
            terms[i] = s->scores + i * shape->key_stride + key;
        shape->kernels->product(&p);
    }
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
                                 int64_t keys) {
    const int64_t dim = s->shape->a->value_dim;
    const float *const v = s->v + key_head(s, h) * dim;
    memset(z, 0, (size_t)dim * sizeof *z);
    for (int64_t key = 0; key < keys; key++)
        for (int64_t d = 0; terms[key] != 0.0f && d < dim; d++)
            z[d] = fmaf(terms[key], v[key * s->v_stride + d], z[d]);
}

/* out, and the weights if they are asked for, of row i: a query of head h at `step`. */
static void put_out_row(const attention_heads *s, int64_t i, float sum, float *out, int64_t h,
                        int64_t step, int64_t keys) {
    const int64_t dim = s->shape->a->value_dim;
    const float *const terms = s->scores + i * s->shape->key_stride;
    const float scale = sum == 0.0f ? 0.0f : 1.0f / sum;
    float *const z = s->z + i * s->shape->value_stride;
    if (!put_out(out, z, scale, dim)) {
        sum_values_carefully(s, h, z, terms, keys);
        put_out(out, z, scale, dim);
    }
    if (s->shape->a->scores)
        put_out_scores(s, h, terms, scale, step, keys);
}

void msq_attend(const attention_heads *s, int64_t first, int64_t queries) {
    const msq_attention *const a = s->shape->a;
    const int64_t sequence = a->query_offsets[s->b], stride = s->shape->key_stride;
    const float *q[MSQ_QUERIES];
    int64_t h[MSQ_QUERIES], place[MSQ_QUERIES], steps[MSQ_QUERIES], visible[MSQ_QUERIES];
    float sums[MSQ_QUERIES];
    int64_t rows = 0, keys = 0;
    for (int64_t head = s->h; head < s->h + s->heads; head++)
        for (int64_t query = first; query < first + queries; query++, rows++) {
            h[rows] = head;
            place[rows] = query * a->heads + head;
            q[rows] = a->q + place[rows] * a->key_dim;
            steps[rows] = a->query_steps ? a->query_steps[query] : query - sequence;
            keys = visible[rows] = visible_keys(s, steps[rows]); /* ascending, as the steps do */
        }
    const int64_t in_panels = (keys + KEYS - 1) / KEYS * KEYS;
    const int64_t end = in_panels < s->keys ? in_panels : s->keys;
    score_block(s, q, rows, keys);
    for (int64_t i = 0; a->mask && i < rows; i++)
        hide_keys(s, h[i], s->scores + i * stride, steps[i], visible[i]);
    s->shape->kernels->softmax_terms(s->scores, stride, visible, rows, sums);
    for (int64_t i = 0; i < rows; i++)
        memset(s->scores + i * stride + visible[i], 0, (size_t)(end - visible[i]) * sizeof(float));
    sum_values(s, rows, keys);
    for (int64_t i = 0; i < rows; i++)
        put_out_row(s, i, sums[i], a->out + place[i] * a->value_dim, h[i], steps[i], visible[i]);
}
