#include "scenario.h"

#include <maskseq.h>
#include <recurrent.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARRAYS = 24 };

/* What a call is made from, and the memory it uses. */
typedef struct {
    const uint8_t *data;
    size_t left;
    void *arrays[MAX_ARRAYS];
    int num_arrays;
    int no_memory;
    uint64_t hash;
} scene;

static uint8_t byte(scene *s) {
    if (s->left == 0)
        return 0;
    s->left--;
    return *s->data++;
}

static int64_t between(scene *s, int64_t low, int64_t high) {
    return low + byte(s) % (high - low + 1);
}

static void *array(scene *s, int64_t count, size_t item) {
    void *const memory = malloc((size_t)count * item + (count == 0));
    s->no_memory |= !memory || s->num_arrays == MAX_ARRAYS;
    if (s->num_arrays < MAX_ARRAYS)
        s->arrays[s->num_arrays++] = memory;
    return s->no_memory ? NULL : memory;
}

static float *floats(scene *s, int64_t n) {
    static const float special[] = {0,    -0.0f,    1e-40f,    3e38f, -3e38f,
                                    1.0f, INFINITY, -INFINITY, NAN,   -1.0f};
    float *const x = array(s, n, sizeof *x);
    for (int64_t i = 0; x && i < n; i++) {
        const uint8_t b = byte(s);
        x[i] = b >= 246 ? special[b - 246] : (float)(b - 120) / 32.0f;
    }
    return x;
}

static uint8_t *bits(scene *s, int64_t n) {
    uint8_t *const mask = array(s, n, 1);
    for (int64_t i = 0; mask && i < n; i++)
        mask[i] = byte(s) % 3 != 0;
    return mask;
}

/* Offsets of a batch whose sequences have up to `longest` rows; now and then wrong ones. */
static int64_t *offsets_of(scene *s, int64_t batch, int64_t longest) {
    int64_t *const offsets = array(s, batch + 1, sizeof *offsets);
    for (int64_t b = 0; offsets && b <= batch; b++)
        offsets[b] = b == 0 ? 0 : offsets[b - 1] + between(s, 0, longest);
    if (offsets && byte(s) >= 250)
        offsets[between(s, 0, batch)] += between(s, 0, 16) - 8;
    return offsets;
}

static int64_t *indices(scene *s, int64_t n, int64_t end) {
    int64_t *const index = array(s, n, sizeof *index);
    for (int64_t i = 0; index && i < n; i++)
        index[i] = end > 0 ? between(s, 0, end < 250 ? end - 1 : 249) : 0;
    if (index && n > 0 && byte(s) >= 250)
        index[between(s, 0, n < 200 ? n - 1 : 199)] = byte(s) % 2 ? INT64_MIN : end;
    return index;
}

/* What a function writes: twice, for one thread and for several. */
typedef struct {
    void *one, *many;
    size_t bytes;
} output;

static output out(scene *s, int64_t count, size_t item) {
    output o = {array(s, count, item), array(s, count, item), (size_t)count * item};
    return o;
}

static void fail(const char *what) {
    fprintf(stderr, "scenario: %s differs between one thread and several\n", what);
    abort();
}

static void same(scene *s, const char *what, output o) {
    if (memcmp(o.one, o.many, o.bytes) != 0)
        fail(what);
    for (size_t i = 0; i < o.bytes; i++)
        s->hash = (s->hash ^ ((const uint8_t *)o.one)[i]) * UINT64_C(1099511628211);
}

/* Which of two NaNs an operation keeps is not promised: one for all. */
static void make_nans_one(float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]))
            x[i] = NAN;
}

static void same_floats(scene *s, const char *what, output o) {
    make_nans_one(o.one, o.bytes / sizeof(float));
    make_nans_one(o.many, o.bytes / sizeof(float));
    same(s, what, o);
}

/* Compares statuses, and if they are MSQ_OK returns 1: the outputs count. */
static int both_ok(scene *s, int one, int many) {
    if (one == MSQ_NO_MEMORY || many == MSQ_NO_MEMORY) {
        s->no_memory = 1;
        return 0;
    }
    if (one != many)
        fail("status");
    s->hash = (s->hash ^ (uint64_t)one) * UINT64_C(1099511628211);
    return one == MSQ_OK;
}

