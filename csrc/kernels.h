/* The table of kernels of one instruction set (ISA): inner loops on a tile or a row.
 * No function in it allocates, uses threads or decides anything; drivers in csrc/ do. */
#ifndef MSQ_KERNELS_H
#define MSQ_KERNELS_H

#include "maskseq.h"

/* y[i] = f(x[i]); y may be x. */
typedef void msq_map_fn(float *y, const float *x, int64_t n);

/* The same with up to three options, as values/values.h says for each. */
typedef void msq_activation_fn(float *y, const float *x, int64_t n, const float *options);

/* dx[i] = d[i] times the slope of an activation y = f(x) at i; dx may be d. */
typedef void msq_activation_back_fn(float *dx, const float *d, const float *y, const float *x,
                                    int64_t n, const float *options);

/* y[i] = x[i] sigmoid(gate[i]); and from the gradient d of y, those of x and of the gate. */
typedef void msq_glu_fn(float *y, const float *x, const float *gate, int64_t n);
typedef void msq_glu_back_fn(float *dx, float *dgate, const float *d, const float *x,
                             const float *gate, int64_t n);

/* y = x, and alpha[i] x[i] below 0; y may be x. */
typedef void msq_prelu_fn(float *y, const float *x, const float *alpha, int64_t n);

/* The inner loops of activations: those that maskseq.h numbers, then these. */
enum {
    MSQ_LOOP_RELU6 = MSQ_EXPONENTIAL + 1,
    MSQ_LOOP_LEAKY_RELU,
    MSQ_LOOP_HARD_SIGMOID,
    MSQ_LOOP_HARD_SIGMOID_KERAS2,
    MSQ_LOOP_HARD_SILU,
    MSQ_LOOP_HARD_TANH,
    MSQ_LOOP_HARD_SHRINK,
    MSQ_LOOP_SOFT_SHRINK,
    MSQ_LOOP_TANH_SHRINK,
    MSQ_LOOP_ELU,
    MSQ_LOOP_CELU,
    MSQ_LOOP_SELU,
    MSQ_LOOP_SOFTPLUS,
    MSQ_LOOP_SOFTSIGN,
    MSQ_LOOP_LOG_SIGMOID,
    MSQ_LOOP_SILU,
    MSQ_LOOP_MISH,
    MSQ_LOOP_GELU,
    MSQ_LOOP_GELU_TANH,
    MSQ_LOOP_SQUAREPLUS,
    MSQ_LOOP_SPARSE_PLUS,
    MSQ_LOOP_SPARSE_SIGMOID,
    MSQ_LOOP_RELU_BETWEEN,
    MSQ_LOOP_THRESHOLD,
    MSQ_ACTIVATION_LOOPS
};

/* The functions of isa/elementary_tmpl.h, named in elementary.c. */
enum { MSQ_ELEMENTARY_LOG = 1, MSQ_ELEMENTARY = 14, MSQ_ELEMENTARY_PAIR = 2 };

/* z[i] = f(x[i * x_step], y[i * y_step]), steps 0 or 1; z may be x or y. */
typedef void msq_map_pair_fn(float *z, const float *x, int64_t x_step, const float *y,
                             int64_t y_step, int64_t n);

/* z[r] = start[r] + x[r] . w, for all rows r and the columns of some blocks.
 *
 * w is packed in panels, one per block of `width` outputs: panels[block][k][group][width], where
 * `width` is that of the ISA. A recurrent layer has a group per gate, a dense layer has one group.
 * Columns of z and start are in the order [block][group][width]. Each output is one chain of FMAs,
 * k ascending. */
typedef struct msq_product {
    float *z;              /* rows, z_stride apart; only the first `columns` of a row are written */
    const float *const *x; /* a pointer to the `depth` values of each row */
    const float *panels;
    const float *start; /* rows, start_stride apart (0: a bias), may be z; read in whole blocks */
    int64_t z_stride, start_stride, columns;
    int64_t rows, depth, groups, first_block, last_block;
    int backwards; /* from the last block to the first */
    int scattered; /* rows of x are scattered over memory, probably in no cache */
} msq_product;
typedef void msq_product_fn(const msq_product *product);

typedef struct msq_low_table msq_low_table;
typedef struct msq_step msq_step;
typedef void msq_step_fn(const msq_step *step);

