/* Rows as codes, in a room of the caller's. */
#include "low.h"

enum { LINE = 64 }; /* bytes before the codes of a row: the last four are its scale */

size_t msq_code_bytes(const msq_low_table *low, int64_t n) {
    const size_t bytes = (size_t)(n + low->together) * (size_t)low->code_bytes;
    return LINE + (bytes + LINE - 1) / LINE * LINE;
}

void msq_encode_rows(const msq_low_table *low, const float **codes, void *room,
                     const float *const *x, int64_t rows, int64_t n) {
    char *to = (char *)room + LINE;
    for (int64_t r = 0; r < rows; r++, to += msq_code_bytes(low, n)) {
        low->encode(to, x[r], n);
        codes[r] = (const float *)(void *)to;
    }
}

void msq_low_product(const msq_low_table *low, msq_product p, void *room) {
    const float *codes[MSQ_CODE_ROWS];
    const int64_t rows = p.rows;
    p.scattered = 0;
    for (int64_t row = 0; row < rows; row += p.rows) {
        const float *const *const x = p.x;
        p.rows = rows - row < MSQ_CODE_ROWS ? rows - row : MSQ_CODE_ROWS;
        msq_encode_rows(low, codes, room, x, p.rows, p.depth);
        p.x = codes;
        low->product(&p);
        p.x = x + p.rows;
        p.z += p.rows * p.z_stride;
        p.start += p.rows * p.start_stride;
    }
}
