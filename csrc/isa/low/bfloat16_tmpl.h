/* Products in bfloat16. An ISA gives q_load, q_set and q_dot, as for int8_tmpl.h, with sums of type
 * vec, and encode. */
#define LOW_PRECISION MSQ_BFLOAT16

enum { CODE_BYTES = 2, OFFSET = 0 };

#define WORDS(depth) (((depth) + 1) / 2)

INLINE qvec q_of_step(const float *panel, const int v, const int groups, int64_t k, int64_t steps) {
    return q_load(panel + ((v / groups * steps + k) * groups + v % groups) * V_WIDTH);
}

/* acc += codes . panels, in the order of the float32 template. */
INLINE void accumulate(vec *acc, const int rows, const int blocks, const int groups,
                       const float *const *x, const float *panel, int64_t depth) {
    const float *row[8];
    const int vectors = blocks * groups;
    const int64_t steps = WORDS(depth);
    UNROLL for (int r = 0; r < rows; r++) row[r] = x[r];
    for (int64_t k = 0; k < steps; k++) {
        qvec kept[8];
        if (vectors < rows) {
            UNROLL for (int v = 0; v < vectors; v++) kept[v] =
                q_of_step(panel, v, groups, k, steps);
            UNROLL for (int r = 0; r < rows; r++) {
                const qvec value = q_set(row[r] + k);
                UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] =
                    q_dot(acc[r * vectors + v], value, kept[v]);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++) kept[r] = q_set(row[r] + k);
            UNROLL for (int v = 0; v < vectors; v++) {
                const qvec w = q_of_step(panel, v, groups, k, steps);
                UNROLL for (int r = 0; r < rows; r++) acc[r * vectors + v] =
                    q_dot(acc[r * vectors + v], kept[r], w);
            }
        }
    }
}
