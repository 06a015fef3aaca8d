"""check_gradients: are the gradients of a model those that differences of its answers show?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..context import changed, fixed
from ..models import inputs as model_inputs
from ..nest import flatten, map_structure
from ..numerics.draws import Draws
from ..rows import Rows
from ..tape import Tape, Traced, padded
from ..tensor import Tensor, as_numpy, get_keras_mask
from ..variable import Trial

STEPS = (0.2, 0.05, 0.0125, 0.003)
"""Of the differences, in units of a direction of length 1 a number."""
ROUNDING = 5e-7
"""How far, relative to the size of its terms, rounding may put off a sum of answers."""


def check_gradients(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    inputs: bool = False,
    training: bool = True,
    tolerance: float = 2e-3,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Compare the gradients of the weights of `model` with differences of its answers.

    Each weight in turn is moved a little to and fro in a random direction; the slope that shows, of
    which Richardson's rule takes the first error, must be that which the gradient says. Answers are
    float32, so that a slope is known to three or four digits: a wrong term shows, rounding does
    not. The weights stay as they are.

    Parameters
    ----------
    model : Model
        A Model, or a layer that is built.
    x : array_like
        What the model is called on: an array, a Ragged, or a list of such, one for each input.
    y : array_like, optional
        The labels for `loss`.
    loss : callable, optional
        A function loss(y, outputs) of padded arrays, written with maskseq.ops, that gives one
        number; by default the sum of all numbers that come out, each times a random number.
    inputs : bool, default False
        Check the gradients of the inputs of floats as well.
    training : bool, default True
        Run the layers as in training. Layers of ours then draw the same each time; so must those of
        users.
    tolerance : float, default 0.002
        The largest difference, relative to the length of the gradient.
    seed : int, default 0
        Of the directions.

    Returns
    -------
    dict
        {name of the weight: (slope by differences, slope by the gradient)}; the second weight of a
        name has " (2)" behind it.

    Raises
    ------
    AssertionError
        Naming the weight and both slopes.
    TypeError
        For a layer whose gradient is not known.
    ValueError
        If no output has floats and there is no `loss`.

    See Also
    --------
    check_layer

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.Dense(2)])
    >>> len(maskseq.testing.check_gradients(model, np.ones((2, 3, 4))))
    2
    """
    if not hasattr(model, "trainable_weights"):
        raise TypeError(f"model must be a model or a layer, got {model!r}")
    values = inputs_of(model, x)
    random = np.random.default_rng(seed)
    tape = Tape(model.trainable_weights)
    held = [_watched(tape, v) if inputs else tape.hold(v) for v in values]
    outputs = outputs_on_tape(model, tape, held, training)
    weigh = _weighing(loss, y, outputs, random)
    total, starts = weigh(outputs)
    named = by_name(tape.variables)
    watched = {f"input {i}": v for i, v in enumerate(held) if type(v) is Traced and v.needed}
    found = tape.gradients(total, starts, of=[*tape.variables, *watched.values()])
    result = {}
    for (name, source), gradient in zip((named | watched).items(), found, strict=True):
        gradient = dense_gradient(gradient, source)
        direction = random.standard_normal(gradient.shape).astype(np.float32)
        expected = float(np.vdot(gradient.astype(np.float64), direction))

        def value(step: float, source: Any = source, direction: Any = direction) -> Any:
            return _moved_value(model, values, held, source, step * direction, training, weigh)

        size = max(float(np.sqrt(np.square(gradient, dtype=np.float64).sum())), 1e-30)
        steps = [h * _scale(source) for h in STEPS]
        slope, apart = _nearest_slope(value, steps, expected, tolerance * size)
        result[name] = slope, expected
        if not apart <= tolerance * size:
            raise AssertionError(
                f"{name}: differences show a slope of {slope:.6g} in a random direction, "
                f"the gradient one of {expected:.6g}"
            )
    return result


def by_name(variables: list[Any]) -> dict[str, Any]:
    """The weights by name, those of a name that others have with a number."""
    names = [v.name for v in variables]
    unique = [
        name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})"
        for i, name in enumerate(names)
    ]
    return dict(zip(unique, variables, strict=True))


def inputs_of(model: Any, x: Any) -> list[Any]:
    """What a walk of the model is given."""
    if getattr(model, "_plan", None) is not None:
        return model_inputs.prepare(model, model_inputs.for_predict(model, x))
    return [model_inputs.as_value(v) for v in (x if isinstance(x, (list, tuple)) else [x])]


def _watched(tape: Tape, value: Any) -> Any:
    floats = isinstance(value, (np.ndarray, Rows)) and value.dtype.kind == "f"
    return tape.watch(value) if floats else tape.hold(value)