/* A recurrent layer's weights, packed (rnn/pack.c). Gates i f c o, or z r h; `width` is the ISA's.
 * Where half a vector holds the units of the last block, its gates lie two in a vector: [width / 2]
 * a gate, in the panels and biases as in rows of z, up to whole vectors. */
struct msq_rnn {
    const struct msq_kernel_table *kernels; /* the ISA the panels are packed for */
    const msq_low_table *low;               /* of panels in fewer bits (low/low.h), or NULL */
    int kind, gates;
    int64_t features, units, blocks;
    int64_t depth;         /* of the recurrent products: units, or those of a window of states */
    int last_groups;       /* vectors of the last block: gates, or half as many */
    int64_t columns;       /* of a row of z */
    float *input;          /* panels[block][features][gate][width] */
    float *input_bias;     /* [block][gate][width] */
    float *recurrent;      /* panels[block][depth][gate][width]; MSQ_GRU_RESET_BEFORE: z r */
    float *recurrent_bias; /* MSQ_GRU: [block][gate][width]; those of z and r are in input_bias */
    float *candidate;      /* MSQ_GRU_RESET_BEFORE: panels[block][units][width] of h */
    int finite;            /* all recurrent weights are: products with a state of zeros are zero */
    int activation, recurrent_activation;
    msq_step_fn *step;
    int phases; /* calls of `step` for one step in time; the second needs all of the first */
};

/* 1 if `last` is the end of a layer whose last block's gates lie two in a vector, and there are
 * blocks from `first` on. */
static inline int msq_end_in_half(const msq_rnn *rnn, int64_t first, int64_t last) {
    return rnn->last_groups < rnn->gates && last == rnn->blocks && first < last;
}

/* One step in time of some sequences, for the units of some blocks: h_next = cell(z, h). */
struct msq_step {
    const msq_rnn *rnn;
    int64_t rows, first_block, last_block;
    int backwards; /* from the last block to the first: the cache holds what was last in use */
    int phase;
    int64_t depth;         /* of the recurrent products: units, or 0 if they would add nothing */
    const float *const *z; /* of each row, the input's part of the gates: [block][gate][width] */
    const float *const *z_next; /* of the next step, as many as next_rows: to be fetched ahead */
    int64_t next_rows;
    const float *const *h; /* `units` values a row; h_next must not be h */
    const float *const *x; /* what is multiplied: h or, in phase 1, reset; or codes of them */
    float *const *h_next;
    float *const *c;     /* MSQ_LSTM: whole blocks a row, updated in place */
    float *const *reset; /* MSQ_GRU_RESET_BEFORE: r * h, written in phase 0 */
    float *gates;        /* scratch of the general cells: rows * blocks * gates * width */
    /* Of taped steps only, `units` values a state or gate. */
    const float *const *c_before; /* MSQ_LSTM: c is not updated in place, but made of this */
    float *const *kept;           /* MSQ_LSTM: i f c o; MSQ_GRU: h z r, the state's part of h */
};

/* The way back through a step of some sequences, for the units of some blocks: `kept` becomes its
 * gradient. That of the new state is last + out + carry + dz_next . panels; of the state before,
 * `carry` is what does not go through a product. Rows have `units` values a state or gate. */
typedef struct msq_back_step {
    int64_t units, rows, first_block, last_block;
    int backwards;               /* from the last block to the first */
    int64_t depth;               /* of dz_next; 0: these rows have no next step */
    const float *panels;         /* of the recurrent kernel, turned: panels[block][depth][width] */
    const float *const *dz_next; /* the gradient of what the next step's products with h gave */
    const float *const *out;     /* that of the step's output */
    const float *const *last;    /* that of the last state, or NULL */
    float *const *kept;          /* as in msq_step; MSQ_SIMPLE_RNN: written only */
    const float *const *state;   /* MSQ_LSTM: c; MSQ_SIMPLE_RNN: h */
    const float *const *before;  /* MSQ_LSTM: c of the step before; MSQ_GRU: h of it */
    float *const *carry;         /* MSQ_LSTM: of c, MSQ_GRU: of h; updated in place */
} msq_back_step;
typedef void msq_back_step_fn(const msq_back_step *step);

/* Keys of attention, or the rows of a kernel, turned -> panels[block of keys][d][width] of scale *
 * k, 0 past the last key; k is (keys, key_dim) in a wider array, rows `stride` apart. */
