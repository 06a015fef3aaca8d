/* Random numbers without a state: each is a function of a key and of where it is wanted, so that
 * forward and backward, any batch, any padding and any number of threads draw the same.
 * Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
#include "backward.h"

#include "arrays.h"
#include "maskseq.h"
#include "parallel.h"

enum { ROUNDS = 10, GRAIN = 1 << 14 /* draws for which one more thread pays */ };

/* The four numbers of a counter. */
static void philox(uint32_t *c, uint64_t key) {
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t a = (uint64_t)c[0] * 0xD2511F53u, b = (uint64_t)c[2] * 0xCD9E8D57u;
        const uint32_t c1 = c[1], c3 = c[3];
        c[0] = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c[1] = (uint32_t)b;
        c[2] = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c[3] = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

typedef struct {
    float *out;
    const float *x; /* NULL: the draws themselves */
    const int64_t *sequences, *steps;
    int64_t rows, features;
    uint64_t key;
    float rate, kept;
} job;

static void draw_row(const job *j, int64_t row) {
    const uint64_t sequence = (uint64_t)msq_read(&j->sequences[row]);
    const uint32_t step = (uint32_t)msq_read(&j->steps[row]);
    float *const out = j->out + row * j->features;
    const float *const x = j->x ? j->x + row * j->features : NULL;
    for (int64_t f = 0; f < j->features; f += 4) {
        uint32_t c[4] = {(uint32_t)(f / 4), step, (uint32_t)sequence, (uint32_t)(sequence >> 32)};
        philox(c, j->key);
        for (int64_t i = 0; i < 4 && f + i < j->features; i++) {
            const float draw = (float)(c[i] >> 8) * 0x1p-24f;
            out[f + i] = !x ? draw : draw >= j->rate ? x[f + i] / j->kept : 0.0f;
        }
    }
}

void msq_drop_row(float *x, int64_t n, int64_t sequence, int64_t step, uint64_t key, float rate) {
    draw_row(&(job){x, x, &sequence, &step, 1, n, key, rate, 1 - rate}, 0);
}

static void draw_body(void *context, int thread, int num_threads) {
    const job *const j = context;
    const int64_t end = msq_share(j->rows, thread + 1, num_threads);
    for (int64_t row = msq_share(j->rows, thread, num_threads); row < end; row++)
        draw_row(j, row);
}

static int run(job j, int num_threads) {
    const double draws = (double)j.rows * (double)j.features;
    if (j.rows < 0 || j.features < 0 || msq_missing(j.out, j.rows, j.features) ||
        msq_missing(j.sequences, j.rows, 1) || msq_missing(j.steps, j.rows, 1))
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, j.rows, draws, GRAIN), draw_body, &j);
    return MSQ_OK;
}

int msq_draws_f32(float *out, const int64_t *sequences, const int64_t *steps, int64_t rows,
                  int64_t features, uint64_t key, int num_threads) {
    return run((job){out, NULL, sequences, steps, rows, features, key, 0, 0}, num_threads);
}

int msq_dropout_f32(float *out, const float *x, const int64_t *sequences, const int64_t *steps,
                    int64_t rows, int64_t features, uint64_t key, float rate, int num_threads) {
    if (!(rate >= 0 && rate < 1) || msq_missing(x, rows, features))
        return MSQ_OUT_OF_RANGE;
    return run((job){out, x, sequences, steps, rows, features, key, rate, 1 - rate}, num_threads);
}
