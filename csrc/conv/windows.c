/* Where the places of windows are. */
#include "conv.h"

#include "parallel.h"

#include <string.h>

enum { LARGEST = INT32_MAX };

static int fits(int64_t size, int64_t least) {
    return size >= least && size <= LARGEST;
}

int msq_check_windows(const msq_windows *w) {
    if (!fits(w->batch, 0) || !fits(w->time, 0) || !fits(w->count, 0) || !fits(w->size, 1) ||
        !fits(w->stride, 1) || !fits(w->dilation, 1) || w->before < 0 ||
        w->before > (w->size - 1) * w->dilation || w->rows < 0 || w->x_rows < 0)
        return MSQ_OUT_OF_RANGE;
    if (!w->made && w->rows != w->batch * w->count)
        return MSQ_OUT_OF_RANGE;
    return !w->row_of && w->x_rows != w->batch * w->time ? MSQ_OUT_OF_RANGE : MSQ_OK;
}

/* Of the window of a row of y: its number, its sequence, or `batch` if there is none, and its first
 * step. */
typedef struct {
    int64_t window, sequence, step;
} place;

static place first_place(const msq_windows *w, int64_t r) {
    const int64_t cell = w->made ? msq_read(&w->made[r]) : r;
    if (cell < 0 || cell >= w->batch * w->count)
        return (place){-1, w->batch, 0};
    return (place){cell, cell / w->count, cell % w->count * w->stride - w->before};
}

static int64_t row_at(const msq_windows *w, place p, int64_t j) {
    const int64_t step = p.step + j * w->dilation;
    if (p.sequence == w->batch || step < 0 || step >= w->time)
        return -1;
    const int64_t cell = p.sequence * w->time + step;
    const int64_t row = w->row_of ? msq_read(&w->row_of[cell]) : cell;
    return row < 0 || row >= w->x_rows ? -1 : row;
}

int64_t msq_window_row(const msq_windows *w, int64_t r, int64_t j) {
    return row_at(w, first_place(w, r), j);
}

int msq_window_rows(const msq_windows *w, int64_t r, int64_t *rows) {
    const place p = first_place(w, r);
    int side_by_side = 1;
    for (int64_t j = 0; j < w->size; j++) {
        rows[j] = row_at(w, p, j);
        side_by_side &= rows[j] >= 0 && rows[j] == rows[0] + j;
    }
    return side_by_side;
}

void msq_copy_window(float *copy, const float *x, const int64_t *rows, int64_t size, int64_t width,
                     int64_t stride) {
    for (int64_t i = 0; i < size; i++)
        if (rows[i] >= 0)
            memcpy(copy + i * width, x + rows[i] * stride, (size_t)width * sizeof *copy);
        else
            memset(copy + i * width, 0, (size_t)width * sizeof *copy);
}

/* Whether the window `i` after that at p reads the rows `i` strides after its rows; of its places,
 * those from `first` on are looked at. */
static int goes_on(const msq_windows *w, place p, int64_t i, const int64_t *rows, int64_t first) {
    const place next = {p.window + i, p.sequence, p.step + i * w->stride};
    int same = 1;
    for (int64_t j = first; j < w->size; j++)
        same &= row_at(w, next, j) == rows[j] + i * w->stride;
    return same;
}

int64_t msq_window_run(const msq_windows *w, int64_t r, int64_t most, int64_t *rows) {
    const place p = first_place(w, r);
    int inside = p.window >= 0, even = w->stride == w->dilation;
    for (int64_t j = 0; j < w->size; j++) {
        rows[j] = row_at(w, p, j);
        inside &= rows[j] >= 0;
        even &= j == 0 || rows[j] - rows[j - 1] == w->stride;
    }
    if (!inside)
        return 1;
    const int64_t left = w->count - p.window % w->count; /* of its sequence */
    const int64_t first = even ? w->size - 1 : 0; /* a window's others are the last one's next */
    int64_t run = 1;
    while (run < most && run < left &&
           (!w->made || msq_read(&w->made[r + run]) == p.window + run) &&
           goes_on(w, p, run, rows, first))
        run++;
    return run;
}

/* The repeats of a sequence. x: its rows. */
static void find_repeats(const msq_windows *w, const float *x, int64_t features, uint8_t *repeats) {
    const int64_t reach = (w->size - 1) * w->dilation;
    int64_t run = 0, step = 0; /* rows before `step` that equal it */
    for (int64_t i = 1; i < w->count; i++) {
        const int64_t begin = (i - 1) * w->stride - w->before, end = begin + w->stride + reach;
        for (; step < end && step + 1 < w->time; step++) {
            const float *const row = x + step * features;
            run = memcmp(row, row + features, (size_t)features * sizeof *x) ? 0 : run + 1;
        }
        repeats[i] = begin >= 0 && end < w->time && end - begin <= run;
    }
}

int64_t msq_find_repeats(const msq_windows *w, const float *x, int64_t features, uint8_t *repeats) {
    int64_t distinct = 0;
    for (int64_t b = 0; b < w->batch && !w->row_of && !w->made; b++)
        find_repeats(w, x + b * w->time * features, features, repeats + b * w->count);
    for (int64_t r = 0; r < w->rows; r++)
        distinct += !repeats[r];
    return distinct;
}
