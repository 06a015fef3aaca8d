"""What a model costs on its data, with padding and without, and how fast it runs."""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from ..data.ragged import Ragged

SECONDS, LEAST = 1.0, 3  # how long they are timed, and how many times at least
MOST_CELLS = 4_000_000  # of a padded array that is made for the comparison


@dataclass(frozen=True)
class Cost:
    """Seconds of a call of `predict`: on the real steps; on as many as padding would make.

    padded is None where there is no padding, or where the padded array would be too large.
    """

    real: float
    padded: float | None


def cost_of(model: Any, x: Ragged, seconds: float = SECONDS) -> Cost:
    """Time `predict` on `x`, and on sequences that are all as long as the longest, in turns."""
    full = _lengthened(x)
    batches = [x] if full is None else [x, full]
    times: list[list[float]] = [[] for _ in batches]
    for batch in batches:
        model.predict(batch)
    end = time.perf_counter() + seconds
    while len(times[0]) < LEAST or time.perf_counter() < end:
        for batch, taken in zip(batches, times, strict=True):
            started = time.perf_counter()
            model.predict(batch)
            taken.append(time.perf_counter() - started)
    real, *padded = map(median, times)
    return Cost(real, padded[0] if padded else None)


def _lengthened(x: Ragged) -> Ragged | None:
    """Every sequence repeated up to the length of the longest: what padding would have computed."""
    lengths = x.lengths
    kept = lengths > 0
    cells = int(kept.sum()) * x.time
    if cells in (0, int(lengths.sum())) or cells * max(1, int(np.prod(x.features))) > MOST_CELLS:
        return None
    within = np.arange(x.time) % lengths[kept, None]
    rows = x.offsets[:-1][kept, None] + within
    return Ragged.from_lengths(x.values[rows.reshape(-1)], np.full(int(kept.sum()), x.time))
