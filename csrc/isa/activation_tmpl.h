/* Activations over an array, in one pass each: within 6 ulp of the float64 definition, most within
 * 2. The factor of a product that may be infinite is kept in a range first: inf * 0 is NaN. */

static inline vec v_relu6(vec x) {
    return v_max(v_set1(0.0f), v_min(v_set1(6.0f), x));
}

static inline vec v_hard_sigmoid(vec x) {
    return v_div(v_relu6(v_add(x, v_set1(3.0f))), v_set1(6.0f));
}

/* 0.2 x + 0.5 in [0, 1]: what Keras before version 3 calls hard_sigmoid. */
static inline vec v_hard_sigmoid_keras2(vec x) {
    const vec y = v_div(v_add(x, v_set1(2.5f)), v_set1(5.0f));
    return v_max(v_set1(0.0f), v_min(v_set1(1.0f), y));
}

/* x / (1 + |x|); of at most 1e30, where it is 1 already: inf / inf is NaN. */
static inline vec v_softsign(vec x) {
    const vec a = v_min(v_set1(1e30f), v_abs(x));
    return v_copysign(v_div(a, v_add(v_set1(1.0f), a)), x);
}

/* e^x - 1 for x <= 0; -1 from -20 on. */
static inline vec v_expm1_negative(vec x) {
    vec shifted;
    const vec p = v_expm1_reduced(v_max(v_set1(-20.0f), x), &shifted), scale = v_pow2(shifted);
    return v_fma(scale, p, v_sub(scale, v_set1(1.0f)));
}

/* The smallest x of which the product with something near 0 is right. */
static inline vec v_above_200(vec x) {
    return v_max(v_set1(-200.0f), x);
}

/* max(x, 0) + log(1 + e^-|x|). */
static inline vec v_softplus(vec x) {
    const vec t = v_exp(v_sub(v_set1(0.0f), v_abs(x)));
    return v_add(v_max(v_set1(0.0f), x), v_log1p_of_share(t));
}

/* x n / (n + 2) with n = e^x (e^x + 2): tanh(log(1 + e^x)) without a logarithm. */
static inline vec v_mish(vec x) {
    const vec e = v_exp(v_min(v_set1(20.0f), x)), n = v_fma(e, e, v_add(e, e));
    return v_mul(v_above_200(x), v_div(n, v_add(n, v_set1(2.0f))));
}

/* e^(-a^2 / 2), the square in two parts, and of the share P(X > a) of a normal X its quotient by
 * that, for a in [0, 14.6]: a quotient of polynomials, p and q, its relative error 2^-25. */
INLINE vec v_gelu_quotient(vec a, vec *p, vec *q) {
    const vec half = v_set1(-0.5f), square = v_mul(a, a);
    const vec low = v_fma(a, a, v_sub(v_set1(0.0f), square));
    *p = v_set1(0x1.094dd2p-8f), *q = v_set1(0x1.4c8158p-7f);
    *p = v_fma(*p, a, v_set1(0x1.4977d6p-5f));
    *p = v_fma(*p, a, v_set1(0x1.74e2d2p-3f));
    *p = v_fma(*p, a, v_set1(0x1.bf5222p-2f));
    *p = v_fma(*p, a, v_set1(0.5f));
    *q = v_fma(*q, a, v_set1(0x1.9cf438p-4f));
    *q = v_fma(*q, a, v_set1(0x1.dd93c6p-2f));
    *q = v_fma(*q, a, v_set1(0x1.32a68ep+0f));
    *q = v_fma(*q, a, v_set1(0x1.abeb3ep+0f));
    *q = v_fma(*q, a, v_set1(1.0f));
    return v_exp_of_two(v_mul(half, square), v_mul(half, low));
}

/* x P(X < x) for a normal X: with a = |x|, w = a P(X > a), it is x - w above 0 and -w below; from
 * 14.6 on w rounds to 0. */