typedef void msq_pack_keys_fn(float *panels, const float *k, int64_t keys, int64_t stride,
                              int64_t key_dim, float scale);

/* Values of attention -> panels[block][row][width], 0 past `dim`; v is (rows, dim) in a wider
 * array, rows `stride` apart. */
typedef void msq_pack_values_fn(float *panels, const float *v, int64_t rows, int64_t stride,
                                int64_t dim);

/* The products of attention for few queries, from unpacked keys or values: block of keys by block,
 * and in each block head by head, so that memory is read once and in order. The bits of
 * msq_product_fn over panels. Rows are pairs of a head and a query; those of a head are together.
 * score_few: y[r] = x[r] . (scale w[r]), x the queries, w the keys; in whole blocks of keys.
 * sum_few: y[r] += sum over the keys of x[r] w[r], w the values; in whole blocks of `dim`. */
enum { MSQ_FEW = 4 }; /* rows of a head that are done together */
typedef struct msq_few {
    float *y;              /* rows, y_stride apart */
    const float *const *x; /* a pointer to each row: a query, or the weights of the keys */
    const float *const *w; /* a pointer to the first key of each row's head */
    int64_t y_stride, w_stride;
    int64_t rows, keys, dim;
    float scale;
    int far; /* 1: w is in no cache */
} msq_few;
typedef void msq_few_fn(const msq_few *few);

/* z[r] += sum over k of x[k][r] w[k]: a product with x turned. w is packed in panels as for
 * msq_product, panels[block][k][width]; rows of z are whole blocks. */
typedef struct msq_turned {
    float *z;
    const float *x;
    const float *panels;
    int64_t z_stride, x_stride;
    int64_t rows, depth, blocks;
} msq_turned;
typedef void msq_turned_fn(const msq_turned *turned);

/* The way back through a row of attention's weights: terms *= inverse, which makes them the
 * weights; d, the gradient of these, becomes that of the scores, which were scaled by `scale`. 0
 * where the weight is. */
typedef void msq_weights_gradient_fn(float *d, float *terms, int64_t n, float inverse, float scale);

/* x[r] = e^(x[r] - the largest of the row), in place for n[r] values of each row, rows `stride`
 * apart; sums[r] is their sum. -inf gives 0; a row of nothing else 0s. */
typedef void msq_softmax_terms_fn(float *x, int64_t stride, const int64_t *n, int64_t rows,
                                  float *sums);

/* Attention with a query in each lane: `width` queries q[d][lane], keys k (keys, dim), scores
 * [key][lane]. terms_lanes is softmax_terms of the columns of x (rows, width). */
typedef void msq_score_lanes_fn(float *scores, const float *q, const float *k, int64_t keys,
                                int64_t dim);
typedef void msq_terms_lanes_fn(float *x, int64_t rows, float *sums);

/* Softmax down each column: y[r][c] = e^(x[r][c] - the largest of the column) / their sum, as
 * softmax_rows gives for a row of these values; rows `stride` apart in x and y. */
enum { MSQ_SOFTMAX_COLUMNS = 64 }; /* at most */
typedef void msq_softmax_columns_fn(float *y, const float *x, int64_t rows, int64_t stride,
                                    int64_t columns);

/* log(sum of e^x) of one row. */
typedef float msq_log_sum_fn(const float *x, int64_t n);

/* y = f(x) of each row of n values; y may be x. */
typedef void msq_rows_fn(float *y, const float *x, int64_t rows, int64_t n);

/* dx = y (d - sum of d y) of each row; dx neither d nor y. */
typedef void msq_softmax_back_fn(float *dx, const float *d, const float *y, int64_t rows,
                                 int64_t n);

/* Sparsemax of rows, y not x. `other` is called for those with many values near the largest, with
 * a NaN, or with an infinite largest. */
typedef void msq_sparsemax_rows_fn(float *y, const float *x, int64_t rows, int64_t n,
                                   msq_map_fn *other);

/* The steps `begin` to `end` of Viterbi's algorithm for some sequences: scores[s][step][to] =
 * emissions[s][step][to] + the largest of scores[s][step - 1][from] + transitions[from][to]. Rows
 * but those of emissions are whole vectors, 0 past the tags; no value is NaN or +inf. */
