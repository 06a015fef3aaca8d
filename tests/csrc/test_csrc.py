"""The C programs of tests/csrc, which .ci/memory builds and runs, leave no function out."""

import re
from pathlib import Path

import pytest

import maskseq

HEADERS = ("maskseq.h", "maskseq_training.h")
HEADER = "".join(Path(maskseq.get_include(), name).read_text() for name in HEADERS)
FUNCTIONS = re.findall(r"^\w[\w *]*?\b(msq_\w+)\(", HEADER, re.MULTILINE)
SOURCE = Path(__file__).parents[2] / "src" / "maskseq"
FACADE = [SOURCE / "_kernels.pyx", *(SOURCE / "facade").glob("*.pxi")]
# Beside those of the C API, functions that Python calls; names and numbers alone need no program.
CALLED = {name for file in FACADE for name in re.findall(r"\b(msq_\w+)\(", file.read_text())} - {
    "msq_get_api",
    "msq_fold_bytes",
    "msq_rnn_has_back",
    "msq_option_activation_count",
    "msq_option_activation_name",
}
PROGRAMS = "".join(path.read_text() for path in Path(__file__).parent.rglob("*.c"))


def test_the_header_is_understood():
    assert len(FUNCTIONS) > 40
    assert {"msq_isa_name", "msq_pad_rows", "msq_rnn_backward_f32"} <= set(FUNCTIONS)


@pytest.mark.parametrize("function", sorted({*FUNCTIONS, *CALLED}))
def test_every_function_is_called_with_made_up_arguments(function):
    assert f"{function}(" in PROGRAMS
