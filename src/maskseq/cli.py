"""The command line: `maskseq demo | predict | train | convert | info | report | check | doctor`.

An error is one line on stderr and exit 2.
"""

import argparse
import contextlib
import io
import os
import sys
import time
import warnings
from pathlib import Path
from statistics import median
from typing import NoReturn

import numpy as np

from . import Ragged, __version__, load_model, runtime
from .data import files as datafiles
from .given.progress import Bar
from .numerics.quantized import PRECISIONS
from .storage import atomic
from .storage.text import one_line, printable

DEMO = Path(__file__).parent / "demo"
DEMO_ACCURACY = 0.96  # the least that is right: the model had 0.984 where it was trained
DEMO_SECONDS = 1.0  # about how long the demo measures its speed
_PREDICT = """\
.parquet .arrow  list columns, or with --by one row a step; needs pyarrow
.csv             one row a step, with --by: rows of one key follow each other; needs pyarrow
.jsonl           one list a line, or an object with one: {"id": 7, "tokens": [5, 17, 3]}
.npz             `values` and `offsets`; or `x`, padded, with `lengths` or `mask` or neither
.npy .json       a padded array (batch, time, ...); one list of lists

DATA may be several files, directories and globs. .csv and .jsonl may end in .gz; `-` is standard
input or output. Answers are in the order of the data, beside its other columns (--keep).
An answer for every step is a list; in .csv it is one row a step.

Exit status: 0; 2 an error; 3 some sequences had no answer (--on-error skip); 130 interrupted. After
an error, an interruption or a kill, the same command with --resume goes on where it was.
"""
_CONVERTED = ".keras, .h5, .weights.h5 or .safetensors; of arrays alone (.pt, .npz) .safetensors"
_TRAIN = """\
CONFIG is JSON: {"model": ..., "optimizer": "adam", "loss": "mse", ...}, or the file of a model that
was compiled, whose training goes on. `model` is the path of a model file, from CONFIG's folder, or
a config as model.to_json() gives it. Beside it may stand the arguments of compile (optimizer,
loss, loss_weights, metrics, weighted_metrics) and of fit (epochs, batch_size, validation_split,
shuffle, class_weight), and seed.

DATA is a file as for `maskseq predict`. Labels are `labels` in a .npz, one for each sequence or one
for each step, or a file of their own: .npy, or .json and .jsonl with a number or a list for each
sequence."""


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show is escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            arguments = _parser().parse_args(argv)
            status = arguments.run(arguments)
            _flush()
            return status
        except KeyboardInterrupt:
            return _fail("interrupted", 130)
        except Exception as error:  # MemoryError and RecursionError too
            return _fail(one_line(error), 2)


def _fail(reason: str, status: int) -> int:
    try:
        _flush()
    except OSError:  # nobody reads it, or the disk is full: at exit Python would say so once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with contextlib.suppress(OSError):
        print("maskseq: error:", reason, file=sys.stderr)
    return status


def _flush() -> None:
    if sys.stdout is not None:  # as it is where the process was started without it
        sys.stdout.flush()


