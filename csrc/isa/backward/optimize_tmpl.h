/* Steps of optimizers on some values: every operation rounded by itself, in the order of Keras, so
 * that an updated weight has the bits that this order gives. A rule gets w, its gradient g, its
 * slots s, which it replaces, and its numbers c. */

#define NUMBER(i) v_set1(c[i])

INLINE vec running_mean(vec mean, vec x, float share) {
    return v_add(mean, v_mul(v_sub(x, mean), v_set1(share)));
}

INLINE vec weighted(vec a, float of_a, vec b, float of_b) {
    return v_add(v_mul(v_set1(of_a), a), v_mul(v_set1(of_b), b));
}

/* NaN if either is; a is above -infinity. */
INLINE vec larger(vec a, vec b) {
    return v_if_greater(a, v_set1(-INFINITY), v_max(a, b), a);
}

/* c: rate. */
INLINE void sgd_rule(vec *w, vec g, vec *s, const float *c) {
    (void)s;
    *w = v_sub(*w, v_mul(g, NUMBER(0)));
}

/* c: rate, momentum. */
INLINE vec new_momentum(vec change, vec *s, const float *c) {
    return s[0] = v_sub(v_mul(s[0], NUMBER(1)), change);
}
INLINE void momentum_rule(vec *w, vec g, vec *s, const float *c) {
    *w = v_add(*w, new_momentum(v_mul(g, NUMBER(0)), s, c));
}
INLINE void nesterov_rule(vec *w, vec g, vec *s, const float *c) {
    const vec change = v_mul(g, NUMBER(0)), next = new_momentum(change, s, c);
    *w = v_add(*w, v_sub(v_mul(next, NUMBER(1)), change));
}

/* c: rate, epsilon, rho, 1 - rho, momentum. s: squares, then the steps, then the mean. */
INLINE vec rmsprop_step(vec g, vec *s, vec *mean, const float *c) {
    s[0] = weighted(s[0], c[2], v_mul(g, g), c[3]);
    vec v = s[0];
    if (mean) {
        *mean = weighted(*mean, c[2], g, c[3]);
        v = v_sub(v, v_mul(*mean, *mean));
    }
    return v_div(v_mul(NUMBER(0), g), v_sqrt(v_add(v, NUMBER(1))));
}
INLINE vec added_step(vec step, vec *s, const float *c) {
    return s[1] = v_add(v_mul(NUMBER(4), s[1]), step);
}
INLINE void rmsprop_rule(vec *w, vec g, vec *s, const float *c) {
    *w = v_sub(*w, rmsprop_step(g, s, NULL, c));
}
INLINE void rmsprop_momentum_rule(vec *w, vec g, vec *s, const float *c) {
    *w = v_sub(*w, added_step(rmsprop_step(g, s, NULL, c), s, c));
}
INLINE void rmsprop_centered_rule(vec *w, vec g, vec *s, const float *c) {
    *w = v_sub(*w, rmsprop_step(g, s, s + 1, c));
}
INLINE void rmsprop_both_rule(vec *w, vec g, vec *s, const float *c) {
    *w = v_sub(*w, added_step(rmsprop_step(g, s, s + 2, c), s, c));
}

/* c: 1 - beta_1, 1 - beta_2, the unbiased rate, epsilon. s: the mean, that of squares, and the
 * largest of these so far. */
INLINE void adam_means(vec g, vec *s, const float *c) {
    s[0] = running_mean(s[0], g, c[0]);
    s[1] = running_mean(s[1], v_mul(g, g), c[1]);
}
INLINE vec adam_stepped(vec w, vec mean, vec square, const float *c) {
    return v_sub(w, v_div(v_mul(mean, NUMBER(2)), v_add(v_sqrt(square), NUMBER(3))));
}
INLINE void adam_rule(vec *w, vec g, vec *s, const float *c) {
    adam_means(g, s, c);
    *w = adam_stepped(*w, s[0], s[1], c);
}
INLINE void adam_largest_rule(vec *w, vec g, vec *s, const float *c) {
    adam_means(g, s, c);
    s[2] = larger(s[2], s[1]);
    *w = adam_stepped(*w, s[0], s[2], c);
}

/* c: 1 - beta_1, beta_2, rate, 1 - beta_1^t, epsilon. */
INLINE void adamax_rule(vec *w, vec g, vec *s, const float *c) {
    const vec decayed = v_mul(NUMBER(1), s[1]), size = v_abs(g);
    s[0] = running_mean(s[0], g, c[0]);
    s[1] = larger(decayed, size);
    const vec divisor = v_mul(NUMBER(3), v_add(s[1], NUMBER(4)));
    *w = v_sub(*w, v_div(v_mul(NUMBER(2), s[0]), divisor));
}

/* c: 1 - beta_1, 1 - beta_2, the mean's factor and divisor, those of g, 1 - beta_2^t, rate,
 * epsilon. */
