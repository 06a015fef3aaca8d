/* Masked softmax over rows: only real values are read, summed and counted. And its logarithm. */
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Values for which one more thread pays: about 13 us of work. */
enum { GRAIN = 1 << 15 };

/* Where the real values of a row are: all of them in [first, last), alone unless it has holes. */
typedef struct {
    int64_t first, last;
    int has_holes;
} span;

static int is_all_masked(const uint8_t *mask8) {
    uint64_t word;
    memcpy(&word, mask8, sizeof word);
    return word == 0;
}

static span find_span(const uint8_t *mask, int64_t n) {
    span real = {0, n, 0};
    while (real.last >= 8 && is_all_masked(mask + real.last - 8))
        real.last -= 8;
    while (real.last > 0 && !mask[real.last - 1])
        real.last--;
    while (real.first < real.last && !mask[real.first])
        real.first++;
    real.has_holes = memchr(mask + real.first, 0, (size_t)(real.last - real.first)) != NULL;
    return real;
}

/* Packs the real values to the front of y, takes their softmax there, and spreads them out from the
 * end. */
static void softmax_with_holes(msq_rows_fn *softmax_rows, float *y, const float *x,
                               const uint8_t *mask, int64_t n) {
    int64_t packed = 0;
    for (int64_t i = 0; i < n; i++) {
        y[packed] = x[i]; /* the next value overwrites it if this one is masked: no branch */
        packed += mask[i] != 0;
    }
    softmax_rows(y, y, 1, packed);
    for (int64_t i = n - 1; i >= 0; i--) {
        const int real = mask[i] != 0;
        packed -= real && packed > 0;
        y[i] = real ? y[packed] : 0.0f;
    }
}

/* One row; `mask` is read only if `real`, its span, has holes. */
static void softmax_of(msq_rows_fn *softmax_rows, float *y, const float *x, const uint8_t *mask,
                       span real, int64_t n) {
    if (real.has_holes) {
        softmax_with_holes(softmax_rows, y, x, mask, n);
        return;
    }
    softmax_rows(y + real.first, x + real.first, 1, real.last - real.first);
    memset(y, 0, (size_t)real.first * sizeof *y);
    memset(y + real.last, 0, (size_t)(n - real.last) * sizeof *y);
}

/* Masked values between the rows hide the next row from the hardware's prefetcher. */
static void prefetch(const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) /* a cache line each */
        __builtin_prefetch(x + i);
}

typedef struct {
    float *y;
    const float *x;
    const uint8_t *mask;
    int64_t rows, n, rows_per_mask;
} softmax_job;

static void softmax_body(void *context, int thread, int num_threads) {
    const softmax_job *const job = context;
    msq_rows_fn *const softmax_rows = msq_kernels()->softmax_rows;
    const int64_t n = job->n, first_row = msq_share(job->rows, thread, num_threads);
    const int64_t last_row = msq_share(job->rows, thread + 1, num_threads);
    const uint8_t *mask = NULL;
    span real = {0, n, 0};
    if (!job->mask) {
        softmax_rows(job->y + first_row * n, job->x + first_row * n, last_row - first_row, n);
        return;
    }
    for (int64_t row = first_row; row < last_row; row++) {
        const float *const x = job->x + row * n;
        if (row == first_row || row % job->rows_per_mask == 0) {
            mask = job->mask + row / job->rows_per_mask * n;
            real = find_span(mask, n);
        }
        if (row + 1 < last_row)
            prefetch(x + n + real.first, real.last - real.first);
        softmax_of(softmax_rows, job->y + row * n, x, mask, real, n);
    }
}

void msq_masked_softmax_f32(float *y, const float *x, const uint8_t *mask, int64_t rows, int64_t n,
                            int64_t rows_per_mask, int num_threads) {
    softmax_job job = {y, x, mask, rows, n, rows_per_mask};
    const double values = (double)rows * (double)n;
    if (rows > 0 && n > 0 && rows_per_mask > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), softmax_body, &job);
}

