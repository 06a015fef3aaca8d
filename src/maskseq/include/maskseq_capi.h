/* The C API of an installed maskseq, for extension modules of Python.
 *
 * Include this in place of maskseq.h, call maskseq_import() once in each C file that does (in the
 * function that makes the module), and use what maskseq.h declares: the names are the same, the
 * code is that of the maskseq package at hand, so nothing is linked. With MASKSEQ_STATIC defined,
 * the sources of csrc/ are linked in instead, and maskseq_import() does nothing. */
#ifndef MASKSEQ_CAPI_H
#define MASKSEQ_CAPI_H

#include <Python.h>

#include "maskseq_api.h"

#ifdef MASKSEQ_STATIC

static inline int maskseq_import(void) {
    return 0;
}

#else

/* Bits of msq_feature that this module cannot do without; may be defined before the #include. */
#ifndef MASKSEQ_FEATURES
#define MASKSEQ_FEATURES MSQ_FEATURE_KERNELS
#endif

static const msq_api *maskseq_api = NULL;

/* Returns 0; or -1 with an ImportError set, if maskseq is not there or is not what this module was
 * built for: another major version, or an older minor version. */
static inline int maskseq_import(void) {
    const unsigned long long needs = MASKSEQ_FEATURES;
    const uint32_t major = MSQ_ABI_MAJOR, minor = MSQ_ABI_MINOR;
    const msq_api *const api = (const msq_api *)PyCapsule_Import("maskseq._kernels._C_API", 0);
    if (!api)
        return -1;
    if (api->abi_major != major || api->abi_minor < minor || api->struct_size < sizeof(msq_api) ||
        (api->features & needs) != needs) {
        PyErr_Format(PyExc_ImportError,
                     "this module was built for the C API %u.%u of maskseq (%zu bytes, features "
                     "%llu), but the installed maskseq has %u.%u (%zu bytes, features %llu)",
                     major, minor, sizeof(msq_api), needs, api->abi_major, api->abi_minor,
                     api->struct_size, (unsigned long long)api->features);
        return -1;
    }
    maskseq_api = api;
    return 0;
}

/* names: written by csrc/headers.py */
#define msq_isa (maskseq_api->isa)
#define msq_default_threads (maskseq_api->default_threads)
#define msq_has_openmp (maskseq_api->has_openmp)
#define msq_activation_name (maskseq_api->activation_name)
#define msq_activation_f32 (maskseq_api->activation_f32)
#define msq_mask_from_ids (maskseq_api->mask_from_ids)
#define msq_mask_from_values_f32 (maskseq_api->mask_from_values_f32)
#define msq_mask_from_lengths (maskseq_api->mask_from_lengths)
#define msq_layout_offsets (maskseq_api->layout_offsets)
#define msq_layout_cells (maskseq_api->layout_cells)
#define msq_gather_rows (maskseq_api->gather_rows)
#define msq_scatter_rows (maskseq_api->scatter_rows)
#define msq_pad_rows (maskseq_api->pad_rows)
#define msq_masked_softmax_f32 (maskseq_api->masked_softmax_f32)
#define msq_dense_pack (maskseq_api->dense_pack)
#define msq_dense_free (maskseq_api->dense_free)
#define msq_dense_f32 (maskseq_api->dense_f32)
#define msq_rnn_pack (maskseq_api->rnn_pack)
#define msq_rnn_free (maskseq_api->rnn_free)
#define msq_rnn_f32 (maskseq_api->rnn_f32)
#define msq_attention_f32 (maskseq_api->attention_f32)
#define msq_sum_rows_f32 (maskseq_api->sum_rows_f32)
#define msq_normalize_f32 (maskseq_api->normalize_f32)
#define msq_activation_backward_f32 (maskseq_api->activation_backward_f32)
#define msq_normalize_backward_f32 (maskseq_api->normalize_backward_f32)
#define msq_outer_f32 (maskseq_api->outer_f32)
#define msq_column_sums_f32 (maskseq_api->column_sums_f32)
#define msq_sum_segments_f32 (maskseq_api->sum_segments_f32)
#define msq_dense_backward_f32 (maskseq_api->dense_backward_f32)
#define msq_rnn_taped_f32 (maskseq_api->rnn_taped_f32)
#define msq_rnn_tape_free (maskseq_api->rnn_tape_free)
#define msq_rnn_backward_f32 (maskseq_api->rnn_backward_f32)
#define msq_attention_dropping_f32 (maskseq_api->attention_dropping_f32)
#define msq_attention_backward_f32 (maskseq_api->attention_backward_f32)
#define msq_draws_f32 (maskseq_api->draws_f32)
#define msq_dropout_f32 (maskseq_api->dropout_f32)
#define msq_optimizer_f32 (maskseq_api->optimizer_f32)
#define msq_crf_f32 (maskseq_api->crf_f32)
#define msq_crf_backward_f32 (maskseq_api->crf_backward_f32)
#define msq_crf_decode_f32 (maskseq_api->crf_decode_f32)
#define msq_ctc_f32 (maskseq_api->ctc_f32)
#define msq_ctc_backward_f32 (maskseq_api->ctc_backward_f32)
/* end of what is written */

#endif

#endif
