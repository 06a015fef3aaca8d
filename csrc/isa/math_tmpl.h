/* exp, tanh and sigmoid, each within 2 ulp, for every float; exact at 0 and where they saturate;
 * NaN gives NaN. */

/* x = n ln2 + r with |r| <= ln2 / 2. Adding `magic`, an integer near 1.5 * 2^23, rounds x / ln2 to
 * the integer n: *shifted is their sum. ln2 is the sum of two floats, so that r is right to the
 * last bit or two. */
static inline vec v_ln2_rest(vec x, vec magic, vec *shifted) {
    *shifted = v_fma(x, v_set1(0x1.715476p0f), magic);
    const vec n = v_sub(*shifted, magic);
    const vec r = v_fma(n, v_set1(-0x1.62e43p-1f), x);
    return v_fma(n, v_set1(0x1.05c61p-29f), r);
}

/* e^r - 1 = r + r^2 q(r) for |r| <= ln2 / 2; q is the minimax polynomial of degree 5 for the
 * relative error of the sum, 2^-31, its coefficients rounded to float one by one and the rest
 * fitted again. */
static inline vec v_expm1_rest(vec r) {
    vec q = v_set1(0x1.9e7344p-13f);
    q = v_fma(q, r, v_set1(0x1.6d3a48p-10f));
    q = v_fma(q, r, v_set1(0x1.1112d8p-7f));
    q = v_fma(q, r, v_set1(0x1.5554f8p-5f));
    q = v_fma(q, r, v_set1(0x1.555554p-3f));
    q = v_fma(q, r, v_set1(0.5f));
    return v_fma(v_mul(r, r), q, r);
}

static inline vec v_expm1_reduced(vec x, vec *shifted) {
    return v_expm1_rest(v_ln2_rest(x, v_set1(0x1.8p23f), shifted));
}

/* For x in [-104, 89]. Beyond these e^x is 0 (less than half the least denormal) or infinite. */
static inline vec v_exp_within(vec x) {
    vec shifted;
    const vec p = v_expm1_reduced(x, &shifted);
    return v_scale(v_add(v_set1(1.0f), p), shifted);
}

static inline vec v_exp(vec x) {
    return v_exp_within(v_max(v_set1(-104.0f), v_min(v_set1(89.0f), x)));
}

/* e^(x + low), for a small low part of x that no float of its size holds. */
static inline vec v_exp_of_two(vec x, vec low) {
    vec shifted;
    const vec within = v_max(v_set1(-104.0f), v_min(v_set1(89.0f), x));
    const vec r = v_ln2_rest(within, v_set1(0x1.8p23f), &shifted);
    const vec p = v_expm1_rest(v_add(r, low));
    return v_scale(v_add(v_set1(1.0f), p), shifted);
}

/* log(1 + t) for t in [0, 1], within 2 ulp; fitted as q above, its relative error 2^-27. */
static inline vec v_log1p_of_share(vec t) {
    vec q = v_set1(-0x1.a6f30ap-9f);
    q = v_fma(q, t, v_set1(0x1.443a38p-6f));
    q = v_fma(q, t, v_set1(-0x1.d1f56ap-5f));
    q = v_fma(q, t, v_set1(0x1.b23326p-4f));
    q = v_fma(q, t, v_set1(-0x1.39818cp-3f));
    q = v_fma(q, t, v_set1(0x1.9305f6p-3f));
    q = v_fma(q, t, v_set1(-0x1.ff160ap-3f));
    q = v_fma(q, t, v_set1(0x1.554d22p-2f));
    q = v_fma(q, t, v_set1(-0x1.ffffccp-2f));
    return v_fma(v_mul(t, t), q, t);
}

/* h with tanh |x| = h / (h + 1): (e^(2|x|) - 1) / 2, but at most e^20 / 2, where tanh rounds to 1.
 * The half is that of a magic number which is one less. */
static inline vec v_tanh_ratio(vec x) {
    vec shifted;
    const vec within = v_min(v_set1(20.0f), v_mul(v_set1(2.0f), v_abs(x)));
    const vec p = v_expm1_rest(v_ln2_rest(within, v_set1(0x1.8p23f - 1), &shifted));
    const vec half_scale = v_pow2(shifted);
    return v_fma(half_scale, p, v_sub(half_scale, v_set1(0.5f)));
}

/* q = h / (h + 1); where h is small, q = h - h q has less rounding error. */
static inline vec v_tanh(vec x) {
    const vec h = v_tanh_ratio(x), q = v_div(h, v_add(h, v_set1(1.0f)));
    return v_copysign(v_if_greater(v_set1(0.5f), h, v_fnma(h, q, h), q), x);
}

/* t = e^-|x|, q = t / (1 + t): 1 - q, or for negative x q = t - t q. */
static inline vec v_sigmoid(vec x) {
    const vec one = v_set1(1.0f), t = v_exp(v_sub(v_set1(0.0f), v_abs(x)));
    const vec q = v_div(t, v_add(one, t)), a = v_if_negative(x, t, one);
    return v_fnma(a, q, a);
}

/* d with sigmoid x = 1 / d: 1 + e^-x, but at most 1 + e^88, where sigmoid is 6e-39. */
static inline vec v_sigmoid_divisor(vec x) {
    vec shifted;
    x = v_min(v_set1(88.0f), v_max(v_set1(-87.0f), v_sub(v_set1(0.0f), x)));
    const vec p = v_expm1_reduced(x, &shifted), scale = v_pow2(shifted);
    return v_add(v_fma(scale, p, scale), v_set1(1.0f));
}
