/* Functions of values and of rows that this package alone calls: values/values.h. */
#include "scene.h"

#include <maskseq.h>

#include "values/values.h"

#include <string.h>

static int count(const char *(*name)(int)) {
    int n = 0;
    while (name(n))
        n++;
    return n;
}

void scene_elementary(scene *s) {
    const int64_t n = between(s, 0, 100), x_step = byte(s) % 2, y_step = byte(s) % 2;
    const int one = (int)between(s, 0, count(msq_elementary_name));
    const int two = (int)between(s, 0, count(msq_elementary_pair_name));
    const int options = (int)between(s, 0, count(msq_option_activation_name) - 1);
    const float *const given = floats(s, MSQ_MAX_OPTIONS);
    const float *const x = floats(s, n + 1), *const y = floats(s, n + 1);
    const output a = out(s, n, sizeof(float)), b = out(s, n, sizeof(float));
    const output c = out(s, n, sizeof(float));
    if (s->no_memory)
        return;
    msq_option_activation_f32(a.one, x, n, options, given, 1);
    msq_option_activation_f32(a.many, x, n, options, given, 3);
    same_floats(s, "activation with options", a);
    const output back = out(s, n, sizeof(float));
    if (s->no_memory)
        return;
    msq_option_activation_back_f32(back.one, y, a.one, x, n, options, given, 1);
    msq_option_activation_back_f32(back.many, y, a.one, x, n, options, given, 3);
    same_floats(s, "way back through an activation with options", back);
    if (msq_elementary_name(one)) {
        msq_elementary_f32(b.one, x, n, one, 1);
        msq_elementary_f32(b.many, x, n, one, 3);
        same_floats(s, "elementary", b);
    }
    if (msq_elementary_pair_name(two)) {
        msq_elementary_pair_f32(c.one, x, x_step, y, y_step, n, two, 1);
        msq_elementary_pair_f32(c.many, x, x_step, y, y_step, n, two, 3);
        same_floats(s, "elementary pair", c);
    }
}

static void reduction(scene *s) {
    const int64_t outer = between(s, 0, 4), n = between(s, 0, 20), inner = between(s, 0, 90);
    const enum msq_reduction how = byte(s) % MSQ_REDUCTIONS;
    const float *const x = floats(s, outer * n * inner);
    const output y = out(s, outer * inner, sizeof(float));
    if (s->no_memory)
        return;
    msq_reduce_f32(y.one, x, outer, n, inner, how, 1);
    msq_reduce_f32(y.many, x, outer, n, inner, how, 3);
    same_floats(s, "reduce", y);
}

static void normalization(scene *s, const float *x, int64_t rows, int64_t n) {
    const int norm = byte(s) % 8 ? byte(s) % MSQ_NORMS : MSQ_NORMS;
    const float *const gamma = byte(s) % 4 ? floats(s, n) : NULL;
    const float *const beta = byte(s) % 4 ? floats(s, n) : NULL;
    const output y = out(s, rows * n, sizeof(float)), z = out(s, rows * n, sizeof(float));
    const output p = out(s, rows * n, sizeof(float));
    if (s->no_memory)
        return;
    if (!both_ok(s, msq_normalize_f32(y.one, x, gamma, beta, rows, n, norm, 1e-3, 1),
                 msq_normalize_f32(y.many, x, gamma, beta, rows, n, norm, 1e-3, 3)))
        return;
    same_floats(s, "normalize", y);
    const output dx = out(s, rows * n, sizeof(float)), products = out(s, rows * n, sizeof(float));
    if (s->no_memory)
        return;
    const int no_products = byte(s) % 2; /* then dx may be d */
    if (no_products) {
        memcpy(dx.one, y.one, dx.bytes);
        memcpy(dx.many, y.one, dx.bytes);
    }
    both_ok(s,
            msq_normalize_backward_f32(dx.one, no_products ? NULL : products.one,
                                       no_products ? dx.one : y.one, x, gamma, rows, n, norm, 1e-3,
                                       1),
            msq_normalize_backward_f32(dx.many, no_products ? NULL : products.many,
                                       no_products ? dx.many : y.one, x, gamma, rows, n, norm, 1e-3,
                                       3));
    same_floats(s, "way back through normalize", dx);
    if (!no_products)
        same_floats(s, "products of normalize", products);
    if (gamma && beta) {
        const float *const mean = byte(s) % 2 ? beta : NULL;
        msq_scale_f32(z.one, x, mean, gamma, beta, rows, n, rows + 1, 1);
        msq_scale_f32(z.many, x, mean, gamma, beta, rows, n, rows + 1, 3);
        same_floats(s, "scale", z);
        msq_prelu_f32(p.one, x, gamma, rows, n, 1);
        msq_prelu_f32(p.many, x, gamma, rows, n, 3);
        same_floats(s, "prelu", p);
    }
}

