/* Viterbi's algorithm: a step of some sequences side by side, a vector of tags each, and the step
 * back. Only largest values are taken of sums of two, so no order can change a bit. */

/* Of so many sequences and vectors of tags, from `column` on. */
INLINE void viterbi_tile(const int sequences, const int vectors, const msq_viterbi *v,
                         int64_t sequence, int64_t column) {
    const float *const *const scores = v->scores + sequence;
    const float *row = v->transitions + column;
    vec best[8];
    UNROLL for (int i = 0; i < sequences * vectors; i++) best[i] = v_set1(-INFINITY);
    for (int64_t from = 0; from < v->tags; from++, row += v->stride) {
        vec into[4];
        UNROLL for (int j = 0; j < vectors; j++) into[j] = v_load(row + j * V_WIDTH);
        UNROLL for (int s = 0; s < sequences; s++) {
            const vec score = v_set1(scores[s][from]);
            UNROLL for (int j = 0; j < vectors; j++) best[s * vectors + j] =
                v_max(v_add(score, into[j]), best[s * vectors + j]);
        }
    }
    UNROLL for (int s = 0; s < sequences; s++) UNROLL for (int j = 0; j < vectors; j++) {
        const int64_t at = column + j * V_WIDTH, left = v->tags - at;
        const float *const e = v->emissions[sequence + s] + at;
        const vec emission = left < V_WIDTH ? v_load_part(e, left) : v_load(e);
        v_store(v->next[sequence + s] + at, v_add(best[s * vectors + j], emission));
    }
}

INLINE void viterbi_strip(const int sequences, const msq_viterbi *v, int64_t sequence) {
    int64_t column = 0;
    if (sequences == 1)
        for (; v->tags - column > 3 * V_WIDTH; column += 4 * V_WIDTH)
            viterbi_tile(1, 4, v, sequence, column);
    for (; v->tags - column > V_WIDTH; column += 2 * V_WIDTH)
        viterbi_tile(sequences, 2, v, sequence, column);
    if (column < v->tags)
        viterbi_tile(sequences, 1, v, sequence, column);
}

static void viterbi_step(const msq_viterbi *v) {
    int64_t sequence = 0;
    for (; v->sequences - sequence >= 4; sequence += 4)
        viterbi_strip(4, v, sequence);
    if (v->sequences - sequence >= 2) {
        viterbi_strip(2, v, sequence);
        sequence += 2;
    }
    if (sequence < v->sequences)
        viterbi_strip(1, v, sequence);
}

/* Each lane finds its first largest sum; of the lanes that have the largest of all, the first. */
static int64_t viterbi_back(const float *scores, const float *into, int64_t tags) {
    static const float number[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    vec best = v_add(v_load(scores), v_load(into)), at = v_set1(0.0f);
    for (int64_t i = V_WIDTH; i < tags; i += V_WIDTH) {
        const vec sum = v_add(v_load(scores + i), v_load(into + i));
        at = v_if_greater(sum, best, v_set1((float)i), at);
        best = v_max(sum, best);
    }
    const vec place = v_sub(v_set1(0.0f), v_add(at, v_load(number)));
    const vec none = v_set1(-0x1p30f);
    return -(int64_t)v_max_lane(v_if_greater(v_set1(v_max_lane(best)), best, none, place));
}
