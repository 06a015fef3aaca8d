/* The way back through the normalisation of rows. With g = d gamma and a row as it came out,
 * even = (x - mean) factor, it is factor (g - mean of g - even * mean of g even). Sums as in
 * normalize_tmpl.h: in lanes, 1,024 values at a time, and these in float64. */

typedef struct {
    vec high, low, factor; /* even = ((x - high) - low) factor */
    const float *gamma;
} row_scale;

INLINE vec even_of(const row_scale *s, const float *x, int64_t n) {
    return v_mul(v_sub(v_sub(load_some(x, n), s->high), s->low), s->factor);
}

INLINE vec weighed_of(const row_scale *s, const float *d, int64_t i, int64_t n) {
    const vec g = load_some(d + i, n);
    return s->gamma ? v_mul(g, load_some(s->gamma + i, n)) : g;
}

typedef struct {
    double sum, products;
} gradient_totals;

/* The next values of a row: g to `sum`, and g even to `products`. */
INLINE void add_gradient(vec *sum, vec *products, const row_scale *s, const float *d,
                         const float *x, int64_t i, int64_t part) {
    vec g = weighed_of(s, d, i, part), product = v_mul(g, even_of(s, x + i, part));
    if (part < V_WIDTH)
        g = v_keep(g, part), product = v_keep(product, part);
    *sum = v_add(*sum, g);
    *products = v_add(*products, product);
}

/* The sums of g and of g even. */
static inline gradient_totals gradient_sums(const row_scale *s, const float *d, const float *x,
                                            int64_t n) {
    gradient_totals total = {0, 0};
    for (int64_t first = 0; first < n; first += NORM_BLOCK) {
        const int64_t end = n - first < NORM_BLOCK ? n : first + NORM_BLOCK;
        vec sums[SUM_VECS], products[SUM_VECS];
        int64_t i = first;
        UNROLL for (int v = 0; v < SUM_VECS; v++) sums[v] = products[v] = v_set1(0.0f);
        for (; i + SUM_LANES <= end; i += SUM_LANES)
            UNROLL for (int v = 0; v < SUM_VECS; v++)
                add_gradient(&sums[v], &products[v], s, d, x, i + v * V_WIDTH, V_WIDTH);
        for (int v = 0; i < end; v++, i += V_WIDTH)
            add_gradient(&sums[v], &products[v], s, d, x, i, end - i < V_WIDTH ? end - i : V_WIDTH);
        total.sum += (double)v_sum16(sums);
        total.products += (double)v_sum16(products);
    }
    return total;
}

/* Of one row, what its gradient needs: see `normalize_back_some`. */
typedef struct {
    row_scale scale, apart;
    vec share, middle;
} back_scale;

static inline back_scale back_scale_of(const row_sums *moments, int64_t r, const float *d,
                                       const float *x, int64_t n, const msq_normalization *norm) {
    const double squares = moments->squares[r] * (norm->of_sum ? (double)n : 1);
    const double inverse = 1 / sqrt(squares + norm->epsilon);
    const int is_cut = inverse > norm->largest;
    const float mean = (float)moments->sum[r], rest = (float)(moments->sum[r] - mean);
    const vec zero = v_set1(0.0f), factor = v_set1((float)(is_cut ? norm->largest : inverse));
    back_scale s = {
        {zero, zero, factor, norm->gamma}, {v_set1(mean), v_set1(rest), factor, NULL}, zero, zero};
    if (norm->centered)
        s.scale.high = s.apart.high, s.scale.low = s.apart.low;
    const gradient_totals sums = gradient_sums(&s.scale, d, x, n);
    const double along = is_cut ? 0 : norm->of_sum ? sums.products : sums.products / (double)n;
    s.share = v_set1((float)along);
    s.middle = v_set1(norm->centered ? (float)(sums.sum / (double)n) : 0.0f);
    return s;
}

INLINE void gradient_vec(float *dx, float *products, const float *d, const float *x, int64_t i,
                         int64_t part, const back_scale *s) {
    const vec g = v_sub(weighed_of(&s->scale, d, i, part), s->middle);
    const vec off = v_mul(even_of(&s->apart, x + i, part), s->share);
    if (products)
        store_some(products + i, v_mul(load_some(d + i, part), even_of(&s->scale, x + i, part)),
                   part);
    store_some(dx + i, v_mul(v_sub(g, off), s->scale.factor), part);
}

INLINE void gradient_row(float *dx, float *products, const float *d, const float *x, int64_t n,
                         const back_scale *of) {
    const back_scale s = *of; /* in registers */
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        gradient_vec(dx, products, d, x, i, V_WIDTH, &s);
    if (i < n)
        gradient_vec(dx, products, d, x, i, n - i, &s);
}

/* As on the way there, each pass is done for some rows before the next one begins. */
static void normalize_back_rows(float *dx, float *products, const float *d, const float *x,
                                int64_t rows, int64_t n, const msq_normalization *norm) {
    const int64_t most = rows_of_a_pass(n);
    for (int64_t first = 0; first < rows; first += most) {
        const int64_t some = rows - first < most ? rows - first : most;
        row_sums moments;
        back_scale scales[NORM_ROWS];
        row_moments(&moments, x + first * n, some, n, values_ahead(some, rows - first, n),
                    norm->about_mean);
        for (int64_t r = 0; r < some; r++)
            scales[r] =
                back_scale_of(&moments, r, d + (first + r) * n, x + (first + r) * n, n, norm);
        for (int64_t r = 0; r < some; r++) {
            const int64_t at = (first + r) * n;
            gradient_row(dx + at, products ? products + at : NULL, d + at, x + at, n, &scales[r]);
        }
    }
}