static void softmaxes(scene *s, const float *x, int64_t rows, int64_t n) {
    const output y = out(s, rows * n, sizeof(float)), z = out(s, rows * n, sizeof(float));
    const output sums = out(s, rows, sizeof(float));
    if (s->no_memory)
        return;
    msq_log_softmax_f32(y.one, x, rows, n, 1);
    msq_log_softmax_f32(y.many, x, rows, n, 3);
    same_floats(s, "log_softmax", y);
    msq_log_sum_exp_f32(sums.one, x, rows, n, 1);
    msq_log_sum_exp_f32(sums.many, x, rows, n, 3);
    same_floats(s, "log_sum_exp", sums);
    msq_sparsemax_f32(z.one, x, rows, n, 1);
    msq_sparsemax_f32(z.many, x, rows, n, 3);
    same_floats(s, "sparsemax", z);
    const int64_t pairs = rows / 2;
    const output share = out(s, pairs * n, sizeof(float)), back = out(s, rows * n, sizeof(float));
    if (s->no_memory)
        return;
    msq_glu_f32(share.one, x, pairs, n, 1);
    msq_glu_f32(share.many, x, pairs, n, 3);
    same_floats(s, "glu", share);
    memset(back.one, 0, back.bytes);
    memset(back.many, 0, back.bytes);
    msq_glu_back_f32(back.one, y.one, x, pairs, n, 1);
    msq_glu_back_f32(back.many, y.one, x, pairs, n, 3);
    same_floats(s, "way back through glu", back);
}

static void additive(scene *s, const float *q, int64_t queries, int64_t dim) {
    const int64_t keys = between(s, 0, 6);
    const float *const k = floats(s, keys * dim);
    const float *const scale = byte(s) % 4 ? floats(s, dim) : NULL;
    const output y = out(s, queries * keys, sizeof(float));
    if (s->no_memory)
        return;
    msq_additive_scores_f32(y.one, q, k, scale, queries, keys, dim, 0.7f, 1);
    msq_additive_scores_f32(y.many, q, k, scale, queries, keys, dim, 0.7f, 3);
    same_floats(s, "additive scores", y);
}

static void pooling(scene *s, int64_t features) {
    const int64_t batch = between(s, 0, 4);
    const int64_t *const offsets = offsets_of(s, batch, 9);
    if (s->no_memory)
        return;
    const int64_t n = offsets[batch] < 0 ? 0 : offsets[batch];
    const int takes_mean = byte(s) % 2;
    const float *const x = floats(s, n * features);
    const output y = out(s, batch * features, sizeof(float)),
                 z = out(s, n * features, sizeof(float));
    if (s->no_memory)
        return;
    if (both_ok(s, msq_pool_sequences_f32(y.one, x, offsets, batch, n, features, takes_mean, 1),
                msq_pool_sequences_f32(y.many, x, offsets, batch, n, features, takes_mean, 3)))
        same_floats(s, "pool sequences", y);
    if (offsets[0] > 0 && z.bytes) { /* rows of no sequence are left as they are */
        memset(z.one, 0, z.bytes);
        memset(z.many, 0, z.bytes);
    }
    if (both_ok(s, msq_time_softmax_f32(z.one, x, offsets, batch, n, features, 1),
                msq_time_softmax_f32(z.many, x, offsets, batch, n, features, 3)))
        same_floats(s, "softmax down time", z);
}

