/* An extension module that trains an LSTM and a dense layer with one output on sequences of any
 * lengths, with the kernels of the installed maskseq: the mean squared error of the output after
 * the last step, by gradient descent. */
#include <maskseq_capi.h>

#include <stdlib.h>

/* The weights, one after the other in one array; gradients likewise. */
enum { KERNEL, RECURRENT_KERNEL, BIAS, DENSE, DENSE_BIAS, WEIGHTS };

typedef struct {
    const float *values; /* (n, features) */
    const int64_t *offsets;
    const float *targets; /* (batch) */
    int64_t batch, n, features, units;
    int64_t start[WEIGHTS + 1]; /* of each weight, and the end */
    float *weights, *gradients;
    float *h, *d_h;   /* (batch, units): the last states, and their gradients */
    float *sequences; /* (n, units): the states after all steps */
    float *y, *d_y;   /* (batch) */
    float rate;
} training;

static void find_weights(training *t) {
    const int64_t f = t->features, u = t->units;
    const int64_t sizes[WEIGHTS] = {f * 4 * u, u * 4 * u, 4 * u, u, 1};
    for (int i = 0; i < WEIGHTS; i++)
        t->start[i + 1] = t->start[i] + sizes[i];
}

/* The loss; fills d_y. */
static double squared_error(training *t) {
    double sum = 0;
    for (int64_t b = 0; b < t->batch; b++) {
        const float difference = t->y[b] - t->targets[b];
        sum += (double)difference * (double)difference;
        t->d_y[b] = 2 * difference / (float)t->batch;
    }
    return sum / (double)t->batch;
}

/* From the values to the loss; the tape is the caller's. */
static int there(training *t, msq_rnn_tape **tape, double *loss) {
    const float *const w = t->weights;
    int64_t bad;
    msq_rnn *lstm = NULL;
    msq_dense *dense = NULL;
    int status = msq_rnn_pack(&lstm, MSQ_LSTM, w, w + t->start[RECURRENT_KERNEL],
                              w + t->start[BIAS], t->features, t->units, MSQ_TANH, MSQ_SIGMOID);
    if (status == MSQ_OK)
        status = msq_dense_pack(&dense, w + t->start[DENSE], w + t->start[DENSE_BIAS], t->units, 1);
    if (status == MSQ_OK)
        status = msq_rnn_taped_f32(tape, lstm,
                                   &(msq_rnn_call){.size = sizeof(msq_rnn_call),
                                                   .x = t->values,
                                                   .x_rows = t->n,
                                                   .offsets = t->offsets,
                                                   .batch = t->batch,
                                                   .h = t->h,
                                                   .sequences = t->sequences,
                                                   .sequence_stride = t->units},
                                   &bad);
    if (status == MSQ_OK)
        status = msq_dense_f32(t->y, t->h, dense, t->batch, MSQ_LINEAR, 0);
    if (status == MSQ_OK)
        *loss = squared_error(t);
    msq_dense_free(dense);
    msq_rnn_free(lstm);
    return status;
}

/* From d_y to the gradients of all weights. */
static int back(training *t, msq_rnn_tape *tape) {
    float *const g = t->gradients;
    const float *const w = t->weights;
    const int status =
        msq_dense_backward_f32(t->d_h, g + t->start[DENSE], g + t->start[DENSE_BIAS], t->d_y, t->h,
                               w + t->start[DENSE], t->batch, t->units, 1, 0);
    if (status != MSQ_OK)
        return status;
    return msq_rnn_backward_f32(
        tape, &(msq_rnn_gradients){.size = sizeof(msq_rnn_gradients),
                                   .kernel = w,
                                   .recurrent_kernel = w + t->start[RECURRENT_KERNEL],
                                   .d_h = t->d_h,
                                   .d_kernel = g,
                                   .d_recurrent_kernel = g + t->start[RECURRENT_KERNEL],
                                   .d_bias = g + t->start[BIAS]});
}

