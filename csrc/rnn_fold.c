/* Folding: where the steps of a call read few rows of x again and again, as tokens do, the input's
 * part of the gates is computed once for each row that occurs. The same chains of FMAs: the same
 * bits. */
#include "gemm.h"
#include "rnn.h"

#include <stdlib.h>

enum {
    MIN_STEPS = 256,      /* below, counting the rows costs as much as it can save */
    MAX_TABLE = 64 << 20, /* bytes: a bound on memory, several times an L3 cache */
    PRODUCT_ROWS = 96     /* rows done together: a panel is read once for all of them */
};

/* Notes in fold->rows the rows of x that occur, up to `limit`; returns 1 if there are no more. */
static int count_rows(msq_fold *fold, const msq_rnn_call *call, int64_t steps, int64_t limit) {
    for (int64_t j = 0; j < steps; j++) {
        const int64_t row = msq_row_of_step(call, j);
        if (fold->slot[row] != 0)
            continue;
        if (fold->count == limit)
            return 0;
        fold->rows[fold->count++] = row;
        fold->slot[row] = (int32_t)fold->count;
    }
    return 1;
}

void msq_fold_plan(msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call, int64_t steps) {
    const int64_t columns = rnn->blocks * rnn->gates * rnn->kernels->width;
    int64_t limit = MAX_TABLE / (int64_t)sizeof(float) / columns;
    limit = limit < steps / 5 * 4 ? limit : steps / 5 * 4; /* at least a fifth saved */
    *fold = (msq_fold){.columns = columns};
    if (!call->index || steps < MIN_STEPS)
        return;
    fold->slot = calloc((size_t)call->x_rows, sizeof *fold->slot);
    fold->rows = malloc((size_t)limit * sizeof *fold->rows + 1);
    if (fold->slot && fold->rows && count_rows(fold, call, steps, limit))
        fold->table = msq_allocate(fold->count * columns);
}

void msq_fold_project(const msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call,
                      int64_t begin, int64_t end) {
    const float *x[PRODUCT_ROWS];
    msq_product p = {.x = x,
                     .panels = rnn->input,
                     .start = rnn->input_bias,
                     .z_stride = fold->columns,
                     .columns = fold->columns,
                     .depth = rnn->features,
                     .groups = rnn->gates,
                     .last_block = rnn->blocks};
    for (; begin < end; begin += p.rows) {
        p.rows = end - begin < PRODUCT_ROWS ? end - begin : PRODUCT_ROWS;
        p.z = fold->table + begin * fold->columns;
        for (int64_t r = 0; r < p.rows; r++)
            x[r] = call->x + fold->rows[begin + r] * rnn->features;
        rnn->kernels->product(&p);
    }
}

const float *msq_fold_row(const msq_fold *fold, int64_t row) {
    const int32_t slot = fold->slot[row]; /* 0 if the caller's index changed since it was noted */
    return fold->table + (slot ? slot - 1 : 0) * fold->columns;
}

void msq_fold_free(msq_fold *fold) {
    free(fold->slot);
    free(fold->rows);
    msq_aligned_free(fold->table);
}
