/* What the C API says to sizes below 0 and beyond all memory and to odd numbers of threads, and
 * that offsets and indices which another thread changes during a call lead it nowhere. To be run
 * under AddressSanitizer and UBSan.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <backward/backward.h>

#include <pthread.h>
#include <string.h>

float x[ROWS * FEATURES], kernel[FEATURES * 4 * UNITS], recurrent[UNITS * 4 * UNITS];
static const int64_t wild[] = {-1,       INT64_MIN,        INT64_MAX,       -(INT64_C(1) << 40),
                               ROWS + 1, INT64_C(1) << 40, INT64_C(1) << 61};
enum { WILD = sizeof wild / sizeof *wild };

/* The same for products and sums of the way back. */
static void products_below_0(float *one, const int64_t *none) {
    int64_t bad;
    for (int64_t n = -1; n >= INT64_MIN / 2; n *= 2) {
        for (int i = 0; i < 4; i++) {
            int64_t s[4] = {1, 1, 1, 1};
            s[i] = n;
            msq_outer call = {
                .size = sizeof call, .out = one, .x = one, .dz = one, .x_rows = s[0], .rows = s[1]};
            call.inputs = s[2], call.columns = s[3];
            EXPECT(MSQ_OUT_OF_RANGE, msq_outer_f32(&call, &bad, 2));
            EXPECT(MSQ_OUT_OF_RANGE,
                   msq_sum_segments_f32(one, one, none, none, s[0], s[1], s[2], s[3], 2));
        }
        for (int i = 0; i < 3; i++) {
            const int64_t s[3] = {i == 0 ? n : 1, i == 1 ? n : 1, i == 2 ? n : 1};
            EXPECT(MSQ_OUT_OF_RANGE,
                   msq_dense_backward_f32(one, one, one, one, one, one, s[0], s[1], s[2], 2));
            EXPECT(i == 2 ? MSQ_OK : MSQ_OUT_OF_RANGE,
                   msq_normalize_f32(one, one, NULL, NULL, s[0], s[1], MSQ_NORM_RMS, 0, 2));
            EXPECT(i == 2 ? MSQ_OK : MSQ_OUT_OF_RANGE,
                   msq_normalize_backward_f32(one, NULL, one, one, NULL, s[0], s[1], MSQ_NORM_RMS,
                                              0, 2));
            one[0] = 1;
        }
        EXPECT(MSQ_OUT_OF_RANGE, msq_activation_backward_f32(one, one, one, one, n, MSQ_TANH, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_column_sums_f32(one, one, n, 1, 1, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_column_sums_f32(one, one, 1, n, 1, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_draws_f32(one, none, none, n, 1, 1, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_draws_f32(one, none, none, 1, n, 1, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_dropout_f32(one, one, none, none, n, 1, 1, 0.5f, 2));
        msq_crossentropy rows = {.y = one, .rows = n, .n = 1}, values = {.y = one, .n = n};
        EXPECT(MSQ_OUT_OF_RANGE, msq_crossentropy_f32(one, &rows, &bad, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_crossentropy_back_f32(one, one, &values, &bad, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_binary_crossentropy_f32(one, one, one, n, 0, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_binary_crossentropy_back_f32(one, one, one, one, 1, n, 0, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_update_f32(&(msq_update){.n = n}, 1, MSQ_SGD, one, 2));
        EXPECT(MSQ_OUT_OF_RANGE,
               msq_update_f32(&(msq_update){.ids = none, .rows = n}, 1, MSQ_SGD, one, 2));
        EXPECT(MSQ_OUT_OF_RANGE,
               msq_update_f32(&(msq_update){.ids = none, .features = n}, 1, MSQ_SGD, one, 2));
    }
    EXPECT(MSQ_NO_MEMORY, msq_column_sums_f32(one, one, INT64_MAX, INT64_C(1) << 40, 1, 2));
}

/* Arrays so small that nothing of the sizes below 0 may be read or written. */
static void sizes_below_0(void) {
    float one[1] = {1};
    uint8_t mask[1] = {1};
    int64_t offsets[2] = {0, 0}, cells[1] = {0}, bad = 7;
    for (int64_t n = -1; n >= INT64_MIN / 2; n *= 2) {
        EXPECT(MSQ_OUT_OF_RANGE, msq_mask_from_ids(mask, one, n, 4, 1, 2));
        msq_mask_from_values_f32(mask, one, 0, n, 1, 2);
        msq_mask_from_values_f32(mask, one, 0, 1, n, 2);
        EXPECT(MSQ_OUT_OF_RANGE, msq_mask_from_lengths(mask, cells, n, 1, 0, &bad));
        EXPECT(MSQ_OUT_OF_RANGE, msq_mask_from_lengths(mask, cells, 1, n, 0, &bad));
        EXPECT(0, (int)msq_layout_offsets(offsets, mask, n, 1));
        EXPECT(0, (int)msq_layout_offsets(offsets, mask, 1, n));
        msq_layout_cells(cells, mask, n, 1);
        msq_layout_cells(cells, mask, 1, n);
        EXPECT(MSQ_OUT_OF_RANGE, msq_gather_rows(one, one, cells, n, 1, 4, &bad, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_gather_rows(one, one, cells, 1, n, 4, &bad, 2));
        EXPECT(MSQ_OUT_OF_RANGE, msq_gather_rows(one, one, cells, 1, 1, n, &bad, 2));
        const int64_t good[] = {1, 1, 0, 4};
        for (int i = 0; i < 4; i++) {
            int64_t s[4] = {good[0], good[1], good[2], good[3]};
            s[i] = n;
            EXPECT(MSQ_OUT_OF_RANGE,
                   msq_scatter_rows(one, one, offsets, cells, s[0], s[1], s[2], s[3], 0, &bad, 2));
            EXPECT(MSQ_OUT_OF_RANGE,
                   msq_pad_rows(one, one, one, offsets, s[0], s[1], s[2], s[3], 0, 0, &bad, 2));
            if (i != 1)
                EXPECT(MSQ_OUT_OF_RANGE, msq_sum_rows_f32(one, one, offsets, s[0], s[2], s[3], 2));
        }
        msq_masked_softmax_f32(one, one, mask, n, 1, 1, 2);
        msq_masked_softmax_f32(one, one, mask, 1, n, 1, 2);
        msq_masked_softmax_f32(one, one, mask, 1, 1, n, 2);
        EXPECT(MSQ_OUT_OF_RANGE, msq_activation_f32(one, one, n, MSQ_TANH, 2));
    }
    msq_masked_softmax_f32(one, one, mask, 1, 1, 0, 2);
    products_below_0(one, cells);
    if (one[0] != 1 || mask[0] != 1)
        abort();
}

/* A run of so many steps, on a tape. */
static void tape_beyond_memory(int64_t steps) {
    const int64_t offsets[2] = {0, steps};
    int64_t bad;
    msq_rnn *rnn;
    msq_rnn_tape *tape;
    msq_rnn_call call = {.size = sizeof call, .x = x, .x_rows = steps, .offsets = offsets};
    call.batch = 1, call.h = call.sequences = x, call.sequence_stride = UNITS;
    EXPECT(MSQ_OK, msq_rnn_pack(&rnn, MSQ_LSTM, kernel, recurrent, NULL, FEATURES, UNITS, MSQ_TANH,
                                MSQ_SIGMOID));
    EXPECT(MSQ_NO_MEMORY, msq_rnn_taped_f32(&tape, rnn, &call, &bad));
    call.batch = steps;
    EXPECT(MSQ_NO_MEMORY, msq_rnn_taped_f32(&tape, rnn, &call, &bad));
    msq_rnn_free(rnn);
}

/* Weights that no memory holds are refused before anything is read. */
static void sizes_beyond_memory(void) {
    msq_dense *dense;
    msq_rnn *rnn;
    for (int64_t n = INT64_C(1) << 40;
         n > 0 && n<INT64_MAX; n = n> INT64_MAX / 2 ? INT64_MAX : n * 2) {
        EXPECT(MSQ_NO_MEMORY, msq_dense_pack(&dense, x, NULL, n, n));
        EXPECT(MSQ_NO_MEMORY, msq_dense_pack(&dense, x, NULL, n, 1 << 20));
        EXPECT(MSQ_NO_MEMORY, msq_dense_pack(&dense, x, NULL, 1 << 20, n));
        for (int kind = 0; kind < MSQ_RNN_KINDS; kind++) {
            EXPECT(MSQ_NO_MEMORY,
                   msq_rnn_pack(&rnn, kind, x, x, NULL, n, n, MSQ_TANH, MSQ_SIGMOID));
            EXPECT(MSQ_NO_MEMORY,
                   msq_rnn_pack(&rnn, kind, x, x, NULL, 1, n, MSQ_TANH, MSQ_SIGMOID));
            EXPECT(MSQ_NO_MEMORY,
                   msq_rnn_pack(&rnn, kind, x, x, NULL, n, 1 << 20, MSQ_TANH, MSQ_SIGMOID));
        }
        const int64_t none[1] = {0}, empty[2] = {0, 0};
        msq_attention call = {.size = sizeof call, .query_offsets = empty, .key_offsets = empty};
        call.batch = 1, call.heads = n, call.kv_heads = 1, call.key_dim = call.value_dim = 16;
        EXPECT(MSQ_OK, msq_attention_f32(&call, 2)); /* no queries: nothing to do */
        EXPECT(MSQ_OK, msq_attention_backward_f32(&call, NULL, NULL, NULL, NULL, NULL, 2));
        call.heads = 1, call.key_dim = n, call.value_dim = n;
        (void)msq_attention_f32(&call, 2);
        (void)msq_attention_backward_f32(&call, NULL, NULL, NULL, NULL, NULL, 2);
        call.query_offsets = call.key_offsets = none, call.batch = 0;
        (void)msq_attention_f32(&call, 2);
        (void)msq_attention_backward_f32(&call, NULL, NULL, NULL, NULL, NULL, 2);
        msq_crf crf = {
            .size = sizeof crf, .offsets = empty, .transitions = x, .batch = 1, .tags = n};
        EXPECT(MSQ_NO_MEMORY, msq_crf_backward_f32(&crf, x, x, NULL, NULL, NULL, NULL, 2));
        crf.batch = n, crf.tags = 1;
        EXPECT(MSQ_NO_MEMORY, msq_crf_f32(&crf, x, NULL, 2));
        msq_ctc ctc = {
            .size = sizeof ctc, .offsets = empty, .label_offsets = empty, .batch = 1, .classes = n};
        (void)msq_ctc_backward_f32(&ctc, x, NULL, 2);
        ctc.batch = n, ctc.classes = 1;
        EXPECT(MSQ_NO_MEMORY, msq_ctc_f32(&ctc, x, 2));
        EXPECT(MSQ_NO_MEMORY, msq_dense_backward_f32(x, NULL, NULL, x, x, x, 0, n, n, 2));
        tape_beyond_memory(n);
    }
    for (int64_t n = -1; n >= INT64_MIN / 2; n *= 2) {
        EXPECT(MSQ_OUT_OF_RANGE, msq_dense_pack(&dense, x, NULL, n, 1));
        EXPECT(MSQ_OUT_OF_RANGE, msq_dense_pack(&dense, x, NULL, 1, n));
        EXPECT(MSQ_OUT_OF_RANGE, msq_rnn_pack(&rnn, 0, x, x, NULL, n, 1, MSQ_TANH, MSQ_SIGMOID));
        EXPECT(MSQ_OUT_OF_RANGE, msq_rnn_pack(&rnn, 0, x, x, NULL, 1, n, MSQ_TANH, MSQ_SIGMOID));
    }
}

/* Whatever a file of the operating system says, the budget is a number of threads. */
static void odd_quotas(const char *folder) {
    static const char *const texts[] = {"",           "max 100000", "-1 100000", "0 0",
                                        "nan nan",    "1 inf",      "inf 1",     "x",
                                        "1e308 1e-9", "1e-308 9"};
    char path[4200], root[4200];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    unsetenv("MASKSEQ_NUM_THREADS");
    unsetenv("OMP_NUM_THREADS");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *const file = fopen(path, "w");
        if (!file || fputs(texts[i], file) < 0 || fclose(file))
            exit(2);
        const int budget = msq_thread_budget(folder);
        if (budget < 1 || budget > 1024)
            abort();
    }
    memset(root, 'a', sizeof root - 1);
    root[sizeof root - 1] = '\0';
    if (msq_thread_budget(root) < 1)
        abort();
}

static void odd_numbers_of_threads(void) {
    for (int i = 0; i < WILD; i++) {
        msq_set_threads((int)wild[i]);
        msq_set_own_threads((int)~wild[i]);
        const int threads = msq_default_threads();
        if (threads < 1 || threads > 1024)
            abort();
        EXPECT(MSQ_OK, msq_activation_f32(kernel, kernel, 64, MSQ_TANH, (int)wild[i]));
    }
    msq_set_threads(0);
    msq_set_own_threads(0);
    if (msq_isa_name(-1) || msq_isa_name(99) || msq_isa_supported(-1) || msq_isa_supported(99) ||
        msq_activation_name(-1) || msq_activation_name(INT32_MAX) || !msq_has_openmp())
        abort();
    EXPECT(MSQ_UNKNOWN_NAME, msq_set_isa(""));
    msq_set_interrupt_check(NULL);
    EXPECT(MSQ_OK, msq_set_isa(msq_isa()));
}

static void linger(uint32_t turns) {
    for (volatile uint32_t i = 0; i < turns; i++)
        ;
}

static void *change(void *context) {
    changing *const c = context;
    for (uint32_t i = 1; atomic_load(&c->running); i = i * 1664525u + 1013904223u) {
        /* not the last offset: it says how long index is */
        volatile int64_t *const offset = c->offsets + (i >> 8) % BATCH;
        volatile int64_t *const index = c->index + (i >> 9) % ROWS;
        volatile int64_t *const few = c->few + (i >> 10) % ROWS;
        const int64_t was = *offset, had = *index, before = *few;
        *offset = *index = wild[(i >> 20) % WILD];
        *few =
            i % 2 ? (int64_t)(i % ROWS) : *offset; /* a row that no step had when all were read */
        linger((i >> 12) % 256);
        *offset = was;
        *index = had;
        *few = before;
        linger((i >> 10) % 4096);
    }
    return NULL;
}

static void move_rows(const changing *c, float *out) {
    const int64_t bytes = FEATURES * sizeof *x;
    int64_t bad;
    msq_gather_rows(out, x, c->index, ROWS, ROWS, bytes, &bad, 2);
    msq_scatter_rows(out, x, c->offsets, c->index, BATCH, TIME, ROWS - 1, bytes, 1, &bad, 2);
    msq_pad_rows(out, x, x, c->offsets, BATCH, TIME, ROWS, bytes, 1, 1, &bad, 2);
    msq_sum_rows_f32(out, x, c->offsets, BATCH, ROWS, FEATURES, 2);
    msq_sum_segments_f32(out, x, c->index, c->offsets, BATCH, ROWS, ROWS, FEATURES, 2);
    msq_outer call = {
        .size = sizeof call, .out = out, .x = x, .index = c->index, .dz = x, .x_rows = ROWS};
    call.rows = ROWS, call.inputs = call.columns = call.out_stride = FEATURES;
    call.x_stride = call.dz_stride = FEATURES;
    msq_outer_f32(&call, &bad, 2);
}

/* Steps that read few rows, so that their products are folded (rnn/fold.c); `few` of them change.
 */
static void run_folded(const changing *c, float *h, const msq_rnn *rnn) {
    int64_t bad;
    msq_rnn_call call = {.size = sizeof call, .x = x, .index = c->few, .x_rows = ROWS};
    call.offsets = c->offsets, call.batch = BATCH, call.h = h, call.num_threads = 2;
    msq_rnn_f32(rnn, &call, &bad);
}

static float gradients[3][ROWS * FEATURES];

static void run_layers(const changing *c, float *out, float *h, float *y, const msq_rnn *rnn) {
    int64_t bad;
    msq_rnn_call call = {.size = sizeof call, .x = x, .index = c->index, .x_rows = ROWS};
    call.offsets = c->offsets, call.batch = BATCH, call.h = h, call.num_threads = 2;
    msq_rnn_f32(rnn, &call, &bad);
    msq_rnn_run run = {.rnn = rnn, .call = call, .steps = c->offsets[BATCH]};
    run.call.sequences = y, run.call.sequence_stride = UNITS;
    run.cells = c->index, run.rows = ROWS;
    msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, &bad);
    msq_attention attention = {.size = sizeof attention, .out = out, .q = x, .k = x, .v = x};
    attention.query_offsets = attention.key_offsets = c->offsets;
    attention.query_steps = attention.key_steps = c->index;
    attention.batch = BATCH, attention.query_rows = attention.key_rows = ROWS;
    attention.heads = attention.kv_heads = attention.mask_heads = 1;
    attention.key_dim = attention.value_dim = FEATURES, attention.causal = 1;
    attention.query_time = attention.key_time = ROWS;
    msq_attention_f32(&attention, 2);
    msq_attention_backward_f32(&attention, NULL, x, gradients[0], gradients[1], gradients[2], 2);
}

/* The index changes between the ways there and back, and during both. */
static void run_taped(const changing *c, float *h, float *y, const msq_rnn *rnn) {
    static float d_kernel[FEATURES * 4 * UNITS], d_recurrent[UNITS * 4 * UNITS];
    int64_t bad;
    msq_rnn_tape *tape;
    msq_rnn_call call = {.size = sizeof call, .x = x, .index = c->index, .x_rows = ROWS};
    call.offsets = c->offsets, call.batch = BATCH, call.h = h, call.num_threads = 2;
    call.sequences = y, call.sequence_stride = UNITS;
    msq_rnn_gradients g = {.size = sizeof g, .kernel = kernel, .recurrent_kernel = recurrent};
    g.d_kernel = d_kernel, g.d_recurrent_kernel = d_recurrent, g.d_x = gradients[0];
    if (msq_rnn_taped_f32(&tape, rnn, &call, &bad) != MSQ_OK)
        return;
    msq_rnn_backward_f32(tape, &g);
    msq_rnn_tape_free(tape);
}

static void run_lattices(const changing *c) {
    static float losses[BATCH], of_emissions[ROWS * FEATURES], of_weights[FEATURES * FEATURES];
    const msq_crf crf = {.size = sizeof crf,
                         .emissions = x,
                         .path = c->index,
                         .offsets = c->offsets,
                         .transitions = x,
                         .batch = BATCH,
                         .rows = ROWS,
                         .tags = FEATURES};
    msq_crf_f32(&crf, losses, of_emissions, 2);
    msq_crf_backward_f32(&crf, x, x, of_emissions, of_weights, NULL, NULL, 2);
    const msq_ctc ctc = {.size = sizeof ctc,
                         .logits = x,
                         .labels = c->index,
                         .offsets = c->offsets,
                         .label_offsets = c->offsets,
                         .batch = BATCH,
                         .rows = ROWS,
                         .classes = FEATURES,
                         .label_rows = ROWS};
    msq_ctc_f32(&ctc, losses, 2);
    msq_ctc_backward_f32(&ctc, x, of_emissions, 2);
}

static void changed_during_the_call(void) {
    changing c = {.offsets = malloc((BATCH + 1) * sizeof(int64_t)), .running = 1};
    c.index = malloc(ROWS * sizeof(int64_t));
    c.few = malloc(ROWS * sizeof(int64_t));
    float *const out = malloc(sizeof x), *const h = malloc(BATCH * UNITS * sizeof *h);
    float *const y = malloc(ROWS * UNITS * sizeof *y);
    msq_rnn *rnn;
    pthread_t thread;
    if (!c.offsets || !c.index || !c.few || !out || !h || !y)
        exit(2);
    for (int64_t b = 0; b <= BATCH; b++)
        c.offsets[b] = b * (ROWS - 1) / BATCH;
    for (int64_t i = 0; i < ROWS; i++)
        c.index[i] = i, c.few[i] = i % 9;
    EXPECT(MSQ_OK, msq_rnn_pack(&rnn, MSQ_LSTM, kernel, recurrent, NULL, FEATURES, UNITS, MSQ_TANH,
                                MSQ_SIGMOID));
    if (pthread_create(&thread, NULL, change, &c))
        exit(2);
    for (int i = 0; i < CALLS; i++) {
        move_rows(&c, out);
        if (i % 10 == 0)
            run_layers(&c, out, h, y, rnn);
        if (i % 10 == 5)
            run_folded(&c, h, rnn);
        if (i % 10 == 3)
            run_taped(&c, h, y, rnn);
        if (i % 10 == 7)
            run_lattices(&c);
        if (i % 50 == 9)
            run_convolved(&c, h, y);
    }
    atomic_store(&c.running, 0);
    pthread_join(thread, NULL);
    msq_rnn_free(rnn);
    free(y);
    free(h);
    free(out);
    free(c.few);
    free(c.index);
    free(c.offsets);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: hostile FOLDER\n");
        return 2;
    }
    odd_quotas(argv[1]);
    odd_numbers_of_threads();
    sizes_below_0();
    sizes_beyond_memory();
    convolved_sizes();
    changed_during_the_call();
    return 0;
}
