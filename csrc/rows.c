/* Rows and layout: where the real steps of a mask are, and moving rows between the packed and the
 * padded form. A row is row_bytes bytes of any type. Indices are checked where they are used, never
 * before: memory that another thread changes meanwhile can give wrong rows, but no access outside
 * the arrays. */
#include "rows.h"

#include "maskseq.h"
#include "parallel.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Bytes written for which one more thread pays: about 13 us of work against 2-5 us to wake it. A
 * region on a busy machine can wait for a time slice, so it must have something to gain. */
enum { GRAIN = 1 << 19 };
/* Bytes of one move that repeats rows: its source stays in the L1 cache. */
enum { MOVE = 8 << 10 };

/* The lowest bad position that any thread met. Each thread walks its share upwards and stops at its
 * first, so the answer does not depend on the number of threads. */
static void record_bad(_Atomic int64_t *lowest, int64_t position) {
    int64_t seen = atomic_load(lowest);
    while (position < seen && !atomic_compare_exchange_weak(lowest, &seen, position))
        ;
}

static int report_bad(int64_t lowest, int64_t *bad_position) {
    if (lowest == INT64_MAX)
        return MSQ_OK;
    *bad_position = lowest;
    return MSQ_OUT_OF_RANGE;
}

int64_t msq_layout_offsets(int64_t *offsets, const uint8_t *mask, int64_t batch, int64_t time) {
    int64_t total = 0;
    offsets[0] = 0;
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t t = 0; t < time; t++)
            total += mask[b * time + t] != 0;
        offsets[b + 1] = total;
    }
    return total;
}

void msq_layout_cells(int64_t *cells, const uint8_t *mask, int64_t n, int64_t num_cells) {
    int64_t row = 0;
    for (int64_t cell = 0; cell < num_cells && row < n; cell++) {
        cells[row] = cell; /* the next cell overwrites it if this one is masked: no branch */
        row += mask[cell] != 0;
    }
    if (row < n)
        memset(cells + row, 0, (size_t)(n - row) * sizeof *cells);
}

/* Rows of one number are common (ids, masks): a constant size is one move instead of a call. */
static void copy_row(uint8_t *to, const uint8_t *from, int64_t row_bytes) {
    if (row_bytes == 4)
        memcpy(to, from, 4);
    else if (row_bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)row_bytes);
}

typedef struct {
    uint8_t *out;
    const uint8_t *x;
    const int64_t *index;
    int64_t n, num_rows, row_bytes;
    _Atomic int64_t lowest_bad;
} gather_job;

static void gather_body(void *context, int thread, int num_threads) {
    gather_job *const job = context;
    const int64_t last = msq_share(job->n, thread + 1, num_threads);
    for (int64_t i = msq_share(job->n, thread, num_threads); i < last; i++) {
        const int64_t row = msq_read(&job->index[i]);
        if (row < 0 || row >= job->num_rows) {
            record_bad(&job->lowest_bad, i);
            return;
        }
        copy_row(job->out + i * job->row_bytes, job->x + row * job->row_bytes, job->row_bytes);
    }
}

int msq_gather_rows(void *out, const void *x, const int64_t *index, int64_t n, int64_t num_rows,
                    int64_t row_bytes, int64_t *bad_position, int num_threads) {
    gather_job job = {out, x, index, n, num_rows, row_bytes, INT64_MAX};
    const double bytes = (double)n * (double)row_bytes;
    *bad_position = 0;
    if (n < 0 || num_rows < 0 || row_bytes < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, n, bytes, GRAIN), gather_body, &job);
    return report_bad(job.lowest_bad, bad_position);
}

/* Once, and then by doubling what is there, until that is enough for one move but still in the
 * cache. */
void msq_repeat_row(uint8_t *to, const uint8_t *row, int64_t count, int64_t row_bytes) {
    const int64_t all = count * row_bytes;
    if (all == 0)
        return;
    if (!row) {
        memset(to, 0, (size_t)all);
        return;
    }
    copy_row(to, row, row_bytes);
    for (int64_t done = row_bytes, move = row_bytes; done < all; done += move) {
        if (done <= MOVE)
            move = done;
        memcpy(to + done, to, (size_t)(move < all - done ? move : all - done));
    }
}

typedef struct {
    uint8_t *out;
    const uint8_t *values;
    const int64_t *offsets, *cells;
    int64_t batch, time, n, row_bytes;
    int carry;
    _Atomic int64_t lowest_bad;
} scatter_job;

/* Fills the cells of sequence b: gaps from the pad row (or the row before), runs of real steps in
 * one copy. Returns 0 if its part of the layout does not ascend inside the sequence. */
static int scatter_sequence(const scatter_job *job, int64_t b) {
    const int64_t bytes = job->row_bytes, end = (b + 1) * job->time;
    const int64_t last = msq_read(&job->offsets[b + 1]);
    int64_t row = msq_read(&job->offsets[b]), cell = b * job->time;
    const int64_t pad = job->n + (job->carry == MSQ_OWN_PAD_ROWS ? b : 0);
    const uint8_t *filler = job->values + pad * bytes;
    if (row < 0 || last > job->n)
        return 0;
    while (row < last) {
        const int64_t start = msq_read(&job->cells[row]);
        int64_t run = 1;
        if (start < cell || start >= end)
            return 0;
        while (run < end - start && row + run < last && job->cells[row + run] == start + run)
            run++;
        msq_repeat_row(job->out + cell * bytes, filler, start - cell, bytes);
        memcpy(job->out + start * bytes, job->values + row * bytes, (size_t)(run * bytes));
        row += run;
        cell = start + run;
        if (job->carry == 1)
            filler = job->values + (row - 1) * bytes;
    }
    msq_repeat_row(job->out + cell * bytes, filler, end - cell, bytes);
    return 1;
}

