/* The way back through a recurrent layer, the mirror of rnn.c and walk.c: sequences are sorted and
 * dealt as there, and the steps taken from the last to the first, so that sequences join the walk
 * where they end. When few have joined, the threads walk them together, each for a share of the
 * units. All that a sequence leaves behind is in its own rows: a walk may go on in any thread.
 * Two directions are two jobs, as in rnn.c. */
#include "gemm.h"
#include "internal.h"

#include <string.h>

enum { MAX_SIDE_BY_SIDE = 64 };

typedef struct {
    const msq_back *back;
    const msq_kernel_table *kernels;
    const float *panels;
    int64_t units, blocks, depth; /* depth: of the products with the state */
    int64_t skipped;              /* columns of `kept` before those of these products */
    sequence *sequences;          /* those with steps, by falling length */
    int64_t count;
    int parts;
    int64_t few, max_rows;
    float *zeros; /* `units` */
    msq_barrier barrier;
    msq_stop *stop;
} job;

/* Sequences that a thread walks, and for which units. */
typedef struct {
    job *job;
    const sequence *sequences[MAX_SIDE_BY_SIDE];
    int64_t rows, first_block, last_block;
    int thread, num_threads; /* that walk together */
    int calling;             /* this thread is the one that called */
    int64_t patience;
} walk;

/* How many of the sequences have a step t. */
static int64_t running(const walk *w, int64_t t) {
    int64_t rows = w->rows;
    while (rows > 0 && w->sequences[rows - 1]->length <= t)
        rows--;
    return rows;
}

/* Step t of the sequences from `begin` to `end`, all of which have a next step, or none. */
static void step(const walk *w, int64_t t, int64_t begin, int64_t end, int has_next) {
    const job *const job = w->job;
    const msq_back *const b = job->back;
    const float *dz_next[MAX_SIDE_BY_SIDE], *out[MAX_SIDE_BY_SIDE], *last[MAX_SIDE_BY_SIDE];
    const float *state[MAX_SIDE_BY_SIDE], *before[MAX_SIDE_BY_SIDE];
    float *kept[MAX_SIDE_BY_SIDE], *carry[MAX_SIDE_BY_SIDE];
    for (int64_t i = begin; i < end; i++) {
        const sequence *const s = w->sequences[i];
        const int64_t r = i - begin, row = msq_number_of(s, t, b->reverse);
        kept[r] = b->kept + row * b->kept_stride;
        dz_next[r] = job->zeros;
        if (has_next)
            dz_next[r] =
                b->kept + msq_number_of(s, t + 1, b->reverse) * b->kept_stride + job->skipped;
        out[r] = b->d_outputs ? b->d_outputs + row * b->d_stride : job->zeros;
        last[r] = b->d_last ? b->d_last + s->id * job->units : job->zeros;
        state[r] = b->state + row * b->state_stride;
        before[r] = t > 0        ? b->state + msq_number_of(s, t - 1, b->reverse) * b->state_stride
                    : b->initial ? b->initial + s->id * job->units
                                 : job->zeros;
        carry[r] = b->carry + s->id * job->units;
    }
    if (begin < end)
        job->kernels->rnn_back[b->kind](&(msq_back_step){.units = job->units,
                                                         .rows = end - begin,
                                                         .first_block = w->first_block,
                                                         .last_block = w->last_block,
                                                         .backwards = t & 1,
                                                         .depth = has_next ? job->depth : 0,
                                                         .panels = job->panels,
                                                         .dz_next = dz_next,
                                                         .out = out,
                                                         .last = has_next ? NULL : last,
                                                         .kept = kept,
                                                         .state = state,
                                                         .before = before,
                                                         .carry = carry});
}

/* 1 if the call should end before the next step of some rows; see `stops` in walk.c. */
static int stops(walk *w, int64_t rows) {
    job *const job = w->job;
    const double fmas = (double)(rows * (w->last_block - w->first_block)) * job->kernels->width *
                        (double)job->depth;
    if (w->num_threads == 1)
        return msq_stops(job->stop, !w->calling, fmas);
    if (w->thread == 0 && msq_stops(job->stop, !w->calling, fmas))
        atomic_store_explicit(&job->barrier.slow, 1, memory_order_relaxed);
    return 0;
}

