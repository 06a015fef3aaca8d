/* int8 by products of 16 bits, for AVX2. */
#if defined(__x86_64__)
#define VOCABULARY
#include "../avx2.c"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#include <math.h>
#include <string.h>

#define LOW_TABLE msq_kernels_int8_avx2
#define LOW_NAME "int8"
#define LOW_TMPL "int8_tmpl.h"
#define TOGETHER 2

typedef __m256i qvec;

static inline qvec q_load(const int8_t *p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline qvec q_set(const void *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
}
static inline qvec q_dot(qvec sum, qvec x, qvec w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
}
static inline qvec q_int(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
static inline vec q_float(qvec a) {
    return _mm256_cvtepi32_ps(a);
}

#include "kernels_tmpl.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
