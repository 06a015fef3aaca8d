/* A convolution of each feature by itself: threads share the windows. */
#include "conv.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 32 }; /* windows at most: what they read stays in the L1 cache */

typedef struct {
    float *y;
    const float *x, *kernel, *bias;
    int64_t features, multiplier;
    const msq_windows *windows;
    int activation;
    const float *zeros;   /* a row of them */
    float *rows;          /* TOGETHER of one multiple, for each thread */
    int64_t *numbers;     /* of the rows of a window, for each thread */
    const float **places; /* the same as pointers */
    uint8_t *repeats;     /* 1: a window has the outputs of the one before */
    msq_stop stop;
} job;

/* The window of row r, and those after it that lie as it does, `most` at most. Returns: how many.
 */
static int64_t run_windows(const job *j, int64_t r, int64_t most, int thread) {
    const int64_t size = j->windows->size, n = j->features, m = j->multiplier;
    int64_t *const numbers = j->numbers + thread * size;
    const float **const places = j->places + thread * size;
    float *const y = j->y + r * n * m, *const made = m == 1 ? y : j->rows + thread * TOGETHER * n;
    const int64_t count = msq_window_run(j->windows, r, most, numbers);
    for (int64_t i = 0; i < size; i++)
        places[i] = numbers[i] < 0 ? j->zeros : j->x + numbers[i] * n;
    for (int64_t k = 0; k < m; k++) {
        msq_kernels()->depthwise_rows(made, places,
                                      &(msq_depthwise){.w = j->kernel + k * size * n,
                                                       .bias = j->bias ? j->bias + k * n : NULL,
                                                       .windows = count,
                                                       .places = size,
                                                       .channels = n,
                                                       .step = j->windows->stride * n});
        for (int64_t c = 0; m > 1 && c < count * n; c++)
            y[c * m + k] = made[c];
    }
    msq_activate(y, y, count * n * m, j->activation);
    return count;
}

/* Rows from `row` on that do not repeat, TOGETHER at most. */
static int64_t count_distinct(const job *j, int64_t row, int64_t last_row) {
    int64_t count = 0;
    while (row + count < last_row && count < TOGETHER && !j->repeats[row + count])
        count++;
    return count;
}

static void run_thread(void *context, int thread, int num_threads) {
    job *const j = context;
    const double fmas = (double)(j->windows->size * j->features) * (double)j->multiplier;
    const int64_t columns = j->features * j->multiplier;
    const int64_t begin = msq_share(j->windows->rows, thread, num_threads);
    const int64_t end = msq_share(j->windows->rows, thread + 1, num_threads);
    for (int64_t r = begin, done; r < end; r += done) {
        float *const y = j->y + r * columns;
        if (r > begin && j->repeats[r]) {
            memcpy(y, y - columns, (size_t)columns * sizeof *y);
            done = 1;
        } else {
            const int64_t most = r == begin && j->repeats[r] ? 1 : count_distinct(j, r, end);
            done = run_windows(j, r, most, thread);
        }
        if (msq_stops(&j->stop, thread, fmas * (double)done))
            return;
    }
}

int msq_depthwise_f32(float *y, const float *x, const float *kernel, const float *bias,
                      int64_t features, int64_t multiplier, const msq_windows *windows,
                      int activation, int num_threads) {
    job j = {.y = y, .x = x, .kernel = kernel, .bias = bias, .windows = windows};
    j.features = features, j.multiplier = multiplier, j.activation = activation;
    if (msq_check_windows(windows) != MSQ_OK || features < 0 || multiplier < 0 ||
        !msq_activation_name(activation))
        return MSQ_OUT_OF_RANGE;
    if (windows->rows == 0 || features == 0 || multiplier == 0)
        return MSQ_OK;
    const double work =
        (double)windows->rows * (double)(windows->size * features) * (double)multiplier;
    const int threads = msq_plan_threads(num_threads, windows->rows, work, MSQ_FMAS_PER_THREAD / 4);
    int64_t floats = features, numbers = windows->size;
    if (msq_multiply(&floats, TOGETHER * threads) || msq_multiply(&numbers, threads))
        return MSQ_NO_MEMORY;
    float *const zeros = calloc((size_t)features, sizeof *zeros);
    j.zeros = zeros;
    j.rows = msq_allocate(floats);
    j.numbers = malloc((size_t)numbers * sizeof *j.numbers);
    j.places = malloc((size_t)numbers * sizeof *j.places);
    j.repeats = calloc((size_t)windows->rows, 1);
    int status = zeros && j.rows && j.numbers && j.places && j.repeats ? MSQ_OK : MSQ_NO_MEMORY;
    if (status == MSQ_OK) {
        msq_find_repeats(windows, x, features, j.repeats);
        msq_parallel(threads, run_thread, &j);
    }
    if (j.stop.stopped)
        status = MSQ_INTERRUPTED;
    free(zeros);
    msq_aligned_free(j.rows);
    free(j.numbers);
    free(j.places);
    free(j.repeats);
    return status;
}
