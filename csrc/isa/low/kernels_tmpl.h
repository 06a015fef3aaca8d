/* The inner loops of products in fewer bits, and of the recurrent cells around them: the templates
 * of float32 over an `accumulate` of their own. */
#include "../../low/low.h"

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define LOW

#include "../math_tmpl.h"

#include LOW_TMPL

#include "../product_tmpl.h"
#include "../rnn_tmpl.h"

const msq_low_table LOW_TABLE = {
    .name = LOW_NAME,
    .precision = LOW_PRECISION,
    .code_bytes = CODE_BYTES,
    .together = TOGETHER,
    .offset = OFFSET,
    .encode = encode,
    .product = product,
    .rnn_step = RNN_STEPS,
};
