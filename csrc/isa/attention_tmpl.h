/* Packing of keys and values for the two products of attention, these products unpacked, and for
 * narrow heads the products and the softmax with a query in each lane. */

/* rows[i][lane] = scale * k[lane][i], for V_WIDTH keys, 0 past the last of `keys`, and `used`
 * columns; k is in a wider array, rows `stride` apart. */
static inline void turn_keys(vec *rows, const float *k, int64_t keys, int64_t stride, int64_t used,
                             float scale) {
    for (int64_t lane = 0; lane < V_WIDTH; lane++) {
        const float *const p = k + lane * stride;
        if (lane >= keys)
            rows[lane] = v_set1(0.0f);
        else
            rows[lane] = v_mul(v_set1(scale), used == V_WIDTH ? v_load(p) : v_load_part(p, used));
    }
    v_transpose(rows);
}

/* panels[block][d][lane] = scale * k[block * V_WIDTH + lane][d], 0 past the last key; k is
 * (keys, key_dim) in a wider array, rows `stride` apart. */
static void pack_keys(float *panels, const float *k, int64_t keys, int64_t stride, int64_t key_dim,
                      float scale) {
    vec rows[V_WIDTH];
    for (int64_t key = 0; key < keys; key += V_WIDTH) {
        for (int64_t d = 0; d < key_dim; d += V_WIDTH) {
            const int64_t used = key_dim - d < V_WIDTH ? key_dim - d : V_WIDTH;
            turn_keys(rows, k + key * stride + d, keys - key, stride, used, scale);
            for (int64_t i = 0; i < used; i++, panels += V_WIDTH)
                v_store(panels, rows[i]);
        }
    }
}

/* panels[block][row][V_WIDTH] = v[row][block * V_WIDTH + lane], 0 past `dim`; v is (rows, stride).
 */
static void pack_values(float *panels, const float *v, int64_t rows, int64_t stride, int64_t dim) {
    for (int64_t column = 0; column < dim; column += V_WIDTH) {
        const int64_t used = dim - column < V_WIDTH ? dim - column : V_WIDTH;
        for (int64_t row = 0; row < rows; row++, panels += V_WIDTH) {
            const float *const p = v + row * stride + column;
            v_store(panels, used == V_WIDTH ? v_load(p) : v_load_part(p, used));
        }
    }
}

/* A word of each cache line of the keys [key, end), in order: memory is fastest that way,
 * since the hardware prefetches in order. It does not guess the order of the heads, and prefetch
 * instructions do not help it. */
static inline void touch(const msq_few *f, int64_t key, int64_t end) {
    enum { LINE = 16 };
    const float *const first = f->w[0], *const last = f->w[f->rows - 1] + f->dim;
    for (; f->far && key < end; key++)
        for (const float *p = first; p < last; p += LINE)
            (void)*(const volatile float *)(p + key * f->w_stride);
}

/* The end of the block of keys that starts at `key`, in whole vectors: what is touched should stay
 * in the second cache, and in the first what is prefetched. */
static inline int64_t block_end(const msq_few *f, int64_t key) {
    enum { TOUCHED = 1 << 14, PREFETCHED = 1 << 12, VECTORS = 16 };
    const int64_t floats = f->w[f->rows - 1] + f->dim - f->w[0] + 1;
    const int64_t keys = (f->far ? TOUCHED : PREFETCHED) / floats / VECTORS * VECTORS;
    const int64_t end = key + (keys ? keys : VECTORS);
    return end < f->keys ? end : f->keys;
}

/* V_WIDTH keys from `key` on, as far as there are; k is the first of all. */
static inline void prefetch_keys(const float *k, int64_t key, int64_t keys, int64_t stride) {
    for (int64_t i = key; i < key + V_WIDTH && i < keys; i++)
        __builtin_prefetch(k + i * stride);
}

/* How many rows from `row` on are of the same head, at most MSQ_FEW. */
static inline int64_t rows_of_head(const msq_few *f, int64_t row) {
    int64_t n = 1;
    while (n < MSQ_FEW && row + n < f->rows && f->w[row + n] == f->w[row])
        n++;
    return n;
}

