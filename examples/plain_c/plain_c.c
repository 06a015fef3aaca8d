/* A program without Python that pads, masks and runs an LSTM: the sources of csrc/ are linked in.
 * Prints the last state of each sequence. */
#include <maskseq.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FEATURES = 3, UNITS = 4, BATCH = 3, TIME = 5, STEPS = 8 };

/* Some numbers between -1 and 1. */
static void fill(float *values, int64_t n, int64_t seed) {
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)((i * 37 + seed * 11) % 101 - 50) / 64.0f;
}

static void check(int status) {
    if (status == MSQ_OK)
        return;
    fprintf(stderr, "maskseq: status %d\n", status);
    exit(1);
}

int main(void) {
    const int64_t offsets[BATCH + 1] = {0, 2, 3, STEPS};
    float values[STEPS * FEATURES], padded[BATCH * TIME * FEATURES], states[BATCH * UNITS];
    float kernel[FEATURES * 4 * UNITS], recurrent_kernel[UNITS * 4 * UNITS], bias[4 * UNITS];
    uint8_t mask[BATCH * TIME];
    int64_t layout[BATCH + 1], cells[BATCH * TIME], bad;
    msq_rnn *lstm;

    fill(values, STEPS * FEATURES, 1);
    fill(kernel, FEATURES * 4 * UNITS, 2);
    fill(recurrent_kernel, UNITS * 4 * UNITS, 3);
    fill(bias, 4 * UNITS, 4);

    check(msq_set_isa(NULL)); /* the strongest of this CPU */
    const float pad[FEATURES] = {-9, -9, -9};
    check(
        msq_pad_rows(padded, values, pad, offsets, BATCH, TIME, STEPS, sizeof pad, 0, 0, &bad, 0));
    msq_mask_from_values_f32(mask, padded, -9, (int64_t)BATCH * TIME, FEATURES, 0);
    const int64_t n = msq_layout_offsets(layout, mask, BATCH, TIME);
    msq_layout_cells(cells, mask, n, (int64_t)BATCH * TIME);
    check(msq_rnn_pack(&lstm, MSQ_LSTM, kernel, recurrent_kernel, bias, FEATURES, UNITS, MSQ_TANH,
                       MSQ_SIGMOID));
    check(msq_rnn_f32(lstm,
                      &(msq_rnn_call){.size = sizeof(msq_rnn_call),
                                      .x = padded,
                                      .index = cells,
                                      .x_rows = (int64_t)BATCH * TIME,
                                      .offsets = layout,
                                      .batch = BATCH,
                                      .h = states},
                      &bad));
    msq_rnn_free(lstm);
    printf("%" PRId64 " real steps of %d, %s\n", n, BATCH * TIME, msq_isa());
    for (int b = 0; b < BATCH; b++)
        for (int u = 0; u < UNITS; u++)
            printf("%.9g%c", (double)states[b * UNITS + u], u + 1 < UNITS ? ' ' : '\n');
    return 0;
}
