/* Packing of values for the second product of attention. */

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
