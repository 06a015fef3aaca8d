"""The C programs of tests/csrc, which .ci/memory builds and runs, leave no function out."""

import re
from pathlib import Path

import pytest

import maskseq

HEADERS = ("maskseq.h", "maskseq_training.h")
HEADER = "".join(Path(maskseq.get_include(), name).read_text() for name in HEADERS)
FUNCTIONS = re.findall(r"^\w[\w *]*?\b(msq_\w+)\(", HEADER, re.MULTILINE)
PROGRAMS = "".join(path.read_text() for path in Path(__file__).parent.rglob("*.c"))


def test_the_header_is_understood():
    assert len(FUNCTIONS) > 40
    assert {"msq_isa_name", "msq_pad_rows", "msq_rnn_backward_f32"} <= set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_of_the_c_api_is_called_with_made_up_arguments(function):
    assert f"{function}(" in PROGRAMS
