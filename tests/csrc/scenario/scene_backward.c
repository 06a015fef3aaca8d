/* Products and sums of the way back: backward/backward.h. */
#include "scene.h"

#include <maskseq.h>

#include "backward/backward.h"

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

static void adam(scene *s, int64_t n) {
    const float *const w = floats(s, n), *const g = floats(s, n), *const m = floats(s, n);
    const float *const v = floats(s, n), *const most = byte(s) % 2 ? floats(s, n) : NULL;
    output made[4];
    for (int i = 0; i < 4; i++)
        made[i] = out(s, most || i < 3 ? n : 0, sizeof(float));
    if (s->no_memory)
        return;
    msq_adam a = {made[0].one, made[1].one, made[2].one, made[3].one, w,      g,     m,
                  v,           most,        n,           0.1f,        0.001f, 0.01f, 1e-7f};
    msq_adam b = a;
    b.new_w = made[0].many, b.new_m = made[1].many;
    b.new_v = made[2].many, b.new_most = made[3].many;
    both_ok(s, msq_adam_f32(&a, 1), msq_adam_f32(&b, 3));
    for (int i = 0; i < 4; i++)
        same_floats(s, "adam", made[i]);
}

void scene_step(scene *s) {
    const int64_t rows = between(s, 0, 9), features = between(s, 0, 70);
    const float *const x = floats(s, rows * features);
    if (s->no_memory)
        return;
    switch (byte(s) % 3) {
    case 0:
        segments(s, x, rows, features);
        break;
    case 1:
        drawn(s, x, rows, features);
        break;
    default:
        adam(s, between(s, 0, 90));
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
    msq_outer call = {.out = y.one, .x = x, .index = index, .dz = dz, .x_rows = x_rows};
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
}
