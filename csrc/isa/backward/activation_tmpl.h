/* The way back through activations: dx = d * slope, from what went in (x) and came out (y). Where a
 * function has a corner, the slope is that of Keras on JAX: relu's at 0 is 0. */

/* `a` where low < x < high, else 0. */
static inline vec v_inside(vec x, float low, float high, vec a) {
    const vec zero = v_set1(0.0f), above = v_if_greater(x, v_set1(low), a, zero);
    return v_if_greater(v_set1(high), x, above, zero);
}

/* (1 - t) (1 + t), the slope of tanh. */
static inline vec v_tanh_slope(vec t) {
    return v_mul(v_sub(v_set1(1.0f), t), v_add(v_set1(1.0f), t));
}

static inline vec v_sigmoid_slope(vec s) {
    return v_mul(s, v_sub(v_set1(1.0f), s));
}

static inline vec v_softsign_slope(vec y) {
    const vec rest = v_sub(v_set1(1.0f), v_abs(y));
    return v_mul(rest, rest);
}

static inline vec v_hard_silu_slope(vec x) {
    const vec kept = v_max(v_set1(-3.0f), v_min(v_set1(3.0f), x));
    const vec inside = v_inside(x, -3.0f, 3.0f, v_div(kept, v_set1(6.0f)));
    return v_add(v_hard_sigmoid(x), inside);
}

static inline vec v_silu_slope(vec x, vec y) {
    const vec s = v_sigmoid(x);
    return v_add(s, v_mul(y, v_sub(v_set1(1.0f), s)));
}

static inline vec v_mish_slope(vec x) {
    const vec t = v_tanh(v_softplus(x));
    return v_add(t, v_mul(v_mul(v_above_200(x), v_tanh_slope(t)), v_sigmoid(x)));
}

/* P(X < x) + x density(x): with a = |x| and t = P(X > a) - a density(a), it is t below 0, and 1 - t
 * above. */
static inline vec v_gelu_slope(vec x) {
    const vec a = v_min(v_set1(14.6f), v_abs(x)), root = v_set1(0.3989422804014327f);
    vec p, q;
    const vec e = v_gelu_quotient(a, &p, &q);
    const vec t = v_mul(e, v_sub(v_div(p, q), v_mul(a, root)));
    return v_if_negative(x, t, v_sub(v_set1(1.0f), t));
}

/* With s = sigmoid(2 u): s + x s (1 - s) 2 u'. */
static inline vec v_gelu_tanh_slope(vec x) {
    const vec cut = v_max(v_set1(-15.0f), v_min(v_set1(15.0f), x)), square = v_mul(cut, cut);
    const vec twice = v_set1(1.5957691216057308f), one = v_set1(1.0f), cubic = v_set1(0.044715f);
    const vec s = v_sigmoid(v_mul(v_mul(twice, cut), v_fma(cubic, square, one)));
    const vec steep = v_mul(twice, v_fma(v_set1(0.134145f), square, one));
    return v_add(s, v_mul(v_mul(cut, v_sigmoid_slope(s)), steep));
}

static inline vec v_squareplus_slope(vec x, vec b) {
    const vec half = v_set1(0.5f), cut = v_max(v_set1(-1e15f), v_min(v_set1(1e15f), x));
    const vec square = v_max(v_set1(1e-37f), v_fma(cut, cut, b));
    return v_add(half, v_mul(half, v_div(cut, v_sqrt(square))));
}

/* `above` where x is over `limit`, else `below`. */
#define ABOVE(limit, above, below) v_if_greater(v, limit, above, below)
#define BACK_LOOP(name, expression)                                                                \
    static void name##_back(float *dx, const float *d, const float *y, const float *x, int64_t n,  \
                            const float *options) {                                                \
        const vec zero = v_set1(0.0f), one = v_set1(1.0f);                                         \
        (void)options, (void)zero, (void)one;                                                      \
        for (int64_t i = 0; i < n; i += V_WIDTH) {                                                 \
            const int64_t left = n - i;                                                            \
            const vec g = load_some(d + i, left), out = load_some(y + i, left);                    \
            const vec v = load_some(x + i, left);                                                  \
            (void)out, (void)v;                                                                    \
            store_some(dx + i, v_mul(g, expression), left);                                        \
        }                                                                                          \
    }

