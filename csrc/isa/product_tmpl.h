/* The matrix product over packed panels, panel[k][group][V_WIDTH]: a tile of rows x vectors of
 * outputs, one accumulator an output, k ascending, one FMA each. So no output depends on the tile
 * it was computed in. */

/* GCC would load a vector again for each of two or three multiply-adds. This makes it assume that
 * the register has changed since it was loaded, so it loads once. */
#if defined(__x86_64__) && !defined(__clang__)
#define LOADED_ONCE(a) __asm__("" : "+v"(a))
#else
#define LOADED_ONCE(a) ((void)0)
#endif

/* Rows of a tile of `vectors` columns: as many as the accumulators of this ISA hold, at most 8. */
#define TILE_ROWS(vectors) (ACCUMULATORS / (vectors) < 8 ? ACCUMULATORS / (vectors) : 8)
enum { MAX_TILE = ACCUMULATORS > 8 ? ACCUMULATORS : 8 };
/* Vectors of a cache line: one fetch is enough for them. */
enum { LINE_VECTORS = V_WIDTH < 16 ? 16 / V_WIDTH : 1 };

#ifndef LOW /* low/ has an accumulate of its own for each precision */
/* Floats that a column of a panel takes. */
#define WORDS(depth) (depth)

/* Vector v of step k: of group v % groups of block v / groups. */
INLINE vec load_panel(const float *panel, const int v, const int groups, int64_t k, int64_t depth) {
    return v_load(panel + ((v / groups * depth + k) * groups + v % groups) * V_WIDTH);
}

/* acc[r][b][g] += sum over k from `begin` to `end` of x[r][k] * panel_b[k][g]; panel_b is
 * `depth * groups` vectors after panel_0. The counts of rows, blocks and groups are constants
 * wherever this is inlined. */
INLINE void accumulate_some(vec *acc, const int rows, const int blocks, const int groups,
                            const float *const *x, const float *panel, int64_t depth, int64_t begin,
                            int64_t end) {
    const float *row[8];
    const int vectors = blocks * groups;
    UNROLL for (int r = 0; r < rows; r++) row[r] = x[r];
    for (int64_t k = begin; k < end; k++) {
        /* The fewer of the two kinds of operands stay in registers, the others are reloaded. */
        vec kept[8];
        if (vectors < rows) {
            UNROLL for (int v = 0; v < vectors; v++) kept[v] =
                load_panel(panel, v, groups, k, depth);
            UNROLL for (int r = 0; r < rows; r++) {
                const vec value = v_set1(row[r][k]);
                UNROLL for (int v = 0; v < vectors; v++) acc[r * vectors + v] =
                    v_fma(value, kept[v], acc[r * vectors + v]);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++) kept[r] = v_set1(row[r][k]);
            UNROLL for (int v = 0; v < vectors; v++) {
                vec w = load_panel(panel, v, groups, k, depth);
                if (rows > 1)
                    LOADED_ONCE(w);
                UNROLL for (int r = 0; r < rows; r++) acc[r * vectors + v] =
                    v_fma(kept[r], w, acc[r * vectors + v]);
            }
        }
    }
}

INLINE void accumulate(vec *acc, const int rows, const int blocks, const int groups,
                       const float *const *x, const float *panel, int64_t depth) {
    accumulate_some(acc, rows, blocks, groups, x, panel, depth, 0, depth);
}
#endif

static inline int64_t tile_count(int64_t rows, int vectors) {
    return (rows + TILE_ROWS(vectors) - 1) / TILE_ROWS(vectors);
}

/* Tiles are functions tile(rows, blocks, groups, job, row, block) with the first three constant.
 * All rows of a strip of `blocks` blocks, in tiles of nearly equal size; tiles with more rows than
 * the registers hold are not compiled. */
#define TILE_CASE(n, tile, blocks, groups)                                                         \
    case n:                                                                                        \
        if (n <= TILE_ROWS((blocks) * (groups)))                                                   \
            tile(n, blocks, groups, job, row, block);                                              \
        break;
