/* The way back through recurrent cells with tanh and sigmoid: the gradient of a new state is the
 * sum of a chain of FMAs over the next step's gradients; in the registers it becomes that of the
 * pre-activations, which takes their place. */

/* What the cells of a row read, and may be far from the cache: into the second one, as the panels
 * go through the first. */
INLINE void back_fetch(const int blocks, const msq_back_step *s, int64_t row, int64_t block,
                       const int gates) {
    UNROLL for (int b = 0; b < blocks; b += LINE_VECTORS) {
        const int64_t unit = (block + b) * V_WIDTH;
        UNROLL for (int g = 0; g < gates; g++)
            __builtin_prefetch(s->kept[row] + g * s->units + unit, 0, 2);
        __builtin_prefetch(s->state[row] + unit, 0, 2);
        __builtin_prefetch(s->before[row] + unit, 0, 2);
    }
}

/* Sums of dz_next . panels, on top of what else the new states get. The products take turns with
 * what is fetched for the cells: all of that at once would keep them waiting. */
INLINE void back_sums(vec *acc, const int rows, const int blocks, const msq_back_step *s,
                      int64_t row, int64_t block, const int gates, const int carries) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        vec sum = load_block(s->out[row + r], s->units, block + b);
        if (s->last)
            sum = v_add(sum, load_block(s->last[row + r], s->units, block + b));
        if (carries)
            sum = v_add(sum, load_block(s->carry[row + r], s->units, block + b));
        acc[r * blocks + b] = sum;
    }
    for (int r = 0; r < rows; r++) {
        back_fetch(blocks, s, row + r, block, gates);
        accumulate_some(acc, rows, blocks, 1, s->dz_next + row,
                        s->panels + block * V_WIDTH * s->depth, s->depth, s->depth * r / rows,
                        s->depth * (r + 1) / rows);
    }
}

static inline vec back_gate(const msq_back_step *s, int64_t row, int64_t block, int g) {
    return load_block(s->kept[row] + g * s->units, s->units, block);
}

static inline void back_store(const msq_back_step *s, int64_t row, int64_t block, int g, vec a) {
    store_block(s->kept[row] + g * s->units, s->units, block, a);
}

/* y (1 - y) and 1 - y^2: the slopes of sigmoid and tanh. */
static inline vec sigmoid_slope(vec y) {
    return v_mul(y, v_sub(v_set1(1.0f), y));
}

static inline vec tanh_slope(vec y) {
    return v_sub(v_set1(1.0f), v_mul(y, y));
}

/* The divisor of a sigmoid that is at most 1 + e^-least, so that products of a few are finite: what
 * is shared is one division, the slowest operation of a cell. */
static inline vec back_divisor(vec x, float least) {
    return v_sigmoid_divisor(v_max(v_set1(least), x));
}

INLINE void lstm_back_cell(const msq_back_step *s, int64_t row, int64_t block, vec dh) {
    const vec one = v_set1(1.0f), z = back_gate(s, row, block, 2);
    const vec c = load_block(s->state[row], s->units, block);
    const vec di = back_divisor(back_gate(s, row, block, 0), -44.0f);
    const vec df = back_divisor(back_gate(s, row, block, 1), -44.0f);
    const vec inner = v_div(one, v_mul(di, df)), i = v_mul(df, inner), f = v_mul(di, inner);
    const vec d_o = back_divisor(back_gate(s, row, block, 3), -44.0f);
    const vec hz = v_tanh_ratio(z), hc = v_tanh_ratio(c), dz = v_add(hz, one), dc = v_add(hc, one);
    const vec both = v_mul(dz, dc), outer = v_div(one, v_mul(d_o, both)), o = v_mul(both, outer);
    const vec scaled = v_mul(d_o, outer);
    const vec candidate = v_copysign(v_mul(hz, v_mul(dc, scaled)), z);
    const vec t = v_copysign(v_mul(hc, v_mul(dz, scaled)), c);
    const vec dho = v_mul(dh, o);
    const vec d_c = v_fma(dho, tanh_slope(t), load_block(s->carry[row], s->units, block));
    const vec before = load_block(s->before[row], s->units, block);
    back_store(s, row, block, 0, v_mul(v_mul(d_c, candidate), sigmoid_slope(i)));
    back_store(s, row, block, 1, v_mul(v_mul(d_c, before), sigmoid_slope(f)));
    back_store(s, row, block, 2, v_mul(v_mul(d_c, i), tanh_slope(candidate)));
    back_store(s, row, block, 3, v_mul(v_mul(dho, t), v_sub(one, o)));
    store_block(s->carry[row], s->units, block, v_mul(d_c, f));
}

