"""The members of a `.keras` archive that describe a model."""

import os
from typing import NamedTuple

from ...storage.zip import Zip
from ..errors import FormatError

_ROOM = 12 << 20  # bytes of a small archive; they may be in memory five times
_TABLE = "/vocabulary.txt"
_WEIGHTS = "model.weights.h5"


class Archive(NamedTuple):
    """The members of a `.keras` file that describe a model."""

    metadata: bytes
    config: bytes
    weights: bytes
    tables: dict[str, bytes]
    size: int  # of the archive, in bytes


def read_archive(path: str | os.PathLike) -> Archive:
    """Read a `.keras` file. Raises FormatError unless it is a sound archive of a Keras model."""
    name = os.fspath(path)
    with open(name, "rb") as file:
        try:
            archive = Zip(file, _ROOM)
            metadata, config = archive.read("metadata.json"), archive.read("config.json")
            weights = archive.read(_WEIGHTS)
            tables = {name: archive.read(name) for name in archive.names if is_table(name)}
            return Archive(metadata, config, weights, tables, os.fstat(file.fileno()).st_size)
        except ValueError as error:
            raise FormatError(name, str(error)) from error


def is_table(name: str) -> bool:
    """True for a vocabulary of a layer; layers inside layers have the same ones again."""
    return name.startswith("assets/") and name.endswith(_TABLE) and "/_" not in name
