/* A convolution: the products of windows and packed weights. Threads share the windows, or the
 * blocks of outputs when there are few windows; each output is one chain of FMAs either way. */
#include "conv.h"

#include "low/low.h"
#include "parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 96,        /* windows done together: a panel is read once for all of them */
    FEWEST_ROWS = 8,        /* the same of long windows */
    CHUNK_FLOATS = 1 << 16, /* of copied windows: a quarter of an L2 cache */
};

typedef struct {
    float *y;
    const float *x;
    const msq_dense *const *parts;
    const msq_windows *windows;
    int64_t groups, width, units, blocks; /* of a part: features, outputs, blocks of outputs */
    int64_t chunk;                        /* windows done together */
    uint8_t *repeats;                     /* 1: a window has the outputs of the one before */
    int64_t distinct;                     /* windows that do not */
    float *copies;                        /* of windows: a chunk for each thread */
    int64_t *rows;                        /* of one window, for each thread */
    const msq_kernel_table *kernels;
    const msq_low_table *low; /* of parts in fewer bits, or NULL */
    char *codes;              /* room for those of a chunk, for each thread */
    size_t code_bytes;        /* of a chunk */
    int activation;
    msq_stop stop;
} job;

/* The values of a window for one part, in place or copied. */
static const float *find_window(const job *j, int64_t r, int64_t group, int64_t *rows,
                                float *copy) {
    const int64_t width = j->width, stride = width * j->groups;
    const float *const x = j->x + group * width;
    if (msq_window_rows(j->windows, r, rows) && j->groups == 1)
        return x + rows[0] * stride;
    msq_copy_window(copy, x, rows, j->windows->size, width, stride);
    return copy;
}

/* Some windows, and the outputs of some blocks of a part. */
static void run_blocks(const job *j, int thread, int64_t first, int64_t count, int64_t group,
                       int64_t block, int64_t last_block) {
    const msq_dense *const part = j->parts[group];
    const int64_t depth = j->windows->size * j->width, columns = j->units * j->groups;
    const float *x[CHUNK_ROWS];
    for (int64_t r = 0; r < count; r++)
        x[r] = find_window(j, first + r, group, j->rows + thread * j->windows->size,
                           j->copies + (thread * j->chunk + r) * depth);
    int64_t in, out;
    const float *const panels = msq_dense_panels(part, &in, &out);
    float *const y = j->y + first * columns + group * j->units;
    const msq_product product = {.z = y,
                                 .x = x,
                                 .panels = panels,
                                 .start = msq_dense_bias(part),
                                 .z_stride = columns,
                                 .columns = j->units,
                                 .rows = count,
                                 .depth = depth,
                                 .groups = 1,
                                 .first_block = block,
                                 .last_block = last_block};
    if (j->low)
        msq_low_product(j->low, product, j->codes + (size_t)thread * j->code_bytes);
    else
        j->kernels->product(&product);
    const int64_t column = block * j->kernels->width, end = last_block * j->kernels->width;
    const int64_t done = (end < j->units ? end : j->units) - column;
    if (done == columns)
        msq_activate(y, y, count * columns, j->activation);
    else
        for (int64_t r = 0; r < count; r++)
            msq_activate(y + r * columns + column, y + r * columns + column, done, j->activation);
}

/* Windows from `row` on that do not repeat, up to a chunk. */
static int64_t count_distinct(const job *j, int64_t row, int64_t last_row) {
    int64_t count = 0;
    while (row + count < last_row && count < j->chunk && !j->repeats[row + count])
        count++;
    return count;
}

static void run_part(job *j, int thread, int64_t row, int64_t last_row, int64_t block,
                     int64_t last_block) {
    const int64_t columns = j->units * j->groups;
    const double fmas = (double)j->windows->size * (double)j->width * (double)j->units *
                        (double)(last_block - block) / (double)j->blocks;
    for (int64_t count; row < last_row; row += count) {
        count = count_distinct(j, row, last_row);
        if (msq_stops(&j->stop, thread, fmas * (double)count))
            return;
        for (int64_t at = block; at < last_block;) { /* `at` counts through the blocks of parts */
            const int64_t group = at / j->blocks, first = at % j->blocks;
            const int64_t last =
                (group + 1) * j->blocks < last_block ? j->blocks : last_block - group * j->blocks;
            run_blocks(j, thread, row, count, group, first, last);
            at += last - first;
        }
        for (; row + count < last_row && j->repeats[row + count]; count++) {
            float *const y = j->y + (row + count) * columns;
            memcpy(y, y - columns, (size_t)columns * sizeof *y);
        }
    }
}

