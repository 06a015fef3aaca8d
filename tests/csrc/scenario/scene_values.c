/* Functions of each value, or of each row. */
#include "scene.h"

#include <gemm.h>
#include <maskseq.h>

#include "values/values.h"

void scene_softmax(scene *s) {
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

void scene_activation(scene *s) {
    const int64_t n = between(s, 0, 100);
    const int which = (int)between(s, -1, 32);
    const float *const x = floats(s, n);
    const output y = out(s, n, sizeof(float)), dx = out(s, n, sizeof(float));
    if (s->no_memory || !both_ok(s, msq_activation_f32(y.one, x, n, which, 1),
                                 msq_activation_f32(y.many, x, n, which, 3)))
        return;
    same_floats(s, "activation", y);
    if (both_ok(s, msq_activation_backward_f32(dx.one, x, y.one, x, n, which, 1),
                msq_activation_backward_f32(dx.many, x, y.one, x, n, which, 3)))
        same_floats(s, "way back through an activation", dx);
}

static void dense_back(scene *s, const float *x, const float *kernel, int64_t rows, int64_t in,
                       int64_t units) {
    const int wanted = byte(s);
    const float *const dz = floats(s, rows * units);
    const output dx = out(s, rows * in, sizeof(float)), dk = out(s, in * units, sizeof(float));
    const output db = out(s, units, sizeof(float));
    if (s->no_memory)
        return;
    float *one[3] = {dx.one, dk.one, db.one}, *many[3] = {dx.many, dk.many, db.many};
    for (int i = 0; i < 3; i++)
        if (wanted >> i & 1)
            one[i] = many[i] = NULL;
    if (!both_ok(
            s, msq_dense_backward_f32(one[0], one[1], one[2], dz, x, kernel, rows, in, units, 1),
            msq_dense_backward_f32(many[0], many[1], many[2], dz, x, kernel, rows, in, units, 4)))
        return;
    const output all[] = {dx, dk, db};
    for (int i = 0; i < 3; i++)
        if (one[i])
            same_floats(s, "way back through a dense layer", all[i]);
}

/* Rows with something between them, which is not initialised. */
static void rows_apart(scene *s, const msq_dense *packed, int64_t rows, int64_t in, int64_t units,
                       int which) {
    const int64_t stride = in + between(s, 0, 3);
    float *const x = array(s, rows * stride, sizeof *x);
    const output y = out(s, rows * units, sizeof(float));
    if (s->no_memory || !packed)
        return;
    for (int64_t i = 0; i < rows * in; i++)
        x[i / in * stride + i % in] = (float)(byte(s) - 128) / 32.0f;
    if (both_ok(s, msq_dense_rows_f32(y.one, x, stride, packed, rows, which, 1),
                msq_dense_rows_f32(y.many, x, stride, packed, rows, which, 3)))
        same_floats(s, "dense rows", y);
}

/* A layer twice, on the same rows, in one region. */
static void beside(scene *s, const msq_dense *packed, const float *x, int64_t rows, int64_t units) {
    const output y = out(s, rows * units, sizeof(float)), z = out(s, rows * units, sizeof(float));
    if (s->no_memory || !packed)
        return;
    const msq_dense *const layers[] = {packed, packed};
    float *const one[] = {y.one, z.one}, *const many[] = {y.many, z.many};
    if (!both_ok(s, msq_dense_beside_f32(one, x, layers, 2, rows, 1),
                 msq_dense_beside_f32(many, x, layers, 2, rows, 3)))
        return;
    same_floats(s, "dense beside", y);
    same_floats(s, "dense beside", z);
}

void scene_dense(scene *s) {
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
    rows_apart(s, packed, rows, in, units, which);
    beside(s, packed, x, rows, units);
    msq_dense_free(packed);
    dense_back(s, x, kernel, rows, in, units);
}