static void windows(scene *s, int64_t features) {
    const int64_t batch = between(s, 0, 4), rows = between(s, 1, 20);
    const msq_pooled w = {between(s, 0, 9), between(s, 0, 5), between(s, 0, 4), between(s, 0, 3),
                          between(s, 0, 3)};
    const int takes_mean = byte(s) % 2;
    const int64_t *const index = byte(s) % 2 ? indices(s, batch * w.time, rows) : NULL;
    const float *const x = floats(s, rows * features);
    const output y = out(s, batch * w.count * features, sizeof(float));
    if (s->no_memory)
        return;
    if (both_ok(s, msq_pool_windows_f32(y.one, x, index, batch, rows, features, &w, takes_mean, 1),
                msq_pool_windows_f32(y.many, x, index, batch, rows, features, &w, takes_mean, 3)))
        same_floats(s, "pool windows", y);
}

static void groups(scene *s) {
    const int64_t batch = between(s, 0, 4), groups = between(s, 1, 4);
    msq_groups g = {.time = between(s, 0, 9), .groups = groups, .epsilon = 1e-3};
    g.features = groups * between(s, 0, 25);
    g.gamma = byte(s) % 4 ? floats(s, g.features) : NULL;
    g.beta = byte(s) % 4 ? floats(s, g.features) : NULL;
    g.offsets = byte(s) % 4 ? offsets_of(s, batch, g.time) : NULL;
    g.starts = byte(s) % 2 ? indices(s, batch, g.time + 3) : NULL;
    if (s->no_memory)
        return;
    g.pads = byte(s) % 2 ? batch : 1;
    const int64_t steps = g.offsets ? g.offsets[batch] : batch * g.time;
    const int64_t made = steps + (g.offsets ? batch : 0);
    if (made < 0)
        return;
    const int64_t rows = steps + (g.offsets ? g.pads : 0);
    const float *const x = floats(s, rows * g.features);
    const output y = out(s, made * g.features, sizeof(float));
    if (s->no_memory || rows < 0)
        return;
    if (both_ok(s, msq_normalize_groups_f32(y.one, x, rows, batch, &g, 1),
                msq_normalize_groups_f32(y.many, x, rows, batch, &g, 3)))
        same_floats(s, "normalize groups", y);
}

static void lstm(scene *s, int64_t units) {
    const int64_t rows = between(s, 0, 20);
    const int gate = (int)between(s, 0, count(msq_activation_name) - 1), how = byte(s) % 3;
    const float *const x = floats(s, 4 * rows * units), *const c = floats(s, rows * units);
    const float *const of_state = floats(s, 4 * rows * units);
    const output h = out(s, rows * units, sizeof(float)), new = out(s, rows * units, sizeof(float));
    const output z = out(s, 4 * rows * units, sizeof(float));
    const output room = out(s, rows * units, sizeof(float));
    if (s->no_memory)
        return;
    if (z.bytes) {
        memcpy(z.one, of_state, z.bytes);
        memcpy(z.many, of_state, z.bytes);
    }
    msq_lstm_of_rows_f32(h.one, new.one, z.one, room.one, x, c, rows, units, gate, how, 1);
    msq_lstm_of_rows_f32(h.many, new.many, z.many, room.many, x, c, rows, units, gate, how, 3);
    same_floats(s, "h of an LSTM of rows", h);
    same_floats(s, "c of an LSTM of rows", new);
}

void scene_rowwise(scene *s) {
    const int64_t rows = between(s, 0, 5), n = between(s, 0, 70);
    const float *const x = floats(s, rows * n);
    if (s->no_memory)
        return;
    switch (byte(s) % 8) {
    case 0:
        reduction(s);
        break;
    case 1:
        normalization(s, x, rows, n);
        break;
    case 2:
        softmaxes(s, x, rows, n);
        break;
    case 3:
        additive(s, x, rows, n);
        break;
    case 4:
        pooling(s, n);
        break;
    case 5:
        groups(s);
        break;
    case 6:
        lstm(s, n);
        break;
    default:
        windows(s, n);
    }
}
