/* Recurrent cells with tanh and sigmoid: the gates of a tile of rows never leave the registers. The
 * products continue the chains of FMAs that the input's part of the gates began. */

/* A block of a row of `units` values: of the last block, the part that exists. */
static inline vec load_block(const float *row, int64_t units, int64_t block) {
    const int64_t left = units - block * V_WIDTH;
    return left >= V_WIDTH ? v_load(row + block * V_WIDTH)
                           : v_load_part(row + block * V_WIDTH, left);
}

static inline void store_block(float *row, int64_t units, int64_t block, vec a) {
    const int64_t left = units - block * V_WIDTH;
    if (left >= V_WIDTH)
        v_store(row + block * V_WIDTH, a);
    else
        v_store_part(row + block * V_WIDTH, a, left);
}

static inline vec load_units(const float *row, const msq_rnn *rnn, int64_t block) {
    return load_block(row, rnn->units, block);
}

static inline void store_units(float *row, const msq_rnn *rnn, int64_t block, vec a) {
    store_block(row, rnn->units, block, a);
}

/* Where a row of a taped tile will write, and the c that it reads. */
INLINE void fetch_kept(const int blocks, const msq_step *s, int64_t row, int64_t block,
                       const int has_c) {
    UNROLL for (int b = 0; b < blocks; b += LINE_VECTORS) {
        const int64_t unit = (block + b) * V_WIDTH;
        UNROLL for (int g = 0; g < 4; g++)
            __builtin_prefetch(s->kept[row] + g * s->rnn->units + unit, 1);
        if (has_c) {
            __builtin_prefetch(s->c[row] + unit, 1);
            __builtin_prefetch(s->c_before[row] + unit);
        }
    }
}

/* The recurrent products of a tile. Those of a taped one take turns with what is fetched for it:
 * all of that at once would keep them waiting. */
INLINE void step_products(vec *acc, const int rows, const int blocks, const int groups,
                          const msq_step *s, int64_t row, int64_t block, const float *panels,
                          const int taped, const int has_c) {
    const int64_t depth = s->depth;
    (void)block, (void)taped, (void)has_c;
#ifndef LOW /* which is not trained */
    for (int r = 0; taped && r < rows; r++) {
        fetch_kept(blocks, s, row + r, block, has_c);
        accumulate_some(acc, rows, blocks, groups, s->x + row, panels, depth, depth * r / rows,
                        depth * (r + 1) / rows);
    }
    if (taped)
        return;
#endif
    accumulate(acc, rows, blocks, groups, s->x + row, panels, depth);
}

/* The sums of a tile in memory, from where the loop over its rows takes them one after the other.
 * Unrolled, cells of each row of each tile are most of the code, and no faster: a CPU looks far
 * enough ahead to begin the next row's. Only a tile of LSTM gains a little by staying in
 * registers. */
INLINE void set_aside(vec *sums, const vec *acc, const int rows, const int vectors) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++)
        sums[r * vectors + v] = acc[r * vectors + v];
}

/* Gate g of a taped row. */
static inline void keep_gate(const msq_step *s, int64_t row, int64_t block, int g, vec a) {
    store_block(s->kept[row] + g * s->rnn->units, s->rnn->units, block, a);
}

/* sigmoid(x) tanh(y), with one division. */
static inline vec sigmoid_tanh(vec x, vec y) {
    const vec t = v_tanh_ratio(y);
    const vec divisor = v_mul(v_sigmoid_divisor(x), v_add(t, v_set1(1.0f)));
    return v_copysign(v_div(t, divisor), y);
}

/* sigmoid(f) c + sigmoid(i) tanh(z) */
static inline vec lstm_c(const vec *gates, vec c) {
    const vec kept = v_div(c, v_sigmoid_divisor(gates[1]));
    return v_add(kept, sigmoid_tanh(gates[0], gates[2]));
}

/* What may be far from the cache: where h_next of a tile goes, and its z of the next step. */
INLINE void fetch_ahead(const int rows, const int blocks, const int vectors, const msq_step *s,
                        int64_t row, int64_t block) {
    const int64_t column = block * s->rnn->gates * V_WIDTH;
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++)
            __builtin_prefetch(s->h_next[row + r] + (block + b) * V_WIDTH, 1);
    for (int r = 0; r < rows && row + r < s->next_rows; r++)
        UNROLL for (int v = 0; v < vectors; v++)
            __builtin_prefetch(s->z_next[row + r] + column + v * V_WIDTH, 0, 2);
}

