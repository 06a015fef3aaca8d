/* Steps of optimizers: one pass over a weight and what is kept of it. Threads share the values. */
#include "backward.h"

#include "kernels.h"
#include "parallel.h"

enum { GRAIN = 1 << 15 /* values for which one more thread pays */ };

static const float *after(const float *p, int64_t n) {
    return p ? p + n : p;
}

static void adam_body(void *context, int thread, int num_threads) {
    const msq_adam *const a = context;
    const int64_t first = msq_share(a->n, thread, num_threads);
    msq_adam part = *a;
    part.n = msq_share(a->n, thread + 1, num_threads) - first;
    part.w += first, part.g += first, part.m += first, part.v += first;
    part.new_w += first, part.new_m += first, part.new_v += first;
    part.most = after(a->most, first);
    part.new_most = a->most ? a->new_most + first : NULL;
    msq_kernels()->adam(&part);
}

int msq_adam_f32(const msq_adam *adam, int num_threads) {
    msq_adam a = *adam;
    if (a.n < 0)
        return MSQ_OUT_OF_RANGE;
    msq_parallel(msq_plan_threads(num_threads, a.n, (double)a.n, GRAIN), adam_body, &a);
    return MSQ_OK;
}
