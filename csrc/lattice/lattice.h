/* Losses of whole sequences that sum over all paths through them, their ways back, and the best
 * path; for this package. Sequence b has the rows [offsets[b], offsets[b + 1]); offsets (batch + 1)
 * ascend in [0, rows]. The same bits on every instruction set and for any number of threads.
 * Statuses: MSQ_OK, MSQ_OUT_OF_RANGE for offsets that do not ascend or leave their range,
 * MSQ_NO_MEMORY, MSQ_INTERRUPTED. */
#ifndef MSQ_LATTICE_H
#define MSQ_LATTICE_H

#include <stdint.h>

/* --- a linear-chain CRF (crf.c) */

typedef struct msq_crf {
    const float *emissions; /* (rows, tags) */
    const int64_t *path; /* (rows): the tag of each row; one outside [0, tags) counts as nearest */
    const int64_t *offsets;
    const float *transitions; /* (tags, tags): from, to */
    const float *start, *end; /* (tags) each, of the first and the last row; NULL = 0 */
    int64_t batch, rows, tags;
} msq_crf;

/* losses[b] = log(sum over all paths of e^score) less the score of the given path: 0 for no rows.
 * alphas (rows, tags) is for the way back: log(sum over the paths to a tag of e^score), less the
 * largest of the row. */
int msq_crf_f32(const msq_crf *crf, float *losses, float *alphas, int num_threads);

/* From d_losses (batch), the gradients of the emissions, and of the weights, each shaped as these;
 * d_start and d_end are NULL if they are. Rows of no sequence are not written. Weights are summed
 * in float64, sequences in at most 64 fixed groups. */
int msq_crf_backward_f32(const msq_crf *crf, const float *alphas, const float *d_losses,
                         float *d_emissions, float *d_transitions, float *d_start, float *d_end,
                         int num_threads);

/* --- its best path (viterbi.c) */

/* best (rows): the tags of the path of the largest score; of equal ones, the first tag before a
 * tag, and the first last tag. scores[b] is that score, 0 for no rows. A NaN counts as larger than
 * any number. crf->path is not read; rows of no sequence are not written. */
int msq_crf_decode_f32(const msq_crf *crf, int32_t *best, float *scores, int num_threads);

/* --- connectionist temporal classification (ctc.c) */

typedef struct msq_ctc {
    const float *logits;   /* (rows, classes) */
    const int64_t *labels; /* (label_rows); one outside [0, classes) counts as nearest */
    const int64_t *offsets, *label_offsets;
    int64_t batch, rows, classes, label_rows;
    int64_t blank; /* the class between labels, in [0, classes) */
} msq_ctc;

/* losses[b] = -log(sum over all alignments of the labels with the rows of their probability);
 * infinite if there are fewer rows than labels need. */
int msq_ctc_f32(const msq_ctc *ctc, float *losses, int num_threads);

/* The gradients of the logits from d_losses (batch); 0 where a loss is infinite. Rows of no
 * sequence are not written. */
int msq_ctc_backward_f32(const msq_ctc *ctc, const float *d_losses, float *d_logits,
                         int num_threads);

#endif
