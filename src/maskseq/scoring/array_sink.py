"""Answers as .npz or .npy, as `data.files.read` takes them, without all of them in memory."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..data.ragged import Ragged
from ..models.answers import join
from .block import Answers

_STEPS = 1 << 16  # sequences that are padded at a time
_MEMBER: Any = {"mode": "w", "force_zip64": True}  # into the file that storage.atomic has opened


class Arrays:
    """Parts are .npz: `values` and `offsets`, or `x`, and `valid`, of a single output.

    A sequence without an answer is one without steps, or NaN. Columns beside it are left out.
    """

    def __init__(self, zipped: bool):
        self._zipped = zipped

    def part(self, answers: list[Answers], file: BinaryIO) -> None:
        if len(answers[0].scores) != 1:
            raise ValueError(f".npz and .npy hold one output, got {', '.join(answers[0].scores)}")
        found = join([next(iter(part.scores.values())) for part in answers])
        valid = np.concatenate([part.valid for part in answers])
        if isinstance(found, Ragged):
            np.savez(file, values=found.values, offsets=found.offsets)
            return
        if not valid.all():
            found = np.where(valid.reshape(-1, *[1] * (found.ndim - 1)), found, np.nan)
        np.savez(file, x=found)

    def join(self, parts: list[Path], file: BinaryIO) -> None:
        first = _loaded(parts[0])
        if "x" in first:
            self._write(
                file, {"x": ([_loaded(path)["x"].shape for path in parts], _each(parts, "x"))}
            )
        elif self._zipped:
            shapes = [_loaded(path)["values"].shape for path in parts]
            count = sum(len(_loaded(path)["offsets"]) - 1 for path in parts)
            offsets = [(count + 1,)], _offsets(parts)
            self._write(file, {"values": (shapes, _each(parts, "values")), "offsets": offsets})
        else:
            raggeds = [_ragged(path) for path in parts]
            time = max(ragged.time for ragged in raggeds)
            shapes = [(len(x), time, *x.features) for x in raggeds]
            self._write(file, {"x": (shapes, _padded(parts, time))})

    def _write(self, file: BinaryIO, arrays: dict[str, tuple[Any, Iterator[np.ndarray]]]) -> None:
        if not self._zipped:
            shapes, pieces = arrays["x"]
            _write_npy(file, shapes, pieces)
            return
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, (shapes, pieces) in arrays.items():
                with archive.open(f"{name}.npy", **_MEMBER) as member:
                    _write_npy(member, shapes, pieces)


def _write_npy(file: Any, shapes: list[tuple[int, ...]], pieces: Iterator[np.ndarray]) -> None:
    """The header of an array of these pieces, and the pieces."""
    first = next(pieces)
    shape = sum(shape[0] for shape in shapes), *shapes[0][1:]
    head = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(first.dtype)
    np.lib.format.write_array_header_1_0(
        head, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    file.write(head.getvalue())
    file.write(first.tobytes())
    for piece in pieces:
        file.write(piece.tobytes())


def _loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def _each(parts: list[Path], name: str) -> Iterator[np.ndarray]:
    return (_loaded(path)[name] for path in parts)


def _ragged(path: Path) -> Ragged:
    arrays = _loaded(path)
    return Ragged(arrays["values"], arrays["offsets"])


def _offsets(parts: list[Path]) -> Iterator[np.ndarray]:
    yield np.zeros(1, np.int64)
    end = 0
    for path in parts:
        offsets = _loaded(path)["offsets"]
        yield offsets[1:] + end
        end += int(offsets[-1])


def _padded(parts: list[Path], time: int) -> Iterator[np.ndarray]:
    for path in parts:
        ragged = _ragged(path)
        yield from (
            ragged[start : start + _STEPS].to_padded(time)
            for start in range(0, max(len(ragged), 1), _STEPS)
        )
