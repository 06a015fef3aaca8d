/* Pooling over time: the largest or the mean of rows, of windows or of whole sequences. */
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Values for which one more thread pays: about 10 us of work. */
enum { GRAIN = 1 << 16 };

typedef struct {
    float *out;
    const float *x;
    const int64_t *index, *offsets;
    int64_t parts, rows, features;
    const msq_pooled *windows; /* NULL: parts are sequences, by their offsets */
    int takes_mean;
    atomic_int bad;
} pool_job;

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* Which cells part p pools. */
static void cells_of(const pool_job *job, int64_t p, int64_t *first, int64_t *last) {
    const msq_pooled *const w = job->windows;
    if (!w) {
        *first = msq_read(&job->offsets[p]);
        *last = msq_read(&job->offsets[p + 1]);
        return;
    }
    const int64_t sequence = p / w->count * w->time, start = p % w->count * w->stride - w->before;
    *first = sequence + larger(start, 0);
    *last = sequence + (start + w->size < w->time ? start + w->size : w->time);
}

static int is_right(const pool_job *job, int64_t first, int64_t last, int64_t cells) {
    if (first < 0 || last < first || last > cells)
        return 0;
    for (int64_t i = first; job->index && i < last; i++)
        if (job->index[i] < 0 || job->index[i] >= job->rows)
            return 0;
    return 1;
}

static void pool_body(void *context, int thread, int num_threads) {
    pool_job *const job = context;
    const msq_pooled *const w = job->windows;
    const int64_t features = job->features, end = msq_share(job->parts, thread + 1, num_threads);
    const int64_t cells = w ? job->parts / larger(w->count, 1) * w->time : job->rows;
    for (int64_t p = msq_share(job->parts, thread, num_threads); p < end; p++) {
        int64_t first, last;
        float *const out = job->out + p * features;
        cells_of(job, p, &first, &last);
        if (!is_right(job, first, last, cells)) {
            atomic_store(&job->bad, 1);
            return;
        }
        if (first == last)
            memset(out, 0, (size_t)features * sizeof *out);
        else if (job->index)
            msq_kernels()->pool_rows(out, job->x, job->index + first, last - first, features,
                                     job->takes_mean);
        else
            msq_kernels()->pool_rows(out, job->x + first * features, NULL, last - first, features,
                                     job->takes_mean);
    }
}

static int run(pool_job *job, double values, int num_threads) {
    if (job->parts < 0 || job->rows < 0 || job->features < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, job->parts, values, GRAIN), pool_body, job);
    return job->bad ? MSQ_OUT_OF_RANGE : MSQ_OK;
}

int msq_pool_windows_f32(float *out, const float *x, const int64_t *index, int64_t batch,
                         int64_t rows, int64_t features, const msq_pooled *windows, int takes_mean,
                         int num_threads) {
    const msq_pooled w = *windows;
    if (batch < 0 || w.time < 0 || w.count < 0 || w.size < 1 || w.stride < 1 || w.before < 0 ||
        (!index && rows < batch * w.time) || (w.count - 1) * w.stride - w.before >= w.time ||
        w.before >= w.size)
        return MSQ_OUT_OF_RANGE;
    pool_job job = {.out = out,
                    .x = x,
                    .index = index,
                    .parts = batch * w.count,
                    .rows = rows,
                    .features = features,
                    .windows = &w,
                    .takes_mean = takes_mean};
    return run(&job, (double)job.parts * (double)w.size * (double)features, num_threads);
}

int msq_pool_sequences_f32(float *out, const float *x, const int64_t *offsets, int64_t batch,
                           int64_t rows, int64_t features, int takes_mean, int num_threads) {
    pool_job job = {.out = out,
                    .x = x,
                    .offsets = offsets,
                    .parts = batch,
                    .rows = rows,
                    .features = features,
                    .takes_mean = takes_mean};
    return run(&job, (double)rows * (double)features, num_threads);
}
