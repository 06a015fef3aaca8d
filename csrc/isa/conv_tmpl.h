/* A window of a convolution of each channel by itself: some vectors of channels at a time, whose
 * sums stay in registers. */

INLINE void depthwise_vecs(float *y, const float *const *x, const float *w, const float *bias,
                           int64_t places, int64_t n, int64_t c, const int vecs) {
    vec sums[4];
    UNROLL for (int v = 0; v < vecs; v++) sums[v] = v_set1(0.0f);
    for (int64_t j = 0; j < places; j++)
        UNROLL for (int v = 0; v < vecs; v++) {
            const int64_t at = c + v * V_WIDTH;
            sums[v] = v_add(sums[v], v_mul(v_load(x[j] + at), v_load(w + j * n + at)));
        }
    UNROLL for (int v = 0; v < vecs; v++) {
        const int64_t at = c + v * V_WIDTH;
        v_store(y + at, bias ? v_add(sums[v], v_load(bias + at)) : sums[v]);
    }
}

static void depthwise_row(float *y, const float *const *x, const float *w, const float *bias,
                          int64_t places, int64_t n) {
    int64_t c = 0;
    for (; c + 4 * V_WIDTH <= n; c += 4 * V_WIDTH)
        depthwise_vecs(y, x, w, bias, places, n, c, 4);
    for (; c + V_WIDTH <= n; c += V_WIDTH)
        depthwise_vecs(y, x, w, bias, places, n, c, 1);
    if (c == n)
        return;
    vec sum = v_set1(0.0f);
    for (int64_t j = 0; j < places; j++)
        sum = v_add(sum, v_mul(v_load_part(x[j] + c, n - c), v_load_part(w + j * n + c, n - c)));
    v_store_part(y + c, bias ? v_add(sum, v_load_part(bias + c, n - c)) : sum, n - c);
}
