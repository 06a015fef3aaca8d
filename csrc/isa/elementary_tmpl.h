/* Elementary functions of float32, computed in float64 and rounded once: within 0.51 ulp for every
 * float, with the special values of C's Annex F. The polynomials interpolate at Chebyshev's points;
 * their relative error in the result is below 2^-42. */

#define D_INFINITY ((double)INFINITY)
#define D_NAN ((double)NAN)
#define LN2 0x1.62e42fefa39efp-1
#define PI_2 0x1.921fb54442d18p+0

/* Coefficients from the highest power down. */
INLINE dvec d_horner(dvec x, const double *coefficients, const int count) {
    dvec y = d_set1(coefficients[0]);
    UNROLL for (int i = 1; i < count; i++) y = y * x + coefficients[i];
    return y;
}
#define POLYNOMIAL(x, coefficients)                                                                \
    d_horner(x, coefficients, sizeof(coefficients) / sizeof *(coefficients))

/* 2^n for integers n in [-1022, 1023]; whatever stands above their low 12 bits. */
static inline dvec d_pow2(uvec n) {
    return (dvec)((n + 1023) << 52);
}

/* x = n ln2 + r with |r| <= ln2 / 2, n in the low bits of *shifted; returns e^r - 1. The first part
 * of ln2 has 33 bits, so that its multiples are exact. x in [-700, 700]. */
static inline dvec d_expm1_reduced(dvec x, uvec *shifted) {
    static const double q[] = {0x1.288088c0e67a5p-22, 0x1.72c79824255e0p-19, 0x1.a019c971b4d98p-16,
                               0x1.a019ad55d1aa7p-13, 0x1.6c16c1739a511p-10, 0x1.1111111c5719ap-7,
                               0x1.5555555554ca7p-5,  0x1.5555555553b48p-3,  0x1p-1};
    const dvec sum = x * 0x1.71547652b82fep+0 + 0x1.8p52, n = sum - 0x1.8p52;
    const dvec r = (x - n * 0x1.62e42fefp-1) - n * 0x1.473de6af278edp-34;
    *shifted = (uvec)sum;
    return r * (1.0 + r * POLYNOMIAL(r, q));
}

static inline dvec d_exp(dvec x) {
    uvec n;
    const dvec p = d_expm1_reduced(d_within(x, -700, 700), &n);
    return d_pow2(n) * (1.0 + p);
}

static inline dvec d_expm1(dvec x) {
    uvec n;
    const dvec p = d_expm1_reduced(d_within(x, -700, 700), &n), scale = d_pow2(n);
    return d_if(x == 0, x, scale * p + (scale - 1.0));
}

/* x = 2^e m with m in [1/sqrt(2), sqrt(2)]; x positive and finite. Returns m. */
static inline dvec d_split(dvec x, dvec *e) {
    const uvec sqrt_half = d_bits(0x1.6a09e667f3bcdp-1);
    const uvec biased = ((uvec)x - sqrt_half + d_bits(0x1p1)) >> 52; /* e + 1024 */
    *e = (dvec)(biased | d_bits(0x1p52)) - (0x1p52 + 1024);
    return (dvec)((uvec)x - ((biased - 1024) << 52));
}

/* log(1 + f) = 2 atanh(f / (2 + f)), for 1 + f in [1/sqrt(2), sqrt(2)]. */
static inline dvec d_log_near_1(dvec f) {
    static const double p[] = {0x1.2b9f7fb3de73fp-3, 0x1.39f8963ccbdc2p-3, 0x1.7462e17b4cdd0p-3,
                               0x1.c71c6247410e3p-3, 0x1.2492492e6dfddp-2, 0x1.9999999994e76p-2,
                               0x1.5555555555558p-1};
    const dvec s = f / (2.0 + f), u = s * s;
    return s * (2.0 + u * POLYNOMIAL(u, p));
}

/* `finite`, which is a log of x for x in (0, inf), also where x is not. */
static inline dvec d_log_everywhere(dvec x, dvec finite) {
    const dvec at_0 = d_if(x == 0, d_set1(-D_INFINITY), d_set1(D_NAN));
    return d_if((x > 0) & (x < D_INFINITY), finite, d_if(x == D_INFINITY, x, at_0));
}

