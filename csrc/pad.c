/* Rows of sequences of any length -> a rectangle of one length, in one pass over the output. */
#include "rows.h"

#include "maskseq.h"
#include "parallel.h"

#include <string.h>

/* Bytes written for which one more thread pays: about 10 us of work against 2-5 us to wake it. */
enum { GRAIN = 1 << 17 };

typedef struct {
    uint8_t *out;
    const uint8_t *values, *pad;
    const int64_t *offsets;
    int64_t batch, time, n, row_bytes;
    int pad_before, cut_before;
} pad_job;

static void pad_body(void *context, int thread, int num_threads) {
    const pad_job *const job = context;
    const int64_t bytes = job->row_bytes, last = msq_share(job->batch, thread + 1, num_threads);
    for (int64_t b = msq_share(job->batch, thread, num_threads); b < last; b++) {
        const int64_t begin = msq_bounded(&job->offsets[b], 0, job->n);
        const int64_t length = msq_bounded(&job->offsets[b + 1], begin, job->n) - begin;
        const int64_t kept = length < job->time ? length : job->time, gap = job->time - kept;
        const int64_t first = begin + (job->cut_before ? length - kept : 0);
        uint8_t *const out = job->out + b * job->time * bytes;
        msq_repeat_row(job->pad_before ? out : out + kept * bytes, job->pad, gap, bytes);
        if (kept > 0)
            memcpy(job->pad_before ? out + gap * bytes : out, job->values + first * bytes,
                   (size_t)(kept * bytes));
    }
}

int msq_pad_rows(void *out, const void *values, const void *pad, const int64_t *offsets,
                 int64_t batch, int64_t time, int64_t n, int64_t row_bytes, int pad_before,
                 int cut_before, int64_t *bad_position, int num_threads) {
    pad_job job = {out, values, pad, offsets, batch, time, n, row_bytes, pad_before, cut_before};
    *bad_position = 0;
    if (batch < 0 || time < 0 || n < 0 || row_bytes < 0)
        return MSQ_OUT_OF_RANGE;
    for (int64_t b = 0; b <= batch; b++)
        if (offsets[b] < (b > 0 ? offsets[b - 1] : 0) || offsets[b] > n) {
            *bad_position = b;
            return MSQ_BAD_OFFSETS;
        }
    const double bytes = (double)batch * (double)time * (double)row_bytes;
    msq_parallel(msq_plan_threads(num_threads, batch, bytes, GRAIN), pad_body, &job);
    return MSQ_OK;
}
