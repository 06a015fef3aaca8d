"""Random weights and batches of recurrent layers, and how answers are compared."""

import numpy as np
from hypothesis import strategies as st

from tests.support import reference

KINDS = list(reference.STEPS)
LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=40)
SEED = st.integers(0, 2**32 - 1)


def random_weights(rng, kind, features, units):
    columns = reference.GATES[kind] * units
    bias = (2, columns) if kind == "gru" else (columns,)
    shapes = (features, columns), (units, columns), bias
    return [rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]


def random_batch(rng, lengths, features):
    """Rows of sequences one after the other, and their offsets."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return rng.normal(0, 1, (offsets[-1], features)).astype(np.float32), offsets


def split(x, offsets):
    return [x[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]


def assert_close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)


def same_bits(got, want):
    return all(
        (a is None and b is None) or a.tobytes() == b.tobytes()
        for a, b in zip((got[0], *got[1]), (want[0], *want[1]), strict=True)
    )
