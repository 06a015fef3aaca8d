/* Kept products: what rows of a table add to the gates stays from call to call. A call computes
 * some of the rows that it lacks for all calls to come, the rest for itself. A row that is there
 * never changes while a call runs: threads may use one keep at a time. One of them adds rows, the
 * others read. Where the memory is full, rows go that no call has read since they were last looked
 * at (a clock), at a moment when no other call runs. The same chains of FMAs: the same bits. */
#include "gemm.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOGETHER = 96, /* rows done together: a panel is read once for all of them */
    AT_LEAST = 16, /* rows that a call adds at most, beside half as many as it has steps */
    LACKING = 0,   /* slots: a number from 1 on, or one of these */
    COMING = -1
};

struct msq_keep {
    msq_fold fold;               /* `capacity` rows, `count` of them given away */
    int64_t capacity, x_rows;    /* rows of the fold; of x */
    _Atomic unsigned char *read; /* capacity: 1, a call has read it since the hand passed */
    int64_t hand;                /* of the clock */
    int64_t next;                /* rows of x before it are there, or were */
    atomic_int calls;            /* that run; -1: rows are being taken away */
    atomic_int adding;           /* 1: one of them adds rows */
    _Atomic int64_t there;       /* rows */
};

int msq_keep_make(msq_keep **made, const msq_rnn *rnn, int64_t rows, double max_bytes) {
    const double fit = max_bytes / msq_fold_bytes(rnn, 1);
    msq_keep *const keep = calloc(1, sizeof *keep);
    *made = keep;
    if (!keep)
        return MSQ_NO_MEMORY;
    keep->x_rows = rows;
    keep->capacity = fit < (double)rows ? (int64_t)fit : rows;
    if (keep->capacity > INT32_MAX)
        keep->capacity = INT32_MAX;
    keep->fold.columns = rnn->columns;
    keep->fold.partial = 1;
    if (keep->capacity == 0)
        return MSQ_OK;
    keep->fold.slot = calloc((size_t)rows, sizeof *keep->fold.slot);
    keep->fold.rows = malloc((size_t)keep->capacity * sizeof *keep->fold.rows);
    keep->read = calloc((size_t)keep->capacity, sizeof *keep->read);
    keep->fold.table = msq_allocate(keep->capacity * rnn->columns);
    if (keep->fold.slot && keep->fold.rows && keep->read && keep->fold.table)
        return MSQ_OK;
    msq_keep_free(keep);
    *made = NULL;
    return MSQ_NO_MEMORY;
}

void msq_keep_free(msq_keep *keep) {
    if (!keep)
        return;
    msq_fold_clear(&keep->fold);
    free(keep->read);
    free(keep);
}

int64_t msq_keep_count(const msq_keep *keep) {
    return atomic_load(&keep->there);
}

int64_t msq_keep_rows(const msq_keep *keep) {
    return keep->x_rows;
}

int msq_keep_is_whole(const msq_keep *keep) {
    return atomic_load_explicit(&keep->there, memory_order_acquire) == keep->x_rows;
}

const msq_fold *msq_keep_fold(const msq_keep *keep) {
    return &keep->fold;
}

/* Adds a row of x to those that the call computes; 0 if there is no room for more. */
static int add(msq_keeping *k, int64_t row, int64_t most) {
    if (!k->rows)
        k->rows = malloc((size_t)most * sizeof *k->rows);
    if (!k->rows || k->count == most)
        return 0;
    k->rows[k->count++] = (msq_kept_row){row, 0};
    atomic_store_explicit(&k->keep->fold.slot[row], COMING, memory_order_relaxed);
    return 1;
}

/* Notes which rows the call reads, and which it will add. */
static void look(msq_keeping *k, const msq_rnn_call *call, int64_t steps) {
    msq_keep *const keep = k->keep;
    const int64_t most = steps / 2 + AT_LEAST;
    for (int64_t j = 0; j < steps; j++) {
        const int64_t row = msq_row_of_step(call, j);
        const int32_t slot = atomic_load_explicit(&keep->fold.slot[row], memory_order_relaxed);
        if (slot > 0)
            atomic_store_explicit(&keep->read[slot - 1], 1, memory_order_relaxed);
        else if (slot == LACKING && k->adding)
            add(k, row, most);
    }
    /* Few, and all of x will fit: some more in their order, so that nothing is lacking soon. */
    if (!k->adding || keep->capacity < keep->x_rows)
        return;
    for (const int64_t few = steps / 8 + 1; k->count < few && keep->next < keep->x_rows;
         keep->next++)
        if (atomic_load_explicit(&keep->fold.slot[keep->next], memory_order_relaxed) == LACKING &&
            !add(k, keep->next, most))
            break;
}

