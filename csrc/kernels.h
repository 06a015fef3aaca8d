/* The table of kernels of one instruction set (ISA): inner loops on a tile or a row.
 * No function in it allocates, uses threads or decides anything; drivers in csrc/ do. */
#ifndef MSQ_KERNELS_H
#define MSQ_KERNELS_H

#include "maskseq.h"

/* y[i] = f(x[i]); y may be x. */
typedef void msq_map_fn(float *y, const float *x, int64_t n);

/* Activations with an inner loop per ISA come first; the others (activation.c) are computed in
 * double. */
enum msq_fast_activation {
    MSQ_LINEAR,
    MSQ_RELU,
    MSQ_SIGMOID,
    MSQ_TANH,
    MSQ_EXPONENTIAL,
    MSQ_FAST_ACTIVATIONS
};

typedef struct msq_kernel_table {
    const char *name;
    msq_map_fn *activation[MSQ_FAST_ACTIVATIONS];
    msq_map_fn *softmax_row;
} msq_kernel_table;

extern const msq_kernel_table msq_kernels_generic, msq_kernels_avx2, msq_kernels_avx512;

/* The active table. */
const msq_kernel_table *msq_kernels(void);

/* msq_activation_f32 on the calling thread, for use inside other drivers. */
void msq_activate(float *y, const float *x, int64_t n, int activation);

#endif
