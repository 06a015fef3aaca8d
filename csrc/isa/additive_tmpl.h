/* Scores of additive attention, of one query: as in a softmax, value d is summed in lane d % 16. */

static inline vec additive_term(vec q, vec k, vec factor, vec scale) {
    return v_mul(scale, v_tanh(v_mul(factor, v_add(q, k))));
}

static void additive_scores(float *scores, const float *q, const float *k, int64_t keys,
                            int64_t dim, float factor, const float *scale) {
    const vec factors = v_set1(factor), one = v_set1(1.0f);
    for (int64_t j = 0; j < keys; j++, k += dim) {
        vec sums[SUM_VECS];
        for (int v = 0; v < SUM_VECS; v++)
            sums[v] = v_set1(0.0f);
        for (int64_t d = 0; d < dim; d += V_WIDTH) {
            const int64_t left = dim - d;
            const vec weight = scale ? load_some(scale + d, left) : one;
            const vec term =
                additive_term(load_some(q + d, left), load_some(k + d, left), factors, weight);
            vec *const sum = sums + d / V_WIDTH % SUM_VECS;
            *sum = v_add(*sum, left < V_WIDTH ? v_keep(term, left) : term);
        }
        scores[j] = v_sum16(sums);
    }
}
