"""The tree of weights in a file of Keras 3, or of Keras 2.12 to 2.15, by place.

A layer's weights are the datasets 0, 1, 2 ... in the group `vars` at its place in the tree, which
is a path of attributes and of classes: "layers/lstm_1/cell". Keras on Windows writes the path with
backslashes, as one name; Keras 2.12 and 2.13 have another word for "layers".
"""

from typing import Any

import numpy as np

from ..errors import FormatError
from ..hdf5 import Dataset, Group

_MAX_DEPTH = 100  # groups inside groups
_LAYERS = {"_layer_checkpoint_dependencies": "layers"}  # Keras 2.12 and 2.13
_OF_TRAINING = frozenset({"optimizer", "metrics"})  # beside the layers of a model
_OF_CHANCE = frozenset({"seed_generator", "_random_generator"})  # in any layer


class Tree:
    """The datasets of a tree; `take` gives those of a place, and notes that they are read."""

    def __init__(self, root: Group, path: str) -> None:
        self._path = path
        self._at: dict[str, dict[str, Dataset]] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._left: dict[str, dict[str, str]] = {}
        for name, dataset in datasets_of(root, path):
            parts = [_LAYERS.get(part, part) for part in name.replace("\\", "/").split("/")]
            place = "/".join(parts[:-2] if parts[-2:-1] == ["vars"] else parts[:-1])
            self._at.setdefault(place, {})[parts[-1]] = dataset
            for depth in range(place.count("/") + 1):
                self._children.setdefault("/".join(parts[:depth]), {}).setdefault(parts[depth])
            self._left.setdefault(place, {})[parts[-1]] = "/".join(parts)

    def take(self, place: str) -> list[Dataset]:
        """The datasets at a place, whose last name may begin with _ or not. Raises: FormatError."""
        head, _, last = place.rpartition("/")
        for name in (last, f"_{last}", last.lstrip("_")):
            here = f"{head}/{name}".lstrip("/")
            found = self._at.get(here)
            if found is None:
                continue
            if found.keys() != set(map(str, range(len(found)))):
                raise FormatError(self._path, f"weights {sorted(found)[:10]} at {place}")
            self._left.pop(here, None)
            return [found[str(number)] for number in range(len(found))]
        raise FormatError(self._path, f"no weights at {place}")

    def take_named(self, place: str, name: str) -> Dataset | None:
        """A dataset that is no weight but has a name, if there is one of it."""
        found = self._at.get(place, {}).get(name)
        if found is not None:
            self._left.get(place, {}).pop(name, None)
        return found

    def numbered(self, container: str, kind: str) -> list[str]:
        """The names of the members of one class that have weights, in their order.

        They are kind, kind_1, kind_2 ..., with gaps where Keras 2.13 met a layer twice.
        """
        found: dict[str, int] = {}
        for name in self._children.get(container, ()):
            start, _, number = name.rpartition("_")
            if name == kind:
                found[name] = 0
            elif start == kind and number.isdecimal():
                found[name] = int(number)
        return sorted(found, key=found.__getitem__)

    def check_all_taken(self) -> None:
        """Raises: FormatError naming weights that nothing has read, of whatever layer."""
        names = (name for found in self._left.values() for name in found.values())
        if left := sorted(name for name in names if not self._of_training(name)):
            more = f" and {len(left) - 10} more" if len(left) > 10 else ""
            raise FormatError(self._path, f"weights that no layer reads, {left[:10]}{more}")

    def _of_training(self, name: str) -> bool:
        parts = name.split("/")
        if _OF_CHANCE.intersection(parts):
            return True
        return any(
            part in _OF_TRAINING and (depth == 0 or "layers" in self._beside(parts[:depth]))
            for depth, part in enumerate(parts)
        )

    def _beside(self, parts: list[str]) -> Any:
        return self._children.get("/".join(parts), ())


def datasets_of(root: Group, path: str) -> list[tuple[str, Dataset]]:
    """(path, dataset) for all in a tree. Raises: FormatError for more paths than it may have."""
    found: list[tuple[str, Dataset]] = []
    stack: list[tuple[str, Group]] = [("", root)]
    while stack:
        place, group = stack.pop()
        inside = []
        for name in group:
            member = group[name]
            here = f"{place}/{name}".lstrip("/")
            depth = here.count("/")
            if depth > _MAX_DEPTH:
                raise FormatError(path, "groups that are nested too deep")
            root.spend(1 + depth, len(here) * depth)  # for whoever takes the path apart
            if isinstance(member, Group):
                inside.append((here, member))
            else:
                found.append((here, member))
        stack += reversed(inside)
    return found


def arrays_by_name(root: Group, path: str) -> dict[str, np.ndarray]:
    """Copies of all arrays of a file, of whichever form, without those of training."""
    start = root.get("model_weights")
    start = start if isinstance(start, Group) else root
    found = datasets_of(start, path)
    names = [name.replace("\\", "/") for name, _ in found]
    kept = [
        (name, dataset)
        for name, (_, dataset) in zip(names, found, strict=True)
        if not (name.split("/")[0] in _OF_TRAINING or _OF_CHANCE.intersection(name.split("/")))
    ]
    if sum(dataset.nbytes for _, dataset in kept) > root.file_size:
        raise FormatError(path, "arrays that together are larger than the file")
    return {name: np.array(dataset.read()) for name, dataset in kept}