/* The scores of the keys [key, end) for `rows` rows of one head. */
INLINE void score_rows(const int rows, const msq_few *f, int64_t row, int64_t key, int64_t end) {
    const float *const *const q = f->x + row;
    float *const y = f->y + row * f->y_stride;
    vec turned[V_WIDTH];
    for (; key < end; key += V_WIDTH) {
        const float *const k = f->w[row] + key * f->w_stride;
        vec acc[MSQ_FEW];
        UNROLL for (int r = 0; r < rows; r++) acc[r] = v_set1(0.0f);
        for (int64_t d = 0; d < f->dim; d += V_WIDTH) {
            const int64_t used = f->dim - d < V_WIDTH ? f->dim - d : V_WIDTH;
            prefetch_keys(f->w[row] + d, key + V_WIDTH, f->far ? 0 : f->keys, f->w_stride);
            turn_keys(turned, k + d, end - key, f->w_stride, used, f->scale);
            for (int64_t i = 0; i < used; i++)
                UNROLL for (int r = 0; r < rows; r++) acc[r] =
                    v_fma(v_set1(q[r][d + i]), turned[i], acc[r]);
        }
        UNROLL for (int r = 0; r < rows; r++) v_store(y + r * f->y_stride + key, acc[r]);
    }
}

/* y += x w over the keys [key, end), for `rows` rows of one head, and one or two blocks of its
 * values from column d on, the last of which has `used` columns. */