/* A taped tile also keeps what the way back needs, and every c. */
INLINE void lstm_any_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                          int64_t row, int64_t block, const int taped) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t column = block * groups * V_WIDTH;
    vec acc[MAX_TILE];
    fetch_ahead(rows, blocks, blocks * groups, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < groups * blocks; v++)
        acc[r * groups * blocks + v] = v_load(s->z[row + r] + column + v * V_WIDTH);
    step_products(acc, rows, blocks, groups, s, row, block,
                  rnn->recurrent + column * WORDS(rnn->depth), taped, 1);
    if (taped) {
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < groups * blocks; v++)
            keep_gate(s, row + r, block + v / groups, v % groups, acc[r * groups * blocks + v]);
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        float *const c = s->c[row + r];
        vec *const gates = acc + (r * blocks + b) * groups;
        if (taped) {
            gates[2] = lstm_c(gates, load_units(s->c_before[row + r], rnn, block + b));
            store_units(c, rnn, block + b, gates[2]);
        } else {
            gates[2] = lstm_c(gates, v_load(c + (block + b) * V_WIDTH));
            v_store(c + (block + b) * V_WIDTH, gates[2]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        const vec *const gates = acc + (r * blocks + b) * groups;
        store_units(s->h_next[row + r], rnn, block + b, sigmoid_tanh(gates[3], gates[2]));
    }
}

INLINE void lstm_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                      int64_t row, int64_t block) {
    lstm_any_tile(rows, blocks, groups, s, row, block, 0);
}

INLINE void lstm_taped_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                            int64_t row, int64_t block) {
    lstm_any_tile(rows, blocks, groups, s, row, block, 1);
}

/* The last block, where i and f lie in one vector, c and o in another. */
INLINE void lstm_any_half_tile(const int rows, const int blocks, const int groups,
                               const msq_step *s, int64_t row, int64_t block, const int taped) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t column = block * 4 * V_WIDTH;
    vec acc[MAX_TILE], sums[MAX_TILE];
    fetch_ahead(rows, blocks, groups, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < groups; v++)
        acc[r * groups + v] = v_load(s->z[row + r] + column + v * V_WIDTH);
    accumulate(acc, rows, blocks, groups, s->x + row, rnn->recurrent + column * WORDS(rnn->depth),
               s->depth);
    set_aside(sums, acc, rows, groups);
    for (int r = 0; r < rows; r++) {
        const vec *const a = sums + r * groups;
        const vec gates[4] = {v_low_half(a[0]), v_high_half(a[0]), v_low_half(a[1]),
                              v_high_half(a[1])};
        const vec c = taped ? load_units(s->c_before[row + r], rnn, block)
                            : v_load(s->c[row + r] + block * V_WIDTH);
        const vec next = lstm_c(gates, c);
        if (taped) {
            UNROLL for (int g = 0; g < 4; g++) keep_gate(s, row + r, block, g, gates[g]);
            store_units(s->c[row + r], rnn, block, next);
        } else {
            v_store(s->c[row + r] + block * V_WIDTH, next);
        }
        store_units(s->h_next[row + r], rnn, block, sigmoid_tanh(gates[3], next));
    }
}

INLINE void lstm_half_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                           int64_t row, int64_t block) {
    lstm_any_half_tile(rows, blocks, groups, s, row, block, 0);
}

INLINE void lstm_taped_half_tile(const int rows, const int blocks, const int groups,
                                 const msq_step *s, int64_t row, int64_t block) {
    lstm_any_half_tile(rows, blocks, groups, s, row, block, 1);
}

/* h = sigmoid(z) h + (1 - sigmoid(z)) tanh(candidate) */
static inline vec gru_cell(vec z, vec candidate, vec h) {
    const vec t = v_tanh_ratio(candidate);
    const vec new = v_copysign(v_div(t, v_add(t, v_set1(1.0f))), candidate);
    return v_add(new, v_div(v_sub(h, new), v_sigmoid_divisor(z)));
}

