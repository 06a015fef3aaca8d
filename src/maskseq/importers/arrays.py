"""The arrays in a file of weights, of whatever format, by name."""

import numpy as np

from ..storage import npy
from ..storage.source import Given, Source
from ..storage.zip import Zip
from . import formats
from .errors import FormatError
from .keras.file import read_keras_weights
from .native import has_model
from .safetensors import read_safetensors
from .torch.archive import PICKLE, read_torch

_ROOM = 4 << 20  # bytes of a small archive that may be read


def read_weights(path: Given) -> dict[str, np.ndarray]:
    """All weights in a file, by name.

    Parameters
    ----------
    path : str, os.PathLike, BinaryIO or Source
        Of a file, or a file opened in binary mode: `.safetensors`; `.pt` or `.pth` of `torch.save`
        with plain tensors in dicts and lists; `.npz`; `.weights.h5`, legacy `.h5` or `.keras`. The
        bytes say which it is, not the name.

    Returns
    -------
    dict
        Name -> array, in the order of the file; float32 where the file has bfloat16, other types as
        they are. Names in files of Keras are paths: "layers/lstm/cell/vars/0" in those of Keras 3,
        "lstm/lstm/kernel:0" in legacy ones; what an optimizer keeps is left out there. In those of
        PyTorch names inside dicts are joined by dots, and arrays are read-only.

    Raises
    ------
    FormatError
        (a ValueError) with path and reason. No code in a file is ever run.
    OSError
        If the file cannot be read.

    See Also
    --------
    maskseq.importers.load_weights, from_torch, maskseq.savers.save_safetensors

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.npz")
    ...     np.savez(path, kernel=np.ones((2, 3)))
    ...     weights = maskseq.read_weights(path)
    >>> weights["kernel"].shape
    (2, 3)
    """
    source = Source.of(path)
    kind = kind_of(source)
    if kind == "safetensors":
        return {key: np.array(x) for key, x in read_safetensors(source).arrays.items()}
    if kind == "torch":
        return read_torch(source)
    return _read_npz(source) if kind == "npz" else read_keras_weights(source)


def kind_of(source: Source) -> str:
    """ "safetensors", "torch" or "npz" for files of that format, else ""."""
    if source.is_folder:
        return ""
    with source.open() as file:
        start = file.read(formats.START)
        if formats.is_safetensors(start):
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


def of_arrays(path: Given) -> bool:
    """True for safetensors without a model, a file of PyTorch, or a `.npz`."""
    source = Source.of(path)
    kind = kind_of(source)
    return bool(kind) and not (kind == "safetensors" and has_model(source))


def _read_npz(source: Source) -> dict[str, np.ndarray]:
    with source.open() as file:
        try:
            archive = Zip(file, _ROOM)
            return {x.removesuffix(".npy"): npy.from_bytes(archive.read(x)) for x in archive.names}
        except ValueError as error:
            raise FormatError(source.name, str(error)) from error
