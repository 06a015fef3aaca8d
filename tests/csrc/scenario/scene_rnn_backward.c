/* Recurrent layers in training: a run that keeps what the way back needs, and the way back; then
 * both through the C API. */
#include "scene.h"

#include <gemm.h>
#include <maskseq.h>
#include <rnn/rnn.h>

#include <string.h>

static const struct {
    int kind, gates, kept; /* kept: times the units */
} kinds[] = {{MSQ_LSTM, 4, 4}, {MSQ_GRU, 3, 4}, {MSQ_SIMPLE_RNN, 1, 1}};

/* What both runs write. */
typedef struct {
    output h, c, y, kept, kept_c, carry;
} outputs;

static output zeros(scene *s, int64_t count) {
    const output o = out(s, count, sizeof(float));
    if (!s->no_memory) { /* between the rows nothing is written */
        memset(o.one, 0, o.bytes);
        memset(o.many, 0, o.bytes);
    }
    return o;
}

static void take_outputs(msq_rnn_run *run, msq_back *back, const outputs *o, int many) {
    const int lstm = back->kind == MSQ_LSTM;
    run->call.h = many ? o->h.many : o->h.one;
    run->call.c = lstm ? many ? o->c.many : o->c.one : NULL;
    run->call.sequences = many ? o->y.many : o->y.one;
    back->kept = many ? o->kept.many : o->kept.one;
    run->kept = back->kind == MSQ_SIMPLE_RNN ? NULL : back->kept;
    run->kept_c = lstm ? many ? o->kept_c.many : o->kept_c.one : NULL;
    back->state = lstm ? run->kept_c : run->call.sequences;
    back->carry = many ? o->carry.many : o->carry.one;
}

/* There and back in both directions: one after the other by one thread, or side by side by many. */
static int there_and_back(msq_rnn_run run, msq_back back, const outputs *o, int many, int threads) {
    int64_t bad;
    run.call.num_threads = back.num_threads = threads;
    msq_rnn_run runs[2] = {run, run};
    msq_back backs[2] = {back, back};
    runs[1].call.reverse = backs[1].reverse = !back.reverse;
    for (int i = 0; i < 2; i++)
        take_outputs(&runs[i], &backs[i], &o[i], many);
    int status = MSQ_OK;
    for (int i = 0; i < 2 && status == MSQ_OK && !many; i++) {
        status = msq_rnn_runs_f32((msq_rnn_run *const[]){&runs[i]}, 1, &bad);
        if (status == MSQ_OK)
            status = msq_rnn_back_f32(&backs[i], &bad);
    }
    if (many)
        status = msq_rnn_runs_f32((msq_rnn_run *const[]){&runs[0], &runs[1]}, 2, &bad);
    if (many && status == MSQ_OK)
        status = msq_rnn_backs_f32((const msq_back *const[]){&backs[0], &backs[1]}, 2, &bad);
    return status;
}

static outputs new_outputs(scene *s, int64_t batch, int64_t units, int64_t n, int64_t stride) {
    return (outputs){zeros(s, batch * units), zeros(s, batch * units), zeros(s, n * units),
                     zeros(s, n * stride),    zeros(s, n * units),     zeros(s, batch * units)};
}

/* Gradients that the C API gives; some are not wanted. */
enum { GRADIENTS = 6 };

/* There and back through a tape, by one thread or by many. */
static int taped(const msq_rnn *rnn, msq_rnn_call call, msq_rnn_gradients g, const outputs *o,
                 const output *made, int wanted, int many, int threads) {
    float **const places[GRADIENTS] = {&g.d_kernel, &g.d_recurrent_kernel, &g.d_bias,
                                       &g.d_x,      &g.d_initial_h,        &g.d_initial_c};
    msq_rnn_tape *tape = NULL;
    int64_t bad;
    for (int i = 0; i < GRADIENTS; i++)
        *places[i] = wanted >> i & 1 ? many ? made[i].many : made[i].one : NULL;
    call.h = many ? o->h.many : o->h.one;
    call.sequences = many ? o->y.many : o->y.one;
    call.num_threads = g.num_threads = threads;
    int status = msq_rnn_taped_f32(&tape, rnn, &call, &bad);
    if (status == MSQ_OK)
        status = msq_rnn_backward_f32(tape, &g);
    if (status == MSQ_OK && msq_rnn_backward_f32(tape, &g) != MSQ_UNSUPPORTED)
        fail("a tape that was used before");
    msq_rnn_tape_free(tape);
    return status;
}

