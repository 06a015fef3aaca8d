# cython: annotation_typing=False
"""Façade of the C kernels: check, allocate, one call without the GIL. No algorithms.

Arrays may be anything NumPy can read as the right kind; what is not C-contiguous, aligned and native is copied.
`num_threads=None` is the default of maskseq.runtime. No result depends on it.
"""

import os
import threading
import weakref

import numpy as np

cimport cython
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset, strchr

from maskseq cimport *

cdef extern from "values/values.h":
    const char* msq_elementary_name(int function) nogil
    const char* msq_elementary_pair_name(int function) nogil
    void msq_elementary_f32(float* y, const float* x, int64_t n, int function,
                            int num_threads) nogil
    void msq_elementary_pair_f32(float* z, const float* x, int64_t x_step, const float* y,
                                 int64_t y_step, int64_t n, int function, int num_threads) nogil

    enum: MSQ_MAX_OPTIONS
    const char* msq_option_activation_name(int activation) nogil
    int msq_option_activation_count(int activation) nogil
    void msq_option_activation_f32(float* y, const float* x, int64_t n, int activation,
                                   const float* options, int num_threads) nogil
    void msq_option_activation_back_f32(float* dx, const float* d, const float* y, const float* x,
                                        int64_t n, int activation, const float* options,
                                        int num_threads) nogil
    void msq_prelu_f32(float* y, const float* x, const float* alpha, int64_t rows, int64_t n,
                       int num_threads) nogil

    void msq_glu_f32(float* y, const float* x, int64_t rows, int64_t n, int num_threads) nogil
    void msq_glu_back_f32(float* dx, const float* d, const float* x, int64_t rows, int64_t n,
                          int num_threads) nogil

    void msq_softmax_back_f32(float* dx, const float* d, const float* y, int64_t rows, int64_t n,
                              int num_threads) nogil
    void msq_log_softmax_f32(float* y, const float* x, int64_t rows, int64_t n,
                             int num_threads) nogil
    void msq_log_sum_exp_f32(float* out, const float* x, int64_t rows, int64_t n,
                             int num_threads) nogil
    void msq_sparsemax_f32(float* y, const float* x, int64_t rows, int64_t n,
                           int num_threads) nogil
    void msq_lstm_of_rows_f32(float* h, float* c, float* z, float* room, const float* of_input,
                              const float* before, int64_t rows, int64_t units, int gate,
                              int activation, int num_threads) nogil

    int msq_time_softmax_f32(float* y, const float* x, const int64_t* offsets, int64_t batch,
                             int64_t n, int64_t features, int num_threads) nogil

    ctypedef struct msq_pooled:
        int64_t time, count, size, stride, before
    int msq_pool_windows_f32(float* out, const float* x, const int64_t* index, int64_t batch,
                             int64_t rows, int64_t features, const msq_pooled* windows,
                             int takes_mean, int num_threads) nogil
    int msq_pool_sequences_f32(float* out, const float* x, const int64_t* offsets, int64_t batch,
                               int64_t rows, int64_t features, int takes_mean,
                               int num_threads) nogil

    ctypedef enum msq_reduction "enum msq_reduction":
        MSQ_REDUCTIONS
    void msq_reduce_f32(float* out, const float* x, int64_t outer, int64_t n, int64_t inner,
                        msq_reduction reduction, int num_threads) nogil

    ctypedef struct msq_groups:
        int64_t time, features, groups
        double epsilon
        const float* gamma
        const float* beta
        const int64_t* offsets
        const int64_t* starts
        int64_t pads

    int msq_normalize_groups_f32(float* y, const float* x, int64_t rows, int64_t batch,
                                 const msq_groups* groups, int num_threads) nogil
    void msq_scale_f32(float* y, const float* x, const float* mean, const float* scale,
                       const float* offset, int64_t rows, int64_t n, int64_t repeats,
                       int num_threads) nogil

    void msq_additive_scores_f32(float* scores, const float* q, const float* k, const float* scale,
                                 int64_t queries, int64_t keys, int64_t dim, float factor,
                                 int num_threads) nogil

