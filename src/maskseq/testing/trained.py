"""check_invariance in training: do the weights after a step depend on padding or on threads?"""

from typing import Any

import numpy as np

from ..context import changed
from ..data.ragged import Ragged
from ..models import inputs as model_inputs
from ..runtime import num_threads
from ..tape import Tape
from ..tensor import convert_to_tensor, get_keras_mask, set_keras_mask
from ..variable import Trial
from .gradients import by_name, dense_gradient, inputs_of, outputs_on_tape

RATE = np.float32(0.1)
THREADS = (2, 3, 5)


def check_trained_weights(
    model: Any, x: Any, real: np.ndarray, extra: int, pad_value: float
) -> None:
    """See `check_invariance`.

    Arguments: real: bool (batch, time), the real steps of x.
    Raises: AssertionError naming the weights that got other bits, and by what.
    """
    given = inputs_of(model, x)
    expected = _trained(model, given, real, 1)
    ways = [(f"on {n} threads", given, n) for n in THREADS]
    for more in (extra, 2 * extra + 1):
        wide = _widened(model, x, real, more, pad_value)
        ways.append((f"with {more} more masked steps", wide, 1))
    told = []
    for way, values, threads in ways:
        found = _trained(model, values, real, threads)
        pairs = [(name, expected[name], found[name]) for name in expected]
        told += [
            f"{name} {way} (largest difference {_difference(a, b):.3g})"
            for name, a, b in pairs
            if a.tobytes() != b.tobytes()
        ]
    if told:
        raise AssertionError(f"a step of training gives other bits to {'; '.join(told)}")


def _trained(
    model: Any, values: list[Any], real: np.ndarray, threads: int
) -> dict[str, np.ndarray]:
    """The weights after a step of SGD, which the model does not keep."""
    tape = Tape(model.trainable_weights)
    with num_threads(threads), changed(edition=Trial()):
        outputs = outputs_on_tape(model, tape, [tape.hold(v) for v in values], True)
        outputs = [y for y in outputs if y.dtype.kind == "f"]
        starts = [_gradient(y, real, seed) for seed, y in enumerate(outputs)]
        found = tape.gradients(outputs, starts) if outputs else []
        for variable, gradient in zip(tape.variables, found, strict=bool(outputs)):
            variable.assign(variable.value - RATE * dense_gradient(gradient, variable))
        return {name: np.array(v.value) for name, v in by_name(model.weights).items()}


def _gradient(y: Any, real: np.ndarray, seed: int) -> np.ndarray:
    """Random numbers, as an output: 0 at masked steps, and at real ones the same in any padding."""
    random = np.random.default_rng(seed)
    mask = get_keras_mask(y)
    if mask is None or np.ndim(mask) != 2:
        if y.ndim < 3 or y.shape[1] < real.shape[1] or len(y) != len(real):
            return random.standard_normal(y.shape).astype(np.float32)
        mask = np.zeros(y.shape[:2], bool)
        mask[:, : real.shape[1]] = real
    cells = np.nonzero(mask)
    gradient = np.zeros(y.shape, np.float32)
    gradient[cells] = random.standard_normal((len(cells[0]), *y.shape[2:]))
    return gradient


def _widened(model: Any, x: Any, real: np.ndarray, extra: int, pad_value: float) -> list[Any]:
    """The inputs of a walk for `x` with `extra` more masked steps."""
    if not isinstance(x, Ragged):
        widths = [(0, 0), (0, extra), *[(0, 0)] * (x.ndim - 2)]
        return inputs_of(model, np.pad(x, widths, constant_values=pad_value))
    time = real.shape[1] + extra
    padded = convert_to_tensor(x.to_padded(time, value=pad_value))
    mask = np.pad(real, ((0, 0), (0, extra)))
    if getattr(model, "_plan", None) is not None:
        return model_inputs.standardize(model, padded, mask)
    set_keras_mask(padded, mask)
    return [padded]


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape:
        return float("inf")
    apart = np.abs(a.astype(np.float64) - b)
    return float("inf") if np.isnan(apart).any() else float(apart.max(initial=0))