/* All gradients of the call that `run` is, with the weights that `g` has. */
static void by_tape(scene *s, const msq_rnn_run *run, const msq_back *back, msq_rnn_gradients g,
                    const outputs *o, int64_t features, int64_t units, int64_t columns) {
    const int64_t batch = back->batch, n = back->steps;
    const output made[GRADIENTS] = {zeros(s, features * columns),
                                    zeros(s, units * columns),
                                    zeros(s, columns * (back->kind == MSQ_GRU ? 2 : 1)),
                                    zeros(s, n * features),
                                    zeros(s, batch * units),
                                    zeros(s, batch * units)};
    const int wanted = byte(s) | byte(s), threads = (int)between(s, 2, 5);
    if (s->no_memory)
        return;
    g.size = sizeof g;
    g.d_h = g.d_c = back->d_last;
    g.d_sequences = back->d_outputs;
    g.d_stride = back->d_stride;
    if (both_ok(s, taped(run->rnn, run->call, g, o, made, wanted, 0, 1),
                taped(run->rnn, run->call, g, o, made, wanted, 1, threads)))
        for (int i = 0; i < GRADIENTS; i++)
            same_floats(s, "gradients of a tape", made[i]);
}

void scene_rnn_back(scene *s) {
    const int which = (int)between(s, 0, 2), kind = kinds[which].kind;
    const int64_t features = between(s, 1, 9), units = between(s, 1, 40), batch = between(s, 0, 9);
    const int64_t columns = kinds[which].gates * units;
    const int64_t *const offsets = offsets_of(s, batch, byte(s) % 8 ? 8 : 60);
    const int64_t n = offsets && offsets[batch] > 0 ? offsets[batch] : 0;
    const int64_t stride = kinds[which].kept * units + between(s, 0, 3);
    const float *const kernel = floats(s, features * columns);
    const float *const recurrent_kernel = floats(s, units * columns);
    const float *const bias = byte(s) % 4 ? floats(s, columns * (kind == MSQ_GRU ? 2 : 1)) : NULL;
    msq_rnn_run run = {.steps = n, .kept_stride = stride};
    run.call.size = sizeof run.call;
    run.call.x = floats(s, n * features);
    run.call.x_rows = n;
    run.call.index = byte(s) % 2 ? indices(s, n, n) : NULL;
    run.call.offsets = offsets;
    run.call.batch = batch;
    run.call.initial_h = byte(s) % 2 ? floats(s, batch * units) : NULL;
    run.call.initial_c = byte(s) % 2 ? floats(s, batch * units) : NULL;
    run.call.sequence_stride = units;
    run.call.reverse = byte(s) & 1;
    msq_back back = {.kind = kind, .offsets = offsets, .batch = batch, .steps = n};
    back.reverse = run.call.reverse;
    back.kept_stride = stride;
    back.state_stride = back.d_stride = units;
    back.initial = kind == MSQ_LSTM ? run.call.initial_c : run.call.initial_h;
    back.d_outputs = byte(s) % 4 ? floats(s, n * units) : NULL;
    back.d_last = byte(s) % 2 ? floats(s, batch * units) : NULL;
    const outputs o[] = {new_outputs(s, batch, units, n, stride),
                         new_outputs(s, batch, units, n, stride)};
    const int threads = (int)between(s, 2, 5);
    msq_rnn *packed = NULL;
    msq_dense *turned = NULL;
    if (s->no_memory)
        return;
    const int status = msq_rnn_pack(&packed, kind, kernel, recurrent_kernel, bias, features, units,
                                    MSQ_TANH, MSQ_SIGMOID);
    const int of_turned = msq_dense_pack_turned(&turned, recurrent_kernel, columns, units);
    run.rnn = packed;
    back.turned = turned;
    if (both_ok(s, status, status) && both_ok(s, of_turned, of_turned) &&
        both_ok(s, there_and_back(run, back, o, 0, 1), there_and_back(run, back, o, 1, threads))) {
        for (int i = 0; i < 2; i++) {
            same_floats(s, "outputs", o[i].y);
            same_floats(s, "gradients", o[i].kept);
            same_floats(s, "carried gradients", o[i].carry);
        }
        const msq_rnn_gradients g = {.kernel = kernel, .recurrent_kernel = recurrent_kernel};
        by_tape(s, &run, &back, g, &o[0], features, units, columns);
    }
    msq_rnn_free(packed);
    msq_dense_free(turned);
}
