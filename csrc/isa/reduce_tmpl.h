/* Sums, sums of squares and products in float64. Of a row, value i goes to lane i % 16, and the
 * lanes meet in a fixed tree; of columns, each is one chain, rows ascending. Then pooling of rows,
 * in float32. */

enum { D_VECS = SUM_LANES / D_WIDTH };

/* Lane by lane: `sum` with the next x; MSQ_SQUARES are about `center`. */
INLINE dvec d_join(dvec sum, dvec x, dvec center, const int kind) {
    const dvec apart = x - center;
    return kind == MSQ_SUM ? sum + x : kind == MSQ_PRODUCT ? sum * x : sum + apart * apart;
}

static inline double join(double sum, double x, double center, const int kind) {
    const double apart = x - center;
    return kind == MSQ_SUM ? sum + x : kind == MSQ_PRODUCT ? sum * x : sum + apart * apart;
}

INLINE double reduce_row_as(const float *x, int64_t n, double center, const int kind) {
    const double start = kind == MSQ_PRODUCT;
    const dvec centers = d_set1(center);
    double lanes[SUM_LANES];
    dvec sums[D_VECS];
    int64_t i = 0;
    UNROLL for (int v = 0; v < D_VECS; v++) sums[v] = d_set1(start);
    for (; i + SUM_LANES <= n; i += SUM_LANES)
        UNROLL for (int v = 0; v < D_VECS; v++) sums[v] =
            d_join(sums[v], d_load(x + i + v * D_WIDTH), centers, kind);
    memcpy(lanes, sums, sizeof lanes);
    for (int lane = 0; i < n; i++, lane++)
        lanes[lane] = join(lanes[lane], (double)x[i], center, kind);
    for (int half = SUM_LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] = kind == MSQ_PRODUCT ? lanes[lane] * lanes[lane + half]
                                              : lanes[lane] + lanes[lane + half];
    return lanes[0];
}

static double reduce_row(const float *x, int64_t n, double center, int kind) {
    return kind == MSQ_SUM       ? reduce_row_as(x, n, center, MSQ_SUM)
           : kind == MSQ_PRODUCT ? reduce_row_as(x, n, center, MSQ_PRODUCT)
                                 : reduce_row_as(x, n, center, MSQ_SQUARES);
}

enum { COLUMN_VECS = 4 }; /* done side by side */

INLINE void reduce_columns_as(double *out, const float *x, int64_t n, int64_t stride,
                              int64_t columns, const double *centers, const int kind,
                              const int goes_on) {
    const double start = kind == MSQ_PRODUCT;
    int64_t first = 0;
    for (; first + COLUMN_VECS * D_WIDTH <= columns; first += COLUMN_VECS * D_WIDTH) {
        dvec sums[COLUMN_VECS], center[COLUMN_VECS];
        memcpy(center, centers + first, sizeof center);
        UNROLL for (int v = 0; v < COLUMN_VECS; v++) sums[v] = d_set1(start);
        if (goes_on)
            memcpy(sums, out + first, sizeof sums);
        for (int64_t k = 0; k < n; k++)
            UNROLL for (int v = 0; v < COLUMN_VECS; v++) sums[v] =
                d_join(sums[v], d_load(x + k * stride + first + v * D_WIDTH), center[v], kind);
        memcpy(out + first, sums, sizeof sums);
    }
    for (; first < columns; first++) {
        double sum = goes_on ? out[first] : start;
        for (int64_t k = 0; k < n; k++)
            sum = join(sum, (double)x[k * stride + first], centers[first], kind);
        out[first] = sum;
    }
}

static void reduce_columns(double *out, const float *x, int64_t n, int64_t stride, int64_t columns,
                           const double *centers, int kind) {
    if (kind == MSQ_SUM)
        reduce_columns_as(out, x, n, stride, columns, centers, MSQ_SUM, 0);
    else if (kind == MSQ_MORE_SUMS)
        reduce_columns_as(out, x, n, stride, columns, centers, MSQ_SUM, 1);
    else if (kind == MSQ_PRODUCT)
        reduce_columns_as(out, x, n, stride, columns, centers, MSQ_PRODUCT, 0);
    else
        reduce_columns_as(out, x, n, stride, columns, centers, MSQ_SQUARES, 0);
}

/* `columns` of the rows from one of them on: whole vectors, or the last one cut to `part`. */
INLINE void pool_block(float *out, const float *x, const int64_t *index, int64_t n, int64_t stride,
                       const int vecs, int64_t part, const int takes_mean) {
    vec acc[COLUMN_VECS], poison[COLUMN_VECS];
    const vec zero = v_set1(0.0f), most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    UNROLL for (int v = 0; v < vecs; v++) {
        acc[v] = takes_mean ? zero : v_set1(-INFINITY);
        poison[v] = zero; /* becomes NaN with a NaN, which the largest leaves out */
    }
    for (int64_t i = 0; i < n; i++) {
        const float *const row = x + (index ? index[i] : i) * stride;
        UNROLL for (int v = 0; v < vecs; v++) {
            const vec a =
                part < V_WIDTH ? v_load_part(row + v * V_WIDTH, part) : v_load(row + v * V_WIDTH);
            if (takes_mean) {
                acc[v] = v_add(acc[v], a);
                continue;
            }
            acc[v] = v_max(a, acc[v]);
            poison[v] = v_fma(v_min(most, v_max(least, a)), zero, poison[v]);
        }
    }
    UNROLL for (int v = 0; v < vecs; v++) {
        const vec y = takes_mean ? v_div(acc[v], v_set1((float)n)) : v_add(acc[v], poison[v]);
        if (part < V_WIDTH)
            v_store_part(out + v * V_WIDTH, y, part);
        else
            v_store(out + v * V_WIDTH, y);
    }
}

INLINE void pool_rows_as(float *out, const float *x, const int64_t *index, int64_t n,
                         int64_t columns, const int takes_mean) {
    int64_t c = 0;
    for (; c + COLUMN_VECS * V_WIDTH <= columns; c += COLUMN_VECS * V_WIDTH)
        pool_block(out + c, x + c, index, n, columns, COLUMN_VECS, V_WIDTH, takes_mean);
    for (; c < columns; c += V_WIDTH)
        pool_block(out + c, x + c, index, n, columns, 1,
                   columns - c < V_WIDTH ? columns - c : V_WIDTH, takes_mean);
}

static void pool_rows(float *out, const float *x, const int64_t *index, int64_t n, int64_t columns,
                      int takes_mean) {
    if (takes_mean)
        pool_rows_as(out, x, index, n, columns, 1);
    else
        pool_rows_as(out, x, index, n, columns, 0);
}
