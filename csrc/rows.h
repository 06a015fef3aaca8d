/* What this package asks of rows beyond maskseq.h. */
#ifndef MSQ_ROWS_H
#define MSQ_ROWS_H

#include <stdint.h>

/* Fills the masked cells of out (batch, time, row_bytes), whose real ones are written; mask (batch,
 * time), 0 = masked. A masked cell shows its sequence's row of first (batch, row_bytes), NULL = 0;
 * with `carry` that is so only before the first real step, and after it shows the one before. */
void msq_fill_masked(void *out, const uint8_t *mask, const void *first, int64_t batch, int64_t time,
                     int64_t row_bytes, int carry, int num_threads);

/* Copies a row to `count` rows from `to` on. No row: zeros. */
void msq_repeat_row(uint8_t *to, const uint8_t *row, int64_t count, int64_t row_bytes);

/* The first position of ids (n,), integers of item_size bytes, that is not in [0, count); n if all
 * are. */
int64_t msq_first_outside(const void *ids, int64_t n, int item_size, int is_signed, int64_t count);

#endif
