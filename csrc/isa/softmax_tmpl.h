/* Softmax of rows, its logarithm, and sparsemax. Value i is summed
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
INLINE float sum_of_terms(float *y, const int keep, const float *x, int64_t n, vec top) {
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
    return sum_of_terms(y, 1, x, n, top);
}

static __attribute__((noinline)) float row_sum(const float *x, int64_t n, float top) {
    return sum_of_terms(NULL, 0, x, n, v_set1(top));
}

/* Rows are done some together, pass by pass, if the first cache holds them: none waits for its own
 * maximum and sum. */
enum { SOFTMAX_ROWS = 8, SOFTMAX_VALUES = 4096 };

static inline int64_t rows_together(int64_t rows, int64_t n) {
    const int64_t most = SOFTMAX_ROWS * n <= SOFTMAX_VALUES ? SOFTMAX_ROWS : 1;
    return rows < most ? rows : most;
}

INLINE void scale_in_place(float *y, int64_t n, vec scale) {
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_part(y + i, v_mul(v_load_part(y + i, n - i), scale), n - i);
}

/* y = e^(x - max) / sum; all 0 if every x is -inf, all NaN if one is NaN. y may be x. */
static void softmax_rows(float *y, const float *x, int64_t rows, int64_t n) {
    for (int64_t some; rows > 0; rows -= some, x += some * n, y += some * n) {
        float sums[SOFTMAX_ROWS];
        some = rows_together(rows, n);
        for (int64_t r = 0; r < some; r++)
            sums[r] = row_max(x + r * n, n);
        for (int64_t r = 0; r < some; r++)
            sums[r] = row_terms(y + r * n, x + r * n, n, v_set1(sums[r]));
        for (int64_t r = 0; r < some; r++)
            scale_in_place(y + r * n, n, v_set1(sums[r] == 0.0f ? 0.0f : 1.0f / sums[r]));
    }
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

/* y = (x - top) - less, +inf as the largest float. */
INLINE void lower_row(float *y, const float *x, int64_t n, vec top, vec less) {
    const vec most = v_set1(FLT_MAX);
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_sub(v_sub(v_min(most, v_load(x + i)), top), less));
    if (i < n)
        v_store_part(y + i, v_sub(v_sub(v_min(most, v_load_part(x + i, n - i)), top), less), n - i);
}

/* y = log(softmax(x)) = (x - max) - log(sum of e^(x - max)), +inf as the largest float; all NaN if
 * one x is NaN or every x is -inf. y may be x. */
static void log_softmax_rows(float *y, const float *x, int64_t rows, int64_t n) {
    for (int64_t some; rows > 0; rows -= some, x += some * n, y += some * n) {
        float tops[SOFTMAX_ROWS], sums[SOFTMAX_ROWS] = {0};
        some = rows_together(rows, n);
        for (int64_t r = 0; r < some; r++)
            tops[r] = row_max(x + r * n, n);
        for (int64_t r = 0; r < some; r++)
            sums[r] = row_sum(x + r * n, n, tops[r]);
        for (int64_t r = 0; r < some; r += D_WIDTH)
            d_store(sums + r, d_log(d_load(sums + r)));
        for (int64_t r = 0; r < some; r++)
            lower_row(y + r * n, x + r * n, n, v_set1(tops[r]), v_set1(sums[r]));
    }
}

/* log(sum of e^x): -inf if every x is, NaN if one is, else +inf if one is. */
static float log_sum_exp(const float *x, int64_t n) {
    const float top = row_max(x, n), sum = row_sum(x, n, top);
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

/* Sparsemax of some rows: the values near the largest of each become a lane, which is sorted and
 * summed beside the others. */
enum { NEAR = 32, NEAR_LANES = 16, LANE_DVECS = NEAR_LANES / D_WIDTH };

/* The last values of a row, fewer than V_WIDTH, then -inf. */
static inline vec last_of(const float *x, int64_t part) {
    const vec kept = v_keep(v_set1(1.0f), part), none = v_set1(-INFINITY);
    return v_if_greater(kept, v_set1(0.0f), v_load_part(x, part), none);
}

/* The largest of every V_WIDTHth value; all NaN if a value is. */
static inline vec tops_of(const float *x, int64_t n) {
    const uint32_t all = v_at_least(v_set1(0.0f), v_set1(0.0f));
    vec tops = v_set1(-INFINITY);
    uint32_t real = all;
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH) {
        const vec a = v_load(x + i);
        tops = v_max(a, tops);
        real &= v_at_least(a, a);
    }
    if (i < n) {
        const vec a = last_of(x + i, n - i);
        tops = v_max(a, tops);
        real &= v_at_least(a, a);
    }
    return real == all ? tops : v_set1(NAN);
}

/* Of V_WIDTH rows, from the tops of each: the largest value, and what no value of the support is
 * below. Where (sum of some values - 1) / their number is below the true threshold whatever these
 * are, those of the tops that are above one such bound give a higher one. */