INLINE void sum_rows(const int rows, const int blocks, const msq_few *f, int64_t row, int64_t d,
                     int64_t used, int64_t key, int64_t end) {
    enum { AHEAD = 16 };
    const float *const *const terms = f->x + row, *v = f->w[row] + key * f->w_stride + d;
    float *const y = f->y + row * f->y_stride + d;
    const int64_t prefetched = f->far ? 0 : f->keys - AHEAD;
    vec acc[2 * MSQ_FEW], values[2];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        acc[r * blocks + b] = v_load(y + r * f->y_stride + b * V_WIDTH);
    for (; key < end; key++, v += f->w_stride) {
        const float *const last = v + (blocks - 1) * V_WIDTH;
        if (key < prefetched) {
            __builtin_prefetch(v + AHEAD * f->w_stride);
            __builtin_prefetch(last + AHEAD * f->w_stride);
        }
        if (blocks > 1)
            values[0] = v_load(v);
        values[blocks - 1] = used == V_WIDTH ? v_load(last) : v_load_part(last, used);
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
            acc[r * blocks + b] = v_fma(v_set1(terms[r][key]), values[b], acc[r * blocks + b]);
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        v_store(y + r * f->y_stride + b * V_WIDTH, acc[r * blocks + b]);
}

#define FEW_CASE(n, call)                                                                          \
    case n:                                                                                        \
        call;                                                                                      \
        break;

static void score_head(const msq_few *f, int64_t row, int64_t rows, int64_t key, int64_t end) {
#define SCORE(n) FEW_CASE(n, score_rows(n, f, row, key, end))
    switch (rows) { SCORE(1) SCORE(2) SCORE(3) SCORE(4) }
}

static void sum_head(const msq_few *f, int64_t row, int64_t rows, int64_t key, int64_t end) {
#define SUM(n, blocks) FEW_CASE(n, sum_rows(n, blocks, f, row, d, used, key, end))
    for (int64_t d = 0; d < f->dim; d += 2 * V_WIDTH) {
        const int64_t left = f->dim - d;
        const int64_t used = left <= V_WIDTH ? left : left < 2 * V_WIDTH ? left - V_WIDTH : V_WIDTH;
        if (left > V_WIDTH)
            switch (rows) { SUM(1, 2) SUM(2, 2) SUM(3, 2) SUM(4, 2) }
        else
            switch (rows) { SUM(1, 1) SUM(2, 1) SUM(3, 1) SUM(4, 1) }
    }
}

/* All heads of a block of keys, then the next block. */
#define FEW_LOOP(name, head)                                                                       \
    static void name(const msq_few *f) {                                                           \
        for (int64_t key = 0, end; key < f->keys; key = end) {                                     \
            end = block_end(f, key);                                                               \
            touch(f, key, end);                                                                    \
            for (int64_t row = 0, n; row < f->rows; row += n) {                                    \
                n = rows_of_head(f, row);                                                          \
                head(f, row, n, key, end);                                                         \
            }                                                                                      \
        }                                                                                          \
    }
FEW_LOOP(score_few, score_head)
FEW_LOOP(sum_few, sum_head)

/* Attention with a query in each lane, for narrow heads: their values leave no lane empty, and a
 * softmax down the keys compares and adds whole vectors. Bits are those of a row by itself. */

/* The scores of `n` keys: scores[key][lane] = sum over d of q[d][lane] k[key][d]. */
INLINE void score_lanes_of(const int n, float *scores, const float *q, const float *k,
                           int64_t dim) {
    vec acc[8];
    UNROLL for (int j = 0; j < n; j++) acc[j] = v_set1(0.0f);
    for (int64_t d = 0; d < dim; d++) {
        const vec x = v_load(q + d * V_WIDTH);
        UNROLL for (int j = 0; j < n; j++) acc[j] = v_fma(v_set1(k[j * dim + d]), x, acc[j]);
    }
    UNROLL for (int j = 0; j < n; j++) v_store(scores + j * V_WIDTH, acc[j]);
}

static void score_lanes(float *scores, const float *q, const float *k, int64_t keys, int64_t dim) {
    int64_t key = 0;
    for (; key + 8 <= keys; key += 8)
        score_lanes_of(8, scores + key * V_WIDTH, q, k + key * dim, dim);
    for (; key < keys; key++)
        score_lanes_of(1, scores + key * V_WIDTH, q, k + key * dim, dim);
}

/* The largest of each column, but no infinity and never NaN. */
static inline vec lanes_max(const float *x, int64_t rows) {
    vec top[4];
    int64_t r = 0;
    for (int v = 0; v < 4; v++)
        top[v] = v_set1(-FLT_MAX);
    for (; r + 4 <= rows; r += 4)
        UNROLL for (int v = 0; v < 4; v++) top[v] = v_max(v_load(x + (r + v) * V_WIDTH), top[v]);
    for (; r < rows; r++)
        top[0] = v_max(v_load(x + r * V_WIDTH), top[0]);
    return v_min(v_max(v_max(top[0], top[1]), v_max(top[2], top[3])), v_set1(FLT_MAX));
}

/* x[r][lane] becomes its term; returns this. */
static inline vec lanes_term(float *x, vec top) {
    const vec term = softmax_term(v_load(x), top);
    v_store(x, term);
    return term;
}

/* Row r is summed in lane r % 16 of its column, as in softmax_terms. */
static void terms_lanes(float *x, int64_t rows, float *sums) {
    const vec top = lanes_max(x, rows);
    vec low[8], high[8], sum[SUM_LANES];
    int64_t r = 0;
    UNROLL for (int i = 0; i < 8; i++) low[i] = high[i] = v_set1(0.0f);
    for (; r + SUM_LANES <= rows; r += SUM_LANES, x += SUM_LANES * V_WIDTH) {
        UNROLL for (int i = 0; i < 8; i++) low[i] = v_add(low[i], lanes_term(x + i * V_WIDTH, top));
        UNROLL for (int i = 0; i < 8; i++) high[i] =
            v_add(high[i], lanes_term(x + (8 + i) * V_WIDTH, top));
    }
    UNROLL for (int i = 0; i < 8; i++) {
        sum[i] = low[i];
        sum[8 + i] = high[i];
    }
    for (int i = 0; r < rows; i++, r++, x += V_WIDTH)
        sum[i] = v_add(sum[i], lanes_term(x, top));
    for (int half = SUM_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sum[i] = v_add(sum[i], sum[i + half]);
    v_store(sums, sum[0]);
}