/* Walks from step `end` - 1 down to step `begin`. Returns the step reached: more than `begin` if
 * waiting for the other threads got slow. */
static int64_t walk_back(walk *w, int64_t begin, int64_t end) {
    int64_t t = end, going = running(w, t);
    for (int slow = 0; t > begin && !slow;) {
        const int64_t rows = running(w, --t);
        if (stops(w, rows))
            return begin;
        step(w, t, 0, going, 1);
        step(w, t, going, rows, 0);
        going = rows;
        if (w->num_threads > 1)
            slow = msq_wait(&w->job->barrier, w->num_threads, w->patience);
    }
    return t;
}

/* The steps of a group that few of its sequences have, by all threads; alone, if waiting for them
 * gets slow. Patience as in rnn.c. */
static void walk_together(job *job, const msq_group *group, int thread, int num_threads,
                          int calling) {
    walk w = {.job = job,
              .rows = group->rows < job->few ? group->rows : job->few,
              .first_block = msq_share(job->blocks, thread, num_threads),
              .last_block = msq_share(job->blocks, thread + 1, num_threads),
              .thread = thread,
              .num_threads = num_threads,
              .calling = calling};
    for (int64_t i = 0; i < w.rows; i++)
        w.sequences[i] = &group->sequences[i];
    w.patience = 1000 + w.rows * job->depth * job->units / num_threads / (16 * 40) * 2;
    msq_wait(&job->barrier, num_threads, -1);
    const int64_t t = walk_back(&w, group->join_step, group->sequences[0].length);
    if (thread == 0 && t > group->join_step) {
        w.first_block = 0;
        w.last_block = job->blocks;
        w.num_threads = 1;
        walk_back(&w, group->join_step, t);
    }
    msq_wait(&job->barrier, num_threads, -1);
}

/* One part's sequences of a group, dealt as in rnn.c. */
static void walk_share(job *job, const msq_group *group, int part, int calling) {
    walk w = {.job = job, .last_block = job->blocks, .num_threads = 1, .calling = calling};
    for (int64_t round = 0; round * job->parts < group->rows; round++) {
        const int64_t i = round * job->parts + (round & 1 ? job->parts - 1 - part : part);
        if (i < group->rows)
            w.sequences[w.rows++] = &group->sequences[i];
    }
    if (w.rows > 0 && w.sequences[0]->length < group->join_step)
        walk_back(&w, 0, w.sequences[0]->length);
    else if (w.rows > 0)
        walk_back(&w, 0, group->join_step);
}

/* What one of `num_threads` threads does of a job. */
static void run_job(job *job, int thread, int num_threads, int calling) {
    const int64_t most = job->parts * job->max_rows;
    for (int64_t first = 0; first < job->count; first += most) {
        const msq_group group =
            msq_rnn_group(job->sequences + first, job->count - first, most, job->few);
        if (group.join_step < group.sequences[0].length)
            walk_together(job, &group, thread, num_threads, calling);
        for (int part = thread; part < job->parts; part += num_threads)
            walk_share(job, &group, part, calling);
    }
}

