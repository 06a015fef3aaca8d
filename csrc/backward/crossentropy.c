/* -log of probabilities, row by row, and the way back. Each operation is rounded to float32 but for
 * the sums, which are in float64 and rounded once. Threads share the rows. */
#include "backward.h"

#include "gemm.h"
#include "kernels.h"
#include "parallel.h"

#include <string.h>

enum {
    GRAIN = 1 << 15, /* values for which one more thread pays */
    CHUNK = 2048,    /* values of a chunk of rows, or one row */
    BLOCK = 256      /* values that are done together */
};

static const float least = 1e-7f, most = 1 - 1e-7f; /* of a probability, as Keras cuts it */

/* NaN stays. */
static float cut(float p) {
    return p < least ? least : p > most ? most : p;
}

static float inside(float p) {
    return p >= least && p <= most ? 1.0f : 0.0f;
}

static void logs(float *y, const float *x, int64_t n) {
    msq_kernels()->elementary[MSQ_ELEMENTARY_LOG](y, x, n);
}

static float sum(const float *x, int64_t n) {
    return (float)msq_kernels()->reduce_row(x, n, 0, MSQ_SUM);
}

typedef struct {
    float *out;
    const float *d; /* NULL on the way there */
    const msq_crossentropy *of;
    int64_t chunk; /* rows that are done together */
    float *rooms;  /* a chunk for each thread */
} job;

/* losses[r] of rows by the numbers of their classes. */
static void class_losses(const job *j, int64_t first, int64_t end, float *room) {
    const msq_crossentropy *const c = j->of;
    for (int64_t r = first; r < end; r++) {
        const float *const y = c->y + r * c->n;
        if (c->from_logits) {
            msq_kernels()->log_softmax_rows(room, y, 1, c->n);
            j->out[r] = -room[c->classes[r]];
        } else {
            j->out[r] = cut(y[c->classes[r]] / sum(y, c->n));
        }
    }
    if (c->from_logits)
        return;
    logs(j->out + first, j->out + first, end - first);
    for (int64_t r = first; r < end; r++)
        j->out[r] = -j->out[r];
}

/* The same by a label for each class: of a chunk of rows. */
static void label_losses(const job *j, int64_t first, int64_t end, float *room) {
    const msq_crossentropy *const c = j->of;
    const int64_t values = (end - first) * c->n;
    const float *const y = c->y + first * c->n, *const labels = c->labels + first * c->n;
    for (int64_t i = 0; i < values; i += c->n) {
        if (c->from_logits) {
            msq_kernels()->log_softmax_rows(room + i, y + i, 1, c->n);
            continue;
        }
        const float total = sum(y + i, c->n);
        for (int64_t k = i; k < i + c->n; k++)
            room[k] = cut(y[k] / total);
    }
    if (!c->from_logits)
        logs(room, room, values);
    for (int64_t i = 0; i < values; i++)
        room[i] *= labels[i];
    for (int64_t r = first; r < end; r++)
        j->out[r] = -sum(room + (r - first) * c->n, c->n);
}

static void class_gradient(const msq_crossentropy *c, int64_t r, float *dy, float d) {
    const float *const y = c->y + r * c->n;
    const int64_t at = c->classes[r];
    float less = d;
    if (c->from_logits) {
        msq_kernels()->softmax_rows(dy, y, 1, c->n);
        for (int64_t i = 0; i < c->n; i++)
            dy[i] *= d;
    } else {
        const float total = sum(y, c->n), p = y[at] / total;
        const float of_all = inside(p) ? d / total : 0;
        for (int64_t i = 0; i < c->n; i++)
            dy[i] = of_all;
        less = of_all / cut(p);
    }
    dy[at] -= less;
}

static void label_gradient(const msq_crossentropy *c, int64_t r, float *dy, float d, float *room) {
    const float *const y = c->y + r * c->n, *const labels = c->labels + r * c->n;
    if (c->from_logits) {
        for (int64_t i = 0; i < c->n; i++)
            dy[i] = -d * labels[i];
        const float total = sum(dy, c->n);
        msq_kernels()->softmax_rows(room, y, 1, c->n);
        for (int64_t i = 0; i < c->n; i++)
            dy[i] -= room[i] * total;
        return;
    }
    const float total = sum(y, c->n);
    for (int64_t i = 0; i < c->n; i++) {
        const float p = y[i] / total, of_p = -d * labels[i] / cut(p) * inside(p);
        dy[i] = of_p / total;
        room[i] = -of_p * p / total;
    }
    const float of_total = sum(room, c->n);
    for (int64_t i = 0; i < c->n; i++)
        dy[i] += of_total;
}

static void gradients(const job *j, int64_t first, int64_t end, float *room) {
    const msq_crossentropy *const c = j->of;
    for (int64_t r = first; r < end; r++)
        if (c->classes)
            class_gradient(c, r, j->out + r * c->n, j->d[r]);
        else
            label_gradient(c, r, j->out + r * c->n, j->d[r], room);
}

