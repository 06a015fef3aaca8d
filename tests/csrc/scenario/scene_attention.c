/* Queries that attend to keys, and the way back. */
#include "scene.h"

#include <maskseq.h>

#include <string.h>

static int64_t *some_steps(scene *s, const int64_t *offsets, int64_t batch, int64_t n) {
    int64_t *const steps = array(s, n, sizeof *steps);
    for (int64_t b = 0; steps && b < batch; b++)
        for (int64_t row = offsets[b], step = -1; row >= 0 && row < offsets[b + 1] && row < n;
             row++)
            steps[row] = step += between(s, 1, 3);
    return steps;
}

static void go_back(scene *s, const msq_attention *a, const msq_attention_dropout *dropout) {
    const float *const d_out = floats(s, a->query_rows * a->heads * a->value_dim);
    const output dq = out(s, a->query_rows * a->heads * a->key_dim, sizeof(float));
    const output dk = out(s, a->key_rows * a->kv_heads * a->key_dim, sizeof(float));
    const output dv = out(s, a->key_rows * a->kv_heads * a->value_dim, sizeof(float));
    const output all[] = {dq, dk, dv};
    if (s->no_memory)
        return;
    for (int i = 0; i < 3; i++) { /* rows of no sequence are not written */
        memset(all[i].one, 0, all[i].bytes);
        memset(all[i].many, 0, all[i].bytes);
    }
    if (both_ok(s, msq_attention_backward_f32(a, dropout, d_out, dq.one, dk.one, dv.one, 1),
                msq_attention_backward_f32(a, dropout, d_out, dq.many, dk.many, dv.many, 3)))
        for (int i = 0; i < 3; i++)
            same_floats(s, "attention backward", all[i]);
}

void scene_attention(scene *s) {
    const int64_t batch = between(s, 0, 4), kv_heads = between(s, 1, 2);
    const int64_t heads = kv_heads * between(s, 1, 2) + (byte(s) >= 250);
    const int64_t key_dim = between(s, 0, 9), value_dim = between(s, 0, 20);
    const int64_t *const query_offsets = offsets_of(s, batch, 20);
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
    const int64_t sequences[] = {3, -1, INT64_MAX, 0};
    const msq_attention_dropout drop = {sizeof drop, sequences, 7, 0.4f},
                                *dropout = byte(s) % 2 ? &drop : NULL;
    if (both_ok(s, msq_attention_dropping_f32(&call, dropout, 1),
                msq_attention_dropping_f32(&many, dropout, 3)))
        same_floats(s, "attention, dropping", y);
    go_back(s, &call, dropout);
}
