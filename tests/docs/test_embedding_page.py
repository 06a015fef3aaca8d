"""The C of docs/embedding.md: the module is built and imported, the way back is compiled."""

import re
from shutil import which

import pytest

from tests.docs.pages import DOCS
from tests.support.building import CC, compile_module, load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not which(CC[0]), reason="needs a C compiler"),
]
MODULE = """{start}
static PyObject *softmax(PyObject *self, PyObject *none) {{
    (void)self, (void)none;
    const float x[] = {{0, 0, 7}};
    const uint8_t mask[] = {{1, 1, 0}};
    float y[3];
    const int64_t rows = 1, n = 3;
    {call}
    return Py_BuildValue("(ddd)", y[0], y[1], y[2]);
}}
static PyMethodDef methods[] = {{
    {{"softmax", softmax, METH_NOARGS, NULL}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{
    PyModuleDef_HEAD_INIT, .m_name = "mine", .m_methods = methods}};
{init}
"""
TRAINING = """#include <maskseq_capi.h>
int way_back(const msq_rnn *lstm, msq_rnn_call call, const float *kernel,
             const float *recurrent_kernel, const float *d_h, float *d_kernel,
             float *d_recurrent_kernel, float *d_bias);
int way_back(const msq_rnn *lstm, msq_rnn_call call, const float *kernel,
             const float *recurrent_kernel, const float *d_h, float *d_kernel,
             float *d_recurrent_kernel, float *d_bias) {
    int64_t bad;
    int status;
    %s
    return status;
}
"""


def blocks():
    text = (DOCS / "embedding.md").read_text("utf-8")
    return re.findall(r"^```c\n(.*?)^```", text, re.S | re.M)


def test_module_of_the_page_is_imported_and_computes(tmp_path):
    start, init = blocks()[0].split("PyMODINIT_FUNC")
    init, call = init.split("/* then: */")
    source = tmp_path / "mine.c"
    source.write_text(MODULE.format(start=start, init=f"PyMODINIT_FUNC{init}", call=call), "utf-8")
    assert load(compile_module(source, tmp_path)).softmax() == (0.5, 0.5, 0.0)


def test_way_back_of_the_page_is_that_of_the_headers(tmp_path):
    source = tmp_path / "back.c"
    source.write_text(TRAINING % blocks()[1], "utf-8")
    assert compile_module(source, tmp_path).exists()