static inline vec v_gelu(vec x) {
    const vec a = v_min(v_set1(14.6f), v_abs(x));
    vec p, q;
    const vec e = v_gelu_quotient(a, &p, &q);
    const vec w = v_mul(e, v_div(v_mul(a, p), q));
    return v_if_negative(x, v_copysign(w, x), v_sub(x, w));
}

/* x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3), which is 0.5 x (1 + tanh u). -2 |u| is
 * a (linear + cubic a^2), each sum and product in two parts. Source: Hendrycks and Gimpel,
 * arXiv:1606.08415. */
static inline vec v_gelu_tanh(vec x) {
    const vec one = v_set1(1.0f), zero = v_set1(0.0f), a = v_min(v_set1(15.0f), v_abs(x));
    const vec linear = v_set1(-0x1.988454p+0f), linear_low = v_set1(0x1.857936p-25f);
    const vec cubic = v_set1(-0x1.2444f2p-4f), cubic_low = v_set1(-0x1.49b16ap-29f);
    const vec square = v_mul(a, a), square_low = v_fma(a, a, v_sub(zero, square));
    const vec product = v_mul(cubic, square), factor = v_add(product, linear);
    const vec added = v_sub(factor, product), left = v_sub(product, v_sub(factor, added));
    vec low = v_add(v_add(left, v_sub(linear, added)), linear_low);
    low = v_add(low, v_fma(cubic, square, v_sub(zero, product)));
    low = v_fma(cubic_low, square, v_fma(cubic, square_low, low));
    const vec z = v_mul(a, factor), z_low = v_fma(a, low, v_fma(a, factor, v_sub(zero, z)));
    const vec t = v_exp_of_two(z, z_low), q = v_mul(a, v_div(t, v_add(one, t)));
    return v_if_negative(x, v_copysign(q, x), v_sub(x, q));
}

/* x - tanh x: up to 1 the sum of a series without its first term, fitted as above; beyond,
 * |x| - 1 + 2 / (e^(2 |x|) + 1). */
static inline vec v_tanh_shrink(vec x) {
    const vec one = v_set1(1.0f), a = v_abs(x), u = v_mul(a, a);
    vec p = v_set1(-0x1.40cec4p-13f);
    p = v_fma(p, u, v_set1(0x1.f88be0p-11f));
    p = v_fma(p, u, v_set1(-0x1.ac1dbcp-9f));
    p = v_fma(p, u, v_set1(0x1.1e8924p-7f));
    p = v_fma(p, u, v_set1(-0x1.65f9f0p-6f));
    p = v_fma(p, u, v_set1(0x1.ba1a6cp-5f));
    p = v_fma(p, u, v_set1(-0x1.11112ap-3f));
    p = v_fma(p, u, v_set1(0x1.555556p-2f));
    const vec rest = v_div(one, v_add(v_tanh_ratio(x), one));
    const vec far = v_add(v_sub(a, one), rest), near = v_mul(v_mul(a, u), p);
    return v_copysign(v_if_greater(a, one, far, near), x);
}

/* (x + sqrt(x^2 + b)) / 2, below 0 in a form without cancellation. sqrt(x^2 + b) is at least |x|,
 * which it rounds to where x^2 is cut. */
static inline vec v_squareplus(vec x, vec b) {
    const vec half = v_set1(0.5f), a = v_abs(x), cut = v_min(v_set1(1e15f), a);
    const vec root = v_max(a, v_sqrt(v_fma(cut, cut, b)));
    const vec y = v_add(v_mul(half, a), v_mul(half, root));
    return v_if_greater(v_set1(0.0f), x, v_div(v_mul(v_set1(0.25f), b), y), y);
}

static inline vec v_sparse_sigmoid(vec x) {
    const vec y = v_mul(v_set1(0.5f), v_add(x, v_set1(1.0f)));
    return v_max(v_set1(0.0f), v_min(v_set1(1.0f), y));
}

/* 0 up to -1, x from 1 on, ((x + 1) / 2)^2 between. */
static inline vec v_sparse_plus(vec x) {
    const vec one = v_set1(1.0f), y = v_sparse_sigmoid(x);
    return v_if_greater(x, one, x, v_mul(y, y));
}

