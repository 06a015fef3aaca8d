/* The loss of a linear-chain CRF. Forward, a tag's alpha is the log of a sum of exponentials over
 * the tags before it, less the largest alpha of the row before, so that floats keep their digits.
 * The way back is that of these sums: from the probabilities of the last tags, each step back
 * shares those of a tag among the tags before it. These are the marginals; the gradient is their
 * difference from the given path. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Groups of sequences whose gradients of the weights are summed apart. */
enum { GROUPS = 64 };
/* Pairs of tags for which one more thread pays: some 15 us of exponentials. */
enum { PAIRS_PER_THREAD = 1 << 14 };

typedef struct {
    const msq_crf *crf;
    const int64_t *offsets;
    const float *into; /* (tags, tags): transitions, to, from */
    float *losses, *alphas, *scratch;
    const float *given; /* alphas, on the way back */
    const float *d_losses;
    float *d_emissions;
    double *sums; /* of each group: (tags, tags) to, from; start; end */
    int64_t groups, scratch_floats;
    _Atomic int64_t next_item;
    msq_stop stop;
} crf_job;

static int64_t tag_of(const crf_job *job, int64_t row) {
    return msq_bounded(&job->crf->path[row], 0, job->crf->tags - 1);
}

/* x = y + z, where z may be NULL for 0. */
static void add(float *x, const float *y, const float *z, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        x[i] = z ? y[i] + z[i] : y[i];
}

/* x -= its largest value, which is returned; an infinite one counts as 0. */
static double center(float *x, int64_t n) {
    float top = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        top = x[i] > top ? x[i] : top;
    if (top - top != 0.0f)
        return 0;
    for (int64_t i = 0; i < n; i++)
        x[i] -= top;
    return top;
}

/* The score of the given path. */
static double path_score(const crf_job *job, int64_t first, int64_t last) {
    const msq_crf *const crf = job->crf;
    int64_t before = tag_of(job, first);
    double score = crf->start ? crf->start[before] : 0;
    score += crf->emissions[first * crf->tags + before];
    for (int64_t row = first + 1; row < last; row++) {
        const int64_t tag = tag_of(job, row);
        score += crf->transitions[before * crf->tags + tag];
        score += crf->emissions[row * crf->tags + tag];
        before = tag;
    }
    return crf->end ? score + crf->end[before] : score;
}

static float loss_of(const crf_job *job, float *sums, int64_t first, int64_t last) {
    const msq_crf *const crf = job->crf;
    const int64_t tags = crf->tags;
    const msq_kernel_table *const kernels = msq_kernels();
    float *alpha = job->alphas + first * tags;
    if (first == last)
        return 0;
    add(alpha, crf->emissions + first * tags, crf->start, tags);
    double total = center(alpha, tags);
    for (int64_t row = first + 1; row < last; row++) {
        float *const next = alpha + tags;
        for (int64_t tag = 0; tag < tags; tag++) {
            add(sums, alpha, job->into + tag * tags, tags);
            next[tag] = crf->emissions[row * tags + tag] + kernels->log_sum_exp(sums, tags);
        }
        alpha = next;
        total += center(alpha, tags);
    }
    add(sums, alpha, crf->end, tags);
    return (float)(total + kernels->log_sum_exp(sums, tags) - path_score(job, first, last));
}

static double step_cost(const msq_crf *crf, int64_t steps) {
    return (double)steps * (double)crf->tags * (double)crf->tags;
}

static void loss_body(void *context, int thread, int num_threads) {
    crf_job *const job = context;
    float *const sums = job->scratch + thread * job->scratch_floats;
    (void)num_threads;
    for (int64_t b; (b = atomic_fetch_add(&job->next_item, 1)) < job->crf->batch;) {
        const int64_t first = job->offsets[b], last = job->offsets[b + 1];
        if (msq_stops(&job->stop, thread, step_cost(job->crf, last - first)))
            return;
        job->losses[b] = loss_of(job, sums, first, last);
    }
}

/* Where a group sums the gradients of the weights, and room for rows of probabilities. */
typedef struct {
    double *pairs, *start, *end;
    float *marginals, *before, *shares;
} crf_sums;

static int64_t sums_of_group(int64_t tags) {
    return tags * (tags + 2);
}