/* A step: the loss before it, and a status of maskseq. Touches no Python object. */
static int step(training *t, double *loss) {
    msq_rnn_tape *tape = NULL;
    int status = there(t, &tape, loss);
    if (status == MSQ_OK)
        status = back(t, tape);
    msq_rnn_tape_free(tape);
    for (int64_t i = 0; status == MSQ_OK && i < t->start[WEIGHTS]; i++)
        t->weights[i] -= t->rate * t->gradients[i];
    return status;
}

/* All arrays that are ours are in one, which begins with the gradients. */
static int make_room(training *t) {
    const int64_t states = t->batch * t->units, outputs = t->n * t->units;
    const int64_t floats = t->start[WEIGHTS] + 2 * states + outputs + 2 * t->batch;
    t->gradients = calloc((size_t)floats, sizeof(float));
    if (!t->gradients)
        return -1;
    t->h = t->gradients + t->start[WEIGHTS];
    t->d_h = t->h + states;
    t->sequences = t->d_h + states;
    t->y = t->sequences + outputs;
    t->d_y = t->y + t->batch;
    return 0;
}

static PyObject *error(int status) {
    if (status == MSQ_NO_MEMORY)
        return PyErr_NoMemory();
    if (status != MSQ_INTERRUPTED) /* then a signal handler has set the error */
        PyErr_SetString(PyExc_ValueError, "offsets must rise from 0 to the rows of values");
    return NULL;
}

/* The losses of the steps, a list. */
static PyObject *steps(training *t, Py_ssize_t count) {
    PyObject *const losses = PyList_New(0);
    for (Py_ssize_t i = 0; losses && i < count; i++) {
        double loss = 0;
        int status;
        Py_BEGIN_ALLOW_THREADS;
        status = step(t, &loss);
        Py_END_ALLOW_THREADS;
        PyObject *const item = status == MSQ_OK ? PyFloat_FromDouble(loss) : error(status);
        if (!item || PyList_Append(losses, item) < 0) {
            Py_XDECREF(item);
            Py_DECREF(losses);
            return NULL;
        }
        Py_DECREF(item);
    }
    return losses;
}

static PyObject *train(PyObject *module, PyObject *args) {
    Py_buffer b[4];
    Py_ssize_t features, units, count;
    PyObject *losses = NULL;
    training t = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*w*nnnf", &b[0], &b[1], &b[2], &b[3], &features, &units,
                          &count, &t.rate))
        return NULL;
    const int64_t size = sizeof(float);
    t.values = b[0].buf, t.offsets = b[1].buf, t.targets = b[2].buf, t.weights = b[3].buf;
    t.features = features, t.units = units;
    t.batch = b[1].len / (int64_t)sizeof(int64_t) - 1;
    if (features >= 1 && units >= 1 && features < 1 << 20 && units < 1 << 20 && t.batch >= 1) {
        t.n = b[0].len / size / features;
        find_weights(&t);
    }
    if (t.start[WEIGHTS] == 0 || b[0].len != t.n * features * size || b[2].len != t.batch * size ||
        b[3].len != t.start[WEIGHTS] * size)
        PyErr_SetString(PyExc_ValueError,
                        "values, targets and weights must be float32 and fit features and units");
    else if (make_room(&t) < 0)
        PyErr_NoMemory();
    else
        losses = steps(&t, count);
    free(t.gradients);
    for (int i = 0; i < 4; i++)
        PyBuffer_Release(&b[i]);
    return losses;
}

static PyMethodDef methods[] = {
    {"train", train, METH_VARARGS,
     "train(values, offsets, targets, weights, features, units, steps, rate) -> losses\n\n"
     "Trains an LSTM and a dense layer with one output on the sequences\n"
     "values[offsets[b]:offsets[b + 1]]. weights: float32, writable, those of both layers as in\n"
     "Keras, one after the other; changed in place. offsets: int64. losses: before each step."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "train_lstm", .m_methods = methods};

PyMODINIT_FUNC PyInit_train_lstm(void) {
    if (maskseq_import() < 0)
        return NULL;
    return PyModule_Create(&module);
}
