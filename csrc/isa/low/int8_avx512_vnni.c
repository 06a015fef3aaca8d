/* int8 by VNNI: four products of an unsigned and a signed byte, added to 32 bits. */
#if defined(__x86_64__)
#define VOCABULARY
#include "../avx512.c"
#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma"))),                  \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")
#endif
#include <math.h>
#include <string.h>

#define LOW_TABLE msq_kernels_int8_avx512_vnni
#define LOW_NAME "int8"
#define LOW_TMPL "int8_tmpl.h"
#define TOGETHER 4

/* Not __m512i, whose lanes of 64 bits GCC would convert, and so copy, in each step of a loop. */
typedef int32_t qvec __attribute__((vector_size(64)));

static inline qvec q_load(const int8_t *p) {
    return (qvec)_mm512_loadu_si512(p);
}
static inline qvec q_set(const void *p) {
    int32_t four;
    memcpy(&four, p, sizeof four);
    return (qvec)_mm512_set1_epi32(four);
}
static inline qvec q_dot(qvec sum, qvec x, qvec w) {
    return (qvec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
static inline qvec q_int(const int32_t *p) {
    return (qvec)_mm512_loadu_si512(p);
}
static inline vec q_float(qvec a) {
    return _mm512_cvtepi32_ps((__m512i)a);
}

#include "kernels_tmpl.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
