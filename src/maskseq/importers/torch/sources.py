"""Weights by PyTorch's names: where each is in a dict, what it must look like, which are left."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...given import as_array
from ..arrays import read_weights

_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
_SHOWN = 8  # names in an error


class Source:
    """A dict of arrays, or a file of them, and which of its names were taken.

    weights: name -> array, where dicts inside dicts have names joined by dots; or a path. An array
    is anything with `.numpy()`, `__array__` or `__dlpack__`. If all names begin with "module." (of
    DataParallel) or "_orig_mod." (of torch.compile), that is taken off.
    """

    def __init__(self, weights: Any) -> None:
        if isinstance(weights, str | os.PathLike):
            weights = read_weights(weights)
        if not isinstance(weights, Mapping):
            raise TypeError(
                f"weights must be a dict of arrays, as a state_dict, or a path, got "
                f"{type(weights).__name__}"
            )
        self.arrays = dict(_flat(weights, ""))
        for wrapper in _WRAPPERS:
            if self.arrays and all(name.startswith(wrapper) for name in self.arrays):
                self.arrays = {k.removeprefix(wrapper): x for k, x in self.arrays.items()}
        self.taken: set[str] = set()

    def check_all_taken(self, part: "Part | None" = None, hint: str = "") -> None:
        """Raises: ValueError naming what nothing has taken, of all names or of those of a part."""
        left = [x for x in self.arrays if x not in self.taken and (part is None or part.owns(x))]
        if left:
            raise ValueError(f"weights that no layer takes: {shown(left)}{hint}")


def _flat(weights: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in weights.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def shown(names: Sequence[str]) -> str:
    """Some names, for an error."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{[*names[:_SHOWN]]}{more}"


class Part:
    """The weights of one module: those whose names fit a pattern.

    pattern: what stands before the names of the module's own weights, as "encoder.lstm."; in a
        pattern with a `*`, that is where they stand, as in "lstm.*_l1".
    names: PyTorch's name of a weight -> that in the dict, where it is another.
    who: the layer, for errors.
    """

    def __init__(
        self, source: Source, pattern: str, who: str, names: Mapping[str, str] | None = None
    ) -> None:
        self.source, self.who, self.names = source, who, dict(names or {})
        self.path = ""  # of a module inside the one that `names` speaks of
        self.head, star, self.tail = pattern.partition("*")
        self.numbered = bool(star)  # the pattern says which layer of several it is
        if "*" in self.tail:
            raise ValueError(f"{who}: a pattern has one * at most, got {pattern!r}")
        if self.head and not self.numbered and not self.head.endswith("."):
            if any(name.startswith(f"{self.head}.") for name in source.arrays):
                self.head += "."

    def module(self, name: str) -> "Part":
        """The part of a module inside this one."""
        found = copy.copy(self)
        found.head, found.path = f"{self.head}{name}.", f"{self.path}{name}."
        return found

    def of(self, who: str) -> "Part":
        """The same for errors of another layer."""
        found = copy.copy(self)
        found.who = who
        return found

    def layer(self, number: int) -> "Part":
        """The part of one of several recurrent layers, whose names end in _l0, _l1 and so on."""
        found = copy.copy(self)
        found.tail, found.numbered = f"_l{number}", True
        return found

    def owns(self, name: str) -> bool:
        """True for a name that belongs to the module."""
        if not name.startswith(self.head):
            return False
        return not self.tail or name.removesuffix("_reverse").endswith(self.tail)

    def key(self, name: str) -> str:
        """The name in the dict of the weight that PyTorch calls `name`."""
        stem = name.removesuffix("_reverse")
        place = f"{self.head}{stem}{self.tail}{name[len(stem) :]}"
        return self.names.get(f"{self.path}{name}", place)

    def __contains__(self, name: str) -> bool:
        return self.key(name) in self.source.arrays

    def get(self, name: str, shape: Sequence[int | None] | None = None) -> np.ndarray:
        """A weight. shape: what it must have; None in it is any size, None for it any shape.

        Raises: ValueError naming layer, weight, expected and got; TypeError for what is no array.
        """
        key = self.key(name)
        if key not in self.source.arrays:
            near = [x for x in self.source.arrays if self.owns(x)] or [*self.source.arrays]
            raise ValueError(f"{self.who}: no {key!r} in the weights; they have {shown(near)}")
        array = as_numpy(self.source.arrays[key], key)
        if shape is not None and not fits(array.shape, shape):
            wanted = str(tuple("any" if x is None else x for x in shape)).replace("'", "")
            raise ValueError(f"{self.who}: {key!r} must have shape {wanted}, got {array.shape}")
        self.source.taken.add(key)
        return array

    def skip(self, name: str) -> None:
        """Take a weight that is not used."""
        self.source.taken.add(self.key(name))


def fits(shape: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    """True if each size is the wanted one, where one is wanted."""
    if len(shape) != len(wanted):
        return False
    return all(want is None or size == want for size, want in zip(shape, wanted, strict=True))


def as_numpy(x: Any, name: str) -> np.ndarray:
    """The numbers of whatever is an array. Raises: TypeError for all else."""
    if not isinstance(x, np.ndarray):
        for method in ("detach", "cpu"):  # of a tensor that has a gradient, or is on a device
            x = getattr(x, method, lambda x=x: x)()
        if hasattr(x, "numpy"):
            try:
                x = x.numpy()
            except TypeError:  # bfloat16, which NumPy does not have
                x = x.float().numpy()
        elif hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            x = np.from_dlpack(x)
    found = as_array(x, name)
    if found.dtype.kind not in "fiub":
        raise TypeError(f"weights[{name!r}] must be an array of numbers, got {type(x).__name__}")
    return found
