/* Softmax of one row. Value i is summed in lane i % 16, and the lanes are added in a fixed tree:
 * the same bits whatever V_WIDTH is. */

enum { SUM_LANES = 16, SUM_VECS = SUM_LANES / V_WIDTH };

/* The largest value but no infinity and never NaN: subtracting it from any other value cannot make
 * a NaN. */
static inline float row_max(const float *x, int64_t n) {
    float most = -FLT_MAX;
    int64_t i = 0;
    if (n >= V_WIDTH) {
        vec top = v_max(v_load(x + n - V_WIDTH), v_set1(most));
        for (; i + V_WIDTH < n; i += V_WIDTH)
            top = v_max(v_load(x + i), top);
        most = v_max_lane(top);
    } else {
        for (; i < n; i++)
            most = x[i] > most ? x[i] : most;
    }
    return most < FLT_MAX ? most : FLT_MAX;
}

/* e^(x - top), where +inf counts as the largest float. */
static inline vec softmax_term(vec x, vec top) {
    return v_exp(v_sub(v_min(v_set1(FLT_MAX), x), top));
}

/* y = e^(x - max) / sum; all 0 if every x is -inf, all NaN if one is NaN. y may be x. */
static void softmax_row(float *y, const float *x, int64_t n) {
    const vec top = v_set1(row_max(x, n));
    vec sums[SUM_VECS];
    int64_t i = 0;
    for (int v = 0; v < SUM_VECS; v++)
        sums[v] = v_set1(0.0f);
    for (; i + SUM_LANES <= n; i += SUM_LANES) {
        for (int v = 0; v < SUM_VECS; v++) {
            const vec term = softmax_term(v_load(x + i + v * V_WIDTH), top);
            v_store(y + i + v * V_WIDTH, term);
            sums[v] = v_add(sums[v], term);
        }
    }
    for (int v = 0; i < n; v++, i += V_WIDTH) {
        const int64_t part = n - i < V_WIDTH ? n - i : V_WIDTH;
        const vec term = softmax_term(v_load_part(x + i, part), top);
        v_store_part(y + i, term, part);
        sums[v] = v_add(sums[v], v_keep(term, part));
    }
    const float sum = v_sum16(sums);
    const vec scale = v_set1(sum == 0.0f ? 0.0f : 1.0f / sum);
    for (i = 0; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_part(y + i, v_mul(v_load_part(y + i, n - i), scale), n - i);
}
