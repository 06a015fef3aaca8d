/* Offsets and steps of a call: copied, so that what is checked cannot change. */
#include "internal.h"

#include "arrays.h"
#include "gemm.h"

#include <stdlib.h>
#include <string.h>

/* 1 if the offsets ascend in [0, rows], and the steps of each sequence in [0, time). */
static int layout_fits(const int64_t *offsets, const int64_t *steps, int64_t batch, int64_t rows,
                       int64_t time) {
    if (offsets[0] < 0)
        return 0;
    for (int64_t b = 0; b < batch; b++) {
        const int64_t first = offsets[b], end = offsets[b + 1];
        if (end < first || end > rows || (!steps && end - first > time))
            return 0;
        for (int64_t row = first; steps && row < end; row++)
            if (steps[row] <= (row > first ? steps[row - 1] : -1) || steps[row] >= time)
                return 0;
    }
    return 1;
}

/* *values, if not NULL, becomes a copy at *place, which moves on: what is checked must not change.
 */
static void copy(const int64_t **values, int64_t count, int64_t **place) {
    if (!*values)
        return;
    *values = memcpy(*place, *values, (size_t)count * sizeof **values);
    *place += count;
}

static int fits(const msq_attention *a) {
    const int by_time = a->mask || a->scores;
    return layout_fits(a->query_offsets, a->query_steps, a->batch, a->query_rows,
                       by_time ? a->query_time : INT64_MAX) &&
           layout_fits(a->key_offsets, a->key_steps, a->batch, a->key_rows,
                       by_time ? a->key_time : INT64_MAX);
}

/* 1 if the arrays that are read are there. */
static int arrays_are_there(const msq_attention *a) {
    return a->query_offsets && a->key_offsets && !msq_missing(a->q, a->query_rows, a->key_dim) &&
           !msq_missing(a->k, a->key_rows, a->key_dim) &&
           !msq_missing(a->v, a->key_rows, a->value_dim);
}

int msq_dropout_status(const msq_attention_dropout *dropout, int64_t batch) {
    if (!dropout)
        return MSQ_OK;
    if (dropout->size != sizeof *dropout)
        return MSQ_UNSUPPORTED;
    const int is_rate = dropout->rate >= 0 && dropout->rate < 1;
    return is_rate && !msq_missing(dropout->sequences, batch, 1) ? MSQ_OK : MSQ_OUT_OF_RANGE;
}

int msq_copy_layout(msq_attention *own, const msq_attention *a, int64_t **layout) {
    *layout = NULL;
    if (a->size != sizeof *a)
        return MSQ_UNSUPPORTED;
    if (a->batch < 0 || a->query_rows < 0 || a->key_rows < 0 || a->heads < 1 || a->kv_heads < 1 ||
        a->heads % a->kv_heads != 0 || a->key_dim < 0 || a->key_dim > MAX_FLOATS ||
        a->value_dim < 0 || a->value_dim > MAX_FLOATS || !arrays_are_there(a))
        return MSQ_OUT_OF_RANGE;
    const int64_t query_steps = a->query_steps ? a->query_rows : 0;
    const int64_t key_steps = a->key_steps ? a->key_rows : 0;
    if (a->batch > MAX_FLOATS || query_steps > MAX_FLOATS || key_steps > MAX_FLOATS)
        return MSQ_NO_MEMORY;
    const int64_t numbers = 2 * (a->batch + 1) + query_steps + key_steps;
    int64_t *place = malloc((size_t)numbers * sizeof *place);
    if (!place)
        return MSQ_NO_MEMORY;
    *layout = place;
    *own = *a;
    copy(&own->query_offsets, a->batch + 1, &place);
    copy(&own->key_offsets, a->batch + 1, &place);
    copy(&own->query_steps, query_steps, &place);
    copy(&own->key_steps, key_steps, &place);
    return fits(own) ? MSQ_OK : MSQ_OUT_OF_RANGE;
}
