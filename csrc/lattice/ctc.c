/* The loss of connectionist temporal classification (Graves et al. 2006). The states of a sequence
 * are its labels with a blank before, between and after them. alpha of a state at a row is the log
 * of the sum over the alignments that are there of their probability. alphas are float64, because
 * the states that can still reach the end may be far less likely than others; exponentials are of
 * differences between the states that meet in one, where floats are enough. The way back shares
 * the probability of a state among those it came from, from the last row to the first. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A state is reached from itself, the one before, and, past a blank, the one before that. */
enum { WAYS = 3 };
/* States of rows for which one more thread pays. */
enum { STATES_PER_THREAD = 1 << 13 };

typedef struct {
    const msq_ctc *ctc;
    const int64_t *offsets, *label_offsets;
    float *losses;         /* NULL on the way back */
    const float *d_losses; /* NULL on the way forward */
    float *d_logits;
    int64_t states, rows; /* the most of a sequence; of alphas: all rows on the way back, or two */
    int64_t scratch_bytes;
    char *scratch;
    _Atomic int64_t next_item;
    msq_stop stop;
} ctc_job;

/* One sequence on one thread. */
typedef struct {
    const ctc_job *job;
    int64_t first, last, states;
    double *alphas;         /* (rows, states) */
    double *shift;          /* (states): the largest of the alphas that meet */
    double *gamma, *before; /* (states): the probabilities of the states of a row */
    int64_t *classes;       /* (states) */
    float *ways;            /* (WAYS, states): exponentials, of each way into a state */
    float *sums;            /* (states): their sums, then the logs of these */
    float *log_probs;       /* (classes); on the way back, those of a row are in d_logits */
} ctc_sequence;

static double *alphas_of(const ctc_sequence *s, int64_t row) {
    return s->alphas + (row - s->first) % s->job->rows * s->job->states;
}

static float *log_probs_of(const ctc_sequence *s, int64_t row) {
    return s->job->d_logits ? s->job->d_logits + row * s->job->ctc->classes : s->log_probs;
}

static int may_skip(const ctc_sequence *s, int64_t state) {
    return state >= 2 && state % 2 == 1 && s->classes[state] != s->classes[state - 2];
}

/* alpha of the state that `way` comes from, less the largest of all three. */
static float difference(const ctc_sequence *s, const double *alpha, int64_t state, int way) {
    const int is_way = way == 0 || (way == 1 ? state >= 1 : may_skip(s, state));
    return is_way ? (float)(alpha[state - way] - s->shift[state]) : -INFINITY;
}

/* Fills s->ways, s->shift and s->sums, from alpha of the row before. */
static void sum_ways(const ctc_sequence *s, const double *alpha) {
    for (int64_t state = 0; state < s->states; state++) {
        double most = alpha[state];
        if (state >= 1 && alpha[state - 1] > most)
            most = alpha[state - 1];
        if (may_skip(s, state) && alpha[state - 2] > most)
            most = alpha[state - 2];
        s->shift[state] = most == -INFINITY ? 0 : most;
        for (int way = 0; way < WAYS; way++)
            s->ways[way * s->states + state] = difference(s, alpha, state, way);
    }
    msq_kernels()->activation[MSQ_EXPONENTIAL](s->ways, s->ways, WAYS * s->states, NULL);
    for (int64_t state = 0; state < s->states; state++)
        s->sums[state] =
            s->ways[state] + s->ways[s->states + state] + s->ways[2 * s->states + state];
}

/* alpha -= its largest, which is returned; an infinite one counts as 0. */
static double center(double *alpha, int64_t states) {
    double most = -INFINITY;
    for (int64_t state = 0; state < states; state++)
        most = alpha[state] > most ? alpha[state] : most;
    if (most - most != 0)
        return 0;
    for (int64_t state = 0; state < states; state++)
        alpha[state] -= most;
    return most;
}

static void start_row(const ctc_sequence *s, double *alpha, const float *log_probs) {
    for (int64_t state = 0; state < s->states; state++)
        alpha[state] = state < 2 ? log_probs[s->classes[state]] : -INFINITY;
}

static void next_row(const ctc_sequence *s, double *alpha, const double *before,
                     const float *log_probs) {
    sum_ways(s, before);
    msq_kernels()->elementary[MSQ_ELEMENTARY_LOG](s->sums, s->sums, s->states);
    for (int64_t state = 0; state < s->states; state++)
        alpha[state] = s->shift[state] + s->sums[state] + log_probs[s->classes[state]];
}