def outputs_on_tape(model: Any, tape: Tape, held: list[Any], training: bool) -> list[Any]:
    """The outputs, padded, in order."""
    context = fixed()
    edition = context.edition if type(context.edition) is Trial else Trial()
    with changed(
        tape=tape,
        training=training,
        padded_output=False,
        on_mask_loss="ignore",
        edition=edition,
        rng=Draws(0),
    ):
        if getattr(model, "_plan", None) is not None:
            outputs = model._walk(held)
        else:
            outputs = model.apply(held[0] if len(held) == 1 else held)
        outputs = flatten(map_structure(tape.hold, outputs))
        return [padded(x) if type(x) is Traced else x for x in outputs]


def _weighing(loss: Any, y: Any, outputs: list[Any], random: Any) -> Callable[[list[Any]], Any]:
    """A function of outputs: what is differentiated, and the gradients that the way back starts."""
    if loss is not None:

        def weigh(outputs: list[Any]) -> Any:
            total = loss(y, outputs[0] if len(outputs) == 1 else outputs)
            return [total], None

        return weigh
    weights = [random.standard_normal(x.shape).astype(np.float32) for x in outputs]
    counted = [i for i, x in enumerate(outputs) if x.dtype.kind == "f"]
    if not counted:
        raise ValueError("the model must have an output of floats, which a gradient can have")
    return lambda outputs: ([outputs[i] for i in counted], [weights[i] for i in counted])


def dense_gradient(gradient: Any, source: Any) -> np.ndarray:
    """A gradient as an array; zeros for None, and for what Rows lack."""
    value = source.value
    rows = type(value) is Rows
    if gradient is None:
        return np.zeros(value.values.shape if rows else np.shape(value), np.float32)
    if hasattr(gradient, "to_dense"):
        return gradient.to_dense()
    if rows and len(gradient) < len(value.values):
        whole = np.zeros(value.values.shape, np.float32)
        whole[: len(gradient)] = gradient
        return whole
    return np.asarray(gradient)


def _scale(source: Any) -> float:
    """How far a value may be moved: a share of the size of its numbers."""
    value = source.value
    numbers = np.asarray(value.values if type(value) is Rows else value, np.float64)
    size = float(np.sqrt(np.mean(np.square(numbers)))) if numbers.size else 0.0
    return min(max(size, 0.1), 1.0) / np.sqrt(np.sqrt(max(numbers.size, 1)))


def _nearest_slope(
    value: Callable[[float], tuple[float, float]], steps: list[float], expected: float, most: float
) -> tuple[float, float]:
    """The slope by the first of the steps that is `most` from the expected one, and how far it is.

    If none is as near: the nearest.
    """
    nearest = np.nan, np.inf
    for step in steps:
        slope, noise = _slope(value, step)
        apart = abs(slope - expected) - noise
        nearest = min(nearest, (slope, apart), key=lambda x: x[1])
        if apart <= most:
            break
    return nearest


def _slope(value: Callable[[float], tuple[float, float]], step: float) -> tuple[float, float]:
    """The slope at 0 by differences over two steps, and how far rounding may put it off."""
    ends, sizes = zip(*(value(s * step) for s in (1, -1, 0.5, -0.5)), strict=True)
    wide, narrow = (ends[0] - ends[1]) / (2 * step), (ends[2] - ends[3]) / step
    return (4 * narrow - wide) / 3, ROUNDING * max(sizes) / step


def _moved_value(
    model: Any,
    values: list[Any],
    held: list[Any],
    source: Any,
    move: Any,
    training: bool,
    weigh: Any,
) -> tuple[float, float]:
    """What is differentiated, with a weight or an input moved, and the size of its terms."""
    tape = Tape()
    with changed(edition=Trial()):
        inputs = [_moved_input(x, None) for x in values]
        if type(source) is Traced:
            place = next(i for i, x in enumerate(held) if x is source)
            inputs[place] = _moved_input(values[place], move)
        else:
            source.assign(source.value + move)
        outputs = outputs_on_tape(model, tape, [tape.hold(x) for x in inputs], training)
        parts, weights = weigh(outputs)
    if weights is None:
        total = float(np.asarray(parts[0], np.float64))
        return total, abs(total)
    numbers = [as_numpy(x.value).astype(np.float64).reshape(-1) for x in parts]
    terms = np.concatenate([x * w.reshape(-1) for x, w in zip(numbers, weights, strict=True)])
    return float(terms.sum()), float(np.sqrt(np.square(terms).sum()))


def _moved_input(value: Any, move: np.ndarray | None) -> Any:
    """An input of a walk, which may take its mask off, moved or as it is."""
    if type(value) is Rows:
        return value if move is None else value.with_values(value.values + move)
    if move is None and get_keras_mask(value) is None:
        return value
    moved = (as_numpy(value) if move is None else as_numpy(value) + move).view(Tensor)
    if get_keras_mask(value) is not None:
        moved._keras_mask = get_keras_mask(value)
    return moved
