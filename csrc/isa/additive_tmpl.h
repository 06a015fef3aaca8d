/* Scores of additive attention, of one query: as in a softmax, value d is summed in lane d % 16. */

/* Keys whose terms are made side by side: the operations of one tanh wait for each other. */
enum { ADDITIVE_KEYS = 4 };

INLINE vec additive_term(const int scaled, vec q, vec k, vec factor, vec scale) {
    const vec both = v_add(q, k);
    return v_mul(scale, v_tanh(scaled ? v_mul(factor, both) : both));
}

INLINE void additive_keys(const int keys, const int scaled, float *scores, const float *q,
                          const float *k, int64_t dim, vec factor, const float *scale) {
    const vec one = v_set1(1.0f);
    vec sums[ADDITIVE_KEYS][SUM_VECS];
    UNROLL for (int j = 0; j < keys; j++) UNROLL for (int v = 0; v < SUM_VECS; v++) sums[j][v] =
        v_set1(0.0f);
    int64_t d = 0;
    for (; d + SUM_LANES <= dim; d += SUM_LANES)
        UNROLL for (int v = 0; v < SUM_VECS; v++) {
            const int64_t i = d + v * V_WIDTH;
            const vec from = v_load(q + i), weight = scale ? v_load(scale + i) : one;
            UNROLL for (int j = 0; j < keys; j++) sums[j][v] = v_add(
                sums[j][v], additive_term(scaled, from, v_load(k + j * dim + i), factor, weight));
        }
    for (int v = 0; d < dim; v++, d += V_WIDTH) {
        const int64_t part = dim - d < V_WIDTH ? dim - d : V_WIDTH;
        const vec from = v_load_part(q + d, part);
        const vec weight = scale ? v_load_part(scale + d, part) : one;
        UNROLL for (int j = 0; j < keys; j++) {
            const vec to = v_load_part(k + j * dim + d, part);
            const vec term = additive_term(scaled, from, to, factor, weight);
            sums[j][v] = v_add(sums[j][v], v_keep(term, part));
        }
    }
    for (int j = 0; j < keys; j++)
        scores[j] = v_sum16(sums[j]);
}

/* scaled: the factor is not 1. */
INLINE void additive_row(const int scaled, float *scores, const float *q, const float *k,
                         int64_t keys, int64_t dim, float factor, const float *scale) {
    const vec factors = v_set1(factor);
    int64_t j = 0;
    for (; j + ADDITIVE_KEYS <= keys; j += ADDITIVE_KEYS)
        additive_keys(ADDITIVE_KEYS, scaled, scores + j, q, k + j * dim, dim, factors, scale);
    for (; j < keys; j++)
        additive_keys(1, scaled, scores + j, q, k + j * dim, dim, factors, scale);
}

static void additive_scores(float *scores, const float *q, const float *k, int64_t keys,
                            int64_t dim, float factor, const float *scale) {
    if (factor == 1.0f)
        additive_row(0, scores, q, k, keys, dim, factor, scale);
    else
        additive_row(1, scores, q, k, keys, dim, factor, scale);
}
