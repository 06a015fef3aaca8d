/* Convolutions over steps: conv/conv.h. */
#include "scene.h"

#include <maskseq.h>

#include "conv/conv.h"

/* Windows of a batch; some have a size or a row that cannot be. */
static msq_windows windows_of(scene *s) {
    msq_windows w = {.batch = between(s, 0, 3), .time = between(s, 0, 12)};
    w.count = between(s, 0, 12);
    w.size = between(s, 0, 5);
    w.stride = between(s, 0, 3);
    w.dilation = between(s, 0, 3);
    w.before = between(s, 0, 6);
    w.rows = w.batch * w.count;
    w.x_rows = w.batch * w.time;
    if (byte(s) % 2) {
        w.x_rows = between(s, 0, 30);
        w.row_of = indices(s, w.batch * w.time, w.x_rows);
    }
    if (byte(s) % 2) {
        w.rows = between(s, 0, 120);
        w.made = indices(s, w.rows, w.batch * w.count);
    }
    return w;
}

static void depthwise(scene *s, const msq_windows *w, const float *x, int64_t features) {
    const int64_t multiplier = between(s, 0, 3);
    const int which = (int)between(s, -1, 32);
    const float *const kernel = floats(s, w->size * features * multiplier);
    const float *const bias = byte(s) % 2 ? floats(s, features * multiplier) : NULL;
    const output y = out(s, w->rows * features * multiplier, sizeof(float));
    const int64_t units = between(s, 1, 20);
    const float *const mixing = floats(s, features * multiplier * units);
    const output z = out(s, w->rows * units, sizeof(float));
    msq_dense *packed = NULL;
    if (s->no_memory)
        return;
    if (both_ok(
            s, msq_depthwise_f32(y.one, x, kernel, bias, features, multiplier, NULL, w, which, 1),
            msq_depthwise_f32(y.many, x, kernel, bias, features, multiplier, NULL, w, which, 3)))
        same_floats(s, "depthwise", y);
    const int status = msq_dense_pack(&packed, mixing, NULL, features * multiplier, units);
    if (!both_ok(s, status, status))
        return;
    if (both_ok(
            s, msq_depthwise_f32(z.one, x, kernel, bias, features, multiplier, packed, w, which, 1),
            msq_depthwise_f32(z.many, x, kernel, bias, features, multiplier, packed, w, which, 3)))
        same_floats(s, "separable", z);
    msq_dense_free(packed);
}

void scene_conv(scene *s) {
    const msq_windows w = windows_of(s);
    const int64_t groups = between(s, 1, 2), width = between(s, 1, 5), units = between(s, 1, 40);
    const int which = (int)between(s, -1, 32);
    float *const x = floats(s, w.x_rows * width * groups);
    const float *const kernel = floats(s, w.size * width * units);
    const float *const bias = byte(s) % 4 ? floats(s, units) : NULL;
    const output y = out(s, w.rows * units * groups, sizeof(float));
    msq_dense *packed = NULL;
    if (s->no_memory)
        return;
    for (int64_t i = width * groups, n = w.x_rows * i; i < n && byte(s) % 4; i++)
        x[i] = x[i - width * groups]; /* rows repeat, up to some value */
    const int status = msq_dense_pack(&packed, kernel, bias, w.size * width, units);
    if (!both_ok(s, status, status))
        return;
    const msq_dense *const parts[] = {packed, packed};
    if (both_ok(s, msq_convolve_f32(y.one, x, parts, groups, &w, which, 1),
                msq_convolve_f32(y.many, x, parts, groups, &w, which, 3)))
        same_floats(s, "convolve", y);
    msq_dense_free(packed);
    depthwise(s, &w, x, width * groups);
}
