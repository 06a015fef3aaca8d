/* The way back through the normalisation of one row. With g = d gamma and the row as it came out,
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

/* The sums of g and of g even. */
static inline gradient_totals gradient_sums(const row_scale *s, const float *d, const float *x,
                                            int64_t n) {
    gradient_totals total = {0, 0};
    for (int64_t first = 0; first < n; first += NORM_BLOCK) {
        const int64_t end = n - first < NORM_BLOCK ? n : first + NORM_BLOCK;
        vec sums[SUM_VECS], products[SUM_VECS];
        for (int v = 0; v < SUM_VECS; v++)
            sums[v] = products[v] = v_set1(0.0f);
        for (int64_t i = first; i < end; i += V_WIDTH) {
            const int64_t part = end - i < V_WIDTH ? end - i : V_WIDTH;
            const int v = (int)(i / V_WIDTH % SUM_VECS);
            const vec g = weighed_of(s, d, i, part);
            const vec product = v_mul(g, even_of(s, x + i, part));
            sums[v] = v_add(sums[v], v_keep(g, part));
            products[v] = v_add(products[v], v_keep(product, part));
        }
        total.sum += (double)v_sum16(sums);
        total.products += (double)v_sum16(products);
    }
    return total;
}

static void normalize_back_row(float *dx, float *products, const float *d, const float *x,
                               int64_t n, const msq_normalization *norm) {
    row_sums moments;
    row_moments(&moments, x, 1, n, norm->about_mean);
    const double squares = moments.squares[0] * (norm->of_sum ? (double)n : 1);
    const double inverse = 1 / sqrt(squares + norm->epsilon);
    const int is_cut = inverse > norm->largest;
    const float mean = (float)moments.sum[0], rest = (float)(moments.sum[0] - mean);
    const vec zero = v_set1(0.0f);
    row_scale scale = {zero, zero, v_set1((float)(is_cut ? norm->largest : inverse)), norm->gamma};
    row_scale apart = {v_set1(mean), v_set1(rest), scale.factor, NULL};
    if (norm->centered)
        scale.high = apart.high, scale.low = apart.low;
    const gradient_totals sums = gradient_sums(&scale, d, x, n);
    const double along = is_cut ? 0 : norm->of_sum ? sums.products : sums.products / (double)n;
    const vec share = v_set1((float)along);
    const vec middle = v_set1(norm->centered ? (float)(sums.sum / (double)n) : 0.0f);
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        const vec g = v_sub(weighed_of(&scale, d, i, n - i), middle);
        const vec off = v_mul(even_of(&apart, x + i, n - i), share);
        if (products)
            store_some(products + i, v_mul(load_some(d + i, n - i), even_of(&scale, x + i, n - i)),
                       n - i);
        store_some(dx + i, v_mul(v_sub(g, off), scale.factor), n - i);
    }
}
