/* Packing of keys and values for the two products of attention. */

/* panels[block][d][lane] = scale * k[block * V_WIDTH + lane][d], 0 past the last key; k is
 * (keys, key_dim) in a wider array, rows `stride` apart. */
static void pack_keys(float *panels, const float *k, int64_t keys, int64_t stride, int64_t key_dim,
                      float scale) {
    vec rows[V_WIDTH];
    for (int64_t key = 0; key < keys; key += V_WIDTH) {
        for (int64_t d = 0; d < key_dim; d += V_WIDTH) {
            const int64_t used = key_dim - d < V_WIDTH ? key_dim - d : V_WIDTH;
            for (int64_t lane = 0; lane < V_WIDTH; lane++) {
                const float *const p = k + (key + lane) * stride + d;
                if (key + lane >= keys)
                    rows[lane] = v_set1(0.0f);
                else
                    rows[lane] =
                        v_mul(v_set1(scale), used == V_WIDTH ? v_load(p) : v_load_part(p, used));
            }
            v_transpose(rows);
            for (int64_t i = 0; i < used; i++, panels += V_WIDTH)
                v_store(panels, rows[i]);
        }
    }
}

/* panels[block][row][V_WIDTH] = v[row][block * V_WIDTH + lane], 0 past `dim`; v is (rows, stride).
 * Returns whether every value is finite. */
static int pack_values(float *panels, const float *v, int64_t rows, int64_t stride, int64_t dim) {
    vec zero = v_set1(0.0f); /* stays so, but NaN where a value is not finite */
    float lanes[V_WIDTH];
    int finite = 1;
    for (int64_t column = 0; column < dim; column += V_WIDTH) {
        const int64_t used = dim - column < V_WIDTH ? dim - column : V_WIDTH;
        for (int64_t row = 0; row < rows; row++, panels += V_WIDTH) {
            const float *const p = v + row * stride + column;
            const vec values = used == V_WIDTH ? v_load(p) : v_load_part(p, used);
            v_store(panels, values);
            zero = v_add(zero, v_sub(values, values));
        }
    }
    v_store(lanes, zero);
    for (int lane = 0; lane < V_WIDTH; lane++)
        finite &= lanes[lane] == 0.0f;
    return finite;
}
