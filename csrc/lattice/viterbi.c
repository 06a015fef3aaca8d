/* The best path through a linear-chain CRF. The walk keeps of each row only the best score of each
 * tag; the way back finds the tag before the chosen one among its sums anew, which is tags and not
 * tags x tags work a row. Sequences are walked a few side by side, those of like length together,
 * so that one is computed while another waits for its last step. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 4 }; /* sequences side by side */
enum { WIDEST = 16 };  /* floats in the widest vector */
/* Pairs of tags for which one more thread pays: some 15 us. */
enum { PAIRS_PER_THREAD = 1 << 18 };
/* Sums of so small values of any number of rows stay below infinity. */
static const float LARGEST = 0x1p80f;

typedef struct {
    int64_t length, number;
} sequence;

typedef struct {
    const msq_crf *crf;
    const int64_t *offsets;
    sequence *order;    /* the longest first */
    int64_t stride;     /* of rows: the tags, to whole vectors */
    float *from, *into; /* transitions (tags, stride): from, to; to, from */
    float *start, *end; /* stride each */
    float *scratch;     /* of each thread: the scores of all rows of its sequences */
    int64_t scratch_floats;
    int64_t together;
    int tame; /* the weights are */
    const msq_kernel_table *kernels;
    int32_t *best;
    float *scores;
    _Atomic int64_t next_item;
    msq_stop stop;
} decode_job;

/* 1 if no value is NaN or too large. */
static int is_tame(const decode_job *job, const float *x, int64_t n) {
    return job->kernels->none_above(x, n, LARGEST);
}

/* Whether x takes the place of what was best before it: a NaN does, unless that is one. */
static int better(float x, float best) {
    return x > best || (x != x && best == best);
}

/* The first best of x[i] + y[i]. */
static int64_t first_best(const float *x, const float *y, int64_t n) {
    float best = x[0] + y[0];
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++) {
        const float sum = x[i] + y[i];
        if (better(sum, best)) {
            best = sum;
            at = i;
        }
    }
    return at;
}

/* Sequences side by side, the longest first: of each its first row of emissions, its length, and
 * its scores. */
typedef struct {
    int64_t count, first[TOGETHER], length[TOGETHER];
    float *rows[TOGETHER];
    int tame;
} party;

static const float *emissions_of(const decode_job *job, const party *p, int64_t s, int64_t step) {
    return job->crf->emissions + (p->first[s] + step) * job->crf->tags;
}

static float *scores_of(const decode_job *job, const party *p, int64_t s, int64_t step) {
    return p->rows[s] + step * job->stride;
}

static void first_step(const decode_job *job, const party *p, int64_t s) {
    const float *const e = emissions_of(job, p, s, 0);
    for (int64_t tag = 0; tag < job->stride; tag++)
        p->rows[s][tag] = tag < job->crf->tags ? e[tag] + job->start[tag] : 0;
}

/* The step of the first `count`. */
static void step_tame(const decode_job *job, const party *p, int64_t count, int64_t step) {
    float *next[TOGETHER];
    const float *scores[TOGETHER], *emissions[TOGETHER];
    for (int64_t s = 0; s < count; s++) {
        next[s] = scores_of(job, p, s, step);
        scores[s] = scores_of(job, p, s, step - 1);
        emissions[s] = emissions_of(job, p, s, step);
    }
    const msq_viterbi v = {.next = next,
                           .scores = scores,
                           .emissions = emissions,
                           .transitions = job->from,
                           .sequences = count,
                           .tags = job->crf->tags,
                           .stride = job->stride};
    job->kernels->viterbi_step(&v);
}

static void step_wild(const decode_job *job, const party *p, int64_t s, int64_t step) {
    const int64_t tags = job->crf->tags;
    const float *const scores = scores_of(job, p, s, step - 1);
    float *const next = scores_of(job, p, s, step);
    for (int64_t tag = 0; tag < tags; tag++) {
        const float *const into = job->into + tag * job->stride;
        const int64_t at = first_best(scores, into, tags);
        next[tag] = scores[at] + into[at] + emissions_of(job, p, s, step)[tag];
    }
}

/* How many of the sequences have this step. */
static int64_t count_at(const party *p, int64_t step) {
    int64_t count = p->count;
    while (count && p->length[count - 1] <= step)
        count--;
    return count;
}

static int64_t best_before(const decode_job *job, const party *p, const float *scores,
                           const float *into) {
    const int64_t tags = job->crf->tags;
    const int64_t tag =
        p->tame ? job->kernels->viterbi_back(scores, into, tags) : first_best(scores, into, tags);
    return tag < 0 ? 0 : tag < tags ? tag : tags - 1; /* emissions may change meanwhile */
}

static void decode(const decode_job *job, const party *p, const sequence *order) {
    int64_t tag[TOGETHER];
    for (int64_t s = 0; s < p->count; s++)
        first_step(job, p, s);
    for (int64_t step = 1; step < p->length[0]; step++) {
        const int64_t count = count_at(p, step);
        if (p->tame)
            step_tame(job, p, count, step);
        for (int64_t s = 0; s < count && !p->tame; s++)
            step_wild(job, p, s, step);
    }
    for (int64_t step = p->length[0] - 1; step >= 0; step--) {
        const int64_t count = count_at(p, step);
        for (int64_t s = 0; s < count; s++) {
            const int last = step == p->length[s] - 1;
            const float *const scores = scores_of(job, p, s, step);
            const float *const into = last ? job->end : job->into + tag[s] * job->stride;
            tag[s] = best_before(job, p, scores, into);
            job->best[p->first[s] + step] = (int32_t)tag[s];
            if (last)
                job->scores[order[s].number] = scores[tag[s]] + job->end[tag[s]];
        }
    }
}

