"""A mutant: one small fault for a source file, and the tests that must fail because of it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

MUTANTS = Path(__file__).parent / "mutants"
SHARE_KILLED = 0.95  # of all mutants, at least: the others are equivalent, each with its reason


@dataclass(frozen=True)
class Mutant:
    """A table [[mutant]] of a file in mutants/.

    `old` occurs once in `file` and is replaced by `new`. `tests` are arguments of pytest, the
    quickest first. `equivalent` says why no test can see the fault, if none can.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    equivalent: str = ""

    def mutated(self, source: str) -> str:
        """The source with the fault. Raises ValueError if its place is not found exactly once."""
        if (count := source.count(self.old)) != 1:
            raise ValueError(f"{self.name}: {self.file} has the old text {count} times, not once")
        return source.replace(self.old, self.new)


def read_mutants() -> list[Mutant]:
    """All mutants, in the order of their files and of the tables in them."""
    return [
        Mutant(**{**table, "tests": tuple(table["tests"])})
        for path in sorted(MUTANTS.glob("*.toml"))
        for table in tomllib.loads(path.read_text("utf-8"))["mutant"]
    ]


def part_of(mutants: list[Mutant], part: int, parts: int) -> list[Mutant]:
    """Part 1, 2, ... of `parts`: every area has its share in each."""
    return mutants[part - 1 :: parts]
