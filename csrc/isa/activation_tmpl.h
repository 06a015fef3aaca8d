/* Activations over an array. */

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

#define ACTIVATION_LOOPS {linear, relu, sigmoid, tanh_, exponential}
