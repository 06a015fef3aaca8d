/* int8 in plain C: the definition of the others. */
#define VOCABULARY
#include "../generic.c"

#define LOW_TABLE msq_kernels_int8_generic
#define LOW_NAME "int8"
#define LOW_TMPL "int8_tmpl.h"
#define TOGETHER 2

typedef int32_t qvec;

static inline qvec q_load(const int8_t *p) {
    const uint32_t low = (uint16_t)(int16_t)p[0], high = (uint16_t)(int16_t)p[1];
    return (qvec)(low | high << 16);
}
static inline qvec q_set(const void *p) {
    qvec x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline qvec q_dot(qvec sum, qvec x, qvec w) {
    return sum + (int16_t)(x & 0xffff) * (int16_t)(w & 0xffff) + (x >> 16) * (w >> 16);
}
static inline qvec q_int(const int32_t *p) {
    return *p;
}
static inline vec q_float(qvec a) {
    return (float)a;
}

#include "kernels_tmpl.h"
