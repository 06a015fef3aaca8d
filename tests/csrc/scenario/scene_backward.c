/* Products and sums of the way back: backward/backward.h. */
#include "scene.h"

#include <maskseq.h>

#include "backward/backward.h"
#include "values/values.h"

#include <stdlib.h>
#include <string.h>

static void sums_of_columns(scene *s, const float *x, int64_t rows, int64_t columns,
                            int64_t stride) {
    const output sums = out(s, columns, sizeof(float));
    if (s->no_memory)
        return;
    if (both_ok(s, msq_column_sums_f32(sums.one, x, rows, columns, stride, 1),
                msq_column_sums_f32(sums.many, x, rows, columns, stride, 4)))
        same_floats(s, "sums of columns", sums);
}

/* An outer and the sums of its dz in one pass, beside the sums alone. */
static int together(float *sums, const msq_outer *outer, int *bad_outer, int64_t *bad,
                    int num_threads) {
    const int64_t columns = outer->columns > 0 ? outer->columns : 0;
    double *const room = calloc((size_t)columns * 2 + 1, sizeof *room);
    if (!room)
        return MSQ_NO_MEMORY;
    const msq_columns all = {.out = sums,
                             .x = outer->dz,
                             .columns = columns,
                             .stride = outer->dz_stride,
                             .block = room,
                             .total = room + columns};
    const int status = msq_outers_f32(outer, 1, &all, 1, outer->rows, bad_outer, bad, num_threads);
    free(room);
    return status;
}

static void one_pass(scene *s, const msq_outer *outer) {
    const output sums = out(s, outer->columns, sizeof(float));
    const output products = out(s, outer->inputs * outer->columns, sizeof(float));
    int bad_outer[2];
    int64_t bad[2];
    if (s->no_memory)
        return;
    msq_outer one = *outer, many = *outer;
    one.out = products.one, many.out = products.many;
    one.accumulate = many.accumulate = 0;
    memset(sums.one, 0, sums.bytes);
    memset(sums.many, 0, sums.bytes);
    if (!both_ok(s, together(sums.one, &one, &bad_outer[0], &bad[0], 1),
                 together(sums.many, &many, &bad_outer[1], &bad[1], 5)))
        return;
    same_floats(s, "outer in one pass", products);
    same_floats(s, "sums in one pass", sums);
}

static void segments(scene *s, const float *x, int64_t rows, int64_t features) {
    const int64_t count = between(s, 0, 6);
    const int64_t *const offsets = offsets_of(s, count, 9);
    const int64_t n = offsets && offsets[count] > 0 ? offsets[count] : 0;
    const int64_t *const index = indices(s, n, rows);
    const output sums = out(s, count * features, sizeof(float));
    if (s->no_memory)
        return;
    if (both_ok(s, msq_sum_segments_f32(sums.one, x, index, offsets, count, n, rows, features, 1),
                msq_sum_segments_f32(sums.many, x, index, offsets, count, n, rows, features, 4)))
        same_floats(s, "sums of segments", sums);
}

static void drawn(scene *s, const float *x, int64_t rows, int64_t features) {
    const int64_t *const sequences = indices(s, rows, 100), *const steps = indices(s, rows, 100);
    const output draws = out(s, rows * features, sizeof(float));
    const output dropped = out(s, rows * features, sizeof(float));
    const uint64_t key = byte(s) * UINT64_C(0x123456789abcdef);
    if (s->no_memory)
        return;
    both_ok(s, msq_draws_f32(draws.one, sequences, steps, rows, features, key, 1),
            msq_draws_f32(draws.many, sequences, steps, rows, features, key, 3));
    same(s, "draws", draws);
    both_ok(s, msq_dropout_f32(dropped.one, x, sequences, steps, rows, features, key, 0.3f, 1),
            msq_dropout_f32(dropped.many, x, sequences, steps, rows, features, key, 0.3f, 5));
    same_floats(s, "dropout", dropped);
}