static void scatter_body(void *context, int thread, int num_threads) {
    scatter_job *const job = context;
    const int64_t last = msq_share(job->batch, thread + 1, num_threads);
    for (int64_t b = msq_share(job->batch, thread, num_threads); b < last; b++) {
        if (!scatter_sequence(job, b)) {
            record_bad(&job->lowest_bad, b);
            return;
        }
    }
}

int msq_scatter_rows(void *out, const void *values, const int64_t *offsets, const int64_t *cells,
                     int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int carry,
                     int64_t *bad_sequence, int num_threads) {
    scatter_job job = {out, values, offsets, cells, batch, time, n, row_bytes, carry, INT64_MAX};
    const double bytes = (double)batch * (double)time * (double)row_bytes;
    *bad_sequence = 0;
    if (batch < 0 || time < 0 || n < 0 || row_bytes < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, batch, bytes, GRAIN), scatter_body, &job);
    return report_bad(job.lowest_bad, bad_sequence);
}

typedef struct {
    uint8_t *out;
    const uint8_t *mask, *first;
    int64_t batch, time, row_bytes;
    int carry;
} fill_job;

static void fill_sequence(const fill_job *job, int64_t b) {
    const int64_t bytes = job->row_bytes, time = job->time;
    const uint8_t *const mask = job->mask + b * time;
    uint8_t *const out = job->out + b * time * bytes;
    const uint8_t *filler = job->first ? job->first + b * bytes : NULL;
    for (int64_t t = 0; t < time;) {
        const int64_t start = t;
        while (t < time && !mask[t])
            t++;
        const int64_t real = t;
        while (t < time && mask[t])
            t++;
        msq_repeat_row(out + start * bytes, filler, real - start, bytes);
        if (job->carry && t > 0)
            filler = out + (t - 1) * bytes;
    }
}

static void fill_body(void *context, int thread, int num_threads) {
    const fill_job *const job = context;
    const int64_t last = msq_share(job->batch, thread + 1, num_threads);
    for (int64_t b = msq_share(job->batch, thread, num_threads); b < last; b++)
        fill_sequence(job, b);
}

void msq_fill_masked(void *out, const uint8_t *mask, const void *first, int64_t batch, int64_t time,
                     int64_t row_bytes, int carry, int num_threads) {
    fill_job job = {out, mask, first, batch, time, row_bytes, carry};
    const double bytes = (double)batch * (double)time * (double)row_bytes;
    msq_parallel(msq_plan_threads(num_threads, batch, bytes, GRAIN), fill_body, &job);
}

/* As unsigned numbers negative ids are larger than any count. Whole blocks are looked at without a
 * branch; where one holds a wrong id, it is searched. */
#define DEFINE_FIRST_OUTSIDE(type)                                                                 \
    static int64_t first_outside_##type(const type *ids, int64_t n, uint64_t count) {              \
        for (int64_t start = 0, end; start < n; start = end) {                                     \
            int wrong = 0;                                                                         \
            end = n - start > BLOCK ? start + BLOCK : n;                                           \
            for (int64_t i = start; i < end; i++)                                                  \
                wrong |= (uint64_t)ids[i] >= count;                                                \
            for (int64_t i = start; wrong && i < end; i++)                                         \
                if ((uint64_t)ids[i] >= count)                                                     \
                    return i;                                                                      \
        }                                                                                          \
        return n;                                                                                  \
    }

enum { BLOCK = 1024 };
DEFINE_FIRST_OUTSIDE(int8_t)
DEFINE_FIRST_OUTSIDE(int16_t)
DEFINE_FIRST_OUTSIDE(int32_t)
DEFINE_FIRST_OUTSIDE(int64_t)
DEFINE_FIRST_OUTSIDE(uint8_t)
DEFINE_FIRST_OUTSIDE(uint16_t)
DEFINE_FIRST_OUTSIDE(uint32_t)
DEFINE_FIRST_OUTSIDE(uint64_t)

int64_t msq_first_outside(const void *ids, int64_t n, int item_size, int is_signed, int64_t count) {
    uint64_t limit = (uint64_t)count;
    switch (item_size) {
    case 1:
        return is_signed ? first_outside_int8_t(ids, n, limit)
                         : first_outside_uint8_t(ids, n, limit);
    case 2:
        return is_signed ? first_outside_int16_t(ids, n, limit)
                         : first_outside_uint16_t(ids, n, limit);
    case 4:
        return is_signed ? first_outside_int32_t(ids, n, limit)
                         : first_outside_uint32_t(ids, n, limit);
    default:
        return is_signed ? first_outside_int64_t(ids, n, limit)
                         : first_outside_uint64_t(ids, n, limit);
    }
}
