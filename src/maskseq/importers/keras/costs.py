"""What the model of a config may cost, for the size of its file.

A config of a few bytes can ask for anything: layers and calls, weights, arrays on which a call is
tried for the shape of its result. Each has a budget that grows with the file.
"""

import contextlib
import math
from collections.abc import Iterator

import numpy as np

from ...graph.trial import meter
from ...variable import weight_source
from ..budget import Budget
from ..errors import FormatError

# Steps of the budget of a model; a value in a list takes one. A step takes up to 10 us.
LAYER, CALL, TENSOR, _WEIGHT, _TRIED = 8, 8, 4, 5, 3
_STEPS, _BYTES_OF_A_STEP = 90_000, 256  # for a file of any size, and of a file for one step more
_CELLS, _CELLS_OF_A_BYTE = 1 << 26, 8  # on which calls are tried, all together
_LARGEST = 1 << 22  # cells of one array, and one more for each byte


def model_budget(path: str, size: int = 0) -> Budget:
    """For what a model is made of: 3,000 Dense layers, and one more for each 8 kB."""
    return Budget(path, _STEPS + size // _BYTES_OF_A_STEP, "a model of too many layers and calls")


@contextlib.contextmanager
def limited(path: str, size: int, budget: Budget) -> Iterator[None]:
    """Inside the `with`, new weights are zeros, no larger than a file of `size` bytes may hold, and
    trial calls work on no more cells than it allows."""
    room = Budget(path, 2 * size, "its layers need more weights than it holds")  # bytes of float32
    cells = Budget(path, _CELLS + _CELLS_OF_A_BYTE * size, "calls on too large arrays")

    def zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        budget.spend(_WEIGHT)
        room.spend(math.prod(map(int, shape)) * dtype.itemsize)
        return np.zeros(shape, dtype)

    def told(count: int) -> None:
        if count > _LARGEST + size:
            raise FormatError(path, f"a call on an array of {count} cells, too large to be tried")
        cells.spend(count)
        budget.spend(_TRIED)

    tokens = weight_source.set(zeros), meter.set(told)
    try:
        yield
    finally:
        weight_source.reset(tokens[0])
        meter.reset(tokens[1])
