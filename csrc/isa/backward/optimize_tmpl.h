/* Steps of optimizers on some values: every operation rounded by itself, in the order of Keras, so
 * that an updated weight has the bits that this order gives. */

static inline void adam_some(const msq_adam *a, int64_t i, int64_t n) {
    const vec g = load_some(a->g + i, n), old_m = load_some(a->m + i, n);
    const vec old_v = load_some(a->v + i, n);
    const vec m = v_add(old_m, v_mul(v_sub(g, old_m), v_set1(a->of_mean)));
    const vec v = v_add(old_v, v_mul(v_sub(v_mul(g, g), old_v), v_set1(a->of_square)));
    vec size = v;
    if (a->most) { /* NaN in v stays: v itself remains NaN */
        size = v_max(load_some(a->most + i, n), v);
        store_some(a->new_most + i, size, n);
    }
    store_some(a->new_m + i, m, n);
    store_some(a->new_v + i, v, n);
    const vec divisor = v_add(v_sqrt(size), v_set1(a->epsilon));
    const vec change = v_div(v_mul(m, v_set1(a->alpha)), divisor);
    store_some(a->new_w + i, v_sub(load_some(a->w + i, n), change), n);
}

static void adam(const msq_adam *a) {
    for (int64_t i = 0; i < a->n; i += V_WIDTH)
        adam_some(a, i, a->n - i);
}
