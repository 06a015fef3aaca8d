/* Packed weights, for the drivers that multiply by them. */
#ifndef MSQ_GEMM_H
#define MSQ_GEMM_H

#include "kernels.h"
#include "system.h"

/* No array may have more values than this, so that no size in bytes overflows. */
#define MAX_FLOATS (INT64_MAX / 64)

/* *product *= factor; 1 if it is negative or more than MAX_FLOATS. */
int msq_multiply(int64_t *product, int64_t factor);

/* Uninitialised, for msq_aligned_free; NULL if there is no memory. */
float *msq_allocate(int64_t floats);

/* panels[block][k][group][width] = w[k][group * units + block * width + lane], 0 past the units;
 * w is (depth, row_stride), and has at least groups * units columns. */
void msq_pack_panels(float *panels, const float *w, int64_t depth, int64_t units,
                     int64_t row_stride, int groups, int width);

/* The panels of a dense layer: one group, of `*out` columns, each the sum of `*in` products. */
const float *msq_dense_panels(const msq_dense *dense, int64_t *in, int64_t *out);
/* The ISA they are packed for. */
const msq_kernel_table *msq_dense_kernels(const msq_dense *dense);

#endif
