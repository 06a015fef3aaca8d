"""Lists in JSON lines, read in C: as json and Ragged.from_list have them, or not at all."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskseq import Ragged
from maskseq.data import _lists

NUMBERS = st.one_of(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.integers(-9, 99),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.floats(-1e30, 1e30, allow_nan=False),
).map(json.dumps)
WRITTEN = st.sampled_from(["0", "-0", "-0.0", "1e5", "1E-3", "2.50", "1.e5", "01", "+1", ".5", "-"])
SPACE = st.sampled_from(["", "", "", " ", "\t", " \r"])


def joined(parts, left, right):
    return st.tuples(st.lists(parts, max_size=5), SPACE, SPACE).map(
        lambda x: f"{left}{x[1]}{f',{x[2]}'.join(x[0])}{x[2]}{right}"
    )


FLAT = joined(st.one_of(NUMBERS, NUMBERS, NUMBERS, WRITTEN), "[", "]")
INTS = joined(st.integers(-99, 99).map(str), "[", "]")
PAIRS = joined(st.tuples(NUMBERS, NUMBERS).map(lambda x: f"[{x[0]}, {x[1]}]"), "[", "]")
OTHER = st.sampled_from(["", "null", "7", "[true]", '["a"]', "[NaN]", "[1,]", "[[1], 2]", "[1] 2"])


def lines(*kinds):
    texts = st.one_of(*(st.lists(kind, min_size=1, max_size=4) for kind in kinds))
    return st.tuples(texts, st.booleans()).map(lambda x: "\n".join(x[0]) + "\n" * x[1])


def by_python(text):
    """Values and lengths; None if it is no JSON, or something else than lists of numbers."""
    try:
        rows = [json.loads(line) for line in text.encode().split(b"\n")]
        found = Ragged.from_list(rows)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.values, found.lengths


def check(found, expected):
    assert expected is not None
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
        assert ours.tobytes() == theirs.tobytes()


@given(
    lines(
        FLAT, INTS, PAIRS, st.one_of(INTS, OTHER), st.text('[]{},:"0123456789.-e \n', max_size=30)
    )
)
def test_what_is_read_is_what_python_reads(text):
    found = _lists.json_lists(text.encode())
    if found is not None:
        check(found, by_python(text.removesuffix("\n")))


@pytest.mark.parametrize("kind", [INTS, PAIRS], ids=["ints", "pairs"])
def test_plain_lists_are_read(kind):
    @given(lines(kind))
    def is_read(text):
        expected = by_python(text.removesuffix("\n"))
        if expected is not None and expected[0].size and np.isfinite(expected[0]).all():
            big = any(len(word.lstrip("-")) > 18 for word in text.replace(",", " ").split())
            if not big:
                check(_lists.json_lists(text.encode()), expected)

    is_read()


VALUES = st.sampled_from(
    [None, "", "a", 'q"]', "é\\", "é", [], [1, {"x": [2]}], {"y": "}"}, 1.5, True, False, 0, -7]
    + [10**17, 10**18, 1e30, "\x1f", "\x7f", "a, b", "nul", float("nan")]
)
MEMBERS = st.dictionaries(
    st.sampled_from(["a", "b", "xx", "é", 'a"', "\\", "\n"]), VALUES, max_size=3
)


def as_read(text, places, as_written):
    """The values whose JSON is at these places, with {} where there is none."""
    found = [text[a:b] for a, b in places]
    if as_written:
        for piece in found:
            assert not piece or json.dumps(json.loads(piece), ensure_ascii=False).encode() == piece
    return [json.loads(piece) if piece else {} for piece in found]


@given(st.lists(st.tuples(MEMBERS, INTS, st.booleans()), min_size=1, max_size=4), st.booleans())
def test_objects_are_read_without_their_list(rows, ascii):
    texts = []
    for members, numbers, first in rows:
        parts = [
            f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=ascii)}" for k, v in members.items()
        ]
        parts.insert(0 if first else len(parts), f'"x" : {numbers}')
        texts.append("{" + ", ".join(parts) + "}")
    text = "\n".join(texts).encode()
    kept = ["a", "xx"]
    found = _lists.json_lists(text, b"x", [key.encode() for key in kept])
    objects = [json.loads(text) for text in texts]
    if found is None:
        keys = "".join(key for row in objects for key in row)
        assert set(keys) & set('\\"é\n') or not any(row["x"] for row in objects)
        return
    expected = Ragged.from_list([row["x"] for row in objects])
    check(found[:2], (expected.values, expected.lengths))
    for key, places, as_written in zip(kept, *found[2:4], strict=True):
        values = as_read(text, places, as_written)
        assert repr(values) == repr([row.get(key, {}) for row in objects])
    json.loads(found[4])


@pytest.mark.parametrize(
    ("value", "written", "other"),
    [
        *(("null", True, []), ("true", True, []), ("-12", True, []), ('"é"', True, [])),
        *(("0", True, []), ("-0", False, [0]), ("1.50", False, [1.5]), ("nullx", False, None)),
        *(("01", False, None), ("[1, }", False, None), ('"a" 1', False, None), ("", None, None)),
        *(('"\\u0041"', False, ["A"]), ('"\\x"', False, None), ("[2]", False, [[2]])),
        *(("1 ", True, []), ("9" * 18, True, []), ("9" * 19, False, [int("9" * 19)])),
    ],
)
def test_what_is_beside_a_list_is_json_or_noticed(value, written, other):
    """written: as Python writes it; None: C sees that it is no JSON.  other: what json reads."""
    line = f'{{"x": [1], "v": {value}}}'.encode()
    found = _lists.json_lists(line, b"x", [b"v"]), _lists.json_lists(line, b"x")
    if written is None:
        assert found == (None, None)
        return
    assert found[0][3].tolist() == [written]
    assert line[slice(*found[0][2][0, 0])].strip() == value.strip().encode()
    if other is None:
        with pytest.raises(ValueError, match="Expecting|escape|delimiter"):
            json.loads(found[1][4])
    else:
        assert json.loads(found[1][4]) == other


def test_a_key_that_is_kept_stands_there_once():
    assert _lists.json_lists(b'{"a": 1, "x": [1], "a": 2}', b"x", [b"a"]) is None


@pytest.mark.parametrize(
    "line",
    [
        *('{"x": [1], "x": [2]}', '{"\\u0078": [1]}', '{"y": [1]}', '{"x": null}', '{"x": [1]} 3'),
        *('{"x": [1]', '{"x": [1],}', '{"x" [1]}', "{x: [1]}", "{}", "[1]", '{"x": ["1"]}', ""),
        *('{"x": [1], "y": "a', '{"x": [1], "y": [', "\0", '{"x": [1]\0}', '{"y": "\\'),
    ],
)
def test_other_objects_are_left_to_python(line):
    for text in (line, f'{{"x": [1]}}\n{line}', f'{line}\n{{"x": [1]}}\n'):
        if text != f'{{"x": [1]}}\n{line}' or line:
            assert _lists.json_lists(text.encode(), b"x") is None


def test_texts_of_floats_are_those_of_numpy(rng):
    values = np.concatenate(
        [
            np.exp(rng.uniform(np.log(1e-6), np.log(1e8), 20000)),
            rng.random(20000),
            np.round(rng.random(2000), 3),
            np.arange(-500, 500) / 8,
            2.0 ** np.arange(-20, 31),
            np.nextafter(np.float32(2) ** np.arange(-14, 21), np.float32(0)),
            10.0 ** np.arange(-6, 9),
            [0.0, -0.0, np.nan, np.inf, 999999.94, 1e6, 9.9999e-5],
        ]
    ).astype(np.float32)
    values[::2] *= -1
    expected = values.astype(str)
    asked = []
    text, spans = _lists.float_texts(values, lambda i: asked.append(i) or b"other")
    for i, (a, b) in enumerate(spans):
        ours = text[a:b].tobytes().decode()
        assert ours == ("other" if i in asked[:1] else expected[i])
        if i in asked[:1]:
            assert "e" in expected[i] or expected[i] in ("nan", "inf", "-inf")
            asked.pop(0)
    assert not asked


def test_a_text_of_a_number_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="at most 24 bytes, got 25"):
        _lists.float_texts(np.float32([1, np.nan]), lambda i: b"x" * 25)


@pytest.mark.parametrize(
    "line",
    [
        *("[[1], [1, 2]]", "[1, [2]]", "[[1], 2]", "[[]]", "[[[1]]]", "[1] []", "[01]", "[1.]"),
        *("[01, 2, 3, 4]", "[1, 0023, 4, 5]"),  # not at the end of the text
    ],
)
def test_other_lists_are_left_to_python(line):
    for text in (line, f"{line}\n[]", f"[]\n{line}\n"):
        assert _lists.json_lists(text.encode()) is None
