/* What a call of a recurrent layer needs before it starts: how many threads and sequences side by
 * side, the memory, the sequences by falling length. */
#include "internal.h"

#include "gemm.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_ROWS = 64,       /* sequences a thread walks side by side: their states fit the L2 cache */
    Z_BYTES = 384 << 10, /* a chunk of input products, which shares the L2 cache with the panels */
    Z_POINTERS = 2048,   /* the same, where they are rows of a table */
    /* Threads that each read all recurrent weights for a row or two wait for the cache, so few rows
     * are walked together, each thread with a share of the weights. A barrier per step costs about
     * 0.3 us, as much as reading 32 KB. One row pays from two such shares on, more from four. */
    ROWS_TOGETHER = 2,       /* per thread */
#ifdef MASKSEQ_EAGER_THREADS /* for tests: together in calls of any size */
    SHARE_BYTES = 1,
    MIN_STEPS_TOGETHER = 1,
#else
    SHARE_BYTES = 32 << 10,
    MIN_STEPS_TOGETHER = 8,
#endif
};

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t at_least(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* Memory is cut from one allocation. Cutting from NULL only measures. */
struct arena {
    char *base;
    size_t used;
};

static void *take(struct arena *arena, int64_t count, size_t size) {
    char *const taken = arena->base ? arena->base + arena->used : NULL;
    arena->used += ((size_t)count * size + 63) / 64 * 64;
    return taken;
}

/* The codes of states, or of a chunk of x. */
static size_t room_bytes(const msq_rnn_job *job, int64_t rows) {
    const msq_rnn *const rnn = job->rnn;
    const size_t of_input = msq_input_room(rnn, job->fold->table ? MSQ_CODE_ROWS : job->max_own);
    const size_t of_states = rnn->low ? (size_t)rows * msq_code_bytes(rnn->low, rnn->units) : 0;
    return of_states > of_input ? of_states : of_input;
}

/* Sets the job's arrays, all in `base`; returns their size. */
static size_t cut_memory(msq_rnn_job *job, char *base) {
    struct arena arena = {base, 0};
    const msq_rnn *const rnn = job->rnn;
    const int64_t padded = msq_padded_units(rnn), rows = job->max_rows;
    const int general = rnn->step == msq_general_steps[rnn->kind];
    walker *const walkers = take(&arena, job->parts, sizeof *walkers);
    sequence *const sequences = take(&arena, job->call->batch, sizeof *sequences);
    float *const zeros = take(&arena, padded, sizeof *zeros);
    float *const room =
        take(&arena, job->parts * rows * msq_states_a_sequence(rnn) * padded, sizeof *room);
    for (int part = 0; part < job->parts; part++) {
        walker w = {.rnn = rnn,
                    .run = job->run,
                    .call = job->call,
                    .fold = job->fold,
                    .step = job->run->kept ? rnn->kernels->rnn_taped[rnn->kind] : rnn->step,
                    .max_rows = rows,
                    .max_z = job->max_z,
                    .max_own = job->max_own,
                    .barrier = &job->barrier,
                    .stop = job->stop};
        w.sequences = take(&arena, rows, sizeof *w.sequences);
        w.x = take(&arena, job->max_own, sizeof *w.x);
        w.z = take(&arena, job->max_z, sizeof *w.z);
        w.h = take(&arena, rows, sizeof *w.h);
        w.h_next = take(&arena, rows, sizeof *w.h_next);
        w.c = take(&arena, rows, sizeof *w.c);
        w.reset = take(&arena, rows, sizeof *w.reset);
        w.c_before = take(&arena, job->run->kept ? rows : 0, sizeof *w.c_before);
        w.kept = take(&arena, job->run->kept ? rows : 0, sizeof *w.kept);
        w.z_rows = take(&arena, job->max_own * rnn->columns, sizeof *w.z_rows);
        w.gates =
            take(&arena, rows * padded * (general ? rnn->gates : rnn->phases - 1), sizeof *w.gates);
        w.codes = take(&arena, rnn->low ? rows : 0, sizeof *w.codes);
        w.room = take(&arena, (int64_t)room_bytes(job, rows), 1);
        if (base)
            walkers[part] = w;
    }
    job->walkers = walkers;
    job->sequences = sequences;
    job->zeros = zeros;
    job->room = room;
    return arena.used;
}

static int by_falling_length(const void *left, const void *right) {
    const sequence *const a = left, *const b = right;
    if (a->length != b->length)
        return a->length < b->length ? 1 : -1;
    return a->id < b->id ? -1 : 1;
}

void msq_rnn_sort(sequence *sequences, int64_t count) {
    if (count > 1)
        qsort(sequences, (size_t)count, sizeof *sequences, by_falling_length);
}

/* Fills job->sequences. A sequence without steps ends where it starts. Offsets are bounded, as they
 * may have changed since they were checked. */
static void sort_sequences(msq_rnn_job *job) {
    const msq_rnn_call *const call = job->call;
    const int64_t units = job->rnn->units;
    const size_t bytes = (size_t)units * sizeof(float);
    int64_t first = 0;
    for (int64_t b = 0, end; b < call->batch; b++, first = end) {
        end = msq_bounded(&call->offsets[b + 1], first, job->steps);
        if (end > first) {
            job->sequences[job->count++] =
                (sequence){.id = b, .first = first, .length = end - first};
            continue;
        }
        memcpy(call->h + b * units, call->initial_h ? call->initial_h + b * units : job->zeros,
               bytes);
        if (call->c)
            memcpy(call->c + b * units, call->initial_c ? call->initial_c + b * units : job->zeros,
                   bytes);
    }
    msq_rnn_sort(job->sequences, job->count);
}

/* How many threads may read a share of so many recurrent weights each, where units suffice. */
static int64_t shares_of(int64_t weights) {
    return weights * (int64_t)sizeof(float) / SHARE_BYTES;
}

static int64_t recurrent_weights(const msq_rnn *rnn) {
    return rnn->columns * rnn->units;
}

int64_t msq_rnn_few(int64_t weights, int parts) {
    const int64_t shares = shares_of(weights);
    return parts < 2 || shares < 2 ? 0 : shares < 4 ? 1 : ROWS_TOGETHER * parts;
}

int64_t msq_rnn_rows(int64_t batch, int parts, int64_t few) {
    const int64_t rows = least((batch + parts - 1) / parts, MAX_ROWS);
    return rows < few ? few : rows;
}

/* The most threads that have something to do. */
static int64_t max_parts(const msq_rnn_job *job) {
    const int64_t batch = job->call->batch, blocks = job->rnn->blocks;
    return at_least(batch, least(blocks, shares_of(recurrent_weights(job->rnn))));
}

double msq_rnn_work(const msq_rnn_job *job) {
    const msq_rnn *const rnn = job->rnn;
    return (double)job->steps * (double)rnn->columns * (double)(rnn->features + rnn->units);
}

int msq_rnn_threads(const msq_rnn_job *jobs, int count) {
    int64_t parts = 0;
    double work = 0;
    for (int i = 0; i < count; i++) {
        parts += max_parts(&jobs[i]);
        work += msq_rnn_work(&jobs[i]);
    }
    return msq_plan_threads(jobs[0].call->num_threads, parts, work, MSQ_FMAS_PER_THREAD);
}

static void plan(msq_rnn_job *job, int num_threads) {
    const msq_rnn *const rnn = job->rnn;
    const int64_t steps = job->steps, batch = job->call->batch;
    job->parts = (int)least(num_threads, max_parts(job) > 1 ? max_parts(job) : 1);
    job->few = msq_rnn_few(recurrent_weights(rnn), job->parts);
    job->max_rows = msq_rnn_rows(batch, job->parts, job->few);
    const int64_t own = Z_BYTES / (int64_t)sizeof(float) / rnn->columns;
    job->max_z = at_least(job->max_rows, least(steps, job->fold->table ? Z_POINTERS : own));
    job->max_own = at_least(job->max_rows, least(steps, own));
    if (job->fold->table && (!job->keeping.keep || msq_keep_is_whole(job->keeping.keep)))
        job->max_own = 0;
}

msq_group msq_rnn_group(sequence *sequences, int64_t count, int64_t most, int64_t few) {
    msq_group group = {.sequences = sequences, .rows = least(count, most)};
    const int64_t steps = sequences[0].length;
    group.join_step = group.rows > few ? sequences[few].length : 0;
    if (few == 0 || steps - group.join_step < MIN_STEPS_TOGETHER)
        group.join_step = steps;
    return group;
}

int msq_rnn_start(msq_rnn_job *job, int num_threads, char *desk) {
    job->fold = &job->own_fold;
    if (job->run->keep && job->call->index &&
        msq_keep_begin(&job->keeping, job->run->keep, job->call, job->steps))
        job->fold = msq_keep_fold(job->run->keep);
    else
        msq_fold_plan(&job->own_fold, job->rnn, job->call, job->steps);
    plan(job, num_threads);
    const size_t bytes = cut_memory(job, NULL);
    if (!desk || bytes > MSQ_DESK_BYTES) {
        job->memory = desk = msq_aligned_alloc(bytes);
        if (!desk) {
            msq_fold_clear(&job->own_fold);
            msq_keep_end(&job->keeping);
            return MSQ_NO_MEMORY;
        }
    }
    cut_memory(job, desk);
    memset(job->zeros, 0, (size_t)msq_padded_units(job->rnn) * sizeof(float));
    sort_sequences(job);
    return MSQ_OK;
}

void msq_rnn_finish(msq_rnn_job *job) {
    msq_fold_clear(&job->own_fold);
    msq_keep_end(&job->keeping);
    msq_aligned_free(job->memory);
}
