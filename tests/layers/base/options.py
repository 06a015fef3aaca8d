"""Values of every argument of every layer's constructor, and combinations of them.

`covering` takes every value, or every pair of values of two arguments, into one combination at
least; `drawn` gives as many combinations as one likes.
"""

import functools
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskseq import layers
from maskseq.layers.base.arguments import arguments_of
from maskseq.testing.example import Example
from maskseq.testing.examples import EXAMPLES

BOTH = (False, True)
ACTIVATIONS = (None, "relu", "softmax", "gelu")
FORMATS = ("channels_last", "channels_first")
ANYWHERE: dict[str, tuple] = {
    "use_bias": BOTH,
    "return_sequences": BOTH,
    "return_state": BOTH,
    "go_backwards": BOTH,
    "stateful": BOTH,
    "unroll": BOTH,
    "zero_output_for_mask": BOTH,
    "unit_forget_bias": BOTH,
    "reset_after": BOTH,
    "center": BOTH,
    "scale": BOTH,
    "keepdims": BOTH,
    "mask_zero": BOTH,
    "use_scale": BOTH,
    "use_gate": BOTH,
    "invert": BOTH,
    "use_cudnn": ("auto", False),
    "implementation": (1, 2),
    "seed": (None, 3),
    "dropout": (0.0, 0.5),
    "recurrent_dropout": (0.0, 0.5),
    "rate": (0.0, 0.5),
    "stddev": (0.0, 0.5),
    "momentum": (0.5, 0.99),
    "epsilon": (1e-3, 0.5),
    "flash_attention": (None, False),
    "sliding_window": (None, 2),
    "activation": ACTIVATIONS,
    "recurrent_activation": ("sigmoid", "hard_sigmoid", "tanh"),
    "data_format": FORMATS,
    "sparse": (False,),
    "ragged": (False,),
    "pad_to_max_tokens": BOTH,
    "salt": (None, 7),
    "oov_method": ("floormod", "farmhash"),
    "encoding": ("utf-8", "UTF-8"),
    "weights": (None,),
    "input_length": (None,),
    "vocabulary_size": (None,),
    "negative_slope": (0.0, 0.2),
    "alpha": (0.5, 2.0),
    "filters": (4,),
    "kernel_size": (1, 2, 3),
    "strides": (1, 2),
    "dilation_rate": (1, 2),
    "groups": (1, 2),
    "depth_multiplier": (1, 2),
}
"""Values of arguments that mean the same in every layer."""
BY_ENDING = {
    "_initializer": ("ones", "uniform"),
    "initializer": ("ones", "uniform"),
    "_regularizer": (None, "l2"),
    "_constraint": (None, "non_neg"),
}


def own_values(name: str) -> Mapping[str, Sequence[Any]]:
    """Argument -> its values, as the first example of a layer gives them."""
    return _first_examples()[getattr(layers, name)].options


def values_of(name: str) -> dict[str, tuple]:
    """Argument -> its values, for all arguments of a layer that are not every layer's."""
    cls, found = getattr(layers, name), {}
    of_its_own = own_values(name)
    for argument, own in arguments_of(cls).items():
        if not own and argument != "activity_regularizer":
            continue
        ending = next((e for e in BY_ENDING if argument.endswith(e)), None)
        values = of_its_own.get(argument, ANYWHERE.get(argument))
        if values is None and ending:
            values = BY_ENDING[ending]
        if values is None:
            raise AssertionError(
                f"{name}: its first example in EXAMPLES needs values for {argument!r}"
            )
        found[argument] = tuple(values)
    return found


def allowed(name: str, chosen: dict[str, Any]) -> bool:
    """False for a combination that the layer refuses, as Keras's does, or that needs more steps
    than there are."""
    get = chosen.get
    if "strides" in chosen and "dilation_rate" in chosen:
        if name == "Conv1DTranspose" and get("dilation_rate") != 1:
            return False
        if get("strides") > 1 and get("dilation_rate") > 1:
            return False
        if get("data_format") == "channels_first":
            window = get("dilation_rate") * (get("kernel_size") - 1) + 1
            return get("padding") != "causal" and window <= (2 if name == "ConvLSTM1D" else 4)
    if get("pad_to_max_tokens") and not get("max_tokens"):
        return False
    if name in ("IntegerLookup", "StringLookup"):
        return (get("salt") is None) == (get("oov_method") == "floormod")
    if name == "TextVectorization":
        of_ids = get("output_mode") == "int"
        return of_ids or not get("output_sequence_length")
    return True


def drawn(name: str, count: int) -> list[dict[str, Any]]:
    """Combinations drawn at random; all, if they are no more than `count`."""
    options, rng = values_of(name), random.Random(name)
    if math.prod(len(v) for v in options.values()) <= count:
        found = list(itertools.product(*options.values()))
    else:
        found = [tuple(rng.choice(v) for v in options.values()) for _ in range(count)]
    made = (dict(zip(options, values, strict=True)) for values in found)
    return [chosen for chosen in made if allowed(name, chosen)]


def _groups(chosen: dict[str, Any], size: int) -> set[tuple]:
    """The groups of `size` values in a combination."""
    known = [(k, id(v) if callable(v) else repr(v)) for k, v in chosen.items()]
    return set(itertools.combinations(known, min(size, len(known))))


def covering(name: str, size: int) -> list[dict[str, Any]]:
    """Few of 400 combinations that hold all groups of `size` values in them; found greedily."""
    everything = drawn(name, 400)
    groups = [_groups(x, size) for x in everything]
    left: set[tuple] = set().union(*groups)
    rng = random.Random(name)
    chosen: list[dict[str, Any]] = []
    while left:
        tried = rng.sample(range(len(groups)), min(len(groups), 60))
        best = max(tried, key=lambda i: len(groups[i] & left))
        if not groups[best] & left:
            best = max(range(len(groups)), key=lambda i: len(groups[i] & left))
        left -= groups[best]
        chosen.append(everything[best])
    return chosen


def example_of(name: str, chosen: dict[str, Any]) -> Example:
    """A layer made with these options, on the inputs of an example of it."""
    cls = getattr(layers, name)
    found = _first_examples()[cls]
    inputs = found.inputs
    if name == "Discretization":
        inputs = [x[:, :, 0] for x in inputs]
    if name == "GlobalAveragePooling1D" and chosen["data_format"] == "channels_first":
        inputs = [np.swapaxes(x, 1, 2) for x in inputs]  # in which a mask is of the last axis

    def make() -> Any:
        made = {k: v() if _makes_layers(v) else v for k, v in chosen.items()}
        return cls(**made)

    return Example(make, inputs, found.call)


@functools.cache
def _first_examples() -> dict[type, Example]:
    return {type(example.make()): example for example in reversed(EXAMPLES.values())}


def _makes_layers(value: Any) -> bool:
    return callable(value) and getattr(value, "__name__", "") == "<lambda>"
