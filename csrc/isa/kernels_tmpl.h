/* The inner loops, written once over the vector vocabulary of the file that includes this, and
 * their table. The same operations in the same order on every ISA, in full vectors and in tails:
 * the same bits. */
#include "../kernels.h"

#include <float.h>

#ifdef ISA_NARROW_TABLE
extern const msq_kernel_table ISA_NARROW_TABLE;
#define ISA_NARROW (&ISA_NARROW_TABLE)
#else
#define ISA_NARROW NULL
#endif

#define INLINE static inline __attribute__((always_inline))
/* Accumulators are arrays that become registers once every loop over them is unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#define UNROLL_TWICE _Pragma("unroll 2")
#else
#define UNROLL _Pragma("GCC unroll 8")
#define UNROLL_TWICE _Pragma("GCC unroll 2")
#endif

#include "double_tmpl.h"
#include "math_tmpl.h"

#include "activation_tmpl.h"
#include "elementary_tmpl.h"
#include "product_tmpl.h"
#include "rnn_tmpl.h"

#include "rnn_backward_tmpl.h"

#include "softmax_tmpl.h"

#include "viterbi_tmpl.h"

#include "reduce_tmpl.h"

#include "normalize_tmpl.h"

#include "additive_tmpl.h"

#include "conv_tmpl.h"

#include "attention_tmpl.h"

#include "attention_backward_tmpl.h"

#include "backward/activation_tmpl.h"

#include "backward/normalize_tmpl.h"

#include "backward/outer_tmpl.h"

#include "backward/optimize_tmpl.h"

const msq_kernel_table ISA(msq_kernels) = {
    .name = ISA_NAME,
    .narrow = ISA_NARROW,
    .width = V_WIDTH,
    .product = product,
    .rnn_step = RNN_STEPS,
    .rnn_taped = RNN_TAPED,
    .rnn_back = RNN_BACK,
    .activation = ACTIVATION_LOOPS,
    .activation_back = ACTIVATION_BACK_LOOPS,
    .prelu_row = prelu_row,
    .glu_row = glu_row,
    .glu_back_row = glu_back_row,
    .elementary = ELEMENTARY_LOOPS,
    .elementary_pair = ELEMENTARY_PAIR_LOOPS,
    .softmax_rows = softmax_rows,
    .log_softmax_rows = log_softmax_rows,
    .softmax_back = softmax_back,
    .softmax_terms = softmax_terms,
    .softmax_columns = softmax_columns,
    .log_sum_exp = log_sum_exp,
    .sparsemax_rows = sparsemax_rows,
    .viterbi_steps = viterbi_steps,
    .viterbi_back = viterbi_back,
    .none_above = none_above,
    .reduce_row = reduce_row,
    .reduce_columns = reduce_columns,
    .pool_rows = pool_rows,
    .normalize_rows = normalize_rows,
    .add_moments = add_moments,
    .normalize_back_rows = normalize_back_rows,
    .scale_rows = scale_rows,
    .additive_scores = additive_scores,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .score_few = score_few,
    .sum_few = sum_few,
    .score_lanes = score_lanes,
    .terms_lanes = terms_lanes,
    .turned = turned,
    .weights_gradient = weights_gradient,
    .depthwise_rows = depthwise_rows,
    .outer_part = outer_part,
    .update = UPDATE_LOOPS,
};
