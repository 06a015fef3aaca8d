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
