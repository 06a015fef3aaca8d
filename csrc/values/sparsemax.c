/* Sparsemax over rows, as Keras 3.15 computes it: it adds up the running sums of the largest x
 * where the paper (arXiv:1602.02068) takes the last of them. Trained models depend on it. */
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <math.h>

/* Values for which one more thread pays: some 15 us of sorting. */
enum { GRAIN = 1 << 12 };

/* Moves a[root] down a heap of n values, the smallest on top. */
static void sift(float *a, int64_t root, int64_t n) {
    const float value = a[root];
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        child += child + 1 < n && a[child + 1] < a[child];
        if (!(a[child] < value))
            break;
        a[root] = a[child];
    }
    a[root] = value;
}

/* The largest first; none is NaN. */
static void sort_descending(float *a, int64_t n) {
    for (int64_t i = n / 2 - 1; i >= 0; i--)
        sift(a, i, n);
    for (int64_t left = n - 1; left > 0; left--) {
        const float smallest = a[0];
        a[0] = a[left];
        a[left] = smallest;
        sift(a, 0, left);
    }
}

/* Any row. The support is the x_k, the largest first, with k x_k > x_1 + ... + x_k - 1. All of them
 * are over x_1 - 1, so the others need no sorting. */
static void sparsemax_row(float *y, const float *x, int64_t n) {
    double sum = 0, sums = 0, support = 0;
    float most = x[0];
    int64_t near = 0;
    for (int64_t i = 1; i < n; i++)
        most = x[i] > most || x[i] != x[i] ? x[i] : most; /* a NaN stays */
    if (!isfinite(most)) {
        for (int64_t i = 0; i < n; i++)
            y[i] = NAN;
        return;
    }
    for (int64_t i = 0; i < n; i++)
        if (x[i] >= most - 1.0f)
            y[near++] = x[i];
    sort_descending(y, near);
    for (int64_t i = 0; i < near; i++) {
        sum += (double)y[i];
        if ((double)y[i] * (double)(i + 1) > sum - 1) {
            sums += sum;
            support++;
        }
    }
    const float tau = (float)((sums - 1) / support);
    for (int64_t i = 0; i < n; i++)
        y[i] = 0 > x[i] - tau ? 0 : x[i] - tau;
}

void msq_sparsemax_rows(float *y, const float *x, int64_t rows, int64_t n) {
    msq_kernels()->sparsemax_rows(y, x, rows, n, sparsemax_row);
}

typedef struct {
    float *y;
    const float *x;
    int64_t rows, n;
} sparsemax_job;

static void sparsemax_body(void *context, int thread, int num_threads) {
    const sparsemax_job *const job = context;
    const int64_t n = job->n, end = msq_share(job->rows, thread + 1, num_threads);
    const int64_t row = msq_share(job->rows, thread, num_threads);
    msq_sparsemax_rows(job->y + row * n, job->x + row * n, end - row, n);
}

void msq_sparsemax_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads) {
    sparsemax_job job = {y, x, rows, n};
    const double values = (double)rows * (double)n;
    if (rows > 0 && n > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), sparsemax_body, &job);
}
