/* Sums over time: of the rows of each sequence, feature by feature, rows ascending from 0. */
#include "parallel.h"

#include "maskseq.h"

#include <stdatomic.h>
#include <string.h>

/* Values for which one more thread pays: about 10 us of work. */
enum { GRAIN = 1 << 16 };

typedef struct {
    float *out;
    const float *x;
    const int64_t *offsets;
    int64_t batch, n, features;
    atomic_int bad;
} sum_job;

static void sum_body(void *context, int thread, int num_threads) {
    sum_job *const job = context;
    const int64_t features = job->features, end = msq_share(job->batch, thread + 1, num_threads);
    for (int64_t b = msq_share(job->batch, thread, num_threads); b < end; b++) {
        const int64_t first = msq_read(&job->offsets[b]), last = msq_read(&job->offsets[b + 1]);
        float *restrict const sum = job->out + b * features;
        memset(sum, 0, (size_t)features * sizeof *sum);
        if (first < 0 || last < first || last > job->n) {
            atomic_store(&job->bad, 1);
            return;
        }
        for (int64_t row = first; row < last; row++)
            for (int64_t f = 0; f < features; f++)
                sum[f] += job->x[row * features + f];
    }
}

int msq_sum_rows_f32(float *out, const float *x, const int64_t *offsets, int64_t batch, int64_t n,
                     int64_t features, int num_threads) {
    sum_job job = {out, x, offsets, batch, n, features, 0};
    const double values = (double)n * (double)features;
    if (batch < 0 || n < 0 || features < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, batch, values, GRAIN), sum_body, &job);
    return job.bad ? MSQ_OUT_OF_RANGE : MSQ_OK;
}
