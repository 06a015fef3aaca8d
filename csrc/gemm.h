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

/* msq_dense_pack of a kernel (out, in), its rows and columns exchanged, without a bias. */
int msq_dense_pack_turned(msq_dense **dense, const float *kernel, int64_t in, int64_t out);
/* msq_dense_pack of a kernel in another precision (low/low.h): codes (in, out), for MSQ_INT8 a step
 * for each output. Where the CPU has no instructions for MSQ_BFLOAT16, it is float32 from here on.
 * MSQ_OUT_OF_RANGE too for MSQ_INT8 of more than MSQ_MAX_INT8_DEPTH inputs. */
int msq_dense_pack_low(msq_dense **dense, int precision, const void *codes, const float *steps,
                       const float *bias, int64_t in, int64_t out);
/* msq_dense_f32 of rows x_stride apart. */
int msq_dense_rows_f32(float *y, const float *x, int64_t x_stride, const msq_dense *dense,
                       int64_t rows, int activation, int num_threads);
/* Layers whose products msq_dense_beside_f32 makes together. */
enum { MSQ_MOST_BESIDE = 3 };
/* msq_dense_f32 without an activation of `count` layers on the same rows, y[i] that of the layer i:
 * threads begin and end together once for all of them. */
int msq_dense_beside_f32(float *const *y, const float *x, const msq_dense *const *dense, int count,
                         int64_t rows, int num_threads);
/* The panels of a dense layer in float32: one group, of `*out` columns, each the sum of `*in`
 * products. */
const float *msq_dense_panels(const msq_dense *dense, int64_t *in, int64_t *out);
/* Its bias, in whole blocks. */
const float *msq_dense_bias(const msq_dense *dense);
/* The ISA they are packed for. */
const msq_kernel_table *msq_dense_kernels(const msq_dense *dense);
/* What multiplies panels in fewer bits; NULL: they are floats. */
const struct msq_low_table *msq_dense_low(const msq_dense *dense);

#endif
