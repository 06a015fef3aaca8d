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
from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.string cimport memset, strchr

from maskseq cimport *

cdef extern from "rnn/rnn.h":
    ctypedef struct msq_fold:
        pass

    int msq_fold_all(msq_fold** fold, const msq_rnn* rnn, const float* x, int64_t rows,
                     int num_threads) nogil
    double msq_fold_bytes(const msq_rnn* rnn, int64_t rows) nogil
    void msq_fold_free(msq_fold* fold) nogil

    ctypedef struct msq_rnn_run:
        const msq_rnn* rnn
        msq_rnn_call call
        int64_t steps
        const msq_fold* fold
        const int64_t* cells
        int64_t rows
        int64_t projected

    int msq_rnn_runs_f32(msq_rnn_run** runs, int count, int64_t* bad_position) nogil

include "facade/gate.pxi"
include "facade/runtime.pxi"
include "facade/activation.pxi"
include "facade/rows.pxi"
include "facade/dense.pxi"
include "facade/recurrent.pxi"
include "facade/attention.pxi"
