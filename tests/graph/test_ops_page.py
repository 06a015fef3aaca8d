"""docs/ops.md lists what maskseq.ops has of keras.ops, and what it leaves out."""

import re
from pathlib import Path

import pytest

from maskseq import ops

PAGE = (Path(__file__).parents[2] / "docs" / "ops.md").read_text("utf-8")


def names_in(heading):
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[2])]


def test_page_lists_each_operation_once():
    there, out = names_in("What is there"), names_in("What is not")
    assert len(there) > 230 and len({*there, *out}) == len(there) + len(out)
    assert all(callable(getattr(ops, name)) for name in there)
    assert not [name for name in out if hasattr(ops, name)]


@pytest.mark.slow
def test_page_lists_all_of_keras():
    keras = pytest.importorskip("keras")
    public = {name for name in dir(keras.ops) if not name.startswith("_")}
    assert {*names_in("What is there"), *names_in("What is not")} == public
