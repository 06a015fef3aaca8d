/* Viterbi's algorithm: a step of some sequences side by side, a vector of tags each, and the step
 * back. Only largest values are taken of sums of two, so no order can change a bit. */

enum { VITERBI_SEQUENCES = 4, VITERBI_VECTORS = 4 };

/* a + b. A vector unit multiplies and adds beside what it compares, but only adds in its place. */
static inline vec added(vec a, vec b) {
    return V_WIDTH > 1 ? v_fma(a, v_set1(1.0f), b) : v_add(a, b);
}

/* Of so many sequences and vectors of tags, from `column` on. */
INLINE void viterbi_tile(const int sequences, const int vectors, const msq_viterbi *v,
                         int64_t sequence, int64_t column) {
    const float *const *const scores = v->scores + sequence;
    const float *row = v->transitions + column;
    vec best[VITERBI_SEQUENCES][VITERBI_VECTORS];
    UNROLL for (int s = 0; s < sequences; s++) UNROLL for (int j = 0; j < vectors; j++) best[s][j] =
        v_set1(-INFINITY);
    for (int64_t from = 0; from < v->tags; from++, row += v->stride) {
        vec into[VITERBI_VECTORS];
        UNROLL for (int j = 0; j < vectors; j++) into[j] = v_load(row + j * V_WIDTH);
        UNROLL for (int s = 0; s < sequences; s++) {
            const vec score = v_set1(scores[s][from]);
            UNROLL for (int j = 0; j < vectors; j++) best[s][j] =
                v_max(added(score, into[j]), best[s][j]);
        }
    }
    UNROLL for (int s = 0; s < sequences; s++) UNROLL for (int j = 0; j < vectors; j++) {
        const int64_t at = column + j * V_WIDTH, left = v->tags - at;
        const float *const e = v->emissions[sequence + s] + at;
        const vec emission = left < V_WIDTH ? v_load_part(e, left) : v_load(e);
        v_store(v->next[sequence + s] + at, v_add(best[s][j], emission));
    }
}

/* The same, in two halves if the registers would not hold them: a tile needs some for what it adds
 * up, too. */
INLINE void viterbi_tiles(const int sequences, const int vectors, const msq_viterbi *v,
                          int64_t sequence, int64_t column) {
    const int half = sequences * vectors < ACCUMULATORS ? 0 : sequences / 2;
    if (half)
        viterbi_tile(half, vectors, v, sequence, column);
    viterbi_tile(sequences - half, vectors, v, sequence + half, column);
}

INLINE void viterbi_strip(const int sequences, const msq_viterbi *v, int64_t sequence) {
    int64_t left = (v->tags + V_WIDTH - 1) / V_WIDTH, column = 0;
    for (; sequences == 1 && left >= 4; left -= 4, column += 4 * V_WIDTH)
        viterbi_tile(1, 4, v, sequence, column);
    for (; left == 3 || left > 4; left -= 3, column += 3 * V_WIDTH)
        viterbi_tiles(sequences, 3, v, sequence, column);
    for (; left >= 2; left -= 2, column += 2 * V_WIDTH)
        viterbi_tiles(sequences, 2, v, sequence, column);
    if (left)
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

static int none_above(const float *x, int64_t n, float limit) {
    const vec most = v_set1(limit);
    const uint32_t all = v_at_least(most, most);
    uint32_t within = all;
    int64_t i = 0;
    for (; i + V_WIDTH <= n; i += V_WIDTH)
        within &= v_at_least(most, v_load(x + i));
    if (i < n)
        within &= v_at_least(most, v_load_part(x + i, n - i));
    return within == all;
}

static int64_t viterbi_back(const float *scores, const float *into, int64_t tags) {
    vec best = v_add(v_load(scores), v_load(into));
    for (int64_t i = V_WIDTH; i < tags; i += V_WIDTH)
        best = v_max(v_add(v_load(scores + i), v_load(into + i)), best);
    best = v_set1(v_max_lane(best));
    for (int64_t first = 0; first < tags; first += BITS) {
        uint64_t bits = 0;
        for (int64_t i = 0; i < BITS && first + i < tags; i += V_WIDTH) {
            const vec sum = v_add(v_load(scores + first + i), v_load(into + first + i));
            bits |= (uint64_t)v_at_least(sum, best) << i;
        }
        if (bits)
            return first + __builtin_ctzll(bits);
    }
    return 0;
}
