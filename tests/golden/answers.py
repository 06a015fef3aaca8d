"""What layers, activations, operations and model files answer, as {name: list of arrays}.

`order` changes how an input lies in memory, not what it holds.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import maskseq
from maskseq import activations, ops
from maskseq.nest import flatten
from maskseq.tensor import convert_to_tensor, get_keras_mask
from maskseq.testing.examples import EXAMPLES
from maskseq.testing.subject import MASK
from tests.conformance.cases import CASES as LAYER_CASES
from tests.conformance.harness import INPUTS, masks_of
from tests.golden.exact import like, pattern, set_weights
from tests.golden.fewer_bits import in_fewer_bits
from tests.golden.wide import WIDE, WIDE_MASK
from tests.graph.test_ops import CASES, OPTIONS, PRODUCTS, X, Y
from tests.support.definitions.op_cases import MORE
from tests.support.keras_files import FILES
from tests.support.keras_files import answers as recorded

Order = Callable[[np.ndarray], np.ndarray]
Answers = Iterator[tuple[str, list[Any]]]


def carrying(x: np.ndarray, mask: np.ndarray | None) -> Any:
    tensor = convert_to_tensor(x)
    if mask is not None:
        tensor = tensor.view(type(tensor))
        tensor._keras_mask = mask
    return tensor


def with_masks(outputs: Any) -> list[Any]:
    """The outputs, each with its mask behind it."""
    return [part for x in flatten(outputs) for part in (x, get_keras_mask(x))]


def of_layer(layer: Any, arrays: list, masks: list, call: Callable | None, order: Order) -> list:
    """What a layer with weights of a pattern answers."""
    call = call or (lambda layer, *inputs: layer(inputs[0] if len(inputs) == 1 else list(inputs)))

    def run() -> Any:
        inputs = zip(arrays, masks, strict=True)
        return call(layer, *[carrying(order(x), mask) for x, mask in inputs])

    run()
    set_weights(layer)
    return with_masks(run())


def layer_examples(order: Order) -> Answers:
    for name, example in EXAMPLES.items():
        arrays = [like(x, i) for i, x in enumerate(example.inputs)]
        takes_mask = arrays[0].shape[:2] == MASK.shape
        for mask in (None, MASK) if takes_mask else (None,):
            masks = [mask] * len(arrays)
            answer = of_layer(example.make(), arrays, masks, example.call, order)
            yield f"{name}{'' if mask is None else ', masked'}", answer


def layer_options(order: Order) -> Answers:
    for case in LAYER_CASES:
        drawn = [INPUTS[name](np.random.default_rng(0)) for name in case.inputs]  # ids are kept
        narrow = [x.astype("int32" if x.dtype.kind == "i" else "float32") for x in drawn]
        arrays = [like(x, i) for i, x in enumerate(narrow)]
        layout = "mixed" if "mixed" in case.layouts else case.layouts[0]
        layer = case.make(maskseq.layers)
        answer = of_layer(layer, arrays, masks_of(case, layout), case.call, order)
        yield case.name, answer


def wide_layers(order: Order) -> Answers:
    for name, (make, shapes, call) in WIDE.items():
        arrays = [pattern(shape, i) for i, shape in enumerate(shapes)]
        masks = [WIDE_MASK if shape[:2] == WIDE_MASK.shape else None for shape in shapes]
        yield name, of_layer(make(), arrays, masks, call, order)


ENDS = np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, -3.4e38, 1e-45, 1e-30, 100, -100])


def activation_answers(order: Order) -> Answers:
    x = np.concatenate([pattern((15, 44), 1, -8, 8), np.resize(ENDS, (5, 44))])
    for name, function in activations.ACTIVATIONS.items():
        options = (0.5, -1.0) if name == "threshold" else ()
        yield name, [function(order(x), *options)]


def wider(argument: Any, seed: int) -> Any:
    """A larger array in the place of those of the cases; signs and range as there."""
    if not isinstance(argument, np.ndarray) or argument.shape != X.shape:
        return argument
    if argument.dtype == bool:
        return pattern((20, 44), seed) > 0
    if argument.dtype != np.float32:
        return argument
    low = -4 if argument.min() < 0 else 2**-8
    high = 4 if np.abs(argument).max() > 1 else 1
    return pattern((20, 44), seed, max(low, -high), high)


FIXED = {"take_along_axis", "reshape", "broadcast_to", "einsum", "matmul", *MORE}
"""Operations whose other arguments fit the arrays of the cases alone."""


def operations(order: Order) -> Answers:
    def run(name: str, arguments: Any) -> list[Any]:
        in_order = [order(a) if isinstance(a, np.ndarray) else a for a in arguments]
        return flatten(getattr(ops, name)(*in_order))

    for name, arguments in CASES.items():
        larger = arguments if name in FIXED else [wider(a, i) for i, a in enumerate(arguments)]
        yield name, run(name, larger)
    for i, (name, arguments) in enumerate(OPTIONS + PRODUCTS):
        yield f"{name} {i}", run(name, arguments)
    for name in ("sum", "prod", "mean", "var", "std", "logsumexp", "max", "min"):
        for axis in (None, 0, 1, (0, 2)):
            yield f"{name} along {axis}", run(name, (pattern((3, 40, 50), 5), axis))
    yield "matmul, wide", run("matmul", (pattern((3, 40, 50), 1), pattern((50, 33), 2)))
    yield "zeros of both kinds", run("max", (0 * X * Y, 1)) + run("minimum", (0 * X, 0 * Y))


def model_files(order: Order) -> Answers:
    for path in sorted(FILES.glob("*.keras")):
        inputs = [order(x) for x in recorded(path.stem, "in")]
        model = maskseq.load_model(path)
        yield path.stem, with_masks(model.predict(inputs if len(inputs) > 1 else inputs[0]))


PARTS: dict[str, Callable[[Order], Answers]] = {
    "layers": layer_examples,
    "options of layers": layer_options,
    "wide layers": wide_layers,
    "activations": activation_answers,
    "operations": operations,
    "model files": model_files,
    "fewer bits": in_fewer_bits,
}


def all_answers(order: Order = lambda x: x) -> Iterator[tuple[str, str, list[Any]]]:
    """(part, name, arrays), one after the other."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for part, answers in PARTS.items():
            for name, arrays in answers(order):
                yield part, name, arrays
