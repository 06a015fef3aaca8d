"""What preprocessing layers learnt: vocabularies, which a `.keras` archive has as text; summaries.

Discretization of Keras 2 keeps not its boundaries, but a summary of what it learnt them from.
Source: keras.src.layers.preprocessing.index_lookup, save_assets and save_own_variables;
tf_keras.layers.Discretization, version 2.15.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ...layers.base.layer import Layer
from ..errors import FormatError
from ..hdf5 import Dataset
from .tree import Tree

_ROOM, _GROWTH = 1 << 20, 2  # bytes of text: so many, and so many for each of the archive


class Tables:
    """Texts of vocabularies, and the weights of their tokens, which are with those of the layers.

    Arguments: path: of the file, for errors.  texts: name of a member -> its bytes.  size: of the
        archive.
    Raises: FormatError for texts that are much larger than the archive.
    """

    def __init__(self, path: str, texts: Mapping[str, bytes] | None = None, size: int = 0) -> None:
        self._path, self._texts = path, texts or {}
        self._noted: list[tuple[Any, str, Dataset | None]] = []
        if sum(map(len, self._texts.values())) > _ROOM + _GROWTH * size:
            raise FormatError(
                path, "vocabularies that are much larger than the file; save it without compression"
            )

    def note(self, layer: Layer, place: str, tree: Tree) -> None:
        """Remember a layer that may have a table, and that its weights are read."""
        weights = tree.take_named(place, "idf_weights")
        if layer.has_vocabulary:
            self._noted.append((layer, place, weights))

    def read(self) -> list[Callable[[], None]]:
        """What gives each layer its table. Raises: FormatError for a text that does not fit one."""
        return [take for noted in self._noted if (take := self._read(*noted)) is not None]

    def _read(self, layer: Any, place: str, dataset: Dataset | None) -> Callable[[], None] | None:
        text = self._texts.get(f"assets/{place}/vocabulary.txt")
        weights = None if dataset is None else np.asarray(dataset.read())
        try:
            table = layer.read_table(None if text is None else _lines(text), weights)
        except (ValueError, TypeError, OverflowError) as error:
            raise FormatError(self._path, f"the vocabulary of '{layer.name}': {error}") from error
        return None if table is None else functools.partial(layer.take_table, table)


def _lines(text: bytes) -> list[bytes]:
    """The tokens of a text, one a line; Windows ends lines by two bytes."""
    lines = (text.replace(b"\r\n", b"\n") if b"\r" in text else text).split(b"\n")
    while lines and not lines[-1]:
        lines.pop()
    return lines


def idf_weights_of(layer: Any, datasets: list[Any], path: str) -> Callable[[], None]:
    """What gives a layer the weights of its tokens in a legacy file, whose config has the tokens.

    Raises: FormatError.
    """
    who = f"layer '{layer.name}' ({type(layer).__name__})"
    if len(datasets) != 1 or not isinstance(datasets[0], Dataset):
        raise FormatError(path, f"{who}: expected one array, the weights of its tokens")
    try:
        table = layer.read_table(None, np.asarray(datasets[0].read()))
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"{who}: {error}") from error
    if table is None:
        raise FormatError(path, f"{who}: weights of tokens, but its mode or vocabulary has none")
    return functools.partial(layer.take_table, table)


def is_summary(names: list[str]) -> bool:
    """True for the names of the weights of a layer that has a summary."""
    return len(names) == 1 and names[0].rsplit("/", 1)[-1] in ("summary", "summary:0")


def summaries_of(layers: Iterable[Layer], found: list[Any], path: str) -> list[Callable[[], None]]:
    """What gives each layer that needs one its summary, in order. Raises: FormatError."""
    waiting = [layer for layer in layers if layer.reads_summary]
    if found and len(found) != len(waiting):
        raise FormatError(path, f"{len(found)} summaries for {len(waiting)} Discretization layers")
    return [taking(*pair, path) for pair in zip(waiting, found, strict=False)]


def taking(layer: Any, dataset: Any, path: str) -> Callable[[], None]:
    """What gives a layer the boundaries out of its summary. Raises: FormatError."""
    who = f"layer '{layer.name}' ({type(layer).__name__})"
    if not isinstance(dataset, Dataset) or len(dataset.shape) != 2 or dataset.shape[0] != 2:
        raise FormatError(path, f"{who}: expected a summary of shape (2, n)")
    try:
        boundaries = layer.boundaries_of(np.asarray(dataset.read()))
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"{who}: {error}") from error
    return functools.partial(setattr, layer, "bin_boundaries", boundaries)
