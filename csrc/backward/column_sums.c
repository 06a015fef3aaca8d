/* Sums of columns, as the gradient of a bias is: blocks of rows, which threads share, and then
 * these in order. */
#include "arrays.h"
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

static void sums_body(void *context, int thread, int num_threads) {
    static const double none[COLUMNS] = {0};
    const job *const j = context;
    const int64_t end = msq_share(j->items, thread + 1, num_threads);
    for (int64_t item = msq_share(j->items, thread, num_threads); item < end; item++) {
        const int64_t block = item / j->strips, row = block * ROWS;
        const int64_t column = item % j->strips * COLUMNS;
        const int64_t rows = j->rows - row < ROWS ? j->rows - row : ROWS;
        const int64_t columns = j->columns - column < COLUMNS ? j->columns - column : COLUMNS;
        msq_kernels()->reduce_columns(j->sums + block * j->columns + column,
                                      j->x + row * j->stride + column, rows, j->stride, columns,
                                      none, MSQ_SUM);
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
