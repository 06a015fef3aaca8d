/* Scores of additive attention: threads share the queries. */
#include "kernels.h"
#include "parallel.h"
#include "values.h"

/* Values for which one more thread pays: about 13 us of tanh. */
enum { GRAIN = 1 << 14 };

typedef struct {
    float *scores;
    const float *q, *k, *scale;
    int64_t queries, keys, dim;
    float factor;
} scores_job;

static void scores_body(void *context, int thread, int num_threads) {
    const scores_job *const job = context;
    const int64_t end = msq_share(job->queries, thread + 1, num_threads);
    for (int64_t i = msq_share(job->queries, thread, num_threads); i < end; i++)
        msq_kernels()->additive_scores(job->scores + i * job->keys, job->q + i * job->dim, job->k,
                                       job->keys, job->dim, job->factor, job->scale);
}

void msq_additive_scores_f32(float *scores, const float *q, const float *k, const float *scale,
                             int64_t queries, int64_t keys, int64_t dim, float factor,
                             int num_threads) {
    scores_job job = {scores, q, k, scale, queries, keys, dim, factor};
    const double values = (double)queries * (double)keys * (double)dim;
    if (queries > 0 && keys > 0)
        msq_parallel(msq_plan_threads(num_threads, queries, values, GRAIN), scores_body, &job);
}