/* The probabilities of the last two states, given that one of them is the end, in s->gamma; returns
 * the log of their sum. */
static double end_states(const ctc_sequence *s) {
    const double *const alpha = alphas_of(s, s->last - 1);
    float x[2];
    memset(s->gamma, 0, (size_t)s->states * sizeof(double));
    if (s->states == 1) {
        s->gamma[0] = 1;
        return alpha[0];
    }
    const double *const ends = alpha + s->states - 2;
    const double most = ends[0] > ends[1] ? ends[0] : ends[1];
    if (most == -INFINITY)
        return most;
    x[0] = (float)(ends[0] - most);
    x[1] = (float)(ends[1] - most);
    const double sum = most + msq_kernels()->log_sum_exp(x, 2);
    msq_kernels()->softmax_rows(x, x, 1, 2);
    s->gamma[s->states - 2] = x[0];
    s->gamma[s->states - 1] = x[1];
    return sum;
}

/* The alphas of all rows, or of the last two; returns the loss. */
static float go_forward(const ctc_sequence *s) {
    const msq_ctc *const ctc = s->job->ctc;
    double total = 0;
    if (s->first == s->last)
        return s->states == 1 ? 0 : INFINITY;
    for (int64_t row = s->first; row < s->last; row++) {
        float *const log_probs = log_probs_of(s, row);
        double *const alpha = alphas_of(s, row);
        msq_kernels()->log_softmax_rows(log_probs, ctc->logits + row * ctc->classes, 1,
                                        ctc->classes);
        if (row == s->first)
            start_row(s, alpha, log_probs);
        else
            next_row(s, alpha, alphas_of(s, row - 1), log_probs);
        total += center(alpha, s->states);
    }
    return (float)-(total + end_states(s));
}

/* Shares s->gamma among the states of the row before. */
static void step_back(ctc_sequence *s, int64_t row) {
    double *const before = s->before;
    memset(before, 0, (size_t)s->states * sizeof *before);
    sum_ways(s, alphas_of(s, row - 1));
    for (int64_t state = 0; state < s->states; state++)
        for (int way = 0; s->gamma[state] != 0 && way < WAYS && way <= state; way++)
            before[state - way] +=
                s->gamma[state] * s->ways[way * s->states + state] / s->sums[state];
    s->before = s->gamma;
    s->gamma = before;
}

/* The gradients of a row from the probabilities of its states: softmax less these. */
static void put_out_row(const ctc_sequence *s, int64_t row, double factor) {
    const int64_t classes = s->job->ctc->classes;
    float *const out = log_probs_of(s, row);
    msq_kernels()->activation[MSQ_EXPONENTIAL](out, out, classes, NULL);
    for (int64_t i = 0; i < classes; i++)
        out[i] = (float)(factor * out[i]);
    for (int64_t state = 0; state < s->states; state++)
        out[s->classes[state]] = (float)(out[s->classes[state]] - factor * s->gamma[state]);
}

static void go_back(ctc_sequence *s, double factor) {
    const int64_t classes = s->job->ctc->classes;
    if (factor == 0 || go_forward(s) == INFINITY) {
        memset(s->job->d_logits + s->first * classes, 0,
               (size_t)((s->last - s->first) * classes) * sizeof(float));
        return;
    }
    for (int64_t row = s->last - 1; row >= s->first; row--) {
        put_out_row(s, row, factor);
        if (row > s->first)
            step_back(s, row);
    }
}

/* Lays out the scratch and finds the states of sequence b. */
static ctc_sequence start(const ctc_job *job, char *scratch, int64_t b) {
    const msq_ctc *const ctc = job->ctc;
    const int64_t label = job->label_offsets[b], most = job->states;
    ctc_sequence s = {.job = job, .first = job->offsets[b], .last = job->offsets[b + 1]};
    s.states = 2 * (job->label_offsets[b + 1] - label) + 1;
    s.alphas = (double *)scratch;
    s.shift = s.alphas + job->rows * most;
    s.gamma = s.shift + most;
    s.before = s.gamma + most;
    s.classes = (int64_t *)(s.before + most);
    s.ways = (float *)(s.classes + most);
    s.sums = s.ways + WAYS * most;
    s.log_probs = s.sums + most;
    for (int64_t state = 0; state < s.states; state++)
        s.classes[state] = state % 2
                               ? msq_bounded(&ctc->labels[label + state / 2], 0, ctc->classes - 1)
                               : ctc->blank;
    return s;
}

