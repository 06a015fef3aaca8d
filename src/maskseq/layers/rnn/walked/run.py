"""A run of a cell of ours under a tape: step by step, but recorded as one.

Rows are taken in the order of time: those of a step are together, the longest sequences first. What
needs no step before it is done for all rows at once: products with the input, activations and their
slopes, gradients of the weights. A step of the walk back is one product and a few sums.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .... import _kernels
from ....configured import is_ours
from ....rows import Layout, Rows
from ....tape import Traced, value_of
from ..run_cell import in_time
from .equations import EQUATIONS, knows


def walks(cell: Any) -> bool:
    """True if the equations of `cell` are known, and it is the cell of a layer of ours."""
    return (
        is_ours(type(cell).advance)
        and is_ours(type(cell).after)
        and cell.kind in EQUATIONS
        and all(map(knows, cell.functions().values()))
    )


class _Factors:
    """Products of the gates of `kernel` (inputs, gates * units) with rows times factors.

    factors: of each gate float32 (batch, inputs), the sequences in the order of time; None: 1.
    """

    def __init__(self, kernel: np.ndarray, units: int, factors: list[np.ndarray] | None):
        self.kernel, self.units = kernel, units
        gates = kernel.shape[1] // units
        one = factors is not None and len(factors) == 1
        self.factors = factors * gates if factors is not None and one else factors
        self._packed: dict[tuple[int, int, bool], _kernels.PackedDense] = {}

    def _of(self, first: int, end: int, back: bool, bias: np.ndarray | None = None) -> Any:
        """The columns of some gates, packed."""
        packed = self._packed.get((first, end, back))
        if packed is None:
            part = slice(first * self.units, end * self.units)
            kernel = np.ascontiguousarray(self.kernel[:, part])
            added = None if bias is None else np.ascontiguousarray(bias[part])
            packed = _kernels.PackedDense(kernel, added, turned=back)
            self._packed[first, end, back] = packed
        return packed

    def product(
        self, x: np.ndarray, first: int, end: int, bias: np.ndarray | None = None, who: Any = None
    ) -> np.ndarray:
        """Of rows x of the sequences `who`, by default the first ones."""
        if self.factors is None:
            return _kernels.dense(np.ascontiguousarray(x), self._of(first, end, False, bias))
        who = slice(len(x)) if who is None else who
        parts = [
            _kernels.dense(x * self.factors[g][who], self._of(g, g + 1, False, bias))
            for g in range(first, end)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def turned(self, d: np.ndarray, first: int, end: int, who: Any = None) -> np.ndarray:
        """The gradient of x, from that of `product`."""
        if self.factors is None:
            return _kernels.dense_rows(d, self._of(first, end, True))
        who, total = slice(len(d)) if who is None else who, None
        for g in range(first, end):
            part = d[:, (g - first) * self.units : (g - first + 1) * self.units]
            found = _kernels.dense_rows(part, self._of(g, g + 1, True)) * self.factors[g][who]
            total = found if total is None else total + found
        return np.asarray(total)

    def outer(self, x: np.ndarray, d: np.ndarray, first: int, end: int, who: Any) -> np.ndarray:
        """The gradient of the kernel's columns."""
        if self.factors is None:
            return _kernels.outer(x, d)
        parts = []
        for g in range(first, end):
            part = d[:, (g - first) * self.units : (g - first + 1) * self.units]
            parts.append(_kernels.outer(x * self.factors[g][who], part))
        return np.concatenate(parts, axis=1)


