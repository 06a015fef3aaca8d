/* The way back through recurrent cells with tanh and sigmoid: the gradient of a new state is the
 * sum of a chain of FMAs over the next step's gradients; in the registers it becomes that of the
 * pre-activations, which takes their place. */

/* Sums of dz_next . panels, on top of what else the new states get. */
INLINE void back_sums(vec *acc, const int rows, const int blocks, const msq_back_step *s,
                      int64_t row, int64_t block, const int carries) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int b = 0; b < blocks; b++) {
        vec sum = load_block(s->out[row + r], s->units, block + b);
        if (s->last)
            sum = v_add(sum, load_block(s->last[row + r], s->units, block + b));
        if (carries)
            sum = v_add(sum, load_block(s->carry[row + r], s->units, block + b));
        acc[r * blocks + b] = sum;
    }
    accumulate(acc, rows, blocks, 1, s->dz_next + row, s->panels + block * V_WIDTH * s->depth,
               s->depth);
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

/* sigmoid x and sigmoid y. Their divisors are at most 1 + e^44, so that the product is finite. */
static inline vec sigmoid_pair(vec x, vec y, vec *of_y) {
    const vec least = v_set1(-44.0f);
    const vec a = v_sigmoid_divisor(v_max(least, x)), b = v_sigmoid_divisor(v_max(least, y));
    const vec both = v_div(v_set1(1.0f), v_mul(a, b));
    *of_y = v_mul(a, both);
    return v_mul(b, both);
}

static inline vec tanh_of(vec x) {
    const vec h = v_tanh_ratio(x);
    return v_copysign(v_div(h, v_add(h, v_set1(1.0f))), x);
}

INLINE void lstm_back_cell(const msq_back_step *s, int64_t row, int64_t block, vec dh) {
    const vec candidate = tanh_of(back_gate(s, row, block, 2));
    const vec t = tanh_of(load_block(s->state[row], s->units, block));
    vec f, o;
    const vec i = sigmoid_pair(back_gate(s, row, block, 0), back_gate(s, row, block, 1), &f);
    o = v_div(v_set1(1.0f), v_sigmoid_divisor(back_gate(s, row, block, 3)));
    const vec dho = v_mul(dh, o);
    const vec dc = v_fma(dho, tanh_slope(t), load_block(s->carry[row], s->units, block));
    const vec before = load_block(s->before[row], s->units, block);
    back_store(s, row, block, 0, v_mul(v_mul(dc, candidate), sigmoid_slope(i)));
    back_store(s, row, block, 1, v_mul(v_mul(dc, before), sigmoid_slope(f)));
    back_store(s, row, block, 2, v_mul(v_mul(dc, i), tanh_slope(candidate)));
    back_store(s, row, block, 3, v_mul(v_mul(dho, t), v_sub(v_set1(1.0f), o)));
    store_block(s->carry[row], s->units, block, v_mul(dc, f));
}

/* h' = z h + (1 - z) tanh(candidate), candidate = x + sigmoid(r) of_state. */
INLINE void gru_back_cell(const msq_back_step *s, int64_t row, int64_t block, vec dh) {
    const vec candidate = tanh_of(back_gate(s, row, block, 0));
    const vec of_state = back_gate(s, row, block, 3);
    const vec h = load_block(s->before[row], s->units, block);
    vec r;
    const vec z = sigmoid_pair(back_gate(s, row, block, 1), back_gate(s, row, block, 2), &r);
    const vec dx = v_mul(v_mul(dh, v_sub(v_set1(1.0f), z)), tanh_slope(candidate));
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
#define BACK_STEP(name, cell, carries)                                                             \
    INLINE void name##_tile(const int rows, const int blocks, const int groups,                    \
                            const msq_back_step *s, int64_t row, int64_t block) {                  \
        vec acc[MAX_TILE];                                                                         \
        (void)groups;                                                                              \
        back_sums(acc, rows, blocks, s, row, block, carries);                                      \
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

BACK_STEP(lstm_back, lstm_back_cell, 0)
BACK_STEP(gru_back, gru_back_cell, 1)
BACK_STEP(simple_back, simple_back_cell, 0)

#define RNN_BACK {lstm_back, gru_back, NULL, simple_back}
