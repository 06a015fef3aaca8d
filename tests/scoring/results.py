"""Results written as a job writes them."""

import tempfile
from pathlib import Path

import numpy as np

from maskseq import Ragged
from maskseq.scoring.block import Answers
from maskseq.scoring.sink import format_of, replace


def made_of(result: Ragged | np.ndarray, path: Path, folder: Path):
    """The format of a file of that name, and a part in it, in `folder`."""
    kind = "jsonl" if path.suffix == ".jsonl" else "arrays"
    made, part = format_of(kind, str(path), plain=True), folder / "part"
    with part.open("wb") as file:
        made.part([Answers({}, {"score": result}, np.ones(len(result), bool), len(result))], file)
    return made, part


def result_in(path: Path, result: Ragged | np.ndarray) -> None:
    """Write answers to a file ending in .npy, .npz or .jsonl."""
    with tempfile.TemporaryDirectory() as folder:
        made, part = made_of(result, path, Path(folder))
        replace(path, made, [part])
