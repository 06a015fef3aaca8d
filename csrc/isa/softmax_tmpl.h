/* Softmax of one row, and its logarithm, and what sparsemax does to each value. Value i is summed
 * in lane i % 16, and the lanes are added in a fixed tree: the same bits whatever V_WIDTH is. */

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

/* e^(x - top) for the largest x of a row, where +inf counts as the largest float. */
static inline vec softmax_term(vec x, vec top) {
    return v_exp_within(v_max(v_set1(-104.0f), v_min(v_set1(0.0f), v_sub(x, top))));
}

/* The sum of e^(x - top), each term written to y if `keep`. */
INLINE float row_sum_terms(float *y, const int keep, const float *x, int64_t n, vec top) {
    vec sums[SUM_VECS];
    int64_t i = 0;
    for (int v = 0; v < SUM_VECS; v++)
        sums[v] = v_set1(0.0f);
    for (; i + SUM_LANES <= n; i += SUM_LANES) {
        for (int v = 0; v < SUM_VECS; v++) {
            const vec term = softmax_term(v_load(x + i + v * V_WIDTH), top);
            if (keep)
                v_store(y + i + v * V_WIDTH, term);
            sums[v] = v_add(sums[v], term);
        }
    }
    for (int v = 0; i < n; v++, i += V_WIDTH) {
        const int64_t part = n - i < V_WIDTH ? n - i : V_WIDTH;
        const vec term = softmax_term(v_load_part(x + i, part), top);
        if (keep)
            v_store_part(y + i, term, part);
        sums[v] = v_add(sums[v], v_keep(term, part));
    }
    return v_sum16(sums);
}

/* y = e^(x - top); returns the sum. */
static inline float row_terms(float *y, const float *x, int64_t n, vec top) {
    return row_sum_terms(y, 1, x, n, top);
}

/* y = e^(x - max) / sum; all 0 if every x is -inf, all NaN if one is NaN. y may be x. */
static void softmax_row(float *y, const float *x, int64_t n) {
    const float sum = row_terms(y, x, n, v_set1(row_max(x, n)));
    const vec scale = v_set1(sum == 0.0f ? 0.0f : 1.0f / sum);
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_part(y + i, v_mul(v_load_part(y + i, n - i), scale), n - i);
}

/* All maxima come first, so that no row waits while the lanes of its maximum are compared. */
static void softmax_terms(float *x, int64_t stride, const int64_t *n, int64_t rows, float *sums) {
    for (int64_t r = 0; r < rows; r++)
        sums[r] = row_max(x + r * stride, n[r]);
    for (int64_t r = 0; r < rows; r++)
        sums[r] = row_terms(x + r * stride, x + r * stride, n[r], v_set1(sums[r]));
}

/* Columns of a block that lie in vector v; the last may be cut. */
static inline vec load_columns(const float *row, int64_t v, int64_t columns) {
    const int64_t left = columns - v * V_WIDTH;
    return left >= V_WIDTH ? v_load(row + v * V_WIDTH) : v_load_part(row + v * V_WIDTH, left);
}

static inline void store_columns(float *row, int64_t v, int64_t columns, vec a) {
    const int64_t left = columns - v * V_WIDTH;
    if (left >= V_WIDTH)
        v_store(row + v * V_WIDTH, a);
    else
        v_store_part(row + v * V_WIDTH, a, left);
}

enum { BLOCK_VECS = MSQ_SOFTMAX_COLUMNS / V_WIDTH };

