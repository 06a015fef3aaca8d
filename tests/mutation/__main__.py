"""Plants mutants and fails if the tests miss one.

python -m tests.mutation                all of them
python -m tests.mutation --part 3/10    every tenth, from the third on
python -m tests.mutation --only gru     those with "gru" in their names or files

With --seconds N no mutant is begun later than that: what is left out is said. With --suite-passed
the tests are not run without a mutant first.
"""

import argparse
import functools
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.mutant import SHARE_KILLED, Mutant, part_of, read_mutants
from tests.mutation.run import GOOD, KILLED, Outcome, build, run, run_without_mutants
from tests.mutation.tree import Tree


def chosen(arguments: list[str]) -> tuple[list[Mutant], argparse.Namespace]:
    """The mutants that the command line asks for, and its options."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th part of N, from 1")
    parser.add_argument("--only", default="", metavar="NAME", help="part of a name or a file")
    parser.add_argument("--seconds", type=float, default=math.inf, metavar="N")
    parser.add_argument("--suite-passed", action="store_true", help="as this tree is")
    options = parser.parse_args(arguments)
    part, _, parts = options.part.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        parser.error(f"--part must be K/N with 1 <= K <= N, got {options.part!r}")
    named = [x for x in read_mutants() if options.only in x.name or options.only in x.file]
    found = part_of(named, int(part), int(parts))
    return found or parser.error("there is no such mutant"), options


def row(outcome: Outcome) -> str:
    """A line of the table."""
    mutant = outcome.mutant
    return f"{outcome.verdict:14} {outcome.seconds:5.1f} s  {mutant.name:44} {outcome.why}"


def main(arguments: list[str]) -> int:
    """Runs what the arguments ask for. Returns the status: 0 if every mutant ends as it should."""
    (mutants, options), begun = chosen(arguments), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [Tree(Path(folder, str(k))) for k in range(os.cpu_count() or 1)]
        build(trees)
        if not options.suite_passed:
            run_without_mutants(trees, mutants)
            print(f"all tests pass without a mutant ({time.monotonic() - begun:.0f} s)", flush=True)
        show = functools.partial(print, flush=True)
        outcomes = run(trees, mutants, begun + options.seconds, lambda outcome: show(row(outcome)))
    killed = sum(x.verdict == KILLED for x in outcomes)
    bad = [x.mutant.name for x in outcomes if x.verdict not in GOOD]
    print(f"{killed} of {len(outcomes)} killed, {time.monotonic() - begun:.0f} s")
    if len(outcomes) < len(mutants):
        print(f"no time for {len(mutants) - len(outcomes)} more")
    if bad:
        print("not as they should be:", *bad)
    too_few = len(outcomes) == len(read_mutants()) and killed < SHARE_KILLED * len(outcomes)
    if too_few:
        print(f"less than {SHARE_KILLED:.0%} are killed")
    return 1 if bad or too_few else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
