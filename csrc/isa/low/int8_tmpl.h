/* Products in int8. An ISA gives TOGETHER (2, codes of rows are int16; or 4, raised to uint8), and
 * q_load, V_WIDTH * TOGETHER weights; q_set, TOGETHER codes of a row, repeated; q_dot(sum, x, w);
 * q_int, V_WIDTH numbers; q_float of them. */
#define LOW_PRECISION MSQ_INT8

enum { CODE_BYTES = TOGETHER == 4 ? 1 : 2, OFFSET = TOGETHER == 4 ? 128 : 0 };
#if TOGETHER == 4
typedef uint8_t code;
#else
typedef int16_t code;
#endif

/* The largest magnitude as bits; more than those of infinity for NaN. */
static uint32_t largest_bits(const float *x, int64_t n) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= UINT32_C(0x7fffffff);
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

/* Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits. */
static void encode(void *codes, const float *x, int64_t n) {
    const uint32_t bits = largest_bits(x, n);
    code *const q = codes;
    float largest, factor = 0.0f, scale = 0.0f;
    memcpy(&largest, &bits, sizeof bits);
    if (bits >= UINT32_C(0x7f800000))
        scale = NAN;
    else if (largest >= 0x1p-100f)
        factor = 127.0f / largest, scale = largest / 127.0f;
    if (factor == 0.0f)
        for (int64_t i = 0; i < n; i++)
            q[i] = (code)OFFSET;
    else
        for (int64_t i = 0; i < n; i++) {
            const float shifted = x[i] * factor + 0x1.8p23f;
            int32_t number;
            memcpy(&number, &shifted, sizeof number);
            q[i] = (code)(number - INT32_C(0x4b400000) + OFFSET);
        }
    for (int64_t i = n; i % 4 != 0; i++)
        q[i] = 0;
    memcpy((char *)codes - sizeof scale, &scale, sizeof scale);
}

/* In floats of a panel. */
#define WORDS(depth) (((depth) + 3) / 4 + 2)

INLINE qvec q_of_step(const char *panel, const int v, const int groups, int64_t k, int64_t bytes) {
    return q_load((const int8_t *)panel + v / groups * bytes +
                  (k * groups + v % groups) * V_WIDTH * TOGETHER);
}

/* sums += codes . panels, in the order of the float32 template. */
INLINE void add_products(qvec *sums, const int rows, const int vectors, const int groups,
                         const float *const *x, const char *panel, int64_t steps, int64_t bytes) {
    const char *row[8];
    UNROLL for (int r = 0; r < rows; r++) row[r] = (const char *)x[r];
    for (int64_t k = 0; k < steps; k++) {
        qvec kept[8];
        if (vectors < rows) {
            UNROLL for (int v = 0; v < vectors; v++) kept[v] =
                q_of_step(panel, v, groups, k, bytes);
            UNROLL for (int r = 0; r < rows; r++) {
                const qvec value = q_set(row[r] + 4 * k);
                UNROLL for (int v = 0; v < vectors; v++) sums[r * vectors + v] =
                    q_dot(sums[r * vectors + v], value, kept[v]);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++) kept[r] = q_set(row[r] + 4 * k);
            UNROLL for (int v = 0; v < vectors; v++) {
                const qvec w = q_of_step(panel, v, groups, k, bytes);
                UNROLL for (int r = 0; r < rows; r++) sums[r * vectors + v] =
                    q_dot(sums[r * vectors + v], kept[r], w);
            }
        }
    }
}

/* acc += sum * (scale of the row * step of the column). */
INLINE void accumulate(vec *acc, const int rows, const int blocks, const int groups,
                       const float *const *x, const float *panel, int64_t depth) {
    enum { MOST = ACCUMULATORS > 8 ? ACCUMULATORS : 8 };
    const int vectors = blocks * groups;
    const int64_t columns = (int64_t)groups * V_WIDTH, words = WORDS(depth) * columns;
    qvec sums[MOST];
    if (depth == 0)
        return;
    UNROLL for (int v = 0; v < vectors; v++) {
        const float *const at =
            panel + v / groups * words + words - 2 * columns + v % groups * V_WIDTH;
        const qvec correction = q_int((const int32_t *)(const void *)at);
        UNROLL for (int r = 0; r < rows; r++) sums[r * vectors + v] = correction;
    }
    add_products(sums, rows, vectors, groups, x, (const char *)panel,
                 (depth + TOGETHER - 1) / TOGETHER, words * (int64_t)sizeof(float));
    UNROLL for (int v = 0; v < vectors; v++) {
        const vec step =
            v_load(panel + v / groups * words + words - columns + v % groups * V_WIDTH);
        UNROLL for (int r = 0; r < rows; r++) {
            const vec scale = v_mul(v_set1(x[r][-1]), step);
            acc[r * vectors + v] =
                v_fma(q_float(sums[r * vectors + v]), scale, acc[r * vectors + v]);
        }
    }
}
