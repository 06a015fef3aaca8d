/* Masked softmax of one row, for the drivers that need it inside. */
#ifndef MSQ_SOFTMAX_H
#define MSQ_SOFTMAX_H

#include "kernels.h"

/* Where the real values of a row are: all of them in [first, last), alone unless it has holes. */
typedef struct {
    int64_t first, last;
    int has_holes;
} msq_span;

msq_span msq_find_span(const uint8_t *mask, int64_t n);

/* As msq_masked_softmax_f32, one row of n values on the calling thread; `mask` is read only if
 * `real`, its span, has holes. */
void msq_softmax_row(msq_map_fn *softmax_row, float *y, const float *x, const uint8_t *mask,
                     msq_span real, int64_t n);

#endif
