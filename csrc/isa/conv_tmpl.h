/* Windows of a convolution of each channel by itself: some windows and vectors of channels at a
 * time, whose sums stay in registers. */

enum { DEPTHWISE_WINDOWS = 4, DEPTHWISE_VECS = 2 };

/* So many windows, `step` apart in x, and vectors of channels, or the one of the last `part`. */
INLINE void depthwise_tile(float *y, const float *const *x, const msq_depthwise *d, int64_t at,
                           int64_t c, const int windows, const int vecs, int64_t part) {
    vec sums[DEPTHWISE_WINDOWS][DEPTHWISE_VECS];
    UNROLL for (int i = 0; i < windows; i++) UNROLL for (int v = 0; v < vecs; v++) sums[i][v] =
        v_set1(0.0f);
    for (int64_t j = 0; j < d->places; j++) {
        const float *const from = x[j] + at * d->step + c, *const w = d->w + j * d->channels + c;
        vec tap[DEPTHWISE_VECS];
        UNROLL for (int v = 0; v < vecs; v++) tap[v] =
            part ? v_load_part(w, part) : v_load(w + v * V_WIDTH);
        UNROLL for (int i = 0; i < windows; i++) UNROLL for (int v = 0; v < vecs; v++) {
            const float *const a = from + i * d->step + v * V_WIDTH;
            sums[i][v] = v_add(sums[i][v], v_mul(part ? v_load_part(a, part) : v_load(a), tap[v]));
        }
    }
    UNROLL for (int i = 0; i < windows; i++) UNROLL for (int v = 0; v < vecs; v++) {
        const float *const bias = d->bias + c + v * V_WIDTH;
        float *const out = y + (at + i) * d->channels + c + v * V_WIDTH;
        vec sum = sums[i][v];
        if (d->bias)
            sum = v_add(sum, part ? v_load_part(bias, part) : v_load(bias));
        if (part)
            v_store_part(out, sum, part);
        else
            v_store(out, sum);
    }
}

/* All channels of some windows. */
INLINE void depthwise_strip(float *y, const float *const *x, const msq_depthwise *d, int64_t at,
                            const int windows) {
    const int64_t n = d->channels;
    int64_t c = 0;
    for (; c + DEPTHWISE_VECS * V_WIDTH <= n; c += DEPTHWISE_VECS * V_WIDTH)
        depthwise_tile(y, x, d, at, c, windows, DEPTHWISE_VECS, 0);
    for (; c + V_WIDTH <= n; c += V_WIDTH)
        depthwise_tile(y, x, d, at, c, windows, 1, 0);
    if (c < n)
        depthwise_tile(y, x, d, at, c, windows, 1, n - c);
}

static void depthwise_rows(float *y, const float *const *x, const msq_depthwise *d) {
    int64_t at = 0;
    for (; at + DEPTHWISE_WINDOWS <= d->windows; at += DEPTHWISE_WINDOWS)
        depthwise_strip(y, x, d, at, DEPTHWISE_WINDOWS);
    for (; at < d->windows; at++)
        depthwise_strip(y, x, d, at, 1);
}
