/* The vector vocabulary for NEON of 64-bit ARM, which every such CPU has. generic.c says what each
 * word means. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define ISA(name) name##_neon
#define ISA_NAME "neon"

enum { V_WIDTH = 4, ACCUMULATORS = 24 };
typedef float32x4_t vec;

static inline vec v_load(const float *p) {
    return vld1q_f32(p);
}
static inline void v_store(float *p, vec a) {
    vst1q_f32(p, a);
}
static inline vec v_set1(float a) {
    return vdupq_n_f32(a);
}
static inline vec v_add(vec a, vec b) {
    return vaddq_f32(a, b);
}
static inline vec v_sub(vec a, vec b) {
    return vsubq_f32(a, b);
}
static inline vec v_mul(vec a, vec b) {
    return vmulq_f32(a, b);
}
static inline vec v_div(vec a, vec b) {
    return vdivq_f32(a, b);
}
static inline vec v_fma(vec a, vec b, vec c) {
    return vfmaq_f32(c, a, b);
}
static inline vec v_fnma(vec a, vec b, vec c) {
    return vfmsq_f32(c, a, b);
}
static inline vec v_sqrt(vec a) {
    return vsqrtq_f32(a);
}
/* b if either is NaN, as x86 has it; vmaxq would give NaN, whichever it is. */
static inline vec v_max(vec a, vec b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline vec v_min(vec a, vec b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline vec v_abs(vec a) {
    return vabsq_f32(a);
}
static inline vec v_copysign(vec a, vec b) {
    return vbslq_f32(vdupq_n_u32(0x80000000u), b, a);
}
static inline vec v_if_negative(vec x, vec a, vec b) {
    return vbslq_f32(vcltzq_s32(vreinterpretq_s32_f32(x)), a, b);
}
static inline vec v_if_greater(vec a, vec b, vec x, vec y) {
    return vbslq_f32(vcgtq_f32(a, b), x, y);
}
static inline vec v_pow2(vec shifted) {
    const int32x4_t n = vshlq_n_s32(vreinterpretq_s32_f32(shifted), 23);
    return vreinterpretq_f32_s32(vaddq_s32(n, vdupq_n_s32(0x3f800000)));
}
static inline vec v_scale(vec a, vec shifted) {
    const int32x4_t n = vshrq_n_s32(vshlq_n_s32(vreinterpretq_s32_f32(shifted), 9), 9);
    const int32x4_t half = vshrq_n_s32(n, 1), one = vdupq_n_s32(0x3f800000);
    const int32x4_t low = vaddq_s32(vshlq_n_s32(half, 23), one);
    const int32x4_t high = vaddq_s32(vshlq_n_s32(vsubq_s32(n, half), 23), one);
    return vmulq_f32(vmulq_f32(a, vreinterpretq_f32_s32(low)), vreinterpretq_f32_s32(high));
}
static inline vec v_load_part(const float *p, int64_t n) {
    float lanes[V_WIDTH] = {0};
    memcpy(lanes, p, (size_t)n * sizeof *p);
    return vld1q_f32(lanes);
}
static inline void v_store_part(float *p, vec a, int64_t n) {
    float lanes[V_WIDTH];
    vst1q_f32(lanes, a);
    memcpy(p, lanes, (size_t)n * sizeof *p);
}
static inline vec v_keep(vec a, int64_t n) {
    static const int32_t lane[V_WIDTH] = {0, 1, 2, 3};
    const uint32x4_t first = vcltq_s32(vld1q_s32(lane), vdupq_n_s32((int32_t)n));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), first));
}
static inline vec v_low_half(vec a) {
    return vcombine_f32(vget_low_f32(a), vdup_n_f32(0));
}
static inline vec v_high_half(vec a) {
    return vcombine_f32(vget_high_f32(a), vdup_n_f32(0));
}
static inline float v_max_lane(vec a) {
    return vmaxvq_f32(a);
}
static inline uint32_t v_at_least(vec a, vec b) {
    static const uint32_t bits[] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vcgeq_f32(a, b), vld1q_u32(bits)));
}
static inline float v_sum16(const vec *a) {
    const vec sum8[2] = {vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3])};
    const vec sum4 = vaddq_f32(sum8[0], sum8[1]);
    const float32x2_t sum2 = vadd_f32(vget_low_f32(sum4), vget_high_f32(sum4));
    return vget_lane_f32(sum2, 0) + vget_lane_f32(sum2, 1);
}
static inline void v_transpose(vec *rows) {
    const float32x4x2_t a = vtrnq_f32(rows[0], rows[1]), b = vtrnq_f32(rows[2], rows[3]);
    rows[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    rows[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    rows[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    rows[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

#ifndef VOCABULARY /* what includes this asks for more than the words */
#include "kernels_tmpl.h"
#endif
#endif
