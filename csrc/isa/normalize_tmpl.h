/* Normalisation of rows. As in a softmax, value i is summed in lane i % 16 in float32; so are
 * its differences from the mean and their squares, which tell what the mean lacks. The sums of
 * 1,024 values at a time are added in float64. Where float32 does not hold the squares, all is
 * float64.
 *
 * Each pass is done for some rows before the next one begins, a few of them side by side: what a
 * row waits for, another one computes meanwhile. Its bits do not depend on the others. */

enum {
    NORM_BLOCK = 1024,
    NORM_ROWS = 16,     /* of a pass */
    NORM_VALUES = 2048, /* of a pass, so that they stay in the first cache */
    NORM_BESIDE = ACCUMULATORS >= 8 * SUM_VECS ? 4
    : ACCUMULATORS >= 4 * SUM_VECS             ? 2
                                               : 1
};

/* Of each row of a pass. */
typedef struct {
    double sum[NORM_ROWS], squares[NORM_ROWS];
} row_sums;

INLINE void shifted_vec(vec *sum, vec *squares, vec x, vec shift, int64_t part,
                        const int with_squares) {
    vec apart = with_squares ? v_sub(x, shift) : x;
    if (part < V_WIDTH)
        apart = v_keep(apart, part);
    *sum = v_add(*sum, apart);
    if (with_squares)
        *squares = v_fma(apart, apart, *squares);
}

/* Of x - shift, for rows `first` to `first` + `rows`; without squares, of x. With them, the values
 * `ahead` are fetched into the first cache meanwhile. */
INLINE void sums_beside(row_sums *total, int64_t first, const float *x, int64_t n,
                        const float *shift, int64_t ahead, const int rows, const int with_squares) {
    vec shifts[NORM_BESIDE];
    UNROLL for (int r = 0; r < rows; r++) {
        total->sum[first + r] = total->squares[first + r] = 0;
        shifts[r] = v_set1(with_squares ? shift[first + r] : 0.0f);
    }
    x += first * n;
    for (int64_t begin = 0; begin < n; begin += NORM_BLOCK) {
        const int64_t end = n - begin < NORM_BLOCK ? n : begin + NORM_BLOCK;
        vec sums[NORM_BESIDE][SUM_VECS], squares[NORM_BESIDE][SUM_VECS];
        int64_t i = begin;
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < SUM_VECS; v++) sums[r][v] =
            squares[r][v] = v_set1(0.0f);
        for (; i + SUM_LANES <= end; i += SUM_LANES)
            UNROLL for (int r = 0; r < rows; r++) {
                if (with_squares)
                    __builtin_prefetch(x + r * n + i + ahead);
                UNROLL for (int v = 0; v < SUM_VECS; v++)
                    shifted_vec(&sums[r][v], &squares[r][v], v_load(x + r * n + i + v * V_WIDTH),
                                shifts[r], V_WIDTH, with_squares);
            }
        for (int v = 0; i < end; v++, i += V_WIDTH) {
            const int64_t part = end - i < V_WIDTH ? end - i : V_WIDTH;
            UNROLL for (int r = 0; r < rows; r++)
                shifted_vec(&sums[r][v], &squares[r][v], v_load_part(x + r * n + i, part),
                            shifts[r], part, with_squares);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            total->sum[first + r] += (double)v_sum16(sums[r]);
            if (with_squares)
                total->squares[first + r] += (double)v_sum16(squares[r]);
        }
    }
}

INLINE void shifted_sums(row_sums *total, const float *x, int64_t rows, int64_t n,
                         const float *shift, int64_t ahead, const int with_squares) {
    int64_t r = 0;
    for (; r + NORM_BESIDE <= rows; r += NORM_BESIDE)
        sums_beside(total, r, x, n, shift, ahead, NORM_BESIDE, with_squares);
    for (; r < rows; r++)
        sums_beside(total, r, x, n, shift, ahead, 1, with_squares);
}

