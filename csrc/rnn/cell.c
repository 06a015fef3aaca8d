/* The cells with any activations, in the plainest way: z becomes the gates, then the equations of
 * the layer, some blocks at a time. The usual activations have faster cells in isa/rnn_tmpl.h. */
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

/* Blocks of a row that are done together: a function of one vector takes several times as long a
 * value as one of many, which the CPU computes side by side. */
enum { BESIDE = 8, WIDEST = 16 };

typedef struct {
    int64_t row, first, count;  /* blocks */
    int64_t width, unit, units; /* units that exist: the last block may be padded */
} part;

/* y[block][gate][width] = the activation of `gates` gates from the `first` on, of some blocks. */
static void activated(float *y, const msq_step *s, const part *p, int64_t first, int64_t gates,
                      int activation) {
    const int64_t size = gates * p->width;
    for (int64_t b = 0; b < p->count; b++)
        memcpy(y + b * size, gates_of(s, p->row, p->first + b) + first * p->width,
               (size_t)size * sizeof *y);
    msq_activate(y, y, p->count * size, activation);
}

/* Units of block b of a part that exist. */
static int64_t units_of(const part *p, int64_t b) {
    const int64_t left = p->units - b * p->width;
    return left < p->width ? left : p->width;
}

static void lstm_part(const msq_step *s, const part *p) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = p->width;
    float inputs[BESIDE * 2 * WIDEST], candidates[BESIDE * WIDEST], outputs[BESIDE * WIDEST];
    float *const c = s->c[p->row] + p->unit, *const h = s->h_next[p->row] + p->unit;
    activated(inputs, s, p, 0, 2, rnn->recurrent_activation);
    activated(candidates, s, p, 2, 1, rnn->activation);
    activated(outputs, s, p, 3, 1, rnn->recurrent_activation);
    for (int64_t b = 0; b < p->count; b++) {
        const float *const i = inputs + b * 2 * width, *const f = i + width;
        const float *const candidate = candidates + b * width;
        float *const cell = c + b * width;
        for (int64_t u = 0; u < units_of(p, b); u++)
            cell[u] = f[u] * cell[u] + i[u] * candidate[u];
    }
    msq_activate(h, c, p->units, rnn->activation);
    for (int64_t u = 0; u < p->units; u++)
        h[u] *= outputs[u];
}

static void gru_part(const msq_step *s, const part *p) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t width = p->width;
    const float *const h = s->h[p->row] + p->unit;
    float *const h_next = s->h_next[p->row] + p->unit;
    float gates[BESIDE * 2 * WIDEST], candidates[BESIDE * WIDEST];
    for (int64_t b = 0; b < p->count; b++) {
        const float *const x = s->z[p->row] + (p->first + b) * 3 * width;
        const float *const z = gates_of(s, p->row, p->first + b);
        for (int64_t u = 0; u < 2 * width; u++)
            gates[b * 2 * width + u] = z[u] + x[u];
    }
    msq_activate(gates, gates, p->count * 2 * width, rnn->recurrent_activation);
    for (int64_t b = 0; b < p->count; b++) {
        const float *const x = s->z[p->row] + ((p->first + b) * 3 + 2) * width;
        const float *const product = gates_of(s, p->row, p->first + b) + 2 * width;
        const float *const r = gates + (b * 2 + 1) * width;
        for (int64_t u = 0; u < width; u++)
            candidates[b * width + u] = x[u] + r[u] * product[u];
    }
    msq_activate(candidates, candidates, p->count * width, rnn->activation);
    for (int64_t b = 0; b < p->count; b++) {
        const float *const z = gates + b * 2 * width, *const candidate = candidates + b * width;
        for (int64_t u = 0; u < units_of(p, b); u++)
            h_next[b * width + u] = z[u] * h[b * width + u] + (1 - z[u]) * candidate[u];
    }
}

static void simple_part(const msq_step *s, const part *p) {
    msq_activate(s->h_next[p->row] + p->unit, gates_of(s, p->row, p->first), p->units,
                 s->rnn->activation);
}

typedef void part_fn(const msq_step *s, const part *p);

static void each_part(const msq_step *s, part_fn *cell) {
    const int64_t width = s->rnn->kernels->width;
    for (int64_t row = 0; row < s->rows; row++)
        for (int64_t block = s->first_block; block < s->last_block; block += BESIDE) {
            const int64_t left = s->last_block - block, count = left < BESIDE ? left : BESIDE;
            const int64_t unit = block * width, rest = s->rnn->units - unit;
            const int64_t units = rest < count * width ? rest : count * width;
            cell(s, &(part){row, block, count, width, unit, units});
        }
}

static void lstm_step(const msq_step *s) {
    add_recurrent(s, NULL);
    each_part(s, lstm_part);
}

static void gru_step(const msq_step *s) {
    add_recurrent(s, s->rnn->recurrent_bias);
    each_part(s, gru_part);
}

static void simple_step(const msq_step *s) {
    add_recurrent(s, NULL);
    each_part(s, simple_part);
}

/* The units of a block that exist. */
static int64_t units_in(const msq_rnn *rnn, int64_t block) {
    const int64_t width = rnn->kernels->width, left = rnn->units - block * width;
    return left < width ? left : width;
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
            for (int64_t u = 0; u < units_in(rnn, block); u++)
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
            for (int64_t u = 0; u < units_in(rnn, block); u++)
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
