"""What a file says reaches a terminal without anything that the terminal would obey."""

import pytest

from maskseq.importers import FormatError, UnsupportedLayerError
from maskseq.storage.text import MAX_SHOWN, one_line, printable


@pytest.mark.parametrize(
    "text, shown",
    [
        ("größe 漢字 🙂 back\\slash 'x'", "größe 漢字 🙂 back\\slash 'x'"),
        ("\x1b[2J\x1b]0;t\x07", "\\x1b[2J\\x1b]0;t\\x07"),
        ("a\nb\r\tc\0\x7f\x85\x9b", "a\\nb\\r\\tc\\x00\\x7f\\x85\\x9b"),
        ("\u202etxt\u2066\u200b\ufeff", "\\u202etxt\\u2066\\u200b\\ufeff"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        (b"\x1b".decode("latin-1") + "x", "\\x1bx"),
        (None, "None"),
        ("", ""),
    ],
)
def test_only_what_is_no_character_to_see_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(text).isprintable()


def test_no_unicode_character_gets_through_unless_it_is_printable():
    assert printable("".join(map(chr, range(0x110000))), limit=1 << 30).isprintable()


def test_long_text_is_cut_in_its_middle():
    shown = printable("a" * 5000 + "b" * 5000)
    assert len(shown) <= MAX_SHOWN + 5 and shown[0] == "a" and shown[-1] == "b"


def test_errors_about_files_escape_what_they_quote():
    for error in (FormatError("x\x1b.keras", "\x1b[2J"), UnsupportedLayerError("X\x1b[2J")):
        assert str(error).isprintable() and "\\x1b[2J" in str(error)
    assert FormatError("x\x1b.keras", "").path == "x\x1b.keras"
    assert FormatError("x", "\x1b").reason == "\\x1b"


@pytest.mark.parametrize(
    "error, said",
    [
        (ValueError("two\n  lines"), "two lines"),
        (MemoryError(), "MemoryError"),
        (KeyError("x"), "KeyError: 'x'"),
        (OSError(2, "gone", "\x1b"), "\\x1b: gone"),
        (RecursionError("deep\x1b"), "deep\\x1b"),
    ],
)
def test_an_exception_is_told_on_one_line(error, said):
    assert one_line(error) == said
