/* Packing of keys and values for the two products of attention, and these products unpacked. */

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

/* The rows [first, first + V_WIDTH) of k, as far as there are: they lie heads apart, where the
 * hardware does not foresee them. */
static inline void prefetch_keys(const float *k, int64_t first, int64_t keys, int64_t stride) {
    for (int64_t key = first; key < first + V_WIDTH && key < keys; key++)
        __builtin_prefetch(k + key * stride);
}

INLINE void score_rows(const int queries, float *scores, int64_t scores_stride,
                       const float *const *q, const float *k, int64_t keys, int64_t k_stride,
                       int64_t key_dim, float scale) {
    enum { AHEAD = 2 * V_WIDTH };
    vec rows[V_WIDTH];
    for (int64_t key = 0; key < keys; key += V_WIDTH) {
        vec acc[MSQ_FEW];
        UNROLL for (int r = 0; r < queries; r++) acc[r] = v_set1(0.0f);
        for (int64_t d = 0; d < key_dim; d += V_WIDTH) {
            const int64_t used = key_dim - d < V_WIDTH ? key_dim - d : V_WIDTH;
            prefetch_keys(k + d, key + AHEAD, keys, k_stride);
            turn_keys(rows, k + key * k_stride + d, keys - key, k_stride, used, scale);
            for (int64_t i = 0; i < used; i++)
                UNROLL for (int r = 0; r < queries; r++) acc[r] =
                    v_fma(v_set1(q[r][d + i]), rows[i], acc[r]);
        }
        UNROLL for (int r = 0; r < queries; r++) v_store(scores + r * scores_stride + key, acc[r]);
    }
}

/* For one or two blocks of `dim`, the last of which has `used` columns. */
INLINE void sum_rows(const int queries, const int blocks, float *z, int64_t z_stride,
                     const float *terms, int64_t terms_stride, const float *v, int64_t keys,
                     int64_t v_stride, int64_t used) {
    enum { AHEAD = 16 };
    vec acc[2 * MSQ_FEW], values[2];
    UNROLL for (int i = 0; i < queries * blocks; i++) acc[i] = v_set1(0.0f);
    for (int64_t key = 0; key < keys; key++) {
        const float *const p = v + key * v_stride, *const last = p + (blocks - 1) * V_WIDTH;
        if (key + AHEAD < keys) {
            __builtin_prefetch(p + AHEAD * v_stride);
            __builtin_prefetch(last + AHEAD * v_stride);
        }
        if (blocks > 1)
            values[0] = v_load(p);
        values[blocks - 1] = used == V_WIDTH ? v_load(last) : v_load_part(last, used);
        UNROLL for (int r = 0; r < queries; r++) UNROLL for (int b = 0; b < blocks; b++)
            acc[r * blocks + b] =
                v_fma(v_set1(terms[r * terms_stride + key]), values[b], acc[r * blocks + b]);
    }
    UNROLL for (int r = 0; r < queries; r++) UNROLL for (int b = 0; b < blocks; b++)
        v_store(z + r * z_stride + b * V_WIDTH, acc[r * blocks + b]);
}

#define FEW_CASE(n, call)                                                                          \
    case n:                                                                                        \
        call;                                                                                      \
        break;

static void score_few(float *scores, int64_t scores_stride, const float *const *q, int64_t queries,
                      const float *k, int64_t keys, int64_t k_stride, int64_t key_dim,
                      float scale) {
#define SCORE(n)                                                                                   \
    FEW_CASE(n, score_rows(n, scores, scores_stride, q, k, keys, k_stride, key_dim, scale))
    switch (queries) { SCORE(1) SCORE(2) SCORE(3) SCORE(4) }
}

static void sum_few(float *z, int64_t z_stride, const float *terms, int64_t terms_stride,
                    int64_t queries, const float *v, int64_t keys, int64_t v_stride, int64_t dim) {
#define SUM(n, blocks)                                                                             \
    FEW_CASE(n, sum_rows(n, blocks, z, z_stride, terms, terms_stride, v, keys, v_stride, used))
    for (; dim > 0; dim -= 2 * V_WIDTH, z += 2 * V_WIDTH, v += 2 * V_WIDTH) {
        const int64_t used = dim <= V_WIDTH ? dim : dim < 2 * V_WIDTH ? dim - V_WIDTH : V_WIDTH;
        if (dim > V_WIDTH)
            switch (queries) { SUM(1, 2) SUM(2, 2) SUM(3, 2) SUM(4, 2) }
        else
            switch (queries) { SUM(1, 1) SUM(2, 1) SUM(3, 1) SUM(4, 1) }
    }
}