/* The marginals of a row -> those of the row before; and of the pairs, which the weights get. */
static void step_back(const crf_job *job, const crf_sums *s, int64_t row, double factor) {
    const int64_t tags = job->crf->tags;
    const float *const alpha = job->given + (row - 1) * tags;
    memset(s->before, 0, (size_t)tags * sizeof(float));
    for (int64_t tag = 0; tag < tags; tag++) {
        const float marginal = s->marginals[tag];
        double *const pairs = s->pairs + tag * tags;
        if (marginal == 0.0f)
            continue;
        add(s->shares, alpha, job->into + tag * tags, tags);
        msq_kernels()->softmax_rows(s->shares, s->shares, 1, tags);
        for (int64_t from = 0; from < tags; from++) {
            const float pair = marginal * s->shares[from];
            pairs[from] += factor * pair;
            s->before[from] += pair;
        }
    }
    s->pairs[tag_of(job, row) * tags + tag_of(job, row - 1)] -= factor;
}

/* What a row gets from its marginals; `sums`, if not NULL, are those of a weight of this row. */
static void put_out_row(const crf_job *job, const float *marginals, int64_t row, double factor,
                        double *sums) {
    const int64_t tags = job->crf->tags, path = tag_of(job, row);
    float *const out = job->d_emissions + row * tags;
    for (int64_t tag = 0; tag < tags; tag++) {
        const double difference = factor * ((double)marginals[tag] - (tag == path ? 1.0 : 0.0));
        out[tag] = (float)difference;
        if (sums)
            sums[tag] += difference;
    }
}

static void go_back(const crf_job *job, crf_sums s, int64_t first, int64_t last, double factor) {
    const msq_crf *const crf = job->crf;
    const int64_t tags = crf->tags;
    if (factor == 0 || first == last) { /* whatever the rows hold */
        memset(job->d_emissions + first * tags, 0, (size_t)((last - first) * tags) * sizeof(float));
        return;
    }
    add(s.marginals, job->given + (last - 1) * tags, crf->end, tags);
    msq_kernels()->softmax_rows(s.marginals, s.marginals, 1, tags);
    if (crf->end) {
        for (int64_t tag = 0; tag < tags; tag++)
            s.end[tag] += factor * s.marginals[tag];
        s.end[tag_of(job, last - 1)] -= factor;
    }
    for (int64_t row = last - 1; row > first; row--) {
        put_out_row(job, s.marginals, row, factor, NULL);
        step_back(job, &s, row, factor);
        float *const before = s.before;
        s.before = s.marginals;
        s.marginals = before;
    }
    put_out_row(job, s.marginals, first, factor, crf->start ? s.start : NULL);
}

/* A group of sequences at a time. */
static void backward_body(void *context, int thread, int num_threads) {
    crf_job *const job = context;
    const int64_t tags = job->crf->tags;
    float *const scratch = job->scratch + thread * job->scratch_floats;
    (void)num_threads;
    for (int64_t group; (group = atomic_fetch_add(&job->next_item, 1)) < job->groups;) {
        double *const sums = job->sums + group * sums_of_group(tags);
        const crf_sums s = {.pairs = sums,
                            .start = sums + tags * tags,
                            .end = sums + tags * (tags + 1),
                            .marginals = scratch,
                            .before = scratch + tags,
                            .shares = scratch + 2 * tags};
        memset(sums, 0, (size_t)sums_of_group(tags) * sizeof *sums);
        const int64_t end = job->crf->batch * (group + 1) / job->groups;
        for (int64_t b = job->crf->batch * group / job->groups; b < end; b++) {
            const int64_t first = job->offsets[b], last = job->offsets[b + 1];
            if (msq_stops(&job->stop, thread, step_cost(job->crf, last - first)))
                return;
            go_back(job, s, first, last, job->d_losses[b]);
        }
    }
}

/* The sum over the groups of the number at `place` of each. */
static float sum_of_groups(const crf_job *job, int64_t place) {
    double sum = 0;
    for (int64_t group = 0; group < job->groups; group++)
        sum += job->sums[group * sums_of_group(job->crf->tags) + place];
    return (float)sum;
}

