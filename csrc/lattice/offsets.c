/* Offsets of a call, as all lattices read them. */
#include "internal.h"

#include "gemm.h"

#include <stdlib.h>
#include <string.h>

int64_t *msq_copy_offsets(const int64_t *offsets, int64_t batch, int64_t rows, int *status) {
    *status = MSQ_NO_MEMORY;
    if (batch < 0 || rows < 0)
        *status = MSQ_OUT_OF_RANGE;
    if (batch < 0 || rows < 0 || batch >= MAX_FLOATS)
        return NULL;
    const size_t bytes = (size_t)(batch + 1) * sizeof *offsets;
    int64_t *const own = malloc(bytes);
    if (!own)
        return NULL;
    memcpy(own, offsets, bytes);
    int fits = own[0] >= 0 && own[batch] <= rows;
    for (int64_t b = 0; b < batch; b++)
        fits &= own[b] <= own[b + 1];
    *status = fits ? MSQ_OK : MSQ_OUT_OF_RANGE;
    if (fits)
        return own;
    free(own);
    return NULL;
}

int64_t msq_longest(const int64_t *offsets, int64_t batch) {
    int64_t longest = 0;
    for (int64_t b = 0; b < batch; b++)
        if (offsets[b + 1] - offsets[b] > longest)
            longest = offsets[b + 1] - offsets[b];
    return longest;
}