BACK_LOOP(linear, one)
BACK_LOOP(relu, ABOVE(zero, one, zero))
BACK_LOOP(sigmoid, v_sigmoid_slope(out))
BACK_LOOP(tanh_, v_tanh_slope(out))
BACK_LOOP(exponential, out)
BACK_LOOP(relu6, v_inside(v, 0.0f, 6.0f, one))
BACK_LOOP(leaky_relu, v_if_greater(zero, v, OPTION(0), one))
BACK_LOOP(hard_sigmoid, v_inside(v, -3.0f, 3.0f, v_set1(1 / 6.0f)))
BACK_LOOP(hard_sigmoid_keras2, v_inside(v, -2.5f, 2.5f, v_set1(0.2f)))
BACK_LOOP(hard_silu, v_hard_silu_slope(v))
BACK_LOOP(hard_tanh, v_inside(v, -1.0f, 1.0f, one))
BACK_LOOP(shrink, v_if_greater(v_abs(v), OPTION(0), one, zero))
BACK_LOOP(tanh_shrink, v_mul(v_tanh(v), v_tanh(v)))
BACK_LOOP(elu, ABOVE(zero, one, v_add(out, OPTION(0))))
BACK_LOOP(celu, ABOVE(zero, one, v_add(v_div(out, OPTION(0)), one)))
BACK_LOOP(selu, ABOVE(zero, v_set1(1.0507009873554805f), v_add(out, v_set1(1.7580993408473766f))))
BACK_LOOP(softplus, v_sigmoid(v))
BACK_LOOP(softsign, v_softsign_slope(out))
BACK_LOOP(log_sigmoid, v_sigmoid(v_sub(zero, v)))
BACK_LOOP(silu, v_silu_slope(v, out))
BACK_LOOP(mish, v_mish_slope(v))
BACK_LOOP(gelu, v_gelu_slope(v))
BACK_LOOP(gelu_tanh, v_gelu_tanh_slope(v))
BACK_LOOP(squareplus, v_squareplus_slope(v, OPTION(0)))
BACK_LOOP(sparse_plus, v_sparse_sigmoid(v))
BACK_LOOP(sparse_sigmoid, v_inside(v, -1.0f, 1.0f, v_set1(0.5f)))
BACK_LOOP(relu_between, ABOVE(OPTION(2), v_if_greater(OPTION(1), v, one, zero), OPTION(0)))
BACK_LOOP(threshold, ABOVE(OPTION(0), one, zero))

/* From that of x sigmoid(gate). */
static void glu_back_row(float *dx, float *dgate, const float *d, const float *x, const float *gate,
                         int64_t n) {
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        const vec g = load_some(d + i, n - i), share = v_sigmoid(load_some(gate + i, n - i));
        const vec slope = v_sigmoid_slope(share);
        store_some(dx + i, v_mul(g, share), n - i);
        store_some(dgate + i, v_mul(v_mul(g, load_some(x + i, n - i)), slope), n - i);
    }
}

/* From that of a softmax; the sum is one of float64, rounded. */
static void softmax_back(float *dx, const float *d, const float *y, int64_t rows, int64_t n) {
    for (; rows > 0; rows--, dx += n, d += n, y += n) {
        for (int64_t i = 0; i < n; i += V_WIDTH)
            store_some(dx + i, v_mul(load_some(d + i, n - i), load_some(y + i, n - i)), n - i);
        const vec sum = v_set1((float)reduce_row(dx, n, 0, MSQ_SUM));
        for (int64_t i = 0; i < n; i += V_WIDTH) {
            const vec apart = v_sub(load_some(d + i, n - i), sum);
            store_some(dx + i, v_mul(load_some(y + i, n - i), apart), n - i);
        }
    }
}

#define ACTIVATION_BACK_LOOPS                                                                      \
    {[MSQ_LINEAR] = linear_back,                                                                   \
     [MSQ_RELU] = relu_back,                                                                       \
     [MSQ_SIGMOID] = sigmoid_back,                                                                 \
     [MSQ_TANH] = tanh__back,                                                                      \
     [MSQ_EXPONENTIAL] = exponential_back,                                                         \
     [MSQ_LOOP_RELU6] = relu6_back,                                                                \
     [MSQ_LOOP_LEAKY_RELU] = leaky_relu_back,                                                      \
     [MSQ_LOOP_HARD_SIGMOID] = hard_sigmoid_back,                                                  \
     [MSQ_LOOP_HARD_SIGMOID_KERAS2] = hard_sigmoid_keras2_back,                                    \
     [MSQ_LOOP_HARD_SILU] = hard_silu_back,                                                        \
     [MSQ_LOOP_HARD_TANH] = hard_tanh_back,                                                        \
     [MSQ_LOOP_HARD_SHRINK] = shrink_back,                                                         \
     [MSQ_LOOP_SOFT_SHRINK] = shrink_back,                                                         \
     [MSQ_LOOP_TANH_SHRINK] = tanh_shrink_back,                                                    \
     [MSQ_LOOP_ELU] = elu_back,                                                                    \
     [MSQ_LOOP_CELU] = celu_back,                                                                  \
     [MSQ_LOOP_SELU] = selu_back,                                                                  \
     [MSQ_LOOP_SOFTPLUS] = softplus_back,                                                          \
     [MSQ_LOOP_SOFTSIGN] = softsign_back,                                                          \
     [MSQ_LOOP_LOG_SIGMOID] = log_sigmoid_back,                                                    \
     [MSQ_LOOP_SILU] = silu_back,                                                                  \
     [MSQ_LOOP_MISH] = mish_back,                                                                  \
     [MSQ_LOOP_GELU] = gelu_back,                                                                  \
     [MSQ_LOOP_GELU_TANH] = gelu_tanh_back,                                                        \
     [MSQ_LOOP_SQUAREPLUS] = squareplus_back,                                                      \
     [MSQ_LOOP_SPARSE_PLUS] = sparse_plus_back,                                                    \
     [MSQ_LOOP_SPARSE_SIGMOID] = sparse_sigmoid_back,                                              \
     [MSQ_LOOP_RELU_BETWEEN] = relu_between_back,                                                  \
     [MSQ_LOOP_THRESHOLD] = threshold_back}
