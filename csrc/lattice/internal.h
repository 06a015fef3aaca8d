/* Lattices inside. */
#ifndef MSQ_LATTICE_INTERNAL_H
#define MSQ_LATTICE_INTERNAL_H

#include "kernels.h"
#include "maskseq.h"
#include "parallel.h"

/* The status of a call of a CRF before its path and its answers are looked at. */
int msq_check_crf(const msq_crf *crf);

/* A copy of offsets (batch + 1), for free(): what is checked must not change. NULL if there is no
 * memory, or, with *status MSQ_OUT_OF_RANGE, if they do not ascend in [0, rows]. */
int64_t *msq_copy_offsets(const int64_t *offsets, int64_t batch, int64_t rows, int *status);

/* The most rows of a sequence. */
int64_t msq_longest(const int64_t *offsets, int64_t batch);

#endif