/* The jobs of one parallel region, and the teams that share them. */
typedef struct {
    job jobs[2];
    int count, teams;
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

/* Fills the sequences; offsets are bounded, as they may have changed since they were checked. */
static void find_sequences(job *job) {
    const msq_back *const b = job->back;
    int64_t first = 0;
    for (int64_t i = 0, end; i < b->batch; i++, first = end) {
        end = msq_bounded(&b->offsets[i + 1], first, b->steps);
        if (end > first)
            job->sequences[job->count++] =
                (sequence){.id = i, .first = first, .length = end - first};
    }
    msq_rnn_sort(job->sequences, job->count);
}

int msq_rnn_has_back(const msq_rnn *rnn) {
    return rnn->kernels->rnn_back[rnn->kind] && rnn->step == rnn->kernels->rnn_step[rnn->kind];
}

static int check(const msq_back *b, int64_t *bad_position) {
    *bad_position = 0;
    if (b->batch < 0 || b->steps < 0)
        return MSQ_OUT_OF_RANGE;
    for (int64_t i = 0; i <= b->batch; i++)
        if (i == 0 ? b->offsets[0] != 0 : b->offsets[i] < b->offsets[i - 1]) {
            *bad_position = i;
            return MSQ_BAD_OFFSETS;
        }
    return MSQ_OK;
}

/* Sizes of a job. */
static int prepare(job *job, const msq_back *b, msq_stop *stop) {
    static const int gates[MSQ_RNN_KINDS] = {[MSQ_LSTM] = 4, [MSQ_GRU] = 3, [MSQ_SIMPLE_RNN] = 1};
    if (b->kind < 0 || b->kind >= MSQ_RNN_KINDS || gates[b->kind] == 0)
        return MSQ_UNSUPPORTED;
    job->back = b;
    job->stop = stop;
    job->kernels = msq_dense_kernels(b->turned);
    job->panels = msq_dense_panels(b->turned, &job->depth, &job->units);
    job->skipped = b->kind == MSQ_GRU ? job->units : 0;
    job->blocks = (job->units + job->kernels->width - 1) / job->kernels->width;
    return job->depth == gates[b->kind] * job->units ? MSQ_OK : MSQ_OUT_OF_RANGE;
}

/* The most threads that have something to do. */
static int64_t max_parts(const job *job) {
    const int64_t batch = job->back->batch, few = msq_rnn_few(job->depth * job->units, 2);
    return few && (few > 1 || batch == 1) && batch < job->blocks ? job->blocks : batch;
}

static double work_of(const job *job) {
    return (double)job->back->steps * (double)job->depth * (double)job->units;
}

/* Makes room for a job of so many threads. */
static int start(job *job, int64_t threads) {
    const int64_t batch = job->back->batch, most = max_parts(job);
    job->parts = (int)(threads < most ? threads : most > 1 ? most : 1);
    job->few = msq_rnn_few(job->depth * job->units, job->parts);
    if (job->few > MAX_SIDE_BY_SIDE)
        job->few = MAX_SIDE_BY_SIDE;
    job->max_rows = msq_rnn_rows(batch, job->parts, job->few);
    job->zeros = msq_allocate(job->units);
    job->sequences = msq_aligned_alloc((size_t)batch * sizeof *job->sequences + 1);
    if (!job->zeros || !job->sequences)
        return MSQ_NO_MEMORY;
    memset(job->zeros, 0, (size_t)job->units * sizeof *job->zeros);
    find_sequences(job);
    return MSQ_OK;
}

/* Runs jobs that are prepared. Two teams only if both are the same amount of work. */
static int run_region(region *r, int requested) {
    int64_t parts = 0;
    double work = 0;
    for (int i = 0; i < r->count; i++) {
        parts += max_parts(&r->jobs[i]);
        work += work_of(&r->jobs[i]);
    }
    const int threads = msq_plan_threads(requested, parts, work, MSQ_FMAS_PER_THREAD);
    const int alike = r->count == 2 && work_of(&r->jobs[0]) == work_of(&r->jobs[1]);
    r->teams = alike && threads % 2 == 0 ? 2 : 1;
    int status = MSQ_OK;
    for (int i = 0; i < r->count && status == MSQ_OK; i++)
        status = start(&r->jobs[i], threads / r->teams);
    if (status == MSQ_OK)
        msq_parallel(threads, run_thread, r);
    for (int i = 0; i < r->count; i++) {
        msq_aligned_free(r->jobs[i].zeros);
        msq_aligned_free(r->jobs[i].sequences);
    }
    return status != MSQ_OK ? status : r->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_rnn_backs_f32(const msq_back *const *backs, int count, int64_t *bad_position) {
    region r = {.count = count};
    for (int i = 0; i < count; i++) {
        int status = check(backs[i], bad_position);
        if (status == MSQ_OK)
            status = prepare(&r.jobs[i], backs[i], &r.stop);
        if (status != MSQ_OK)
            return status;
    }
    return run_region(&r, backs[0]->num_threads);
}

int msq_rnn_back_f32(const msq_back *back, int64_t *bad_position) {
    return msq_rnn_backs_f32(&back, 1, bad_position);
}