static void rows_body(void *context, int thread, int num_threads) {
    const job *const j = context;
    const msq_crossentropy *const c = j->of;
    float *const room = j->rooms + (int64_t)thread * j->chunk * c->n;
    void (*const work)(const job *, int64_t, int64_t, float *) = j->d         ? gradients
                                                                 : c->classes ? class_losses
                                                                              : label_losses;
    const int64_t end = msq_share(c->rows, thread + 1, num_threads);
    for (int64_t r = msq_share(c->rows, thread, num_threads); r < end; r += j->chunk)
        work(j, r, end - r < j->chunk ? end : r + j->chunk, room);
}

static int run(job *j, int64_t *bad_row, int num_threads) {
    const msq_crossentropy *const c = j->of;
    if (c->rows < 0 || c->n < 0)
        return MSQ_OUT_OF_RANGE;
    for (*bad_row = 0; *bad_row < c->rows && c->classes; ++*bad_row)
        if (c->classes[*bad_row] < 0 || c->classes[*bad_row] >= c->n)
            return MSQ_OUT_OF_RANGE;
    const double values = (double)c->rows * (double)c->n;
    const int threads = msq_plan_threads(num_threads, c->rows, values, GRAIN);
    j->chunk = c->n < CHUNK ? CHUNK / (c->n ? c->n : 1) : 1;
    int64_t floats = threads;
    if (msq_multiply(&floats, j->chunk) || msq_multiply(&floats, c->n))
        return MSQ_NO_MEMORY;
    j->rooms = msq_allocate(floats);
    if (!j->rooms)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, rows_body, j);
    msq_aligned_free(j->rooms);
    return MSQ_OK;
}

int msq_crossentropy_f32(float *losses, const msq_crossentropy *c, int64_t *bad_row,
                         int num_threads) {
    job j = {.out = losses, .of = c};
    return run(&j, bad_row, num_threads);
}

int msq_crossentropy_back_f32(float *dy, const float *d, const msq_crossentropy *c,
                              int64_t *bad_row, int num_threads) {
    job j = {.out = dy, .d = d, .of = c};
    return run(&j, bad_row, num_threads);
}

/* Binary labels: each value by itself. */

typedef struct {
    float *out;
    const float *d, *y, *labels;
    int64_t count, repeats;
    int from_logits;
} binary_job;

/* The logarithms of the probabilities of 1 and of 0. */
static void both_logs(float *yes, float *no, const float *y, int64_t n, int from_logits) {
    for (int64_t i = 0; i < n; i++) {
        yes[i] = from_logits ? y[i] : cut(y[i]);
        no[i] = from_logits ? -y[i] : 1 - yes[i];
    }
    if (from_logits) {
        msq_kernels()->activation[MSQ_LOOP_LOG_SIGMOID](yes, yes, n, NULL);
        msq_kernels()->activation[MSQ_LOOP_LOG_SIGMOID](no, no, n, NULL);
    } else {
        logs(yes, yes, n);
        logs(no, no, n);
    }
}

static void binary_losses(const binary_job *j, int64_t first, int64_t n) {
    float yes[BLOCK], no[BLOCK];
    const float *const labels = j->labels + first;
    both_logs(yes, no, j->y + first, n, j->from_logits);
    for (int64_t i = 0; i < n; i++)
        j->out[first + i] = -(labels[i] * yes[i] + (1 - labels[i]) * no[i]);
}

static void binary_gradient(const binary_job *j, int64_t first, int64_t n) {
    float yes[BLOCK], no[BLOCK], x[BLOCK];
    const float *const labels = j->labels + first, *const y = j->y + first;
    for (int64_t i = 0; i < n; i++) {
        const float d = -j->d[(first + i) / j->repeats];
        yes[i] = d * labels[i], no[i] = d * (1 - labels[i]), x[i] = -y[i];
    }
    if (j->from_logits) { /* the slope looks at x alone */
        msq_activation_back_fn *const back = msq_kernels()->activation_back[MSQ_LOOP_LOG_SIGMOID];
        back(yes, yes, y, y, n, NULL);
        back(no, no, x, x, n, NULL);
    }
    for (int64_t i = 0; i < n; i++) {
        const float p = cut(y[i]);
        if (j->from_logits)
            j->out[first + i] = yes[i] - no[i];
        else
            j->out[first + i] = (yes[i] / p - no[i] / (1 - p)) * inside(y[i]);
    }
}

static void binary_body(void *context, int thread, int num_threads) {
    const binary_job *const j = context;
    const int64_t end = msq_share(j->count, thread + 1, num_threads);
    for (int64_t i = msq_share(j->count, thread, num_threads); i < end; i += BLOCK)
        (j->d ? binary_gradient : binary_losses)(j, i, end - i < BLOCK ? end - i : BLOCK);
}

static int run_binary(binary_job *j, int num_threads) {
    if (j->count < 0 || j->repeats < 1)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, j->count, (double)j->count, GRAIN), binary_body, j);
    return MSQ_OK;
}

int msq_binary_crossentropy_f32(float *losses, const float *y, const float *labels, int64_t count,
                                int from_logits, int num_threads) {
    binary_job j = {losses, NULL, y, labels, count, 1, from_logits};
    return run_binary(&j, num_threads);
}

int msq_binary_crossentropy_back_f32(float *dy, const float *d, const float *y, const float *labels,
                                     int64_t count, int64_t repeats, int from_logits,
                                     int num_threads) {
    binary_job j = {dy, d, y, labels, count, repeats, from_logits};
    return run_binary(&j, num_threads);
}
