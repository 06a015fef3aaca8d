/* The way back through a dense layer: two products and a sum. */
#include "arrays.h"
#include "gemm.h"
#include "maskseq.h"

static int input_gradient(float *d_x, const float *dz, const float *kernel, int64_t rows,
                          int64_t in, int64_t out, int num_threads) {
    msq_dense *turned;
    int status = msq_dense_pack_turned(&turned, kernel, out, in);
    if (status != MSQ_OK)
        return status;
    status = msq_dense_f32(d_x, dz, turned, rows, MSQ_LINEAR, num_threads);
    msq_dense_free(turned);
    return status;
}

int msq_dense_backward_f32(float *d_x, float *d_kernel, float *d_bias, const float *dz,
                           const float *x, const float *kernel, int64_t rows, int64_t in,
                           int64_t out, int num_threads) {
    int status = MSQ_OK;
    int64_t bad;
    if (rows < 0 || in < 1 || out < 1 || msq_missing(dz, rows, out) ||
        (d_kernel && msq_missing(x, rows, in)) || (d_x && !kernel))
        return MSQ_OUT_OF_RANGE;
    if (d_x)
        status = input_gradient(d_x, dz, kernel, rows, in, out, num_threads);
    if (d_kernel && status == MSQ_OK)
        status = msq_outer_f32(&(msq_outer){.size = sizeof(msq_outer),
                                            .out = d_kernel,
                                            .x = x,
                                            .dz = dz,
                                            .x_rows = rows,
                                            .rows = rows,
                                            .inputs = in,
                                            .columns = out,
                                            .x_stride = in,
                                            .dz_stride = out,
                                            .out_stride = out},
                               &bad, num_threads);
    if (d_bias && status == MSQ_OK)
        status = msq_column_sums_f32(d_bias, dz, rows, out, out, num_threads);
    return status;
}
