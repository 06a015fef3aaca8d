/* Recurrent weights in the order the kernels read them, and the product with those of the input. */
#include "gemm.h"
#include "internal.h"
#include "low/low.h"

#include <stdlib.h>
#include <string.h>

static const int gates_of_kind[MSQ_RNN_KINDS] = {
    [MSQ_LSTM] = 4, [MSQ_GRU] = 3, [MSQ_GRU_RESET_BEFORE] = 3, [MSQ_SIMPLE_RNN] = 1};

/* One allocation holds all the arrays; `input` is its start. */
static int allocate_weights(msq_rnn *rnn) {
    const int64_t block = (int64_t)rnn->gates * rnn->kernels->width;
    int64_t input = rnn->blocks, recurrent = rnn->blocks, all = 0;
    if (msq_multiply(&input, block) || msq_multiply(&input, msq_words(rnn->low, rnn->features)) ||
        msq_multiply(&recurrent, block) ||
        msq_multiply(&recurrent, msq_words(rnn->low, rnn->depth)))
        return MSQ_NO_MEMORY;
    const int64_t bias = rnn->blocks * block;
    all = input + recurrent + 2 * bias;
    rnn->input = msq_allocate(all);
    if (!rnn->input)
        return MSQ_NO_MEMORY;
    msq_ask_large_pages(rnn->input, (size_t)all * sizeof(float));
    rnn->recurrent = rnn->input + input;
    /* A candidate with panels of its own takes the last third of the recurrent ones. */
    rnn->candidate = rnn->recurrent + recurrent / 3 * 2;
    rnn->input_bias = rnn->recurrent + recurrent;
    rnn->recurrent_bias = rnn->input_bias + bias;
    memset(rnn->input_bias, 0, (size_t)(2 * bias) * sizeof(float));
    return MSQ_OK;
}

/* Where a gate's value for a unit is in a row of z. */
static int64_t column_of(const msq_rnn *rnn, int64_t gate, int64_t unit) {
    const int64_t width = rnn->kernels->width, block = unit / width;
    const int half = msq_end_in_half(rnn, block, block + 1);
    return block * rnn->gates * width + gate * (half ? width / 2 : width) + unit % width;
}

/* All gates side by side: panels[block][depth][gate][width]. */
static void pack_gates(const msq_rnn *rnn, float *panels, const float *w, int64_t depth) {
    const int64_t units = rnn->units, width = rnn->kernels->width, columns = rnn->gates * units;
    const int64_t last = (rnn->blocks - 1) * width;
    msq_pack_panels(panels, w, depth, units, columns, rnn->gates, (int)width);
    if (!msq_end_in_half(rnn, 0, rnn->blocks))
        return;
    panels += last * rnn->gates * depth;
    memset(panels, 0, (size_t)(depth * rnn->gates * width) * sizeof(float));
    for (int64_t k = 0; k < depth; k++)
        for (int64_t g = 0; g < rnn->gates; g++)
            memcpy(panels + k * rnn->last_groups * width + g * width / 2,
                   w + k * columns + g * units + last, (size_t)(units - last) * sizeof(float));
}

/* With reset_after the recurrent product has a bias too: of z and r it joins the input's. */
static void pack_bias(msq_rnn *rnn, const float *bias) {
    const int64_t units = rnn->units;
    for (int64_t g = 0; g < rnn->gates; g++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t to = column_of(rnn, g, u);
            const float second = rnn->kind == MSQ_GRU ? bias[(3 + g) * units + u] : 0.0f;
            const int apart = rnn->kind == MSQ_GRU && g == 2;
            rnn->input_bias[to] = bias[g * units + u] + (apart ? 0.0f : second);
            rnn->recurrent_bias[to] = apart ? second : 0.0f;
        }
}

