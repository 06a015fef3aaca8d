/* Recurrent layers: which thread walks which sequences, and the memory it takes.
 * Sequences are sorted by length and cut into groups that stay in the caches. The sequences of a
 * group are dealt to the threads, each of which walks its own. When only a few are left (or from
 * the start, if there are no more), the threads walk these together, each for a share of the units.
 */
#include "rnn.h"

#include "gemm.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_ROWS = 64,       /* sequences a thread walks side by side: their states fit the L2 cache */
    Z_BYTES = 384 << 10, /* a chunk of input products, which shares the L2 cache with the panels */
    /* Threads that each read all recurrent weights for a row or two wait for the cache, so few rows
     * are walked together, each thread with a share of the weights. A barrier a step costs some 0.3
     * us, as much as reading 32 KB. */
    ROWS_TOGETHER = 2, /* a thread */
    MIN_BYTES_TOGETHER = 128 << 10,
    MIN_STEPS_TOGETHER = 8,
    FMAS_PER_THREAD = 1 << 20 /* some 20 us of work, several times the cost of a parallel region */
};

/* One call, as its threads see it. */
struct job {
    const msq_rnn *rnn;
    const msq_rnn_call *call;
    sequence *sequences; /* those with steps, by falling length */
    int64_t count;
    int parts;
    int64_t few; /* this many sequences are walked together */
    msq_barrier barrier;
    msq_fold fold;
    msq_stop stop;
    int64_t max_rows, max_z;
    float *zeros, *room; /* a state; states_a_sequence of each row of each part */
    walker *walkers;     /* one a part */
};

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Sequences that are walked side by side. */
struct group {
    sequence *sequences;
    int64_t rows;
    int64_t join_step; /* from here on by all threads together; the longest length: never */
};

/* Memory is cut from one allocation. Cutting from NULL measures: the result is the size. */
static void *take(char **free_memory, int64_t count, size_t size) {
    char *const taken = *free_memory;
    *free_memory += ((size_t)count * size + 63) / 64 * 64;
    return taken;
}

static int64_t padded_units(const msq_rnn *rnn) {
    return rnn->blocks * rnn->kernels->width;
}

/* Two of h, and one of c or r * h where there is one. */
static int64_t states_a_sequence(const msq_rnn *rnn) {
    return 2 + (rnn->kind == MSQ_LSTM || rnn->kind == MSQ_GRU_RESET_BEFORE);
}

static char *cut_memory(struct job *job, char *memory) {
    const msq_rnn *const rnn = job->rnn;
    const int64_t padded = padded_units(rnn), rows = job->max_rows;
    const int general = rnn->step == msq_general_steps[rnn->kind];
    const int measures = !memory;
    walker *const walkers = take(&memory, job->parts, sizeof *walkers);
    sequence *const sequences = take(&memory, job->call->batch, sizeof *sequences);
    float *const zeros = take(&memory, padded, sizeof *zeros);
    float *const room =
        take(&memory, job->parts * rows * states_a_sequence(rnn) * padded, sizeof *room);
    for (int part = 0; part < job->parts; part++) {
        walker w = {.rnn = rnn,
                    .call = job->call,
                    .fold = &job->fold,
                    .max_rows = rows,
                    .max_z = job->max_z,
                    .barrier = &job->barrier,
                    .stop = &job->stop};
        w.sequences = take(&memory, rows, sizeof *w.sequences);
        w.x = take(&memory, job->max_z, sizeof *w.x);
        w.z = take(&memory, job->max_z, sizeof *w.z);
        w.h = take(&memory, rows, sizeof *w.h);
        w.h_next = take(&memory, rows, sizeof *w.h_next);
        w.c = take(&memory, rows, sizeof *w.c);
        w.reset = take(&memory, rows, sizeof *w.reset);
        w.z_rows = take(&memory, job->max_z * rnn->gates * padded, sizeof *w.z_rows);
        w.gates = take(&memory, rows * padded * (general ? rnn->gates : rnn->phases - 1),
                       sizeof *w.gates);
        if (!measures)
            walkers[part] = w;
    }
    job->walkers = walkers;
    job->sequences = sequences;
    job->zeros = zeros;
    job->room = room;
    return memory;
}

