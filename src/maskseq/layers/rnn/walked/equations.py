"""The steps of LSTM, GRU and SimpleRNN with any activation of each number, there and back.

All arrays are float32 with a row for each step. Products with a state are functions of the caller:
`product(h, first, end)` of the gates from `first` to `end`, and `turned(d, first, end)`, their sum
of d U^T on the way back. `kept` is what a step keeps: its pre-activations.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ....activations import gradient_of
from ....numerics import slopes

Function = Callable[[np.ndarray], np.ndarray]
Product = Callable[[np.ndarray, int, int], np.ndarray]
Part = tuple[int, int, np.ndarray, np.ndarray]
"""(first gate, its last, what they were multiplied with, the gradient of the products)."""


def knows(function: Any) -> bool:
    """True for an activation of each number whose slope is known."""
    name = getattr(function, "__name__", "")
    return name in slopes.BACK and gradient_of(function) is not None


def with_slope(function: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """function(x), and its slope at x."""
    y, back = function(x), gradient_of(function)
    assert back is not None  # known: see `knows`
    return y, back(np.ones_like(x), y, x)


class Equations:
    """Of a cell with so many units and these activations."""

    def __init__(self, units: int, activation: Function, gate: Function):
        self.units, self.activation, self.gate = units, activation, gate

    def of_gates(self, x: np.ndarray, first: int, end: int) -> np.ndarray:
        return x[:, first * self.units : end * self.units]

    def keep(self, of_input: np.ndarray, product: Product, h: np.ndarray) -> np.ndarray:
        """`kept` of steps from the states h."""
        raise NotImplementedError

    def states(self, kept: np.ndarray, *states: np.ndarray) -> list[np.ndarray]:
        """The new states of steps from `states`, the output first."""
        raise NotImplementedError

    def prepare(self, kept: np.ndarray, before: list[np.ndarray], after: list[np.ndarray]) -> None:
        """Make what `back` needs of all steps at once."""
        raise NotImplementedError

    def back(
        self, at: slice, d: np.ndarray, turned: Product, *d_states: np.ndarray
    ) -> list[np.ndarray]:
        """The gradients of the states before the steps `at`, from those of the states after.

        Writes the gradients of what the steps kept into `d`.
        """
        raise NotImplementedError

    def of_input(self, d: np.ndarray) -> np.ndarray:
        """The columns of `d` that are gradients of the products with the input."""
        return d

    def parts(self, d: np.ndarray, h: np.ndarray) -> list[Part]:
        """The products with the states h before each step, and their gradients."""
        return [(0, d.shape[1] // self.units, h, d)]


class SimpleEquations(Equations):
    def keep(self, of_input: np.ndarray, product: Product, h: np.ndarray) -> np.ndarray:
        return of_input + product(h, 0, 1)

    def states(self, kept: np.ndarray, *states: np.ndarray) -> list[np.ndarray]:
        return [self.activation(kept)]

    def prepare(self, kept: np.ndarray, before: list[np.ndarray], after: list[np.ndarray]) -> None:
        self.slope = with_slope(self.activation, kept)[1]

    def back(
        self, at: slice, d: np.ndarray, turned: Product, *d_states: np.ndarray
    ) -> list[np.ndarray]:
        np.multiply(d_states[0], self.slope[at], out=d)
        return [turned(d, 0, 1)]


class LSTMEquations(Equations):
    def keep(self, of_input: np.ndarray, product: Product, h: np.ndarray) -> np.ndarray:
        return of_input + product(h, 0, 4)

    def states(self, kept: np.ndarray, *states: np.ndarray) -> list[np.ndarray]:
        i, f, new, o = np.split(kept, 4, axis=1)
        c = self.gate(f) * states[1] + self.gate(i) * self.activation(new)
        return [self.gate(o) * self.activation(c), c]

    def prepare(self, kept: np.ndarray, before: list[np.ndarray], after: list[np.ndarray]) -> None:
        of_if, slope_if = with_slope(self.gate, self.of_gates(kept, 0, 2))
        o, slope_o = with_slope(self.gate, self.of_gates(kept, 3, 4))
        new, slope_new = with_slope(self.activation, self.of_gates(kept, 2, 3))
        shown, slope_c = with_slope(self.activation, after[1])
        i, self.forget = np.split(of_if, 2, axis=1)
        slope_i, slope_f = np.split(slope_if, 2, axis=1)
        self.of_c = new * slope_i, before[1] * slope_f, i * slope_new
        self.of_h, self.h_to_c = shown * slope_o, o * slope_c

    def back(
        self, at: slice, d: np.ndarray, turned: Product, *d_states: np.ndarray
    ) -> list[np.ndarray]:
        dh, dc = d_states
        dc = dc + dh * self.h_to_c[at]
        for gate, factor in enumerate(self.of_c):
            np.multiply(dc, factor[at], out=self.of_gates(d, gate, gate + 1))
        np.multiply(dh, self.of_h[at], out=self.of_gates(d, 3, 4))
        return [turned(d, 0, 4), dc * self.forget[at]]


class GRUEquations(Equations):
    """With reset_after; kept are z r h, and what the state's product added to h."""

    def keep(self, of_input: np.ndarray, product: Product, h: np.ndarray) -> np.ndarray:
        of_state = product(h, 0, 3)
        gates = self.of_gates(of_input, 0, 2) + self.of_gates(of_state, 0, 2)
        of_state = self.of_gates(of_state, 2, 3)
        r = self.gate(self.of_gates(gates, 1, 2))
        candidate = self.of_gates(of_input, 2, 3) + r * of_state
        return np.concatenate([gates, candidate, of_state], axis=1)

    def states(self, kept: np.ndarray, *states: np.ndarray) -> list[np.ndarray]:
        z, new = self.gate(self.of_gates(kept, 0, 1)), self.activation(self.of_gates(kept, 2, 3))
        return [z * states[0] + (1 - z) * new]

    def prepare(self, kept: np.ndarray, before: list[np.ndarray], after: list[np.ndarray]) -> None:
        gates, slopes_of = with_slope(self.gate, self.of_gates(kept, 0, 2))
        new, slope = with_slope(self.activation, self.of_gates(kept, 2, 3))
        self.z, self.r = np.split(gates, 2, axis=1)
        self.to_z = (before[0] - new) * self.of_gates(slopes_of, 0, 1)
        self.to_r = self._reset(kept, before[0]) * self.of_gates(slopes_of, 1, 2)
        self.to_new = (1 - self.z) * slope

    def _reset(self, kept: np.ndarray, h: np.ndarray) -> np.ndarray:
        """What r is multiplied with."""
        return self.of_gates(kept, 3, 4)

    def _back_of_new(self, at: slice, d: np.ndarray, dh: np.ndarray) -> np.ndarray:
        """Writes the gradients of z and of h into `d`. Returns the latter."""
        np.multiply(dh, self.to_z[at], out=self.of_gates(d, 0, 1))
        return np.multiply(dh, self.to_new[at], out=self.of_gates(d, 2, 3))

    def back(
        self, at: slice, d: np.ndarray, turned: Product, *d_states: np.ndarray
    ) -> list[np.ndarray]:
        dh = d_states[0]
        new = self._back_of_new(at, d, dh)
        np.multiply(new, self.to_r[at], out=self.of_gates(d, 1, 2))
        np.multiply(new, self.r[at], out=self.of_gates(d, 3, 4))
        through = turned(self.of_gates(d, 0, 2), 0, 2) + turned(self.of_gates(d, 3, 4), 2, 3)
        return [dh * self.z[at] + through]

    def of_input(self, d: np.ndarray) -> np.ndarray:
        return self.of_gates(d, 0, 3)

    def parts(self, d: np.ndarray, h: np.ndarray) -> list[Part]:
        return [(0, 2, h, self.of_gates(d, 0, 2)), (2, 3, h, self.of_gates(d, 3, 4))]