/* 1 if none of n numbers is infinite or NaN. */
static int all_finite(const float *x, int64_t n) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= UINT32_C(0x7f800000);
        largest = bits > largest ? bits : largest;
    }
    return largest < UINT32_C(0x7f800000);
}

/* A layer, still without weights. */
static msq_rnn shape_of(const msq_low_table *low, int kind, int64_t features, int64_t units,
                        int activation, int recurrent_activation) {
    const msq_kernel_table *const kernels = msq_kernels();
    const int gates = gates_of_kind[kind], width = kernels->width;
    const int usual =
        activation == MSQ_TANH && (recurrent_activation == MSQ_SIGMOID || kind == MSQ_SIMPLE_RNN);
    const int64_t blocks = (units + width - 1) / width, last_units = units - (blocks - 1) * width;
    const int half =
        !low && usual && (kind == MSQ_LSTM || kind == MSQ_GRU) && 2 * last_units <= width;
    const int last_groups = half ? (gates + 1) / 2 : gates;
    msq_step_fn *const usual_step = low ? low->rnn_step[kind] : kernels->rnn_step[kind];
    return (msq_rnn){.kernels = kernels,
                     .low = low,
                     .kind = kind,
                     .gates = gates,
                     .features = features,
                     .units = units,
                     .depth = units,
                     .blocks = blocks,
                     .last_groups = last_groups,
                     .columns = ((blocks - 1) * gates + last_groups) * width,
                     .activation = activation,
                     .recurrent_activation = recurrent_activation,
                     .step = usual ? usual_step : msq_general_steps[kind],
                     .phases = kind == MSQ_GRU_RESET_BEFORE ? 2 : 1};
}

/* A layer without weights in *packed; depth: of its recurrent products. */
static int make_rnn(msq_rnn **packed, const msq_low_table *low, int kind, int64_t features,
                    int64_t depth, int64_t units, int activation, int recurrent_activation) {
    if (kind < 0 || kind >= MSQ_RNN_KINDS || features < 1 || depth < 1 || units < 1 ||
        !msq_activation_name(activation) || !msq_activation_name(recurrent_activation))
        return MSQ_OUT_OF_RANGE;
    if (units > MAX_FLOATS || depth > MAX_FLOATS)
        return MSQ_NO_MEMORY;
    msq_rnn *const rnn = malloc(sizeof *rnn);
    if (!rnn)
        return MSQ_NO_MEMORY;
    *rnn = shape_of(low, kind, features, units, activation, recurrent_activation);
    rnn->depth = depth;
    if (allocate_weights(rnn) != MSQ_OK) {
        free(rnn);
        return MSQ_NO_MEMORY;
    }
    *packed = rnn;
    return MSQ_OK;
}

int msq_rnn_pack_deep(msq_rnn **packed, int kind, const float *kernel,
                      const float *recurrent_kernel, const float *bias, int64_t features,
                      int64_t depth, int64_t units, int activation, int recurrent_activation) {
    const int status =
        make_rnn(packed, NULL, kind, features, depth, units, activation, recurrent_activation);
    if (status != MSQ_OK)
        return status;
    msq_rnn *const rnn = *packed;
    const int64_t columns = rnn->gates * units;
    const int width = rnn->kernels->width;
    rnn->finite = all_finite(recurrent_kernel, depth * columns);
    pack_gates(rnn, rnn->input, kernel, features);
    if (kind == MSQ_GRU_RESET_BEFORE) {
        msq_pack_panels(rnn->recurrent, recurrent_kernel, units, units, columns, 2, width);
        msq_pack_panels(rnn->candidate, recurrent_kernel + 2 * units, units, units, columns, 1,
                        width);
    } else {
        pack_gates(rnn, rnn->recurrent, recurrent_kernel, depth);
    }
    if (bias)
        pack_bias(rnn, bias);
    return MSQ_OK;
}

