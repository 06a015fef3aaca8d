/* Masks, layouts, and rows on their way into a batch and out of it. */
#include "scene.h"

#include <maskseq.h>
#include <rows.h>

#include <string.h>

void scene_ids(scene *s) {
    const int64_t n = between(s, 0, 70), size = between(s, 0, 9), is_float = byte(s) & 1;
    uint8_t *const x = array(s, n, (size_t)size + 1);
    const output mask = out(s, n, 1);
    for (int64_t i = 0; x && i < n * size; i++)
        x[i] = byte(s) & byte(s) & byte(s);
    if (!s->no_memory && both_ok(s, msq_mask_from_ids(mask.one, x, n, (int)size, (int)is_float, 1),
                                 msq_mask_from_ids(mask.many, x, n, (int)size, (int)is_float, 3)))
        same(s, "mask of ids", mask);
}

/* Sometimes moves a cell or an offset. Says whether the layout is no longer that of the mask: it
 * may still be a layout, of other cells. */
static int damage(scene *s, int64_t *cells, int64_t n, int64_t *offsets, int64_t batch) {
    int64_t moved = 0;
    if (byte(s) >= 240 && n > 0) {
        int64_t *const cell = &cells[between(s, 0, n - 1)];
        moved = between(s, 0, 4) - 2;
        *cell += moved;
    }
    if (byte(s) >= 240) {
        int64_t *const offset = &offsets[between(s, 0, batch)];
        const int64_t by = between(s, 0, 4) - 2;
        *offset += by;
        moved |= by;
    }
    return moved != 0;
}

/* `padded` shows the zeros of a pad row: so it does when only its masked cells are filled. */
static void fill(scene *s, output padded, const uint8_t *mask, int64_t batch, int64_t time,
                 int64_t bytes, int carry) {
    const int64_t cells = batch * time;
    for (int64_t i = 0; i < cells * bytes; i++)
        if (!mask[i / bytes])
            ((uint8_t *)padded.many)[i] = 77;
    void *const zeros = byte(s) % 2 ? floats(s, batch * bytes / (int64_t)sizeof(float)) : NULL;
    if (s->no_memory)
        return;
    if (zeros)
        memset(zeros, 0, (size_t)(batch * bytes));
    msq_fill_masked(padded.many, mask, zeros, batch, time, bytes, carry, (int)between(s, 1, 5));
    same(s, "filled cells", padded);
}

void scene_layout(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 9), features = between(s, 0, 40);
    const int64_t cells = batch * time, carry = byte(s) % 3; /* 2: MSQ_OWN_PAD_ROWS */
    const int64_t pads = carry == MSQ_OWN_PAD_ROWS ? batch : 1;
    int scattered = 0;
    const float *const x = floats(s, cells * features);
    const output mask = out(s, cells, 1), padded = out(s, cells * features, sizeof(float));
    int64_t *const offsets = array(s, batch + 1, sizeof *offsets);
    if (s->no_memory)
        return;
    msq_mask_from_values_f32(mask.one, x, -1.0f, cells, features, 1);
    msq_mask_from_values_f32(mask.many, x, -1.0f, cells, features, 3);
    same(s, "mask of values", mask);
    const int64_t n = msq_layout_offsets(offsets, mask.one, batch, time);
    int64_t *const cell = array(s, n, sizeof *cell), bad[2] = {0, 0};
    const output rows = out(s, (n + pads) * features, sizeof(float));
    const output sums = out(s, batch * features, sizeof(float));
    const int64_t bytes = features * (int64_t)sizeof(float);
    if (s->no_memory)
        return;
    msq_layout_cells(cell, mask.one, n, cells);
    if (both_ok(s, msq_gather_rows(rows.one, x, cell, n, cells, bytes, &bad[0], 1),
                msq_gather_rows(rows.many, x, cell, n, cells, bytes, &bad[1], 3))) {
        memset((float *)rows.one + n * features, 0, (size_t)(pads * bytes));
        memset((float *)rows.many + n * features, 0, (size_t)(pads * bytes));
        same(s, "gathered rows", rows);
    }
    const int damaged = damage(s, cell, n, offsets, batch);
    if (both_ok(s,
                msq_scatter_rows(padded.one, rows.one, offsets, cell, batch, time, n, bytes,
                                 (int)carry, &bad[0], 1),
                msq_scatter_rows(padded.many, rows.many, offsets, cell, batch, time, n, bytes,
                                 (int)carry, &bad[1], 4)))
        same(s, "scattered rows", padded), scattered = !damaged;
    else if (bad[0] != bad[1])
        fail("position of a bad sequence");
    if (both_ok(s, msq_sum_rows_f32(sums.one, rows.one, offsets, batch, n, features, 1),
                msq_sum_rows_f32(sums.many, rows.many, offsets, batch, n, features, 4)))
        same_floats(s, "sums of rows", sums);
    if (scattered)
        fill(s, padded, mask.one, batch, time, bytes, carry == 1);
}

void scene_gather(scene *s) {
    const int64_t n = between(s, 0, 40), rows = between(s, 0, 20), bytes = between(s, 0, 17);
    int64_t bad[2] = {0, 0};
    uint8_t *const x = array(s, rows * bytes, 1);
    for (int64_t i = 0; x && i < rows * bytes; i++)
        x[i] = byte(s);
    const int64_t *const index = indices(s, n, rows);
    const output y = out(s, n * bytes, 1);
    if (s->no_memory)
        return;
    const int64_t first = msq_first_outside(index, n, sizeof *index, 1, rows);
    if (both_ok(s, msq_gather_rows(y.one, x, index, n, rows, bytes, &bad[0], 1),
                msq_gather_rows(y.many, x, index, n, rows, bytes, &bad[1], 3)))
        same(s, "gathered rows", y);
    else if (bad[0] != bad[1] || bad[0] != first)
        fail("position of a bad index");
}

void scene_lengths(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 20);
    const int pre = byte(s) & 1;
    const int64_t *const length = indices(s, batch, time + 1);
    const output mask = out(s, batch * time, 1);
    int64_t bad;
    if (!s->no_memory && both_ok(s, msq_mask_from_lengths(mask.one, length, batch, time, pre, &bad),
                                 msq_mask_from_lengths(mask.many, length, batch, time, pre, &bad)))
        same(s, "mask of lengths", mask);
}

void scene_pad(scene *s) {
    const int64_t batch = between(s, 0, 9), time = between(s, 0, 12), bytes = between(s, 0, 9);
    const int pad_before = byte(s) & 1, cut_before = byte(s) & 1;
    const int64_t *const offsets = offsets_of(s, batch, 14);
    const int64_t n = offsets && offsets[batch] > 0 ? offsets[batch] : 0;
    uint8_t *const values = array(s, n * bytes, 1), *const row = array(s, bytes, 1);
    const output y = out(s, batch * time * bytes, 1);
    int64_t bad;
    if (s->no_memory)
        return;
    memset(values, byte(s), (size_t)(n * bytes));
    memset(row, byte(s), (size_t)bytes);
    if (both_ok(s,
                msq_pad_rows(y.one, values, row, offsets, batch, time, n, bytes, pad_before,
                             cut_before, &bad, 1),
                msq_pad_rows(y.many, values, row, offsets, batch, time, n, bytes, pad_before,
                             cut_before, &bad, 5)))
        same(s, "padded rows", y);
}
