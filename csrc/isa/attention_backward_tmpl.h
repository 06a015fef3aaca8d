/* The loops of attention's way back: the gradient of a row of scores, and the products that sum
 * over queries. Each output is one chain of FMAs over the queries, ascending. */

/* b where x is 0, else a; x is not negative. NaN is not 0. */
static inline vec v_unless_zero(vec x, vec a, vec b) {
    return v_if_greater(v_set1(0x1p-149f), x, b, a);
}

/* terms *= inverse: the weights p of a row. d = scale p (d - sum of p d), and 0 where p is 0. Value
 * i is summed in lane i % 16, as in a softmax. */
static void weights_gradient(float *d, float *terms, int64_t n, float inverse, float scale) {
    const vec zero = v_set1(0.0f);
    vec sums[SUM_VECS];
    for (int v = 0; v < SUM_VECS; v++)
        sums[v] = zero;
    for (int64_t i = 0, v = 0; i < n; i += V_WIDTH, v = (v + 1) % SUM_VECS) {
        const int64_t part = n - i < V_WIDTH ? n - i : V_WIDTH;
        const vec p = v_mul(v_load_part(terms + i, part), v_set1(inverse));
        const vec given = v_unless_zero(p, v_load_part(d + i, part), zero);
        v_store_part(terms + i, p, part);
        sums[v] = v_fma(p, given, sums[v]);
    }
    const vec mean = v_set1(v_sum16(sums));
    for (int64_t i = 0; i < n; i += V_WIDTH) {
        const int64_t part = n - i < V_WIDTH ? n - i : V_WIDTH;
        const vec p = v_load_part(terms + i, part);
        const vec moved = v_mul(v_set1(scale), v_mul(p, v_sub(v_load_part(d + i, part), mean)));
        v_store_part(d + i, v_unless_zero(p, moved, zero), part);
    }
}

/* A tile of msq_turned_fn: z[row + r] += sum over k of x[k][row + r] panels[k]. */
INLINE void turned_tile(const int rows, const int blocks, const int groups, const msq_turned *t,
                        int64_t row, int64_t block) {
    vec acc[MAX_TILE];
    float *const z = t->z + row * t->z_stride + block * V_WIDTH;
    const float *const panel = t->panels + block * t->depth * V_WIDTH, *x = t->x + row;
    (void)groups;
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        acc[r * blocks + b] = v_load(z + r * t->z_stride + b * V_WIDTH);
    for (int64_t k = 0; k < t->depth; k++, x += t->x_stride) {
        vec w[4];
        UNROLL for (int b = 0; b < blocks; b++) w[b] = v_load(panel + (b * t->depth + k) * V_WIDTH);
        UNROLL for (int r = 0; r < rows; r++) {
            const vec value = v_set1(x[r]);
            UNROLL for (int b = 0; b < blocks; b++) acc[r * blocks + b] =
                v_fma(value, w[b], acc[r * blocks + b]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        v_store(z + r * t->z_stride + b * V_WIDTH, acc[r * blocks + b]);
}

STRIP(turned_four, msq_turned, turned_tile, 4, 1)
STRIP(turned_two, msq_turned, turned_tile, 2, 1)
STRIP(turned_one, msq_turned, turned_tile, 1, 1)
static void turned(const msq_turned *t) {
    int64_t block = 0;
    for (; t->blocks - block >= 4; block += 4)
        turned_four(t, block);
    if (t->blocks - block >= 2) {
        turned_two(t, block);
        block += 2;
    }
    if (block < t->blocks)
        turned_one(t, block);
}
