/* An extension module that runs an LSTM over sequences of any lengths, with the kernels of the
 * installed maskseq: flat rows -> padded -> masked -> last states. */
#include <maskseq_capi.h>

#include <stdlib.h>

enum { PADDING = -1 }; /* what a step of nothing but padding holds */

typedef struct {
    const float *values; /* (n, features) */
    const int64_t *offsets;
    int64_t batch, n, features, units;
    const float *kernel, *recurrent_kernel, *bias;
    float *states; /* (batch, units) */
} lstm_call;

static int64_t longest(const lstm_call *call) {
    int64_t time = 0;
    for (int64_t b = 0; b < call->batch; b++)
        if (call->offsets[b + 1] - call->offsets[b] > time)
            time = call->offsets[b + 1] - call->offsets[b];
    return time;
}

/* Returns a status of maskseq. Holds no lock and touches no Python object. */
static int run(const lstm_call *call) {
    const int64_t time = longest(call), cells = call->batch * time;
    const size_t row_bytes = (size_t)call->features * sizeof(float);
    float *const padded = malloc((size_t)cells * row_bytes + 1), *const pad = malloc(row_bytes);
    uint8_t *const mask = malloc((size_t)cells + 1);
    int64_t *const offsets = malloc((size_t)(call->batch + 1) * sizeof *offsets);
    int64_t *const real_cells = malloc((size_t)cells * sizeof *real_cells + 1), bad = 0;
    msq_rnn *lstm = NULL;
    int status = padded && pad && mask && offsets && real_cells ? MSQ_OK : MSQ_NO_MEMORY;
    for (int64_t f = 0; status == MSQ_OK && f < call->features; f++)
        pad[f] = PADDING;
    if (status == MSQ_OK)
        status = msq_pad_rows(padded, call->values, pad, call->offsets, call->batch, time, call->n,
                              (int64_t)row_bytes, 0, 0, &bad, 0);
    if (status == MSQ_OK) {
        msq_mask_from_values_f32(mask, padded, PADDING, cells, call->features, 0);
        const int64_t n = msq_layout_offsets(offsets, mask, call->batch, time);
        msq_layout_cells(real_cells, mask, n, cells);
        status = msq_rnn_pack(&lstm, MSQ_LSTM, call->kernel, call->recurrent_kernel, call->bias,
                              call->features, call->units, MSQ_TANH, MSQ_SIGMOID);
    }
    if (status == MSQ_OK)
        status = msq_rnn_f32(lstm,
                             &(msq_rnn_call){.size = sizeof(msq_rnn_call),
                                             .x = padded,
                                             .index = real_cells,
                                             .x_rows = cells,
                                             .offsets = offsets,
                                             .batch = call->batch,
                                             .h = call->states},
                             &bad);
    msq_rnn_free(lstm);
    free(padded);
    free(pad);
    free(mask);
    free(offsets);
    free(real_cells);
    return status;
}

/* Checks that the buffers have the sizes that features and units say; returns 0 or -1. */
static int check(const lstm_call *call, const Py_buffer *buffers) {
    const int64_t f = call->features, u = call->units, size = sizeof(float);
    if (f >= 1 && u >= 1 && f < 1 << 20 && u < 1 << 20 && call->batch >= 0 &&
        buffers[0].len == call->n * f * size && buffers[2].len == f * 4 * u * size &&
        buffers[3].len == u * 4 * u * size && buffers[4].len == 4 * u * size)
        return 0;
    PyErr_SetString(PyExc_ValueError, "values, kernel, recurrent_kernel and bias must be float32 "
                                      "and fit features and units");
    return -1;
}

static PyObject *last_states(PyObject *module, PyObject *args) {
    Py_buffer b[5];
    Py_ssize_t features, units;
    PyObject *states = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*nn", &b[0], &b[1], &b[2], &b[3], &b[4], &features,
                          &units))
        return NULL;
    lstm_call call = {b[0].buf,
                      b[1].buf,
                      b[1].len / (int64_t)sizeof(int64_t) - 1,
                      features > 0 ? b[0].len / (int64_t)sizeof(float) / features : 0,
                      features,
                      units,
                      b[2].buf,
                      b[3].buf,
                      b[4].buf,
                      NULL};
    if (check(&call, b) == 0)
        states = PyBytes_FromStringAndSize(NULL, call.batch * units * (Py_ssize_t)sizeof(float));
    if (states) {
        int status;
        call.states = (float *)PyBytes_AS_STRING(states);
        Py_BEGIN_ALLOW_THREADS;
        status = run(&call);
        Py_END_ALLOW_THREADS;
        if (status != MSQ_OK) {
            Py_CLEAR(states);
            if (status == MSQ_NO_MEMORY)
                PyErr_NoMemory();
            else if (status != MSQ_INTERRUPTED) /* then a signal handler has set the error */
                PyErr_SetString(PyExc_ValueError, "offsets must rise from 0 to the rows of values");
        }
    }
    for (int i = 0; i < 5; i++)
        PyBuffer_Release(&b[i]);
    return states;
}

static PyMethodDef methods[] = {
    {"last_states", last_states, METH_VARARGS,
     "last_states(values, offsets, kernel, recurrent_kernel, bias, features, units) -> bytes\n\n"
     "The last states, float32 (batch, units), of an LSTM over the sequences\n"
     "values[offsets[b]:offsets[b + 1]]; weights as in Keras, float32; offsets int64."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "embed_c", .m_methods = methods};

PyMODINIT_FUNC PyInit_embed_c(void) {
    if (maskseq_import() < 0)
        return NULL;
    return PyModule_Create(&module);
}
