/* Normalization of rows: threads share the rows. */
#include "arrays.h"
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <math.h>
#include <stddef.h>

/* Values for which one more thread pays: about 13 us of work. */
enum { GRAIN = 1 << 16 };

typedef struct {
    float *y;
    const float *x;
    const msq_normalization *norm; /* NULL: mean, scale and offset are given */
    const float *mean, *scale, *offset;
    int64_t rows, n, repeats;
} rows_job;

static void rows_body(void *context, int thread, int num_threads) {
    const rows_job *const job = context;
    const msq_kernel_table *const kernels = msq_kernels();
    const int64_t n = job->n, end = msq_share(job->rows, thread + 1, num_threads);
    const int64_t begin = msq_share(job->rows, thread, num_threads);
    if (job->norm) {
        kernels->normalize_rows(job->y + begin * n, job->x + begin * n, end - begin, n, job->norm);
        return;
    }
    for (int64_t row = begin, next; row < end; row = next) {
        const int64_t set = row / job->repeats, last = (set + 1) * job->repeats, at = set * n;
        next = last < end ? last : end;
        kernels->scale_rows(job->y + row * n, job->x + row * n, next - row, n,
                            job->mean ? job->mean + at : NULL, job->scale + at, job->offset + at);
    }
}

static void run(rows_job *job, int num_threads) {
    const double values = (double)job->rows * (double)job->n;
    if (job->rows > 0 && job->n > 0)
        msq_parallel(msq_plan_threads(num_threads, job->rows, values, GRAIN), rows_body, job);
}

static msq_normalization described(int norm, double epsilon, const float *gamma,
                                   const float *beta) {
    const int is_unit = norm == MSQ_NORM_UNIT;
    return (msq_normalization){
        .epsilon = is_unit ? 0 : epsilon,
        .largest = is_unit ? 1 / epsilon : (double)INFINITY,
        .gamma = gamma,
        .beta = beta,
        .about_mean = norm == MSQ_NORM_LAYER || norm == MSQ_NORM_SCALED,
        .centered = norm == MSQ_NORM_LAYER,
        .of_sum = is_unit,
    };
}

static int is_norm(int norm) {
    return norm >= 0 && norm < MSQ_NORMS;
}

int msq_normalize_f32(float *y, const float *x, const float *gamma, const float *beta, int64_t rows,
                      int64_t n, int norm, double epsilon, int num_threads) {
    if (rows < 0 || n < 0 || !is_norm(norm) || msq_missing(y, rows, n) || msq_missing(x, rows, n))
        return MSQ_OUT_OF_RANGE;
    const msq_normalization how = described(norm, epsilon, gamma, beta);
    rows_job job = {.y = y, .x = x, .norm = &how, .rows = rows, .n = n};
    run(&job, num_threads);
    return MSQ_OK;
}

typedef struct {
    float *dx, *products;
    const float *d, *x;
    msq_normalization norm;
    int64_t rows, n;
} back_job;

static void back_body(void *context, int thread, int num_threads) {
    const back_job *const job = context;
    const int64_t n = job->n, end = msq_share(job->rows, thread + 1, num_threads);
    const int64_t row = msq_share(job->rows, thread, num_threads), at = row * n;
    msq_kernels()->normalize_back_rows(job->dx + at, job->products ? job->products + at : NULL,
                                       job->d + at, job->x + at, end - row, n, &job->norm);
}

int msq_normalize_backward_f32(float *dx, float *products, const float *d, const float *x,
                               const float *gamma, int64_t rows, int64_t n, int norm,
                               double epsilon, int num_threads) {
    if (rows < 0 || n < 0 || !is_norm(norm) || msq_missing(dx, rows, n) ||
        msq_missing(d, rows, n) || msq_missing(x, rows, n))
        return MSQ_OUT_OF_RANGE;
    back_job job = {dx, products, d, x, described(norm, epsilon, gamma, NULL), rows, n};
    const double values = (double)rows * (double)n;
    if (rows > 0 && n > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), back_body, &job);
    return MSQ_OK;
}

void msq_scale_f32(float *y, const float *x, const float *mean, const float *scale,
                   const float *offset, int64_t rows, int64_t n, int64_t repeats, int num_threads) {
    rows_job job = {.y = y,
                    .x = x,
                    .mean = mean,
                    .scale = scale,
                    .offset = offset,
                    .rows = rows,
                    .n = n,
                    .repeats = repeats};
    run(&job, num_threads);
}