typedef struct msq_viterbi {
    float *const *scores;          /* (steps, stride) each */
    const float *const *emissions; /* (steps, tags) each */
    const float *transitions;      /* rows stride apart */
    int64_t sequences, begin, end, tags, stride;
} msq_viterbi;
typedef void msq_viterbi_steps_fn(const msq_viterbi *v);
/* 1 if no value is above `limit`, or NaN. */
typedef int msq_none_above_fn(const float *x, int64_t n, float limit);
/* The way back from step `end` - 1 to `begin`: best[s][step] and tag[s] = the first tag with the
 * largest scores[s][step][tag] + into[tag[s]][tag]. Whole vectors, `into` -inf past the tags. If a
 * value is NaN, any tag. */
typedef struct msq_viterbi_back {
    float *const *scores; /* (steps, stride) each */
    const float *into;    /* rows stride apart */
    int32_t *const *best; /* (steps) each */
    int64_t *tag;
    int64_t sequences, begin, end, tags, stride;
} msq_viterbi_back;
typedef void msq_viterbi_back_fn(const msq_viterbi_back *v);

/* What values are made one by, in float64; see isa/reduce_tmpl.h for the order. */
enum {
    MSQ_SUM,
    MSQ_PRODUCT,
    MSQ_SQUARES,  /* sum of (x - center)^2 */
    MSQ_MORE_SUMS /* of columns: MSQ_SUM that goes on from `out` */
};
typedef double msq_reduce_row_fn(const float *x, int64_t n, double center, int kind);
/* out[c] of x[k][c] for k in [0, n), rows `stride` apart; centers are read whatever the kind is. */
typedef void msq_reduce_columns_fn(double *out, const float *x, int64_t n, int64_t stride,
                                   int64_t columns, const double *centers, int kind);

/* The largest of rows x[i], or x[index[i]], for i in [0, n), column by column; NaN if one is, -inf
 * of none; or their mean in float32, i ascending. `columns` values a row. */
typedef void msq_pool_rows_fn(float *out, const float *x, const int64_t *index, int64_t n,
                              int64_t columns, int takes_mean);

/* y = (x - mean) / sqrt(squares + epsilon) * gamma + beta, squares the mean of (x - mean)^2. */
typedef struct msq_normalization {
    double epsilon, largest;   /* of 1 / sqrt(...) */
    const float *gamma, *beta; /* n each, or NULL */
    int about_mean;            /* 0: squares of x itself */
    int centered;              /* 0: the mean stays in y; only with about_mean */
    int of_sum;                /* 1: the sum of the squares, not their mean */
} msq_normalization;
typedef void msq_normalize_rows_fn(float *y, const float *x, int64_t rows, int64_t n,
                                   const msq_normalization *norm);
/* sum[c] += x[r][c] - shift[c], squares[c] += its square, for all rows r, each of them `times`
 * times; `columns` values a row. */
typedef void msq_add_moments_fn(double *sum, double *squares, const float *x, int64_t rows,
                                int64_t columns, const float *shift, double times);
/* The gradient of x from that d of y, without beta; products[i] = d[i] times what y is without
 * gamma and beta, or NULL. */
typedef void msq_normalize_back_rows_fn(float *dx, float *products, const float *d, const float *x,
                                        int64_t rows, int64_t n, const msq_normalization *norm);
/* y = (x - mean) * scale + offset for rows of n values; mean NULL: 0. */
typedef void msq_scale_rows_fn(float *y, const float *x, int64_t rows, int64_t n, const float *mean,
                               const float *scale, const float *offset);

/* scores[j] = sum over d of scale[d] tanh(factor (q[d] + k[j][d])), k (keys, dim); scale NULL: 1.
 */
typedef void msq_additive_scores_fn(float *scores, const float *q, const float *k, int64_t keys,
                                    int64_t dim, float factor, const float *scale);

/* y[i][c] = sum over places j of x[j][i * step + c] * w[j][c] for each of some windows i, y
 * (windows, channels), w (places, channels); product and sum rounded one by one, from 0 on, j
 * ascending; bias[c] is added last, unless it is NULL. */
typedef struct msq_depthwise {
    const float *w, *bias;
    int64_t windows, places, channels, step;
} msq_depthwise;
typedef void msq_depthwise_rows_fn(float *y, const float *const *x, const msq_depthwise *depthwise);

/* A chunk of rows of out = a^T b: out[i][c] = sum over k of a[k][i] b[k][first + c], k ascending
 * from 0, for all i in [0, rows) and c in [0, columns). */
