"""`maskseq predict` on files of any size and number."""

import argparse
import sys
from typing import Any

from ..storage.text import printable
from .job import score

SKIPPED = 3


def predict(arguments: argparse.Namespace, model: Any) -> int:
    """Runs the command with a model and returns its exit status."""
    report = score(
        model,
        arguments.data,
        arguments.output,
        columns=_columns(arguments.columns),
        by=_names(arguments.by),
        sort=arguments.sorted_by,
        nulls=arguments.nulls,
        keep=None if arguments.keep is None else [x for x in arguments.keep.split(",") if x],
        batch_size=arguments.batch_size,
        batch_steps=arguments.batch_steps,
        threads=arguments.threads,
        workers=arguments.workers,
        on_error=arguments.on_error,
        resume=arguments.resume,
        format=arguments.format,
        progress=True,
    )
    for said in report.errors:
        print(f"maskseq: warning: {printable(said)}: no answer", file=sys.stderr)
    if report.skipped > len(report.errors):
        print(f"maskseq: warning: {report.skipped:,} without an answer in all", file=sys.stderr)
    out = sys.stderr if arguments.output == "-" else sys.stdout
    print(f"{report.sequences:,} sequences: {printable(arguments.output)}", file=out)
    return SKIPPED if report.skipped else 0


def _names(text: str | None) -> Any:
    """`a` as a name, `a,b` as a list of them."""
    if text is None:
        return None
    names = text.split(",")
    return names if len(names) > 1 else names[0]


def _columns(given: list[str] | None) -> Any:
    """Each --columns: NAMES, or INPUT=NAMES of a model of several inputs."""
    if given is None:
        return None
    pairs = [text.partition("=") for text in given]
    if all(equals for _, equals, _ in pairs):
        return {key: _names(names) for key, _, names in pairs}
    if len(given) > 1:
        raise ValueError("--columns: several must be INPUT=NAMES each")
    return _names(given[0])
