/* Masks from ids, values and lengths.  1 = a real step, 0 = a masked one; every byte is written
 * once. */
#include "parallel.h"

#include "maskseq.h"

#include <stddef.h>
#include <string.h>

/* Bytes read for which one more thread pays: 7 us of work, 30 if all steps are masked, against 2-5
 * us to wake it. A region on a busy machine can wait for a time slice: it must have something to
 * gain. */
enum { GRAIN = 1 << 18 };

/* One loop a width: an id is real if any significant bit is set. In a float every bit but the sign
 * is significant: -0.0 is masked like 0.0, and NaN is real. */
#define DEFINE_NONZERO(bits)                                                                       \
    static void nonzero_##bits(uint8_t *mask, const void *ids, int64_t first, int64_t last,        \
                               uint64_t significant) {                                             \
        const uint##bits##_t *const id = ids;                                                      \
        const uint##bits##_t keep = (uint##bits##_t)significant;                                   \
        for (int64_t i = first; i < last; i++)                                                     \
            mask[i] = (id[i] & keep) != 0;                                                         \
    }
DEFINE_NONZERO(8)
DEFINE_NONZERO(16)
DEFINE_NONZERO(32)
DEFINE_NONZERO(64)

typedef struct {
    uint8_t *mask;
    const void *ids;
    int64_t n;
    uint64_t significant;
    void (*nonzero)(uint8_t *mask, const void *ids, int64_t first, int64_t last,
                    uint64_t significant);
} ids_job;

static void ids_body(void *context, int thread, int num_threads) {
    const ids_job *const job = context;
    job->nonzero(job->mask, job->ids, msq_share(job->n, thread, num_threads),
                 msq_share(job->n, thread + 1, num_threads), job->significant);
}

int msq_mask_from_ids(uint8_t *mask, const void *ids, int64_t n, int item_size, int is_float,
                      int num_threads) {
    ids_job job = {.mask = mask, .ids = ids, .n = n};
    if (n < 0)
        return MSQ_OUT_OF_RANGE;
    switch (item_size) {
    case 1:
        job.nonzero = nonzero_8;
        break;
    case 2:
        job.nonzero = nonzero_16;
        break;
    case 4:
        job.nonzero = nonzero_32;
        break;
    case 8:
        job.nonzero = nonzero_64;
        break;
    default:
        return MSQ_UNSUPPORTED;
    }
    job.significant = is_float ? (UINT64_C(1) << (8 * item_size - 1)) - 1 : UINT64_MAX;
    msq_parallel(msq_plan_threads(num_threads, n, (double)n * item_size, GRAIN), ids_body, &job);
    return MSQ_OK;
}

/* Blocks of 16 have no branch inside, so they vectorise; a real row leaves at its first block. */
static uint8_t any_differs(const float *row, float value, int64_t features) {
    int64_t f = 0;
    for (; f + 16 <= features; f += 16) {
        int differs = 0;
        for (int lane = 0; lane < 16; lane++)
            differs |= row[f + lane] != value;
        if (differs)
            return 1;
    }
    for (; f < features; f++)
        if (row[f] != value)
            return 1;
    return 0;
}

typedef struct {
    uint8_t *mask;
    const float *x;
    float mask_value;
    int64_t n, features;
} values_job;

static void values_body(void *context, int thread, int num_threads) {
    const values_job *const job = context;
    const int64_t last = msq_share(job->n, thread + 1, num_threads);
    for (int64_t row = msq_share(job->n, thread, num_threads); row < last; row++)
        job->mask[row] = any_differs(job->x + row * job->features, job->mask_value, job->features);
}

void msq_mask_from_values_f32(uint8_t *mask, const float *x, float mask_value, int64_t n,
                              int64_t features, int num_threads) {
    values_job job = {mask, x, mask_value, n, features};
    const double bytes = (double)n * (double)features * sizeof *x;
    if (n > 0 && features >= 0)
        msq_parallel(msq_plan_threads(num_threads, n, bytes, GRAIN), values_body, &job);
}

int msq_mask_from_lengths(uint8_t *mask, const int64_t *lengths, int64_t batch, int64_t time,
                          int pre, int64_t *bad_position) {
    *bad_position = 0;
    if (batch < 0 || time < 0)
        return MSQ_OUT_OF_RANGE;
    for (int64_t b = 0; b < batch; b++) {
        const int64_t length = msq_read(&lengths[b]);
        if (length < 0 || length > time) {
            *bad_position = b;
            return MSQ_OUT_OF_RANGE;
        }
        const int64_t split = pre ? time - length : length;
        memset(mask + b * time, !pre, (size_t)split);
        memset(mask + b * time + split, pre != 0, (size_t)(time - split));
    }
    return MSQ_OK;
}
