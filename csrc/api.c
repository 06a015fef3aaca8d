/* The table of the C API, for those who come through the capsule. */
#include "maskseq_api.h"

static const msq_api api = {
    .abi_major = MSQ_ABI_MAJOR,
    .abi_minor = MSQ_ABI_MINOR,
    .struct_size = sizeof api,
#ifdef _OPENMP
    .features = MSQ_FEATURE_KERNELS | MSQ_FEATURE_THREADS,
#else
    .features = MSQ_FEATURE_KERNELS,
#endif
    /* values: written by csrc/headers.py */
    .isa = msq_isa,
    .default_threads = msq_default_threads,
    .has_openmp = msq_has_openmp,
    .activation_name = msq_activation_name,
    .activation_f32 = msq_activation_f32,
    .mask_from_ids = msq_mask_from_ids,
    .mask_from_values_f32 = msq_mask_from_values_f32,
    .mask_from_lengths = msq_mask_from_lengths,
    .layout_offsets = msq_layout_offsets,
    .layout_cells = msq_layout_cells,
    .gather_rows = msq_gather_rows,
    .scatter_rows = msq_scatter_rows,
    .pad_rows = msq_pad_rows,
    .masked_softmax_f32 = msq_masked_softmax_f32,
    .dense_pack = msq_dense_pack,
    .dense_free = msq_dense_free,
    .dense_f32 = msq_dense_f32,
    .rnn_pack = msq_rnn_pack,
    .rnn_free = msq_rnn_free,
    .rnn_f32 = msq_rnn_f32,
    .attention_f32 = msq_attention_f32,
    .sum_rows_f32 = msq_sum_rows_f32,
    .normalize_f32 = msq_normalize_f32,
    .activation_backward_f32 = msq_activation_backward_f32,
    .normalize_backward_f32 = msq_normalize_backward_f32,
    .outer_f32 = msq_outer_f32,
    .column_sums_f32 = msq_column_sums_f32,
    .sum_segments_f32 = msq_sum_segments_f32,
    .dense_backward_f32 = msq_dense_backward_f32,
    .rnn_taped_f32 = msq_rnn_taped_f32,
    .rnn_tape_free = msq_rnn_tape_free,
    .rnn_backward_f32 = msq_rnn_backward_f32,
    .attention_dropping_f32 = msq_attention_dropping_f32,
    .attention_backward_f32 = msq_attention_backward_f32,
    .draws_f32 = msq_draws_f32,
    .dropout_f32 = msq_dropout_f32,
    .optimizer_f32 = msq_optimizer_f32,
    .crf_f32 = msq_crf_f32,
    .crf_backward_f32 = msq_crf_backward_f32,
    .crf_decode_f32 = msq_crf_decode_f32,
    .ctc_f32 = msq_ctc_f32,
    .ctc_backward_f32 = msq_ctc_backward_f32,
    /* end of what is written */
};

const msq_api *msq_get_api(void) {
    return &api;
}
