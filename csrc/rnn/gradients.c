/* All gradients of a run of a recurrent layer, for the C API: the way back (backward.c) turns what
 * was kept into the gradients of the pre-activations; products and sums over the rows of all steps
 * make of these the gradients of weights, inputs and first states. */
#include "gemm.h"
#include "tape.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    msq_rnn_tape *tape;
    const msq_rnn_gradients *g;
    int64_t begun;   /* sequences with steps */
    int64_t *starts; /* (begun): which these are */
    int64_t *before; /* (steps): the step before each in its sequence, or -1 */
    float *carry;    /* (batch, units), as in msq_back */
    float *first;    /* (begun, columns): what the way back gave the first steps, as products with
                        the state see it */
    float *products; /* (begun, units): `first` times the recurrent kernel, turned */
    msq_dense *turned;
} work;

/* The column of a kept row where the state's part of the gradients begins. */
static int64_t state_part(const msq_rnn_tape *tape) {
    return tape->kind == MSQ_GRU ? tape->units : 0;
}

static int fits(const msq_rnn_tape *tape, const msq_rnn_gradients *g) {
    const int overlaps = g->d_sequences && tape->steps > 1 && g->d_stride < tape->units;
    return g->recurrent_kernel && (g->kernel || !g->d_x) && !overlaps;
}

/* Room for `rows` rows of so many floats; NULL if there is no memory. */
static float *room(int64_t rows, int64_t columns) {
    return msq_multiply(&rows, columns) ? NULL : msq_allocate(rows);
}

static int make_room(work *w) {
    const msq_rnn_tape *const tape = w->tape;
    const int64_t batch = tape->call.batch, units = tape->units;
    for (int64_t b = 0; b < batch; b++)
        w->begun += tape->offsets[b + 1] > tape->offsets[b];
    w->starts = malloc((size_t)w->begun * sizeof *w->starts + 1);
    w->before = malloc((size_t)tape->steps * sizeof *w->before + 1);
    w->carry = room(batch, units);
    w->first = room(w->begun, tape->columns);
    w->products = room(w->begun, units);
    if (!w->starts || !w->before || !w->carry || !w->first || !w->products)
        return MSQ_NO_MEMORY;
    return msq_dense_pack_turned(&w->turned, w->g->recurrent_kernel, tape->columns, units);
}

static void free_room(work *w) {
    free(w->starts);
    free(w->before);
    msq_aligned_free(w->carry);
    msq_aligned_free(w->first);
    msq_aligned_free(w->products);
    msq_dense_free(w->turned);
}

/* Fills `starts` and `before`. */
static void find_steps(work *w) {
    const msq_rnn_tape *const tape = w->tape;
    int64_t *start = w->starts;
    for (int64_t b = 0; b < tape->call.batch; b++) {
        const int64_t begin = tape->offsets[b], end = tape->offsets[b + 1];
        for (int64_t j = begin; j < end; j++)
            w->before[j] = tape->call.reverse ? j + 1 : j - 1;
        if (begin < end) {
            w->before[tape->call.reverse ? end - 1 : begin] = -1;
            *start++ = b;
        }
    }
}

/* `kept` becomes the gradient of the pre-activations; fills `carry` and `first`. */
static int walk_back(work *w) {
    msq_rnn_tape *const tape = w->tape;
    const msq_rnn_gradients *const g = w->g;
    const msq_rnn_call *const call = &tape->call;
    const int is_lstm = tape->kind == MSQ_LSTM;
    const size_t states = (size_t)(call->batch * tape->units) * sizeof(float);
    int64_t bad;
    if (is_lstm && g->d_c)
        memcpy(w->carry, g->d_c, states);
    else
        memset(w->carry, 0, states);
    tape->used = 1;
    const int status =
        msq_rnn_back_f32(&(msq_back){.kind = tape->kind,
                                     .turned = w->turned,
                                     .offsets = tape->offsets,
                                     .batch = call->batch,
                                     .steps = tape->steps,
                                     .reverse = call->reverse,
                                     .kept = tape->kept,
                                     .kept_stride = tape->stride,
                                     .state = is_lstm ? tape->kept_c : call->sequences,
                                     .state_stride = is_lstm ? tape->units : call->sequence_stride,
                                     .initial = is_lstm ? call->initial_c : call->initial_h,
                                     .d_outputs = g->d_sequences,
                                     .d_stride = g->d_stride,
                                     .d_last = g->d_h,
                                     .carry = w->carry,
                                     .num_threads = g->num_threads},
                         &bad);
    for (int64_t i = 0; i < w->begun; i++) {
        const int64_t b = w->starts[i];
        const int64_t j = call->reverse ? tape->offsets[b + 1] - 1 : tape->offsets[b];
        memcpy(w->first + i * tape->columns, tape->kept + j * tape->stride + state_part(tape),
               (size_t)tape->columns * sizeof(float));
    }
    return status;
}

/* out = x^T times `columns` columns of kept from `column` on. */
static int product(const work *w, msq_outer x, float *out, int64_t column, int64_t columns) {
    int64_t bad;
    x.size = sizeof x;
    x.out = out, x.out_stride = w->tape->columns;
    x.dz = w->tape->kept + column, x.dz_stride = w->tape->stride;
    x.rows = w->tape->steps, x.columns = columns;
    return msq_outer_f32(&x, &bad, w->g->num_threads);
}

static int kernel_gradient(const work *w) {
    const msq_rnn_tape *const tape = w->tape;
    const msq_rnn_call *const call = &tape->call;
    const int64_t units = tape->units, features = tape->features;
    float *const out = w->g->d_kernel;
    const msq_outer x = {.x = call->x,
                         .index = call->index,
                         .x_rows = call->index ? call->x_rows : tape->steps,
                         .inputs = features,
                         .x_stride = features};
    if (tape->kind != MSQ_GRU)
        return product(w, x, out, 0, tape->columns);
    const int status = product(w, x, out + 2 * units, 0, units); /* kept has h z r */
    return status == MSQ_OK ? product(w, x, out, units, 2 * units) : status;
}