/* A weight and a table by any rule; of the table some rows have a gradient. */
static void update(scene *s, int64_t n, int64_t table, int64_t features) {
    const msq_rule rule = (msq_rule)(byte(s) % MSQ_RULES);
    const int slots = msq_rule_slots((int)rule);
    const int64_t rows = between(s, 0, table), sizes[2] = {n, table * features};
    const float *const numbers = floats(s, MSQ_MAX_NUMBERS);
    int64_t *const ids = indices(s, rows, 1);
    msq_update one[2] = {{.n = n}, {.n = table * features, .rows = rows, .features = features}};
    msq_update many[2] = {one[0], one[1]};
    output made[2][1 + MSQ_MAX_SLOTS];
    for (int i = 0; i < 2; i++) {
        one[i].w = floats(s, sizes[i]);
        one[i].g = floats(s, i ? rows * features : n);
        one[i].decay = byte(s) % 2 ? numbers : NULL;
        for (int k = 0; k < slots; k++)
            one[i].slots[k] = floats(s, sizes[i]);
        for (int k = 0; k < 1 + slots; k++)
            made[i][k] = out(s, sizes[i], sizeof(float));
    }
    if (s->no_memory)
        return;
    for (int64_t i = 0; i < rows; i++)
        ids[i] = i + (i >= rows / 2 ? table - rows : 0);
    one[1].ids = ids;
    for (int i = 0; i < 2; i++) {
        many[i] = one[i];
        one[i].new_w = made[i][0].one, many[i].new_w = made[i][0].many;
        for (int k = 0; k < slots; k++)
            one[i].new_slots[k] = made[i][k + 1].one, many[i].new_slots[k] = made[i][k + 1].many;
    }
    both_ok(s, msq_update_f32(one, 2, rule, numbers, 1), msq_update_f32(many, 2, rule, numbers, 3));
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 1 + slots; k++)
            same_floats(s, "update", made[i][k]);
}

static void crossentropy(scene *s, const float *y, int64_t rows, int64_t n) {
    const int by_class = byte(s) % 2, from_logits = byte(s) % 2;
    const int64_t repeats = between(s, 1, 3);
    const float *const d = floats(s, rows * (n ? n : 1)), *const labels = floats(s, rows * n);
    const int64_t *const classes = indices(s, rows, n);
    const output losses = out(s, rows, sizeof(float)), dy = out(s, rows * n, sizeof(float));
    const output binary = out(s, rows * n, sizeof(float)), dx = out(s, rows * n, sizeof(float));
    const output of_softmax = out(s, rows * n, sizeof(float));
    if (s->no_memory)
        return;
    const msq_crossentropy c = {y, by_class ? classes : NULL, labels, rows, n, from_logits};
    int64_t bad[2];
    if (both_ok(s, msq_crossentropy_f32(losses.one, &c, bad, 1),
                msq_crossentropy_f32(losses.many, &c, bad + 1, 3)) &&
        both_ok(s, msq_crossentropy_back_f32(dy.one, d, &c, bad, 1),
                msq_crossentropy_back_f32(dy.many, d, &c, bad + 1, 5))) {
        same_floats(s, "losses", losses);
        same_floats(s, "gradient of losses", dy);
    }
    both_ok(s, msq_binary_crossentropy_f32(binary.one, y, labels, rows * n, from_logits, 1),
            msq_binary_crossentropy_f32(binary.many, y, labels, rows * n, from_logits, 3));
    same_floats(s, "binary losses", binary);
    const int64_t count = rows * n;
    both_ok(
        s, msq_binary_crossentropy_back_f32(dx.one, d, y, labels, count, repeats, from_logits, 1),
        msq_binary_crossentropy_back_f32(dx.many, d, y, labels, count, repeats, from_logits, 2));
    same_floats(s, "gradient of binary losses", dx);
    msq_softmax_back_f32(of_softmax.one, d, y, rows, n, 1);
    msq_softmax_back_f32(of_softmax.many, d, y, rows, n, 3);
    same_floats(s, "gradient of softmax", of_softmax);
}

