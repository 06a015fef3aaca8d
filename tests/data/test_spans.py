"""Pieces of text put together in C: lists of them, and lines."""

import numpy as np
import pytest

from maskseq.data import _lists

TEXT = b"onetwothree"
SPANS = np.array([[0, 3], [3, 6], [6, 6], [6, 11]])


def test_pieces_become_lists():
    text, spans = _lists.bracketed(TEXT, SPANS, np.array([0, 2, 2, 4]))
    assert [text[a:b].tobytes() for a, b in spans] == [b"[one, two]", b"[]", b"[null, three]"]


def test_pieces_become_lines():
    columns = [(TEXT, SPANS), (np.frombuffer(b"xy", np.uint8), np.array([[0, 1]] * 3 + [[0, 2]]))]
    found = _lists.lines_of(columns, [b"<", b" ", b">\n"])
    assert found == b"<one x>\n<two x>\n<null x>\n<three xy>\n"
    assert _lists.lines_of([(b"", SPANS[:0])], [b"<", b">"]) == b""


@pytest.mark.parametrize("span", [[-1, 2], [2, 1], [3, 12], [12, 12]])
def test_pieces_outside_of_the_text_are_refused(span):
    spans = np.array([[0, 3], span])
    with pytest.raises(ValueError, match="piece 1 is outside of the text"):
        _lists.lines_of([(TEXT, spans)], [b"", b""])
    with pytest.raises(ValueError, match="piece 1 is outside of the text"):
        _lists.bracketed(TEXT, spans, np.array([0, 2]))


@pytest.mark.parametrize("offsets", [[], [-1, 2], [0, 5], [0, 3, 1, 4]])
def test_offsets_that_do_not_fit_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets must"):
        _lists.bracketed(TEXT, SPANS, np.array(offsets, np.int64))


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="of one length"):
        _lists.lines_of([(TEXT, SPANS), (TEXT, SPANS[:2])], [b"", b"", b""])
    with pytest.raises(ValueError, match="one entry more"):
        _lists.lines_of([(TEXT, SPANS)], [b""])
