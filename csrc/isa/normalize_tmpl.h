/* Normalisation of one row: mean and variance in float64, the rest in float32. */

/* y = (x - mean) * factor * gamma + beta; the mean in two parts. */
static inline vec normalized(vec x, vec mean, vec mean_low, vec factor) {
    return v_mul(v_sub(v_sub(x, mean), mean_low), factor);
}

static inline vec load_some(const float *p, int64_t n) {
    return n >= V_WIDTH ? v_load(p) : v_load_part(p, n);
}

static void normalize_row(float *y, const float *x, int64_t n, const msq_normalization *norm) {
    const double count = (double)n;
    const double center = norm->about_mean ? reduce_row(x, n, 0, MSQ_SUM) / count : 0;
    const double squares = reduce_row(x, n, center, MSQ_SQUARES);
    const double length = sqrt((norm->of_sum ? squares : squares / count) + norm->epsilon);
    const double inverse = 1 / length;
    const vec factor = v_set1((float)(inverse > norm->largest ? norm->largest : inverse));
    const float mean = norm->centered ? (float)center : 0;
    const vec high = v_set1(mean), low = v_set1(norm->centered ? (float)(center - mean) : 0);
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        vec v = normalized(load_some(x + i, n - i), high, low, factor);
        if (norm->gamma)
            v = v_mul(v, load_some(norm->gamma + i, n - i));
        if (norm->beta)
            v = v_add(v, load_some(norm->beta + i, n - i));
        if (n - i >= V_WIDTH)
            v_store(y + i, v);
        else
            v_store_part(y + i, v, n - i);
    }
}

/* y = x * scale + offset, two roundings. */
static void scale_row(float *y, const float *x, const float *scale, const float *offset,
                      int64_t n) {
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        v_store(y + i, v_add(v_mul(v_load(x + i), v_load(scale + i)), v_load(offset + i)));
    if (i < n) {
        const int64_t left = n - i;
        const vec product = v_mul(v_load_part(x + i, left), v_load_part(scale + i, left));
        v_store_part(y + i, v_add(product, v_load_part(offset + i, left)), left);
    }
}