/* e times `one`, and log(m) times `factor`: a logarithm to any base. */
static inline dvec d_log_base(dvec x, double one, double factor) {
    dvec e;
    const dvec m = d_split(x, &e);
    return d_log_everywhere(x, e * one + d_log_near_1(m - 1.0) * factor);
}

static inline dvec d_log(dvec x) {
    return d_log_base(x, LN2, 1.0);
}
static inline dvec d_log2(dvec x) {
    return d_log_base(x, 1.0, 0x1.71547652b82fep+0);
}
static inline dvec d_log10(dvec x) {
    return d_log_base(x, 0x1.34413509f79ffp-2, 0x1.bcb7b1526e50ep-2);
}

static inline dvec d_log1p(dvec x) {
    dvec e;
    const dvec m = d_split(1.0 + x, &e), f = d_if(e == 0, x, m - 1.0);
    const dvec y = d_log_everywhere(1.0 + x, e * LN2 + d_log_near_1(f));
    return d_if(x == 0, x, y);
}

/* x^y. An odd integer y is one below 2^24: above it, floats are even. */
static inline dvec d_pow(dvec x, dvec y) {
    const dvec whole = y + 0x1.8p52, a = d_abs(x);
    const lvec is_whole = (whole - 0x1.8p52 == y) | (d_abs(y) >= 0x1p24);
    const uvec odd = (uvec)whole << 63, sign = odd & (uvec)x & (uvec)(d_abs(y) < 0x1p24);
    const dvec power = d_if(y == 2, a * a, d_exp(y * d_log(a)));
    const dvec result = (dvec)((uvec)power ^ (sign & (uvec)is_whole));
    const lvec undefined = (x < 0) & (x > -D_INFINITY) & ~is_whole;
    return d_if((y == 0) | (x == 1) | ((x == -1) & (d_abs(y) == D_INFINITY)), d_set1(1.0),
                d_if(undefined, d_set1(D_NAN), result));
}

/* For the finite float x, at least 2^20 in size: |x| - q pi/2 in [-pi/4, pi/4], and q modulo 4.
 * Bits of 2/pi that give multiples of 4 are left out; 96 bits are taken from there. */
