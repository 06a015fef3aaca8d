"""Docstrings as the site shows them, and the names that its reference holds."""

import sys
from pathlib import Path

import maskseq

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
from docstrings import as_rst  # noqa: E402
from reference import MODULES, public  # noqa: E402

DOCSTRING = """\
What it does, with `code` and a *star.

Arguments:
    x: float32 (batch, time), of
        which one is x_.
    *more, x_: others.
    One line of prose: it is no name.
    It goes on.
Returns: what is
    left. Raises nothing.
Raises: ValueError for a|b.

    indented = 1
"""


def test_a_docstring_becomes_text_in_which_nothing_is_lost():
    assert as_rst(DOCSTRING.splitlines()) == [
        "What it does, with ``code`` and a \\*star.",
        "",
        "",
        "* ``x``: float32 (batch, time), of",
        "  which one is x\\_.",
        "",
        "* ``*more, x_``: others.",
        "",
        "One line of prose: it is no name.",
        "It goes on.",
        "",
        "",
        "",
        "**Returns:** what is left. Raises nothing.",
        "",
        "",
        "**Raises:** ValueError for a\\|b.",
        "",
        "::",
        "",
        "        indented = 1",
        "",
    ]


def test_the_reference_names_what_is_public():
    top = set(public(maskseq))
    assert {"Model", "Sequential", "Input", "Ragged", "pad_sequences", "load_model"} <= top
    assert "Adam" in public(maskseq.optimizers) and "softmax" in public(maskseq.ops)
    for name, value in public(maskseq).items():
        assert (value.__doc__ or "").strip(), f"maskseq.{name} has no docstring"
    for name in MODULES:
        module = getattr(maskseq, name, None)
        for key, value in public(module).items() if module else ():
            assert (value.__doc__ or "").strip(), f"maskseq.{name}.{key} has no docstring"


def test_a_long_word_takes_no_time():
    """Work is linear: a pattern that tries all ways to part a word would not end."""
    word = "word" * 2000
    assert word in as_rst(["Arguments:", "    " + word])
