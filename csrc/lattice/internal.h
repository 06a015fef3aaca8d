/* Lattices inside. */
#ifndef MSQ_LATTICE_INTERNAL_H
#define MSQ_LATTICE_INTERNAL_H

#include "kernels.h"
#include "parallel.h"

/* A copy of offsets (batch + 1), for free(): what is checked must not change. NULL if there is no
 * memory, or, with *status MSQ_OUT_OF_RANGE, if they do not ascend in [0, rows]. */
int64_t *msq_copy_offsets(const int64_t *offsets, int64_t batch, int64_t rows, int *status);

/* The most rows of a sequence. */
int64_t msq_longest(const int64_t *offsets, int64_t batch);

#endif