static inline double d_reduce_large(float x, uint64_t *quadrant) {
    static const uint64_t two_over_pi[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                           0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t significand = (bits & 0x7fffff) | 0x800000;
    const int first = (int)(bits >> 23 & 0xff) - 150 + 30; /* of the bits taken, in the table */
    const uint64_t *const word = two_over_pi + first / 32;
    uint64_t part[3];
    for (int i = 0; i < 3; i++)
        part[i] = (word[i] << 32 | word[i + 1]) << first % 32 >> 32;
    const uint64_t product = (significand * part[0] << 32) + significand * part[1] +
                             (significand * part[2] >> 32); /* 2^62 times |x| 2/pi, modulo 4 */
    const uint64_t q = (product + (UINT64_C(1) << 61)) >> 62;
    *quadrant = q;
    return (double)(int64_t)(product - (q << 62)) * (PI_2 * 0x1p-62);
}

/* x - q pi/2 in [-pi/4, pi/4], q in the low two bits of *quadrant. Below 2^20 three parts of pi/2
 * are taken off, of which the multiples of two are exact. */
static inline dvec d_reduce(dvec x, uvec *quadrant) {
    const lvec is_large = d_abs(x) >= 0x1p20;
    const dvec sum = x * 0x1.45f306dc9c883p-1 + 0x1.8p52, q = sum - 0x1.8p52;
    dvec r = x - q * 0x1.921fb544p+0;
    r = (r - q * 0x1.0b4611a6p-34) - q * 0x1.3198a2e037073p-69;
    *quadrant = (uvec)sum;
    if (!d_any(is_large))
        return r;
    for (int lane = 0; lane < D_WIDTH; lane++) {
        if (!is_large[lane])
            continue;
        uint64_t turns = 0;
        const float value = (float)x[lane];
        const double rest = isfinite(value) ? d_reduce_large(value, &turns) : D_NAN;
        r[lane] = value < 0 ? -rest : rest;
        (*quadrant)[lane] = value < 0 ? 0 - turns : turns;
    }
    return r;
}

/* Of r in [-pi/4, pi/4]. */
static inline dvec d_sin_reduced(dvec r) {
    static const double s[] = {0x1.5e0a4fc16be59p-33, -0x1.ae6008d114485p-26,
                               0x1.71de37946ed6dp-19, -0x1.a01a019e820aep-13,
                               0x1.1111111110babp-7,  -0x1.5555555555555p-3};
    const dvec u = r * r;
    return r * (1.0 + u * POLYNOMIAL(u, s));
}
static inline dvec d_cos_reduced(dvec r) {
    static const double c[] = {0x1.1c058aa4eca7ap-29, -0x1.27e0f36aadca6p-22,
                               0x1.a019fc7759b50p-16, -0x1.6c16c1691a7f8p-10,
                               0x1.555555555411dp-5,  -0x1p-1};
    const dvec u = r * r;
    return 1.0 + u * POLYNOMIAL(u, c);
}

/* sin(r + q pi/2), q the low two bits of `quadrant`. */
static inline dvec d_sin_in(uvec quadrant, dvec r) {
    const dvec y = d_if((quadrant & 1) == 0, d_sin_reduced(r), d_cos_reduced(r));
    return (dvec)((uvec)y ^ (quadrant & 2) << 62);
}
static inline dvec d_sin(dvec x) {
    uvec quadrant;
    const dvec r = d_reduce(x, &quadrant);
    return d_sin_in(quadrant, r);
}
static inline dvec d_cos(dvec x) {
    uvec quadrant;
    const dvec r = d_reduce(x, &quadrant);
    return d_sin_in(quadrant + 1, r);
}
static inline dvec d_tan(dvec x) {
    uvec quadrant;
    const dvec r = d_reduce(x, &quadrant), sine = d_sin_reduced(r), cosine = d_cos_reduced(r);
    const lvec even = (quadrant & 1) == 0;
    return d_if(even, sine, -cosine) / d_if(even, cosine, sine);
}

/* The angle of the point (x, y), x and y widened floats: no quotient of two overflows. Reduced by
 * pi/4 or pi/2 to |t| <= tan(pi/8). */
static inline dvec d_atan2(dvec y, dvec x) {
    static const double p[] = {-0x1.bde7eaba10384p-6, 0x1.a757649dd4de5p-5,  -0x1.0c503f9566050p-4,
                               0x1.3a9d31071e532p-4,  -0x1.74563649b174bp-4, 0x1.c71c37dafcfebp-4,
                               -0x1.249248a9b2c38p-3, 0x1.99999998cfffbp-3,  -0x1.55555555553a0p-2};
    const lvec both_infinite = (d_abs(x) == D_INFINITY) & (d_abs(y) == D_INFINITY);
    const dvec a = d_if(both_infinite, d_set1(1.0), d_abs(y));
    const dvec b = d_if(both_infinite | ((x == 0) & (y == 0)), d_set1(1.0), d_abs(x));
    const lvec steep = a > b * 0x1.3504f333f9de6p+1, middle = a > b * 0x1.a827999fcef32p-2;
    const dvec above = d_if(steep, -b, d_if(middle, a - b, a));
    const dvec below = d_if(steep, a, d_if(middle, a + b, b)), t = above / below, u = t * t;
    const dvec base = d_if(steep, d_set1(PI_2), d_if(middle, d_set1(PI_2 / 2), d_set1(0)));
    const dvec angle = base + t * (1.0 + u * POLYNOMIAL(u, p));
    return d_copysign(d_if((lvec)x < 0, 2 * PI_2 - angle, angle), y);
}
static inline dvec d_atan(dvec x) {
    return d_atan2(x, d_set1(1.0));
}

/* sqrt((1 - x) (1 + x)), the other side of a triangle; NaN outside of [-1, 1]. */
static inline dvec d_other_side(dvec x) {
    return d_sqrt((1.0 - x) * (1.0 + x));
}
static inline dvec d_asin(dvec x) {
    return d_atan2(x, d_other_side(x));
}
static inline dvec d_acos(dvec x) {
    return d_atan2(d_other_side(x), x);
}

static inline dvec d_sinh(dvec x) {
    const dvec e = d_expm1(d_abs(x));
    return d_copysign(0.5 * (e + e / (e + 1.0)), x);
}
static inline dvec d_cosh(dvec x) {
    const dvec e = d_exp(d_abs(x));
    return 0.5 * (e + 1.0 / e);
}

/* A polynomial up to 0.85; beyond, 1 - e^(-x^2) p(1 / (1 + x / 2)), and 1 from 4 on. */
static inline dvec d_erf(dvec x) {
    static const double near_0[] = {-0x1.fc6c34eee4a9ap-24, 0x1.a84a896cf7ec9p-20,
                                    -0x1.f300ea0976902p-17, 0x1.f985c3403dc09p-14,
                                    -0x1.c02c8c2d9ef77p-11, 0x1.565bc5f3370b3p-8,
                                    -0x1.b82ce2e0372ddp-6,  0x1.ce2f219f8d7fdp-4,
                                    -0x1.812746b036a0ep-2,  0x1.20dd750429b69p+0};
    static const double tail[] = {
        0x1.10b765c20c52ap-5, -0x1.0198db88d0a3ep-2, 0x1.89444b09e83f8p-1, -0x1.2ea0a436095d0p+0,
        0x1.d272276c474c7p-1, -0x1.a266f022f9c2bp-2, 0x1.6e26591bbf6b9p-2, 0x1.9c535f8fe5e08p-3,
        0x1.2886740e1aa0fp-2, 0x1.201e8d3ed6530p-2,  0x1.0b816ce5dd148p-15};
    const dvec a = d_within(d_abs(x), 0, 4), u = a * a;
    const dvec far = 1.0 - d_exp(-u) * POLYNOMIAL(1.0 / (1.0 + 0.5 * a), tail);
    return d_if(a < 0.85, x * POLYNOMIAL(u, near_0), d_copysign(far, x));
}

#define ELEMENTARY_LOOP(function)                                                                  \
    static void function##_loop(float *y, const float *x, int64_t n) {                             \
        int64_t i = 0;                                                                             \
        for (; i + D_WIDTH <= n; i += D_WIDTH)                                                     \
            d_store(y + i, function(d_load(x + i)));                                               \
        if (i < n)                                                                                 \
            d_store_part(y + i, function(d_load_part(x + i, n - i)), n - i);                       \
    }

