/* Sums of columns, as the gradient of a bias is: blocks of rows, which threads share, and then
 * these in order. */
#include "arrays.h"
#include "backward.h"
#include "gemm.h"
#include "kernels.h"
#include "parallel.h"

enum {
    ROWS = 1024,    /* of a block */
    COLUMNS = 64,   /* of an item: what a row has of them in L1 */
    GRAIN = 1 << 16 /* values for which one more thread pays: about 10 us of work */
};

typedef struct {
    double *sums; /* (blocks, columns) */
    const float *x;
    int64_t rows, columns, stride, strips;
    int64_t items;
} job;

static const double none[COLUMNS] = {0}; /* centers, which sums do not need */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

void msq_add_columns(const msq_columns *s, int64_t first, int64_t last, int64_t rows, int thread,
                     int num_threads) {
    const int64_t strips = s->columns / COLUMNS + (s->columns % COLUMNS > 0);
    const int64_t begin = msq_share(strips, thread, num_threads) * COLUMNS;
    const int64_t stop = least(msq_share(strips, thread + 1, num_threads) * COLUMNS, s->columns);
    while (first < last) {
        const int64_t end = least(last, (first / ROWS + 1) * ROWS);
        for (int64_t column = begin; column < stop; column += COLUMNS)
            msq_kernels()->reduce_columns(s->block + column, s->x + first * s->stride + column,
                                          end - first, s->stride, least(stop - column, COLUMNS),
                                          none, MSQ_MORE_SUMS);
        const int whole = end % ROWS == 0 || end == rows;
        for (int64_t c = begin; whole && c < stop; c++) {
            s->total[c] += s->block[c];
            s->block[c] = 0;
            s->out[c] = (float)s->total[c];
        }
        first = end;
    }
}

static void sums_body(void *context, int thread, int num_threads) {
    const job *const j = context;
    const int64_t end = msq_share(j->items, thread + 1, num_threads);
    for (int64_t item = msq_share(j->items, thread, num_threads); item < end; item++) {
        const int64_t block = item / j->strips, row = block * ROWS;
        const int64_t column = item % j->strips * COLUMNS;
        msq_kernels()->reduce_columns(j->sums + block * j->columns + column,
                                      j->x + row * j->stride + column, least(j->rows - row, ROWS),
                                      j->stride, least(j->columns - column, COLUMNS), none,
                                      MSQ_SUM);
    }
}

int msq_column_sums_f32(float *out, const float *x, int64_t rows, int64_t columns, int64_t stride,
                        int num_threads) {
    if (rows < 0 || columns < 0 || msq_missing(out, columns, 1) || msq_missing(x, rows, columns))
        return MSQ_OUT_OF_RANGE;
    const int64_t blocks = rows / ROWS + (rows % ROWS > 0);
    const int64_t strips = columns / COLUMNS + (columns % COLUMNS > 0);
    int64_t doubles = 2;
    if (msq_multiply(&doubles, blocks) || msq_multiply(&doubles, columns))
        return MSQ_NO_MEMORY;
    double *const sums = (double *)msq_allocate(doubles);
    if (!sums)
        return MSQ_NO_MEMORY;
    job j = {sums, x, rows, columns, stride, strips, blocks * strips};
    const double values = (double)rows * (double)columns;
    msq_parallel(msq_plan_threads(num_threads, j.items, values, GRAIN), sums_body, &j);
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int64_t block = 0; block < blocks; block++)
            sum += sums[block * columns + c];
        out[c] = (float)sum;
    }
    msq_aligned_free((float *)sums);
    return MSQ_OK;
}