/* Row r is summed in lane r % 16 of its column, as in softmax_row. */
static void softmax_columns(float *y, const float *x, int64_t rows, int64_t stride,
                            int64_t columns) {
    const int64_t vecs = (columns + V_WIDTH - 1) / V_WIDTH;
    const vec zero = v_set1(0.0f), most = v_set1(FLT_MAX);
    vec top[BLOCK_VECS], sums[SUM_LANES][BLOCK_VECS];
    for (int64_t v = 0; v < vecs; v++) {
        top[v] = v_set1(-FLT_MAX);
        for (int lane = 0; lane < SUM_LANES; lane++)
            sums[lane][v] = zero;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t v = 0; v < vecs; v++)
            top[v] = v_max(load_columns(x + r * stride, v, columns), top[v]);
    for (int64_t r = 0; r < rows; r++) {
        vec *const sum = sums[r % SUM_LANES];
        for (int64_t v = 0; v < vecs; v++) {
            const vec term =
                softmax_term(load_columns(x + r * stride, v, columns), v_min(top[v], most));
            store_columns(y + r * stride, v, columns, term);
            sum[v] = v_add(sum[v], term);
        }
    }
    for (int half = SUM_LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            for (int64_t v = 0; v < vecs; v++)
                sums[lane][v] = v_add(sums[lane][v], sums[lane + half][v]);
    for (int64_t v = 0; v < vecs; v++) /* 0 and NaN stay what they are */
        top[v] = v_if_greater(sums[0][v], zero, v_div(v_set1(1.0f), sums[0][v]), sums[0][v]);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t v = 0; v < vecs; v++)
            store_columns(y + r * stride, v, columns,
                          v_mul(load_columns(y + r * stride, v, columns), top[v]));
}

static inline float log_of(float x) {
    return (float)d_log(d_set1((double)x))[0];
}

/* y = log(softmax(x)) = (x - max) - log(sum of e^(x - max)), +inf as the largest float; all NaN if
 * one x is NaN or every x is -inf. y may be x. */
static void log_softmax_row(float *y, const float *x, int64_t n) {
    const vec most = v_set1(FLT_MAX), top = v_set1(row_max(x, n));
    const vec log_sum = v_set1(log_of(row_sum_terms(NULL, 0, x, n, top)));
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_sub(v_sub(v_min(most, v_load(x + i)), top), log_sum));
    if (i < n) {
        const vec v = v_min(most, v_load_part(x + i, n - i));
        v_store_part(y + i, v_sub(v_sub(v, top), log_sum), n - i);
    }
}

/* log(sum of e^x): -inf if every x is, NaN if one is, else +inf if one is. */
static float log_sum_exp(const float *x, int64_t n) {
    const float top = row_max(x, n), sum = row_sum_terms(NULL, 0, x, n, v_set1(top));
    for (int64_t i = 0; i < n && top == FLT_MAX && sum == sum; i++)
        if (x[i] > FLT_MAX)
            return INFINITY;
    return log_of(sum) + top;
}

enum { BITS = 64 };

/* A bit for each of the next values, BITS at most, that is at least `least`. */
static inline uint64_t bits_at_least(const float *x, int64_t n, vec least) {
    uint64_t bits = 0;
    int64_t i = 0;
    for (; i + V_WIDTH <= n && i < BITS; i += V_WIDTH)
        bits |= (uint64_t)v_at_least(v_load(x + i), least) << i;
    if (i < BITS && i < n) {
        const int64_t part = n - i;
        bits |= (v_at_least(v_load_part(x + i, part), least) & ((UINT64_C(1) << part) - 1)) << i;
    }
    return bits;
}

static int64_t near_most(float *near, const float *x, int64_t n, float reach, float *most) {
    uint32_t real = v_at_least(v_set1(0.0f), v_set1(0.0f));
    float top = -INFINITY;
    int64_t i = 0, count = 0;
    if (n >= V_WIDTH) {
        vec tops = v_set1(top);
        for (; i + V_WIDTH <= n; i += V_WIDTH) {
            const vec a = v_load(x + i);
            tops = v_max(a, tops);
            real &= v_at_least(a, a);
        }
        top = v_max_lane(tops);
    }
    for (; i < n; i++) {
        top = x[i] > top ? x[i] : top;
        real = x[i] == x[i] ? real : 0;
    }
    *most = real == v_at_least(v_set1(0.0f), v_set1(0.0f)) ? top : NAN;
    for (i = 0; i < n; i += BITS)
        for (uint64_t bits = bits_at_least(x + i, n - i, v_set1(top - reach)); bits;
             bits &= bits - 1)
            near[count++] = x[i + __builtin_ctzll(bits)];
    return count;
}

static void cut_row(float *y, const float *x, int64_t n, float level) {
    const vec zero = v_set1(0.0f), levels = v_set1(level);
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_max(zero, v_sub(v_load(x + i), levels)));
    if (i < n)
        v_store_part(y + i, v_max(zero, v_sub(v_load_part(x + i, n - i), levels)), n - i);
}
