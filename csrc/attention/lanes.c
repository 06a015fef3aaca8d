/* Attention of narrow heads with a query in each lane of a vector, see isa/attention_tmpl.h.
 * Where a mask or dropout names single weights, or someone wants them, rows stay rows. */
#include "internal.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Floats of the widest vector; columns of a head's queries and keys, for which there is room. */
enum { MAX_WIDTH = 16, MAX_KEY_DIM = 32 };

int msq_fits_lanes(const attention_shape *shape, int64_t queries) {
    const msq_attention *const a = shape->a;
    const int64_t width = shape->kernels->width, tiles = (queries + width - 1) / width;
    const int narrow = 2 * a->value_dim <= width && a->key_dim <= MAX_KEY_DIM;
    const int full = 5 * queries >= 4 * width * tiles; /* empty lanes cost as much as full ones */
    return narrow && full && !a->mask && !a->scores && !shape->dropout;
}

/* y[i][d] = scale x[i][d], rows of x `stride` apart. */
static void copy_rows(float *y, const float *x, int64_t rows, int64_t stride, int64_t dim,
                      float scale) {
    for (int64_t row = 0; row < rows; row++, y += dim, x += stride)
        for (int64_t d = 0; d < dim; d++)
            y[d] = scale * x[d];
}

void msq_pack_lanes(attention_heads *s) {
    const msq_attention *const a = s->shape->a;
    const int64_t head = msq_key_head(s, s->h);
    s->k_rows = s->scores + MSQ_QUERIES * s->shape->key_stride;
    s->v_rows = s->k_rows + s->shape->key_stride * a->key_dim;
    copy_rows(s->k_rows, s->k + head * a->key_dim, s->keys, s->k_stride, a->key_dim, a->scale);
    copy_rows(s->v_rows, s->v + head * a->value_dim, s->keys, s->v_stride, a->value_dim, 1.0f);
}

/* The scores of keys that are not visible: -inf. */
static void hide_later_keys(const attention_heads *s, const attention_rows *rows) {
    const int64_t width = s->shape->kernels->width;
    for (int64_t key = rows->visible[0]; key < rows->keys; key++)
        for (int64_t i = 0; i < rows->rows && rows->visible[i] <= key; i++)
            s->scores[key * width + i] = -INFINITY;
}

/* y[d][lane] = z[d][lane] over the sum of its terms; returns whether all are finite. */
static int divide_lanes(float *y, const float *z, const float *sums, int64_t dim, int64_t width) {
    float scales[MAX_WIDTH];
    int finite = 1;
    for (int64_t lane = 0; lane < width; lane++)
        scales[lane] = sums[lane] == 0.0f ? 0.0f : 1.0f / sums[lane];
    for (int64_t d = 0; d < dim; d++)
        for (int64_t lane = 0; lane < width; lane++) {
            y[d * width + lane] = z[d * width + lane] * scales[lane];
            finite &= fabsf(y[d * width + lane]) <= FLT_MAX;
        }
    return finite;
}

/* At most as many queries as a vector has lanes. */
static void attend_tile(const attention_heads *s, int64_t first, int64_t queries) {
    const msq_attention *const a = s->shape->a;
    const msq_kernel_table *const kernels = s->shape->kernels;
    const int64_t width = kernels->width;
    float q[MAX_KEY_DIM * MAX_WIDTH], z[MAX_WIDTH * MAX_WIDTH], sums[MAX_WIDTH];
    float y[MAX_WIDTH * MAX_WIDTH];
    attention_rows rows;
    msq_find_rows(s, &rows, first, queries);
    kernels->pack_keys(q, rows.q[0], queries, a->heads * a->key_dim, a->key_dim, 1.0f);
    kernels->score_lanes(s->scores, q, s->k_rows, rows.keys, a->key_dim);
    hide_later_keys(s, &rows);
    kernels->terms_lanes(s->scores, rows.keys, sums);
    memset(z, 0, (size_t)(a->value_dim * width) * sizeof *z);
    kernels->turned(&(msq_turned){.z = z,
                                  .x = s->v_rows,
                                  .panels = s->scores,
                                  .z_stride = width,
                                  .x_stride = a->value_dim,
                                  .rows = a->value_dim,
                                  .depth = rows.keys,
                                  .blocks = 1});
    const int finite = divide_lanes(y, z, sums, a->value_dim, width);
    kernels->pack_keys(s->z, finite ? y : z, a->value_dim, width, queries, 1.0f);
    if (finite) {
        for (int64_t i = 0; i < queries; i++)
            for (int64_t d = 0; d < a->value_dim; d++)
                a->out[rows.place[i] * a->value_dim + d] = s->z[i * width + d];
        return;
    }
    for (int64_t i = 0; i < queries; i++)
        msq_put_out_row(s, &rows, i, sums[i], s->scores + i, width);
}

void msq_attend_lanes(const attention_heads *s, int64_t first, int64_t queries) {
    const int64_t width = s->shape->kernels->width;
    for (; queries > 0; first += width, queries -= width)
        attend_tile(s, first, queries < width ? queries : width);
}
