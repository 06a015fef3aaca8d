/* Weights in fewer bits: a dense layer, a convolution and a recurrent layer. */
#include "scene.h"

#include <conv/conv.h>
#include <gemm.h>
#include <low/low.h>
#include <maskseq.h>
#include <rnn/rnn.h>

static const int gates[] = {4, 3, 3, 1};

/* Codes of a matrix of so many numbers. Those of bfloat16 are small numbers. */
static void *codes_of(scene *s, int precision, int64_t n) {
    int8_t *const bytes = array(s, precision == MSQ_INT8 ? n : 0, sizeof *bytes);
    uint16_t *const halves = array(s, precision == MSQ_INT8 ? 0 : n, sizeof *halves);
    for (int64_t i = 0; i < n && !s->no_memory; i++)
        if (precision == MSQ_INT8)
            bytes[i] = (int8_t)((int)byte(s) % 255 - 127);
        else
            halves[i] = (uint16_t)(0x3e00 + byte(s) + (byte(s) & 1) * 0x8000);
    return precision == MSQ_INT8 ? (void *)bytes : (void *)halves;
}

/* Windows side by side, which are the rows of the dense layer. */
static void low_convolution(scene *s, const msq_dense *packed, const float *x, int64_t rows,
                            int64_t in, int64_t units) {
    const int64_t size = in % 2 ? 1 : 2;
    const msq_windows w = {.batch = 1,
                           .time = rows * size,
                           .count = rows,
                           .size = size,
                           .stride = size,
                           .dilation = 1,
                           .x_rows = rows * size,
                           .rows = rows};
    const msq_dense *const parts[] = {packed};
    const output y = out(s, rows * units, sizeof(float));
    if (s->no_memory)
        return;
    if (both_ok(s, msq_convolve_f32(y.one, x, parts, 1, &w, 0, 1),
                msq_convolve_f32(y.many, x, parts, 1, &w, 0, 3)))
        same_floats(s, "convolution in fewer bits", y);
}

static void low_dense(scene *s, int precision) {
    const int64_t in = between(s, 0, 20), units = between(s, 0, 40), rows = between(s, 0, 60);
    const void *const codes = codes_of(s, precision, in * units);
    const float *const steps = floats(s, units), *const x = floats(s, rows * in);
    const float *const bias = byte(s) % 4 ? floats(s, units) : NULL;
    const output y = out(s, rows * units, sizeof(float));
    msq_dense *packed = NULL;
    if (s->no_memory)
        return;
    const int status = msq_dense_pack_low(&packed, precision, codes, steps, bias, in, units);
    if (both_ok(s, status, status) && both_ok(s, msq_dense_f32(y.one, x, packed, rows, 0, 1),
                                              msq_dense_f32(y.many, x, packed, rows, 0, 3)))
        same_floats(s, "dense in fewer bits", y);
    if (status == MSQ_OK)
        low_convolution(s, packed, x, rows, in, units);
    msq_dense_free(packed);
}

static void low_rnn(scene *s, int precision) {
    const int kind = (int)between(s, 0, 3), activation = byte(s) % 2 ? MSQ_TANH : MSQ_RELU;
    const int64_t features = between(s, 1, 20), units = between(s, 1, 40);
    const int64_t batch = between(s, 1, 6), columns = gates[kind] * units;
    const int64_t *const offsets = offsets_of(s, batch, 12);
    if (s->no_memory || offsets[batch] < 0 || offsets[batch] > 6 * 12)
        return;
    const int64_t n = offsets[batch];
    const float *const x = floats(s, n * features), *const steps = floats(s, columns);
    const msq_low_matrix kernel = {codes_of(s, precision, features * columns), steps};
    const msq_low_matrix recurrent = {codes_of(s, precision, units * columns), steps};
    const output h = out(s, batch * units, sizeof(float));
    msq_rnn *packed = NULL;
    int64_t bad;
    if (s->no_memory)
        return;
    const int status = msq_rnn_pack_low(&packed, kind, precision, &kernel, &recurrent, NULL,
                                        features, units, activation, MSQ_SIGMOID);
    if (!both_ok(s, status, status))
        return;
    msq_rnn_call call = {.size = sizeof call,
                         .x = x,
                         .x_rows = n,
                         .offsets = offsets,
                         .batch = batch,
                         .h = h.one,
                         .num_threads = 1};
    const int one = msq_rnn_f32(packed, &call, &bad);
    call.h = h.many;
    call.num_threads = (int)between(s, 2, 5);
    if (both_ok(s, one, msq_rnn_f32(packed, &call, &bad)))
        same_floats(s, "states in fewer bits", h);
    msq_rnn_free(packed);
}

/* int8 has the same bits everywhere, bfloat16 only where it is widened. */
void scene_low(scene *s) {
    const int precision = byte(s) % 2 ? MSQ_INT8 : MSQ_BFLOAT16;
    const int before = msq_low_use_extensions(precision == MSQ_INT8 && byte(s) % 2);
    if (msq_low(precision) == NULL && precision == MSQ_INT8)
        fail("int8 without kernels");
    if (byte(s) % 2)
        low_dense(s, precision);
    else
        low_rnn(s, precision);
    msq_low_use_extensions(before);
}
