/* Weights in fewer bits: how they are packed, and what multiplies them.
 *
 * A row of x becomes codes when it is multiplied. MSQ_INT8: weights are q * step, q in [-127, 127],
 * with a step for each column; a row is its largest magnitude / 127 times codes in [-127, 127],
 * rounded to even. Sums are integers, so an output has the same bits on every instruction set:
 * start + sum * (scale of the row * step of the column), by one FMA. A row with a number that is
 * not finite gives NaN. MSQ_BFLOAT16: weights and rows are bfloat16, rounded to even, products and
 * sums float32, two products at a time as vdpbf16ps adds them. */
#ifndef MSQ_LOW_H
#define MSQ_LOW_H

#include "kernels.h"

#include <stddef.h>

enum { MSQ_INT8, MSQ_BFLOAT16, MSQ_PRECISIONS };

/* The most inputs of a product in MSQ_INT8: the sum of so many products fits 32 bits. */
enum { MSQ_MAX_INT8_DEPTH = 1 << 17 };

/* n values as codes; filled up with codes of 0 to a multiple of `together`. The float before the
 * codes is set to the scale. */
typedef void msq_encode_fn(void *codes, const float *x, int64_t n);

/* How a precision is done on one instruction set. In msq_product, x are rows of codes, and panels
 * have msq_low_words floats a column: panels[block] is [k / together][group][width][together]
 * codes and, for MSQ_INT8, two arrays [group][width], of int32 `correction` and float step. */
struct msq_low_table {
    const char *name;
    int precision;
    int code_bytes; /* of a code of a row */
    int together;   /* codes of a column side by side */
    int offset;     /* what codes of rows have been raised by: the correction takes it off */
    msq_encode_fn *encode;
    msq_product_fn *product;
    msq_step_fn *rnn_step[MSQ_RNN_KINDS]; /* activation tanh, recurrent_activation sigmoid */
};

/* The table for the active instruction set. NULL: it has none, and the weights are to be widened to
 * float32. */
const msq_low_table *msq_low(int precision);
/* 0: as on CPUs without instructions for products of few bits. 1 at first. Returns what was. */
int msq_low_use_extensions(int use);

/* Floats that a column of panels takes, for `depth` inputs. low NULL: depth. */
int64_t msq_words(const msq_low_table *low, int64_t depth);

/* A matrix (depth, columns) in one precision: int8 codes and a step for each column, or bfloat16.
 */
typedef struct msq_low_matrix {
    const void *codes;
    const float *steps; /* MSQ_INT8 */
} msq_low_matrix;

/* Panels of some columns of a matrix, as msq_pack_panels makes them: from column `first` on, groups
 * * units of them. */
void msq_low_pack(const msq_low_table *low, float *panels, const msq_low_matrix *w, int64_t depth,
                  int64_t first, int64_t units, int64_t row_stride, int groups, int width);
/* n bfloat16 numbers as floats. */
void msq_widen(float *out, const uint16_t *x, int64_t n);
/* 1 if all n codes are finite. */
int msq_low_finite(int precision, const void *codes, int64_t n);

enum { MSQ_CODE_ROWS = 96 }; /* rows that are encoded and multiplied together */

/* The bytes of a row of n codes in a room. */
size_t msq_code_bytes(const msq_low_table *low, int64_t n);
/* Makes codes of rows of n values: codes[r] points to those of x[r], in the room. */
void msq_encode_rows(const msq_low_table *low, const float **codes, void *room,
                     const float *const *x, int64_t rows, int64_t n);
/* product->x are rows of floats; `room` is for MSQ_CODE_ROWS rows of codes, or for all rows if they
 * are fewer. */
void msq_low_product(const msq_low_table *low, msq_product product, void *room);

#endif