static inline void bounds_of(float *most, float *least, vec *tops) {
    const vec zero = v_set1(0.0f), one = v_set1(1.0f);
    vec top, below = v_set1(-1.0f);
    v_transpose(tops);
    top = tops[0];
    for (int i = 1; i < V_WIDTH; i++)
        top = v_max(top, tops[i]);
    for (int i = 0; i < V_WIDTH; i++)
        tops[i] = v_sub(tops[i], top);
    for (int again = 0; again < 2; again++) {
        vec sum = v_set1(-1.0f), count = zero;
        for (int i = 0; i < V_WIDTH; i++) {
            sum = v_add(sum, v_if_greater(tops[i], below, tops[i], zero));
            count = v_add(count, v_if_greater(tops[i], below, one, zero));
        }
        below = v_sub(v_div(sum, count), v_set1(1e-5f)); /* what rounding adds is less */
    }
    v_store(most, top);
    v_store(least, v_add(top, below));
}

/* The values that are at least `least`, in their order, then -inf up to NEAR. Returns how many;
 * of more than NEAR, only the first are right. */
static inline int64_t pack_near(float *near, const float *x, int64_t n, float least) {
    const vec bound = v_set1(least);
    int64_t count = 0;
#ifdef V_PACKS
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        count += v_pack_at_least(near + (count < NEAR ? count : NEAR), v_load(x + i), bound);
    if (i < n)
        count +=
            v_pack_at_least(near + (count < NEAR ? count : NEAR), last_of(x + i, n - i), bound);
#else
    for (int64_t i = 0; i < n; i += BITS)
        for (uint64_t bits = bits_at_least(x + i, n - i, bound); bits; bits &= bits - 1, count++)
            near[count < NEAR ? count : NEAR] = x[i + __builtin_ctzll(bits)];
#endif
    for (int64_t i = count; i < NEAR; i += V_WIDTH)
        v_store(near + i, v_set1(-INFINITY));
    return count;
}

/* Of each lane the first `most`: the largest first. */
static inline void sort_lanes(float (*lanes)[NEAR_LANES], int64_t most) {
    for (int lane = 0; lane < NEAR_LANES; lane += V_WIDTH)
        for (int64_t i = 1; i < most; i++) {
            vec value = v_load(lanes[i] + lane);
            for (int64_t j = 0; j < i; j++) {
                const vec before = v_load(lanes[j] + lane);
                v_store(lanes[j] + lane, v_max(before, value));
                value = v_min(value, before);
            }
            v_store(lanes[i] + lane, value);
        }
}

/* The tau of each lane, as msq_sparsemax_f32 has it. */
static inline void find_taus(float *taus, float (*lanes)[NEAR_LANES], int64_t most) {
    for (int lane = 0; lane < NEAR_LANES; lane += D_WIDTH) {
        dvec sum = d_set1(0), sums = sum, support = sum;
        for (int64_t k = 0; k < most; k++) {
            const dvec a = d_load(lanes[k] + lane);
            sum = sum + a;
            const lvec inside = a * (double)(k + 1) > sum - 1;
            sums = d_if(inside, sums + sum, sums);
            support = support + d_if(inside, d_set1(1), d_set1(0));
        }
        d_store(taus + lane, (sums - 1) / support);
    }
}

/* y = max(x - tau, 0). */
static inline void cut_row(float *y, const float *x, int64_t n, float tau) {
    const vec zero = v_set1(0.0f), less = v_set1(tau);
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_max(zero, v_sub(v_load(x + i), less)));
    if (i < n)
        v_store_part(y + i, v_max(zero, v_sub(v_load_part(x + i, n - i), less)), n - i);
}

/* Up to NEAR_LANES rows. */
static void sparsemax_some(float *y, const float *x, int64_t rows, int64_t n, msq_map_fn *other) {
    float near[NEAR_LANES][NEAR + V_WIDTH], lanes[NEAR][NEAR_LANES];
    float most[NEAR_LANES], least[NEAR_LANES], taus[NEAR_LANES];
    int64_t counts[NEAR_LANES], longest = 0;
    for (int64_t r = 0; r < NEAR_LANES; r += V_WIDTH) {
        vec tops[V_WIDTH];
        for (int i = 0; i < V_WIDTH; i++)
            tops[i] = tops_of(x + (r + i) * n, r + i < rows ? n : 0);
        bounds_of(most + r, least + r, tops);
    }
    for (int64_t r = 0; r < NEAR_LANES; r++) {
        counts[r] = pack_near(near[r], x + r * n, r < rows ? n : 0, least[r]);
        if (counts[r] <= NEAR)
            longest = counts[r] > longest ? counts[r] : longest;
    }
    for (int64_t r = 0; r < NEAR_LANES; r += V_WIDTH)
        for (int64_t k = 0; k < longest; k += V_WIDTH) {
            vec square[V_WIDTH];
            for (int i = 0; i < V_WIDTH; i++)
                square[i] = v_load(near[r + i] + k);
            v_transpose(square);
            for (int i = 0; i < V_WIDTH; i++)
                v_store(lanes[k + i] + r, square[i]);
        }
    sort_lanes(lanes, longest);
    find_taus(taus, lanes, longest);
    for (int64_t r = 0; r < rows; r++)
        if (counts[r] <= NEAR && most[r] - most[r] == 0)
            cut_row(y + r * n, x + r * n, n, taus[r]);
        else
            other(y + r * n, x + r * n, n);
}

static void sparsemax_rows(float *y, const float *x, int64_t rows, int64_t n, msq_map_fn *other) {
    for (int64_t r = 0; r < rows; r += NEAR_LANES)
        sparsemax_some(y + r * n, x + r * n, rows - r < NEAR_LANES ? rows - r : NEAR_LANES, n,
                       other);
}
