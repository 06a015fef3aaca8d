"""The arrays in a file of weights, of whatever format, by name."""

import os
from pathlib import Path

import numpy as np

from ..storage import npy
from ..storage.zip import Zip
from . import formats
from .errors import FormatError
from .keras.file import read_keras_weights
from .safetensors import read_safetensors
from .torch.archive import PICKLE, read_torch

_ROOM = 4 << 20  # bytes of a small archive that may be read


def read_weights(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """All weights in a file, by name.

    Arguments: path: `.safetensors`; `.pt` or `.pth` of `torch.save` with plain tensors in dicts and
        lists; `.npz`; `.weights.h5`, legacy `.h5` or `.keras`. The bytes say which it is, not the
        name.
    Returns: name -> array, in the order of the file; float32 where the file has bfloat16, other
        types as they are. Names in files of Keras are paths: "layers/lstm/cell/vars/0" in those of
        Keras 3, "lstm/lstm/kernel:0" in legacy ones; what an optimizer keeps is left out there.
        In those of PyTorch names inside dicts are joined by dots, and arrays are read-only.
    Raises: FormatError (a ValueError) with path and reason. No code in a file is ever run.
    """
    name = os.fspath(path)
    kind = "" if os.path.isdir(name) else kind_of(name)
    if kind == "safetensors":
        return {key: np.array(x) for key, x in read_safetensors(name).arrays.items()}
    if kind == "torch":
        return read_torch(name)
    return _read_npz(name) if kind == "npz" else read_keras_weights(name)


def kind_of(name: str) -> str:
    """ "safetensors", "torch" or "npz" for files of that format, else ""."""
    with open(name, "rb") as file:
        start = file.read(formats.START)
        if formats.is_safetensors(name, start):
            return "safetensors"
        if start[:4] != b"PK\3\4":
            return ""
        try:
            names = Zip(file, _ROOM).names
        except ValueError:
            return ""
    if any(member.endswith(PICKLE) for member in names):
        return "torch"
    return "npz" if names and all(member.endswith(".npy") for member in names) else ""


def _read_npz(name: str) -> dict[str, np.ndarray]:
    with Path(name).open("rb") as file:
        try:
            archive = Zip(file, _ROOM)
            return {x.removesuffix(".npy"): npy.from_bytes(archive.read(x)) for x in archive.names}
        except ValueError as error:
            raise FormatError(name, str(error)) from error
