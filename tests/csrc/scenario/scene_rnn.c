/* Recurrent layers: one call, both directions in one call, and tables projected before the call. */
#include "scene.h"

#include <maskseq.h>
#include <rnn/rnn.h>

#include <string.h>

static const int gates[] = {4, 3, 3, 1};

/* What a recurrent call writes. */
typedef struct {
    output h, c, y;
} rnn_output;

static rnn_output rnn_out(scene *s, int64_t states, int64_t sequences) {
    const size_t size = sizeof(float);
    const rnn_output o = {out(s, states, size), out(s, states, size), out(s, sequences, size)};
    if (!s->no_memory) { /* between the rows nothing is written */
        memset(o.y.one, 0, o.y.bytes);
        memset(o.y.many, 0, o.y.bytes);
    }
    return o;
}

/* Lets `call` write to one or the other half of the outputs; it says which outputs it wants. */
static msq_rnn_call into(msq_rnn_call call, const rnn_output *o, int many) {
    call.h = many ? o->h.many : o->h.one;
    call.c = call.c ? many ? o->c.many : o->c.one : NULL;
    call.sequences = call.sequences ? many ? o->y.many : o->y.one : NULL;
    return call;
}

static void same_rnn(scene *s, const msq_rnn_call *call, const rnn_output *o) {
    same_floats(s, "last states", o->h);
    if (call->c)
        same_floats(s, "last cell states", o->c);
    same_floats(s, "sequences", o->y);
}

/* Both directions side by side: what each gives alone. `o` holds what `call` gave. */
static void rnn_both_ways(scene *s, const msq_rnn *packed, const msq_rnn_call *call, rnn_output *o,
                          int64_t states, int64_t n) {
    const rnn_output back = rnn_out(s, states, n * call->sequence_stride);
    int64_t bad;
    if (s->no_memory)
        return;
    memset(o->h.many, 0, o->h.bytes);
    memset(o->y.many, 0, o->y.bytes);
    msq_rnn_call turned = into(*call, &back, 0);
    turned.reverse = !call->reverse;
    msq_rnn_run run[2] = {{.rnn = packed, .call = into(*call, o, 1), .steps = n},
                          {.rnn = packed, .call = into(turned, &back, 1), .steps = n}};
    run[0].call.num_threads = run[1].call.num_threads = (int)between(s, 1, 5);
    msq_rnn_run *const runs[2] = {&run[0], &run[1]};
    if (both_ok(s, msq_rnn_f32(packed, &turned, &bad), msq_rnn_runs_f32(runs, 2, &bad))) {
        same_rnn(s, call, o);
        same_rnn(s, call, &back);
    }
}

/* With the gates of rows of x kept from call to call, sometimes of a few only: the same. */
static void rnn_kept(scene *s, const msq_rnn *packed, const msq_rnn_call *call, rnn_output *o,
                     int64_t n) {
    const double bytes = msq_fold_bytes(packed, between(s, 0, call->x_rows + 1));
    msq_keep *keep = NULL;
    if (!both_ok(s, MSQ_OK, msq_keep_make(&keep, packed, call->x_rows, bytes)))
        return;
    for (int again = 0; again < 3; again++) {
        msq_rnn_run run = {.rnn = packed, .call = into(*call, o, 1), .steps = n, .keep = keep};
        int64_t bad;
        memset(o->h.many, 0, o->h.bytes);
        memset(o->y.many, 0, o->y.bytes);
        run.call.num_threads = (int)between(s, 1, 5);
        if (both_ok(s, MSQ_OK, msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, &bad)))
            same_rnn(s, call, o);
        if (msq_keep_count(keep) > call->x_rows)
            fail("more rows are kept than there are");
    }
    msq_keep_free(keep);
}

/* With the outputs at cells in falling order, sometimes one that is out of range: the same. */
static void rnn_in_cells(scene *s, const msq_rnn *packed, const msq_rnn_call *call, rnn_output *o,
                         int64_t n) {
    int64_t *const cells = array(s, n, sizeof *cells), stride = call->sequence_stride, bad;
    if (s->no_memory)
        return;
    const int wrong = n > 0 && byte(s) >= 240;
    for (int64_t j = 0; j < n; j++)
        cells[j] = n - 1 - j;
    if (wrong)
        cells[between(s, 0, n - 1)] = byte(s) % 2 ? n : -1;
    memset(o->h.many, 0, o->h.bytes);
    memset(o->y.many, 0, o->y.bytes);
    msq_rnn_run run = {.rnn = packed, .call = into(*call, o, 1), .steps = n};
    run.cells = cells, run.rows = n;
    run.call.num_threads = (int)between(s, 1, 5);
    if (!both_ok(s, wrong ? MSQ_OUT_OF_RANGE : MSQ_OK,
                 msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, &bad)))
        return;
    float *const y = o->y.many;
    for (int64_t i = 0; i < n / 2 * stride; i++) {
        const int64_t j = (n - 1 - i / stride) * stride + i % stride;
        const float held = y[i];
        y[i] = y[j];
        y[j] = held;
    }
    same_rnn(s, call, o);
}