cdef extern from "gemm.h":
    int msq_dense_pack_turned(msq_dense** dense, const float* kernel, int64_t features,
                              int64_t units) nogil
    int msq_dense_pack_low(msq_dense** dense, int precision, const void* codes, const float* steps,
                           const float* bias, int64_t features, int64_t units) nogil
    int msq_dense_rows_f32(float* y, const float* x, int64_t x_stride, const msq_dense* dense,
                           int64_t rows, int activation, int num_threads) nogil
    int msq_dense_beside_f32(float* const* y, const float* x, const msq_dense* const* dense,
                             int count, int64_t rows, int num_threads) nogil

cdef extern from "conv/conv.h":
    ctypedef struct msq_windows:
        int64_t batch
        int64_t time
        int64_t count
        int64_t size
        int64_t stride
        int64_t dilation
        int64_t before
        const int64_t* row_of
        const int64_t* made
        int64_t x_rows
        int64_t rows

    int msq_convolve_f32(float* y, const float* x, const msq_dense* const* parts, int64_t groups,
                         const msq_windows* windows, int activation, int num_threads) nogil
    int msq_depthwise_f32(float* y, const float* x, const float* kernel, const float* bias,
                          int64_t features, int64_t multiplier, const msq_dense* mixing,
                          const msq_windows* windows, int activation, int num_threads) nogil

cdef extern from "low/low.h":
    enum: MSQ_INT8, MSQ_BFLOAT16, MSQ_MAX_INT8_DEPTH

    ctypedef struct msq_low_table:
        const char* name

    const msq_low_table* msq_low(int precision) nogil
    int msq_low_use_extensions(int use) nogil

    ctypedef struct msq_low_matrix:
        const void* codes
        const float* steps

cdef extern from "rnn/rnn.h":
    int msq_rnn_pack_low(msq_rnn** packed, int kind, int precision, const msq_low_matrix* kernel,
                         const msq_low_matrix* recurrent_kernel, const float* bias,
                         int64_t features, int64_t units, int activation,
                         int recurrent_activation) nogil

    ctypedef struct msq_keep:
        pass

    int msq_keep_make(msq_keep** keep, const msq_rnn* rnn, int64_t rows, double max_bytes) nogil
    int64_t msq_keep_count(const msq_keep* keep) nogil
    double msq_fold_bytes(const msq_rnn* rnn, int64_t rows) nogil
    void msq_keep_free(msq_keep* keep) nogil

    ctypedef struct msq_rnn_run:
        const msq_rnn* rnn
        msq_rnn_call call
        int64_t steps
        msq_keep* keep
        const int64_t* cells
        int64_t rows
        float* kept
        int64_t kept_stride
        float* kept_c

    int msq_rnn_runs_f32(msq_rnn_run** runs, int count, int64_t* bad_position) nogil

    int msq_rnn_pack_deep(msq_rnn** packed, int kind, const float* kernel,
                          const float* recurrent_kernel, const float* bias, int64_t features,
                          int64_t depth, int64_t units, int activation,
                          int recurrent_activation) nogil
    int msq_conv_lstm_f32(const msq_rnn_run* run, const msq_windows* windows,
                          int64_t* bad_position) nogil

    ctypedef struct msq_back:
        int kind
        const msq_dense* turned
        const int64_t* offsets
        int64_t batch
        int64_t steps
        int reverse
        float* kept
        int64_t kept_stride
        const float* state
        int64_t state_stride
        const float* initial
        const float* d_outputs
        int64_t d_stride
        const float* d_last
        float* carry
        int num_threads

    int msq_rnn_has_back(const msq_rnn* rnn) nogil
    int msq_rnn_backs_f32(const msq_back** backs, int count, int64_t* bad_position) nogil

include "facade/gate.pxi"
include "facade/runtime.pxi"
include "facade/activation.pxi"
include "facade/elementary.pxi"
include "facade/values.pxi"
include "facade/rows.pxi"
include "facade/low.pxi"
include "facade/dense.pxi"
include "facade/conv.pxi"
include "facade/packed_rnn.pxi"
include "facade/recurrent.pxi"
include "facade/conv_lstm.pxi"
include "facade/recurrent_backward.pxi"
include "facade/attention.pxi"
include "facade/attention_backward.pxi"
include "facade/backward.pxi"
include "facade/training.pxi"
include "facade/optimize.pxi"
include "facade/crossentropy.pxi"
include "facade/lattice.pxi"
