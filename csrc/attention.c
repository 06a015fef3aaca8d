/* Attention over rows: only real queries and real keys are read, sequence by sequence. A head of a
 * sequence is done in blocks of queries; the keys are packed so that both products are those of the
 * dense layer. Each output is one chain of FMAs over the keys, ascending, whatever the blocks. */
#include "gemm.h"
#include "parallel.h"
#include "softmax.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum {
    QUERIES = 32, /* done together: their scores of 256 keys fit in the first cache */
    KEYS = 64,    /* in a panel of values: what a causal block of queries may do in vain */
    CHUNK = 256,  /* queries of an item of work: packing the keys for them costs little beside */
    FMAS_PER_THREAD = 1 << 20 /* some 20 us of work, several times the cost of a parallel region */
};

typedef struct {
    const msq_attention *a;
    const msq_kernel_table *kernels;
    int64_t key_stride, value_stride; /* most keys of a sequence, value_dim: in whole blocks */
    int64_t chunks, items;            /* chunks of the longest sequence; chunks x heads x batch */
    int64_t scratch_floats;           /* of one thread */
    float *scratch;
    _Atomic int64_t next_item;
    msq_stop stop;
} attention_job;

/* One head of one sequence, on one thread. */
typedef struct {
    const attention_job *job;
    int64_t b, h;
    int64_t first_key, keys;
    const float *v; /* of the first key; rows are v_stride apart */
    int64_t v_stride;
    int all_finite;  /* no NaN or infinity in v */
    float *scores;   /* (QUERIES, key_stride): scores, then weights */
    float *k_panels; /* of the scaled keys: [block of keys][key_dim][width] */
    float *v_panels; /* of the values: [KEYS keys at a time][block of value_dim][key][width] */
    float *z;        /* (QUERIES, value_stride) */
    float *zeros;    /* as long as key_stride or value_stride */
    uint8_t *mask;   /* (key_stride) */
} head;

static head start_head(const attention_job *job, float *scratch, int64_t b, int64_t h) {
    const msq_attention *const a = job->a;
    const int64_t kv_head = h / (a->heads / a->kv_heads), k_stride = a->kv_heads * a->key_dim;
    const int64_t first = a->key_offsets[b], keys = a->key_offsets[b + 1] - first;
    const float *const k = a->k + first * k_stride + kv_head * a->key_dim;
    head s = {.job = job, .b = b, .h = h, .first_key = first, .keys = keys};
    s.v_stride = a->kv_heads * a->value_dim;
    s.v = a->v + first * s.v_stride + kv_head * a->value_dim;
    s.zeros = scratch;
    s.z = s.zeros + job->key_stride + job->value_stride;
    s.scores = s.z + QUERIES * job->value_stride;
    s.k_panels = s.scores + QUERIES * job->key_stride;
    s.v_panels = s.k_panels + job->key_stride * a->key_dim;
    s.mask = (uint8_t *)(s.v_panels + job->key_stride * job->value_stride);
    memset(s.zeros, 0, (size_t)(job->key_stride + job->value_stride) * sizeof(float));
    job->kernels->pack_keys(s.k_panels, k, keys, k_stride, a->key_dim, a->scale);
    s.all_finite = 1;
    for (int64_t key = 0; key < keys; key += KEYS)
        s.all_finite &= job->kernels->pack_values(
            s.v_panels + key * job->value_stride, s.v + key * s.v_stride,
            keys - key < KEYS ? keys - key : KEYS, s.v_stride, a->value_dim);
    return s;
}