int msq_rnn_pack(msq_rnn **packed, int kind, const float *kernel, const float *recurrent_kernel,
                 const float *bias, int64_t features, int64_t units, int activation,
                 int recurrent_activation) {
    return msq_rnn_pack_deep(packed, kind, kernel, recurrent_kernel, bias, features, units, units,
                             activation, recurrent_activation);
}

/* Without instructions for bfloat16 its numbers become floats again. */
static int pack_widened(msq_rnn **packed, int kind, const msq_low_matrix *kernel,
                        const msq_low_matrix *recurrent_kernel, const float *bias, int64_t features,
                        int64_t units, int activation, int recurrent_activation) {
    int64_t n = gates_of_kind[kind];
    if (msq_multiply(&n, units) || features > MAX_FLOATS || msq_multiply(&n, features + units))
        return MSQ_NO_MEMORY;
    float *const wide = msq_allocate(n);
    if (!wide)
        return MSQ_NO_MEMORY;
    const int64_t of_input = n / (features + units) * features;
    msq_widen(wide, kernel->codes, of_input);
    msq_widen(wide + of_input, recurrent_kernel->codes, n - of_input);
    const int status = msq_rnn_pack(packed, kind, wide, wide + of_input, bias, features, units,
                                    activation, recurrent_activation);
    msq_aligned_free(wide);
    return status;
}

int msq_rnn_pack_low(msq_rnn **packed, int kind, int precision, const msq_low_matrix *kernel,
                     const msq_low_matrix *recurrent_kernel, const float *bias, int64_t features,
                     int64_t units, int activation, int recurrent_activation) {
    const msq_low_table *const low = msq_low(precision);
    if (kind < 0 || kind >= MSQ_RNN_KINDS ||
        (precision == MSQ_INT8 && (features > MSQ_MAX_INT8_DEPTH || units > MSQ_MAX_INT8_DEPTH)))
        return MSQ_OUT_OF_RANGE;
    if (!low)
        return pack_widened(packed, kind, kernel, recurrent_kernel, bias, features, units,
                            activation, recurrent_activation);
    const int status =
        make_rnn(packed, low, kind, features, units, units, activation, recurrent_activation);
    if (status != MSQ_OK)
        return status;
    msq_rnn *const rnn = *packed;
    const int gates = rnn->gates, width = rnn->kernels->width;
    const int64_t columns = gates * units;
    const int apart = kind == MSQ_GRU_RESET_BEFORE;
    rnn->finite = msq_low_finite(precision, recurrent_kernel->codes, units * columns);
    msq_low_pack(low, rnn->input, kernel, features, 0, units, columns, gates, width);
    msq_low_pack(low, rnn->recurrent, recurrent_kernel, units, 0, units, columns, apart ? 2 : gates,
                 width);
    if (apart)
        msq_low_pack(low, rnn->candidate, recurrent_kernel, units, 2 * units, units, columns, 1,
                     width);
    if (bias)
        pack_bias(rnn, bias);
    return MSQ_OK;
}

void msq_rnn_input(const msq_rnn *rnn, msq_product p, void *room) {
    const int half = msq_end_in_half(rnn, p.first_block, p.last_block);
    p.panels = rnn->input;
    p.start = rnn->input_bias;
    p.z_stride = p.columns = rnn->columns;
    p.depth = rnn->features;
    p.groups = rnn->gates;
    if (rnn->low) {
        msq_low_product(rnn->low, p, room);
        return;
    }
    p.last_block -= half;
    rnn->kernels->product(&p);
    if (!half)
        return;
    const int64_t column = p.last_block * rnn->gates * rnn->kernels->width;
    p.z += column;
    p.panels += column * p.depth;
    p.start += column;
    p.columns -= column;
    p.groups = rnn->last_groups;
    p.first_block = 0;
    p.last_block = 1;
    rnn->kernels->product(&p);
}

void msq_rnn_free(msq_rnn *rnn) {
    if (rnn)
        msq_aligned_free(rnn->input);
    free(rnn);
}