class ResetBeforeEquations(GRUEquations):
    """Without reset_after; kept are z r h."""

    def keep(self, of_input: np.ndarray, product: Product, h: np.ndarray) -> np.ndarray:
        gates = self.of_gates(of_input, 0, 2) + product(h, 0, 2)
        r = self.gate(self.of_gates(gates, 1, 2))
        candidate = self.of_gates(of_input, 2, 3) + product(r * h, 2, 3)
        return np.concatenate([gates, candidate], axis=1)

    def _reset(self, kept: np.ndarray, h: np.ndarray) -> np.ndarray:
        return h

    def back(
        self, at: slice, d: np.ndarray, turned: Product, *d_states: np.ndarray
    ) -> list[np.ndarray]:
        dh = d_states[0]
        of_reset = turned(self._back_of_new(at, d, dh), 2, 3)
        np.multiply(of_reset, self.to_r[at], out=self.of_gates(d, 1, 2))
        through = of_reset * self.r[at] + turned(self.of_gates(d, 0, 2), 0, 2)
        return [dh * self.z[at] + through]

    def of_input(self, d: np.ndarray) -> np.ndarray:
        return d

    def parts(self, d: np.ndarray, h: np.ndarray) -> list[Part]:
        return [(0, 2, h, self.of_gates(d, 0, 2)), (2, 3, self.r * h, self.of_gates(d, 2, 3))]


EQUATIONS: dict[str, type[Equations]] = {
    "lstm": LSTMEquations,
    "gru": GRUEquations,
    "gru_reset_before": ResetBeforeEquations,
    "simple_rnn": SimpleEquations,
}
