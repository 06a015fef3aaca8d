"""Writes safetensors files: named arrays and a few texts."""

import json
import os
from collections.abc import Mapping
from struct import pack
from typing import Any, BinaryIO

import numpy as np

from ..importers.safetensors import DTYPES
from ..numerics.quantized import Codes
from ..storage import atomic

_ALIGNED = 64  # bytes: the arrays begin at a multiple of it
_KINDS = {np.dtype(dtype): kind for kind, dtype in DTYPES.items() if kind != "BF16"}


def save_safetensors(
    path: Any,
    arrays: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = True,
) -> None:
    """Write arrays to a safetensors file, whole or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    arrays : dict of str to array
        Bools, integers of 8 to 64 bits, float16 to float64, or codes of bfloat16; any shape.
    metadata : dict of str to str, optional
        Texts that are kept in the file's head.
    overwrite : bool, default True
        Replace a file that is there.

    Raises
    ------
    TypeError
        For an array of something else.
    FileExistsError
        If the file is there and `overwrite` is False.
    OSError
        If it cannot be written.

    See Also
    --------
    save_weights

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> maskseq.savers.save_safetensors("arrays.safetensors", {"w": np.zeros((2, 3), "float32")})
    >>> maskseq.read_weights("arrays.safetensors")["w"].shape
    (2, 3)
    """
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{os.fspath(path)} is there already, and overwrite=False")
    with atomic.replacing(path) as file:
        write_safetensors(file, arrays, metadata)


def write_safetensors(
    file: BinaryIO, arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """The same into an open file. Arrays of wide numbers come first, so that all are aligned."""
    halves = {name for name, x in arrays.items() if type(x) is Codes and x.steps is None}
    found = {
        name: array.codes if name in halves else np.asarray(array) for name, array in arrays.items()
    }
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    order, at = sorted(found, key=lambda name: -found[name].dtype.itemsize), 0
    for name in order:
        array = found[name]
        kind = "BF16" if name in halves else _KINDS.get(array.dtype.newbyteorder("<"))
        if kind is None:
            raise TypeError(f"{name!r}: a safetensors file does not hold {array.dtype}")
        places = [at, at := at + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": places}
    raw = json.dumps(header, separators=(",", ":")).encode()
    raw += b" " * (-(8 + len(raw)) % _ALIGNED)
    file.write(pack("<Q", len(raw)) + raw)
    for name in order:
        little = found[name].astype(found[name].dtype.newbyteorder("<"), order="C", copy=False)
        file.write(np.ascontiguousarray(little).reshape(-1).view(np.uint8).data)
