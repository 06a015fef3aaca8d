/* Attention over rows: only real queries and real keys are read. Threads share the work by heads of
 * sequences: several where there are few queries, and chunks of queries where there are many. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"
#include "parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    CHUNK = 256, /* queries of an item of work: packing the keys for them costs little beside */
    FMAS_OF_PACKING = 8, /* reading a key, or a query, costs as much as so many pairs */
    FMAS_OF_EXPONENTIAL = 24,
    ITEMS_A_THREAD = 4,      /* at least, where heads are done together */
#ifdef MASKSEQ_EAGER_THREADS /* for tests: keys and values of any size */
    FAR = 256
#else
    FAR = 6 << 20 /* floats: 24 MB is more than one program gets of most caches */
#endif
};

typedef struct {
    attention_shape shape;
    int64_t chunks, items;  /* chunks of the longest sequence; chunks x heads x batch */
    double heads_together;  /* of a sequence of few queries, if MSQ_QUERIES allows */
    int64_t scratch_floats; /* of one thread */
    float *scratch;
    _Atomic int64_t next_item;
    msq_stop stop;
} attention_job;

/* How many heads from h on an item of work does for a sequence of so many queries: several side by
 * side if the queries are few, none if an earlier item does h too. */
static int64_t heads_of_item(const attention_job *job, int64_t h, int64_t queries) {
    const int64_t most = MSQ_QUERIES / queries, left = job->shape.a->heads - h;
    const int64_t heads = job->heads_together < (double)most ? (int64_t)job->heads_together : most;
    if (queries > MSQ_FEW || heads <= 1)
        return 1;
    return h % heads != 0 ? 0 : left < heads ? left : heads;
}

static void attention_body(void *context, int thread, int num_threads) {
    attention_job *const job = context;
    const msq_attention *const a = job->shape.a;
    float *const scratch = job->scratch + thread * job->scratch_floats;
    (void)num_threads;
    for (int64_t item; (item = atomic_fetch_add(&job->next_item, 1)) < job->items;) {
        const int64_t b = item / job->chunks / a->heads, h = item / job->chunks % a->heads;
        int64_t query = a->query_offsets[b] + item % job->chunks * CHUNK;
        const int64_t left = a->query_offsets[b + 1] - query;
        const int64_t end = query + (left < CHUNK ? left : CHUNK);
        if (left <= 0)
            continue;
        const int64_t heads = heads_of_item(job, h, left);
        if (heads == 0)
            continue;
        attention_heads part;
        msq_start_heads(&part, &job->shape, scratch, b, h, heads, end - query);
        const double fmas =
            (double)MSQ_QUERIES * (double)part.keys * (double)(a->key_dim + a->value_dim);
        for (; query < end; query += MSQ_QUERIES) {
            if (msq_stops(&job->stop, thread, fmas))
                return;
            msq_attend(&part, query, end - query < MSQ_QUERIES ? end - query : MSQ_QUERIES);
        }
    }
}

/* Sizes of the job; returns its work in FMAs, or -1 if the scratch of a thread would be too large.
 */
static double plan(attention_job *job) {
    const msq_attention *const a = job->shape.a;
    const int64_t width = job->shape.kernels->width;
    int64_t most_queries = 0, most_keys = 0;
    double pairs = 0, rows = 0, all_keys = 0;
    for (int64_t b = 0; b < a->batch; b++) {
        const int64_t queries = a->query_offsets[b + 1] - a->query_offsets[b];
        const int64_t keys = a->key_offsets[b + 1] - a->key_offsets[b];
        most_queries = queries > most_queries ? queries : most_queries;
        most_keys = keys > most_keys ? keys : most_keys;
        all_keys += queries > 0 ? (double)keys : 0;
        pairs += (double)queries * (double)keys;
        rows += queries > 0 ? (double)(queries + keys) : 0;
    }
    job->shape.key_stride = (most_keys + width - 1) / width * width;
    job->shape.value_stride = (a->value_dim + width - 1) / width * width;
    job->shape.far = all_keys * (double)a->kv_heads * (double)(a->key_dim + a->value_dim) > FAR;
    job->chunks = (most_queries + CHUNK - 1) / CHUNK;
    job->items = job->chunks;
    job->scratch_floats = msq_heads_scratch(&job->shape);
    if (msq_multiply(&job->items, a->batch) || msq_multiply(&job->items, a->heads) ||
        job->scratch_floats < 0)
        return -1;
    const double dims = (double)(a->key_dim + a->value_dim);
    return (double)a->heads *
           (pairs * (dims + FMAS_OF_EXPONENTIAL) + rows * FMAS_OF_PACKING * dims);
}

/* Attention whose offsets and steps are our own. */
static int attend(const msq_attention *a, const msq_attention_dropout *dropout, int num_threads) {
    attention_job job = {.shape = {.a = a, .kernels = msq_kernels(), .dropout = dropout}};
    const double fmas = plan(&job);
    const int threads = msq_plan_products(num_threads, job.items, fmas);
    int64_t floats = threads;
    job.heads_together = (double)a->batch * (double)a->heads;
    job.heads_together /= threads > 1 ? ITEMS_A_THREAD * threads : 1;
    job.scratch =
        fmas < 0 || msq_multiply(&floats, job.scratch_floats) ? NULL : msq_allocate(floats);
    if (!job.scratch)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, attention_body, &job);
    msq_aligned_free(job.scratch);
    return job.stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_attention_dropping_f32(const msq_attention *a, const msq_attention_dropout *dropout,
                               int num_threads) {
    msq_attention own;
    int64_t *layout;
    const int fits = msq_dropout_status(dropout, a->batch);
    if (fits != MSQ_OK)
        return fits;
    if (msq_missing(a->out, a->query_rows, a->value_dim))
        return MSQ_OUT_OF_RANGE;
    const int copied = msq_copy_layout(&own, a, &layout);
    const int status = copied == MSQ_OK ? attend(&own, dropout, num_threads) : copied;
    free(layout);
    return status;
}

int msq_attention_f32(const msq_attention *a, int num_threads) {
    return msq_attention_dropping_f32(a, NULL, num_threads);
}
