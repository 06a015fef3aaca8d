/* Packed weights, and the dense layer: y = activation(x w + b).
 * Threads share the rows, or the outputs when there are few rows; either way each output is one
 * chain of FMAs over k, so its bits depend on its row and column only. */
#include "gemm.h"

#include "low/low.h"
#include "parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 96, /* rows done together: a panel is read once for all of them */
};

int msq_multiply(int64_t *product, int64_t factor) {
    return factor < 0 || __builtin_mul_overflow(*product, factor, product) || *product > MAX_FLOATS;
}

float *msq_allocate(int64_t floats) {
    return floats < 0 || floats > MAX_FLOATS
               ? NULL
               : msq_aligned_alloc((size_t)floats * sizeof(float) + 1);
}

/* A block of a row: 16 bytes at a time, as a call of memcpy would take longer than the copy. */
static inline void copy_block(float *to, const float *from, int64_t used, int width) {
    int64_t i = 0;
    for (; i + 4 <= used; i += 4)
        memcpy(to + i, from + i, 4 * sizeof *to);
    for (; i < width; i++)
        to[i] = i < used ? from[i] : 0.0f;
}

void msq_pack_panels(float *panels, const float *w, int64_t depth, int64_t units,
                     int64_t row_stride, int groups, int width) {
    for (int64_t first = 0; first < units; first += width) {
        const int64_t used = units - first < width ? units - first : width;
        for (int64_t k = 0; k < depth; k++)
            for (int g = 0; g < groups; g++, panels += width)
                copy_block(panels, w + k * row_stride + g * units + first, used, width);
    }
}

struct msq_dense {
    const msq_kernel_table *kernels; /* the ISA the panels are packed for */
    const msq_low_table *low;        /* of panels in fewer bits, or NULL */
    int64_t in, out, blocks;
    float *panels, *bias;
};

/* A layer whose panels are to be filled; its bias is 0. */
static int allocate_dense(msq_dense **dense, const msq_low_table *low, int64_t in, int64_t out) {
    const msq_kernel_table *const kernels = msq_kernels();
    if (in < 1 || out < 1)
        return MSQ_OUT_OF_RANGE;
    if (in > MAX_FLOATS || out > MAX_FLOATS)
        return MSQ_NO_MEMORY;
    const int64_t blocks = (out + kernels->width - 1) / kernels->width, words = msq_words(low, in);
    int64_t floats = blocks;
    if (msq_multiply(&floats, kernels->width) || msq_multiply(&floats, words + 1))
        return MSQ_NO_MEMORY;
    msq_dense *const d = malloc(sizeof *d);
    float *const panels = msq_allocate(floats);
    if (!d || !panels) {
        free(d);
        msq_aligned_free(panels);
        return MSQ_NO_MEMORY;
    }
    float *const bias = panels + blocks * kernels->width * words;
    *d = (msq_dense){kernels, low, in, out, blocks, panels, bias};
    msq_ask_large_pages(panels, (size_t)floats * sizeof(float));
    memset(d->bias, 0, (size_t)(blocks * kernels->width) * sizeof(float));
    *dense = d;
    return MSQ_OK;
}

int msq_dense_pack(msq_dense **dense, const float *kernel, const float *bias, int64_t in,
                   int64_t out) {
    const int status = allocate_dense(dense, NULL, in, out);
    if (status != MSQ_OK)
        return status;
    msq_pack_panels((*dense)->panels, kernel, in, out, out, 1, (*dense)->kernels->width);
    if (bias)
        memcpy((*dense)->bias, bias, (size_t)out * sizeof(float));
    return MSQ_OK;
}

/* Without instructions for bfloat16 its numbers become floats again. */
static int pack_widened(msq_dense **dense, const uint16_t *codes, const float *bias, int64_t in,
                        int64_t out) {
    int64_t n = in;
    float *const kernel = msq_multiply(&n, out) ? NULL : msq_allocate(n);
    if (!kernel)
        return MSQ_NO_MEMORY;
    msq_widen(kernel, codes, n);
    const int status = msq_dense_pack(dense, kernel, bias, in, out);
    msq_aligned_free(kernel);
    return status;
}

int msq_dense_pack_low(msq_dense **dense, int precision, const void *codes, const float *steps,
                       const float *bias, int64_t in, int64_t out) {
    const msq_low_table *const low = msq_low(precision);
    if (precision == MSQ_INT8 && in > MSQ_MAX_INT8_DEPTH)
        return MSQ_OUT_OF_RANGE;
    if (!low)
        return pack_widened(dense, codes, bias, in, out);
    const int status = allocate_dense(dense, low, in, out);
    if (status != MSQ_OK)
        return status;
    msq_low_pack(low, (*dense)->panels, &(msq_low_matrix){codes, steps}, in, 0, out, out, 1,
                 (*dense)->kernels->width);
    if (bias)
        memcpy((*dense)->bias, bias, (size_t)out * sizeof(float));
    return MSQ_OK;
}

int msq_dense_pack_turned(msq_dense **dense, const float *kernel, int64_t in, int64_t out) {
    const int status = allocate_dense(dense, NULL, in, out);
    if (status != MSQ_OK)
        return status;
    (*dense)->kernels->pack_keys((*dense)->panels, kernel, out, in, in, 1.0f);
    return MSQ_OK;
}

const float *msq_dense_panels(const msq_dense *dense, int64_t *in, int64_t *out) {
    *in = dense->in;
    *out = dense->out;
    return dense->panels;
}

const float *msq_dense_bias(const msq_dense *dense) {
    return dense->bias;
}

