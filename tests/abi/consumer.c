/* A module that somebody built against some version of the headers: softmax and an LSTM step. */
#include <maskseq_capi.h>

static PyObject *run(PyObject *module, PyObject *none) {
    const float x[2] = {1.0f, 1.0f}, kernel[4] = {1, 1, 1, 1}, recurrent_kernel[4] = {0};
    const int64_t offsets[2] = {0, 2};
    float y[2], h;
    int64_t bad;
    msq_rnn *rnn;
    (void)module;
    (void)none;
    msq_masked_softmax_f32(y, x, NULL, 1, 2, 1, 1);
    if (msq_rnn_pack(&rnn, MSQ_LSTM, kernel, recurrent_kernel, NULL, 1, 1, MSQ_TANH, MSQ_SIGMOID))
        return PyErr_NoMemory();
    const msq_rnn_call call = {
        .size = sizeof call, .x = x, .x_rows = 2, .offsets = offsets, .batch = 1, .h = &h};
    const int status = msq_rnn_f32(rnn, &call, &bad);
    msq_rnn_free(rnn);
    return Py_BuildValue("ddi", (double)y[0], (double)h, status);
}

static PyMethodDef methods[] = {{"run", run, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "consumer", .m_methods = methods};

PyMODINIT_FUNC PyInit_consumer(void) {
    return maskseq_import() < 0 ? NULL : PyModule_Create(&module);
}