/* The first window of a part of those that do not repeat. */
static int64_t first_of(const job *j, int64_t distinct) {
    int64_t row = 0;
    for (; row < j->windows->rows && (distinct > 0 || j->repeats[row]); row++)
        distinct -= !j->repeats[row];
    return row;
}

static int by_windows(const job *j, int num_threads) {
    return j->windows->rows >= FEWEST_ROWS * num_threads;
}

static void run_thread(void *context, int thread, int num_threads) {
    job *const j = context;
    const int64_t blocks = j->groups * j->blocks;
    if (by_windows(j, num_threads))
        run_part(j, thread, first_of(j, msq_share(j->distinct, thread, num_threads)),
                 first_of(j, msq_share(j->distinct, thread + 1, num_threads)), 0, blocks);
    else
        run_part(j, thread, 0, j->windows->rows, msq_share(blocks, thread, num_threads),
                 msq_share(blocks, thread + 1, num_threads));
}

/* Finds the sizes of a part. Returns: 0 if they are not those of all, or not those of x. */
static int find_sizes(job *j) {
    int64_t depth = 0, in, out;
    for (int64_t g = 0; g < j->groups; g++) {
        const msq_low_table *const low = msq_dense_low(j->parts[g]);
        msq_dense_panels(j->parts[g], &in, &out);
        if (g > 0 && (in != depth || out != j->units || low != j->low))
            return 0;
        depth = in, j->units = out, j->low = low;
    }
    j->width = depth / j->windows->size;
    j->kernels = msq_dense_kernels(j->parts[0]);
    j->blocks = (j->units + j->kernels->width - 1) / j->kernels->width;
    return depth % j->windows->size == 0;
}

/* Room for what threads copy, and for what windows repeat. */
static int allocate(job *j, int num_threads) {
    const int64_t depth = j->windows->size * j->width, windows = j->windows->rows;
    j->chunk = CHUNK_FLOATS / depth;
    j->chunk = j->chunk < FEWEST_ROWS ? FEWEST_ROWS : j->chunk > CHUNK_ROWS ? CHUNK_ROWS : j->chunk;
    if (j->chunk > windows)
        j->chunk = windows;
    int64_t floats = depth, numbers = 2 * j->windows->size;
    if (msq_multiply(&floats, j->chunk * num_threads) || msq_multiply(&numbers, num_threads))
        return MSQ_NO_MEMORY;
    j->copies = msq_allocate(floats);
    j->rows = (int64_t *)msq_allocate(numbers);
    j->repeats = calloc((size_t)windows, 1);
    if (j->low) {
        j->code_bytes = (size_t)j->chunk * msq_code_bytes(j->low, depth);
        j->codes = msq_aligned_alloc((size_t)num_threads * j->code_bytes);
    }
    return j->copies && j->rows && j->repeats && (j->codes || !j->low) ? MSQ_OK : MSQ_NO_MEMORY;
}

int msq_convolve_f32(float *y, const float *x, const msq_dense *const *parts, int64_t groups,
                     const msq_windows *windows, int activation, int num_threads) {
    job j = {.y = y, .x = x, .parts = parts, .windows = windows, .groups = groups};
    j.activation = activation;
    if (msq_check_windows(windows) != MSQ_OK || groups < 1 || !msq_activation_name(activation) ||
        !find_sizes(&j))
        return MSQ_OUT_OF_RANGE;
    if (windows->rows == 0)
        return MSQ_OK;
    const int64_t blocks = groups * j.blocks;
    const double work = (double)windows->rows * (double)windows->size * (double)j.width *
                        (double)j.units * (double)groups;
    const int threads =
        msq_plan_products(num_threads, windows->rows > blocks ? windows->rows : blocks, work);
    int status = allocate(&j, threads);
    if (status == MSQ_OK) {
        j.distinct = windows->rows;
        if (by_windows(&j, threads))
            j.distinct = msq_find_repeats(windows, x, groups * j.width, j.repeats);
        msq_parallel(threads, run_thread, &j);
    }
    if (j.stop.stopped)
        status = MSQ_INTERRUPTED;
    msq_aligned_free(j.copies);
    msq_aligned_free(j.rows);
    msq_aligned_free(j.codes);
    free(j.repeats);
    return status;
}