/* The means, and the means of the squares about them; or, if not `about_mean`, of x itself. */
static __attribute__((noinline)) void row_moments(row_sums *moments, const float *x, int64_t rows,
                                                  int64_t n, int64_t ahead, int about_mean) {
    const double count = (double)n;
    float shift[NORM_ROWS] = {0};
    row_sums sums;
    if (about_mean) {
        shifted_sums(&sums, x, rows, n, shift, 0, 0);
        for (int64_t r = 0; r < rows; r++)
            shift[r] = (float)(sums.sum[r] / count);
    }
    shifted_sums(&sums, x, rows, n, shift, ahead, 1);
    for (int64_t r = 0; r < rows; r++) {
        const double rest = about_mean ? sums.sum[r] / count : 0;
        sums.squares[r] -= about_mean ? sums.sum[r] * rest : 0;
        moments->sum[r] = (double)shift[r] + rest;
        moments->squares[r] = sums.squares[r] / count;
    }
    for (int64_t r = 0; r < rows; r++) {
        if (sums.squares[r] > 1e-30 && sums.squares[r] < 1e30)
            continue;
        const double mean = about_mean ? reduce_row(x + r * n, n, 0, MSQ_SUM) / count : 0;
        moments->sum[r] = mean;
        moments->squares[r] = reduce_row(x + r * n, n, mean, MSQ_SQUARES) / count;
    }
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

/* (x - mean) * factor, the mean in two parts. */
typedef struct {
    float high[NORM_ROWS], low[NORM_ROWS], factor[NORM_ROWS];
} row_factors;

INLINE void normalize_vec(float *y, const float *x, vec high, vec low, vec factor,
                          const float *gamma, const float *beta, int64_t part, const int whole) {
    vec v = whole ? v_load(x) : v_load_part(x, part);
    v = v_mul(v_sub(v_sub(v, high), low), factor);
    if (gamma)
        v = v_mul(v, whole ? v_load(gamma) : v_load_part(gamma, part));
    if (beta)
        v = v_add(v, whole ? v_load(beta) : v_load_part(beta, part));
    if (whole)
        v_store(y, v);
    else
        v_store_part(y, v, part);
}

/* y = (x - mean) * factor * gamma + beta, for rows `first` to `first` + `rows`. */
INLINE void normalize_beside(float *y, const float *x, int64_t first, int64_t n,
                             const row_factors *of, const float *gamma, const float *beta,
                             const int rows) {
    vec high[NORM_BESIDE], low[NORM_BESIDE], factor[NORM_BESIDE];
    UNROLL for (int r = 0; r < rows; r++) {
        high[r] = v_set1(of->high[first + r]);
        low[r] = v_set1(of->low[first + r]);
        factor[r] = v_set1(of->factor[first + r]);
    }
    int64_t i = 0;
    x += first * n, y += first * n;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        UNROLL for (int r = 0; r < rows; r++)
            normalize_vec(y + r * n + i, x + r * n + i, high[r], low[r], factor[r],
                          gamma ? gamma + i : NULL, beta ? beta + i : NULL, V_WIDTH, 1);
    if (i < n)
        UNROLL for (int r = 0; r < rows; r++)
            normalize_vec(y + r * n + i, x + r * n + i, high[r], low[r], factor[r],
                          gamma ? gamma + i : NULL, beta ? beta + i : NULL, n - i, 0);
}

INLINE void normalize_pass(float *y, const float *x, int64_t rows, int64_t n, const row_factors *of,
                           const float *gamma, const float *beta) {
    int64_t r = 0;
    for (; r + NORM_BESIDE <= rows; r += NORM_BESIDE)
        normalize_beside(y, x, r, n, of, gamma, beta, NORM_BESIDE);
    for (; r < rows; r++)
        normalize_beside(y, x, r, n, of, gamma, beta, 1);
}

static void normalize_some(float *y, const float *x, int64_t rows, int64_t n, int64_t ahead,
                           const msq_normalization *norm) {
    row_sums moments;
    row_factors of;
    row_moments(&moments, x, rows, n, ahead, norm->about_mean);
    for (int64_t r = 0; r < rows; r++) {
        const double mean = norm->centered ? moments.sum[r] : 0;
        const double squares = norm->of_sum ? moments.squares[r] * (double)n : moments.squares[r];
        const double inverse = 1 / sqrt(squares + norm->epsilon);
        of.factor[r] = (float)(inverse > norm->largest ? norm->largest : inverse);
        of.high[r] = (float)mean;
        of.low[r] = (float)(mean - (float)mean);
    }
    if (norm->gamma && norm->beta)
        normalize_pass(y, x, rows, n, &of, norm->gamma, norm->beta);
    else if (norm->gamma)
        normalize_pass(y, x, rows, n, &of, norm->gamma, NULL);
    else
        normalize_pass(y, x, rows, n, &of, NULL, norm->beta);
}

/* How many rows are done pass by pass. */
static inline int64_t rows_of_a_pass(int64_t n) {
    const int64_t fit = NORM_VALUES / n / NORM_BESIDE * NORM_BESIDE;
    return fit > NORM_ROWS ? NORM_ROWS : fit > NORM_BESIDE ? fit : NORM_BESIDE;
}

/* Where the rows after some others are, or 0 if as many do not follow. */
static inline int64_t values_ahead(int64_t some, int64_t left, int64_t n) {
    return 2 * some <= left ? some * n : 0;
}

static void normalize_rows(float *y, const float *x, int64_t rows, int64_t n,
                           const msq_normalization *norm) {
    const int64_t most = rows_of_a_pass(n);
    for (int64_t r = 0; r < rows; r += most) {
        const int64_t some = rows - r < most ? rows - r : most;
        normalize_some(y + r * n, x + r * n, some, n, values_ahead(some, rows - r, n), norm);
    }
}

/* Vectors of columns: as many as the registers hold sums and shifts of. */
enum { MOMENT_ROWS = 32, MOMENT_VECS = ACCUMULATORS >= 24 ? 8 : 4, SCALE_VECS = 4 };

/* Of vecs * V_WIDTH columns, or of `part` of one vector, for up to MOMENT_ROWS rows. */
INLINE void moments_block(double *sum, double *squares, const float *x, int64_t rows,
                          int64_t stride, const float *shift, double times, const int vecs,
                          int64_t part) {
    vec sums[MOMENT_VECS], products[MOMENT_VECS], shifts[MOMENT_VECS];
    float values[MOMENT_VECS * V_WIDTH], seconds[MOMENT_VECS * V_WIDTH];
    UNROLL for (int v = 0; v < vecs; v++) {
        sums[v] = products[v] = v_set1(0.0f);
        shifts[v] = load_some(shift + v * V_WIDTH, part);
    }
    for (int64_t r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < vecs; v++)
            shifted_vec(&sums[v], &products[v], load_some(x + r * stride + v * V_WIDTH, part),
                        shifts[v], part, 1);
    UNROLL for (int v = 0; v < vecs; v++) {
        v_store(values + v * V_WIDTH, sums[v]);
        v_store(seconds + v * V_WIDTH, products[v]);
    }
    const int64_t count = part < V_WIDTH ? part : vecs * V_WIDTH;
    for (int64_t i = 0; i < count; i++) {
        sum[i] += times * (double)values[i];
        squares[i] += times * (double)seconds[i];
    }
}

static void add_moments(double *sum, double *squares, const float *x, int64_t rows, int64_t columns,
                        const float *shift, double times) {
    for (int64_t r = 0; r < rows; r += MOMENT_ROWS, x += MOMENT_ROWS * columns) {
        const int64_t some = rows - r < MOMENT_ROWS ? rows - r : MOMENT_ROWS;
        int64_t c = 0;
        for (; c + MOMENT_VECS * V_WIDTH <= columns; c += MOMENT_VECS * V_WIDTH)
            moments_block(sum + c, squares + c, x + c, some, columns, shift + c, times, MOMENT_VECS,
                          V_WIDTH);
        for (; c < columns; c += V_WIDTH)
            moments_block(sum + c, squares + c, x + c, some, columns, shift + c, times, 1,
                          columns - c < V_WIDTH ? columns - c : V_WIDTH);
    }
}

/* Of vecs * V_WIDTH columns, or of `part` of one vector. */
INLINE void scale_block(float *y, const float *x, int64_t rows, int64_t stride, const float *mean,
                        const float *scale, const float *offset, const int vecs, int64_t part) {
    vec means[SCALE_VECS], scales[SCALE_VECS], offsets[SCALE_VECS];
    UNROLL for (int v = 0; v < vecs; v++) {
        means[v] = mean ? load_some(mean + v * V_WIDTH, part) : v_set1(0.0f); /* -0 stays -0 */
        scales[v] = load_some(scale + v * V_WIDTH, part);
        offsets[v] = load_some(offset + v * V_WIDTH, part);
    }
    for (int64_t r = 0; r < rows; r++, x += stride, y += stride)
        UNROLL for (int v = 0; v < vecs; v++) {
            const vec apart = v_sub(load_some(x + v * V_WIDTH, part), means[v]);
            store_some(y + v * V_WIDTH, v_add(v_mul(apart, scales[v]), offsets[v]), part);
        }
}

/* y = (x - mean) * scale + offset, each step rounded. */
static void scale_rows(float *y, const float *x, int64_t rows, int64_t n, const float *mean,
                       const float *scale, const float *offset) {
    for (int64_t r = 0; r < rows; r += MOMENT_ROWS, x += MOMENT_ROWS * n, y += MOMENT_ROWS * n) {
        const int64_t some = rows - r < MOMENT_ROWS ? rows - r : MOMENT_ROWS;
        int64_t c = 0;
        for (; c + SCALE_VECS * V_WIDTH <= n; c += SCALE_VECS * V_WIDTH)
            scale_block(y + c, x + c, some, n, mean ? mean + c : NULL, scale + c, offset + c,
                        SCALE_VECS, V_WIDTH);
        for (; c < n; c += V_WIDTH)
            scale_block(y + c, x + c, some, n, mean ? mean + c : NULL, scale + c, offset + c, 1,
                        n - c < V_WIDTH ? n - c : V_WIDTH);
    }
}
