"""Batches of queries and keys that the kernels of attention are tested with."""

from dataclasses import dataclass, field

import numpy as np

from maskseq import _kernels
from tests.support import reference

THREADS = (1, 2, 3, 5, 8)


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def steps_of(lengths, time, holes):
    """Ascending steps of each sequence: 0, 1, 2... or, with holes, any of `time`."""
    rng = np.random.default_rng(time)
    pick = [np.sort(rng.permutation(time)[:n]) if holes else np.arange(n) for n in lengths]
    return np.concatenate([np.zeros(0, np.int64), *pick])


def offsets_of(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@dataclass
class Case:
    """A batch of sequences by their numbers of real queries and keys."""

    queries: list
    keys: list
    heads: int = 2
    kv_heads: int = 1
    key_dim: int = 5
    value_dim: int = 3
    causal: bool = False
    holes: bool = False
    mask_heads: int | None = None
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        self.time = (max(self.queries, default=0) + 3, max(self.keys, default=0) + 3)
        self.q = random(sum(self.queries), self.heads, self.key_dim)
        self.k = random(sum(self.keys), self.kv_heads, self.key_dim)
        self.v = random(sum(self.keys), self.kv_heads, self.value_dim)
        self.offsets = offsets_of(self.queries), offsets_of(self.keys)
        self.steps = [
            steps_of(n, t, self.holes)
            for n, t in zip((self.queries, self.keys), self.time, strict=True)
        ]
        self.mask = None
        if self.mask_heads:
            shape = (len(self.queries), self.mask_heads, *self.time)
            self.mask = np.random.default_rng(1).random(shape) < 0.6

    def arguments(self):
        """Of the kernels, (positional, by name)."""
        mask = self.mask[:, 0] if self.mask_heads == 1 else self.mask
        steps = {"query_steps": self.steps[0], "key_steps": self.steps[1]}
        named = {"causal": self.causal, "mask": mask, **steps}
        return (self.q, self.k, self.v, *self.offsets), named

    def run(self, **options):
        arrays, named = self.arguments()
        return _kernels.attention(*arrays, **named, **options)

    def back(self, d_out, **options):
        arrays, named = self.arguments()
        return _kernels.attention_backward(d_out, *arrays, **named, **options)

    def expected(self):
        mask = self.mask
        if mask is not None:
            mask = np.broadcast_to(mask, (len(mask), self.heads, *self.time))
        return reference.attention(
            self.q,
            self.k,
            self.v,
            *self.offsets,
            *self.steps,
            self.key_dim**-0.5,
            self.causal,
            mask,
        )


SHAPES = [
    Case([0], [0]),
    Case([], []),
    Case([1], [1], key_dim=1, value_dim=1),
    Case([3, 0, 2], [2, 4, 0]),  # no query, and no key to attend to
    Case([31], [15], value_dim=7, key_dim=8),
    Case([32], [16], value_dim=8, key_dim=16),
    Case([33], [17], value_dim=9, key_dim=17, heads=4, kv_heads=2),
    Case([5, 70, 1], [64, 65, 130], value_dim=33, heads=3, kv_heads=3),
    Case([300], [40], value_dim=16),  # more than one item of work
    Case([1, 4, 2, 3], [33, 70, 0, 16], key_dim=33, value_dim=35),  # few queries: nothing is packed
]
PATTERNS = [
    {},
    {"causal": True},
    {"causal": True, "holes": True},
    {"mask_heads": 1},
    {"mask_heads": 2, "holes": True, "causal": True},
]
