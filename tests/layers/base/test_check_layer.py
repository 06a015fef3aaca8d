"""All our layers keep all promises of check_layer, and layers that break one are caught."""

from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import layers, testing
from maskseq.layers.base.table import IN_KERAS, OURS, names_in
from maskseq.testing.examples import EXAMPLES
from maskseq.testing.subject import sequences
from maskseq.testing.table import layers_table

WITHOUT = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}  # steps of an RNN
WITHOUT |= {"InputLayer"}


@pytest.mark.parametrize("promise", testing.PROMISES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_layer_keeps_its_promise(name, promise):
    example = EXAMPLES[name]
    if promise not in example.skip:
        others = set(testing.PROMISES) - {promise}
        testing.check_layer(example.make(), example.inputs, example.call, skip=others)


def test_every_public_layer_has_an_example():
    made = {type(example.make()).__name__ for example in EXAMPLES.values()}
    assert {*names_in(IN_KERAS), *names_in(OURS)} - made == WITHOUT


class Broken(layers.Layer):
    """The base of layers that break one promise each."""

    supports_masking = True


class Batchy(Broken):
    def call(self, inputs):
        return inputs - np.mean(inputs, axis=0)


class Careless(Broken):
    reads_masked = "none"

    def call(self, inputs, mask=None):
        return inputs.mean(axis=1)

    def compute_mask(self, inputs, mask):
        return None

    mask_role = "uses"


class Forgetful(Broken):
    not_in_config = frozenset({"by"})

    def __init__(self, by=1.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, inputs):
        return inputs * self.by


class Liar(layers.Layer):
    mask_role = "passes"

    def call(self, inputs):
        return inputs + 1


class Shapeless(Broken):
    def call(self, inputs):
        return inputs[:, ::2]

    def compute_output_shape(self, input_shape):
        return input_shape


class OfNothing(Broken):
    def call(self, inputs):
        return inputs.mean(axis=1)

    def compute_mask(self, inputs, mask):
        return None


class Crossed(Broken):
    """The mask of the first input, and numbers from masked steps of the second."""

    mask_role = "passes"

    def call(self, inputs):
        return inputs[0] * np.mean(inputs[1], axis=1, keepdims=True)

    def compute_mask(self, inputs, mask):
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def test_numbers_of_masked_steps_of_a_second_input_are_found():
    others = set(testing.PROMISES) - {"two_masks"}
    with pytest.raises(AssertionError, match="breaks two_masks"):
        testing.check_layer(Crossed(), [sequences()] * 2, skip=others)


class Untrainable(Broken):
    """Its gradient would be cut."""

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1],))

    def call(self, inputs):
        return np.sort(inputs * self.w)


@pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:invalid value")
@pytest.mark.parametrize(
    "layer, promise",
    [
        (Batchy(), "batch_composition"),
        (OfNothing(), "empty_time"),
        (Careless(), "poisoned_padding"),
        (Forgetful(by=2.0), "config_round_trip"),
        (Liar(), "mask_truth_table"),
        (Shapeless(), "symbolic_shape"),
        (Untrainable(), "gradients"),
    ],
)
def test_broken_promise_is_named(layer, promise):
    others = set(testing.PROMISES) - {promise}
    with pytest.raises(AssertionError, match=f"breaks {promise}"):
        testing.check_layer(layer, skip=others)


def test_layer_of_a_user_passes():
    class Scale(layers.Layer):
        supports_masking = True
        stepwise = True

        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), name="scale")

        def call(self, inputs):
            return inputs * self.scale

    testing.check_layer(Scale(), skip=["pickling"])


def test_unknown_promise_is_refused():
    with pytest.raises(ValueError, match="skip must name promises"):
        testing.check_layer(layers.Dense(2), skip=["speed"])


def sequences_of(rng, features=3):
    return [rng.normal(size=(n, features)).astype(np.float32) for n in (4, 1, 7, 2)]


def tagger(*stack):
    return maskseq.Sequential([maskseq.Input((None, 3)), *stack])


def test_model_that_keeps_its_mask_is_invariant(rng):
    x = sequences_of(rng)
    for model in (
        tagger(layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.Dense(2)),
        tagger(layers.MaskedConv1D(4, 3, padding="same"), layers.GlobalAveragePooling1D()),
    ):
        assert testing.check_invariance(model, x) == 0


def test_model_that_masks_padded_arrays_is_invariant(rng):
    ids = np.array([[3, 1, 2, 0], [4, 0, 0, 0], [1, 2, 3, 4]], np.int32)
    model = maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(5, 3, mask_zero=True),
            layers.LSTM(4, return_sequences=True),
        ]
    )
    assert testing.check_invariance(model, ids) == 0


@pytest.mark.filterwarnings("ignore:Layer .* destroy the mask")
def test_model_that_loses_its_mask_is_found_out(rng):
    model = tagger(layers.Conv1D(4, 3, padding="same"), layers.GlobalMaxPooling1D())
    assert testing.check_invariance(model, sequences_of(rng)) > 1e-3


@pytest.mark.filterwarnings("ignore:Layer .* destroy the mask")
def test_model_that_reads_its_padding_is_found_out(rng):
    model = tagger(layers.Conv1D(4, 1), layers.GRU(4))
    assert testing.check_invariance(model, sequences_of(rng)) > 1e-4


def test_docs_table_is_that_of_the_code():
    page = Path(__file__).parents[3] / "docs" / "layers.md"
    assert page.read_text() == layers_table(), "run python -m maskseq.testing.table"
