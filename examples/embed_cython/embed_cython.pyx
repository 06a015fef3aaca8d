"""Runs an LSTM over sequences of any lengths, with the kernels of the installed maskseq."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from maskseq cimport (
    MSQ_LSTM, MSQ_OK, MSQ_SIGMOID, MSQ_TANH, maskseq_import, msq_layout_cells, msq_layout_offsets,
    msq_mask_from_values_f32, msq_pad_rows, msq_rnn, msq_rnn_call, msq_rnn_f32, msq_rnn_free,
    msq_rnn_pack)

maskseq_import()

cdef float PADDING = -1  # what a step of nothing but padding holds


cdef class LSTM:
    """Weights as in Keras, float32: kernel (features, 4 units), and so on."""

    cdef msq_rnn* packed
    cdef Py_ssize_t features, units

    def __cinit__(self, const float[:, ::1] kernel, const float[:, ::1] recurrent_kernel,
                  const float[::1] bias):
        self.features, self.units = kernel.shape[0], recurrent_kernel.shape[0]
        columns = 4 * self.units
        if kernel.shape[1] != columns or recurrent_kernel.shape[1] != columns \
                or bias.shape[0] != columns or self.features == 0 or self.units == 0:
            raise ValueError("the shapes of the weights do not fit each other")
        if msq_rnn_pack(&self.packed, MSQ_LSTM, &kernel[0, 0], &recurrent_kernel[0, 0], &bias[0],
                        self.features, self.units, MSQ_TANH, MSQ_SIGMOID) != MSQ_OK:
            raise MemoryError

    def __dealloc__(self):
        msq_rnn_free(self.packed)

    def last_states(self, const float[:, ::1] values, const int64_t[::1] offsets,
                    float[:, ::1] states):
        """Sequences values[offsets[b]:offsets[b + 1]] -> states (batch, units)."""
        cdef int64_t batch = offsets.shape[0] - 1, n = values.shape[0], time = 0, bad = 0, b
        if values.shape[1] != self.features or states.shape[0] != batch \
                or states.shape[1] != self.units or batch < 1 or n < 1:
            raise ValueError("values and states do not fit the weights and the offsets")
        for b in range(batch):
            time = max(time, offsets[b + 1] - offsets[b])
        cdef int64_t cells = batch * time, row_bytes = self.features * sizeof(float)
        cdef float* padded = <float*>PyMem_Malloc(cells * row_bytes + row_bytes)
        cdef uint8_t* mask = <uint8_t*>PyMem_Malloc(cells + 1)
        cdef int64_t* layout = <int64_t*>PyMem_Malloc((batch + 1 + cells) * sizeof(int64_t))
        cdef float* pad = padded + cells * self.features
        cdef int64_t* real_cells = layout + batch + 1
        cdef msq_rnn_call call
        cdef int status = -1
        memset(&call, 0, sizeof(call))
        call.size = sizeof(call)
        call.x, call.x_rows, call.index = padded, cells, real_cells
        call.offsets, call.batch, call.h = layout, batch, &states[0, 0]
        if padded != NULL and mask != NULL and layout != NULL:
            with nogil:
                for b in range(self.features):
                    pad[b] = PADDING
                status = msq_pad_rows(padded, &values[0, 0], pad, &offsets[0], batch, time, n,
                                      row_bytes, 0, 0, &bad, 0)
                if status == MSQ_OK:
                    msq_mask_from_values_f32(mask, padded, PADDING, cells, self.features, 0)
                    n = msq_layout_offsets(layout, mask, batch, time)
                    msq_layout_cells(real_cells, mask, n, cells)
                    status = msq_rnn_f32(self.packed, &call, &bad)
        PyMem_Free(padded)
        PyMem_Free(mask)
        PyMem_Free(layout)
        if status != MSQ_OK:
            raise ValueError(f"offsets must rise from 0 to the rows of values (at {bad})")