/* Steps of 0 or 1 from one operand to the next: a scalar or an array. */
#define ELEMENTARY_PAIR_LOOP(function)                                                             \
    static void function##_loop(float *z, const float *x, int64_t x_step, const float *y,          \
                                int64_t y_step, int64_t n) {                                       \
        const dvec one_x = n > 0 ? d_set1(*x) : d_set1(0), one_y = n > 0 ? d_set1(*y) : d_set1(0); \
        int64_t i = 0;                                                                             \
        for (; i + D_WIDTH <= n; i += D_WIDTH)                                                     \
            d_store(z + i,                                                                         \
                    function(x_step ? d_load(x + i) : one_x, y_step ? d_load(y + i) : one_y));     \
        if (i < n)                                                                                 \
            d_store_part(z + i,                                                                    \
                         function(x_step ? d_load_part(x + i, n - i) : one_x,                      \
                                  y_step ? d_load_part(y + i, n - i) : one_y),                     \
                         n - i);                                                                   \
    }

ELEMENTARY_LOOP(d_expm1)
ELEMENTARY_LOOP(d_log)
ELEMENTARY_LOOP(d_log1p)
ELEMENTARY_LOOP(d_log2)
ELEMENTARY_LOOP(d_log10)
ELEMENTARY_LOOP(d_sin)
ELEMENTARY_LOOP(d_cos)
ELEMENTARY_LOOP(d_tan)
ELEMENTARY_LOOP(d_asin)
ELEMENTARY_LOOP(d_acos)
ELEMENTARY_LOOP(d_atan)
ELEMENTARY_LOOP(d_sinh)
ELEMENTARY_LOOP(d_cosh)
ELEMENTARY_LOOP(d_erf)
ELEMENTARY_PAIR_LOOP(d_pow)
ELEMENTARY_PAIR_LOOP(d_atan2)

#define ELEMENTARY_LOOPS                                                                           \
    {d_expm1_loop, d_log_loop,  d_log1p_loop, d_log2_loop, d_log10_loop, d_sin_loop,  d_cos_loop,  \
     d_tan_loop,   d_asin_loop, d_acos_loop,  d_atan_loop, d_sinh_loop,  d_cosh_loop, d_erf_loop}
#define ELEMENTARY_PAIR_LOOPS {d_pow_loop, d_atan2_loop}
