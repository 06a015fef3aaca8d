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
            rows[r] = x + (fold->rows ? fold->rows[begin + r] : begin + r) * rnn->features;
        msq_rnn_input(rnn, p, room);
    }
}

const float *msq_fold_row(const msq_fold *fold, int64_t row) {
    if (!fold->slot)
        return fold->table + row * fold->columns;
    const int32_t slot = fold->slot[row]; /* 0 if the caller's index changed since it was noted */
    return fold->table + (slot ? slot - 1 : 0) * fold->columns;
}

void msq_fold_clear(msq_fold *fold) {
    free(fold->slot);
    free(fold->rows);
    msq_aligned_free(fold->table);
}

typedef struct {
    const msq_fold *fold;
    const msq_rnn *rnn;
    const float *x;
    msq_stop stop;
    atomic_int failed; /* 1: there was no memory */
} fold_job;

static void fold_share(void *context, int thread, int num_threads) {
    fold_job *const job = context;
    const msq_rnn *const rnn = job->rnn;
    const double row = (double)rnn->features * (double)job->fold->columns;
    const size_t bytes = msq_input_room(rnn, PRODUCT_ROWS);
    void *const room = bytes ? msq_aligned_alloc(bytes) : NULL;
    if (bytes && !room) {
        atomic_store(&job->failed, 1);
        return;
    }
    const int64_t end = msq_share(job->fold->count, thread + 1, num_threads);
    for (int64_t r = msq_share(job->fold->count, thread, num_threads), next; r < end; r = next) {
        next = r + PRODUCT_ROWS < end ? r + PRODUCT_ROWS : end;
        if (msq_stops(&job->stop, thread, (double)(next - r) * row))
            break;
        msq_fold_project(job->fold, rnn, job->x, r, next, room);
    }
    msq_aligned_free(room);
}

double msq_fold_bytes(const msq_rnn *rnn, int64_t rows) {
    return (double)rows * (double)rnn->columns * sizeof(float);
}

int msq_fold_all(msq_fold **made, const msq_rnn *rnn, const float *x, int64_t rows,
                 int num_threads) {
    int64_t floats = rows;
    msq_fold *const fold = malloc(sizeof *fold);
    if (!fold)
        return MSQ_NO_MEMORY;
    *fold = (msq_fold){.count = rows, .columns = rnn->columns};
    if (!msq_multiply(&floats, fold->columns))
        fold->table = msq_allocate(floats);
    if (!fold->table) {
        free(fold);
        return MSQ_NO_MEMORY;
    }
    fold_job job = {.fold = fold, .rnn = rnn, .x = x};
    const double work = (double)floats * (double)rnn->features;
    msq_parallel(msq_plan_threads(num_threads, rows, work, MSQ_FMAS_PER_THREAD), fold_share, &job);
    if (job.stop.stopped || job.failed) {
        msq_fold_free(fold);
        return job.failed ? MSQ_NO_MEMORY : MSQ_INTERRUPTED;
    }
    *made = fold;
    return MSQ_OK;
}

void msq_fold_free(msq_fold *fold) {
    if (fold)
        msq_fold_clear(fold);
    free(fold);
}