static void ctc_body(void *context, int thread, int num_threads) {
    ctc_job *const job = context;
    (void)num_threads;
    for (int64_t b; (b = atomic_fetch_add(&job->next_item, 1)) < job->ctc->batch;) {
        ctc_sequence s = start(job, job->scratch + thread * job->scratch_bytes, b);
        const double rows = (double)(s.last - s.first);
        if (msq_stops(&job->stop, thread, WAYS * rows * (double)(s.states + job->ctc->classes)))
            return;
        if (job->losses)
            job->losses[b] = go_forward(&s);
        else
            go_back(&s, job->d_losses[b]);
    }
}

/* Bytes of scratch of a thread, -1 if there are too many. */
static int64_t scratch_of(const ctc_job *job) {
    int64_t numbers = job->states;
    int64_t classes = job->ctc->classes;
    if (msq_multiply(&numbers, job->rows + 4 + WAYS) || msq_multiply(&classes, 1))
        return -1;
    const int64_t bytes = numbers * (int64_t)sizeof(double) + classes * (int64_t)sizeof(float);
    return bytes + (-bytes & 63); /* threads share no cache line */
}

static int run(ctc_job *job, int num_threads) {
    const msq_ctc *const ctc = job->ctc;
    const int64_t longest = msq_longest(job->offsets, ctc->batch);
    int64_t bytes;
    job->states = 2 * msq_longest(job->label_offsets, ctc->batch) + 1;
    job->rows = job->losses || longest < 2 ? 2 : longest;
    const double rows = (double)(job->offsets[ctc->batch] - job->offsets[0]);
    const double work = rows * (double)(job->states + ctc->classes);
    const int threads = msq_plan_threads(num_threads, ctc->batch, work, STATES_PER_THREAD);
    job->scratch_bytes = bytes = scratch_of(job);
    if (bytes < 0 || msq_multiply(&bytes, threads))
        return MSQ_NO_MEMORY;
    job->scratch = (char *)msq_allocate(bytes / (int64_t)sizeof(float));
    if (!job->scratch)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, ctc_body, job);
    msq_aligned_free(job->scratch);
    return job->stop.stopped ? MSQ_INTERRUPTED : MSQ_OK;
}

/* 1 if an array is NULL though it has values. */
static int lacks_arrays(const ctc_job *job) {
    const msq_ctc *const ctc = job->ctc;
    const int answers = job->d_losses ? msq_missing(job->d_logits, ctc->rows, ctc->classes)
                                      : msq_missing(job->losses, ctc->batch, 1);
    return answers || !ctc->offsets || !ctc->label_offsets ||
           msq_missing(ctc->logits, ctc->rows, ctc->classes) ||
           msq_missing(ctc->labels, ctc->label_rows, 1);
}

static int check_and_run(ctc_job *job, int num_threads) {
    const msq_ctc *const ctc = job->ctc;
    int status;
    if (ctc->size != sizeof *ctc)
        return MSQ_UNSUPPORTED;
    if (ctc->classes < 1 || ctc->blank < 0 || ctc->blank >= ctc->classes || lacks_arrays(job))
        return MSQ_OUT_OF_RANGE;
    int64_t *const offsets = msq_copy_offsets(ctc->offsets, ctc->batch, ctc->rows, &status);
    if (!offsets)
        return status;
    int64_t *const label_offsets =
        msq_copy_offsets(ctc->label_offsets, ctc->batch, ctc->label_rows, &status);
    job->offsets = offsets, job->label_offsets = label_offsets;
    if (label_offsets)
        status = run(job, num_threads);
    free(label_offsets);
    free(offsets);
    return status;
}

int msq_ctc_f32(const msq_ctc *ctc, float *losses, int num_threads) {
    return check_and_run(&(ctc_job){.ctc = ctc, .losses = losses}, num_threads);
}

int msq_ctc_backward_f32(const msq_ctc *ctc, const float *d_losses, float *d_logits,
                         int num_threads) {
    if (ctc->size == sizeof *ctc && msq_missing(d_losses, ctc->batch, 1))
        return MSQ_OUT_OF_RANGE;
    return check_and_run(&(ctc_job){.ctc = ctc, .d_losses = d_losses, .d_logits = d_logits},
                         num_threads);
}
