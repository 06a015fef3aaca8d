/* The vector vocabulary for AVX-512 (F, BW, DQ, VL). generic.c says what each word means. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))),    \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#endif

#define ISA(name) name##_avx512
#define ISA_NAME "avx512"
#define ISA_NARROW_TABLE msq_kernels_avx2

enum { V_WIDTH = 16, ACCUMULATORS = 24 };
typedef __m512 vec;

static inline vec v_load(const float *p) {
    return _mm512_loadu_ps(p);
}
static inline void v_store(float *p, vec a) {
    _mm512_storeu_ps(p, a);
}
static inline vec v_set1(float a) {
    return _mm512_set1_ps(a);
}
static inline vec v_add(vec a, vec b) {
    return _mm512_add_ps(a, b);
}
static inline vec v_sub(vec a, vec b) {
    return _mm512_sub_ps(a, b);
}
static inline vec v_mul(vec a, vec b) {
    return _mm512_mul_ps(a, b);
}
static inline vec v_div(vec a, vec b) {
    return _mm512_div_ps(a, b);
}
static inline vec v_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}
static inline vec v_fnma(vec a, vec b, vec c) {
    return _mm512_fnmadd_ps(a, b, c);
}
static inline vec v_sqrt(vec a) {
    return _mm512_sqrt_ps(a);
}
static inline vec v_max(vec a, vec b) {
    return _mm512_max_ps(a, b);
}
static inline vec v_min(vec a, vec b) {
    return _mm512_min_ps(a, b);
}
static inline vec v_abs(vec a) {
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a);
}
static inline vec v_copysign(vec a, vec b) {
    enum { B_WHERE_SIGN_ELSE_A = 0xca }; /* the truth table of sign ? b : a */
    const __m512i sign = _mm512_set1_epi32(INT32_MIN);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        sign, _mm512_castps_si512(b), _mm512_castps_si512(a), B_WHERE_SIGN_ELSE_A));
}
static inline vec v_if_negative(vec x, vec a, vec b) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(x)), b, a);
}
static inline vec v_if_greater(vec a, vec b, vec x, vec y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
}
static inline vec v_pow2(vec shifted) {
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_set1_epi32(0x3f800000)));
}
static inline vec v_scale(vec a, vec shifted) {
    return _mm512_scalef_ps(a, _mm512_sub_ps(shifted, _mm512_set1_ps(0x1.8p23f)));
}
static inline __mmask16 first(int64_t n) {
    return (__mmask16)((1u << n) - 1);
}
static inline vec v_load_part(const float *p, int64_t n) {
    return _mm512_maskz_loadu_ps(first(n), p);
}
static inline void v_store_part(float *p, vec a, int64_t n) {
    _mm512_mask_storeu_ps(p, first(n), a);
}
static inline vec v_keep(vec a, int64_t n) {
    return _mm512_maskz_mov_ps(first(n), a);
}
static inline vec v_low_half(vec a) {
    return _mm512_zextps256_ps512(_mm512_castps512_ps256(a));
}
static inline vec v_high_half(vec a) {
    return _mm512_zextps256_ps512(_mm512_extractf32x8_ps(a, 1));
}
static inline float v_max_lane(vec a) {
    return _mm512_reduce_max_ps(a);
}
static inline uint32_t v_at_least(vec a, vec b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}
static inline float v_sum16(const vec *a) {
    const __m256 high = _mm512_extractf32x8_ps(*a, 1);
    const __m256 sum8 = _mm256_add_ps(_mm512_castps512_ps256(*a), high);
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(sum8), _mm256_extractf128_ps(sum8, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
/* The lanes of a that are at least those of `least`, in their order; what comes after them up to
 * V_WIDTH values is lost. Returns how many. */
#define V_PACKS
static inline int64_t v_pack_at_least(float *p, vec a, vec least) {
    const __mmask16 kept = _mm512_cmp_ps_mask(a, least, _CMP_GE_OQ);
    _mm512_storeu_ps(p, _mm512_maskz_compress_ps(kept, a));
    return __builtin_popcount(kept);
}
/* First the 4 x 4 squares, then their places. */
static inline void v_transpose(vec *rows) {
    vec square[16];
    for (int i = 0; i < 16; i += 4) {
        const vec low01 = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        const vec high01 = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
        const vec low23 = _mm512_unpacklo_ps(rows[i + 2], rows[i + 3]);
        const vec high23 = _mm512_unpackhi_ps(rows[i + 2], rows[i + 3]);
        square[i] = _mm512_shuffle_ps(low01, low23, 0x44);
        square[i + 1] = _mm512_shuffle_ps(low01, low23, 0xee);
        square[i + 2] = _mm512_shuffle_ps(high01, high23, 0x44);
        square[i + 3] = _mm512_shuffle_ps(high01, high23, 0xee);
    }
    for (int j = 0; j < 4; j++) {
        const vec even01 = _mm512_shuffle_f32x4(square[j], square[4 + j], 0x88);
        const vec odd01 = _mm512_shuffle_f32x4(square[j], square[4 + j], 0xdd);
        const vec even23 = _mm512_shuffle_f32x4(square[8 + j], square[12 + j], 0x88);
        const vec odd23 = _mm512_shuffle_f32x4(square[8 + j], square[12 + j], 0xdd);
        rows[j] = _mm512_shuffle_f32x4(even01, even23, 0x88);
        rows[4 + j] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
        rows[8 + j] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
        rows[12 + j] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
    }
}

#ifndef VOCABULARY /* what includes this asks for more than the words */
#include "kernels_tmpl.h"
#endif

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