/* Takes a slot from a row that was not read since the hand passed, at most `left` slots on; -1:
 * each was. */
static int64_t take(msq_keep *keep, int64_t *left) {
    while (*left > 0) {
        const int64_t slot = keep->hand;
        keep->hand = slot + 1 < keep->capacity ? slot + 1 : 0;
        --*left;
        if (atomic_exchange_explicit(&keep->read[slot], 0, memory_order_relaxed))
            continue;
        _Atomic int32_t *const old = &keep->fold.slot[keep->fold.rows[slot]];
        if (atomic_load(old) == slot + 1) { /* not if a call that was stopped never filled it */
            atomic_store(old, LACKING);
            atomic_fetch_sub(&keep->there, 1);
        }
        return slot;
    }
    return -1;
}

/* Gives each of the rows to add a slot; those that get none stay lacking. One round of the clock at
 * most: it passes the slots that this call has been given. */
static void place(msq_keeping *k) {
    msq_keep *const keep = k->keep;
    int64_t placed = 0, left = keep->capacity;
    for (; placed < k->count && keep->fold.count < keep->capacity; placed++) {
        const int64_t slot = keep->fold.count++;
        atomic_store_explicit(&keep->read[slot], 1, memory_order_relaxed);
        keep->fold.rows[slot] = k->rows[placed].row;
        k->rows[placed].slot = (int32_t)slot;
    }
    int alone = 1;
    if (placed < k->count && atomic_compare_exchange_strong(&keep->calls, &alone, -1)) {
        for (int64_t slot; placed < k->count && (slot = take(keep, &left)) >= 0; placed++) {
            keep->fold.rows[slot] = k->rows[placed].row;
            k->rows[placed].slot = (int32_t)slot;
        }
        atomic_store(&keep->calls, 1);
    }
    for (; k->count > placed; k->count--)
        atomic_store(&keep->fold.slot[k->rows[k->count - 1].row], LACKING);
}

int msq_keep_begin(msq_keeping *k, msq_keep *keep, const msq_rnn_call *call, int64_t steps) {
    int calls = atomic_load(&keep->calls), nobody = 0;
    if (keep->capacity == 0 || steps == 0)
        return 0;
    do
        if (calls < 0)
            return 0;
    while (!atomic_compare_exchange_weak(&keep->calls, &calls, calls + 1));
    *k = (msq_keeping){.keep = keep};
    if (msq_keep_is_whole(keep))
        return 1;
    k->adding = atomic_compare_exchange_strong(&keep->adding, &nobody, 1);
    look(k, call, steps);
    if (k->adding)
        place(k);
    return 1;
}

void msq_keep_project(const msq_keeping *k, const msq_rnn *rnn, const float *x, int64_t begin,
                      int64_t end, const walker *w) {
    msq_fold *const fold = &k->keep->fold;
    const int64_t most = w->max_own < TOGETHER ? w->max_own : TOGETHER, columns = fold->columns;
    const float *rows[TOGETHER];
    msq_product p = {.x = rows, .last_block = rnn->blocks, .scattered = 1};
    for (; begin < end; begin += p.rows) {
        const msq_kept_row *const kept = &k->rows[begin];
        p.rows = end - begin < most ? end - begin : most;
        int in_order = 1;
        for (int64_t r = 0; r < p.rows; r++) {
            rows[r] = x + kept[r].row * rnn->features;
            in_order &= kept[r].slot == kept[0].slot + r;
        }
        p.z = in_order ? fold->table + kept[0].slot * columns : w->z_rows;
        msq_rnn_input(rnn, p, w->room);
        for (int64_t r = 0; r < p.rows; r++) {
            if (!in_order)
                memcpy(fold->table + kept[r].slot * columns, p.z + r * columns,
                       (size_t)columns * sizeof(float));
            atomic_store_explicit(&fold->slot[kept[r].row], kept[r].slot + 1, memory_order_release);
        }
        atomic_fetch_add_explicit(&k->keep->there, p.rows, memory_order_release);
    }
}

void msq_keep_end(msq_keeping *k) {
    if (!k->keep)
        return;
    for (int64_t i = 0; i < k->count; i++) { /* of a call that did not run to its end */
        int32_t coming = COMING;
        atomic_compare_exchange_strong(&k->keep->fold.slot[k->rows[i].row], &coming, LACKING);
    }
    free(k->rows);
    if (k->adding)
        atomic_store(&k->keep->adding, 0);
    atomic_fetch_sub(&k->keep->calls, 1);
    k->keep = NULL;
}