const msq_kernel_table *msq_dense_kernels(const msq_dense *dense) {
    return dense->kernels;
}

const msq_low_table *msq_dense_low(const msq_dense *dense) {
    return dense->low;
}

void msq_dense_free(msq_dense *dense) {
    if (dense)
        msq_aligned_free(dense->panels);
    free(dense);
}

struct job {
    float *y;
    const float *x;
    int64_t x_stride;
    const msq_dense *dense;
    int64_t rows;
    int activation;
    msq_stop stop;
    atomic_int failed; /* 1: there was no memory */
};

/* Room for the codes of the rows that a thread does together; NULL also where none is needed. */
static void *room_for_codes(struct job *job, int64_t rows) {
    const msq_dense *const d = job->dense;
    if (!d->low)
        return NULL;
    const int64_t together = rows < CHUNK_ROWS ? rows : CHUNK_ROWS;
    void *const room = msq_aligned_alloc((size_t)together * msq_code_bytes(d->low, d->in) + 1);
    if (!room)
        atomic_store(&job->failed, 1);
    return room;
}

/* Some rows, and the outputs of some blocks. */
static void run_part(struct job *job, int thread, int64_t row, int64_t last_row, int64_t block,
                     int64_t last_block) {
    const msq_dense *const d = job->dense;
    const float *x[CHUNK_ROWS];
    msq_product p = {.x = x,
                     .panels = d->panels,
                     .start = d->bias,
                     .z_stride = d->out,
                     .columns = d->out,
                     .depth = d->in,
                     .groups = 1,
                     .first_block = block,
                     .last_block = last_block};
    const int64_t column = block * d->kernels->width, end = last_block * d->kernels->width;
    const int64_t columns = (end < d->out ? end : d->out) - column;
    void *const room = room_for_codes(job, last_row - row);
    if (d->low && !room)
        return;
    for (; row < last_row; row += p.rows) {
        p.rows = last_row - row < CHUNK_ROWS ? last_row - row : CHUNK_ROWS;
        if (msq_stops(&job->stop, thread, (double)p.rows * (double)d->in * (double)columns))
            break;
        p.z = job->y + row * d->out;
        for (int64_t r = 0; r < p.rows; r++)
            x[r] = job->x + (row + r) * job->x_stride;
        if (d->low)
            msq_low_product(d->low, p, room);
        else
            d->kernels->product(&p);
        if (columns == d->out)
            msq_activate(p.z, p.z, p.rows * d->out, job->activation);
        else
            for (int64_t r = 0; r < p.rows; r++)
                msq_activate(p.z + r * d->out + column, p.z + r * d->out + column, columns,
                             job->activation);
    }
    msq_aligned_free(room);
}

static void run_thread(void *context, int thread, int num_threads) {
    struct job *const job = context;
    const int64_t rows = job->rows, blocks = job->dense->blocks;
    if (rows >= 8 * num_threads)
        run_part(job, thread, msq_share(rows, thread, num_threads),
                 msq_share(rows, thread + 1, num_threads), 0, blocks);
    else
        run_part(job, thread, 0, rows, msq_share(blocks, thread, num_threads),
                 msq_share(blocks, thread + 1, num_threads));
}

struct layers {
    struct job jobs[MSQ_MOST_BESIDE];
    int count;
};

static void run_layers(void *context, int thread, int num_threads) {
    struct layers *const layers = context;
    for (int i = 0; i < layers->count && (i == 0 || !layers->jobs[i - 1].stop.stopped); i++)
        run_thread(&layers->jobs[i], thread, num_threads);
}

int msq_dense_beside_f32(float *const *y, const float *x, const msq_dense *const *dense, int count,
                         int64_t rows, int num_threads) {
    struct layers layers = {.count = count};
    int64_t parts = rows;
    double work = 0;
    if (rows < 0 || count < 1 || count > MSQ_MOST_BESIDE)
        return MSQ_OUT_OF_RANGE;
    for (int i = 0; i < count; i++) {
        layers.jobs[i] = (struct job){.y = y[i], .x = x, .dense = dense[i], .rows = rows};
        layers.jobs[i].x_stride = dense[i]->in;
        parts = parts > dense[i]->blocks ? parts : dense[i]->blocks;
        work += (double)rows * (double)dense[i]->in * (double)dense[i]->out;
    }
    msq_parallel(msq_plan_products(num_threads, parts, work), run_layers, &layers);
    for (int i = 0; i < count; i++)
        if (layers.jobs[i].failed || layers.jobs[i].stop.stopped)
            return layers.jobs[i].failed ? MSQ_NO_MEMORY : MSQ_INTERRUPTED;
    return MSQ_OK;
}

int msq_dense_rows_f32(float *y, const float *x, int64_t x_stride, const msq_dense *dense,
                       int64_t rows, int activation, int num_threads) {
    struct job job = {.y = y, .x = x, .x_stride = x_stride, .dense = dense, .rows = rows};
    job.activation = activation;
    if (rows < 0 || !msq_activation_name(activation))
        return MSQ_OUT_OF_RANGE;
    const int64_t parts = rows > dense->blocks ? rows : dense->blocks;
    const double work = (double)rows * (double)dense->in * (double)dense->out;
    msq_parallel(msq_plan_products(num_threads, parts, work), run_thread, &job);
    return job.failed ? MSQ_NO_MEMORY : job.stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_dense_f32(float *y, const float *x, const msq_dense *dense, int64_t rows, int activation,
                  int num_threads) {
    return msq_dense_rows_f32(y, x, dense->in, dense, rows, activation, num_threads);
}
