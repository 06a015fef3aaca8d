/* Elementary functions over arrays: threads share the values. */
#include "values.h"

#include "kernels.h"
#include "parallel.h"

#include <stddef.h>

/* Values for which one more thread pays: some 15 us of work. */
enum { VALUES_PER_THREAD = 1 << 14 };

/* In the order of ELEMENTARY_LOOPS in isa/elementary_tmpl.h. */
static const char *const names[] = {"expm1", "log",    "log1p",  "log2",   "log10", "sin",  "cos",
                                    "tan",   "arcsin", "arccos", "arctan", "sinh",  "cosh", "erf"};
static const char *const pair_names[] = {"power", "arctan2"};
_Static_assert(sizeof names / sizeof *names == MSQ_ELEMENTARY, "a name for each function");
_Static_assert(sizeof pair_names / sizeof *pair_names == MSQ_ELEMENTARY_PAIR, "and each pair");

const char *msq_elementary_name(int function) {
    return function >= 0 && function < MSQ_ELEMENTARY ? names[function] : NULL;
}

const char *msq_elementary_pair_name(int function) {
    return function >= 0 && function < MSQ_ELEMENTARY_PAIR ? pair_names[function] : NULL;
}

struct job {
    float *z;
    const float *x, *y;
    int64_t x_step, y_step, n;
    int function;
};

static void run_share(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t begin = msq_share(job->n, thread, num_threads);
    const int64_t n = msq_share(job->n, thread + 1, num_threads) - begin;
    msq_kernels()->elementary[job->function](job->z + begin, job->x + begin, n);
}

static void run_pair_share(void *context, int thread, int num_threads) {
    const struct job *const job = context;
    const int64_t begin = msq_share(job->n, thread, num_threads);
    const int64_t n = msq_share(job->n, thread + 1, num_threads) - begin;
    msq_kernels()->elementary_pair[job->function](job->z + begin, job->x + begin * job->x_step,
                                                  job->x_step, job->y + begin * job->y_step,
                                                  job->y_step, n);
}

void msq_elementary_f32(float *y, const float *x, int64_t n, int function, int num_threads) {
    struct job job = {.z = y, .x = x, .n = n, .function = function};
    if (n > 0 && msq_elementary_name(function))
        msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_share,
                     &job);
}

void msq_elementary_pair_f32(float *z, const float *x, int64_t x_step, const float *y,
                             int64_t y_step, int64_t n, int function, int num_threads) {
    struct job job = {z, x, y, x_step, y_step, n, function};
    if (n > 0 && msq_elementary_pair_name(function))
        msq_parallel(msq_plan_threads(num_threads, n, (double)n, VALUES_PER_THREAD), run_pair_share,
                     &job);
}