/* A step in place. */
static void optimizer(scene *s, int64_t n) {
    const int rule = (int)between(s, -1, MSQ_RULES), some = byte(s);
    const int count = some % 8 && msq_rule_name(rule) ? msq_rule_numbers(rule) : some % 9;
    const float *const g = floats(s, n), *const numbers = floats(s, MSQ_MAX_NUMBERS);
    output made[MSQ_MAX_SLOTS + 1];
    for (int i = 0; i <= MSQ_MAX_SLOTS; i++) {
        const float *const x = floats(s, n);
        made[i] = out(s, n, sizeof(float));
        if (s->no_memory)
            return;
        memcpy(made[i].one, x, made[i].bytes);
        memcpy(made[i].many, x, made[i].bytes);
    }
    if (both_ok(s,
                msq_optimizer_f32(made[0].one, made[1].one, made[2].one, made[3].one, g, n, rule,
                                  numbers, count, 1),
                msq_optimizer_f32(made[0].many, made[1].many, made[2].many, made[3].many, g, n,
                                  rule, numbers, count, 3)))
        for (int i = 0; i <= MSQ_MAX_SLOTS; i++)
            same_floats(s, "optimizer", made[i]);
}

void scene_step(scene *s) {
    const int64_t rows = between(s, 0, 9), features = between(s, 0, 70);
    const float *const x = floats(s, rows * features);
    if (s->no_memory)
        return;
    switch (byte(s) % 4) {
    case 0:
        segments(s, x, rows, features);
        break;
    case 1:
        drawn(s, x, rows, features);
        break;
    case 2:
        crossentropy(s, x, rows, features);
        break;
    default:
        if (byte(s) % 2) {
            optimizer(s, between(s, 0, 90));
        } else { /* one after the other: C does not say which argument is made first */
            const int64_t n = between(s, 0, 90), table = between(s, 0, 6);
            update(s, n, table, between(s, 0, 40));
        }
    }
}

void scene_outer(scene *s) {
    const int64_t long_one = byte(s) % 4 ? 0 : 200, x_rows = between(s, 0, 12) + long_one;
    const int64_t inputs = between(s, 0, 60), columns = between(s, 0, 80);
    const int64_t more = between(s, 0, 3), by_index = byte(s) % 2;
    const int64_t rows = by_index ? between(s, 0, 20) : x_rows;
    int64_t *const index = by_index ? indices(s, rows, x_rows) : NULL;
    const float *const x = floats(s, x_rows * (inputs + more));
    const float *const dz = floats(s, rows * (columns + more));
    const output y = out(s, inputs * columns, sizeof(float));
    int64_t bad[2] = {0, 0};
    if (s->no_memory)
        return;
    if (by_index && rows > 0 && byte(s) % 2)
        index[between(s, 0, rows - 1)] = -1;
    msq_outer call = {
        .size = sizeof call, .out = y.one, .x = x, .index = index, .dz = dz, .x_rows = x_rows};
    call.rows = rows, call.inputs = inputs, call.columns = columns, call.out_stride = columns;
    call.x_stride = inputs + more, call.dz_stride = columns + more;
    call.accumulate = byte(s) % 2;
    if (call.accumulate) {
        memset(y.one, 0, y.bytes);
        memset(y.many, 0, y.bytes);
    }
    msq_outer again = call;
    again.out = y.many;
    if (both_ok(s, msq_outer_f32(&call, &bad[0], 1), msq_outer_f32(&again, &bad[1], 5)))
        same_floats(s, "outer", y);
    else if (bad[0] != bad[1])
        fail("position of a bad index of x");
    sums_of_columns(s, dz, rows, columns, columns + more);
    one_pass(s, &call);
}
