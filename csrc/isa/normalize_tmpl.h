/* Normalisation of one row. As in a softmax, value i is summed in lane i % 16 in float32; so are
 * its differences from the mean and their squares, which tell what the mean lacks. The sums of
 * 1,024 values at a time are added in float64. Where float32 does not hold the squares, all is
 * float64. */

enum { NORM_BLOCK = 1024 };

typedef struct {
    double sum, squares;
} row_sums;

/* Of x - shift. */
static inline row_sums shifted_sums(const float *x, int64_t n, vec shift) {
    row_sums total = {0, 0};
    for (int64_t first = 0; first < n; first += NORM_BLOCK) {
        const int64_t end = n - first < NORM_BLOCK ? n : first + NORM_BLOCK;
        vec sums[SUM_VECS], squares[SUM_VECS];
        int64_t i = first;
        for (int v = 0; v < SUM_VECS; v++)
            sums[v] = squares[v] = v_set1(0.0f);
        for (; i + SUM_LANES <= end; i += SUM_LANES) {
            for (int v = 0; v < SUM_VECS; v++) {
                const vec apart = v_sub(v_load(x + i + v * V_WIDTH), shift);
                sums[v] = v_add(sums[v], apart);
                squares[v] = v_fma(apart, apart, squares[v]);
            }
        }
        for (int v = 0; i < end; v++, i += V_WIDTH) {
            const int64_t part = end - i < V_WIDTH ? end - i : V_WIDTH;
            const vec apart = v_keep(v_sub(v_load_part(x + i, part), shift), part);
            sums[v] = v_add(sums[v], apart);
            squares[v] = v_fma(apart, apart, squares[v]);
        }
        total.sum += (double)v_sum16(sums);
        total.squares += (double)v_sum16(squares);
    }
    return total;
}

/* The mean, and the mean of the squares about it; or, if not `about_mean`, of x itself. */
static inline row_sums row_moments(const float *x, int64_t n, int about_mean) {
    const double count = (double)n;
    row_sums sums = shifted_sums(x, n, v_set1(0.0f));
    const float shift = (float)(sums.sum / count);
    if (about_mean) {
        sums = shifted_sums(x, n, v_set1(shift));
        sums.squares -= sums.sum * (sums.sum / count);
    }
    row_sums moments = {about_mean ? (double)shift + sums.sum / count : 0, sums.squares / count};
    if (!(sums.squares > 1e-30 && sums.squares < 1e30)) {
        moments.sum = about_mean ? reduce_row(x, n, 0, MSQ_SUM) / count : 0;
        moments.squares = reduce_row(x, n, moments.sum, MSQ_SQUARES) / count;
    }
    return moments;
}

static inline vec load_some(const float *p, int64_t n) {
    return n >= V_WIDTH ? v_load(p) : v_load_part(p, n);
}

static inline void store_some(float *p, vec a, int64_t n) {
    if (n >= V_WIDTH)
        v_store(p, a);
    else
        v_store_part(p, a, n);
}

/* y = (x - mean) * factor * gamma + beta, the mean in two parts. */
static void normalize_row(float *y, const float *x, int64_t n, const msq_normalization *norm) {
    const row_sums moments = row_moments(x, n, norm->about_mean);
    const double squares = norm->of_sum ? moments.squares * (double)n : moments.squares;
    const double inverse = 1 / sqrt(squares + norm->epsilon);
    const vec factor = v_set1((float)(inverse > norm->largest ? norm->largest : inverse));
    const float mean = norm->centered ? (float)moments.sum : 0;
    const vec high = v_set1(mean), low = v_set1(norm->centered ? (float)(moments.sum - mean) : 0);
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        const vec apart = v_sub(v_sub(load_some(x + i, n - i), high), low);
        vec v = v_mul(apart, factor);
        if (norm->gamma)
            v = v_mul(v, load_some(norm->gamma + i, n - i));
        if (norm->beta)
            v = v_add(v, load_some(norm->beta + i, n - i));
        store_some(y + i, v, n - i);
    }
}

/* y = (x - mean) * scale + offset, each step rounded. */
static void scale_row(float *y, const float *x, const float *mean, const float *scale,
                      const float *offset, int64_t n) {
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        vec v = load_some(x + i, n - i);
        if (mean)
            v = v_sub(v, load_some(mean + i, n - i));
        v = v_mul(v, load_some(scale + i, n - i));
        store_some(y + i, v_add(v, load_some(offset + i, n - i)), n - i);
    }
}
