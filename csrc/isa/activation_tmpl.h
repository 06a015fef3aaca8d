/* Activations over an array. */

static inline vec v_relu6(vec x) {
    return v_max(v_set1(0.0f), v_min(v_set1(6.0f), x));
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

#define ACTIVATION_LOOP(name, expression)                                                          \
    static void name(float *y, const float *x, int64_t n) {                                        \
        int64_t i = 0;                                                                             \
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
ACTIVATION_LOOP(leaky_relu, v_if_negative(v, v_mul(v_set1(0.2f), v), v))
ACTIVATION_LOOP(hard_sigmoid, v_div(v_relu6(v_add(v, v_set1(3.0f))), v_set1(6.0f)))
ACTIVATION_LOOP(hard_tanh, v_max(v_set1(-1.0f), v_min(v_set1(1.0f), v)))
ACTIVATION_LOOP(elu, v_if_negative(v, v_expm1_negative(v), v))
ACTIVATION_LOOP(softsign, v_softsign(v))
ACTIVATION_LOOP(silu, v_mul(v_max(v_set1(-200.0f), v), v_sigmoid(v))) /* -inf * 0 is NaN */

#define ACTIVATION_LOOPS                                                                           \
    {[MSQ_LINEAR] = linear,                                                                        \
     [MSQ_RELU] = relu,                                                                            \
     [MSQ_SIGMOID] = sigmoid,                                                                      \
     [MSQ_TANH] = tanh_,                                                                           \
     [MSQ_EXPONENTIAL] = exponential,                                                              \
     [MSQ_LOOP_RELU6] = relu6,                                                                     \
     [MSQ_LOOP_LEAKY_RELU] = leaky_relu,                                                           \
     [MSQ_LOOP_HARD_SIGMOID] = hard_sigmoid,                                                       \
     [MSQ_LOOP_HARD_TANH] = hard_tanh,                                                             \
     [MSQ_LOOP_ELU] = elu,                                                                         \
     [MSQ_LOOP_SOFTSIGN] = softsign,                                                               \
     [MSQ_LOOP_SILU] = silu}