static int recurrent_gradient(const work *w) {
    const msq_rnn_tape *const tape = w->tape;
    const msq_rnn_call *const call = &tape->call;
    const msq_outer h = {.x = call->sequences,
                         .index = w->before,
                         .x_rows = tape->steps,
                         .inputs = tape->units,
                         .x_stride = call->sequence_stride};
    int64_t bad;
    const int status = product(w, h, w->g->d_recurrent_kernel, state_part(tape), tape->columns);
    if (status != MSQ_OK || !call->initial_h)
        return status;
    return msq_outer_f32(&(msq_outer){.size = sizeof(msq_outer),
                                      .out = w->g->d_recurrent_kernel,
                                      .x = call->initial_h,
                                      .index = w->starts,
                                      .dz = w->first,
                                      .x_rows = call->batch,
                                      .rows = w->begun,
                                      .inputs = tape->units,
                                      .columns = tape->columns,
                                      .x_stride = tape->units,
                                      .dz_stride = tape->columns,
                                      .out_stride = tape->columns,
                                      .accumulate = 1},
                         &bad, w->g->num_threads);
}

/* The sums of some columns of kept. */
static int sums(const work *w, float *out, int64_t column, int64_t columns) {
    return msq_column_sums_f32(out, w->tape->kept + column, w->tape->steps, columns,
                               w->tape->stride, w->g->num_threads);
}

static int bias_gradient(const work *w) {
    const int64_t units = w->tape->units;
    float *const out = w->g->d_bias;
    if (w->tape->kind != MSQ_GRU)
        return sums(w, out, 0, w->tape->columns);
    int status = sums(w, out, units, 2 * units);
    if (status == MSQ_OK)
        status = sums(w, out + 2 * units, 0, units);
    return status == MSQ_OK ? sums(w, out + 3 * units, units, 3 * units) : status;
}

/* The kernel with its columns in the order of kept; NULL if there is no memory. */
static float *in_order_of_kept(const msq_rnn_tape *tape, const float *kernel) {
    const int64_t columns = tape->columns, units = tape->units;
    const int64_t ahead = tape->kind == MSQ_GRU ? units : 0; /* h, from the end */
    float *const ordered = room(tape->features, columns);
    for (int64_t f = 0; ordered && f < tape->features; f++) {
        const float *const row = kernel + f * columns;
        memcpy(ordered + f * columns, row + columns - ahead, (size_t)ahead * sizeof *row);
        memcpy(ordered + f * columns + ahead, row, (size_t)(columns - ahead) * sizeof *row);
    }
    return ordered;
}

static int input_gradient(const work *w) {
    const msq_rnn_tape *const tape = w->tape;
    msq_dense *by = NULL;
    float *const kernel = in_order_of_kept(tape, w->g->kernel);
    int status =
        kernel ? msq_dense_pack_turned(&by, kernel, tape->columns, tape->features) : MSQ_NO_MEMORY;
    if (status == MSQ_OK)
        status = msq_dense_rows_f32(w->g->d_x, tape->kept, tape->stride, by, tape->steps,
                                    MSQ_LINEAR, w->g->num_threads);
    msq_dense_free(by);
    msq_aligned_free(kernel);
    return status;
}

static int first_state_gradient(const work *w) {
    const int64_t units = w->tape->units, batch = w->tape->call.batch;
    const size_t states = (size_t)(batch * units) * sizeof(float);
    const int is_gru = w->tape->kind == MSQ_GRU;
    const int status =
        msq_dense_f32(w->products, w->first, w->turned, w->begun, MSQ_LINEAR, w->g->num_threads);
    if (w->g->d_h) /* the last state of a sequence without steps is the first */
        memcpy(w->g->d_initial_h, w->g->d_h, states);
    else
        memset(w->g->d_initial_h, 0, states);
    for (int64_t i = 0; i < w->begun; i++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t at = w->starts[i] * units + u;
            w->g->d_initial_h[at] = w->products[i * units + u] + (is_gru ? w->carry[at] : 0.0f);
        }
    return status;
}

/* All that is wanted, from what walk_back left. */
static int make_gradients(const work *w) {
    const msq_rnn_gradients *const g = w->g;
    int status = MSQ_OK;
    if (g->d_kernel)
        status = kernel_gradient(w);
    if (g->d_recurrent_kernel && status == MSQ_OK)
        status = recurrent_gradient(w);
    if (g->d_bias && status == MSQ_OK)
        status = bias_gradient(w);
    if (g->d_x && status == MSQ_OK)
        status = input_gradient(w);
    if (g->d_initial_h && status == MSQ_OK)
        status = first_state_gradient(w);
    if (g->d_initial_c && w->tape->kind == MSQ_LSTM)
        memcpy(g->d_initial_c, w->carry,
               (size_t)(w->tape->call.batch * w->tape->units) * sizeof(float));
    return status;
}

int msq_rnn_backward_f32(msq_rnn_tape *tape, const msq_rnn_gradients *gradients) {
    work w = {.tape = tape, .g = gradients};
    if (gradients->size != sizeof *gradients || tape->used)
        return MSQ_UNSUPPORTED;
    if (!fits(tape, gradients))
        return MSQ_OUT_OF_RANGE;
    int status = make_room(&w);
    if (status == MSQ_OK) {
        find_steps(&w);
        status = walk_back(&w);
    }
    if (status == MSQ_OK)
        status = make_gradients(&w);
    free_room(&w);
    return status;
}