class _Walk:
    """A run, in the order of time: `order` are the rows of the layout, `who` their sequences."""

    def __init__(self, cell: Any, rows: Rows, states: Any, reverse: bool, dropped: Any):
        self.layout: Layout = rows.layout
        self.by_length, at = in_time(self.layout, reverse)
        self.back = np.empty_like(self.by_length)  # the place of each sequence in that order
        self.back[self.by_length] = np.arange(self.layout.batch)
        ends = list(itertools.accumulate(map(len, at)))
        self.steps = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]
        none = np.zeros(0, np.int64)
        self.order = np.concatenate([none, *at])
        self.who = np.concatenate([none, *(np.arange(len(places)) for places in at)])
        self.cell, self.units, self.batch = cell, cell.units, self.layout.batch
        functions = cell.functions()
        self.equations = EQUATIONS[cell.kind](
            cell.units, functions["activation"], functions.get("recurrent_activation")
        )
        source = rows.source
        index = self.order if source.index is None else np.asarray(source.index)[self.order]
        self.x = np.asarray(source.array, np.float32)[index]
        of_input, of_state = (None, None) if dropped is None else dropped.ordered(self.by_length)
        self.of_input = _Factors(cell.kernel.value, self.units, of_input)
        self.of_state = _Factors(cell.recurrent_kernel.value, self.units, of_state)
        bias = None if cell.bias is None else cell.bias.value
        both = bias if bias is not None and bias.ndim == 2 else (bias, None)
        self.input_bias, self.state_bias = both
        zeros = np.zeros((self.batch, self.units), np.float32)
        given = [zeros] * cell.state_count if states is None else states
        self.started = [np.asarray(value_of(x), np.float32)[self.by_length] for x in given]

    def _product(self, h: np.ndarray, first: int, end: int) -> np.ndarray:
        return self.of_state.product(h, first, end, self.state_bias)

    def _projected(self) -> np.ndarray:
        gates = self.of_input.kernel.shape[1] // self.units
        return self.of_input.product(self.x, 0, gates, self.input_bias, self.who)

    def forward(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """(the outputs of the rows of the layout, the last states)."""
        count = len(self.order)
        of_input, now = self._projected(), [s.copy() for s in self.started]
        self.after = [np.empty((count, self.units), np.float32) for _ in now]
        parts = []
        for at in self.steps:
            states = [s[: at.stop - at.start] for s in now]
            kept = self.equations.keep(of_input[at], self._product, states[0])
            parts.append(kept)
            for new, all_of, held in zip(
                self.equations.states(kept, *states), self.after, now, strict=True
            ):
                all_of[at] = held[: len(new)] = new
        self.kept = np.concatenate([self._no_rows(), *parts])
        self.before = [self._before(*pair) for pair in zip(self.started, self.after, strict=True)]
        outputs = np.empty((count, self.units), np.float32)
        outputs[self.order] = self.after[0]
        return outputs, [s[self.back] for s in now]

    def _no_rows(self) -> np.ndarray:
        none = np.zeros((0, self.units), np.float32)
        wide = np.zeros((0, self.of_input.kernel.shape[1]), np.float32)
        return self.equations.keep(wide, self._product, none)

    def follow(self, outputs: np.ndarray) -> None:
        """What `forward` keeps, from the outputs of a run in C."""
        self.after = [outputs[self.order]]
        self.before = [self._before(self.started[0], self.after[0])]
        self.kept = self.equations.keep(self._projected(), self._product, self.before[0])
        if self.cell.state_count == 1:
            return
        self.after.append(np.empty_like(self.after[0]))
        now = self.started[1].copy()
        for at in self.steps:
            held = now[: at.stop - at.start]
            held[:] = self.equations.states(self.kept[at], held, held)[1]
            self.after[1][at] = held
        self.before.append(self._before(self.started[1], self.after[1]))

    def _before(self, first: np.ndarray, after: np.ndarray) -> np.ndarray:
        """A state before each step, from the first one and those after each."""
        found = np.empty_like(after)
        for number, at in enumerate(self.steps):
            size = at.stop - at.start
            start = self.steps[number - 1].start
            found[at] = first[:size] if number == 0 else after[start : start + size]
        return found

    def backward(
        self, d_outputs: np.ndarray | None, d_last: Sequence[np.ndarray | None], wanted: Any
    ) -> list[Any]:
        """The gradients of (rows, kernel, recurrent kernel, bias, *states)."""
        equations, zeros = self.equations, np.zeros((self.batch, self.units), np.float32)
        carry = [zeros.copy() if d is None else np.array(d)[self.by_length] for d in d_last]
        equations.prepare(self.kept, self.before, self.after)
        d_rows = None if d_outputs is None else d_outputs[self.order]
        d = np.empty_like(self.kept)
        for at in reversed(self.steps):
            now = [c[: at.stop - at.start] for c in carry]
            if d_rows is not None:
                now[0] = now[0] + d_rows[at]
            new = equations.back(at, d[at], self.of_state.turned, *now)
            for held, found in zip(carry, new, strict=True):
                held[: len(found)] = found
        return [*self._of_weights(d, wanted), *(c[self.back] for c in carry)]

    def _of_weights(self, d: np.ndarray, wanted: Any) -> list[Any]:
        of_input = self.equations.of_input(d)
        gates = of_input.shape[1] // self.units
        found: list[Any] = [None] * 4
        if wanted[0]:
            found[0] = np.empty_like(self.x)
            found[0][self.order] = self.of_input.turned(of_input, 0, gates, self.who)
        if wanted[1]:
            found[1] = self.of_input.outer(self.x, of_input, 0, gates, self.who)
        parts = self.equations.parts(d, self.before[0])
        if wanted[2]:
            outer = self.of_state.outer
            products = [outer(h, dz, a, b, self.who) for a, b, h, dz in parts]
            found[2] = np.concatenate(products, axis=1)
        if wanted[3]:
            found[3] = _kernels.column_sums(of_input)
            if self.state_bias is not None:
                sums = [_kernels.column_sums(part[3]) for part in parts]
                found[3] = np.stack([found[3], np.concatenate(sums)])
        return found


def walk_on_tape(
    cell: Any, rows: Traced, states: Sequence[Any] | None, reverse: bool, dropped: Any
) -> tuple[Any, Any, list[Any]]:
    """`run_on_tape` of a cell that `walks`.

    dropped: what its gates drop of the input and of the state, or None. Without it a cell that C
    knows runs there.
    """
    layout, source = rows.value.layout, rows.value.source
    outputs = np.zeros((layout.steps + 1, cell.units), np.float32)
    walk, packed = _Walk(cell, rows.value, states, reverse, dropped), cell.packed()
    in_c = dropped is None and isinstance(packed, _kernels.PackedRNN)
    if in_c:
        started = None if states is None else [np.asarray(value_of(x), np.float32) for x in states]
        _, last = _kernels.rnn(
            source.array,
            packed,
            layout.offsets,
            index=source.index,
            initial_state=started,
            reverse=reverse,
            out=outputs,
        )
        last = list(last)
    else:
        outputs[:-1], last = walk.forward()

    def backward(gradients: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        if in_c:
            walk.follow(outputs)
        d_outputs, *d_last = gradients
        found = walk.backward(d_outputs, d_last, wanted)
        return found[: len(wanted)]

    sources = [rows, cell.kernel, cell.recurrent_kernel, cell.bias, *(states or ())]
    made = rows.tape.record([Rows(outputs, layout), *last], sources, backward)
    return made[0], made[1], made[1:]
