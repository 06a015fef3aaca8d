"""Reads `.pt` and `.pth` files: a zip with a pickle of names, and a member for each storage."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...numerics.bfloat16 import widened
from ...storage.source import Given, Source
from ...storage.zip import Zip
from ..budget import Budget
from ..errors import FormatError
from .pickled import ADVICE, Storage, Tensor, unpickled

PICKLE = "/data.pkl"
_ROOM = 4 << 20  # bytes of a small archive that may be read
_NAMES, _BYTES_OF_ONE = 200_000, 64  # characters and values of names; bytes of a file for one more
_GROWTH = 2  # times the file: what its tensors may be together, as several may share a storage


def read_torch(given: Given) -> dict[str, np.ndarray]:
    """The tensors in a file of `torch.save`, by name, in its order, read-only.

    Names inside dicts and lists are joined by dots: "state_dict.lstm.weight_ih_l0", "layers.0".
    What is no tensor, such as the number of an epoch, is left out. bfloat16 becomes float32, which
    is exact; the other types stay. Tensors that share a storage share memory.
    Raises: FormatError (a ValueError) with path and reason: the file is damaged, or its pickle
        holds something else than tensors, numbers and texts in dicts, lists and tuples. Nothing in
        it is ever run.
    """
    source = Source.of(given)
    name, size = source.name, source.size
    with source.open() as file:
        try:
            archive = Zip(file, _ROOM)
            pickles = [x for x in archive.names if x.endswith(PICKLE) and x.count("/") == 1]
            if len(pickles) != 1:
                raise FormatError(name, f"no data.pkl in it; {ADVICE}")
            folder = pickles[0].removesuffix("data.pkl")
            found = unpickled(archive.read(pickles[0]), name, size)
            tensors = _named(found, name, size)
            return _Reader(archive, folder, name, size).arrays(tensors)
        except FormatError:
            raise
        except ValueError as error:
            raise FormatError(name, str(error)) from error


class _Left(NamedTuple):
    name: str
    value: Any


def _named(value: Any, path: str, size: int) -> dict[str, Tensor]:
    """The tensors of a structure. The same part may be in several places, and in itself."""
    budget = Budget(path, _NAMES + size // _BYTES_OF_ONE, "a structure of too many names")
    found: dict[str, Tensor] = {}
    left = [_Left("", value)]
    while left:
        name, value = left.pop()
        if type(value) is Tensor:
            if name in found:
                raise FormatError(path, f"two tensors called {name!r}")
            found[name or "tensor"] = value
            continue
        begin = f"{name}." if name else ""
        inside = [_Left(begin + key, x) for key, x in _inside(value, len(begin), budget)]
        left += reversed(inside)
    return found


def _inside(value: Any, length: int, budget: Budget) -> Iterator[tuple[str, Any]]:
    """The parts of a structure by their names, each of which is paid for with those before it."""
    if type(value) is dict:
        parts = value.items()
    elif type(value) is list or type(value) is tuple:
        parts = ((str(i), x) for i, x in enumerate(value))
    else:
        return
    for key, part in parts:
        budget.spend(1 + (length + len(key)) // 8)
        yield key, part


class _Reader:
    """The storages of an archive, each read once, and views of them."""

    def __init__(self, archive: Zip, folder: str, path: str, size: int) -> None:
        self.archive, self.folder, self.path = archive, folder, path
        self.room = Budget(
            path, _ROOM + _GROWTH * size, "tensors that share bytes, together more of them"
        )
        order = f"{folder}byteorder"
        said = archive.read(order) if order in archive.names else b"little"
        if said not in (b"little", b"big"):
            raise FormatError(path, f"byteorder {said[:20]!r}, expected little or big")
        self.order: Any = "<" if said == b"little" else ">"
        self.storages: dict[str, bytes] = {}
        self.made: dict[Tensor, np.ndarray] = {}

    def arrays(self, tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
        return {name: self.array(tensor) for name, tensor in tensors.items()}

    def array(self, tensor: Tensor) -> np.ndarray:
        if tensor not in self.made:
            self.made[tensor] = self._array(tensor)
        return self.made[tensor]

    def _array(self, tensor: Tensor) -> np.ndarray:
        kind = {"bf16": "u2", "b1": "u1"}.get(tensor.dtype, tensor.dtype)
        dtype = np.dtype(kind).newbyteorder(self.order)
        dtype = np.dtype(kind) if dtype.isnative else dtype
        flat = np.frombuffer(self._storage(tensor.storage, dtype.itemsize), dtype)[tensor.offset :]
        strides = tuple(dtype.itemsize * x for x in tensor.strides)
        found = np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)
        self.room.spend(found.nbytes * (2 if tensor.dtype == "bf16" else 1))
        if tensor.dtype == "bf16":
            found = widened(found)
        elif tensor.dtype == "b1":
            found = found != 0
        elif not dtype.isnative:
            found = found.astype(dtype.newbyteorder("="))
        found.flags.writeable = False
        return found

    def _storage(self, storage: Storage, itemsize: int) -> bytes:
        """The bytes of a storage: as many as the pickle says."""
        if storage.key not in self.storages:
            self.storages[storage.key] = self.archive.read(f"{self.folder}data/{storage.key}")
        found = self.storages[storage.key]
        needed = storage.size * (itemsize if storage.dtype else 1)
        if len(found) != needed:
            raise FormatError(
                self.path, f"storage {storage.key} has {len(found)} bytes, expected {needed}"
            )
        return found
