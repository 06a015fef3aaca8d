/* Recurrent layers in training, for the C API: a run that keeps what the way back needs. The walks
 * are in walk.c and backward.c, what is made of the way back in gradients.c. */
#include "tape.h"

#include "arrays.h"
#include "gemm.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* Floats between two kept rows: rows 4 KB apart would all be in the same sets of the cache. */
enum { KEPT_GAP = 16 };

void msq_rnn_tape_free(msq_rnn_tape *tape) {
    if (!tape)
        return;
    free(tape->offsets);
    msq_aligned_free(tape->kept);
    msq_aligned_free(tape->kept_c);
    free(tape);
}

/* Copies the call with its offsets, which are then checked. */
static int copy_call(msq_rnn_tape *tape, msq_rnn_run *run, int64_t *bad_position) {
    const msq_rnn_call *const call = &run->call;
    if (call->batch < 0 || !call->offsets || msq_missing(call->h, call->batch, 1))
        return MSQ_OUT_OF_RANGE;
    if (call->batch >= MAX_FLOATS)
        return MSQ_NO_MEMORY;
    const size_t bytes = (size_t)(call->batch + 1) * sizeof *tape->offsets;
    tape->offsets = malloc(bytes);
    if (!tape->offsets)
        return MSQ_NO_MEMORY;
    memcpy(tape->offsets, call->offsets, bytes);
    run->call.offsets = tape->offsets;
    run->steps = tape->steps = tape->offsets[call->batch];
    tape->call = run->call;
    const int status = msq_rnn_check(run, bad_position);
    if (status != MSQ_OK)
        return status;
    const int overlaps = tape->steps > 1 && call->sequence_stride < tape->units;
    return overlaps || msq_missing(call->x, call->x_rows, 1) ||
                   msq_missing(call->sequences, tape->steps, 1)
               ? MSQ_OUT_OF_RANGE
               : MSQ_OK;
}

static int make_room(msq_rnn_tape *tape, msq_rnn_run *run) {
    const int is_lstm = tape->kind == MSQ_LSTM;
    int64_t kept = tape->steps, cells = tape->steps;
    tape->stride = (tape->kind == MSQ_SIMPLE_RNN ? 1 : 4) * tape->units + KEPT_GAP;
    if (msq_multiply(&kept, tape->stride) || msq_multiply(&cells, tape->units))
        return MSQ_NO_MEMORY;
    tape->kept = msq_allocate(kept);
    tape->kept_c = is_lstm ? msq_allocate(cells) : NULL;
    if (tape->kind != MSQ_SIMPLE_RNN) /* whose outputs are enough */
        run->kept = tape->kept, run->kept_stride = tape->stride, run->kept_c = tape->kept_c;
    return tape->kept && (tape->kept_c || !is_lstm) ? MSQ_OK : MSQ_NO_MEMORY;
}

int msq_rnn_taped_f32(msq_rnn_tape **made, const msq_rnn *rnn, const msq_rnn_call *call,
                      int64_t *bad_position) {
    *bad_position = 0;
    if (call->size != sizeof *call || !msq_rnn_has_back(rnn))
        return MSQ_UNSUPPORTED;
    msq_rnn_tape *const tape = calloc(1, sizeof *tape);
    if (!tape)
        return MSQ_NO_MEMORY;
    *tape = (msq_rnn_tape){.kind = rnn->kind,
                           .features = rnn->features,
                           .units = rnn->units,
                           .columns = rnn->gates * rnn->units};
    msq_rnn_run run = {.rnn = rnn, .call = *call};
    int status = copy_call(tape, &run, bad_position);
    if (status == MSQ_OK)
        status = make_room(tape, &run);
    if (status == MSQ_OK)
        status = msq_rnn_runs_f32((msq_rnn_run *const[]){&run}, 1, bad_position);
    if (status == MSQ_OK)
        *made = tape;
    else
        msq_rnn_tape_free(tape);
    return status;
}
