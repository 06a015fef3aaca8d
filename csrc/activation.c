/* The elementwise activations by name. The common ones are inner loops of the ISA; the others are
 * computed in double through the C library and rounded once, one value after the other. */
#include "kernels.h"
#include "parallel.h"

#include <math.h>
#include <stddef.h>

/* Values for which one more thread pays: about 13 us of exp. */
enum { VALUES_PER_THREAD = 1 << 15 };

static double relu6(double x) {
    return x < 0 ? 0 : x > 6 ? 6 : x;
}
static double hard_sigmoid(double x) {
    return relu6(x + 3) / 6;
}
static double hard_sigmoid_keras2(double x) { /* what Keras before version 3 calls hard_sigmoid */
    return x < -2.5 ? 0 : x > 2.5 ? 1 : 0.2 * x + 0.5;
}
static double hard_silu(double x) {
    return x * hard_sigmoid(x);
}
static double hard_shrink(double x) {
    return x >= -0.5 && x <= 0.5 ? 0 : x;
}
static double soft_shrink(double x) {
    return x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : x * 0;
}
static double tanh_shrink(double x) {
    return x - tanh(x);
}
static double selu(double x) {
    return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * expm1(x) : x);
}
static double softplus(double x) {
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x))) + x * 0;
}
static double log_sigmoid(double x) {
    return -softplus(-x);
}
static double mish(double x) {
    return x < -800 ? -0.0 : x * tanh(softplus(x));
}
static double gelu(double x) {
    return x < -800 ? -0.0 : x * 0.5 * erfc(-x * 0.7071067811865476);
}
static double squareplus(double x) {
    return 0.5 * (x + sqrt(x * x + 4));
}
static double sparse_plus(double x) {
    return x <= -1 ? 0 : x >= 1 ? x : 0.25 * (x + 1) * (x + 1);
}
static double sparse_sigmoid(double x) {
    return x <= -1 ? 0 : x >= 1 ? 1 : 0.5 * (x + 1);
}

typedef double scalar_fn(double x);

static const struct {
    const char *name;
    scalar_fn *scalar; /* NULL: an inner loop of the ISA, at position `loop` of its table */
    int loop;
} activations[] = {
    [MSQ_LINEAR] = {"linear", NULL, MSQ_LINEAR},
    [MSQ_RELU] = {"relu", NULL, MSQ_RELU},
    [MSQ_SIGMOID] = {"sigmoid", NULL, MSQ_SIGMOID},
    [MSQ_TANH] = {"tanh", NULL, MSQ_TANH},
    [MSQ_EXPONENTIAL] = {"exponential", NULL, MSQ_EXPONENTIAL},
    {"relu6", NULL, MSQ_LOOP_RELU6},
    {"leaky_relu", NULL, MSQ_LOOP_LEAKY_RELU},
    {"hard_sigmoid", NULL, MSQ_LOOP_HARD_SIGMOID},
    {"hard_sigmoid_keras2", hard_sigmoid_keras2, 0},
    {"hard_silu", hard_silu, 0},
    {"hard_tanh", NULL, MSQ_LOOP_HARD_TANH},
    {"hard_shrink", hard_shrink, 0},
    {"soft_shrink", soft_shrink, 0},
    {"tanh_shrink", tanh_shrink, 0},
    {"elu", NULL, MSQ_LOOP_ELU},
    {"celu", NULL, MSQ_LOOP_ELU}, /* alpha = 1, the default, makes them one */
    {"selu", selu, 0},
    {"softplus", softplus, 0},
    {"softsign", NULL, MSQ_LOOP_SOFTSIGN},
    {"log_sigmoid", log_sigmoid, 0},
    {"silu", NULL, MSQ_LOOP_SILU},
    {"mish", mish, 0},
    {"gelu", gelu, 0},
    {"squareplus", squareplus, 0},
    {"sparse_plus", sparse_plus, 0},
    {"sparse_sigmoid", sparse_sigmoid, 0},
};
enum { NUM_ACTIVATIONS = sizeof activations / sizeof *activations };

const char *msq_activation_name(int activation) {
    return activation >= 0 && activation < NUM_ACTIVATIONS ? activations[activation].name : NULL;
}

void msq_activate(float *y, const float *x, int64_t n, int activation) {
    scalar_fn *const scalar = activations[activation].scalar;
    if (!scalar) {
        msq_kernels()->activation[activations[activation].loop](y, x, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)scalar((double)x[i]);
}

struct job {
    float *y;
    const float *x;
    int64_t n;
    int activation;
};

static void run_share(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t begin = msq_share(job->n, thread, num_threads);
    const int64_t end = msq_share(job->n, thread + 1, num_threads);
    msq_activate(job->y + begin, job->x + begin, end - begin, job->activation);
}

int msq_activation_f32(float *y, const float *x, int64_t n, int activation, int num_threads) {
    struct job job = {y, x, n, activation};
    if (n < 0 || !msq_activation_name(activation))
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, n, n, VALUES_PER_THREAD), run_share, &job);
    return MSQ_OK;
}
