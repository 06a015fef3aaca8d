/* Weights of fewer bits in the order in which the kernels read them. */
#include "low.h"

#include <string.h>

int64_t msq_words(const msq_low_table *low, int64_t depth) {
    if (!low)
        return depth;
    return low->precision == MSQ_INT8 ? (depth + 3) / 4 + 2 : (depth + 1) / 2;
}

/* What takes the offset of the rows' codes off the sums of some columns. */
static void pack_correction(const msq_low_table *low, int32_t *correction, const msq_low_matrix *w,
                            int64_t depth, int64_t first, int64_t used, int64_t row_stride) {
    const int8_t *const codes = w->codes;
    for (int64_t lane = 0; lane < used; lane++) {
        int32_t sum = 0;
        for (int64_t k = 0; k < depth; k++)
            sum += codes[k * row_stride + first + lane];
        correction[lane] = -low->offset * sum;
    }
}

/* The codes of one group of a block: [k / together][group][width][together], zeros where there are
 * no weights. */
static void pack_codes(const msq_low_table *low, char *to, const msq_low_matrix *w, int64_t depth,
                       int64_t first, int64_t used, int64_t row_stride, int64_t step_bytes) {
    const int64_t together = low->together;
    const int8_t *const bytes = w->codes;
    const uint16_t *const halves = w->codes;
    for (int64_t k = 0; k < depth; k++) {
        char *const at = to + k / together * step_bytes;
        const int64_t row = k * row_stride + first;
        for (int64_t lane = 0; lane < used; lane++) {
            const int64_t place = lane * together + k % together;
            if (low->precision == MSQ_INT8)
                ((int8_t *)at)[place] = bytes[row + lane];
            else
                ((uint16_t *)(void *)at)[place] = halves[row + lane];
        }
    }
}

void msq_low_pack(const msq_low_table *low, float *panels, const msq_low_matrix *w, int64_t depth,
                  int64_t first, int64_t units, int64_t row_stride, int groups, int width) {
    const int64_t columns = (int64_t)groups * width, words = msq_words(low, depth);
    const int64_t size = low->precision == MSQ_INT8 ? 1 : 2;
    for (int64_t begin = 0; begin < units; begin += width, panels += columns * words) {
        const int64_t used = units - begin < width ? units - begin : width;
        memset(panels, 0, (size_t)(columns * words) * sizeof(float));
        for (int64_t g = 0; g < groups; g++) {
            const int64_t column = first + g * units + begin;
            pack_codes(low, (char *)panels + g * width * low->together * size, w, depth, column,
                       used, row_stride, columns * low->together * size);
            if (low->precision != MSQ_INT8)
                continue;
            int32_t *const correction = (void *)(panels + columns * (words - 2) + g * width);
            pack_correction(low, correction, w, depth, column, used, row_stride);
            memcpy(panels + columns * (words - 1) + g * width, w->steps + column,
                   (size_t)used * sizeof(float));
        }
    }
}

void msq_widen(float *out, const uint16_t *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

int msq_low_finite(int precision, const void *codes, int64_t n) {
    const uint16_t *const x = codes;
    for (int64_t i = 0; precision == MSQ_BFLOAT16 && i < n; i++)
        if ((x[i] & 0x7f80) == 0x7f80)
            return 0;
    return 1;
}