typedef struct msq_outer_part {
    float *out;            /* rows out_stride apart */
    const float *a;        /* rows a_stride apart */
    const float *const *b; /* pointers to the rows */
    int64_t out_stride, a_stride, first, steps, rows, columns;
    int64_t ahead; /* how far behind those of b are the numbers that will be read next */
    int adds;      /* 1: the sums are added to `out` */
} msq_outer_part;
typedef void msq_outer_part_fn(const msq_outer_part *part);

typedef enum msq_rule msq_rule; /* optimize_tmpl.h has the equations */

enum { MSQ_MAX_SLOTS = 3, MSQ_MAX_NUMBERS = 9 };

/* A step of n values of a weight and of the slots that its rule keeps of it; what is new goes into
 * arrays that are not read. */
typedef struct msq_update {
    float *new_w, *new_slots[MSQ_MAX_SLOTS];
    const float *w, *slots[MSQ_MAX_SLOTS];
    const float *g; /* NULL: all are 0 */
    int64_t n;
    const float *decay;     /* {share, rate}: the step begins from w - w share rate; or NULL */
    const int64_t *ids;     /* for msq_update_f32: g has only the rows of these numbers; or NULL */
    int64_t rows, features; /* of such a g; n is a multiple of features */
} msq_update;
/* numbers: those of the rule, the same for all weights. */
typedef void msq_update_fn(const msq_update *update, const float *numbers);

typedef struct msq_kernel_table {
    const char *name;
    int width; /* floats in a vector, and units in a block of packed weights */
    const struct msq_kernel_table *narrow; /* of half as wide vectors on the same CPU, or NULL */
    msq_product_fn *product;
    msq_step_fn *rnn_step[MSQ_RNN_KINDS]; /* activation tanh, recurrent_activation sigmoid */
    msq_step_fn
        *rnn_taped[MSQ_RNN_KINDS]; /* the same bits, and kept; NULL: the kind keeps nothing */
    msq_back_step_fn *rnn_back[MSQ_RNN_KINDS]; /* NULL: there is none */
    msq_activation_fn *activation[MSQ_ACTIVATION_LOOPS];
    msq_activation_back_fn *activation_back[MSQ_ACTIVATION_LOOPS];
    msq_prelu_fn *prelu_row;
    msq_glu_fn *glu_row;
    msq_glu_back_fn *glu_back_row;
    msq_map_fn *elementary[MSQ_ELEMENTARY];
    msq_map_pair_fn *elementary_pair[MSQ_ELEMENTARY_PAIR];
    msq_rows_fn *softmax_rows, *log_softmax_rows;
    msq_softmax_back_fn *softmax_back;
    msq_softmax_terms_fn *softmax_terms;
    msq_softmax_columns_fn *softmax_columns;
    msq_log_sum_fn *log_sum_exp;
    msq_sparsemax_rows_fn *sparsemax_rows;
    msq_viterbi_steps_fn *viterbi_steps;
    msq_viterbi_back_fn *viterbi_back;
    msq_none_above_fn *none_above;
    msq_reduce_row_fn *reduce_row;
    msq_reduce_columns_fn *reduce_columns;
    msq_pool_rows_fn *pool_rows;
    msq_normalize_rows_fn *normalize_rows;
    msq_add_moments_fn *add_moments;
    msq_normalize_back_rows_fn *normalize_back_rows;
    msq_scale_rows_fn *scale_rows;
    msq_additive_scores_fn *additive_scores;
    msq_pack_keys_fn *pack_keys;
    msq_pack_values_fn *pack_values;
    msq_few_fn *score_few, *sum_few;
    msq_score_lanes_fn *score_lanes;
    msq_terms_lanes_fn *terms_lanes;
    msq_turned_fn *turned;
    msq_weights_gradient_fn *weights_gradient;
    msq_depthwise_rows_fn *depthwise_rows;
    msq_outer_part_fn *outer_part;
    msq_update_fn *update[MSQ_RULES];
} msq_kernel_table;

/* The active table: that of one csrc/isa/<isa>.c, see dispatch.c. */
const msq_kernel_table *msq_kernels(void);

/* msq_activation_f32 on the calling thread, for use inside other drivers. */
void msq_activate(float *y, const float *x, int64_t n, int activation);

#endif