INLINE void gru_any_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                         int64_t row, int64_t block, const int taped) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t column = block * groups * V_WIDTH;
    vec acc[MAX_TILE], sums[MAX_TILE];
    fetch_ahead(rows, blocks, blocks * groups, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        const float *const z = s->z[row + r] + column + b * groups * V_WIDTH;
        vec *const a = acc + (r * blocks + b) * groups;
        a[0] = v_load(z);
        a[1] = v_load(z + V_WIDTH);
        a[2] = v_load(rnn->recurrent_bias + column + (b * groups + 2) * V_WIDTH);
    }
    step_products(acc, rows, blocks, groups, s, row, block,
                  rnn->recurrent + column * WORDS(rnn->depth), taped, 0);
    set_aside(sums, acc, rows, blocks * groups);
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++) {
            vec *const a = sums + (r * blocks + b) * groups;
            const vec x = v_load(s->z[row + r] + column + (b * groups + 2) * V_WIDTH);
            if (taped) {
                UNROLL for (int g = 0; g < 3; g++) keep_gate(s, row + r, block + b, g + 1, a[g]);
            }
            a[2] = v_add(x, v_div(a[2], v_sigmoid_divisor(a[1])));
            if (taped)
                keep_gate(s, row + r, block + b, 0, a[2]);
        }
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++) {
            const vec *const a = sums + (r * blocks + b) * groups;
            const vec h = load_units(s->h[row + r], rnn, block + b);
            store_units(s->h_next[row + r], rnn, block + b, gru_cell(a[0], a[2], h));
        }
}

INLINE void gru_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                     int64_t row, int64_t block) {
    gru_any_tile(rows, blocks, groups, s, row, block, 0);
}

INLINE void gru_taped_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                           int64_t row, int64_t block) {
    gru_any_tile(rows, blocks, groups, s, row, block, 1);
}

/* The last block, where z and r lie in one vector, h in half of another. */
INLINE void gru_any_half_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                              int64_t row, int64_t block, const int taped) {
    const msq_rnn *const rnn = s->rnn;
    const int64_t column = block * 3 * V_WIDTH;
    vec acc[MAX_TILE], sums[MAX_TILE];
    fetch_ahead(rows, blocks, groups, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) {
        acc[r * groups] = v_load(s->z[row + r] + column);
        acc[r * groups + 1] = v_load(rnn->recurrent_bias + column + V_WIDTH);
    }
    accumulate(acc, rows, blocks, groups, s->x + row, rnn->recurrent + column * WORDS(rnn->depth),
               s->depth);
    set_aside(sums, acc, rows, groups);
    for (int r = 0; r < rows; r++) {
        const vec *const a = sums + r * groups;
        const vec x = v_load(s->z[row + r] + column + V_WIDTH);
        const vec gates[3] = {v_low_half(a[0]), v_high_half(a[0]), a[1]};
        const vec candidate = v_add(x, v_div(a[1], v_sigmoid_divisor(gates[1])));
        if (taped) {
            UNROLL for (int g = 0; g < 3; g++) keep_gate(s, row + r, block, g + 1, gates[g]);
            keep_gate(s, row + r, block, 0, candidate);
        }
        const vec h = load_units(s->h[row + r], rnn, block);
        store_units(s->h_next[row + r], rnn, block, gru_cell(gates[0], candidate, h));
    }
}

INLINE void gru_half_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                          int64_t row, int64_t block) {
    gru_any_half_tile(rows, blocks, groups, s, row, block, 0);
}

INLINE void gru_taped_half_tile(const int rows, const int blocks, const int groups,
                                const msq_step *s, int64_t row, int64_t block) {
    gru_any_half_tile(rows, blocks, groups, s, row, block, 1);
}

/* Phase 0 of MSQ_GRU_RESET_BEFORE: the gates. z itself waits in the scratch, as a pre-activation.
 */
INLINE void gru_gates_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                           int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    vec acc[MAX_TILE], sums[MAX_TILE];
    fetch_ahead(rows, blocks, blocks * 3, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        const float *const z = s->z[row + r] + (block + b) * 3 * V_WIDTH;
        acc[(r * blocks + b) * groups] = v_load(z);
        acc[(r * blocks + b) * groups + 1] = v_load(z + V_WIDTH);
    }
    accumulate(acc, rows, blocks, groups, s->x + row,
               rnn->recurrent + block * groups * V_WIDTH * WORDS(rnn->depth), s->depth);
    set_aside(sums, acc, rows, blocks * groups);
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++) {
            const vec *const a = sums + (r * blocks + b) * groups;
            const vec h = load_units(s->h[row + r], rnn, block + b);
            v_store(s->gates + ((row + r) * rnn->blocks + block + b) * V_WIDTH, a[0]);
            store_units(s->reset[row + r], rnn, block + b, v_div(h, v_sigmoid_divisor(a[1])));
        }
}

