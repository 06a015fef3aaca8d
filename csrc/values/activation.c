/* The elementwise activations by name, with and without options: threads share the values. */
#include "values.h"

#include "arrays.h"
#include "kernels.h"
#include "parallel.h"

#include <stddef.h>

/* Values for which one more thread pays: about 13 us of exp. */
enum { VALUES_PER_THREAD = 1 << 15 };

/* The public ones, in an order that never changes: an inner loop and the usual option. */
static const struct {
    const char *name;
    int loop;
    float option;
} activations[] = {
    [MSQ_LINEAR] = {"linear", MSQ_LINEAR, 0},
    [MSQ_RELU] = {"relu", MSQ_RELU, 0},
    [MSQ_SIGMOID] = {"sigmoid", MSQ_SIGMOID, 0},
    [MSQ_TANH] = {"tanh", MSQ_TANH, 0},
    [MSQ_EXPONENTIAL] = {"exponential", MSQ_EXPONENTIAL, 0},
    {"relu6", MSQ_LOOP_RELU6, 0},
    {"leaky_relu", MSQ_LOOP_LEAKY_RELU, 0.2f},
    {"hard_sigmoid", MSQ_LOOP_HARD_SIGMOID, 0},
    {"hard_sigmoid_keras2", MSQ_LOOP_HARD_SIGMOID_KERAS2, 0},
    {"hard_silu", MSQ_LOOP_HARD_SILU, 0},
    {"hard_tanh", MSQ_LOOP_HARD_TANH, 0},
    {"hard_shrink", MSQ_LOOP_HARD_SHRINK, 0.5f},
    {"soft_shrink", MSQ_LOOP_SOFT_SHRINK, 0.5f},
    {"tanh_shrink", MSQ_LOOP_TANH_SHRINK, 0},
    {"elu", MSQ_LOOP_ELU, 1},
    {"celu", MSQ_LOOP_ELU, 1}, /* alpha = 1 makes them one */
    {"selu", MSQ_LOOP_SELU, 0},
    {"softplus", MSQ_LOOP_SOFTPLUS, 0},
    {"softsign", MSQ_LOOP_SOFTSIGN, 0},
    {"log_sigmoid", MSQ_LOOP_LOG_SIGMOID, 0},
    {"silu", MSQ_LOOP_SILU, 0},
    {"mish", MSQ_LOOP_MISH, 0},
    {"gelu", MSQ_LOOP_GELU, 0},
    {"squareplus", MSQ_LOOP_SQUAREPLUS, 4},
    {"sparse_plus", MSQ_LOOP_SPARSE_PLUS, 0},
    {"sparse_sigmoid", MSQ_LOOP_SPARSE_SIGMOID, 0},
};
enum { NUM_ACTIVATIONS = sizeof activations / sizeof *activations };

static const struct {
    const char *name;
    int loop, options;
} with_options[] = {
    {"leaky_relu", MSQ_LOOP_LEAKY_RELU, 1},
    {"elu", MSQ_LOOP_ELU, 1},
    {"celu", MSQ_LOOP_CELU, 1},
    {"gelu_tanh", MSQ_LOOP_GELU_TANH, 0},
    {"squareplus", MSQ_LOOP_SQUAREPLUS, 1},
    {"soft_shrink", MSQ_LOOP_SOFT_SHRINK, 1},
    {"hard_shrink", MSQ_LOOP_HARD_SHRINK, 1},
    {"relu", MSQ_LOOP_RELU_BETWEEN, 3},
    {"threshold", MSQ_LOOP_THRESHOLD, 2},
};
enum { NUM_WITH_OPTIONS = sizeof with_options / sizeof *with_options };

const char *msq_activation_name(int activation) {
    return activation >= 0 && activation < NUM_ACTIVATIONS ? activations[activation].name : NULL;
}

const char *msq_option_activation_name(int activation) {
    return activation >= 0 && activation < NUM_WITH_OPTIONS ? with_options[activation].name : NULL;
}

int msq_option_activation_count(int activation) {
    return with_options[activation].options;
}

void msq_activate(float *y, const float *x, int64_t n, int activation) {
    if (activation == MSQ_LINEAR && y == x)
        return;
    const int loop = activations[activation].loop;
    msq_kernels()->activation[loop](y, x, n, &activations[activation].option);
}

