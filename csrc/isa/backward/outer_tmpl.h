/* A chunk of a product over rows, out = a^T b: a tile of rows x vectors of outputs, one accumulator
 * an output, which starts from 0 and takes the rows of the chunk ascending, one FMA each. The sum
 * is then added to `out`. So no output depends on the tile it was computed in. */

/* acc[r][v] = sum over k of a[k][row + r] * b[k][first + column + v]; if not `whole`, the last
 * vector has only the columns that there are. */
INLINE void outer_sums(vec *acc, const int rows, const int vectors, const int whole,
                       const msq_outer_part *p, int64_t row, int64_t column) {
    const int64_t left = p->columns - column - (vectors - 1) * V_WIDTH;
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] = v_set1(0.0f);
    /* each tile fetches a line of each row: all of them those of 64 columns */
    const int64_t first = p->first + column,
                  line = p->first + p->ahead + 4 * row / p->rows * 16 + 15;
    const float *a = p->a + row;
    for (int64_t k = 0; k < p->steps; k++, a += p->a_stride) {
        const float *const b = p->b[k] + first;
        __builtin_prefetch(p->b[k] + line, 0, 2);
        vec kept[8];
        if (vectors < rows) {
            UNROLL for (int v = 0; v < vectors; v++) kept[v] =
                whole || v < vectors - 1 ? v_load(b + v * V_WIDTH)
                                         : v_load_part(b + v * V_WIDTH, left);
            UNROLL for (int r = 0; r < rows; r++) {
                const vec value = v_set1(a[r]);
                UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] =
                    v_fma(value, kept[v], acc[r * vectors + v]);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++) kept[r] = v_set1(a[r]);
            UNROLL for (int v = 0; v < vectors; v++) {
                vec w = whole || v < vectors - 1 ? v_load(b + v * V_WIDTH)
                                                 : v_load_part(b + v * V_WIDTH, left);
                LOADED_ONCE(w);
                UNROLL for (int r = 0; r < rows; r++) acc[r * vectors + v] =
                    v_fma(kept[r], w, acc[r * vectors + v]);
            }
        }
    }
}

/* Puts the sums into `out`; if not `whole`, only the columns that there are. */
INLINE void put_sums(const vec *acc, const int rows, const int vectors, const int whole,
                     const int adds, float *out, int64_t stride, int64_t columns) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) {
        float *const at = out + r * stride + v * V_WIDTH;
        const int64_t left = columns - v * V_WIDTH;
        const vec sum = acc[r * vectors + v];
        if (whole || v < vectors - 1)
            v_store(at, adds ? v_add(v_load(at), sum) : sum);
        else
            v_store_part(at, adds ? v_add(v_load_part(at, left), sum) : sum, left);
    }
}

/* What will be added to may be far from the cache. */
INLINE void fetch_tile(const int rows, const int vectors, const float *out, int64_t stride) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v += LINE_VECTORS)
        __builtin_prefetch(out + r * stride + v * V_WIDTH, 1);
}

INLINE void outer_tile(const int rows, const int vectors, const int groups, const msq_outer_part *p,
                       int64_t row, int64_t block) {
    vec acc[MAX_TILE];
    const int64_t column = block * V_WIDTH, stride = p->out_stride, left = p->columns - column;
    const int adds = p->adds;
    float *const out = p->out + row * stride + column;
    (void)groups;
    if (adds)
        fetch_tile(rows, vectors, out, stride);
    if (vectors * V_WIDTH <= left) {
        outer_sums(acc, rows, vectors, 1, p, row, column);
        if (adds)
            put_sums(acc, rows, vectors, 1, 1, out, stride, left);
        else
            put_sums(acc, rows, vectors, 1, 0, out, stride, left);
    } else {
        outer_sums(acc, rows, vectors, 0, p, row, column);
        put_sums(acc, rows, vectors, 0, adds, out, stride, left);
    }
}

STRIP(outer_four, msq_outer_part, outer_tile, 4, 1)
STRIP(outer_two, msq_outer_part, outer_tile, 2, 1)
STRIP(outer_one, msq_outer_part, outer_tile, 1, 1)
static void outer_part(const msq_outer_part *p) {
    const int64_t blocks = (p->columns + V_WIDTH - 1) / V_WIDTH;
    int64_t block = 0;
    for (; blocks - block >= 4; block += 4)
        outer_four(p, block);
    if (blocks - block >= 2) {
        outer_two(p, block);
        block += 2;
    }
    if (block < blocks)
        outer_one(p, block);
}