/* h' = z h + (1 - z) tanh(candidate), candidate = x + sigmoid(r) of_state. */
INLINE void gru_back_cell(const msq_back_step *s, int64_t row, int64_t block, vec dh) {
    const vec one = v_set1(1.0f), x = back_gate(s, row, block, 0);
    const vec of_state = back_gate(s, row, block, 3);
    const vec h = load_block(s->before[row], s->units, block);
    const vec d_z = back_divisor(back_gate(s, row, block, 1), -34.0f);
    const vec d_r = back_divisor(back_gate(s, row, block, 2), -34.0f);
    const vec hx = v_tanh_ratio(x), d_x = v_add(hx, one), both = v_mul(d_z, d_r);
    const vec all = v_div(one, v_mul(both, d_x)), scaled = v_mul(d_x, all);
    const vec candidate = v_copysign(v_mul(hx, v_mul(both, all)), x);
    const vec z = v_mul(d_r, scaled), r = v_mul(d_z, scaled);
    const vec dx = v_mul(v_mul(dh, v_sub(one, z)), tanh_slope(candidate));
    back_store(s, row, block, 0, dx);
    back_store(s, row, block, 1, v_mul(v_mul(dh, v_sub(h, candidate)), sigmoid_slope(z)));
    back_store(s, row, block, 2, v_mul(v_mul(dx, of_state), sigmoid_slope(r)));
    back_store(s, row, block, 3, v_mul(dx, r));
    store_block(s->carry[row], s->units, block, v_mul(dh, z));
}

INLINE void simple_back_cell(const msq_back_step *s, int64_t row, int64_t block, vec dh) {
    const vec h = load_block(s->state[row], s->units, block);
    back_store(s, row, block, 0, v_mul(dh, tanh_slope(h)));
}

/* Four blocks side by side fill the accumulators as four gates do on the way there. */
#define BACK_STEP(name, cell, gates, carries)                                                      \
    INLINE void name##_tile(const int rows, const int blocks, const int groups,                    \
                            const msq_back_step *s, int64_t row, int64_t block) {                  \
        vec acc[MAX_TILE];                                                                         \
        (void)groups;                                                                              \
        back_sums(acc, rows, blocks, s, row, block, gates, carries);                               \
        for (int r = 0; r < rows; r++)                                                             \
            UNROLL for (int b = 0; b < blocks; b++)                                                \
                cell(s, row + r, block + b, acc[r * blocks + b]);                                  \
    }                                                                                              \
    STRIP(name##_four, msq_back_step, name##_tile, 4, 1)                                           \
    STRIP(name##_one, msq_back_step, name##_tile, 1, 1)                                            \
    static void name(const msq_back_step *s) {                                                     \
        const int64_t blocks = s->last_block - s->first_block, fours = blocks / 4;                 \
        const int64_t strips = fours + blocks % 4;                                                 \
        for (int64_t i = 0; i < strips; i++) {                                                     \
            const int64_t strip = s->backwards ? strips - 1 - i : i;                               \
            if (strip < fours)                                                                     \
                name##_four(s, s->first_block + strip * 4);                                        \
            else                                                                                   \
                name##_one(s, s->first_block + fours * 3 + strip);                                 \
        }                                                                                          \
    }

BACK_STEP(lstm_back, lstm_back_cell, 4, 0)
BACK_STEP(gru_back, gru_back_cell, 4, 1)
BACK_STEP(simple_back, simple_back_cell, 1, 0)

#define RNN_BACK {lstm_back, gru_back, NULL, simple_back}
