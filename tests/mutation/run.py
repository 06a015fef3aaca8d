"""Plants mutants, one in a tree at a time, and says what became of each."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from tests.mutation.mutant import Mutant
from tests.mutation.tree import Result, Tree

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"
EQUIVALENT, NOT_EQUIVALENT = "equivalent", "NOT EQUIVALENT"
GOOD = {KILLED, EQUIVALENT}


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: a verdict, why, and the seconds that it took."""

    mutant: Mutant
    verdict: str
    why: str
    seconds: float


def judge(mutant: Mutant, built: Result | None, tested: Result) -> tuple[str, str]:
    """The verdict, and the test that killed the mutant or whatever else is behind the verdict."""
    if built and built.status != 0:
        return BROKEN, "it does not compile: " + " ".join(re.findall(r"error: .*", built.output))
    if tested.status in (4, 5):  # a wrong argument of pytest; no tests
        return BROKEN, "pytest finds no such tests: " + tested.output.strip()[-200:]
    if tested.status == 0:
        return (EQUIVALENT, mutant.equivalent) if mutant.equivalent else (SURVIVED, "")
    if tested.status is None:
        why = "hangs"
    elif tested.status < 0 or tested.status > 5:
        why = f"crashes ({tested.status})"
    else:
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", tested.output, re.MULTILINE)
        why = failed[1].removeprefix("tests/") if failed else "fails"
    return (NOT_EQUIVALENT if mutant.equivalent else KILLED), why


def try_mutant(tree: Tree, mutant: Mutant) -> Outcome:
    """Plants a mutant, builds, and runs its tests."""
    begun = time.monotonic()
    with tree.planted(mutant) as built:
        unbuilt = built is not None and built.status != 0
        tested = Result(None, "") if unbuilt else tree.test(mutant.tests)
    return Outcome(mutant, *judge(mutant, built, tested), time.monotonic() - begun)


def build(trees: list[Tree]) -> None:
    """Builds the trees. Raises: SystemExit if one does not compile."""
    for tree in trees:
        built = tree.build()
        if built.status != 0:
            raise SystemExit(built.output + "\nthe sources do not compile without any mutant")
        tree.keep_build()


def run_without_mutants(trees: list[Tree], mutants: list[Mutant]) -> None:
    """Runs the tests of each mutant. Raises: SystemExit if some fail already.

    They run apart, as they will with a mutant: tests that pass only after others would kill any.
    """
    with ThreadPoolExecutor(len(trees)) as pool:
        for tested in pool.map(trees[0].test, dict.fromkeys(mutant.tests for mutant in mutants)):
            if tested.status != 0:
                raise SystemExit(tested.output + "\nthe tests fail without any mutant")


def run(
    trees: list[Tree], mutants: list[Mutant], until: float, report: Callable[[Outcome], None]
) -> list[Outcome]:
    """The outcomes of the mutants; `report` is called with each as it is known.

    until: on the monotonic clock, when no other is begun.
    """
    free = SimpleQueue[Tree]()
    for tree in trees:
        free.put(tree)

    def attempt(mutant: Mutant) -> Outcome | None:
        if time.monotonic() > until:
            return None
        tree = free.get()
        try:
            outcome = try_mutant(tree, mutant)
        finally:
            free.put(tree)
        report(outcome)
        return outcome

    with ThreadPoolExecutor(len(trees)) as pool:
        return [outcome for outcome in pool.map(attempt, mutants) if outcome]