/* A convolutional LSTM; some windows do not fit it. */
static void conv_lstm(scene *s) {
    const int64_t size = between(s, 1, 4), width = between(s, 1, 4), units = between(s, 1, 20);
    const int64_t batch = between(s, 0, 5), *const offsets = offsets_of(s, batch, 8);
    const int64_t n = offsets && offsets[batch] > 0 ? offsets[batch] : 0, depth = size * units;
    msq_windows w = {.batch = 1, .time = between(s, 0, 9), .count = between(s, 0, 9), .size = size};
    w.rows = w.count, w.x_rows = w.time;
    w.stride = between(s, 1, 2), w.dilation = between(s, 1, 3), w.before = between(s, 0, size);
    const int64_t x_rows = n + between(s, 0, 2), state = w.count * units;
    const float *const x = floats(s, x_rows * w.time * width);
    const float *const kernel = floats(s, size * width * 4 * units);
    const float *const recurrent_kernel = floats(s, depth * 4 * units);
    const float *const bias = byte(s) % 4 ? floats(s, 4 * units) : NULL;
    const int cell = byte(s) % 4 ? MSQ_TANH : MSQ_RELU;
    rnn_output o = rnn_out(s, batch * state, n * state);
    msq_rnn_call call = {.size = sizeof call, .x = x, .x_rows = x_rows, .offsets = offsets};
    call.index = byte(s) % 2 ? indices(s, n, x_rows) : NULL;
    call.batch = batch, call.sequence_stride = state, call.reverse = byte(s) & 1;
    call.initial_h = byte(s) % 2 ? floats(s, batch * state) : NULL;
    call.initial_c = byte(s) % 2 ? floats(s, batch * state) : NULL;
    call.sequences = byte(s) & 1 ? o.y.one : NULL;
    call.c = o.c.one;
    msq_rnn *packed = NULL;
    if (s->no_memory)
        return;
    const int made = msq_rnn_pack_deep(&packed, MSQ_LSTM, kernel, recurrent_kernel, bias,
                                       size * width, depth, units, cell, MSQ_SIGMOID);
    if (!both_ok(s, made, made))
        return;
    int status[2];
    for (int many = 0; many < 2; many++) {
        int64_t bad;
        msq_rnn_run run = {.rnn = packed, .call = into(call, &o, many), .steps = n};
        run.call.num_threads = many ? (int)between(s, 2, 5) : 1;
        status[many] = msq_conv_lstm_f32(&run, &w, &bad);
    }
    if (both_ok(s, status[0], status[1]))
        same_rnn(s, &call, &o);
    msq_rnn_free(packed);
}

/* x has rows that no step reads. */
void scene_rnn(scene *s) {
    const int kind = (int)between(s, 0, 3), usual = byte(s) % 4 != 0;
    const int64_t features = between(s, 1, 9), units = between(s, 1, 40), batch = between(s, 0, 9);
    const int64_t columns = gates[kind] * units;
    const int64_t *const offsets = offsets_of(s, batch, byte(s) % 8 ? 8 : 60);
    const int64_t n = offsets && offsets[batch] > 0 ? offsets[batch] : 0;
    const int64_t x_rows = n + between(s, 0, 5), stride = units + between(s, 0, 3);
    const int64_t *const index = byte(s) % 2 ? indices(s, n, x_rows) : NULL;
    float *const x = array(s, x_rows * features, sizeof *x);
    const float *const kernel = floats(s, features * columns);
    const float *const recurrent_kernel = floats(s, units * columns);
    const float *const bias = byte(s) % 4 ? floats(s, columns * (kind == MSQ_GRU ? 2 : 1)) : NULL;
    rnn_output o = rnn_out(s, batch * units, n * stride);
    msq_rnn_call call = {.size = sizeof call, .x = x, .index = index, .x_rows = x_rows};
    call.offsets = offsets;
    call.batch = batch;
    call.initial_h = byte(s) % 2 ? floats(s, batch * units) : NULL;
    call.initial_c = byte(s) % 2 ? floats(s, batch * units) : NULL;
    call.sequence_stride = stride;
    call.reverse = byte(s) & 1;
    call.sequences = byte(s) & 1 ? o.y.one : NULL;
    call.c = kind == MSQ_LSTM && byte(s) % 4 ? o.c.one : NULL;
    msq_rnn *packed = NULL;
    int64_t bad[2] = {0, 0};
    if (s->no_memory)
        return;
    for (int64_t j = 0; j < n; j++) { /* the other rows stay as malloc left them */
        const int64_t row = index ? index[j] : j;
        for (int64_t f = 0; row >= 0 && row < x_rows && f < features; f++)
            x[row * features + f] = (float)((j * 7 + f * 5) % 16 - 8) / 4.0f;
    }
    const int cell = usual ? MSQ_TANH : (int)between(s, -1, 32);
    const int gate = usual ? MSQ_SIGMOID : (int)between(s, -1, 32);
    const int status =
        msq_rnn_pack(&packed, kind, kernel, recurrent_kernel, bias, features, units, cell, gate);
    if (!both_ok(s, status, status))
        return;
    call = into(call, &o, 0);
    call.num_threads = 1;
    msq_rnn_call many = into(call, &o, 1);
    many.num_threads = (int)between(s, 2, 5);
    if (both_ok(s, msq_rnn_f32(packed, &call, &bad[0]), msq_rnn_f32(packed, &many, &bad[1]))) {
        same_rnn(s, &call, &o);
        const int next = byte(s) % 4;
        if (next % 2)
            rnn_both_ways(s, packed, &call, &o, batch * units, n);
        else if (next == 2)
            rnn_in_cells(s, packed, &call, &o, n);
        else if (index)
            rnn_kept(s, packed, &call, &o, n);
    } else if (bad[0] != bad[1]) {
        fail("position of a bad index");
    }
    msq_rnn_free(packed);
    conv_lstm(s);
}