static int by_falling_length(const void *left, const void *right) {
    const sequence *const a = left, *const b = right;
    if (a->length != b->length)
        return a->length < b->length ? 1 : -1;
    return a->id < b->id ? -1 : 1;
}

/* Fills job->sequences. A sequence without steps ends where it starts. */
static void sort_sequences(struct job *job) {
    const msq_rnn_call *const call = job->call;
    const int64_t units = job->rnn->units;
    const size_t bytes = (size_t)units * sizeof(float);
    for (int64_t b = 0; b < call->batch; b++) {
        const int64_t length = call->offsets[b + 1] - call->offsets[b];
        if (length > 0) {
            job->sequences[job->count++] = (sequence){.id = b, .length = length};
            continue;
        }
        memcpy(call->h + b * units, call->initial_h ? call->initial_h + b * units : job->zeros,
               bytes);
        if (call->c)
            memcpy(call->c + b * units, call->initial_c ? call->initial_c + b * units : job->zeros,
                   bytes);
    }
    qsort(job->sequences, (size_t)job->count, sizeof *job->sequences, by_falling_length);
}

/* Puts a sequence at its initial state. */
static void start(const struct job *job, sequence *s, float *room) {
    const msq_rnn_call *const call = job->call;
    const int64_t units = job->rnn->units, padded = padded_units(job->rnn);
    s->h = call->initial_h ? call->initial_h + s->id * units : job->zeros;
    s->room = room;
    s->reset = s->c = room + 2 * padded;
    if (job->rnn->kind == MSQ_LSTM)
        memset(s->c, 0, (size_t)padded * sizeof(float));
    if (call->initial_c)
        memcpy(s->c, call->initial_c + s->id * units, (size_t)units * sizeof(float));
}

/* Walks one part's sequences of a group up to a step. They are dealt back and forth, which keeps
 * the sums of lengths close. */
static void walk_share(struct job *job, const struct group *group, int part, int thread) {
    walker *const w = &job->walkers[part];
    int64_t rows = 0;
    for (int64_t round = 0; round * job->parts < group->rows; round++) {
        const int64_t i = round * job->parts + (round & 1 ? job->parts - 1 - part : part);
        if (i < group->rows)
            w->sequences[rows++] = &group->sequences[i];
    }
    const int64_t state = states_a_sequence(job->rnn) * padded_units(job->rnn);
    for (int64_t i = 0; i < rows; i++)
        start(job, w->sequences[i], job->room + (part * job->max_rows + i) * state);
    w->first_block = 0;
    w->last_block = job->rnn->blocks;
    w->thread = thread;
    w->num_threads = 1;
    w->keeps_states = 1;
    msq_walk(w, rows, 0, group->join_step);
}

/* Walks what is left of a group together with the other threads; alone, if waiting for them gets
 * slow. Patience: twice the time of a step (an FMA of 16 floats a cycle), and 10 us. */
static void walk_together(struct job *job, const struct group *group, int thread, int num_threads) {
    walker *const w = &job->walkers[thread];
    const int64_t rows = least(job->few, group->rows);
    for (int64_t i = 0; i < rows; i++)
        w->sequences[i] = &group->sequences[i];
    w->first_block = msq_share(job->rnn->blocks, thread, num_threads);
    w->last_block = msq_share(job->rnn->blocks, thread + 1, num_threads);
    w->thread = thread;
    w->num_threads = num_threads;
    w->patience = 1000 + rows * job->rnn->gates * job->rnn->units * job->rnn->units / num_threads /
                             (16 * 40) * 2;
    w->keeps_states = thread == 0;
    msq_wait(&job->barrier, num_threads, -1);
    int64_t t = msq_walk(w, rows, group->join_step, group->sequences[0].length);
    if (thread == 0 && t < group->sequences[0].length) {
        w->last_block = job->rnn->blocks;
        w->num_threads = 1;
        msq_walk(w, rows, t, group->sequences[0].length);
    }
    msq_wait(&job->barrier, num_threads, -1); /* the states are free for the next group */
}

/* The next group of sequences, and the step from which few enough are left to walk them together.
 */
