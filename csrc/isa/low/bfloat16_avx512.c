/* bfloat16 by vdpbf16ps. */
#if defined(__x86_64__)
#define VOCABULARY
#include "../avx512.c"
#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))),                  \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")
#endif
#include <string.h>

#define LOW_TABLE msq_kernels_bfloat16_avx512
#define LOW_NAME "bfloat16"
#define LOW_TMPL "bfloat16_tmpl.h"
#define TOGETHER 2

typedef __m512bh qvec;

static inline qvec q_load(const float *p) {
    return (qvec)_mm512_loadu_si512(p);
}
static inline qvec q_set(const float *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (qvec)_mm512_set1_epi32(pair);
}
static inline vec q_dot(vec sum, qvec x, qvec w) {
    return _mm512_dpbf16_ps(sum, x, w);
}

/* The last, odd number is followed by a zero. */
static void encode(void *codes, const float *x, int64_t n) {
    uint16_t *const q = codes;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(void *)(q + i), (__m256i)_mm512_cvtneps_pbh(v_load(x + i)));
    if (i < n)
        _mm256_mask_storeu_epi16(q + i, first(n - i),
                                 (__m256i)_mm512_cvtneps_pbh(v_load_part(x + i, n - i)));
    if (n % 2 != 0)
        q[n] = 0;
}

#include "kernels_tmpl.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
