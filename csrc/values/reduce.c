/* Reductions along an axis: threads share the outputs. */
#include "values.h"

#include "kernels.h"
#include "parallel.h"

#include <math.h>

/* Values for which one more thread pays: about 10 us of work. */
enum { GRAIN = 1 << 16 };
enum {
    COLUMNS = 64
}; /* done together: their sums stay on the stack, what a row has of them in L1 */

typedef struct {
    float *out;
    const float *x;
    int64_t outer, n, inner, blocks; /* of at most COLUMNS */
    enum msq_reduction reduction;
} reduce_job;

static double finished(const reduce_job *job, double value) {
    const double count = (double)job->n;
    switch (job->reduction) {
    case MSQ_REDUCE_MEAN:
    case MSQ_REDUCE_VARIANCE:
        return value / count;
    case MSQ_REDUCE_DEVIATION:
        return sqrt(value / count);
    default:
        return value;
    }
}

static int takes_squares(const reduce_job *job) {
    return job->reduction == MSQ_REDUCE_VARIANCE || job->reduction == MSQ_REDUCE_DEVIATION;
}

static void reduce_row(const reduce_job *job, int64_t row) {
    msq_reduce_row_fn *const reduce = msq_kernels()->reduce_row;
    const float *const x = job->x + row * job->n;
    double value =
        reduce(x, job->n, 0, job->reduction == MSQ_REDUCE_PRODUCT ? MSQ_PRODUCT : MSQ_SUM);
    if (takes_squares(job))
        value = reduce(x, job->n, value / (double)job->n, MSQ_SQUARES);
    job->out[row] = (float)finished(job, value);
}

static void reduce_block(const reduce_job *job, int64_t outer, int64_t first) {
    msq_reduce_columns_fn *const reduce = msq_kernels()->reduce_columns;
    const int64_t left = job->inner - first, columns = left < COLUMNS ? left : COLUMNS;
    const float *const x = job->x + outer * job->n * job->inner + first;
    const int kind = job->reduction == MSQ_REDUCE_PRODUCT ? MSQ_PRODUCT : MSQ_SUM;
    double centers[COLUMNS] = {0}, values[COLUMNS];
    reduce(values, x, job->n, job->inner, columns, centers, kind);
    if (takes_squares(job)) {
        for (int64_t i = 0; i < columns; i++)
            centers[i] = values[i] / (double)job->n;
        reduce(values, x, job->n, job->inner, columns, centers, MSQ_SQUARES);
    }
    for (int64_t i = 0; i < columns; i++)
        job->out[outer * job->inner + first + i] = (float)finished(job, values[i]);
}

static void reduce_body(void *context, int thread, int num_threads) {
    const reduce_job *const job = context;
    const int64_t parts = job->outer * job->blocks, end = msq_share(parts, thread + 1, num_threads);
    for (int64_t part = msq_share(parts, thread, num_threads); part < end; part++)
        if (job->inner == 1)
            reduce_row(job, part);
        else
            reduce_block(job, part / job->blocks, part % job->blocks * COLUMNS);
}

void msq_reduce_f32(float *out, const float *x, int64_t outer, int64_t n, int64_t inner,
                    enum msq_reduction reduction, int num_threads) {
    reduce_job job = {out, x, outer, n, inner, (inner + COLUMNS - 1) / COLUMNS, reduction};
    const double values = (double)outer * (double)n * (double)inner;
    if (outer > 0 && inner > 0)
        msq_parallel(msq_plan_threads(num_threads, outer * job.blocks, values, GRAIN), reduce_body,
                     &job);
}
