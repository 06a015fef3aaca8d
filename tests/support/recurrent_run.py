"""A recurrent layer there and back through the kernels, and its loss as float64 defines it."""

from dataclasses import dataclass, field

import numpy as np

from maskseq import _kernels
from tests.support import reference
from tests.support.batches import random_batch, random_weights

KINDS = ("lstm", "gru", "simple_rnn")  # those whose way back is in C


@dataclass
class RecurrentRun:
    """Sequences, weights, and the loss: the sum of outputs and last states times some numbers."""

    kind: str
    x: np.ndarray
    offsets: np.ndarray
    weights: list  # kernel, recurrent kernel, bias
    initial: list | None
    reverse: bool
    d_outputs: np.ndarray
    d_states: list
    num_threads: int = 1
    packed: _kernels.PackedRNN = field(init=False)

    def __post_init__(self):
        self.packed = _kernels.PackedRNN(self.kind, *self.weights)

    @property
    def units(self):
        return len(self.weights[1])

    def there(self):
        """(outputs and a row of zeros, last states, what is kept, cell states)."""
        outputs = np.zeros((len(self.x) + 1, self.units), np.float32)
        last, kept, c = _kernels.rnn_taped(
            self.x,
            self.packed,
            self.offsets,
            initial_state=self.initial,
            reverse=self.reverse,
            out=outputs,
            num_threads=self.num_threads,
        )
        return outputs, last, kept, c

    def back(self):
        """The gradients of what the products of input and state gave, and what is carried."""
        outputs, _, kept, c = self.there()
        way = self.way_back(outputs, kept, c)
        (carry,) = _kernels.rnn_backward(way, num_threads=self.num_threads)
        return (*self.parts(kept), carry)

    def way_back(self, outputs, kept, c):
        """That of a run which gave these."""
        return _kernels.RnnWayBack(
            self.packed,
            _kernels.PackedDense(self.weights[1], turned=True),
            self.offsets,
            kept,
            outputs if c is None else c,
            initial=None if self.initial is None else self.initial[-1],
            d_outputs=self.d_outputs,
            d_last=self.d_states[0],
            d_cell=self.d_states[-1],
            reverse=self.reverse,
        )

    def parts(self, kept):
        """The gradients of what the products of input and state gave, in the kernel's order."""
        units = self.units
        if self.kind != "gru":
            return kept, kept
        return np.concatenate([kept[:, units : 3 * units], kept[:, :units]], 1), kept[:, units:]

    def gradients(self):
        """In float64, of (x, kernel, recurrent kernel, bias, *initial states)."""
        outputs, *_ = self.there()
        of_input, of_state, carry = (a.astype(np.float64) for a in self.back())
        kernel, recurrent_kernel, bias = self.weights
        before = np.zeros_like(outputs[:-1])
        d_h = self.d_states[0].astype(np.float64)
        for b, (first, end) in enumerate(zip(self.offsets, self.offsets[1:], strict=False)):
            steps = range(first, end)[:: -1 if self.reverse else 1]
            for last, j in zip(steps, steps[1:], strict=False):
                before[j] = outputs[last]
            if end > first:
                j = steps[0]
                before[j] = 0 if self.initial is None else self.initial[0][b]
                d_h[b] = of_state[j] @ recurrent_kernel.T + (self.kind == "gru") * carry[b]
        d_bias = of_input.sum(0)
        if bias.ndim == 2:
            d_bias = np.stack([d_bias, of_state.sum(0)])
        found = [of_input @ kernel.T, self.x.T @ of_input, before.T @ of_state, d_bias, d_h]
        return found + [carry] * (self.kind == "lstm")

    def loss(self, x, kernel, recurrent_kernel, bias, *initial):
        """float64."""
        sequences = [x[a:b] for a, b in zip(self.offsets, self.offsets[1:], strict=False)]
        weights = kernel, recurrent_kernel, bias
        outputs, last = reference.rnn(
            self.kind, sequences, weights, initial=initial, reverse=self.reverse
        )
        states = zip(last, self.d_states, strict=True)
        return np.vdot(np.concatenate(outputs), self.d_outputs) + sum(
            np.vdot(a, b) for a, b in states
        )

    def arguments(self):
        """Those of `loss`, in float64."""
        initial = self.initial
        if initial is None:
            initial = [np.zeros_like(d) for d in self.d_states]
        return [np.float64(a) for a in (self.x, *self.weights, *initial)]


def random_run(rng, kind, lengths, features, units, **options):
    """Random values for all of it; `starts`: initial states too."""
    x, offsets = random_batch(rng, lengths, features)
    scale = np.float32(min(1, 2 / units**0.5))
    count = 2 if kind == "lstm" else 1
    floats = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    starts = options.pop("starts", False)
    return RecurrentRun(
        kind,
        x,
        offsets,
        [w * scale for w in random_weights(rng, kind, features, units)],
        [floats(len(lengths), units) for _ in range(count)] if starts else None,
        options.pop("reverse", False),
        floats(len(x), units),
        [floats(len(lengths), units) for _ in range(count)],
        **options,
    )


def same_arrays(got, want):
    """True if all have the same bits; None has those of None."""
    bits = [[None if a is None else a.tobytes() for a in arrays] for arrays in (got, want)]
    return bits[0] == bits[1]


def slope(function, arguments, number, direction, step=1e-3):
    """The derivative of a function of arrays along a direction of one, to the fourth order."""

    def difference(h):
        values = []
        for sign in (1, -1):
            moved = list(arguments)
            moved[number] = moved[number] + sign * h * direction
            values.append(function(*moved))
        return (values[0] - values[1]) / (2 * h)

    return (4 * difference(step / 2) - difference(step)) / 3