static struct group next_group(const struct job *job, int64_t first) {
    struct group group = {.sequences = job->sequences + first,
                          .rows = least(job->count - first, job->parts * job->max_rows)};
    const int64_t steps = group.sequences[0].length;
    group.join_step = group.rows > job->few ? group.sequences[job->few].length : 0;
    if (job->few == 0 || steps - group.join_step < MIN_STEPS_TOGETHER)
        group.join_step = steps;
    return group;
}

static void run_thread(void *context, int thread, int num_threads) {
    struct job *const job = context;
    if (job->fold.table) {
        const int64_t rows = job->fold.count;
        msq_fold_project(&job->fold, job->rnn, job->call, msq_share(rows, thread, num_threads),
                         msq_share(rows, thread + 1, num_threads));
        msq_wait(&job->barrier, num_threads, -1);
    }
    for (int64_t first = 0; first < job->count; first += job->parts * job->max_rows) {
        const struct group group = next_group(job, first);
        for (int part = thread; part < job->parts; part += num_threads)
            walk_share(job, &group, part, thread);
        if (group.join_step < group.sequences[0].length)
            walk_together(job, &group, thread, num_threads);
    }
}

static void plan(struct job *job) {
    const msq_rnn *const rnn = job->rnn;
    const int64_t steps = job->call->offsets[job->call->batch], batch = job->call->batch;
    const int64_t columns = rnn->gates * padded_units(rnn);
    const double work = (double)steps * (double)columns * (double)(rnn->features + rnn->units);
    const int split_pays = columns * rnn->units * (int64_t)sizeof(float) >= MIN_BYTES_TOGETHER;
    job->parts = msq_plan_threads(job->call->num_threads,
                                  split_pays && batch < rnn->blocks ? rnn->blocks : batch, work,
                                  FMAS_PER_THREAD);
    job->few = split_pays && job->parts > 1 ? ROWS_TOGETHER * job->parts : 0;
    job->max_rows = least((batch + job->parts - 1) / job->parts, MAX_ROWS);
    if (job->max_rows < job->few)
        job->max_rows = job->few;
    job->max_z = least(steps, Z_BYTES / (int64_t)sizeof(float) / columns);
    if (job->max_z < job->max_rows)
        job->max_z = job->max_rows;
}

static int check(const msq_rnn_call *call, int64_t *bad_position) {
    *bad_position = 0;
    if (call->batch < 0)
        return MSQ_OUT_OF_RANGE;
    for (int64_t b = 0; b <= call->batch; b++)
        if (b == 0 ? call->offsets[0] != 0 : call->offsets[b] < call->offsets[b - 1]) {
            *bad_position = b;
            return MSQ_BAD_OFFSETS;
        }
    const int64_t steps = call->offsets[call->batch];
    for (int64_t j = 0; call->index && j < steps; j++)
        if (call->index[j] < 0 || call->index[j] >= call->x_rows) {
            *bad_position = j;
            return MSQ_OUT_OF_RANGE;
        }
    *bad_position = call->batch;
    return !call->index && steps > call->x_rows ? MSQ_OUT_OF_RANGE : MSQ_OK;
}

int msq_rnn_f32(const msq_rnn *rnn, const msq_rnn_call *call, int64_t *bad_position) {
    if (call->size != sizeof *call)
        return MSQ_UNSUPPORTED;
    const int status = check(call, bad_position);
    if (status != MSQ_OK)
        return status;
    msq_rnn_call own = *call;
    if (rnn->kind != MSQ_LSTM)
        own.c = NULL, own.initial_c = NULL;
    struct job job = {.rnn = rnn, .call = &own};
    plan(&job);

    char *const memory = aligned_alloc(64, (size_t)(cut_memory(&job, NULL) - (char *)NULL));
    if (!memory)
        return MSQ_NO_MEMORY;
    cut_memory(&job, memory);
    memset(job.zeros, 0, (size_t)padded_units(rnn) * sizeof(float));
    sort_sequences(&job);
    msq_fold_plan(&job.fold, rnn, &own);
    msq_parallel(job.parts, run_thread, &job);
    msq_fold_free(&job.fold);
    free(memory);
    return job.stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}