/* Decodes so many sequences of `order`, all with rows. */
static void decode_some(const decode_job *job, const sequence *order, int64_t count, float *room) {
    party p = {.count = count, .tame = job->tame};
    for (int64_t s = 0; s < count; s++) {
        p.first[s] = job->offsets[order[s].number];
        p.length[s] = order[s].length;
        p.rows[s] = room;
        room += order[s].length * job->stride;
    }
    for (int64_t s = 0; s < count && p.tame; s++)
        p.tame = is_tame(job, emissions_of(job, &p, s, 0), p.length[s] * job->crf->tags);
    decode(job, &p, order);
}

static void decode_body(void *context, int thread, int num_threads) {
    decode_job *const job = context;
    const int64_t batch = job->crf->batch;
    float *const room = job->scratch + thread * job->scratch_floats;
    (void)num_threads;
    for (int64_t b; (b = atomic_fetch_add(&job->next_item, job->together)) < batch;) {
        int64_t count = 0, steps = 0;
        for (; count < job->together && b + count < batch && job->order[b + count].length; count++)
            steps += job->order[b + count].length;
        for (int64_t s = count; s < job->together && b + s < batch; s++)
            job->scores[job->order[b + s].number] = 0;
        if (msq_stops(&job->stop, thread,
                      (double)steps * (double)job->crf->tags * (double)job->crf->tags))
            return;
        if (count)
            decode_some(job, job->order + b, count, room);
    }
}

static int longer(const void *a, const void *b) {
    const sequence *const x = a, *const y = b;
    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

/* The weights, in rows of whole vectors. */
static void fill_weights(decode_job *job) {
    const msq_crf *const crf = job->crf;
    const int64_t tags = crf->tags, stride = job->stride;
    for (int64_t to = 0; to < stride; to++) {
        const int real = to < tags;
        job->start[to] = real && crf->start ? crf->start[to] : 0;
        job->end[to] = !real ? -INFINITY : crf->end ? crf->end[to] : 0;
        for (int64_t from = 0; from < tags; from++)
            job->from[from * stride + to] = real ? crf->transitions[from * tags + to] : 0;
    }
    for (int64_t to = 0; to < tags; to++)
        for (int64_t from = 0; from < stride; from++)
            job->into[to * stride + from] = from < tags ? job->from[from * stride + to] : -INFINITY;
    job->tame = is_tame(job, job->from, tags * stride) && is_tame(job, job->start, tags) &&
                is_tame(job, job->end, tags);
}

/* The kernels whose vectors hold a row with fewer lanes to spare. */
static const msq_kernel_table *find_kernels(int64_t tags) {
    const msq_kernel_table *const wide = msq_kernels(), *const narrow = wide->narrow;
    return narrow && (tags - 1) % wide->width < narrow->width ? narrow : wide;
}

/* Decodes, with `job->order` in place. */
static int run(decode_job *job, int num_threads) {
    const msq_crf *const crf = job->crf;
    const int64_t tags = crf->tags, batch = crf->batch;
    const double pairs = (double)tags * (double)tags;
    const double work = (double)(job->offsets[batch] - job->offsets[0]) * pairs;
    const int threads = msq_plan_threads(num_threads, batch, work, PAIRS_PER_THREAD);
    const int64_t each = (batch + threads - 1) / threads;
    int64_t weights = 2, floats = 0;
    job->together = each < TOGETHER ? each : TOGETHER;
    for (int64_t b = 0; b < job->together; b++)
        floats += job->order[b].length;
    if (tags > MAX_FLOATS - WIDEST)
        return MSQ_NO_MEMORY;
    job->stride = (tags + WIDEST - 1) / WIDEST * WIDEST;
    if (msq_multiply(&floats, job->stride) || msq_multiply(&weights, tags + 1) ||
        msq_multiply(&weights, job->stride))
        return MSQ_NO_MEMORY;
    job->scratch_floats = floats;
    job->kernels = find_kernels(tags);
    if (msq_multiply(&floats, threads) || floats > MAX_FLOATS - weights)
        return MSQ_NO_MEMORY;
    float *const memory = msq_allocate(floats + weights);
    if (!memory)
        return MSQ_NO_MEMORY;
    job->from = memory;
    job->into = job->from + tags * job->stride;
    job->start = job->into + tags * job->stride;
    job->end = job->start + job->stride;
    job->scratch = job->end + job->stride;
    fill_weights(job);
    msq_parallel(threads, decode_body, job);
    msq_aligned_free(memory);
    return job->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_crf_decode_f32(const msq_crf *crf, int32_t *best, float *scores, int num_threads) {
    int status = msq_check_crf(crf);
    if (status != MSQ_OK)
        return status;
    if (msq_missing(best, crf->rows, 1) || msq_missing(scores, crf->batch, 1))
        return MSQ_OUT_OF_RANGE;
    int64_t *const offsets = msq_copy_offsets(crf->offsets, crf->batch, crf->rows, &status);
    if (!offsets)
        return status;
    decode_job job = {.crf = crf, .offsets = offsets, .best = best, .scores = scores};
    job.order = malloc((size_t)(crf->batch + 1) * sizeof *job.order);
    for (int64_t b = 0; b < crf->batch && job.order; b++)
        job.order[b] = (sequence){.length = offsets[b + 1] - offsets[b], .number = b};
    if (job.order && crf->batch)
        qsort(job.order, (size_t)crf->batch, sizeof *job.order, longer);
    status = job.order ? run(&job, num_threads) : MSQ_NO_MEMORY;
    free(job.order);
    free(offsets);
    return status;
}
