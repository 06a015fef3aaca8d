/* Convolutions over the steps of sequences, without gathered windows: a window is read where its
 * rows lie side by side, and copied only at an edge, beside a hole, or where its steps lie apart.
 */
#ifndef MSQ_CONV_H
#define MSQ_CONV_H

#include "gemm.h"

/* The windows of a batch. Window w of a sequence has `size` places; place j reads the cell of step
 * w * stride - before + j * dilation. */
typedef struct msq_windows {
    int64_t batch, time; /* cells of the inputs */
    int64_t count;       /* windows a sequence */
    int64_t size, stride, dilation, before;
    const int64_t *row_of; /* (batch * time): the row of x of a cell; NULL: its own number */
    const int64_t *made;   /* (rows): sequence * count + window of each row of y; NULL: all, in
                            * this order */
    int64_t x_rows;        /* a place outside the sequence, or whose row is not in [0, x_rows),
                            * reads zeros */
    int64_t rows;          /* of y */
} msq_windows;

/* MSQ_OK, or MSQ_OUT_OF_RANGE: a size below 0 (of time, batch, rows) or 1 (of size, stride,
 * dilation) or above 2^31, or, without `made`, rows that are not batch * count. */
int msq_check_windows(const msq_windows *windows);
/* The row of x that place j of the window of row r of y reads; -1: zeros. */
int64_t msq_window_row(const msq_windows *windows, int64_t r, int64_t j);
/* The same of all places. Returns: 1 if they are `size` rows side by side. */
int msq_window_rows(const msq_windows *windows, int64_t r, int64_t *rows);
/* Some rows of x, `stride` floats apart, side by side: `width` floats of each, or zeros for -1. */
void msq_copy_window(float *copy, const float *x, const int64_t *rows, int64_t size, int64_t width,
                     int64_t stride);
/* The rows that the window of row r of y reads, as above. Returns: for how many rows of y from r
 * on, 1 to `most`, each window reads the rows `stride` after those of the one before, none of them
 * zeros. */
int64_t msq_window_run(const msq_windows *windows, int64_t r, int64_t most, int64_t *rows);

/* In what follows the end of a padded sequence, rows repeat, and a window in the midst of them has
 * the outputs of the window before it. Sets repeats (rows), zeros so far, to 1 for a window whose
 * places and those of the window before all lie in a run of rows of x (x_rows, features) of the
 * same bits. Returns: how many windows do not repeat. */
int64_t msq_find_repeats(const msq_windows *windows, const float *x, int64_t features,
                         uint8_t *repeats);

/* y = activation(windows of x . kernel + bias), y (rows, groups * units). Group g has features
 * g * width and following of x (x_rows, groups * width), and the outputs g * units and following;
 * parts[g] is msq_dense_pack of its kernel (size * width, units) and its bias, all of one
 * precision. A sum is one chain of FMAs from the bias on, in the order of the kernel's rows, as in
 * msq_dense_f32 of the windows; in fewer bits a window is what is rounded together.
 * MSQ_NO_MEMORY; MSQ_OUT_OF_RANGE as msq_check_windows, or parts that differ in size. */
int msq_convolve_f32(float *y, const float *x, const msq_dense *const *parts, int64_t groups,
                     const msq_windows *windows, int activation, int num_threads);

/* Each feature's own convolutions, `multiplier` of them: y (rows, features * multiplier) =
 * activation(sum over places of x[place][c] * kernel[m][place][c] + bias[m][c]) at c * multiplier
 * + m. kernel (multiplier, size, features), bias (multiplier, features) or NULL. Products and sums
 * are rounded one by one, from 0 on, in the order of the places. With `mixing`, weights of floats,
 * y is activation(the same without activation . mixing), as of msq_dense_f32. Status as above. */
int msq_depthwise_f32(float *y, const float *x, const float *kernel, const float *bias,
                      int64_t features, int64_t multiplier, const msq_dense *mixing,
                      const msq_windows *windows, int activation, int num_threads);

#endif