static void ids(scene *s) {
    const int64_t n = between(s, 0, 70), size = between(s, 0, 9), is_float = byte(s) & 1;
    uint8_t *const x = array(s, n, (size_t)size + 1);
    const output mask = out(s, n, 1);
    for (int64_t i = 0; x && i < n * size; i++)
        x[i] = byte(s) & byte(s) & byte(s);
    if (!s->no_memory && both_ok(s, msq_mask_from_ids(mask.one, x, n, (int)size, (int)is_float, 1),
                                 msq_mask_from_ids(mask.many, x, n, (int)size, (int)is_float, 3)))
        same(s, "mask of ids", mask);
}

static void layout(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 9), features = between(s, 0, 40);
    const int64_t cells = batch * time, carry = byte(s) % 3; /* 2: MSQ_OWN_PAD_ROWS */
    const int64_t pads = carry == MSQ_OWN_PAD_ROWS ? batch : 1;
    const float *const x = floats(s, cells * features);
    const output mask = out(s, cells, 1), padded = out(s, cells * features, sizeof(float));
    int64_t *const offsets = array(s, batch + 1, sizeof *offsets);
    if (s->no_memory)
        return;
    msq_mask_from_values_f32(mask.one, x, -1.0f, cells, features, 1);
    msq_mask_from_values_f32(mask.many, x, -1.0f, cells, features, 3);
    same(s, "mask of values", mask);
    const int64_t n = msq_layout_offsets(offsets, mask.one, batch, time);
    int64_t *const cell = array(s, n, sizeof *cell), bad[2] = {0, 0};
    const output rows = out(s, (n + pads) * features, sizeof(float));
    const output sums = out(s, batch * features, sizeof(float));
    const int64_t bytes = features * (int64_t)sizeof(float);
    if (s->no_memory)
        return;
    msq_layout_cells(cell, mask.one, n, cells);
    if (both_ok(s, msq_gather_rows(rows.one, x, cell, n, cells, bytes, &bad[0], 1),
                msq_gather_rows(rows.many, x, cell, n, cells, bytes, &bad[1], 3))) {
        memset((float *)rows.one + n * features, 0, (size_t)(pads * bytes));
        memset((float *)rows.many + n * features, 0, (size_t)(pads * bytes));
        same(s, "gathered rows", rows);
    }
    if (byte(s) >= 240 && n > 0)
        cell[between(s, 0, n - 1)] += between(s, 0, 4) - 2;
    if (byte(s) >= 240)
        offsets[between(s, 0, batch)] += between(s, 0, 4) - 2;
    if (both_ok(s,
                msq_scatter_rows(padded.one, rows.one, offsets, cell, batch, time, n, bytes,
                                 (int)carry, &bad[0], 1),
                msq_scatter_rows(padded.many, rows.many, offsets, cell, batch, time, n, bytes,
                                 (int)carry, &bad[1], 4)))
        same(s, "scattered rows", padded);
    else if (bad[0] != bad[1])
        fail("position of a bad sequence");
    if (both_ok(s, msq_sum_rows_f32(sums.one, rows.one, offsets, batch, n, features, 1),
                msq_sum_rows_f32(sums.many, rows.many, offsets, batch, n, features, 4)))
        same_floats(s, "sums of rows", sums);
}

static void gather(scene *s) {
    const int64_t n = between(s, 0, 40), rows = between(s, 0, 20), bytes = between(s, 0, 17);
    int64_t bad[2] = {0, 0};
    uint8_t *const x = array(s, rows * bytes, 1);
    for (int64_t i = 0; x && i < rows * bytes; i++)
        x[i] = byte(s);
    const int64_t *const index = indices(s, n, rows);
    const output y = out(s, n * bytes, 1);
    if (s->no_memory)
        return;
    if (both_ok(s, msq_gather_rows(y.one, x, index, n, rows, bytes, &bad[0], 1),
                msq_gather_rows(y.many, x, index, n, rows, bytes, &bad[1], 3)))
        same(s, "gathered rows", y);
    else if (bad[0] != bad[1])
        fail("position of a bad index");
}

