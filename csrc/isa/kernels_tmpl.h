/* The inner loops, written once over the vector vocabulary of the file that includes this, and
 * their table. The same operations in the same order on every ISA, in full vectors and in tails:
 * the same bits. */
#include "../kernels.h"

#include <float.h>

#include "math_tmpl.h"

#include "activation_tmpl.h"
#include "product_tmpl.h"
#include "rnn_tmpl.h"

#include "softmax_tmpl.h"

#include "attention_tmpl.h"

const msq_kernel_table ISA(msq_kernels) = {
    .name = ISA_NAME,
    .width = V_WIDTH,
    .product = product,
    .rnn_step = RNN_STEPS,
    .activation = ACTIVATION_LOOPS,
    .softmax_row = softmax_row,
    .softmax_terms = softmax_terms,
    .pack_keys = pack_keys,
    .pack_values = pack_values,
    .score_few = score_few,
    .sum_few = sum_few,
};
