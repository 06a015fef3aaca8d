/* The vector vocabulary in plain C, one value wide: runs anywhere, and is the definition of the
 * others. fmaf rounds once, so the bits are those of a hardware FMA. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define ISA(name) name##_generic
#define ISA_NAME "generic"

enum { V_WIDTH = 1, ACCUMULATORS = 8 };
typedef float vec;
typedef int32_t ivec;

static inline vec v_load(const float *p) {
    return *p;
}
static inline void v_store(float *p, vec a) {
    *p = a;
}
static inline vec v_set1(float a) {
    return a;
}
static inline vec v_add(vec a, vec b) {
    return a + b;
}
static inline vec v_sub(vec a, vec b) {
    return a - b;
}
static inline vec v_mul(vec a, vec b) {
    return a * b;
}
static inline vec v_div(vec a, vec b) {
    return a / b;
}
static inline vec v_fma(vec a, vec b, vec c) {
    return fmaf(a, b, c);
}
/* c - a b, rounded once. */
static inline vec v_fnma(vec a, vec b, vec c) {
    return fmaf(-a, b, c);
}
static inline vec v_sqrt(vec a) {
    return sqrtf(a);
}
/* b if either is NaN, as x86 has it. */
static inline vec v_max(vec a, vec b) {
    return a > b ? a : b;
}
static inline vec v_min(vec a, vec b) {
    return a < b ? a : b;
}
static inline ivec v_bits(vec a) {
    ivec i;
    memcpy(&i, &a, sizeof i);
    return i;
}
static inline vec v_from_bits(ivec i) {
    vec a;
    memcpy(&a, &i, sizeof a);
    return a;
}
static inline vec v_abs(vec a) {
    return v_from_bits(v_bits(a) & INT32_MAX);
}
/* |a| with the sign of b. */
static inline vec v_copysign(vec a, vec b) {
    return v_from_bits((v_bits(a) & INT32_MAX) | (v_bits(b) & INT32_MIN));
}
/* a where x has its sign bit set, else b. */
static inline vec v_if_negative(vec x, vec a, vec b) {
    return v_bits(x) < 0 ? a : b;
}
/* x where a > b, else y: where either is NaN, y. */
static inline vec v_if_greater(vec a, vec b, vec x, vec y) {
    return a > b ? x : y;
}
/* 2^n for n + 1.5 * 2^23 in `shifted`; n in [-126, 127]. */
static inline vec v_pow2(vec shifted) {
    return v_from_bits((int32_t)(((uint32_t)v_bits(shifted) << 23) + 0x3f800000u));
}
/* a * 2^n, rounded once, for n + 1.5 * 2^23 in `shifted`; a in [0.5, 2], n in [-151, 129]. */
static inline vec v_scale(vec a, vec shifted) {
    const int32_t n = (int32_t)((uint32_t)v_bits(shifted) << 9) >> 9, half = n >> 1;
    const uint32_t low = (uint32_t)(half + 127) << 23, high = (uint32_t)(n - half + 127) << 23;
    return a * v_from_bits((int32_t)low) * v_from_bits((int32_t)high);
}
/* The first n values, 0 < n <= V_WIDTH; the others read as 0 and are not written. */
static inline vec v_load_part(const float *p, int64_t n) {
    return n ? *p : 0.0f;
}
static inline void v_store_part(float *p, vec a, int64_t n) {
    if (n)
        *p = a;
}
/* The first n lanes of a, 0 < n <= V_WIDTH, and 0 in the others. */
static inline vec v_keep(vec a, int64_t n) {
    return n ? a : 0.0f;
}
/* The lower half of the lanes, and the upper half in its place; 0 above. One lane has no halves. */
static inline vec v_low_half(vec a) {
    return a;
}
static inline vec v_high_half(vec a) {
    return a;
}
/* The largest lane; no lane is NaN. */
static inline float v_max_lane(vec a) {
    return a;
}
/* Bit i: lane i of a is at least that of b; 0 where either is NaN. */
static inline uint32_t v_at_least(vec a, vec b) {
    return a >= b;
}
/* The sum of the 16 lanes of 16 / V_WIDTH vectors: lane i + lane i + 8, of these i + 4, 2, 1. */
static inline float v_sum16(const vec *a) {
    float lanes[16];
    memcpy(lanes, a, sizeof lanes);
    for (int half = 8; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] += lanes[lane + half];
    return lanes[0];
}
/* Rows and columns of V_WIDTH vectors change places. */
static inline void v_transpose(vec *rows) {
    (void)rows;
}

#ifndef VOCABULARY /* what includes this asks for more than the words */
#include "kernels_tmpl.h"
#endif