/* 0, and NaN for NaN. */
static inline vec v_zero_of(vec x) {
    return v_mul(v_set1(0.0f), v_max(v_set1(-1.0f), v_min(v_set1(1.0f), x)));
}

/* `kept` where |x| is over `threshold`, else 0. */
static inline vec v_shrink(vec x, vec threshold, vec kept) {
    return v_if_greater(v_abs(x), threshold, kept, v_add(v_set1(0.0f), v_zero_of(x)));
}

/* x above `threshold`, but at most `most`; below it slope * (x - threshold), 0 for a slope of 0. */
static inline vec v_relu_between(vec x, vec slope, vec most, vec threshold) {
    const vec zero = v_set1(0.0f), sloping = v_mul(slope, v_min(v_sub(x, threshold), zero));
    const vec below = v_if_greater(v_abs(slope), zero, sloping, zero);
    return v_if_greater(x, threshold, v_min(most, x), v_add(v_zero_of(x), below));
}

#define OPTION(i) v_set1(options[i])
#define ACTIVATION_LOOP(name, expression)                                                          \
    static void name(float *y, const float *x, int64_t n, const float *options) {                  \
        int64_t i = 0;                                                                             \
        (void)options;                                                                             \
        for (; i + V_WIDTH <= n; i += V_WIDTH) {                                                   \
            const vec v = v_load(x + i);                                                           \
            v_store(y + i, expression);                                                            \
        }                                                                                          \
        if (i < n) {                                                                               \
            const vec v = v_load_part(x + i, n - i);                                               \
            v_store_part(y + i, expression, n - i);                                                \
        }                                                                                          \
    }

ACTIVATION_LOOP(linear, v)
ACTIVATION_LOOP(relu, v_max(v_set1(0.0f), v))
ACTIVATION_LOOP(sigmoid, v_sigmoid(v))
ACTIVATION_LOOP(tanh_, v_tanh(v))
ACTIVATION_LOOP(exponential, v_exp(v))
ACTIVATION_LOOP(relu6, v_relu6(v))
ACTIVATION_LOOP(leaky_relu, v_if_negative(v, v_mul(OPTION(0), v), v))
ACTIVATION_LOOP(hard_sigmoid, v_hard_sigmoid(v))
ACTIVATION_LOOP(hard_sigmoid_keras2, v_hard_sigmoid_keras2(v))
ACTIVATION_LOOP(hard_silu, v_mul(v_above_200(v), v_hard_sigmoid(v)))
ACTIVATION_LOOP(hard_tanh, v_max(v_set1(-1.0f), v_min(v_set1(1.0f), v)))
ACTIVATION_LOOP(hard_shrink, v_shrink(v, OPTION(0), v))
ACTIVATION_LOOP(soft_shrink, v_shrink(v, OPTION(0), v_copysign(v_sub(v_abs(v), OPTION(0)), v)))
ACTIVATION_LOOP(tanh_shrink, v_tanh_shrink(v))
ACTIVATION_LOOP(elu, v_if_negative(v, v_mul(OPTION(0), v_expm1_negative(v)), v))
ACTIVATION_LOOP(celu, v_if_negative(v, v_mul(OPTION(0), v_expm1_negative(v_div(v, OPTION(0)))), v))
ACTIVATION_LOOP(selu, v_if_negative(v, v_mul(v_set1(1.7580993408473766f), v_expm1_negative(v)),
                                    v_mul(v_set1(1.0507009873554805f), v)))
