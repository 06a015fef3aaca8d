/* The C API of maskseq: float32 kernels for sequences of different lengths.
 *
 * Every function is thread-safe and reads only what its comment says. Sizes are int64_t; arrays are
 * C-contiguous unless a stride is named. `num_threads` <= 0 means the default
 * (msq_default_threads). A result has the same bits for any number of threads, any neighbours in
 * the batch and any instruction set. Functions that can fail return a status: MSQ_OK or one of the
 * errors below. */
#ifndef MASKSEQ_H
#define MASKSEQ_H

#include <stdint.h>

enum msq_status { MSQ_OK = 0, MSQ_NO_MEMORY = 1, MSQ_UNKNOWN_NAME = 2, MSQ_UNSUPPORTED = 3 };

/* --- runtime (dispatch.c, parallel.c)
 * ------------------------------------------------------------------------- */

/* Names of the instruction sets this build has, weakest first; NULL past the last. */
const char *msq_isa_name(int i);
/* 1 if this CPU and operating system can run it. */
int msq_isa_supported(int i);
/* The one in use. Starts as the weakest ("generic"). */
const char *msq_isa(void);
/* Chooses one by name, NULL = the strongest supported. MSQ_UNKNOWN_NAME, MSQ_UNSUPPORTED. Not while
 * kernels run. */
int msq_set_isa(const char *name);

/* MASKSEQ_NUM_THREADS, else OMP_NUM_THREADS, else the smaller of CPU affinity and the cgroup's
 * quota; at least 1. `cgroup_root` is where cgroups are mounted, NULL = /sys/fs/cgroup. Reads the
 * environment and files on every call. */
int msq_thread_budget(const char *cgroup_root);
/* What kernels use when num_threads <= 0: the budget when the library was loaded; 1 in a forked
 * child. */
int msq_default_threads(void);
/* 1 if built with OpenMP; otherwise every kernel runs on the calling thread. */
int msq_has_openmp(void);

/* --- activations (activation.c)
 * ------------------------------------------------------------------------------- */

/* Names of the elementwise activations, as in Keras; NULL past the last. The position is the
 * `activation` argument. */
const char *msq_activation_name(int activation);
/* y[i] = activation(x[i]), n values; y may be x. NaN gives NaN. exp, tanh and sigmoid are within 2
 * ulp. */
void msq_activation_f32(float *y, const float *x, int64_t n, int activation, int num_threads);

#endif
