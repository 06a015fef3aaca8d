/* Windows of a convolution of each channel by itself: some windows and vectors of channels at a
 * time, whose sums stay in registers. */

enum { DEPTHWISE_WINDOWS = 4, DEPTHWISE_VECS = 2, SLIDING_PLACES = 5, SLIDING_VECS = 4 };

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

/* Some vectors of channels of windows whose places lie as far apart as the windows do: each row of
 * x is read once, for all windows that it is in. Weights and sums stay in registers. */
INLINE void depthwise_slide(float *y, const float *x, const msq_depthwise *d, int64_t c,
                            const int places, const int vecs) {
    vec taps[SLIDING_PLACES][SLIDING_VECS], sums[SLIDING_PLACES][SLIDING_VECS], bias[SLIDING_VECS];
    UNROLL for (int v = 0; v < vecs; v++) {
        bias[v] = d->bias ? v_load(d->bias + c + v * V_WIDTH) : v_set1(0.0f);
        UNROLL for (int j = 0; j < places; j++) {
            taps[j][v] = v_load(d->w + j * d->channels + c + v * V_WIDTH);
            sums[j][v] = v_set1(0.0f);
        }
    }
    for (int64_t row = 1 - places; row < d->windows; row++, x += d->step)
        UNROLL for (int v = 0; v < vecs; v++) {
            const vec value = v_load(x + c + v * V_WIDTH);
            UNROLL for (int j = places - 1; j > 0; j--) sums[j][v] =
                v_add(sums[j - 1][v], v_mul(value, taps[j][v]));
            sums[0][v] = v_add(v_set1(0.0f), v_mul(value, taps[0][v]));
            if (row < 0)
                continue;
            const vec sum = sums[places - 1][v];
            v_store(y + row * d->channels + c + v * V_WIDTH, d->bias ? v_add(sum, bias[v]) : sum);
        }
}

/* All channels, which fill vectors. */
INLINE void depthwise_sliding(float *y, const float *x, const msq_depthwise *d, const int places) {
    const int fitting = ACCUMULATORS / (2 * places);
    const int vecs = fitting < 1 ? 1 : fitting < SLIDING_VECS ? fitting : SLIDING_VECS;
    int64_t c = 0;
    for (; c + vecs * V_WIDTH <= d->channels; c += vecs * V_WIDTH)
        depthwise_slide(y, x, d, c, places, vecs);
    for (; c + V_WIDTH <= d->channels; c += V_WIDTH)
        depthwise_slide(y, x, d, c, places, 1);
}

/* 1 if places lie as far apart as windows, and there are enough of these. */
static int slides(const float *const *x, const msq_depthwise *d) {
    int apart = d->windows >= DEPTHWISE_WINDOWS && d->channels % V_WIDTH == 0;
    for (int64_t j = 1; j < d->places && apart; j++)
        apart = x[j] - x[j - 1] == d->step;
    return apart;
}

static void depthwise_rows(float *y, const float *const *x, const msq_depthwise *d) {
    int64_t at = 0;
    if (d->places == 3 && slides(x, d)) {
        depthwise_sliding(y, x[0], d, 3);
        return;
    }
    if (d->places == 5 && slides(x, d)) {
        depthwise_sliding(y, x[0], d, 5);
        return;
    }
    for (; at + DEPTHWISE_WINDOWS <= d->windows; at += DEPTHWISE_WINDOWS)
        depthwise_strip(y, x, d, at, DEPTHWISE_WINDOWS);
    for (; at < d->windows; at++)
        depthwise_strip(y, x, d, at, 1);
}