/* Phase 1: the candidate, from r * h of all units. */
INLINE void gru_candidate_tile(const int rows, const int blocks, const int groups,
                               const msq_step *s, int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    vec acc[MAX_TILE], sums[MAX_TILE];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        acc[r * blocks + b] = v_load(s->z[row + r] + ((block + b) * 3 + 2) * V_WIDTH);
    accumulate(acc, rows, blocks, groups, s->x + row,
               rnn->candidate + block * V_WIDTH * WORDS(rnn->depth), s->depth);
    set_aside(sums, acc, rows, blocks);
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++) {
            const vec z = v_load(s->gates + ((row + r) * rnn->blocks + block + b) * V_WIDTH);
            const vec h = load_units(s->h[row + r], rnn, block + b);
            store_units(s->h_next[row + r], rnn, block + b, gru_cell(z, sums[r * blocks + b], h));
        }
}

INLINE void simple_tile(const int rows, const int blocks, const int groups, const msq_step *s,
                        int64_t row, int64_t block) {
    const msq_rnn *const rnn = s->rnn;
    vec acc[MAX_TILE], sums[MAX_TILE];
    fetch_ahead(rows, blocks, blocks * groups, s, row, block);
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++)
        acc[r * blocks + b] = v_load(s->z[row + r] + (block + b) * V_WIDTH);
    accumulate(acc, rows, blocks, groups, s->x + row,
               rnn->recurrent + block * V_WIDTH * WORDS(rnn->depth), s->depth);
    set_aside(sums, acc, rows, blocks);
    for (int r = 0; r < rows; r++)
        UNROLL for (int b = 0; b < blocks; b++)
            store_units(s->h_next[row + r], rnn, block + b, v_tanh(sums[r * blocks + b]));
}

BLOCK_LOOP(lstm_blocks, msq_step, lstm_tile, 4, 2, 1)
BLOCK_LOOP(gru_blocks, msq_step, gru_tile, 3, 2, 2)
STRIP(lstm_half, msq_step, lstm_half_tile, 1, 2)
STRIP(gru_half, msq_step, gru_half_tile, 1, 2)
BLOCK_LOOP(gru_gates, msq_step, gru_gates_tile, 2, 2, INT64_MAX)
BLOCK_LOOP(gru_candidate, msq_step, gru_candidate_tile, 1, 4, INT64_MAX)
BLOCK_LOOP(simple_step, msq_step, simple_tile, 1, 4, INT64_MAX)

/* All blocks but a last one of half a vector, and then that. */
INLINE void step_blocks(const msq_step *s, void (*whole)(const msq_step *),
                        void (*half)(const msq_step *, int64_t)) {
    if (!msq_end_in_half(s->rnn, s->first_block, s->last_block)) {
        whole(s);
        return;
    }
    msq_step others = *s;
    others.last_block--;
    whole(&others);
    half(s, others.last_block);
}

static void lstm_step(const msq_step *s) {
    step_blocks(s, lstm_blocks, lstm_half);
}

static void gru_step(const msq_step *s) {
    step_blocks(s, gru_blocks, gru_half);
}

static void gru_reset_before_step(const msq_step *s) {
    if (s->phase == 0)
        gru_gates(s);
    else
        gru_candidate(s);
}

#define RNN_STEPS {lstm_step, gru_step, gru_reset_before_step, simple_step}

#ifndef LOW /* which is not trained */
BLOCK_LOOP(lstm_taped_blocks, msq_step, lstm_taped_tile, 4, 2, 1)
BLOCK_LOOP(gru_taped_blocks, msq_step, gru_taped_tile, 3, 2, 2)
STRIP(lstm_taped_half, msq_step, lstm_taped_half_tile, 1, 2)
STRIP(gru_taped_half, msq_step, gru_taped_half_tile, 1, 2)

static void lstm_taped_step(const msq_step *s) {
    step_blocks(s, lstm_taped_blocks, lstm_taped_half);
}

static void gru_taped_step(const msq_step *s) {
    step_blocks(s, gru_taped_blocks, gru_taped_half);
}

#define RNN_TAPED {lstm_taped_step, gru_taped_step, NULL, NULL}
#endif
