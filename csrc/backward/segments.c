/* Sums of rows that an index brings together: of an id of an embedding's table, or of a row of a
 * batch over the cells that show it. Threads share the sums, each of which is one chain in
 * float64. */
#include "arrays.h"
#include "maskseq.h"
#include "parallel.h"

#include <stdatomic.h>

enum {
    COLUMNS = 64,   /* added together: their sums stay on the stack */
    GRAIN = 1 << 16 /* values for which one more thread pays: about 10 us of work */
};

typedef struct {
    float *out;
    const float *x;
    const int64_t *index, *offsets;
    int64_t segments, n, rows, features;
    atomic_int bad;
} job;

/* That of one row, as most segments of a large table are: 0 + x, with the bits of the sum. */
static int put_row(const job *j, int64_t segment, int64_t i) {
    const int64_t row = msq_read(&j->index[i]);
    if (row < 0 || row >= j->rows)
        return 0;
    const float *restrict const x = j->x + row * j->features;
    float *restrict const out = j->out + segment * j->features;
    for (int64_t c = 0; c < j->features; c++)
        out[c] = x[c] + 0.0f;
    return 1;
}

/* 1 if the sum is written; 0 if an index leaves x. */
static int add_segment(const job *j, int64_t segment, int64_t first, int64_t last) {
    float *const out = j->out + segment * j->features;
    if (last - first == 1)
        return put_row(j, segment, first);
    for (int64_t column = 0; column < j->features; column += COLUMNS) {
        const int64_t left = j->features - column, columns = left < COLUMNS ? left : COLUMNS;
        double sums[COLUMNS] = {0};
        for (int64_t i = first; i < last; i++) {
            const int64_t row = msq_read(&j->index[i]);
            if (row < 0 || row >= j->rows)
                return 0;
            const float *const x = j->x + row * j->features + column;
            for (int64_t c = 0; c < columns; c++)
                sums[c] += (double)x[c];
        }
        for (int64_t c = 0; c < columns; c++)
            out[column + c] = (float)sums[c];
    }
    return 1;
}

static void segments_body(void *context, int thread, int num_threads) {
    job *const j = context;
    const int64_t end = msq_share(j->segments, thread + 1, num_threads);
    for (int64_t s = msq_share(j->segments, thread, num_threads); s < end; s++) {
        const int64_t first = msq_read(&j->offsets[s]), last = msq_read(&j->offsets[s + 1]);
        if (first < 0 || last < first || last > j->n || !add_segment(j, s, first, last)) {
            atomic_store(&j->bad, 1);
            return;
        }
    }
}

int msq_sum_segments_f32(float *out, const float *x, const int64_t *index, const int64_t *offsets,
                         int64_t segments, int64_t n, int64_t rows, int64_t features,
                         int num_threads) {
    job j = {out, x, index, offsets, segments, n, rows, features, 0};
    const double values = (double)n * (double)features;
    if (segments < 0 || n < 0 || rows < 0 || features < 0 || msq_missing(offsets, segments, 1) ||
        msq_missing(index, n, 1) || msq_missing(x, rows, features) ||
        msq_missing(out, segments, features))
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, segments, values, GRAIN), segments_body, &j);
    return j.bad ? MSQ_OUT_OF_RANGE : MSQ_OK;
}