INLINE void nadam_rule(vec *w, vec g, vec *s, const float *c) {
    adam_means(g, s, c);
    const vec of_mean = v_div(v_mul(NUMBER(2), s[0]), NUMBER(3));
    const vec mean = v_add(of_mean, v_div(v_mul(NUMBER(4), g), NUMBER(5)));
    const vec root = v_add(v_sqrt(v_div(s[1], NUMBER(6))), NUMBER(8));
    *w = v_sub(*w, v_div(v_mul(mean, NUMBER(7)), root));
}

/* c: rate, epsilon. */
INLINE void adagrad_rule(vec *w, vec g, vec *s, const float *c) {
    s[0] = v_add(s[0], v_mul(g, g));
    *w = v_sub(*w, v_div(v_mul(NUMBER(0), g), v_sqrt(v_add(s[0], NUMBER(1)))));
}

/* c: rate, epsilon, rho, 1 - rho. s: squares of gradients, and of changes. */
INLINE void adadelta_rule(vec *w, vec g, vec *s, const float *c) {
    s[0] = weighted(s[0], c[2], v_mul(g, g), c[3]);
    const vec before = v_mul(v_sqrt(v_add(s[1], NUMBER(1))), g);
    const vec step = v_div(before, v_sqrt(v_add(s[0], NUMBER(1))));
    s[1] = weighted(s[1], c[2], v_mul(step, step), c[3]);
    *w = v_sub(*w, v_mul(NUMBER(0), step));
}

/* c: rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2. */
INLINE void lion_rule(vec *w, vec g, vec *s, const float *c) {
    const vec x = weighted(s[0], c[1], g, c[2]), zero = v_sub(x, x); /* NaN where x is */
    const vec down = v_if_greater(v_set1(0), x, v_set1(-1), zero);
    *w = v_sub(*w, v_mul(NUMBER(0), v_if_greater(x, v_set1(0), v_set1(1), down)));
    s[0] = weighted(s[0], c[3], g, c[4]);
}

INLINE vec weight_some(const msq_update *u, int64_t i, int64_t n) {
    const vec w = load_some(u->w + i, n);
    if (!u->decay)
        return w;
    return v_sub(w, v_mul(v_mul(w, v_set1(u->decay[0])), v_set1(u->decay[1])));
}

/* The loop of a rule, which keeps `count` slots. */
#define LOOP(rule, count)                                                                          \
    static void rule##_loop(const msq_update *u, const float *c) {                                 \
        for (int64_t i = 0; i < u->n; i += V_WIDTH) {                                              \
            const int64_t n = u->n - i;                                                            \
            vec w = weight_some(u, i, n), s[MSQ_MAX_SLOTS];                                        \
            const vec g = u->g ? load_some(u->g + i, n) : v_set1(0);                               \
            UNROLL for (int k = 0; k < (count); k++) s[k] = load_some(u->slots[k] + i, n);         \
            rule##_rule(&w, g, s, c);                                                              \
            store_some(u->new_w + i, w, n);                                                        \
            UNROLL for (int k = 0; k < (count); k++) store_some(u->new_slots[k] + i, s[k], n);     \
        }                                                                                          \
    }

LOOP(sgd, 0)
LOOP(momentum, 1)
LOOP(nesterov, 1)
LOOP(rmsprop, 1)
LOOP(rmsprop_momentum, 2)
LOOP(rmsprop_centered, 2)
LOOP(rmsprop_both, 3)
LOOP(adam, 2)
LOOP(adam_largest, 3)
LOOP(adamax, 2)
LOOP(nadam, 2)
LOOP(adagrad, 1)
LOOP(adadelta, 2)
LOOP(lion, 1)

/* Any number of slots, which end with NULL. */
static void stay_loop(const msq_update *u, const float *c) {
    (void)c;
    for (int64_t i = 0; i < u->n; i += V_WIDTH) {
        const int64_t n = u->n - i;
        store_some(u->new_w + i, weight_some(u, i, n), n);
        for (int k = 0; k < MSQ_MAX_SLOTS && u->slots[k]; k++)
            store_some(u->new_slots[k] + i, load_some(u->slots[k] + i, n), n);
    }
}

#define UPDATE_LOOPS                                                                               \
    {[MSQ_STAY] = stay_loop,                                                                       \
     [MSQ_SGD] = sgd_loop,                                                                         \
     [MSQ_MOMENTUM] = momentum_loop,                                                               \
     [MSQ_NESTEROV] = nesterov_loop,                                                               \
     [MSQ_RMSPROP] = rmsprop_loop,                                                                 \
     [MSQ_RMSPROP_MOMENTUM] = rmsprop_momentum_loop,                                               \
     [MSQ_RMSPROP_CENTERED] = rmsprop_centered_loop,                                               \
     [MSQ_RMSPROP_BOTH] = rmsprop_both_loop,                                                       \
     [MSQ_ADAM] = adam_loop,                                                                       \
     [MSQ_ADAM_LARGEST] = adam_largest_loop,                                                       \
     [MSQ_ADAMAX] = adamax_loop,                                                                   \
     [MSQ_NADAM] = nadam_loop,                                                                     \
     [MSQ_ADAGRAD] = adagrad_loop,                                                                 \
     [MSQ_ADADELTA] = adadelta_loop,                                                               \
     [MSQ_LION] = lion_loop}