#define STRIP(name, job_type, tile, blocks, groups)                                                \
    static void name(const job_type *job, int64_t block) {                                         \
        const int64_t tiles = tile_count(job->rows, (blocks) * (groups));                          \
        for (int64_t t = 0; t < tiles; t++) {                                                      \
            const int64_t row = job->rows * t / tiles, next = job->rows * (t + 1) / tiles;         \
            switch (next - row) {                                                                  \
                TILE_CASE(1, tile, blocks, groups)                                                 \
                TILE_CASE(2, tile, blocks, groups)                                                 \
                TILE_CASE(3, tile, blocks, groups)                                                 \
                TILE_CASE(4, tile, blocks, groups)                                                 \
                TILE_CASE(5, tile, blocks, groups)                                                 \
                TILE_CASE(6, tile, blocks, groups)                                                 \
                TILE_CASE(7, tile, blocks, groups)                                                 \
                TILE_CASE(8, tile, blocks, groups)                                                 \
            }                                                                                      \
        }                                                                                          \
    }

/* All rows and blocks of a job: `wide` blocks side by side if there are at most `few` rows, which
 * alone would leave the FMA units waiting for each other; then one at a time. */
#define BLOCK_LOOP(name, job_type, tile, groups, wide, few)                                        \
    STRIP(name##_wide, job_type, tile, wide, groups)                                               \
    STRIP(name##_single, job_type, tile, 1, groups)                                                \
    static void name(const job_type *job) {                                                        \
        const int64_t blocks = job->last_block - job->first_block;                                 \
        const int64_t wides = job->rows <= (few) ? blocks / (wide) : 0;                            \
        const int64_t strips = blocks - wides * ((wide) - 1);                                      \
        for (int64_t i = 0; i < strips; i++) {                                                     \
            const int64_t strip = job->backwards ? strips - 1 - i : i;                             \
            if (strip < wides)                                                                     \
                name##_wide(job, job->first_block + strip * (wide));                               \
            else                                                                                   \
                name##_single(job, job->first_block + wides * ((wide) - 1) + strip);               \
        }                                                                                          \
    }

/* The x of the next tile: the first block fetches it for all. */
INLINE void fetch_rows(const int rows, const msq_product *p, int64_t row) {
    for (int r = 0; r < rows && row + r < p->rows; r++)
        for (int64_t k = 0; k < p->depth; k += 16)
            __builtin_prefetch(p->x[row + r] + k);
}

/* One tile of msq_product_fn: z[r] = start[r] + x[r] . panels of `blocks` blocks from `block` on.
 */
INLINE void product_tile(const int rows, const int blocks, const int groups, const msq_product *p,
                         int64_t row, int64_t block) {
    vec acc[MAX_TILE];
    const int vectors = blocks * groups;
    const int64_t column = block * groups * V_WIDTH;
    if (p->scattered && block == p->first_block)
        fetch_rows(rows, p, row + rows);
    const float *const start = p->start + row * p->start_stride + column;
    float *const z = p->z + row * p->z_stride + column;
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++)
        acc[r * vectors + v] = v_load(start + r * p->start_stride + v * V_WIDTH);
    accumulate(acc, rows, blocks, groups, p->x + row, p->panels + column * WORDS(p->depth),
               p->depth);
    if (column + vectors * V_WIDTH <= p->columns) {
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++)
            v_store(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v]);
        return;
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) {
        const int64_t left = p->columns - column - v * V_WIDTH;
        if (left >= V_WIDTH)
            v_store(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v]);
        else if (left > 0)
            v_store_part(z + r * p->z_stride + v * V_WIDTH, acc[r * vectors + v], left);
    }
}

/* What is left of four blocks by two: the values of a head are often no more. */
STRIP(product_1_four, msq_product, product_tile, 4, 1)
STRIP(product_1_two, msq_product, product_tile, 2, 1)
STRIP(product_1_one, msq_product, product_tile, 1, 1)
static void product_1(const msq_product *p) {
    int64_t block = p->first_block;
    for (; p->last_block - block >= 4; block += 4)
        product_1_four(p, block);
    if (p->last_block - block >= 2) {
        product_1_two(p, block);
        block += 2;
    }
    if (block < p->last_block)
        product_1_one(p, block);
}
BLOCK_LOOP(product_2, msq_product, product_tile, 2, 2, INT64_MAX)
BLOCK_LOOP(product_3, msq_product, product_tile, 3, 2, 2)
BLOCK_LOOP(product_4, msq_product, product_tile, 4, 2, 1)

static void product(const msq_product *p) {
    static msq_product_fn *const with_groups[] = {product_1, product_2, product_3, product_4};
    with_groups[p->groups - 1](p);
}
