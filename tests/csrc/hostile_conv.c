/* What a convolutional LSTM says to sizes that cannot be, and to arrays that change during a call.
 */
#include "hostile.h"

/* A convolutional LSTM of FILTERS, whose steps are rows of one feature. */
enum { FILTERS = 2, STATE = FEATURES * FILTERS };

static void convolved_of(msq_rnn **rnn, msq_windows *w) {
    *w = (msq_windows){.batch = 1, .time = FEATURES, .count = FEATURES, .size = 3, .stride = 1};
    w->dilation = w->before = 1, w->x_rows = w->rows = FEATURES;
    EXPECT(MSQ_OK, msq_rnn_pack_deep(rnn, MSQ_LSTM, kernel, recurrent, NULL, 3, 3 * FILTERS,
                                     FILTERS, MSQ_TANH, MSQ_SIGMOID));
}

void run_convolved(const changing *c, float *h, float *y) {
    static float last_c[BATCH * STATE];
    int64_t bad;
    msq_rnn *rnn;
    msq_windows w;
    convolved_of(&rnn, &w);
    msq_rnn_run run = {.rnn = rnn, .steps = ROWS - 1};
    run.call = (msq_rnn_call){.size = sizeof run.call, .x = x, .index = c->index, .x_rows = ROWS};
    run.call.offsets = c->offsets, run.call.batch = BATCH, run.call.num_threads = 2;
    run.call.h = h, run.call.c = last_c, run.call.initial_h = run.call.initial_c = x;
    run.call.sequences = y, run.call.sequence_stride = STATE;
    msq_conv_lstm_f32(&run, &w, &bad);
    run.call.reverse = 1, run.cells = c->index, run.rows = ROWS;
    msq_conv_lstm_f32(&run, &w, &bad);
    msq_rnn_free(rnn);
}

/* Windows and batches below 0 do not fit the layer; states that no memory holds are refused. */
void convolved_sizes(void) {
    const int64_t empty[2] = {0, 0};
    float one[1] = {1};
    int64_t bad;
    msq_rnn *rnn, *none;
    msq_windows good;
    convolved_of(&rnn, &good);
    msq_rnn_run run = {.rnn = rnn, .call = {.size = sizeof run.call, .x = one, .offsets = empty}};
    run.call.h = run.call.c = one, run.call.num_threads = 2;
    EXPECT(MSQ_OK, msq_conv_lstm_f32(&run, &good, &bad)); /* no sequences: nothing to do */
    for (int64_t n = -1; n >= INT64_MIN / 2; n *= 2) {
        msq_windows w[9];
        for (int i = 0; i < 9; i++)
            w[i] = good;
        w[0].batch = w[1].time = w[2].count = w[3].size = w[4].stride = n;
        w[5].dilation = w[6].before = w[7].x_rows = w[8].rows = n;
        for (int i = 0; i < 9; i++)
            EXPECT(MSQ_UNSUPPORTED, msq_conv_lstm_f32(&run, &w[i], &bad));
        run.call.batch = n;
        EXPECT(MSQ_UNSUPPORTED, msq_conv_lstm_f32(&run, &good, &bad));
        run.call.batch = 0, run.steps = n;
        EXPECT(MSQ_OUT_OF_RANGE, msq_conv_lstm_f32(&run, &good, &bad));
        run.steps = 0;
        EXPECT(MSQ_OUT_OF_RANGE,
               msq_rnn_pack_deep(&none, MSQ_LSTM, one, one, NULL, 1, n, 1, MSQ_TANH, MSQ_SIGMOID));
    }
    for (int64_t n = INT64_C(1) << 20; n > 0; n = n > INT64_MAX / 2 ? 0 : n * 2) {
        msq_windows w = good;
        w.count = w.rows = n;
        const int status = msq_conv_lstm_f32(&run, &w, &bad);
        if (status != MSQ_OK && status != MSQ_NO_MEMORY &&
            !(status == MSQ_UNSUPPORTED && n >= INT64_C(1) << 31))
            abort();
        w = good, w.time = w.x_rows = n; /* rows of a step that nothing reads */
        EXPECT(n < INT64_C(1) << 31 ? MSQ_OK : MSQ_UNSUPPORTED, msq_conv_lstm_f32(&run, &w, &bad));
        if (n >= INT64_C(1) << 40)
            EXPECT(MSQ_NO_MEMORY, msq_rnn_pack_deep(&none, MSQ_LSTM, one, one, NULL, 1, n, n,
                                                    MSQ_TANH, MSQ_SIGMOID));
    }
    if (one[0] != 1)
        abort();
    msq_rnn_free(rnn);
}
