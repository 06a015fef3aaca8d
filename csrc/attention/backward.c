/* The way back through attention: a thread does a head of keys of a sequence, whose queries come in
 * blocks, head after head. Of a block, P are the weights and O' the gradients of the output:
 *     P' = O' V^T,  S' = scale P (P' - sum of P P'),  Q' = S' K,  K' += S'^T Q,  V' += P^T O'.
 * P and S' of one block are all that is kept. A thread shares no output with another. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"
#include "parallel.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Products of a pair of a query and a key, beside the scores: two of key_dim, two of value_dim. */
enum { PRODUCTS = 2 };

typedef struct {
    attention_shape shape;
    const float *d_out;
    float *dq, *dk, *dv;
    int64_t key_width; /* key_dim in whole blocks */
    int64_t items;     /* sequences x heads of keys */
    int64_t scratch_floats;
    float *scratch;
    _Atomic int64_t next_item;
    msq_stop stop;
} backward_job;

/* A head of keys of a sequence. The part is one of its heads of queries. */
typedef struct {
    const backward_job *job;
    attention_heads part;
    int64_t kv_head;
    int finite_keys;
    float *d_scores;                /* (MSQ_QUERIES, key_stride): P', then S' */
    float *key_panels;              /* K, as values are packed */
    float *v_turned;                /* V, as keys are packed */
    float *dq;                      /* (MSQ_QUERIES, key_width) */
    float *dk, *dv;                 /* (key_stride, key_width) and (key_stride, value_stride) */
    float *q_panels, *d_out_panels; /* of a block of queries */
} head_backward;

static int all_finite(const float *x, int64_t rows, int64_t stride, int64_t dim) {
    int finite = 1;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t d = 0; d < dim; d++)
            finite &= fabsf(x[row * stride + d]) <= FLT_MAX;
    return finite;
}

/* Floats of scratch of a thread, -1 if there are too many. */
static int64_t scratch_of(const backward_job *job) {
    const msq_attention *const a = job->shape.a;
    const int64_t dims = job->key_width + job->shape.value_stride;
    int64_t floats = job->shape.key_stride; /* all that has a row or a column a key */
    if (msq_multiply(&floats,
                     1 + 2 * MSQ_QUERIES + a->key_dim + a->value_dim + job->key_width + dims))
        return -1;
    floats += MSQ_QUERIES * (job->key_width + dims);
    return floats + (-floats & 15); /* threads share no cache line */
}

static float *take(float **scratch, int64_t floats) {
    float *const taken = *scratch;
    *scratch += floats;
    return taken;
}

/* Lays out the scratch, packs the keys and values. */
static void start_head(head_backward *s, const backward_job *job, float *scratch, int64_t b,
                       int64_t kv_head) {
    const attention_shape *const shape = &job->shape;
    const msq_attention *const a = shape->a;
    attention_heads *const part = &s->part;
    s->job = job;
    s->kv_head = kv_head;
    *part = (attention_heads){.shape = shape, .b = b, .heads = 1};
    part->first_key = a->key_offsets[b];
    part->keys = a->key_offsets[b + 1] - part->first_key;
    part->k_stride = a->kv_heads * a->key_dim;
    part->v_stride = a->kv_heads * a->value_dim;
    const float *const k = a->k + part->first_key * part->k_stride + kv_head * a->key_dim;
    const float *const v = a->v + part->first_key * part->v_stride + kv_head * a->value_dim;
    const int64_t stride = shape->key_stride;
    part->zeros = take(&scratch, stride);
    part->scores = take(&scratch, MSQ_QUERIES * stride);
    s->d_scores = take(&scratch, MSQ_QUERIES * stride);
    part->k_panels = take(&scratch, stride * a->key_dim);
    s->v_turned = take(&scratch, stride * a->value_dim);
    s->key_panels = take(&scratch, stride * job->key_width);
    s->dk = take(&scratch, stride * job->key_width);
    s->dv = take(&scratch, stride * shape->value_stride);
    s->dq = take(&scratch, MSQ_QUERIES * job->key_width);
    s->q_panels = take(&scratch, MSQ_QUERIES * job->key_width);
    s->d_out_panels = take(&scratch, MSQ_QUERIES * shape->value_stride);
    memset(part->zeros, 0, (size_t)stride * sizeof(float));
    memset(s->dk, 0, (size_t)(part->keys * job->key_width) * sizeof(float));
    memset(s->dv, 0, (size_t)(part->keys * shape->value_stride) * sizeof(float));
    const msq_kernel_table *const kernels = shape->kernels;
    kernels->pack_keys(part->k_panels, k, part->keys, part->k_stride, a->key_dim, a->scale);
    kernels->pack_keys(s->v_turned, v, part->keys, part->v_stride, a->value_dim, 1.0f);
    msq_pack_panels_of_keys(shape, s->key_panels, k, part->keys, part->k_stride, a->key_dim,
                            job->key_width);
    s->finite_keys = all_finite(k, part->keys, part->k_stride, a->key_dim);
}

