/* The cells with any activations, in the plainest way: z becomes the gates, then the equations of
 * the layer, block after block. The usual activations have faster cells in isa/rnn_tmpl.h. */
#include "internal.h"

#include <string.h>

/* Row r of the scratch gates, at one block. */
static float *gates_of(const msq_step *s, int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    return s->gates + (row * rnn->blocks + block) * rnn->gates * rnn->kernels->width;
}

static void multiply(const msq_rnn *rnn, const msq_product *p) {
    (rnn->low ? rnn->low->product : rnn->kernels->product)(p);
}

/* gates = z + h . recurrent, or recurrent_bias + h . recurrent, for the blocks of the step. */
static void add_recurrent(const msq_step *s, const float *bias) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t block_size = (int64_t)rnn->gates * rnn->kernels->width;
    const int64_t stride = rnn->blocks * block_size;
    if (!bias)
        for (int64_t row = 0; row < s->rows; row++)
            memcpy(gates_of(s, row, s->first_block), s->z[row] + s->first_block * block_size,
                   (size_t)((s->last_block - s->first_block) * block_size) * sizeof(float));
    multiply(rnn, &(msq_product){.z = s->gates,
                                 .x = s->x,
                                 .panels = rnn->recurrent,
                                 .start = bias ? bias : s->gates,
                                 .z_stride = stride,
                                 .start_stride = bias ? 0 : stride,
                                 .columns = stride,
                                 .rows = s->rows,
                                 .depth = s->depth,
                                 .groups = rnn->gates,
                                 .first_block = s->first_block,
                                 .last_block = s->last_block});
}

/* The units of a block that exist: the last may be padded. */
static int64_t units_of(const msq_rnn *rnn, int64_t block) {
    const int64_t width = rnn->kernels->width, left = rnn->units - block * width;
    return left < width ? left : width;
}

static void lstm_block(const msq_step *s, int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = rnn->kernels->width, first = block * width, n = units_of(rnn, block);
    float *const i = gates_of(s, row, block), *const f = i + width;
    float *const candidate = f + width, *const o = candidate + width;
    float *const c = s->c[row] + first, *const h = s->h_next[row] + first;
    msq_activate(i, i, 2 * width, rnn->recurrent_activation);
    msq_activate(candidate, candidate, width, rnn->activation);
    msq_activate(o, o, width, rnn->recurrent_activation);
    for (int64_t u = 0; u < n; u++)
        c[u] = f[u] * c[u] + i[u] * candidate[u];
    msq_activate(h, c, n, rnn->activation);
    for (int64_t u = 0; u < n; u++)
        h[u] *= o[u];
}

static void gru_block(const msq_step *s, int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = rnn->kernels->width, first = block * width, n = units_of(rnn, block);
    const float *const x = s->z[row] + block * 3 * width, *const h = s->h[row] + first;
    float *const z = gates_of(s, row, block), *const r = z + width, *const candidate = r + width;
    for (int64_t u = 0; u < 2 * width; u++)
        z[u] += x[u];
    msq_activate(z, z, 2 * width, rnn->recurrent_activation);
    for (int64_t u = 0; u < width; u++)
        candidate[u] = x[2 * width + u] + r[u] * candidate[u];
    msq_activate(candidate, candidate, width, rnn->activation);
    for (int64_t u = 0; u < n; u++)
        s->h_next[row][first + u] = z[u] * h[u] + (1 - z[u]) * candidate[u];
}

static void simple_block(const msq_step *s, int64_t row, int64_t block) {
    const int64_t first = block * s->rnn->kernels->width;
    msq_activate(s->h_next[row] + first, gates_of(s, row, block), units_of(s->rnn, block),
                 s->rnn->activation);
}

typedef void block_fn(const msq_step *s, int64_t row, int64_t block);

static void each_block(const msq_step *s, block_fn *cell) {
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block++)
            cell(s, row, block);
}

static void lstm_step(const msq_step *s) {
    add_recurrent(s, NULL);
    each_block(s, lstm_block);
}

static void gru_step(const msq_step *s) {
    add_recurrent(s, s->rnn->recurrent_bias);
    each_block(s, gru_block);
}

static void simple_step(const msq_step *s) {
    add_recurrent(s, NULL);
    each_block(s, simple_block);
}

/* The candidate needs r * h of all units, so this step has two phases. Scratch: z and r of all
 * rows, [row][block][2][width], then the candidates, [row][block][width]. */
static void reset_before_gates(const msq_step *s) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = rnn->kernels->width, stride = rnn->blocks * 2 * width;
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block++)
            memcpy(s->gates + row * stride + block * 2 * width, s->z[row] + block * 3 * width,
                   (size_t)(2 * width) * sizeof(float));
    multiply(rnn, &(msq_product){.z = s->gates,
                                 .x = s->x,
                                 .panels = rnn->recurrent,
                                 .start = s->gates,
                                 .z_stride = stride,
                                 .start_stride = stride,
                                 .columns = stride,
                                 .rows = s->rows,
                                 .depth = s->depth,
                                 .groups = 2,
                                 .first_block = s->first_block,
                                 .last_block = s->last_block});
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block++) {
            float *const z = s->gates + row * stride + block * 2 * width, *const r = z + width;
            msq_activate(z, z, 2 * width, rnn->recurrent_activation);
            for (int64_t u = 0; u < units_of(rnn, block); u++)
                s->reset[row][block * width + u] = r[u] * s->h[row][block * width + u];
        }
}

static void reset_before_candidate(const msq_step *s) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = rnn->kernels->width, stride = rnn->blocks * width;
    float *const candidates = s->gates + s->rows * 2 * stride;
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block++)
            memcpy(candidates + row * stride + block * width, s->z[row] + (block * 3 + 2) * width,
                   (size_t)width * sizeof(float));
    multiply(rnn, &(msq_product){.z = candidates,
                                 .x = s->x,
                                 .panels = rnn->candidate,
                                 .start = candidates,
                                 .z_stride = stride,
                                 .start_stride = stride,
                                 .columns = stride,
                                 .rows = s->rows,
                                 .depth = s->depth,
                                 .groups = 1,
                                 .first_block = s->first_block,
                                 .last_block = s->last_block});
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block++) {
            const float *const z = s->gates + (row * rnn->blocks + block) * 2 * width;
            float *const candidate = candidates + row * stride + block * width;
            msq_activate(candidate, candidate, width, rnn->activation);
            for (int64_t u = 0; u < units_of(rnn, block); u++)
                s->h_next[row][block * width + u] =
                    z[u] * s->h[row][block * width + u] + (1 - z[u]) * candidate[u];
        }
}

static void reset_before_step(const msq_step *s) {
    if (s->phase == 0)
        reset_before_gates(s);
    else
        reset_before_candidate(s);
}

msq_step_fn *const msq_general_steps[MSQ_RNN_KINDS] = {
    [MSQ_LSTM] = lstm_step,
    [MSQ_GRU] = gru_step,
    [MSQ_GRU_RESET_BEFORE] = reset_before_step,
    [MSQ_SIMPLE_RNN] = simple_step,
};
