"""How long real sequences are, and masks of them."""

import numpy as np


def long_tailed(rng, batch, time):
    """Log-normal lengths with a median of time / 4; one sequence is full."""
    lengths = np.clip(rng.lognormal(np.log(time / 4), 0.8, batch).astype(np.int64), 1, time)
    lengths[0] = time
    return lengths


def mask_of_share(rng, batch, time, real):
    """Right padding with about this share of real steps: lengths uniform around it."""
    spread = min(real, 1 - real)
    lengths = rng.uniform((real - spread) * time, (real + spread) * time, batch)
    return np.arange(time) < np.round(lengths)[:, None]
