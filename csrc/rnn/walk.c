/* The walk of a thread through time. The sequences are sorted by length, so those still running are
 * the first ones. The input's part of the gates is computed for a chunk of steps at once, as many
 * as stay in the cache; then step after step adds the recurrent part. */
#include "internal.h"

#include <string.h>

static int64_t number_of(const msq_rnn_call *call, const sequence *s, int64_t t) {
    return msq_number_of(s, t, call->reverse);
}

/* How many of the first `rows` sequences have a step t. */
static int64_t running(const walker *w, int64_t rows, int64_t t) {
    while (rows > 0 && w->sequences[rows - 1]->length <= t)
        rows--;
    return rows;
}

/* Points z to the input's part of the gates for steps from t on, before `end`, as many as fit, and
 * computes it where the fold lacks it; returns the step after them. */
static int64_t project(walker *w, int64_t rows, int64_t t, int64_t end) {
    const msq_rnn *const rnn = w->rnn;
    int64_t n = 0, own = 0;
    for (; t < end; t++) {
        rows = running(w, rows, t);
        if (rows == 0 || n + rows > w->max_z || (own > 0 && own + rows > w->max_own))
            break;
        for (int64_t i = 0; i < rows; i++, n++) {
            const int64_t row = msq_row_of_step(w->call, number_of(w->call, w->sequences[i], t));
            w->z[n] = w->fold->table ? msq_fold_row(w->fold, row) : NULL;
            if (w->z[n])
                continue;
            w->z[n] = w->z_rows + own * rnn->columns;
            w->x[own++] = w->call->x + row * rnn->features;
        }
    }
    if (own == 0)
        return t;
    msq_rnn_input(rnn,
                  (msq_product){.z = w->z_rows,
                                .x = w->x,
                                .rows = own,
                                .first_block = w->first_block,
                                .last_block = w->last_block,
                                .scattered = w->call->index != NULL},
                  w->room);
    return t;
}

/* What a phase multiplies the recurrent weights with: h or, in the second, r * h; or their codes.
 */
static const float *const *factors(walker *w, int64_t rows, int phase) {
    const float *const *const x = phase == 0 ? w->h : (const float *const *)w->reset;
    if (!w->rnn->low)
        return x;
    msq_encode_rows(w->rnn->low, w->codes, w->room, x, rows, w->rnn->units);
    return w->codes;
}

/* One step in time; its z is given, and after it that of `next_rows` sequences for the next step,
 * to be fetched ahead. Afterwards every sequence's h is its new state. Returns 1 if waiting for
 * the other threads is slow. */
static int step(walker *w, int64_t rows, int64_t t, const float *const *z, int64_t next_rows) {
    const msq_rnn *const rnn = w->rnn;
    const msq_rnn_call *const call = w->call;
    const int64_t padded = rnn->blocks * rnn->kernels->width;
    const int from_zeros = t == 0 && !call->initial_h && rnn->finite;
    const msq_rnn_run *const run = w->run;
    int slow = 0;
    for (int64_t i = 0; i < rows; i++) {
        const sequence *const s = w->sequences[i];
        if (run->kept) {
            const int64_t number = number_of(call, s, t);
            w->kept[i] = run->kept + number * run->kept_stride;
            w->c_before[i] = w->c[i];
            w->c[i] = run->kept_c ? run->kept_c + number * rnn->units : NULL;
        }
        w->h_next[i] = call->sequences
                           ? call->sequences + msq_row_of_output(w->run, number_of(call, s, t)) *
                                                   call->sequence_stride
                           : s->room + (t & 1) * padded;
    }
    for (int phase = 0; phase < rnn->phases; phase++) {
        w->step(&(msq_step){.rnn = rnn,
                            .rows = rows,
                            .first_block = w->first_block,
                            .last_block = w->last_block,
                            .backwards = t & 1,
                            .phase = phase,
                            .depth = from_zeros ? 0 : rnn->depth,
                            .z = z,
                            .z_next = z + rows,
                            .next_rows = next_rows,
                            .h = w->h,
                            .x = factors(w, rows, phase),
                            .h_next = w->h_next,
                            .c = w->c,
                            .reset = w->reset,
                            .gates = w->gates,
                            .c_before = w->c_before,
                            .kept = w->kept});
        if (w->num_threads > 1)
            slow = msq_wait(w->barrier, w->num_threads, w->patience);
    }
    for (int64_t i = 0; i < rows; i++)
        w->h[i] = w->h_next[i];
    return slow;
}

/* The sequences from `rows` to `before` are over: copies their last states out. */
static void write_states(const walker *w, int64_t rows, int64_t before) {
    const msq_rnn_call *const call = w->call;
    const int64_t units = w->rnn->units;
    for (int64_t i = rows; i < before; i++) {
        const sequence *const s = w->sequences[i];
        memcpy(call->h + s->id * units, w->h[i], (size_t)units * sizeof(float));
        if (call->c)
            memcpy(call->c + s->id * units, w->c[i], (size_t)units * sizeof(float));
    }
}

/* 1 if the call should end before the next `steps` of some rows. Threads that walk together must
 * leave at the same step: the barrier reports slow waiting to all of them there. */
static int stops(walker *w, int64_t rows, int64_t steps) {
    const msq_rnn *const rnn = w->rnn;
    const double weights = (double)(w->last_block - w->first_block) * rnn->kernels->width *
                           rnn->gates * (double)(rnn->features + rnn->units);
    if (w->num_threads == 1)
        return msq_stops(w->stop, !w->calling, weights * (double)(rows * steps));
    if (w->thread == 0 && msq_stops(w->stop, !w->calling, weights * (double)(rows * steps)))
        atomic_store_explicit(&w->barrier->slow, 1, memory_order_relaxed);
    return 0;
}

int64_t msq_walk(walker *w, int64_t rows, int64_t begin, int64_t end) {
    for (int64_t i = 0; i < rows; i++) {
        w->h[i] = w->sequences[i]->h;
        w->c[i] = w->sequences[i]->c;
        w->reset[i] = w->sequences[i]->reset;
    }
    rows = running(w, rows, begin);
    int64_t t = begin;
    for (int slow = 0; t < end && rows > 0 && !slow;) {
        const int64_t chunk_end = project(w, rows, t, end);
        const float *const *z = w->z;
        if (stops(w, rows, chunk_end - t))
            break;
        while (t < chunk_end && !slow) {
            const int64_t left = running(w, rows, t + 1);
            const int ahead = w->fold->table && t + 1 < chunk_end;
            slow = step(w, rows, t++, z, ahead ? left : 0);
            z += rows;
            if (w->keeps_states)
                write_states(w, left, rows);
            rows = left;
        }
    }
    for (int64_t i = 0; w->keeps_states && i < rows; i++) {
        w->sequences[i]->h = w->h[i];
        w->sequences[i]->c = w->c[i];
    }
    return rows > 0 ? t : end;
}