static void put_out_weights(const crf_job *job, float *d_transitions, float *d_start,
                            float *d_end) {
    const int64_t tags = job->crf->tags;
    for (int64_t from = 0; from < tags && d_transitions; from++)
        for (int64_t to = 0; to < tags; to++)
            d_transitions[from * tags + to] = sum_of_groups(job, to * tags + from);
    for (int64_t tag = 0; tag < tags; tag++) {
        if (d_start)
            d_start[tag] = sum_of_groups(job, tags * tags + tag);
        if (d_end)
            d_end[tag] = sum_of_groups(job, tags * (tags + 1) + tag);
    }
}

/* Runs `body` for so many items; each thread has `room` rows of tags. */
static int run(crf_job *job, msq_body_fn *body, int64_t items, int64_t room, int num_threads) {
    const msq_crf *const crf = job->crf;
    const int64_t tags = crf->tags;
    const double work = step_cost(crf, job->offsets[crf->batch] - job->offsets[0]);
    const int threads = msq_plan_threads(num_threads, items, work, PAIRS_PER_THREAD);
    int64_t floats = tags;
    if (msq_multiply(&floats, tags + room * threads))
        return MSQ_NO_MEMORY;
    float *const memory = msq_allocate(floats);
    if (!memory)
        return MSQ_NO_MEMORY;
    for (int64_t from = 0; from < tags; from++)
        for (int64_t to = 0; to < tags; to++)
            memory[to * tags + from] = crf->transitions[from * tags + to];
    job->into = memory;
    job->scratch = memory + tags * tags;
    job->scratch_floats = room * tags;
    msq_parallel(threads, body, job);
    msq_aligned_free(memory);
    return job->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_check_crf(const msq_crf *crf) {
    if (crf->size != sizeof *crf)
        return MSQ_UNSUPPORTED;
    const int missing = msq_missing(crf->emissions, crf->rows, crf->tags);
    return crf->tags < 1 || missing || !crf->offsets || !crf->transitions ? MSQ_OUT_OF_RANGE
                                                                          : MSQ_OK;
}

int msq_crf_f32(const msq_crf *crf, float *losses, float *alphas, int num_threads) {
    int status = msq_check_crf(crf);
    if (status != MSQ_OK)
        return status;
    if (msq_missing(crf->path, crf->rows, 1) || msq_missing(losses, crf->batch, 1) ||
        msq_missing(alphas, crf->rows, crf->tags))
        return MSQ_OUT_OF_RANGE;
    int64_t *const offsets = msq_copy_offsets(crf->offsets, crf->batch, crf->rows, &status);
    if (!offsets)
        return status;
    crf_job job = {.crf = crf, .offsets = offsets, .losses = losses, .alphas = alphas};
    status = run(&job, loss_body, crf->batch, 1, num_threads);
    free(offsets);
    return status;
}

int msq_crf_backward_f32(const msq_crf *crf, const float *alphas, const float *d_losses,
                         float *d_emissions, float *d_transitions, float *d_start, float *d_end,
                         int num_threads) {
    int status = msq_check_crf(crf);
    int64_t numbers = sizeof(double);
    if (status != MSQ_OK)
        return status;
    if (msq_missing(crf->path, crf->rows, 1) || msq_missing(d_losses, crf->batch, 1) ||
        msq_missing(alphas, crf->rows, crf->tags) || msq_missing(d_emissions, crf->rows, crf->tags))
        return MSQ_OUT_OF_RANGE;
    int64_t *const offsets = msq_copy_offsets(crf->offsets, crf->batch, crf->rows, &status);
    if (!offsets)
        return status;
    crf_job job = {.crf = crf, .offsets = offsets, .d_losses = d_losses};
    job.given = alphas, job.d_emissions = d_emissions;
    job.groups = crf->batch < GROUPS ? crf->batch : GROUPS;
    const int too_many = msq_multiply(&numbers, job.groups) || msq_multiply(&numbers, crf->tags) ||
                         msq_multiply(&numbers, crf->tags + 2);
    job.sums = too_many ? NULL : malloc((size_t)(numbers ? numbers : 1));
    status = job.sums ? run(&job, backward_body, job.groups, 3, num_threads) : MSQ_NO_MEMORY;
    if (status == MSQ_OK)
        put_out_weights(&job, d_transitions, d_start, d_end);
    free(job.sums);
    free(offsets);
    return status;
}