static void lengths(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 20);
    const int pre = byte(s) & 1;
    const int64_t *const length = indices(s, batch, time + 1);
    const output mask = out(s, batch * time, 1);
    int64_t bad;
    if (!s->no_memory && both_ok(s, msq_mask_from_lengths(mask.one, length, batch, time, pre, &bad),
                                 msq_mask_from_lengths(mask.many, length, batch, time, pre, &bad)))
        same(s, "mask of lengths", mask);
}

static void pad(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 12), bytes = between(s, 0, 9);
    const int pad_before = byte(s) & 1, cut_before = byte(s) & 1;
    const int64_t *const offsets = offsets_of(s, batch, 14);
    const int64_t n = offsets && offsets[batch] > 0 ? offsets[batch] : 0;
    uint8_t *const values = array(s, n * bytes, 1), *const row = array(s, bytes, 1);
    const output y = out(s, batch * time * bytes, 1);
    int64_t bad;
    if (s->no_memory)
        return;
    memset(values, byte(s), (size_t)(n * bytes));
    memset(row, byte(s), (size_t)bytes);
    if (both_ok(s,
                msq_pad_rows(y.one, values, row, offsets, batch, time, n, bytes, pad_before,
                             cut_before, &bad, 1),
                msq_pad_rows(y.many, values, row, offsets, batch, time, n, bytes, pad_before,
                             cut_before, &bad, 5)))
        same(s, "padded rows", y);
}

static void softmax(scene *s) {
    const int64_t per_mask = between(s, 1, 3), rows = between(s, 0, 4) * per_mask,
                  n = between(s, 0, 70);
    const uint8_t *const mask = byte(s) % 4 ? bits(s, rows / per_mask * n) : NULL;
    float *const x = array(s, rows * n, sizeof *x);
    const output y = out(s, rows * n, sizeof(float));
    if (s->no_memory)
        return;
    for (int64_t i = 0; i < rows * n; i++)
        if (!mask || mask[i / n / per_mask * n + i % n]) /* masked ones stay as malloc left them */
            x[i] = (float)(byte(s) - 128);
    msq_masked_softmax_f32(y.one, x, mask, rows, n, per_mask, 1);
    msq_masked_softmax_f32(y.many, x, mask, rows, n, per_mask, 3);
    same_floats(s, "softmax", y);
}

static void activation(scene *s) {
    const int64_t n = between(s, 0, 100);
    const int which = (int)between(s, -1, 32);
    const float *const x = floats(s, n);
    const output y = out(s, n, sizeof(float));
    if (!s->no_memory && both_ok(s, msq_activation_f32(y.one, x, n, which, 1),
                                 msq_activation_f32(y.many, x, n, which, 3)))
        same_floats(s, "activation", y);
}

static void dense(scene *s) {
    const int64_t in = between(s, 0, 20), units = between(s, 0, 40), rows = between(s, 0, 60);
    const int which = (int)between(s, -1, 32);
    const float *const kernel = floats(s, in * units), *const x = floats(s, rows * in);
    const float *const bias = byte(s) % 4 ? floats(s, units) : NULL;
    const output y = out(s, rows * units, sizeof(float));
    msq_dense *packed = NULL;
    if (s->no_memory)
        return;
    const int status = msq_dense_pack(&packed, kernel, bias, in, units);
    if (both_ok(s, status, status) && both_ok(s, msq_dense_f32(y.one, x, packed, rows, which, 1),
                                              msq_dense_f32(y.many, x, packed, rows, which, 3)))
        same_floats(s, "dense", y);
    msq_dense_free(packed);
}

static const int gates[] = {4, 3, 3, 1};

/* A recurrent layer whose x has rows that no step reads. */
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