/* P' of a block, then S'; the exponentials become P. */
static void score_gradients(const head_backward *s, const attention_rows *rows) {
    const attention_shape *const shape = &s->job->shape;
    const msq_attention *const a = shape->a;
    const float *d_out[MSQ_QUERIES];
    for (int64_t i = 0; i < rows->rows; i++)
        d_out[i] = s->job->d_out + rows->place[i] * a->value_dim;
    shape->kernels->product(&(msq_product){.z = s->d_scores,
                                           .x = d_out,
                                           .panels = s->v_turned,
                                           .start = s->part.zeros,
                                           .z_stride = shape->key_stride,
                                           .columns = shape->key_stride,
                                           .rows = rows->rows,
                                           .depth = a->value_dim,
                                           .groups = 1,
                                           .last_block = (rows->keys + shape->kernels->width - 1) /
                                                         shape->kernels->width});
    msq_drop_weights(&s->part, rows, s->d_scores);
    for (int64_t i = 0; i < rows->rows; i++) {
        float *const d = s->d_scores + i * shape->key_stride;
        const float sum = rows->sums[i];
        shape->kernels->weights_gradient(d, s->part.scores + i * shape->key_stride,
                                         rows->visible[i], sum == 0.0f ? 0.0f : 1.0f / sum,
                                         a->scale);
        memset(d + rows->visible[i], 0, (size_t)(rows->end - rows->visible[i]) * sizeof *d);
    }
}

/* Q' of a block. Keys that hold what is not finite are read only where S' is not 0. */
static void query_gradients(const head_backward *s, const attention_rows *rows) {
    const msq_attention *const a = s->job->shape.a;
    const int64_t width = s->job->key_width;
    memset(s->dq, 0, (size_t)(rows->rows * width) * sizeof *s->dq);
    if (s->finite_keys)
        msq_sum_panels(&s->part, s->dq, width, s->key_panels, s->d_scores, rows->rows, rows->keys);
    const float *const k = a->k + s->part.first_key * s->part.k_stride + s->kv_head * a->key_dim;
    for (int64_t i = 0; i < rows->rows; i++) {
        const float *const d = s->d_scores + i * s->job->shape.key_stride;
        float *const z = s->dq + i * width;
        for (int64_t key = 0; !s->finite_keys && key < rows->keys; key++)
            for (int64_t c = 0; d[key] != 0.0f && c < a->key_dim; c++)
                z[c] = fmaf(d[key], k[key * s->part.k_stride + c], z[c]);
        memcpy(s->job->dq + rows->place[i] * a->key_dim, z, (size_t)a->key_dim * sizeof *z);
    }
}

/* z[key] += sum over the rows of x[row][key] w[row], w the rows of a head, `stride` apart. Rows
 * that hold what is not finite count only where x is not 0. */
static void add_turned(const head_backward *s, float *z, int64_t width, const float *x,
                       const attention_rows *rows, const float *w, int64_t stride, int64_t dim,
                       float *panels) {
    const attention_shape *const shape = &s->job->shape;
    if (all_finite(w, rows->rows, stride, dim)) {
        shape->kernels->pack_values(panels, w, rows->rows, stride, dim);
        shape->kernels->turned(&(msq_turned){.z = z,
                                             .x = x,
                                             .panels = panels,
                                             .z_stride = width,
                                             .x_stride = shape->key_stride,
                                             .rows = rows->keys,
                                             .depth = rows->rows,
                                             .blocks = width / shape->kernels->width});
        return;
    }
    for (int64_t row = 0; row < rows->rows; row++)
        for (int64_t key = 0; key < rows->keys; key++) {
            const float factor = x[row * shape->key_stride + key];
            for (int64_t d = 0; factor != 0.0f && d < dim; d++)
                z[key * width + d] = fmaf(factor, w[row * stride + d], z[key * width + d]);
        }
}

/* A block of queries of the head in s->part. */
static void go_back(head_backward *s, int64_t first, int64_t queries) {
    const backward_job *const job = s->job;
    const msq_attention *const a = job->shape.a;
    attention_rows rows;
    msq_exponentials(&s->part, &rows, first, queries);
    score_gradients(s, &rows);
    query_gradients(s, &rows);
    const int64_t place = first * a->heads + s->part.h;
    add_turned(s, s->dk, job->key_width, s->d_scores, &rows, a->q + place * a->key_dim,
               a->heads * a->key_dim, a->key_dim, s->q_panels);
    msq_drop_weights(&s->part, &rows, s->part.scores);
    add_turned(s, s->dv, job->shape.value_stride, s->part.scores, &rows,
               job->d_out + place * a->value_dim, a->heads * a->value_dim, a->value_dim,
               s->d_out_panels);
}

