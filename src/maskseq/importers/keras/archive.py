"""The members of a `.keras` archive that describe a model."""

from typing import NamedTuple

from ...storage.source import Given, Source
from ...storage.zip import Zip
from ..errors import FormatError

_ROOM = 12 << 20  # bytes of a small archive; they may be in memory five times
_TABLE = "/vocabulary.txt"
_WEIGHTS = "model.weights.h5"


class Archive(NamedTuple):
    """The members of a `.keras` file that describe a model."""

    metadata: bytes
    config: bytes
    weights: memoryview
    tables: dict[str, bytes]
    size: int  # of the archive, in bytes


def read_archive(given: Given) -> Archive:
    """Read a `.keras` file. Raises FormatError unless it is a sound archive of a Keras model."""
    source = Source.of(given)
    with source.open() as file:
        try:
            archive = Zip(file, _ROOM)
            metadata, config = archive.read("metadata.json"), archive.read("config.json")
            weights = archive.view(_WEIGHTS)
            tables = {name: archive.read(name) for name in archive.names if is_table(name)}
            return Archive(metadata, config, weights, tables, source.size)
        except ValueError as error:
            raise FormatError(source.name, str(error)) from error


def is_table(name: str) -> bool:
    """True for a vocabulary of a layer; layers inside layers have the same ones again."""
    return name.startswith("assets/") and name.endswith(_TABLE) and "/_" not in name