struct job {
    float *y;
    const float *x, *options; /* or the alphas of PReLU */
    int64_t n, rows;
    int loop;
    const float *d, *made; /* of the way back: what y was, and its gradient; y is that of x */
};

static void run_share(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t begin = msq_share(job->n, thread, num_threads);
    const int64_t n = msq_share(job->n, thread + 1, num_threads) - begin;
    msq_kernels()->activation[job->loop](job->y + begin, job->x + begin, n, job->options);
}

int msq_activation_f32(float *y, const float *x, int64_t n, int activation, int num_threads) {
    if (n < 0 || !msq_activation_name(activation))
        return MSQ_OUT_OF_RANGE;
    const int loop = activations[activation].loop;
    struct job job = {y, x, &activations[activation].option, n, 1, loop, NULL, NULL};
    msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_share, &job);
    return MSQ_OK;
}

void msq_option_activation_f32(float *y, const float *x, int64_t n, int activation,
                               const float *options, int num_threads) {
    struct job job = {y, x, options, n, 1, with_options[activation].loop, NULL, NULL};
    msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_share, &job);
}

static void run_back(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t i = msq_share(job->n, thread, num_threads);
    const int64_t n = msq_share(job->n, thread + 1, num_threads) - i;
    msq_kernels()->activation_back[job->loop](job->y + i, job->d + i, job->made + i, job->x + i, n,
                                              job->options);
}

int msq_activation_backward_f32(float *dx, const float *d, const float *y, const float *x,
                                int64_t n, int activation, int num_threads) {
    if (n < 0 || !msq_activation_name(activation) || msq_missing(dx, n, 1) ||
        msq_missing(d, n, 1) || msq_missing(y, n, 1) || msq_missing(x, n, 1))
        return MSQ_OUT_OF_RANGE;
    const int loop = activations[activation].loop;
    struct job job = {dx, x, &activations[activation].option, n, 1, loop, d, y};
    msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_back, &job);
    return MSQ_OK;
}

void msq_option_activation_back_f32(float *dx, const float *d, const float *y, const float *x,
                                    int64_t n, int activation, const float *options,
                                    int num_threads) {
    struct job job = {dx, x, options, n, 1, with_options[activation].loop, d, y};
    msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_back, &job);
}

static void run_rows(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t n = job->n, end = msq_share(job->rows, thread + 1, num_threads);
    for (int64_t row = msq_share(job->rows, thread, num_threads); row < end; row++)
        msq_kernels()->prelu_row(job->y + row * n, job->x + row * n, job->options, n);
}

void msq_prelu_f32(float *y, const float *x, const float *alpha, int64_t rows, int64_t n,
                   int num_threads) {
    struct job job = {y, x, alpha, n, rows, 0, NULL, NULL};
    const double values = (double)rows * (double)n;
    msq_parallel(msq_plan_threads(num_threads, rows, values, VALUES_PER_THREAD), run_rows, &job);
}

/* Rows of x are those of what is let through, then those of the gate. */
static void run_glu(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t n = job->n, end = msq_share(job->rows, thread + 1, num_threads);
    for (int64_t row = msq_share(job->rows, thread, num_threads); row < end; row++) {
        const float *const x = job->x + 2 * row * n;
        if (job->d)
            msq_kernels()->glu_back_row(job->y + 2 * row * n, job->y + (2 * row + 1) * n,
                                        job->d + row * n, x, x + n, n);
        else
            msq_kernels()->glu_row(job->y + row * n, x, x + n, n);
    }
}

static void glu(struct job job, int num_threads) {
    const double values = (double)job.rows * (double)job.n;
    msq_parallel(msq_plan_threads(num_threads, job.rows, values, VALUES_PER_THREAD), run_glu, &job);
}

void msq_glu_f32(float *y, const float *x, int64_t rows, int64_t n, int num_threads) {
    glu((struct job){.y = y, .x = x, .n = n, .rows = rows}, num_threads);
}

void msq_glu_back_f32(float *dx, const float *d, const float *x, int64_t rows, int64_t n,
                      int num_threads) {
    glu((struct job){.y = dx, .x = x, .n = n, .rows = rows, .d = d}, num_threads);
}
