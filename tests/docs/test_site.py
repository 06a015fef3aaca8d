"""The names that the reference of the site holds."""

import sys
from pathlib import Path

import maskseq

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
from reference import public  # noqa: E402


def test_the_reference_names_what_is_public():
    top = set(public(maskseq))
    assert {"Model", "Sequential", "Input", "Ragged", "pad_sequences", "load_model"} <= top
    assert "Adam" in public(maskseq.optimizers) and "softmax" in public(maskseq.ops)
