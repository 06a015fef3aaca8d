/* The matrix product over packed panels, panel[k][group][V_WIDTH]: a tile of rows x vectors of
 * outputs, one accumulator an output, k ascending, one FMA each. So no output depends on the tile
 * it was computed in. */

#define INLINE static inline __attribute__((always_inline))

/* Rows of a tile of `vectors` columns: as many as the accumulators of this ISA hold, at most 8. */
#define TILE_ROWS(vectors) (ACCUMULATORS / (vectors) < 8 ? ACCUMULATORS / (vectors) : 8)
enum { MAX_TILE = ACCUMULATORS > 8 ? ACCUMULATORS : 8 };

/* acc[r][b][g] += sum over k of x[r][k] * panel_b[k][g]; panel_b is `depth * groups` vectors after
 * panel_0. The counts of rows, blocks and groups are constants wherever this is inlined. */
INLINE void accumulate(vec *acc, const int rows, const int blocks, const int groups,
                       const float *const *x, const float *panel, int64_t depth) {
    const float *row[8];
    const int64_t step = (int64_t)groups * V_WIDTH;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
        row[r] = x[r];
    for (int64_t k = 0; k < depth; k++) {
#pragma GCC unroll 8
        for (int b = 0; b < blocks; b++) {
#pragma GCC unroll 8
            for (int g = 0; g < groups; g++) {
                const vec w = v_load(panel + (b * depth + k) * step + g * V_WIDTH);
#pragma GCC unroll 8
                for (int r = 0; r < rows; r++) {
                    vec *const a = acc + (r * blocks + b) * groups + g;
                    *a = v_fma(v_set1(row[r][k]), w, *a);
                }
            }
        }
    }
}

static inline int64_t tile_count(int64_t rows, int vectors) {
    return (rows + TILE_ROWS(vectors) - 1) / TILE_ROWS(vectors);
}

/* Calls TILE(n) with n = rows as a constant; cases no tile of `vectors` columns can have are not
 * compiled. */
#define TILE_CASE(n, vectors, TILE)                                                                \
    case n:                                                                                        \
        if (n <= TILE_ROWS(vectors)) {                                                             \
            TILE(n);                                                                               \
        }                                                                                          \
        break;
#define SWITCH_ROWS(rows, vectors, TILE)                                                           \
    switch (rows) {                                                                                \
        TILE_CASE(1, vectors, TILE)                                                                \
        TILE_CASE(2, vectors, TILE)                                                                \
        TILE_CASE(3, vectors, TILE)                                                                \
        TILE_CASE(4, vectors, TILE)                                                                \
        TILE_CASE(5, vectors, TILE)                                                                \
        TILE_CASE(6, vectors, TILE)                                                                \
        TILE_CASE(7, vectors, TILE)                                                                \
        TILE_CASE(8, vectors, TILE)                                                                \
    }

/* One tile of msq_product_fn: z[r] = start[r] + x[r] . panels of `blocks` blocks from `block` on.
 */
INLINE void product_tile(const int rows, const int blocks, const int groups, const msq_product *p,
                         int64_t row, int64_t block) {
    vec acc[MAX_TILE];
    const int vectors = blocks * groups;
    const int64_t column = block * groups * V_WIDTH;
    const float *const start = p->start + row * p->start_stride + column;
    float *const z = p->z + row * p->z_stride + column;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[r * vectors + v] = v_load(start + r * p->start_stride + v * V_WIDTH);
    accumulate(acc, rows, blocks, groups, p->x + row, p->panels + column * p->depth, p->depth);
    if (column + vectors * V_WIDTH <= p->columns) {
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++)
                v_store(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v]);
        return;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            const int64_t left = p->columns - column - v * V_WIDTH;
            if (left >= V_WIDTH)
                v_store(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v]);
            else if (left > 0)
                v_store_part(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v], left);
        }
}

/* All rows of one strip of blocks, in tiles of nearly equal size. */
#define PRODUCT_STRIP(blocks, groups)                                                              \
    static void product_strip_##blocks##_##groups(const msq_product *p, int64_t block) {           \
        const int64_t tiles = tile_count(p->rows, (blocks) * (groups));                            \
        for (int64_t t = 0; t < tiles; t++) {                                                      \
            const int64_t row = p->rows * t / tiles, next = p->rows * (t + 1) / tiles;             \
            SWITCH_ROWS(next - row, (blocks) * (groups), PRODUCT_TILE_##blocks##_##groups)         \
        }                                                                                          \
    }
#define PRODUCT_TILE_1_1(n) product_tile(n, 1, 1, p, row, block)
#define PRODUCT_TILE_2_1(n) product_tile(n, 2, 1, p, row, block)
#define PRODUCT_TILE_4_1(n) product_tile(n, 4, 1, p, row, block)
#define PRODUCT_TILE_1_2(n) product_tile(n, 1, 2, p, row, block)
#define PRODUCT_TILE_1_3(n) product_tile(n, 1, 3, p, row, block)
#define PRODUCT_TILE_1_4(n) product_tile(n, 1, 4, p, row, block)

PRODUCT_STRIP(1, 1)
PRODUCT_STRIP(2, 1)
PRODUCT_STRIP(4, 1)
PRODUCT_STRIP(1, 2)
PRODUCT_STRIP(1, 3)
PRODUCT_STRIP(1, 4)

static void product(const msq_product *p) {
    int64_t block = p->first_block;
    if (p->groups == 1) {
        for (; block + 4 <= p->last_block; block += 4)
            product_strip_4_1(p, block);
        for (; block + 2 <= p->last_block; block += 2)
            product_strip_2_1(p, block);
    }
    for (; block < p->last_block; block++)
        switch (p->groups) {
        case 1:
            product_strip_1_1(p, block);
            break;
        case 2:
            product_strip_1_2(p, block);
            break;
        case 3:
            product_strip_1_3(p, block);
            break;
        case 4:
            product_strip_1_4(p, block);
            break;
        }
}
