"""Every mutant still applies to the present sources, and the runner sees what it must see."""

from collections import Counter

import pytest

from tests.mutation.mutant import SHARE_KILLED, Mutant, part_of, read_mutants
from tests.mutation.run import BROKEN, EQUIVALENT, KILLED, NOT_EQUIVALENT, SURVIVED, judge
from tests.mutation.tree import ROOT, Result

ALL = read_mutants()


def test_there_are_enough_and_their_names_differ():
    assert len(ALL) >= 150
    assert max(Counter(mutant.name for mutant in ALL).values()) == 1
    places = Counter((mutant.file, mutant.old, mutant.new) for mutant in ALL)
    assert max(places.values()) == 1


def test_few_are_listed_as_equivalent():
    assert sum(bool(mutant.equivalent) for mutant in ALL) <= (1 - SHARE_KILLED) * len(ALL)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_mutant_applies(mutant):
    source = (ROOT / mutant.file).read_text("utf-8")
    mutated = mutant.mutated(source)
    assert mutated != source
    if mutant.file.endswith(".py"):
        compile(mutated, mutant.file, "exec")
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).exists(), test
    assert mutant.tests


def test_parts_are_all_mutants():
    parts = [part_of(ALL, part, 10) for part in range(1, 11)]
    assert sorted(x.name for part in parts for x in part) == sorted(x.name for x in ALL)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def verdict(status, equivalent="", built=0):
    mutant = Mutant("a", "a.c", "<", "<=", ("a.py",), equivalent)
    return judge(mutant, Result(built, "error: no"), Result(status, "FAILED a.py::test - 1"))


def test_verdicts():
    assert verdict(1) == (KILLED, "a.py::test")
    assert verdict(-11) == (KILLED, "crashes (-11)")
    assert verdict(None) == (KILLED, "hangs")
    assert verdict(0) == (SURVIVED, "")
    assert verdict(0, "why") == (EQUIVALENT, "why")
    assert verdict(1, "why") == (NOT_EQUIVALENT, "a.py::test")
    assert verdict(1, built=1)[0] == BROKEN
    assert verdict(4)[0] == verdict(5)[0] == BROKEN


def test_old_text_must_occur_once():
    with pytest.raises(ValueError, match=r"a\.c has the old text 2 times"):
        Mutant("a", "a.c", "<", "<=", ()).mutated("a < b < c")