/* With the gates of all rows of x computed before the call: the same. */
static void rnn_folded(scene *s, const msq_rnn *packed, const msq_rnn_call *call, rnn_output *o,
                       int64_t n) {
    msq_rnn_run run = {.rnn = packed, .call = into(*call, o, 1), .steps = n};
    msq_fold *fold = NULL;
    int64_t bad;
    memset(o->h.many, 0, o->h.bytes);
    memset(o->y.many, 0, o->y.bytes);
    if (!both_ok(s, MSQ_OK, msq_fold_all(&fold, packed, call->x, call->x_rows, 2)))
        return;
    run.fold = fold;
    run.call.num_threads = (int)between(s, 1, 5);
    if (both_ok(s, MSQ_OK, msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, &bad)))
        same_rnn(s, call, o);
    msq_fold_free(fold);
}

static void rnn(scene *s) {
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
        if (byte(s) % 2)
            rnn_both_ways(s, packed, &call, &o, batch * units, n);
        else if (index)
            rnn_folded(s, packed, &call, &o, n);
    } else if (bad[0] != bad[1]) {
        fail("position of a bad index");
    }
    msq_rnn_free(packed);
}

static int64_t *some_steps(scene *s, const int64_t *offsets, int64_t batch, int64_t n) {
    int64_t *const steps = array(s, n, sizeof *steps);
    for (int64_t b = 0; steps && b < batch; b++)
        for (int64_t row = offsets[b], step = -1; row >= 0 && row < offsets[b + 1] && row < n;
             row++)
            steps[row] = step += between(s, 1, 3);
    return steps;
}

static void attention(scene *s) {
    const int64_t batch = between(s, 0, 4), kv_heads = between(s, 1, 2);
    const int64_t heads = kv_heads * between(s, 1, 2) + (byte(s) >= 250);
    const int64_t key_dim = between(s, 0, 9), value_dim = between(s, 0, 20);
    const int64_t *const query_offsets = offsets_of(s, batch, 9);
    const int64_t *const key_offsets = offsets_of(s, batch, byte(s) % 8 ? 9 : 80);
    if (s->no_memory)
        return;
    const int64_t queries = query_offsets[batch] > 0 ? query_offsets[batch] : 0;
    const int64_t keys = key_offsets[batch] > 0 ? key_offsets[batch] : 0;
    msq_attention call = {.size = sizeof call, .query_offsets = query_offsets};
    call.key_offsets = key_offsets;
    call.batch = batch, call.query_rows = queries, call.key_rows = keys;
    call.heads = heads, call.kv_heads = kv_heads;
    call.key_dim = key_dim, call.value_dim = value_dim;
    call.q = floats(s, queries * heads * key_dim);
    call.k = floats(s, keys * kv_heads * key_dim);
    call.v = floats(s, keys * kv_heads * value_dim);
    if (byte(s) % 2) {
        call.query_steps = some_steps(s, query_offsets, batch, queries);
        call.key_steps = some_steps(s, key_offsets, batch, keys);
    }
    call.query_time = 27, call.key_time = 240;
    call.mask_heads = byte(s) % 2 ? 1 : heads;
    if (byte(s) % 2)
        call.mask = bits(s, batch * call.mask_heads * call.query_time * call.key_time);
    call.scale = (float)between(s, 0, 8) / 4.0f;
    call.causal = byte(s) & 1;
    const output y = out(s, queries * heads * value_dim, sizeof(float));
    if (s->no_memory)
        return;
    memset(y.one, 0, y.bytes); /* rows of no sequence are not written */
    memset(y.many, 0, y.bytes);
    msq_attention many = call;
    call.out = y.one;
    many.out = y.many;
    if (both_ok(s, msq_attention_f32(&call, 1), msq_attention_f32(&many, 3)))
        same_floats(s, "attention", y);
}

uint64_t run_scenario(const uint8_t *data, size_t size) {
    static void (*const scenes[])(scene *) = {ids,     layout,     gather, lengths, pad,
                                              softmax, activation, dense,  rnn,     attention};
    scene s = {.data = data, .left = size, .hash = UINT64_C(14695981039346656037)};
    if (size > 0)
        scenes[byte(&s) % (sizeof scenes / sizeof *scenes)](&s);
    for (int i = 0; i < s.num_arrays; i++)
        free(s.arrays[i]);
    return s.no_memory ? 0 : s.hash;
}
