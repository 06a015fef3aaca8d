/* Softmax of one row. Value i is summed in lane i % 16, and the lanes are added in a fixed tree:
 * the same bits whatever V_WIDTH is. */

enum { SUM_LANES = 16 };

/* The largest value but no infinity and never NaN: subtracting it from any other value cannot make
 * a NaN. */
static inline float row_max(const float *x, int64_t n) {
    float lanes[V_WIDTH], most = -FLT_MAX;
    vec top = v_set1(most);
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        top = v_max(v_load(x + i), top);
    v_store(lanes, top);
    for (int lane = 0; lane < V_WIDTH; lane++)
        most = lanes[lane] > most ? lanes[lane] : most;
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most < FLT_MAX ? most : FLT_MAX;
}

/* e^(x - top), where +inf counts as the largest float. */
static inline vec softmax_term(vec x, vec top) {
    return v_exp(v_sub(v_min(v_set1(FLT_MAX), x), top));
}

/* y = e^(x - max) / sum; all 0 if every x is -inf, all NaN if one is NaN. y may be x. */
static void softmax_row(float *y, const float *x, int64_t n) {
    enum { VECS = SUM_LANES / V_WIDTH };
    const vec top = v_set1(row_max(x, n));
    vec sums[VECS];
    float lanes[SUM_LANES];
    int64_t i = 0;
    for (int v = 0; v < VECS; v++)
        sums[v] = v_set1(0.0f);
    for (; i + SUM_LANES <= n; i += SUM_LANES) {
        for (int v = 0; v < VECS; v++) {
            const vec term = softmax_term(v_load(x + i + v * V_WIDTH), top);
            v_store(y + i + v * V_WIDTH, term);
            sums[v] = v_add(sums[v], term);
        }
    }
    for (int v = 0; i < n; v++, i += V_WIDTH) {
        const int64_t part = n - i < V_WIDTH ? n - i : V_WIDTH;
        v_store_part(y + i, softmax_term(v_load_part(x + i, part), top), part);
        sums[v] =
            v_add(sums[v], v_load_part(y + i, part)); /* read back: 0 in the lanes past the end */
    }
    for (int v = 0; v < VECS; v++)
        v_store(lanes + v * V_WIDTH, sums[v]);
    for (int half = SUM_LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] += lanes[lane + half];
    const vec scale = v_set1(lanes[0] == 0.0f ? 0.0f : 1.0f / lanes[0]);
    for (i = 0; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_part(y + i, v_mul(v_load_part(y + i, n - i), scale), n - i);
}
