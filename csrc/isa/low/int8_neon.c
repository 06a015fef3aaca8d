/* int8 by products of 16 bits, for NEON. */
#if defined(__aarch64__)
#define VOCABULARY
#include "../neon.c"
#include <math.h>

#define LOW_TABLE msq_kernels_int8_neon
#define LOW_NAME "int8"
#define LOW_TMPL "int8_tmpl.h"
#define TOGETHER 2

typedef int32x4_t qvec;

static inline qvec q_load(const int8_t *p) {
    return vreinterpretq_s32_s16(vmovl_s8(vld1_s8(p)));
}
static inline qvec q_set(const void *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return vdupq_n_s32(pair);
}
static inline qvec q_dot(qvec sum, qvec x, qvec w) {
    const int16x8_t a = vreinterpretq_s16_s32(x), b = vreinterpretq_s16_s32(w);
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(a, b)));
}
static inline qvec q_int(const int32_t *p) {
    return vld1q_s32(p);
}
static inline vec q_float(qvec a) {
    return vcvtq_f32_s32(a);
}

#include "kernels_tmpl.h"
#endif
