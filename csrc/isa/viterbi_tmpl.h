/* Viterbi's algorithm: steps of some sequences side by side, a vector of tags each, and the way
 * back. Only largest values are taken of sums of two, so no order can change a bit. */

enum { VITERBI_SEQUENCES = 4, VITERBI_VECTORS = 4 };

/* a + b. A vector unit multiplies and adds beside what it compares, but only adds in its place. */
static inline vec added(vec a, vec b) {
    return V_WIDTH > 1 ? v_fma(a, v_set1(1.0f), b) : v_add(a, b);
}

/* Some sequences, side by side. */
typedef struct {
    const float *scores[VITERBI_SEQUENCES]; /* of the step before */
    const float *emissions[VITERBI_SEQUENCES];
    float *next[VITERBI_SEQUENCES];
} viterbi_rows;

/* A step of sequences `first` to `first` + `sequences`, for so many vectors of tags from `column`
 * on. */
INLINE void viterbi_tile(const int first, const int sequences, const int vectors,
                         const viterbi_rows *rows, const float *transitions, int64_t tags,
                         int64_t stride, int64_t column) {
    const float *row = transitions + column;
    vec best[VITERBI_SEQUENCES][VITERBI_VECTORS];
    UNROLL for (int s = 0; s < sequences; s++) UNROLL for (int j = 0; j < vectors; j++) best[s][j] =
        v_set1(-INFINITY);
    UNROLL_TWICE for (int64_t from = 0; from < tags; from++, row += stride) {
        vec into[VITERBI_VECTORS];
        UNROLL for (int j = 0; j < vectors; j++) {
            into[j] = v_load(row + j * V_WIDTH);
            if (sequences > 1)
                LOADED_ONCE(into[j]);
        }
        UNROLL for (int s = 0; s < sequences; s++) {
            const vec score = v_set1(rows->scores[first + s][from]);
            UNROLL for (int j = 0; j < vectors; j++) best[s][j] =
                v_max(added(score, into[j]), best[s][j]);
        }
    }
    const int64_t last = column + (vectors - 1) * V_WIDTH, part = tags - last;
    UNROLL for (int s = 0; s < sequences; s++) {
        const float *const e = rows->emissions[first + s];
        float *const next = rows->next[first + s];
        UNROLL for (int j = 0; j < vectors - 1; j++) {
            const int64_t at = column + j * V_WIDTH;
            v_store(next + at, v_add(best[s][j], v_load(e + at)));
        }
        const vec emission = part < V_WIDTH ? v_load_part(e + last, part) : v_load(e + last);
        v_store(next + last, v_add(best[s][vectors - 1], emission));
    }
}

/* The same of `sequences` from the first on, in two halves if the registers would not hold them: a
 * tile needs some for what it adds up, too. */
INLINE void viterbi_tiles(const int sequences, const int vectors, const viterbi_rows *rows,
                          const float *transitions, int64_t tags, int64_t stride, int64_t column) {
    const int half = sequences * vectors < ACCUMULATORS ? 0 : sequences / 2;
    if (half)
        viterbi_tile(0, half, vectors, rows, transitions, tags, stride, column);
    viterbi_tile(half, sequences - half, vectors, rows, transitions, tags, stride, column);
}

/* All steps of some sequences. */
INLINE void viterbi_strip(const int sequences, const msq_viterbi *v, int64_t sequence) {
    const int64_t tags = v->tags, stride = v->stride, vectors = (tags + V_WIDTH - 1) / V_WIDTH;
    const float *const transitions = v->transitions;
    viterbi_rows rows;
    UNROLL for (int s = 0; s < sequences; s++) {
        rows.next[s] = v->scores[sequence + s] + v->begin * stride;
        rows.scores[s] = rows.next[s] - stride;
        rows.emissions[s] = v->emissions[sequence + s] + v->begin * tags;
    }
    for (int64_t step = v->end - v->begin; step > 0; step--) {
        int64_t left = vectors, column = 0;
        for (; left == 4 || left > 6; left -= 4, column += 4 * V_WIDTH)
            viterbi_tiles(sequences, 4, &rows, transitions, tags, stride, column);
        for (; left >= 3 && left != 4; left -= 3, column += 3 * V_WIDTH)
            viterbi_tiles(sequences, 3, &rows, transitions, tags, stride, column);
        for (; left >= 2; left -= 2, column += 2 * V_WIDTH)
            viterbi_tiles(sequences, 2, &rows, transitions, tags, stride, column);
        if (left)
            viterbi_tile(0, sequences, 1, &rows, transitions, tags, stride, column);
        UNROLL for (int s = 0; s < sequences; s++) {
            rows.scores[s] = rows.next[s];
            rows.next[s] += stride;
            rows.emissions[s] += tags;
        }
    }
}

static void viterbi_steps(const msq_viterbi *v) {
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

/* The first largest of scores + into, which are `vectors` vectors, or 0 for any number of them. */
INLINE int64_t first_largest(const float *scores, const float *into, int64_t tags,
                             const int vectors) {
    vec sums[VITERBI_VECTORS], best = v_add(v_load(scores), v_load(into));
    sums[0] = best;
    UNROLL for (int j = 1; j < vectors; j++) {
        sums[j] = v_add(v_load(scores + j * V_WIDTH), v_load(into + j * V_WIDTH));
        best = v_max(sums[j], best);
    }
    for (int64_t i = V_WIDTH; !vectors && i < tags; i += V_WIDTH)
        best = v_max(v_add(v_load(scores + i), v_load(into + i)), best);
    best = v_set1(v_max_lane(best));
    if (vectors) {
        uint64_t bits = 0;
        UNROLL for (int j = 0; j < vectors; j++) bits |= (uint64_t)v_at_least(sums[j], best)
                                                         << (j * V_WIDTH);
        return bits ? __builtin_ctzll(bits) : 0;
    }
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

INLINE void viterbi_back_some(const msq_viterbi_back *v, const int vectors) {
    for (int64_t step = v->end - 1; step >= v->begin; step--)
        for (int64_t s = 0; s < v->sequences; s++) {
            const float *const into = v->into + v->tag[s] * v->stride;
            const int64_t from =
                first_largest(v->scores[s] + step * v->stride, into, v->tags, vectors);
            v->tag[s] = from < v->tags ? from : v->tags - 1; /* emissions may change meanwhile */
            v->best[s][step] = (int32_t)v->tag[s];
        }
}

static void viterbi_back(const msq_viterbi_back *v) {
    const int64_t vectors = (v->tags + V_WIDTH - 1) / V_WIDTH;
    if (vectors == 1)
        viterbi_back_some(v, 1);
    else if (vectors == 2)
        viterbi_back_some(v, 2);
    else if (vectors == 3)
        viterbi_back_some(v, 3);
    else if (vectors == 4)
        viterbi_back_some(v, 4);
    else
        viterbi_back_some(v, 0);
}
