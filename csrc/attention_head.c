/* One head of attention: scores of a block of queries, their exponentials, the sum of the values
 * they weigh. Many queries read packed keys and values, a few read them where they lie; each output
 * is the same chain of FMAs over the keys, ascending, either way. */
#include "attention.h"

#include "gemm.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Keys in a panel of values: what a causal block of queries may do in vain. */
enum { KEYS = 64 };

int64_t msq_head_scratch(const attention_shape *shape) {
    const msq_attention *const a = shape->a;
    int64_t floats = shape->key_stride; /* zeros, scores and both kinds of panels have such rows */
    if (msq_multiply(&floats, 1 + MSQ_QUERIES + a->key_dim + shape->value_stride))
        return -1;
    floats += MSQ_QUERIES * shape->value_stride;
    return floats + (-floats & 15); /* threads share no cache line */
}

void msq_start_head(attention_head *head, const attention_shape *shape, float *scratch, int64_t b,
                    int64_t h, int64_t queries) {
    const msq_attention *const a = shape->a;
    const int64_t kv_head = h / (a->heads / a->kv_heads), first = a->key_offsets[b];
    const int64_t k_stride = a->kv_heads * a->key_dim, v_stride = a->kv_heads * a->value_dim;
    attention_head s = {.shape = shape, .b = b, .h = h, .first_key = first};
    s.keys = a->key_offsets[b + 1] - first;
    s.k_stride = k_stride, s.v_stride = v_stride;
    s.k = a->k + first * k_stride + kv_head * a->key_dim;
    s.v = a->v + first * v_stride + kv_head * a->value_dim;
    s.zeros = scratch;
    s.z = s.zeros + shape->key_stride;
    s.scores = s.z + MSQ_QUERIES * shape->value_stride;
    memset(s.zeros, 0, (size_t)shape->key_stride * sizeof(float));
    if (queries > MSQ_FEW) {
        s.k_panels = s.scores + MSQ_QUERIES * shape->key_stride;
        s.v_panels = s.k_panels + shape->key_stride * a->key_dim;
        shape->kernels->pack_keys(s.k_panels, s.k, s.keys, k_stride, a->key_dim, a->scale);
        for (int64_t key = 0; key < s.keys; key += KEYS)
            shape->kernels->pack_values(
                s.v_panels + key * shape->value_stride, s.v + key * v_stride,
                s.keys - key < KEYS ? s.keys - key : KEYS, v_stride, a->value_dim);
    }
    *head = s;
}

/* How many keys a query at `step` may attend to, but for the mask: all, or those of no later step.
 */
