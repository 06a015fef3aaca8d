/* usage: cost KIND PATTERN: from a mask to the states of a recurrent layer and the outputs of its
 * real steps in the padded array, once, on one thread.
 *
 * For callgrind to count the instructions of `masked_call`: .ci/cost compares them. PATTERN is how
 * 40 sequences of 1 to 120 steps are padded: right, left or holes; with + there are half as many
 * columns more, of padding. dense: 14 sequences of 120 steps, as many steps in all. */
#include <maskseq.h>
#include <rnn/rnn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 40, TIME = 120, MORE = TIME / 2, UNITS = 64 };

static const char *const kinds[] = {"lstm", "gru", "gru_reset_before", "simple_rnn"};

static float some(int64_t i) {
    return (float)(i * 7919 % 256 - 128) / 1024;
}

/* A quarter of a square: the middle one has about a quarter of the steps. */
static int64_t length_of(int64_t b) {
    const int64_t left = (BATCH - b) * (BATCH - b), all = BATCH * BATCH;
    return (TIME * left + all - 1) / all;
}

static void fill_row(uint8_t *row, int64_t time, int64_t length, char pattern, int64_t shift) {
    for (int64_t t = 0; t < time; t++)
        if (pattern == 'h') /* spread evenly, but elsewhere in each row */
            row[(t + shift) % time] = (t + 1) * length / time > t * length / time;
        else
            row[t] = pattern == 'l' ? t >= time - length : t < length;
}

typedef struct {
    msq_rnn *rnn;
    const float *x;
    uint8_t *mask;
    int64_t *offsets, *cells;
    float *h, *c, *outputs;
    int64_t batch, time;
} work;

static __attribute__((noinline)) int masked_call(const work *w) {
    const int64_t n = msq_layout_offsets(w->offsets, w->mask, w->batch, w->time);
    msq_layout_cells(w->cells, w->mask, n, w->batch * w->time);
    msq_rnn_run run = {.rnn = w->rnn, .steps = n};
    run.cells = w->cells, run.rows = w->batch * w->time;
    run.call = (msq_rnn_call){.size = sizeof(msq_rnn_call),
                              .x = w->x,
                              .index = w->cells,
                              .x_rows = w->batch * w->time,
                              .offsets = w->offsets,
                              .batch = w->batch,
                              .h = w->h,
                              .c = w->c,
                              .sequences = w->outputs,
                              .sequence_stride = UNITS,
                              .num_threads = 1};
    int64_t bad_position;
    return msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, &bad_position);
}

static void *room(int64_t count, size_t size) {
    void *const memory = calloc((size_t)count, size);
    if (!memory)
        exit(1);
    return memory;
}

static float *floats(int64_t count) {
    float *const x = room(count, sizeof *x);
    for (int64_t i = 0; i < count; i++)
        x[i] = some(i);
    return x;
}

int main(int argc, char **argv) {
    int kind = 0;
    while (argc == 3 && kind < 4 && strcmp(argv[1], kinds[kind]) != 0)
        kind++;
    if (argc != 3 || kind == 4) {
        fprintf(stderr, "usage: cost KIND PATTERN\n");
        return 2;
    }
    const char pattern = argv[2][0];
    int64_t steps = 0;
    for (int64_t b = 0; b < BATCH; b++)
        steps += length_of(b);
    work w = {.batch = pattern == 'd' ? steps / TIME : BATCH,
              .time = TIME + (argv[2][strlen(argv[2]) - 1] == '+' ? MORE : 0)};
    w.x = floats(w.batch * w.time * UNITS);
    w.mask = room(w.batch, (size_t)w.time);
    for (int64_t b = 0; b < w.batch; b++)
        fill_row(w.mask + b * w.time, w.time, pattern == 'd' ? TIME : length_of(b), pattern, 7 * b);
    w.offsets = room(w.batch + 1, sizeof *w.offsets);
    w.cells = room(steps, sizeof *w.cells);
    w.h = floats(w.batch * UNITS), w.c = floats(w.batch * UNITS);
    w.outputs = floats(w.batch * w.time * UNITS);
    const float *const weights = floats(UNITS * 4 * UNITS), *const bias = floats(2 * 4 * UNITS);
    if (msq_set_isa(NULL) != MSQ_OK || msq_rnn_pack(&w.rnn, kind, weights, weights, bias, UNITS,
                                                    UNITS, MSQ_TANH, MSQ_SIGMOID) != MSQ_OK)
        return 1;
    const int status = masked_call(&w);
    printf("%s %g\n", msq_isa(), (double)w.h[0]);
    return status != MSQ_OK;
}
