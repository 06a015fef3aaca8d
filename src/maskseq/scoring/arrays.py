"""Arrays in .npy and .npz files, and lists in .json, as blocks: read whole, scored in pieces."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..data import files
from ..data.ragged import Ragged
from .block import Block, Reading
from .tables import cuts_of


def blocks(path: str, how: Reading, skip: int) -> Iterator[Block]:
    """The sequences of a file from number `skip` on. Raises: as `data.files.read`."""
    data = files.read(Path(path))
    if isinstance(data, Ragged):
        lengths = data.lengths
    else:
        lengths = np.full(len(data), int(np.prod(data.shape[1:2])))
    cuts = [(0, len(data))] if how.whole else cuts_of(lengths[skip:], how.steps)
    for start, stop in cuts:
        first, last = start + skip, stop + skip
        count = stop - start
        yield Block(data[first:last], {}, count, count, first, {}, last / len(data), path=path)
