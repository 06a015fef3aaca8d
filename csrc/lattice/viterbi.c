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

/* Sequences side by side: a step back waits for the last one, so these are more than the four whose
 * steps are computed together. */
enum { TOGETHER = 8 };
enum { WIDEST = 16 }; /* floats in the widest vector */
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

/* Sequences side by side, the longest first: of each its rows and, on the way back, its tag of the
 * step that was done last. */
typedef struct {
    int64_t count, length[TOGETHER], tag[TOGETHER];
    const float *emissions[TOGETHER];
    float *scores[TOGETHER];
    int32_t *best[TOGETHER];
    int tame;
} party;

static void first_step(const decode_job *job, const party *p, int64_t s) {
    const float *const e = p->emissions[s];
    for (int64_t tag = 0; tag < job->stride; tag++)
        p->scores[s][tag] = tag < job->crf->tags ? e[tag] + job->start[tag] : 0;
}

static void step_wild(const decode_job *job, const party *p, int64_t s, int64_t step) {
    const int64_t tags = job->crf->tags;
    float *const next = p->scores[s] + step * job->stride;
    const float *const scores = next - job->stride;
    const float *const emissions = p->emissions[s] + step * tags;
    for (int64_t tag = 0; tag < tags; tag++) {
        const float *const into = job->into + tag * job->stride;
        const int64_t at = first_best(scores, into, tags);
        next[tag] = scores[at] + into[at] + emissions[tag];
    }
}

/* The steps `begin` to `end` of the first `count`. */
static void walk(const decode_job *job, const party *p, int64_t count, int64_t begin, int64_t end) {
    if (p->tame)
        job->kernels->viterbi_steps(&(msq_viterbi){.scores = p->scores,
                                                   .emissions = p->emissions,
                                                   .transitions = job->from,
                                                   .sequences = count,
                                                   .begin = begin,
                                                   .end = end,
                                                   .tags = job->crf->tags,
                                                   .stride = job->stride});
    for (int64_t s = 0; s < count && !p->tame; s++)
        for (int64_t step = begin; step < end; step++)
            step_wild(job, p, s, step);
}

/* The way back through these steps of sequences `s` to `s` + `count`; into: (tags, stride), of the
 * tag after each. */
static void walk_back(const decode_job *job, party *p, int64_t s, int64_t count, const float *into,
                      int64_t begin, int64_t end) {
    const int64_t tags = job->crf->tags;
    if (p->tame)
        job->kernels->viterbi_back(&(msq_viterbi_back){.scores = p->scores + s,
                                                       .into = into,
                                                       .best = p->best + s,
                                                       .tag = p->tag + s,
                                                       .sequences = count,
                                                       .begin = begin,
                                                       .end = end,
                                                       .tags = tags,
                                                       .stride = job->stride});
    for (; count > 0 && !p->tame; s++, count--)
        for (int64_t step = end - 1; step >= begin; step--) {
            const float *const scores = p->scores[s] + step * job->stride;
            p->tag[s] = first_best(scores, into + p->tag[s] * job->stride, tags);
            p->best[s][step] = (int32_t)p->tag[s];
        }
}

static void decode(const decode_job *job, party *p, const sequence *order) {
    int64_t step = 1;
    for (int64_t s = 0; s < p->count; s++)
        first_step(job, p, s);
    for (int64_t count = p->count; count > 0; count--) {
        walk(job, p, count, step, p->length[count - 1]);
        step = p->length[count - 1];
    }
    for (int64_t s = 0, end = 0; s < p->count; s++) {
        const int64_t last = p->length[s] - 1;
        const float *const scores = p->scores[s] + last * job->stride;
        walk_back(job, p, 0, s, job->into, last, end);
        walk_back(job, p, s, 1, job->end, last, last + 1);
        job->scores[order[s].number] = scores[p->tag[s]] + job->end[p->tag[s]];
        end = last;
    }
    walk_back(job, p, 0, p->count, job->into, 0, p->length[p->count - 1] - 1);
}

/* Decodes so many sequences of `order`, all with rows. */
static void decode_some(const decode_job *job, const sequence *order, int64_t count, float *room) {
    party p = {.count = count, .tame = job->tame};
    for (int64_t s = 0; s < count; s++) {
        const int64_t first = job->offsets[order[s].number];
        p.length[s] = order[s].length;
        p.emissions[s] = job->crf->emissions + first * job->crf->tags;
        p.best[s] = job->best + first;
        p.scores[s] = room;
        room += order[s].length * job->stride;
    }
    for (int64_t s = 0; s < count && p.tame; s++)
        p.tame = is_tame(job, p.emissions[s], p.length[s] * job->crf->tags);
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
    /* A thread takes some parties, so that none waits long for the last one. */
    job->together = threads == 1 || each >= 4 * TOGETHER ? TOGETHER : TOGETHER / 2;
    job->together = each < job->together ? each : job->together;
    for (int64_t b = 0; b < job->together; b++)
        floats += job->order[b].length;
    if (tags > MAX_FLOATS - WIDEST)
        return MSQ_NO_MEMORY;
    job->kernels = find_kernels(tags);
    job->stride = (tags + WIDEST - 1) / WIDEST * WIDEST;
    if (msq_multiply(&floats, job->stride) || msq_multiply(&weights, tags + 1) ||
        msq_multiply(&weights, job->stride))
        return MSQ_NO_MEMORY;
    job->scratch_floats = floats;
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
