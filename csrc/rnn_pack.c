/* Recurrent weights in the order the kernels read them. */
#include "gemm.h"
#include "rnn.h"

#include <stdlib.h>
#include <string.h>

static const int gates_of_kind[MSQ_RNN_KINDS] = {
    [MSQ_LSTM] = 4, [MSQ_GRU] = 3, [MSQ_GRU_RESET_BEFORE] = 3, [MSQ_SIMPLE_RNN] = 1};

/* One allocation holds all the arrays; `input` is its start. */
static int allocate_weights(msq_rnn *rnn) {
    const int64_t block = (int64_t)rnn->gates * rnn->kernels->width;
    int64_t input = rnn->blocks, recurrent = rnn->blocks, all = 0;
    if (msq_multiply(&input, block) || msq_multiply(&input, rnn->features) ||
        msq_multiply(&recurrent, block) || msq_multiply(&recurrent, rnn->units))
        return MSQ_NO_MEMORY;
    const int64_t bias = rnn->blocks * block;
    all = input + recurrent + 2 * bias;
    rnn->input = msq_allocate(all);
    if (!rnn->input)
        return MSQ_NO_MEMORY;
    memset(rnn->input, 0, (size_t)all * sizeof(float));
    rnn->recurrent = rnn->input + input;
    /* A third gate of its own takes the last third of the recurrent panels. */
    rnn->candidate = rnn->recurrent + recurrent / 3 * 2;
    rnn->input_bias = rnn->recurrent + recurrent;
    rnn->recurrent_bias = rnn->input_bias + bias;
    return MSQ_OK;
}

/* With reset_after the recurrent product has a bias too: of z and r it joins the input's. */
static void pack_bias(msq_rnn *rnn, const float *bias) {
    const int64_t units = rnn->units, width = rnn->kernels->width;
    for (int64_t g = 0; g < rnn->gates; g++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t to = (u / width * rnn->gates + g) * width + u % width;
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

int msq_rnn_pack(msq_rnn **packed, int kind, const float *kernel, const float *recurrent_kernel,
                 const float *bias, int64_t features, int64_t units, int activation,
                 int recurrent_activation) {
    const msq_kernel_table *const kernels = msq_kernels();
    if (kind < 0 || kind >= MSQ_RNN_KINDS || features < 1 || units < 1 ||
        !msq_activation_name(activation) || !msq_activation_name(recurrent_activation))
        return MSQ_OUT_OF_RANGE;
    if (units > MAX_FLOATS)
        return MSQ_NO_MEMORY;
    const int gates = gates_of_kind[kind], width = kernels->width;
    const int usual =
        activation == MSQ_TANH && (recurrent_activation == MSQ_SIGMOID || kind == MSQ_SIMPLE_RNN);
    msq_rnn *const rnn = malloc(sizeof *rnn);
    if (!rnn)
        return MSQ_NO_MEMORY;
    *rnn = (msq_rnn){.kernels = kernels,
                     .kind = kind,
                     .gates = gates,
                     .features = features,
                     .units = units,
                     .blocks = (units + width - 1) / width,
                     .activation = activation,
                     .recurrent_activation = recurrent_activation,
                     .step = usual ? kernels->rnn_step[kind] : msq_general_steps[kind],
                     .phases = kind == MSQ_GRU_RESET_BEFORE ? 2 : 1};
    if (allocate_weights(rnn) != MSQ_OK) {
        free(rnn);
        return MSQ_NO_MEMORY;
    }
    const int64_t columns = gates * units;
    rnn->finite = all_finite(recurrent_kernel, units * columns);
    msq_pack_panels(rnn->input, kernel, features, units, columns, gates, width);
    if (kind == MSQ_GRU_RESET_BEFORE) {
        msq_pack_panels(rnn->recurrent, recurrent_kernel, units, units, columns, 2, width);
        msq_pack_panels(rnn->candidate, recurrent_kernel + 2 * units, units, units, columns, 1,
                        width);
    } else {
        msq_pack_panels(rnn->recurrent, recurrent_kernel, units, units, columns, gates, width);
    }
    if (bias)
        pack_bias(rnn, bias);
    *packed = rnn;
    return MSQ_OK;
}

void msq_rnn_free(msq_rnn *rnn) {
    if (rnn)
        msq_aligned_free(rnn->input);
    free(rnn);
}
