/* What follows the products in a step of an LSTM whose activation takes all units of a row at once:
 * threads share the rows. Each operation is rounded by itself, in the order of the formula. */
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <string.h>

/* Units for which one more thread pays: some 15 us. */
enum { GRAIN = 1 << 13 };

typedef struct {
    float *h, *c, *z, *room;
    const float *of_input, *before;
    int64_t rows, units;
    int gate;
    msq_rows_fn *activation;
} step_job;

static msq_rows_fn *find_rows(int activation) {
    return activation == MSQ_OF_ROWS_SOFTMAX       ? msq_kernels()->softmax_rows
           : activation == MSQ_OF_ROWS_LOG_SOFTMAX ? msq_kernels()->log_softmax_rows
                                                   : msq_sparsemax_rows;
}

/* z becomes what the gates let through; the candidates stay aside. */
static void open_gates(float *restrict z, float *restrict candidates,
                       const float *restrict of_input, int64_t units, int gate) {
    for (int64_t i = 0; i < 4 * units; i++)
        z[i] += of_input[i];
    memcpy(candidates, z + 2 * units, (size_t)units * sizeof *z);
    msq_activate(z, z, 2 * units, gate);
    msq_activate(z + 3 * units, z + 3 * units, units, gate);
}

/* c = f before + i candidates; f behind i. */
static void join(float *restrict c, const float *restrict before, const float *restrict i,
                 const float *restrict candidates, int64_t units) {
    const float *const restrict f = i + units;
    for (int64_t u = 0; u < units; u++)
        c[u] = f[u] * before[u] + i[u] * candidates[u];
}

static void show(float *restrict h, const float *restrict o, const float *restrict c,
                 int64_t units) {
    for (int64_t u = 0; u < units; u++)
        h[u] = o[u] * c[u];
}

static void step_body(void *context, int thread, int num_threads) {
    const step_job *const job = context;
    const int64_t n = job->units, first = msq_share(job->rows, thread, num_threads);
    const int64_t end = msq_share(job->rows, thread + 1, num_threads), rows = end - first;
    float *const h = job->h + first * n, *const c = job->c + first * n;
    float *const z = job->z + 4 * first * n, *const room = job->room + first * n;
    for (int64_t r = 0; r < rows; r++)
        open_gates(z + 4 * r * n, room + r * n, job->of_input + 4 * (first + r) * n, n, job->gate);
    job->activation(h, room, rows, n);
    for (int64_t r = 0; r < rows; r++)
        join(c + r * n, job->before + (first + r) * n, z + 4 * r * n, h + r * n, n);
    job->activation(room, c, rows, n);
    for (int64_t r = 0; r < rows; r++)
        show(h + r * n, z + (4 * r + 3) * n, room + r * n, n);
}

void msq_lstm_of_rows_f32(float *h, float *c, float *z, float *room, const float *of_input,
                          const float *before, int64_t rows, int64_t units, int gate,
                          int activation, int num_threads) {
    step_job job = {h, c, z, room, of_input, before, rows, units, gate, find_rows(activation)};
    const double values = (double)rows * (double)units;
    if (rows > 0 && units > 0)
        msq_parallel(msq_plan_threads(num_threads, rows, values, GRAIN), step_body, &job);
}
