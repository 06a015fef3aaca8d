/* The vector vocabulary for AVX2 with FMA. generic.c says what each word means. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define ISA(name) name##_avx2
#define ISA_NAME "avx2"

enum { V_WIDTH = 8, ACCUMULATORS = 12 };
typedef __m256 vec;

static inline vec v_load(const float *p) {
    return _mm256_loadu_ps(p);
}
static inline void v_store(float *p, vec a) {
    _mm256_storeu_ps(p, a);
}
static inline vec v_set1(float a) {
    return _mm256_set1_ps(a);
}
static inline vec v_add(vec a, vec b) {
    return _mm256_add_ps(a, b);
}
static inline vec v_sub(vec a, vec b) {
    return _mm256_sub_ps(a, b);
}
static inline vec v_mul(vec a, vec b) {
    return _mm256_mul_ps(a, b);
}
static inline vec v_div(vec a, vec b) {
    return _mm256_div_ps(a, b);
}
static inline vec v_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}
static inline vec v_fnma(vec a, vec b, vec c) {
    return _mm256_fnmadd_ps(a, b, c);
}
static inline vec v_sqrt(vec a) {
    return _mm256_sqrt_ps(a);
}
static inline vec v_max(vec a, vec b) {
    return _mm256_max_ps(a, b);
}
static inline vec v_min(vec a, vec b) {
    return _mm256_min_ps(a, b);
}
static inline vec v_abs(vec a) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
static inline vec v_copysign(vec a, vec b) {
    const vec sign = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
}
static inline vec v_if_negative(vec x, vec a, vec b) {
    return _mm256_blendv_ps(b, a, x);
}
static inline vec v_if_greater(vec a, vec b, vec x, vec y) {
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
static inline vec v_pow2(vec shifted) {
    const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_set1_epi32(0x3f800000)));
}
static inline vec v_scale(vec a, vec shifted) {
    const __m256i n = _mm256_srai_epi32(_mm256_slli_epi32(_mm256_castps_si256(shifted), 9), 9);
    const __m256i half = _mm256_srai_epi32(n, 1), one = _mm256_set1_epi32(0x3f800000);
    const __m256i low = _mm256_add_epi32(_mm256_slli_epi32(half, 23), one);
    const __m256i high = _mm256_add_epi32(_mm256_slli_epi32(_mm256_sub_epi32(n, half), 23), one);
    a = _mm256_mul_ps(a, _mm256_castsi256_ps(low));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(high));
}
static inline __m256i first(int64_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}
static inline vec v_load_part(const float *p, int64_t n) {
    return _mm256_maskload_ps(p, first(n));
}
static inline void v_store_part(float *p, vec a, int64_t n) {
    _mm256_maskstore_ps(p, first(n), a);
}
static inline vec v_keep(vec a, int64_t n) {
    return _mm256_and_ps(a, _mm256_castsi256_ps(first(n)));
}
static inline vec v_low_half(vec a) {
    return _mm256_zextps128_ps256(_mm256_castps256_ps128(a));
}
static inline vec v_high_half(vec a) {
    return _mm256_zextps128_ps256(_mm256_extractf128_ps(a, 1));
}
static inline float v_max_lane(vec a) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
static inline uint32_t v_at_least(vec a, vec b) {
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ));
}
static inline float v_sum16(const vec *a) {
    const vec sum8 = _mm256_add_ps(a[0], a[1]);
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(sum8), _mm256_extractf128_ps(sum8, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
/* First the 4 x 4 squares, then their places. */
static inline void v_transpose(vec *rows) {
    vec square[8];
    for (int i = 0; i < 8; i += 4) {
        const vec low01 = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        const vec high01 = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        const vec low23 = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
        const vec high23 = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);
        square[i] = _mm256_shuffle_ps(low01, low23, 0x44);
        square[i + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
        square[i + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
        square[i + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
    }
    for (int j = 0; j < 4; j++) {
        rows[j] = _mm256_permute2f128_ps(square[j], square[4 + j], 0x20);
        rows[4 + j] = _mm256_permute2f128_ps(square[j], square[4 + j], 0x31);
    }
}

#ifndef VOCABULARY /* what includes this asks for more than the words */
#include "kernels_tmpl.h"
#endif

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