ACTIVATION_LOOP(softplus, v_softplus(v))
ACTIVATION_LOOP(softsign, v_softsign(v))
ACTIVATION_LOOP(log_sigmoid, v_sub(v_set1(0.0f), v_softplus(v_sub(v_set1(0.0f), v))))
ACTIVATION_LOOP(silu, v_mul(v_above_200(v), v_sigmoid(v)))
ACTIVATION_LOOP(mish, v_mish(v))
ACTIVATION_LOOP(gelu, v_gelu(v))
ACTIVATION_LOOP(gelu_tanh, v_gelu_tanh(v))
ACTIVATION_LOOP(squareplus, v_squareplus(v, OPTION(0)))
ACTIVATION_LOOP(sparse_plus, v_sparse_plus(v))
ACTIVATION_LOOP(sparse_sigmoid, v_sparse_sigmoid(v))
ACTIVATION_LOOP(relu_between, v_relu_between(v, OPTION(0), OPTION(1), OPTION(2)))
ACTIVATION_LOOP(threshold, v_if_greater(v, OPTION(0), v, OPTION(1)))

/* y = x, and alpha[i] x[i] where x[i] is below 0. */
static void prelu_row(float *y, const float *x, const float *alpha, int64_t n) {
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH) {
        const vec v = v_load(x + i);
        v_store(y + i, v_if_negative(v, v_mul(v_load(alpha + i), v), v));
    }
    if (i < n) {
        const vec v = v_load_part(x + i, n - i);
        v_store_part(y + i, v_if_negative(v, v_mul(v_load_part(alpha + i, n - i), v), v), n - i);
    }
}

/* y = x sigmoid(gate). */
static void glu_row(float *y, const float *x, const float *gate, int64_t n) {
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_mul(v_load(x + i), v_sigmoid(v_load(gate + i))));
    if (i < n) {
        const vec share = v_sigmoid(v_load_part(gate + i, n - i));
        v_store_part(y + i, v_mul(v_load_part(x + i, n - i), share), n - i);
    }
}

#define ACTIVATION_LOOPS                                                                           \
    {[MSQ_LINEAR] = linear,                                                                        \
     [MSQ_RELU] = relu,                                                                            \
     [MSQ_SIGMOID] = sigmoid,                                                                      \
     [MSQ_TANH] = tanh_,                                                                           \
     [MSQ_EXPONENTIAL] = exponential,                                                              \
     [MSQ_LOOP_RELU6] = relu6,                                                                     \
     [MSQ_LOOP_LEAKY_RELU] = leaky_relu,                                                           \
     [MSQ_LOOP_HARD_SIGMOID] = hard_sigmoid,                                                       \
     [MSQ_LOOP_HARD_SIGMOID_KERAS2] = hard_sigmoid_keras2,                                         \
     [MSQ_LOOP_HARD_SILU] = hard_silu,                                                             \
     [MSQ_LOOP_HARD_TANH] = hard_tanh,                                                             \
     [MSQ_LOOP_HARD_SHRINK] = hard_shrink,                                                         \
     [MSQ_LOOP_SOFT_SHRINK] = soft_shrink,                                                         \
     [MSQ_LOOP_TANH_SHRINK] = tanh_shrink,                                                         \
     [MSQ_LOOP_ELU] = elu,                                                                         \
     [MSQ_LOOP_CELU] = celu,                                                                       \
     [MSQ_LOOP_SELU] = selu,                                                                       \
     [MSQ_LOOP_SOFTPLUS] = softplus,                                                               \
     [MSQ_LOOP_SOFTSIGN] = softsign,                                                               \
     [MSQ_LOOP_LOG_SIGMOID] = log_sigmoid,                                                         \
     [MSQ_LOOP_SILU] = silu,                                                                       \
     [MSQ_LOOP_MISH] = mish,                                                                       \
     [MSQ_LOOP_GELU] = gelu,                                                                       \
     [MSQ_LOOP_GELU_TANH] = gelu_tanh,                                                             \
     [MSQ_LOOP_SQUAREPLUS] = squareplus,                                                           \
     [MSQ_LOOP_SPARSE_PLUS] = sparse_plus,                                                         \
     [MSQ_LOOP_SPARSE_SIGMOID] = sparse_sigmoid,                                                   \
     [MSQ_LOOP_RELU_BETWEEN] = relu_between,                                                       \
     [MSQ_LOOP_THRESHOLD] = threshold}
