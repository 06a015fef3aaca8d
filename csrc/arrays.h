/* Checks of arrays that the callers of the C API give. */
#ifndef MSQ_ARRAYS_H
#define MSQ_ARRAYS_H

#include <stdint.h>

/* 1 if an array is NULL though it has values. */
static inline int msq_missing(const void *array, int64_t rows, int64_t columns) {
    return !array && rows > 0 && columns > 0;
}

#endif
