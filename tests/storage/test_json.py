"""JSON from files: what is refused, and that what it may cost is more than what it costs."""

import json as reference
import tracemalloc

import pytest

from maskseq.storage import json

ROOM = 1 << 30


def test_values_are_those_of_json():
    raw = b'{"a": [1, 2.5, null, true, "x"], "b": {"c": {}}}'
    assert json.strict(raw, ROOM) == reference.loads(raw)
    assert json.numbers(b"[[1, 2], []]", ROOM) == [[1, 2], []]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_json_has_not_are_numbers_of_data_only(constant):
    assert repr(json.numbers(f"[{constant}]".encode(), ROOM)[0]) == repr(float(constant))
    with pytest.raises(ValueError, match=f"{constant} is no JSON number"):
        json.strict(f'{{"a": [{constant}]}}'.encode(), ROOM)


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 2}', b'[{"b": {"a": 1, "c": 0, "a": 1}}]'])
def test_a_key_that_stands_twice_is_refused(raw):
    with pytest.raises(ValueError, match="a key stands there twice"):
        json.strict(raw, ROOM)


def test_values_nested_too_deep_are_refused():
    with pytest.raises(ValueError, match="nested too deep"):
        json.numbers(b"[" * 100_000 + b"]" * 100_000, ROOM)


N = 50_000
TEXTS = {
    "numbers": b"[" + b"1.5," * N + b"1]",
    "lists": b"[" + b"[]," * N + b"1]",
    "lists of one": b"[" + b"[1]," * N + b"1]",
    "dicts": b"[" + b"{}," * N + b"1]",
    "dicts of one": b"[" + b'{"a":1},' * N + b"1]",
    "strings": b"[" + b",".join(b'"%d"' % i for i in range(N)) + b"]",
    "keys": b"{" + b",".join(b'"%d":1' % i for i in range(N)) + b"}",
    "nested": b"[" * 500 + b"]" * 500,
}


@pytest.mark.parametrize("what", TEXTS)
def test_memory_is_bounded_by_the_cost_that_is_told_before(what):
    raw = TEXTS[what]
    cost = json.cost(raw)
    tracemalloc.start()
    try:
        kept = json.numbers(raw, cost)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept and peak <= cost + 10_000
    with pytest.raises(ValueError, match="would take .* MiB of memory"):
        json.numbers(raw, cost - 1)
