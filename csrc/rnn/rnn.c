/* Recurrent layers: which thread walks which sequences.
 * Sequences are sorted by length and cut into groups that stay in the caches. The sequences of a
 * group are dealt to the threads, each of which walks its own. When only a few are left (or from
 * the start, if there are no more), the threads walk these together, each for a share of the units.
 * Two directions are two jobs: a team of threads each, or one after the other. */
#include "internal.h"

#include <string.h>

/* Puts a sequence at its initial state. */
static void start(const msq_rnn_job *job, sequence *s, float *room) {
    const msq_rnn_call *const call = job->call;
    const int64_t units = job->rnn->units, padded = msq_padded_units(job->rnn);
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
static void walk_share(msq_rnn_job *job, const msq_group *group, int part, int calling) {
    walker *const w = &job->walkers[part];
    int64_t rows = 0;
    for (int64_t round = 0; round * job->parts < group->rows; round++) {
        const int64_t i = round * job->parts + (round & 1 ? job->parts - 1 - part : part);
        if (i < group->rows)
            w->sequences[rows++] = &group->sequences[i];
    }
    const int64_t state = msq_states_a_sequence(job->rnn) * msq_padded_units(job->rnn);
    for (int64_t i = 0; i < rows; i++)
        start(job, w->sequences[i], job->room + (part * job->max_rows + i) * state);
    w->first_block = 0;
    w->last_block = job->rnn->blocks;
    w->calling = calling;
    w->num_threads = 1;
    w->keeps_states = 1;
    msq_walk(w, rows, 0, group->join_step);
}

/* Walks what is left of a group together with the other threads; alone, if waiting for them gets
 * slow. Patience: twice the time of a step (an FMA of 16 floats a cycle), and 10 us. */
static void walk_together(msq_rnn_job *job, const msq_group *group, int thread, int num_threads,
                          int calling) {
    walker *const w = &job->walkers[thread];
    const int64_t rows = group->rows < job->few ? group->rows : job->few;
    for (int64_t i = 0; i < rows; i++)
        w->sequences[i] = &group->sequences[i];
    w->first_block = msq_share(job->rnn->blocks, thread, num_threads);
    w->last_block = msq_share(job->rnn->blocks, thread + 1, num_threads);
    w->calling = calling;
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

/* What one of `num_threads` threads does of a job. */
static void run_job(msq_rnn_job *job, int thread, int num_threads, int calling) {
    if (job->own_fold.table) {
        const int64_t rows = job->own_fold.count;
        msq_fold_project(&job->own_fold, job->rnn, job->call->x,
                         msq_share(rows, thread, num_threads),
                         msq_share(rows, thread + 1, num_threads), job->walkers[thread].room);
        msq_wait(&job->barrier, num_threads, -1);
    }
    if (job->keeping.count > 0) {
        const int64_t rows = job->keeping.count;
        msq_keep_project(&job->keeping, job->rnn, job->call->x,
                         msq_share(rows, thread, num_threads),
                         msq_share(rows, thread + 1, num_threads), &job->walkers[thread]);
        msq_wait(&job->barrier, num_threads, -1);
    }
    for (int64_t first = 0; first < job->count; first += job->parts * job->max_rows) {
        const msq_group group = msq_rnn_group(job->sequences + first, job->count - first,
                                              job->parts * job->max_rows, job->few);
        for (int part = thread; part < job->parts; part += num_threads)
            walk_share(job, &group, part, calling);
        if (group.join_step < group.sequences[0].length)
            walk_together(job, &group, thread, num_threads, calling);
    }
}

/* The jobs of one parallel region. */
typedef struct {
    msq_rnn_job jobs[2];
    int count, teams; /* teams of threads: one for all jobs, or one per job */
    msq_stop stop;
} region;

static void run_thread(void *context, int thread, int num_threads) {
    region *const r = context;
    for (int i = 0; i < r->count; i++) {
        int member = thread, members = num_threads;
        if (msq_rnn_takes_part(i, r->jobs[i].parts, r->teams, &member, &members))
            run_job(&r->jobs[i], member, members, thread == 0);
    }
}

/* The first of n numbers that is not in [0, size); n, if all are. */
static int64_t first_outside(const int64_t *numbers, int64_t n, int64_t size) {
    int64_t i = 0;
    while (i < n && numbers[i] >= 0 && numbers[i] < size)
        i++;
    return i;
}

int msq_rnn_check(const msq_rnn_run *run, int64_t *bad_position) {
    const msq_rnn_call *const call = &run->call;
    const int64_t steps = run->steps;
    for (int64_t b = 0; b <= call->batch; b++)
        if (b == 0 ? call->offsets[0] != 0 : call->offsets[b] < call->offsets[b - 1]) {
            *bad_position = b;
            return MSQ_BAD_OFFSETS;
        }
    if (call->index && (*bad_position = first_outside(call->index, steps, call->x_rows)) < steps)
        return MSQ_OUT_OF_RANGE;
    if (run->cells && (*bad_position = first_outside(run->cells, steps, run->rows)) < steps)
        return MSQ_OUT_OF_RANGE;
    *bad_position = call->batch;
    if (run->kept &&
        (!msq_rnn_has_back(run->rnn) || !run->rnn->kernels->rnn_taped[run->rnn->kind] ||
         (run->rnn->kind == MSQ_LSTM) != (run->kept_c != NULL)))
        return MSQ_UNSUPPORTED;
    if (steps < 0 || (!call->index && steps > call->x_rows) ||
        (run->keep && msq_keep_rows(run->keep) != call->x_rows))
        return MSQ_OUT_OF_RANGE;
    return MSQ_OK;
}

/* Runs jobs that are set and checked. Two teams only if both jobs are the same amount of work. */
static int run_region(region *r) {
    const int threads = msq_rnn_threads(r->jobs, r->count);
    const int alike = r->count == 2 && msq_rnn_work(&r->jobs[0]) == msq_rnn_work(&r->jobs[1]);
    r->teams = alike && threads % 2 == 0 ? 2 : 1;
    int started = 0;
    _Alignas(64) char desk[MSQ_DESK_BYTES];
    while (started < r->count && msq_rnn_start(&r->jobs[started], threads / r->teams,
                                               started == 0 ? desk : NULL) == MSQ_OK)
        started++;
    if (started == r->count)
        msq_parallel(threads, run_thread, r);
    for (int i = 0; i < started; i++)
        msq_rnn_finish(&r->jobs[i]);
    return started < r->count ? MSQ_NO_MEMORY : r->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_rnn_runs_f32(msq_rnn_run *const *runs, int count, int64_t *bad_position) {
    region r = {.count = count};
    msq_rnn_call calls[2];
    for (int i = 0; i < count; i++) {
        const int status = msq_rnn_check(runs[i], bad_position);
        if (status != MSQ_OK)
            return status;
        calls[i] = runs[i]->call;
        if (runs[i]->rnn->kind != MSQ_LSTM)
            calls[i].c = NULL, calls[i].initial_c = NULL;
        r.jobs[i] = (msq_rnn_job){.rnn = runs[i]->rnn,
                                  .run = runs[i],
                                  .call = &calls[i],
                                  .steps = runs[i]->steps,
                                  .stop = &r.stop};
    }
    return run_region(&r);
}

int msq_rnn_f32(const msq_rnn *rnn, const msq_rnn_call *call, int64_t *bad_position) {
    if (call->size != sizeof *call)
        return MSQ_UNSUPPORTED;
    *bad_position = 0;
    if (call->batch < 0)
        return MSQ_OUT_OF_RANGE;
    msq_rnn_run run = {.rnn = rnn, .call = *call, .steps = call->offsets[call->batch]};
    return msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, bad_position);
}