/* How many keys a query at `step` may attend to: all, or those of no later step. */
static int64_t visible_keys(const head *s, int64_t step) {
    const int64_t *const steps = s->job->a->key_steps;
    int64_t low = 0, high = s->keys;
    if (!s->job->a->causal)
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

/* Scores of one query -> weights: 0 past the visible keys, up to `end`. */
static void weigh_keys(const head *s, float *row, int64_t step, int64_t end) {
    const msq_attention *const a = s->job->a;
    const int64_t *const key_steps = a->key_steps ? a->key_steps + s->first_key : NULL;
    const int64_t visible = visible_keys(s, step), cells = a->query_time * a->key_time;
    const int64_t mask_head = a->mask_heads == 1 ? s->b : s->b * a->heads + s->h;
    msq_span real = {0, visible, 0};
    if (a->mask) {
        const uint8_t *const mask = a->mask + mask_head * cells + step * a->key_time;
        for (int64_t key = 0; key < visible; key++)
            s->mask[key] = mask[key_steps ? key_steps[key] : key];
        real = msq_find_span(s->mask, visible);
    }
    msq_softmax_row(s->job->kernels->softmax_row, row, row, s->mask, real, visible);
    memset(row + visible, 0, (size_t)(end - visible) * sizeof *row);
    if (a->scores) {
        float *const out = a->scores + (s->b * a->heads + s->h) * cells + step * a->key_time;
        for (int64_t key = 0; key < visible; key++)
            out[key_steps ? key_steps[key] : key] = row[key];
    }
}

/* The same sum in the same order, without the keys of weight 0: their values may hold anything. */
static void weigh_values_carefully(const head *s, float *z, const float *weights, int64_t keys) {
    for (int64_t key = 0; key < keys; key++)
        for (int64_t d = 0; weights[key] != 0.0f && d < s->job->a->value_dim; d++)
            z[d] = fmaf(weights[key], s->v[key * s->v_stride + d], z[d]);
}

/* z = weights x values, over the first `keys` keys. */
static void weigh_values(const head *s, int64_t queries, int64_t keys) {
    const attention_job *const job = s->job;
    const float *weights[QUERIES];
    msq_product p = {.z = s->z,
                     .x = weights,
                     .start = s->z,
                     .z_stride = job->value_stride,
                     .start_stride = job->value_stride,
                     .columns = job->value_stride,
                     .rows = queries,
                     .groups = 1,
                     .last_block = job->value_stride / job->kernels->width};
    memset(s->z, 0, (size_t)(queries * job->value_stride) * sizeof *s->z);
    if (!s->all_finite) {
        for (int64_t i = 0; i < queries; i++)
            weigh_values_carefully(s, s->z + i * job->value_stride, s->scores + i * job->key_stride,
                                   keys);
        return;
    }
    for (int64_t key = 0; key < keys; key += KEYS) {
        p.depth = s->keys - key < KEYS ? s->keys - key : KEYS;
        p.panels = s->v_panels + key * job->value_stride;
        for (int64_t i = 0; i < queries; i++)
            weights[i] = s->scores + i * job->key_stride + key;
        job->kernels->product(&p);
    }
}

/* The queries [first, first + queries) of the batch, at most QUERIES of the sequence of s. */
static void attend_block(const head *s, int64_t first, int64_t queries) {
    const attention_job *const job = s->job;
    const msq_attention *const a = job->a;
    const int64_t width = job->kernels->width, sequence = a->query_offsets[s->b];
    const float *q[QUERIES];
    int64_t steps[QUERIES];
    for (int64_t i = 0; i < queries; i++) {
        q[i] = a->q + ((first + i) * a->heads + s->h) * a->key_dim;
        steps[i] = a->query_steps ? a->query_steps[first + i] : first + i - sequence;
    }
    const int64_t keys = visible_keys(s, steps[queries - 1]);
    const int64_t in_panels = (keys + KEYS - 1) / KEYS * KEYS;
    const int64_t end = in_panels < s->keys ? in_panels : s->keys;
    const msq_product p = {.z = s->scores,
                           .x = q,
                           .panels = s->k_panels,
                           .start = s->zeros,
                           .z_stride = job->key_stride,
                           .columns = job->key_stride,
                           .rows = queries,
                           .depth = a->key_dim,
                           .groups = 1,
                           .last_block = (keys + width - 1) / width};
    job->kernels->product(&p);
    for (int64_t i = 0; i < queries; i++)
        weigh_keys(s, s->scores + i * job->key_stride, steps[i], end);
    weigh_values(s, queries, keys);
    for (int64_t i = 0; i < queries; i++)
        memcpy(a->out + ((first + i) * a->heads + s->h) * a->value_dim,
               s->z + i * job->value_stride, (size_t)a->value_dim * sizeof(float));
}

static void attention_body(void *context, int thread, int num_threads) {
    attention_job *const job = context;
    const msq_attention *const a = job->a;
    float *const scratch = job->scratch + thread * job->scratch_floats;
    (void)num_threads;
    for (int64_t item; (item = atomic_fetch_add(&job->next_item, 1)) < job->items;) {
        const int64_t b = item / job->chunks / a->heads, h = item / job->chunks % a->heads;
        int64_t query = a->query_offsets[b] + item % job->chunks * CHUNK;
        const int64_t left = a->query_offsets[b + 1] - query;
        const int64_t end = query + (left < CHUNK ? left : CHUNK);
        if (left <= 0)
            continue;
        const head s = start_head(job, scratch, b, h);
        const double fmas = (double)QUERIES * (double)s.keys * (double)(a->key_dim + a->value_dim);
        for (; query < end; query += QUERIES) {
            if (msq_stops(&job->stop, thread, fmas))
                return;
            attend_block(&s, query, end - query < QUERIES ? end - query : QUERIES);
        }
    }
}

/* 1 if the offsets ascend in [0, rows], and the steps of each sequence in [0, time). */
static int layout_fits(const int64_t *offsets, const int64_t *steps, int64_t batch, int64_t rows,
                       int64_t time) {
    if (offsets[0] < 0)
        return 0;
    for (int64_t b = 0; b < batch; b++) {
        const int64_t first = offsets[b], end = offsets[b + 1];
        if (end < first || end > rows || (!steps && end - first > time))
            return 0;
        for (int64_t row = first; steps && row < end; row++)
            if (steps[row] <= (row > first ? steps[row - 1] : -1) || steps[row] >= time)
                return 0;
    }
    return 1;
}

/* Sizes of the job; returns its FMAs, or -1 if the scratch of a thread would be too large. */
static double plan(attention_job *job) {
    const msq_attention *const a = job->a;
    const int64_t width = job->kernels->width;
    int64_t most_queries = 0, most_keys = 0;
    double pairs = 0;
    for (int64_t b = 0; b < a->batch; b++) {
        const int64_t queries = a->query_offsets[b + 1] - a->query_offsets[b];
        const int64_t keys = a->key_offsets[b + 1] - a->key_offsets[b];
        most_queries = queries > most_queries ? queries : most_queries;
        most_keys = keys > most_keys ? keys : most_keys;
        pairs += (double)queries * (double)keys;
    }
    job->key_stride = (most_keys + width - 1) / width * width;
    job->value_stride = (a->value_dim + width - 1) / width * width;
    job->chunks = (most_queries + CHUNK - 1) / CHUNK;
    job->items = job->chunks;
    if (msq_multiply(&job->items, a->batch) || msq_multiply(&job->items, a->heads))
        return -1;
    /* all arrays of a head: a row of each per key, or per column of the values */
    job->scratch_floats = job->key_stride;
    if (msq_multiply(&job->scratch_floats, a->key_dim + job->value_stride + QUERIES + 2))
        return -1;
    job->scratch_floats += job->value_stride * (QUERIES + 1);
    job->scratch_floats += -job->scratch_floats & 15; /* threads share no cache line */
    return pairs * (double)(a->heads * (a->key_dim + a->value_dim));
}

int msq_attention_f32(const msq_attention *a, int num_threads) {
    const int64_t query_time = a->mask || a->scores ? a->query_time : INT64_MAX;
    const int64_t key_time = a->mask || a->scores ? a->key_time : INT64_MAX;
    attention_job job = {.a = a, .kernels = msq_kernels()};
    if (a->size != sizeof *a)
        return MSQ_UNSUPPORTED;
    if (a->batch < 0 || a->query_rows < 0 || a->key_rows < 0 || a->heads < 1 || a->kv_heads < 1 ||
        a->heads % a->kv_heads != 0 || a->key_dim < 0 || a->key_dim > MAX_FLOATS ||
        a->value_dim < 0 || a->value_dim > MAX_FLOATS)
        return MSQ_OUT_OF_RANGE;
    if (!layout_fits(a->query_offsets, a->query_steps, a->batch, a->query_rows, query_time) ||
        !layout_fits(a->key_offsets, a->key_steps, a->batch, a->key_rows, key_time))
        return MSQ_OUT_OF_RANGE;
    const double fmas = plan(&job);
    const int threads = msq_plan_threads(num_threads, job.items, fmas, FMAS_PER_THREAD);
    int64_t floats = threads;
    job.scratch =
        fmas < 0 || msq_multiply(&floats, job.scratch_floats) ? NULL : msq_allocate(floats);
    if (!job.scratch)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, attention_body, &job);
    msq_aligned_free(job.scratch);
    return job.stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}
