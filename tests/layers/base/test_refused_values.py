"""What no constructor takes: every argument of every layer, given values that it cannot mean."""

import inspect
import re
import warnings

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.layers.base.arguments import arguments_of
from maskseq.testing.examples import EXAMPLES

NAMES = ("initializer", "regularizer", "constraint", "activation")
SHARES = ("dropout", "recurrent_dropout", "rate", "momentum")
TAKEN: dict[str, list] = {  # values that are odd and mean something all the same
    "axis": [-3], "axes": [-3], "shared_axes": [-3], "attention_axes": [-3],
    "alpha": [-3, -3.5], "seed": [-3], "salt": [-3],
    "mask_value": [-3, -3.5, "text", np.nan, [1.5, "a", None]],
    "scale": [-3, -3.5, np.nan], "offset": [-3, -3.5, np.nan], "mask_token": ["text", -3],
    "oov_token": ["text", -3], "mask": ["text", -3, -3.5, np.nan, [1.5, "a", None]],
    "arguments": ["text", -3, -3.5, np.nan, [1.5, "a", None]], "implementation": [-3],
    "input_length": [-3], "vocabulary_size": [-3], "weights": [[1.5, "a", None]],
}  # fmt: skip
OTHER_WORDS = {
    "LeakyReLU: alpha": "alpha|negative_slope",
    "Embedding: weights": "weight",
    "StringLookup: vocabulary": "vocabulary|text",
    "TextVectorization: vocabulary": "vocabulary|text",
}


def _wrong(name: str) -> list:
    if name.rpartition("_")[2] in NAMES:
        return ["nope", 5]
    if name in SHARES:
        return [1.5, -0.1, "text", None]
    return ["text", -3, -3.5, np.nan, [1.5, "a", None]]


def _is_taken(name: str, wrong: object) -> bool:
    return any(wrong is x or wrong == x for x in TAKEN.get(name, ()))


@pytest.mark.parametrize("name", sorted({type(x.make()).__name__ for x in EXAMPLES.values()}))
def test_every_argument_is_checked_when_a_layer_is_made(name):
    layer = next(x.make() for x in EXAMPLES.values() if type(x.make()).__name__ == name)
    cls, config = type(layer), layer.get_config()
    for argument, own in arguments_of(cls).items():
        for wrong in _wrong(argument) if own else ():
            if _is_taken(argument, wrong):
                continue
            words = OTHER_WORDS.get(f"{name}: {argument}", re.escape(argument))
            with pytest.raises((ValueError, TypeError), match=words) as told:
                cls.from_config({**config, argument: wrong})
            assert name in str(told.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(2, activation="rellu"), "Dense: activation: .* mean 'relu'"),
        (
            lambda: layers.LSTM(2, kernel_regularizer="l3"),
            "LSTM: kernel_regularizer: there is none called 'l3'",
        ),
        (lambda: layers.Dense(2, kernel_constraint="nonneg"), "kernel_constraint: .*'non_neg'"),
        (lambda: layers.Dense(2, activity_regularizer=3), "Dense: activity_regularizer must be"),
        (lambda: layers.LSTM(2, return_sequences="yes"), "return_sequences must be a bool, got"),
        (lambda: layers.Attention(dropout=1.5), "Attention: dropout must be between 0 and 1"),
        (lambda: layers.EinsumDense("abc", 3), "EinsumDense: equation must be like"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="d"), "bias_axes must be among"),
        (lambda: layers.Dense(2, dtype="flaot32"), "Dense: dtype must be float32, got 'flaot32'"),
        (lambda: layers.Dense(2, dtype="int8"), "Dense: dtype must be float32, got 'int8'"),
        (lambda: layers.Dense(2, name=5), "Dense: name must be a text or None, got 5"),
        (lambda: layers.Conv1D(0, 2), "Conv1D: filters must be an int, at least 1, got 0"),
        (lambda: layers.GRU(-1), "GRU: GRUCell: units must be a positive int, got -1"),
        (lambda: layers.Add(mask_rule=[]), r"Add: mask_rule must be one of .*, got \[\]"),
        (lambda: layers.Dense(2, dtype=[1]), r"Dense: dtype must be float32, got '\[1\]'"),
        (lambda: layers.BatchNormalization(axis=[1, 2]), r"axis must be an int, got \[1, 2\]"),
        (lambda: layers.Dense(2, kernel_regularizer={}), "Dense: kernel_regularizer must be a"),
        (lambda: layers.StackedRNNCells(3), "StackedRNNCells: cells must be a list of at least"),
        (lambda: layers.MultiHeadAttention(1, 1, sliding_window=[]), "sliding_window must be an"),
    ],
)
def test_the_error_says_what_would_be_right(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_class_of_ones_own_is_named_and_its_own_arguments_are_its_own():
    class Mine(layers.Dense):
        def __init__(self, units, rate, **kwargs):
            super().__init__(units, **kwargs)
            self.rate = rate

    assert Mine(2, "anything").rate == "anything"
    with pytest.raises(ValueError, match="Mine: use_bias must be a bool, got 'no'"):
        Mine(2, 0, use_bias="no")
    with pytest.raises(TypeError, match="units"):
        layers.Dense()

    class OfAText(layers.Dense):
        def __init__(self, units: str):
            super().__init__(len(units))

    assert OfAText("abc").units == 3


def test_signatures_show_what_a_constructor_takes():
    assert list(inspect.signature(layers.Dense).parameters)[:3] == [
        "units",
        "activation",
        "use_bias",
    ]


@pytest.mark.parametrize(
    "dtype", ["float16", "mixed_float16", "mixed_bfloat16", "bfloat16", "float64", np.float64]
)
def test_another_dtype_says_what_is_computed(dtype):
    with pytest.warns(UserWarning, match=r"LSTM: dtype='\w+': maskseq computes in float32") as told:
        layer = layers.LSTM(2, dtype=dtype)
    assert [x.filename for x in told] == [__file__]
    y = maskseq.Sequential([maskseq.Input((None, 3)), layer]).predict(np.ones((1, 2, 3)))
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    "dtype",
    [None, "float32", np.float32, {"class_name": "DTypePolicy", "config": {"name": "float32"}}],
)
def test_float32_says_nothing(dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layers.Dense(2, dtype=dtype).dtype == "float32"
