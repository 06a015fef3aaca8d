/* Folding: where the steps of a call read few rows of x again and again, as tokens do, the input's
 * part of the gates is computed once for each row that occurs. The same chains of FMAs: the same
 * bits. */
#include "gemm.h"
#include "internal.h"

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
        if (atomic_load_explicit(&fold->slot[row], memory_order_relaxed) != 0)
            continue;
        if (fold->count == limit)
            return 0;
        fold->rows[fold->count++] = row;
        atomic_store_explicit(&fold->slot[row], (int32_t)fold->count, memory_order_relaxed);
    }
    return 1;
}

void msq_fold_plan(msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call, int64_t steps) {
    const int64_t columns = rnn->columns;
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

void msq_fold_project(const msq_fold *fold, const msq_rnn *rnn, const float *x, int64_t begin,
                      int64_t end, void *room) {
    const float *rows[PRODUCT_ROWS];
    msq_product p = {.x = rows, .last_block = rnn->blocks};
    for (; begin < end; begin += p.rows) {
        p.rows = end - begin < PRODUCT_ROWS ? end - begin : PRODUCT_ROWS;
        p.z = fold->table + begin * fold->columns;
        for (int64_t r = 0; r < p.rows; r++)
            rows[r] = x + fold->rows[begin + r] * rnn->features;
        msq_rnn_input(rnn, p, room);
    }
}

const float *msq_fold_row(const msq_fold *fold, int64_t row) {
    const int32_t slot = atomic_load_explicit(&fold->slot[row], memory_order_acquire);
    if (slot > 0)
        return fold->table + (slot - 1) * fold->columns;
    return fold->partial ? NULL : fold->table; /* the caller's index changed since it was noted */
}

void msq_fold_clear(msq_fold *fold) {
    free(fold->slot);
    free(fold->rows);
    msq_aligned_free(fold->table);
}

double msq_fold_bytes(const msq_rnn *rnn, int64_t rows) {
    return (double)rows * (double)rnn->columns * sizeof(float);
}