/* The sums of all queries, to where they belong. */
static void put_out_keys(const head_backward *s) {
    const backward_job *const job = s->job;
    const msq_attention *const a = job->shape.a;
    for (int64_t key = 0; key < s->part.keys; key++) {
        const int64_t place = (s->part.first_key + key) * a->kv_heads + s->kv_head;
        memcpy(job->dk + place * a->key_dim, s->dk + key * job->key_width,
               (size_t)a->key_dim * sizeof(float));
        memcpy(job->dv + place * a->value_dim, s->dv + key * job->shape.value_stride,
               (size_t)a->value_dim * sizeof(float));
    }
}

static void backward_body(void *context, int thread, int num_threads) {
    backward_job *const job = context;
    const msq_attention *const a = job->shape.a;
    const int64_t group = a->heads / a->kv_heads;
    (void)num_threads;
    for (int64_t item; (item = atomic_fetch_add(&job->next_item, 1)) < job->items;) {
        const int64_t b = item / a->kv_heads, kv_head = item % a->kv_heads;
        const int64_t begin = a->query_offsets[b], end = a->query_offsets[b + 1];
        head_backward s;
        start_head(&s, job, job->scratch + thread * job->scratch_floats, b, kv_head);
        const double fmas = (double)PRODUCTS * (double)MSQ_QUERIES * (double)s.part.keys *
                            (double)(a->key_dim + a->value_dim);
        for (int64_t h = kv_head * group; begin < end && h < (kv_head + 1) * group; h++) {
            s.part.h = h;
            for (int64_t query = begin; query < end; query += MSQ_QUERIES) {
                if (msq_stops(&job->stop, thread, fmas))
                    return;
                go_back(&s, query, end - query < MSQ_QUERIES ? end - query : MSQ_QUERIES);
            }
        }
        put_out_keys(&s);
    }
}

/* Sizes of the job; returns its work in FMAs, or -1 if the scratch of a thread would be too large.
 */
static double plan(backward_job *job) {
    const msq_attention *const a = job->shape.a;
    const int64_t width = job->shape.kernels->width;
    int64_t most_keys = 0, all_queries = 0;
    double pairs = 0;
    for (int64_t b = 0; b < a->batch; b++) {
        const int64_t queries = a->query_offsets[b + 1] - a->query_offsets[b];
        const int64_t keys = a->key_offsets[b + 1] - a->key_offsets[b];
        most_keys = keys > most_keys ? keys : most_keys;
        all_queries += queries;
        pairs += (double)queries * (double)keys;
    }
    job->shape.key_stride = (most_keys + width - 1) / width * width;
    job->shape.value_stride = (a->value_dim + width - 1) / width * width;
    job->key_width = (a->key_dim + width - 1) / width * width;
    job->items = most_keys + all_queries > 0 ? a->batch : 0;
    job->scratch_floats = scratch_of(job);
    if (msq_multiply(&job->items, a->kv_heads) || job->scratch_floats < 0)
        return -1;
    return PRODUCTS * pairs * (double)a->heads * (double)(a->key_dim + a->value_dim);
}

static int run(backward_job *job, int num_threads) {
    const double fmas = plan(job);
    const int threads = msq_plan_threads(num_threads, job->items, fmas, MSQ_FMAS_PER_THREAD);
    int64_t floats = threads;
    job->scratch =
        fmas < 0 || msq_multiply(&floats, job->scratch_floats) ? NULL : msq_allocate(floats);
    if (!job->scratch)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, backward_body, job);
    msq_aligned_free(job->scratch);
    return job->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_attention_backward_f32(const msq_attention *a, const msq_attention_dropout *dropout,
                               const float *d_out, float *dq, float *dk, float *dv,
                               int num_threads) {
    msq_attention own = *a;
    int64_t *layout;
    const int fits = msq_dropout_status(dropout, a->batch);
    if (fits != MSQ_OK)
        return fits;
    if (msq_missing(d_out, a->query_rows, a->value_dim) ||
        msq_missing(dq, a->query_rows, a->key_dim) || msq_missing(dk, a->key_rows, a->key_dim) ||
        msq_missing(dv, a->key_rows, a->value_dim))
        return MSQ_OUT_OF_RANGE;
    own.out = own.scores = NULL;
    const int copied = msq_copy_layout(&own, &own, &layout);
    backward_job job = {.shape = {.a = &own, .kernels = msq_kernels(), .dropout = dropout}};
    job.d_out = d_out, job.dq = dq, job.dk = dk, job.dv = dv;
    const int status = copied == MSQ_OK ? run(&job, num_threads) : copied;
    free(layout);
    return status;
}
