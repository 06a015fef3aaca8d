"""The members of a `.keras` archive that describe a model."""

import os
from typing import NamedTuple

from ...storage.zip import Zip
from ..errors import FormatError

_WEIGHTS = "model.weights.h5"


class Archive(NamedTuple):
    """The members of a `.keras` file that describe a model."""

    metadata: bytes
    config: bytes
    weights: bytes


def read_archive(path: str | os.PathLike) -> Archive:
    """Read a `.keras` file. Raises FormatError unless it is a sound archive of a Keras model."""
    name = os.fspath(path)
    with open(name, "rb") as file:
        try:
            archive = Zip(file)
            return Archive(*map(archive.read, ("metadata.json", "config.json", _WEIGHTS)))
        except ValueError as error:
            raise FormatError(name, str(error)) from error
