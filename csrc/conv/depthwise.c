/* A convolution of each feature by itself, and a product of its results while they are in the
 * cache. Threads share the windows. */
#include "conv.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOGETHER = 32,   /* windows at most: what they read stays in the L1 cache */
    CHUNK_ROWS = 96, /* of results that are multiplied together */
};

typedef struct {
    float *y;
    const float *x, *kernel, *bias;
    int64_t features, multiplier;
    const msq_windows *windows;
    const msq_dense *mixing; /* or NULL */
    int64_t columns;         /* of y */
    int activation;
    float *results;       /* CHUNK_ROWS of features * multiplier, for each thread; only if mixing */
    const float *zeros;   /* a row of them */
    float *rows;          /* TOGETHER of one multiple, for each thread */
    int64_t *numbers;     /* of the rows of a window, for each thread */
    const float **places; /* the same as pointers */
    uint8_t *repeats;     /* 1: a window has the outputs of the one before */
    msq_stop stop;
} job;

/* The window of row r, and those after it that lie as it does, `most` at most. Returns: how many.
 */
static int64_t run_windows(const job *j, float *y, int64_t r, int64_t most, int thread) {
    const int64_t size = j->windows->size, n = j->features, m = j->multiplier;
    int64_t *const numbers = j->numbers + thread * size;
    const float **const places = j->places + thread * size;
    float *const made = m == 1 ? y : j->rows + thread * TOGETHER * n;
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
    return count;
}

/* Rows from `row` on that do not repeat, as many at most as are done together. */
static int64_t count_distinct(const job *j, int64_t row, int64_t last_row) {
    int64_t count = 0;
    const int64_t most = j->mixing ? CHUNK_ROWS : TOGETHER;
    while (row + count < last_row && count < most && !j->repeats[row + count])
        count++;
    return count;
}

/* The same rows of y after the product. Returns: `count`. */
static int64_t mix(const job *j, int64_t r, int64_t count, int thread) {
    const msq_kernel_table *const kernels = msq_dense_kernels(j->mixing);
    int64_t in, out;
    const float *const panels = msq_dense_panels(j->mixing, &in, &out), *x[CHUNK_ROWS];
    float *const results = j->results + thread * CHUNK_ROWS * in;
    for (int64_t i = 0; i < count; i++)
        x[i] = results + i * in;
    for (int64_t done = 0, most; done < count;) {
        most = count - done < TOGETHER ? count - done : TOGETHER;
        done += run_windows(j, results + done * in, r + done, most, thread);
    }
    kernels->product(&(msq_product){.z = j->y + r * out,
                                    .x = x,
                                    .panels = panels,
                                    .start = msq_dense_bias(j->mixing),
                                    .z_stride = out,
                                    .columns = out,
                                    .rows = count,
                                    .depth = in,
                                    .groups = 1,
                                    .last_block = (out + kernels->width - 1) / kernels->width});
    return count;
}

static void run_thread(void *context, int thread, int num_threads) {
    job *const j = context;
    const int64_t columns = j->columns, mixed = j->mixing ? columns : 0;
    const double fmas = (double)(j->features * j->multiplier) * (double)(j->windows->size + mixed);
    const int64_t begin = msq_share(j->windows->rows, thread, num_threads);
    const int64_t end = msq_share(j->windows->rows, thread + 1, num_threads);
    for (int64_t r = begin, done; r < end; r += done) {
        float *const y = j->y + r * columns;
        if (r > begin && j->repeats[r]) {
            memcpy(y, y - columns, (size_t)columns * sizeof *y);
            done = 1;
        } else {
            const int64_t most = r == begin && j->repeats[r] ? 1 : count_distinct(j, r, end);
            done = j->mixing ? mix(j, r, most, thread) : run_windows(j, y, r, most, thread);
            msq_activate(y, y, done * columns, j->activation);
        }
        if (msq_stops(&j->stop, thread, fmas * (double)done))
            return;
    }
}

int msq_depthwise_f32(float *y, const float *x, const float *kernel, const float *bias,
                      int64_t features, int64_t multiplier, const msq_dense *mixing,
                      const msq_windows *windows, int activation, int num_threads) {
    job j = {.y = y, .x = x, .kernel = kernel, .bias = bias, .windows = windows};
    j.features = features, j.multiplier = multiplier, j.activation = activation, j.mixing = mixing;
    int64_t in = features;
    if (msq_check_windows(windows) != MSQ_OK || features < 0 || multiplier < 0 ||
        msq_multiply(&in, multiplier) || !msq_activation_name(activation))
        return MSQ_OUT_OF_RANGE;
    j.columns = in;
    if (mixing) {
        int64_t depth;
        msq_dense_panels(mixing, &depth, &j.columns);
        if (msq_dense_low(mixing) || depth != in)
            return MSQ_OUT_OF_RANGE;
    }
    if (windows->rows == 0 || features == 0 || multiplier == 0)
        return MSQ_OK;
    const double work =
        (double)windows->rows * (double)in * (double)(windows->size + (mixing ? j.columns : 0));
    const int threads = msq_plan_threads(num_threads, windows->rows, work, MSQ_FMAS_PER_THREAD / 4);
    int64_t floats = features, numbers = windows->size, results = mixing ? in : 0;
    if (msq_multiply(&floats, TOGETHER * threads) || msq_multiply(&numbers, threads) ||
        msq_multiply(&results, CHUNK_ROWS * threads))
        return MSQ_NO_MEMORY;
    float *const zeros = calloc((size_t)features, sizeof *zeros);
    j.zeros = zeros;
    j.rows = msq_allocate(floats);
    j.results = msq_allocate(results);
    j.numbers = malloc((size_t)numbers * sizeof *j.numbers);
    j.places = malloc((size_t)numbers * sizeof *j.places);
    j.repeats = calloc((size_t)windows->rows, 1);
    int status =
        zeros && j.rows && j.results && j.numbers && j.places && j.repeats ? MSQ_OK : MSQ_NO_MEMORY;
    if (status == MSQ_OK) {
        msq_find_repeats(windows, x, features, j.repeats);
        msq_parallel(threads, run_thread, &j);
    }
    if (j.stop.stopped)
        status = MSQ_INTERRUPTED;
    free(zeros);
    msq_aligned_free(j.rows);
    msq_aligned_free(j.results);
    free(j.numbers);
    free(j.places);
    free(j.repeats);
    return status;
}