typedef struct {
    float *dx;
    const float *d, *y;
    int64_t rows, n;
} back_job;

static void softmax_back_body(void *context, int thread, int num_threads) {
    const back_job *const job = context;
    const int64_t n = job->n, last_row = msq_share(job->rows, thread + 1, num_threads);
    const int64_t row = msq_share(job->rows, thread, num_threads), at = row * n;
    msq_kernels()->softmax_back(job->dx + at, job->d + at, job->y + at, last_row - row, n);
}

void msq_softmax_back_f32(float *dx, const float *d, const float *y, int64_t rows, int64_t n,
                          int num_threads) {
    back_job job = {dx, d, y, rows, n};
    const double values = (double)rows * (double)n;
    if (rows > 0 && n > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), softmax_back_body, &job);
}

static void log_softmax_body(void *context, int thread, int num_threads) {
    const softmax_job *const job = context;
    const int64_t n = job->n, first_row = msq_share(job->rows, thread, num_threads);
    const int64_t last_row = msq_share(job->rows, thread + 1, num_threads);
    msq_kernels()->log_softmax_rows(job->y + first_row * n, job->x + first_row * n,
                                    last_row - first_row, n);
}

void msq_log_softmax_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads) {
    softmax_job job = {.y = y, .x = x, .rows = rows, .n = n};
    const double values = (double)rows * (double)n;
    if (rows > 0 && n > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), log_softmax_body, &job);
}

static void log_sum_exp_body(void *context, int thread, int num_threads) {
    const softmax_job *const job = context;
    const int64_t n = job->n, last_row = msq_share(job->rows, thread + 1, num_threads);
    for (int64_t row = msq_share(job->rows, thread, num_threads); row < last_row; row++)
        job->y[row] = msq_kernels()->log_sum_exp(job->x + row * n, n);
}

void msq_log_sum_exp_f32(float *out, const float *x, int64_t rows, int64_t n, int num_threads) {
    softmax_job job = {.y = out, .x = x, .rows = rows, .n = n};
    const double values = (double)rows * (double)n;
    if (rows > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), log_sum_exp_body, &job);
}

typedef struct {
    float *y;
    const float *x;
    const int64_t *offsets;
    int64_t n, features, blocks, batch;
    atomic_int bad;
} time_job;

/* A part of the work: a block of the features of a sequence. */
static void time_softmax_body(void *context, int thread, int num_threads) {
    time_job *const job = context;
    const int64_t parts = job->batch * job->blocks, end = msq_share(parts, thread + 1, num_threads);
    for (int64_t part = msq_share(parts, thread, num_threads); part < end; part++) {
        const int64_t b = part / job->blocks, column = part % job->blocks * MSQ_SOFTMAX_COLUMNS;
        const int64_t first = msq_read(&job->offsets[b]), last = msq_read(&job->offsets[b + 1]);
        const int64_t left = job->features - column, start = first * job->features + column;
        if (first < 0 || last < first || last > job->n) {
            atomic_store(&job->bad, 1);
            return;
        }
        msq_kernels()->softmax_columns(job->y + start, job->x + start, last - first, job->features,
                                       left < MSQ_SOFTMAX_COLUMNS ? left : MSQ_SOFTMAX_COLUMNS);
    }
}

int msq_time_softmax_f32(float *y, const float *x, const int64_t *offsets, int64_t batch, int64_t n,
                         int64_t features, int num_threads) {
    const int64_t blocks = (features + MSQ_SOFTMAX_COLUMNS - 1) / MSQ_SOFTMAX_COLUMNS;
    time_job job = {y, x, offsets, n, features, blocks, batch, 0};
    if (batch < 0 || n < 0 || features < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, batch * blocks, (double)n * (double)features, GRAIN),
                 time_softmax_body, &job);
    return job.bad ? MSQ_OUT_OF_RANGE : MSQ_OK;
}