static int64_t visible_keys(const attention_head *s, int64_t step) {
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

static void score_block(const attention_head *s, const float *const *q, int64_t queries,
                        int64_t keys) {
    const attention_shape *const shape = s->shape;
    const msq_attention *const a = shape->a;
    if (!s->k_panels) {
        shape->kernels->score_few(s->scores, shape->key_stride, q, queries, s->k, keys, s->k_stride,
                                  a->key_dim, a->scale);
        return;
    }
    shape->kernels->product(
        &(msq_product){.z = s->scores,
                       .x = q,
                       .panels = s->k_panels,
                       .start = s->zeros,
                       .z_stride = shape->key_stride,
                       .columns = shape->key_stride,
                       .rows = queries,
                       .depth = a->key_dim,
                       .groups = 1,
                       .last_block = (keys + shape->kernels->width - 1) / shape->kernels->width});
}

/* The scores of keys that the mask hides from the query at `step`: -inf, whatever they were. */
static void hide_keys(const attention_head *s, float *scores, int64_t step, int64_t keys) {
    const msq_attention *const a = s->shape->a;
    const int64_t mask_row = a->mask_heads == 1 ? s->b : s->b * a->heads + s->h;
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

static void put_out_scores(const attention_head *s, const float *terms, float scale, int64_t step,
                           int64_t keys) {
    const msq_attention *const a = s->shape->a;
    const int64_t *const steps = a->key_steps ? a->key_steps + s->first_key : NULL;
    float *const out = a->scores + ((s->b * a->heads + s->h) * a->query_time + step) * a->key_time;
    for (int64_t key = 0; key < keys; key++)
        out[steps ? steps[key] : key] = terms[key] * scale;
}

/* z[i] = sum of exponential x value, over the first `keys` keys. */
static void sum_values(const attention_head *s, int64_t queries, int64_t keys) {
    const attention_shape *const shape = s->shape;
    const float *terms[MSQ_QUERIES];
    msq_product p = {.z = s->z,
                     .x = terms,
                     .start = s->z,
                     .z_stride = shape->value_stride,
                     .start_stride = shape->value_stride,
                     .columns = shape->value_stride,
                     .rows = queries,
                     .groups = 1,
                     .last_block = shape->value_stride / shape->kernels->width};
    if (!s->v_panels) {
        shape->kernels->sum_few(s->z, shape->value_stride, s->scores, shape->key_stride, queries,
                                s->v, keys, s->v_stride, shape->a->value_dim);
        return;
    }
    memset(s->z, 0, (size_t)(queries * shape->value_stride) * sizeof *s->z);
    for (int64_t key = 0; key < keys; key += KEYS) {
        p.depth = s->keys - key < KEYS ? s->keys - key : KEYS;
        p.panels = s->v_panels + key * shape->value_stride;
        for (int64_t i = 0; i < queries; i++)
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
static void sum_values_carefully(const attention_head *s, float *z, const float *terms,
                                 int64_t keys) {
    const int64_t dim = s->shape->a->value_dim;
    memset(z, 0, (size_t)dim * sizeof *z);
    for (int64_t key = 0; key < keys; key++)
        for (int64_t d = 0; terms[key] != 0.0f && d < dim; d++)
            z[d] = fmaf(terms[key], s->v[key * s->v_stride + d], z[d]);
}

void msq_attend(const attention_head *s, int64_t first, int64_t queries) {
    const msq_attention *const a = s->shape->a;
    const int64_t sequence = a->query_offsets[s->b], stride = s->shape->key_stride;
    const float *q[MSQ_QUERIES];
    int64_t steps[MSQ_QUERIES], visible[MSQ_QUERIES], keys = 0;
    float sums[MSQ_QUERIES];
    for (int64_t i = 0; i < queries; i++) {
        q[i] = a->q + ((first + i) * a->heads + s->h) * a->key_dim;
        steps[i] = a->query_steps ? a->query_steps[first + i] : first + i - sequence;
        keys = visible[i] = visible_keys(s, steps[i]); /* ascending, as the steps do */
    }
    const int64_t in_panels = (keys + KEYS - 1) / KEYS * KEYS;
    const int64_t end = in_panels < s->keys ? in_panels : s->keys;
    score_block(s, q, queries, keys);
    for (int64_t i = 0; a->mask && i < queries; i++)
        hide_keys(s, s->scores + i * stride, steps[i], visible[i]);
    s->shape->kernels->softmax_terms(s->scores, stride, visible, queries, sums);
    for (int64_t i = 0; i < queries; i++)
        memset(s->scores + i * stride + visible[i], 0, (size_t)(end - visible[i]) * sizeof(float));
    sum_values(s, queries, keys);
    for (int64_t i = 0; i < queries; i++) {
        const float *const terms = s->scores + i * stride;
        const float scale = sums[i] == 0.0f ? 0.0f : 1.0f / sums[i];
        float *const z = s->z + i * s->shape->value_stride;
        float *const out = a->out + ((first + i) * a->heads + s->h) * a->value_dim;
        if (!put_out(out, z, scale, a->value_dim)) {
            sum_values_carefully(s, z, terms, visible[i]);
            put_out(out, z, scale, a->value_dim);
        }
        if (a->scores)
            put_out_scores(s, terms, scale, steps[i], visible[i]);
    }
}