def _show_warning(message: Warning | str, *place: object) -> None:
    print("maskseq: warning:", printable(" ".join(str(message).split())), file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "maskseq", description="Masked sequence models on the CPU: a masked step costs nothing."
    )
    parser.add_argument("--version", action="version", version=f"maskseq {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("demo", help="score a trained model on real ragged data")
    command.set_defaults(run=_demo)

    command = commands.add_parser(
        "predict",
        help="run a model on a file of sequences",
        description=_PREDICT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("model", metavar="MODEL", help="a model file of Keras")
    add("data", metavar="DATA", nargs="+", help="files, directories, globs; - is standard input")
    add("-o", "--output", metavar="OUT", required=True, help="a file; - is standard output")
    add("--columns", metavar="NAMES", action="append", help="inputs: a, or a,b, or INPUT=a,b")
    add("--by", metavar="NAMES", help="one row a step: the columns of a sequence's key")
    add(
        "--sort",
        metavar="NAME",
        dest="sorted_by",
        help="the column that the steps of a sequence are sorted by",
    )
    add("--nulls", metavar="X", type=float, help="a number in place of a null")
    add("--keep", metavar="NAMES", help="columns that go along: a,b; '' for none")
    add("--batch-size", metavar="N", type=int, help="sequences at a time; by default cut by steps")
    add("--batch-steps", metavar="N", type=int, help="steps that are read at a time")
    add("--threads", metavar="N", type=int, help="threads, of all workers together")
    add("--workers", metavar="N", type=int, default=1, help="processes; 1 by default")
    add("--on-error", choices=("stop", "skip"), default="stop", help="skip: its answer is null")
    add("--resume", action="store_true", help="go on where the same command was ended")
    add("--format", choices=("jsonl", "csv", "arrow"), help="of standard input and output")
    add("--precision", choices=PRECISIONS, help="of the weights; float32 by default")
    command.set_defaults(run=_predict)

    command = commands.add_parser(
        "train",
        help="train a model on a file of sequences with labels",
        description=_TRAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("config", metavar="CONFIG", type=Path, help="JSON, or a compiled model's file")
    add("data", metavar="DATA", type=Path, help=".npy, .npz, .json or .jsonl")
    add(
        "-o",
        "--output",
        metavar="MODEL",
        type=Path,
        required=True,
        help=".keras, .h5 or .safetensors",
    )
    add("--labels", metavar="FILE", type=Path, help="labels, if they are not in DATA")
    add("--epochs", metavar="N", type=int, help="in place of the config's")
    add("--batch-size", metavar="N", type=int, help="in place of the config's")
    add("--validation-split", metavar="SHARE", type=float, help="in place of the config's")
    add("-q", "--quiet", action="store_true", help="no line for each epoch")
    command.set_defaults(run=_train)

    command = commands.add_parser("convert", help="write a model, or arrays, in another format")
    command.add_argument("input", metavar="IN", help="a model file of Keras")
    command.add_argument("output", metavar="OUT", type=Path, help=_CONVERTED)
    command.set_defaults(run=_convert)

    command = commands.add_parser("info", help="a model's layers and masks; how maskseq runs here")
    command.add_argument("model", metavar="MODEL", nargs="?", help="a model file of Keras")
    command.set_defaults(run=_info)

    command = commands.add_parser("report", help="a page about a model on a file of sequences")
    command.add_argument("model", metavar="MODEL", help="a model file of Keras")
    command.add_argument("data", metavar="DATA", type=Path, help=".npz, .json or .jsonl")
    command.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="the page, .html"
    )
    command.set_defaults(run=_report)

    command = commands.add_parser(
        "check", help="what weights in fewer bits change in the answers to a file of sequences"
    )
    command.add_argument("model", metavar="MODEL", help="a model file of Keras")
    command.add_argument("data", metavar="DATA", type=Path, help=".npy, .npz, .json or .jsonl")
    command.add_argument("--precision", choices=PRECISIONS, default="int8", help="int8 by default")
    command.set_defaults(run=_check)

    command = commands.add_parser("doctor", help="how maskseq is installed, and a test of its bits")
    command.set_defaults(run=_doctor)
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    model = load_model(DEMO / "japanese_vowels.keras")
    with np.load(DEMO / "japanese_vowels_test.npz") as file:
        utterances, speakers = Ragged(file["values"], file["offsets"]), file["labels"]
    lengths = utterances.lengths
    print(
        f"JapaneseVowels, test split: {len(lengths)} utterances of {len(set(speakers))} speakers, "
        f"{utterances.values.shape[1]} channels, {lengths.min()} to {lengths.max()} steps\n"
    )
    model.summary()

    def timed_pass() -> tuple[float, np.ndarray]:
        started = time.perf_counter()
        scores = model.predict(utterances)
        return time.perf_counter() - started, scores

    seconds, scores = timed_pass()
    count = max(3, int(DEMO_SECONDS / seconds))
    bar, passes = Bar(count, unit="passes"), []
    for number in range(1, count + 1):
        passes.append(timed_pass()[0])
        bar.update(number)
    bar.close()
    seconds = median(passes)
    right = scores.argmax(axis=-1) == speakers
    how = f"{runtime.isa()}, {runtime.get_num_threads()} threads"
    cells, steps = len(lengths) * int(lengths.max()), int(lengths.sum())

    print("\n" + _picture(lengths) + "\n")
    print(f"accuracy  {right.mean():.1%}: {right.sum()} of {len(right)} speakers named right")
    print(f"padding   {1 - steps / cells:.1%}: {cells - steps:,} of {cells:,} cells never computed")
    print(f"speed     {steps / seconds:,.0f} steps/s: {seconds * 1e3:.1f} ms for all, {how}")
    if right.mean() < DEMO_ACCURACY:
        print(f"maskseq: error: expected at least {DEMO_ACCURACY:.0%} right", file=sys.stderr)
        return 1
    return 0


def _picture(lengths: np.ndarray, rows: int = 10) -> str:
    """Some of the sequences, evenly from the longest to the shortest, a character for each cell."""
    real, padding = "█·"
    try:
        (real + padding).encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        real, padding = "#."
    chosen = np.sort(lengths)[np.linspace(len(lengths) - 1, 0, rows).astype(int)]
    lines = [f"{n:4} {real * n}{padding * (chosen[0] - n)}" for n in chosen.tolist()]
    lines.append(f"     {real} a real step  {padding} padding, never computed")
    return "\n".join(lines)


def _predict(arguments: argparse.Namespace) -> int:
    from .scoring import command
    from .scoring.source import kind_of

    size = arguments.batch_size
    if size is not None and size < 1:
        raise ValueError(f"--batch-size must be at least 1, got {size}")
    if arguments.output != "-":
        kind_of(arguments.output)
        atomic.check(arguments.output)
    model = load_model(arguments.model, precision=arguments.precision)
    return command.predict(arguments, model)


def _train(arguments: argparse.Namespace) -> int:
    from .training import command

    return command.train(arguments)


def _convert(arguments: argparse.Namespace) -> int:
    from .training import command

    return command.convert(arguments)


def _info(arguments: argparse.Namespace) -> int:
    if arguments.model:
        load_model(arguments.model).summary()
        print()
    runtime.show_config()
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from .report import report

    if arguments.output.suffix not in (".html", ".htm"):
        raise ValueError(f"{arguments.output}: expected a file ending in .html")
    model = load_model(arguments.model)
    data = datafiles.read(arguments.data)
    report(
        model,
        data,
        arguments.output,
        title=f"{Path(arguments.model).name} on {arguments.data.name}",
    )
    print(printable(arguments.output))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from .testing import check_precision

    model, data = load_model(arguments.model), datafiles.read(arguments.data)
    print(f"{arguments.precision}: {check_precision(model, data, arguments.precision)}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from .report.installation import installation, self_test

    for name, value in installation().items():
        print(f"{name:9} {value}")
    results = self_test()
    wrong = [where for where, right in results.items() if not right]
    print(f"bits      {'wrong' if wrong else 'right'} with {'; '.join(wrong or results)}")
    return 1 if wrong else 0
