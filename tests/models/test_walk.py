"""A model's walk along its plan gives what its layers give that are called one by one."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.models import Model
from maskseq.rows import Rows

RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 5, 4)).astype(np.float32)
X[0, 3:] = X[2, 1:] = 0


class Own(layers.Dense):
    """A layer of a user's, which may do anything."""

    def call(self, inputs):
        return super().call(inputs) + 1


def the_long_way(model: Model, x: object) -> tuple[np.ndarray, maskseq.Tensor]:
    """The answers of the layers called one by one on padded arrays."""
    if isinstance(x, maskseq.Ragged):
        x = Rows.from_ragged(x.values, x.offsets).to_tensor()
    for layer in model.layers:
        x = layer(x)
    return np.asarray(x), x


STACKS = {
    "recurrent": lambda: [layers.LSTM(6, return_sequences=True), layers.GRU(3), layers.Dense(2)],
    "backwards": lambda: [layers.GRU(6, go_backwards=True, return_sequences=True)],
    "masked": lambda: [layers.Masking(), layers.LSTM(6, return_sequences=True), layers.Dense(2)],
    "steps of an LSTM": lambda: [layers.Masking(), layers.LSTM(6, return_sequences=True)],
    "steps and zeros": lambda: [
        layers.Masking(),
        layers.SimpleRNN(6, return_sequences=True, zero_output_for_mask=True),
    ],
    "steps backwards": lambda: [
        layers.Masking(),
        layers.GRU(6, go_backwards=True, return_sequences=True),
    ],
    "steps both ways": lambda: [
        layers.Masking(),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    ],
    "steps added": lambda: [
        layers.Masking(),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
    ],
    "lost mask": lambda: [layers.Masking(), layers.LSTM(6), layers.Flatten(), layers.Dense(2)],
    "masked, flat": lambda: [layers.Masking(), layers.Reshape((20,)), layers.Dense(2)],
    "tagger": lambda: [
        layers.Masking(),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Dropout(0.5),
        layers.TimeDistributed(layers.Dense(2)),
        layers.GlobalAveragePooling1D(),
    ],
    "convolution": lambda: [layers.Conv1D(3, 2), layers.ReLU(), layers.GlobalMaxPooling1D()],
    "of a user": lambda: [layers.Masking(), layers.LSTM(3), Own(2), layers.Dense(1)],
    "model inside": lambda: [
        maskseq.Sequential([maskseq.Input((None, 4)), layers.Dense(3)]),
        layers.SimpleRNN(2),
    ],
}


@pytest.mark.filterwarnings("ignore:Layer")
@pytest.mark.parametrize("time", [None, 5], ids=["any time", "fixed time"])
@pytest.mark.parametrize("stack", STACKS)
def test_walk_gives_the_bits_of_layers_called_one_by_one(stack, time):
    model = maskseq.Sequential([maskseq.Input((5, 4) if stack == "masked, flat" else (time, 4))])
    for layer in STACKS[stack]():
        model.add(layer)
    expected, called = the_long_way(model, X)
    inputs = [X, X.astype(np.float64), X.tolist(), maskseq.convert_to_tensor(X)]
    for x in inputs:
        np.testing.assert_array_equal(model.predict(x), expected)
    result = model(X)
    np.testing.assert_array_equal(result, expected)
    assert type(result) is maskseq.Tensor
    np.testing.assert_array_equal(
        getattr(result, "_keras_mask", None), getattr(called, "_keras_mask", None)
    )
    ragged = maskseq.Ragged.from_padded(X)
    np.testing.assert_array_equal(model.predict(ragged), the_long_way(model, ragged)[0])


def test_walk_hands_out_the_mask_of_the_last_layer():
    model = maskseq.Sequential([maskseq.Input((None, 4)), layers.Masking(), layers.Dense(2)])
    np.testing.assert_array_equal(model(X)._keras_mask, X.any(-1))


def test_walk_reads_the_weights_when_it_is_called():
    model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(3), layers.Dense(2)])
    before = model.predict(X)
    model.layers[0].cell.kernel.assign(model.layers[0].cell.kernel.numpy() * 2)
    changed = model.predict(X)
    assert not np.array_equal(changed, before)
    model.layers[1].bias.assign([1, 1])
    np.testing.assert_array_equal(model.predict(X), the_long_way(model, X)[0])


def test_walk_names_the_layer_at_fault():
    model = maskseq.Sequential([layers.LSTM(3, name="reader"), layers.Dense(2)])
    model.build((None, None, 4))
    with pytest.raises(ValueError, match=r"input .* must have shape \(None, None, 4\), got"):
        model.predict(np.zeros((2, 5, 3), np.float32))
    ids = maskseq.Sequential(
        [maskseq.Input((None,), dtype="int32"), layers.Embedding(9, 2, name="words")]
    )
    with pytest.raises(IndexError, match=r"layer 'words' \(Embedding\): ids must be in 0..8, got"):
        ids.predict(np.array([[1, 9]], np.int32))


def test_stateful_model_moves_on_once_a_call():
    model = maskseq.Sequential([maskseq.Input((None, 4), batch_size=3)])
    model.add(layers.LSTM(3, stateful=True))
    first, second = model.predict(X), model.predict(X)
    assert not np.array_equal(first, second)
    model.reset_state()
    np.testing.assert_array_equal(model(X), first)
    np.testing.assert_array_equal(model(X), second)


@pytest.mark.filterwarnings("ignore:Layer")
def test_mask_loss_raises_on_a_walk_where_asked():
    stack = [maskseq.Input((5, 4)), layers.Masking(), layers.Flatten(), layers.Dense(1)]
    model = maskseq.Sequential(stack, on_mask_loss="error")
    with pytest.raises(ValueError, match="does not support masking"):
        model.predict(X)


def test_own_call_of_a_model_goes_before_its_graph():
    class Doubled(maskseq.Model):
        def call(self, inputs, training=False, mask=None):
            return 2 * super().call(inputs)

    x = maskseq.Input((None, 4))
    model = Doubled(x, layers.Dense(2)(x))
    np.testing.assert_array_equal(model(X), 2 * model.predict(X))


def test_last_layer_hands_out_padded_steps_and_its_states():
    x = maskseq.Input((None, 4))
    masked = layers.Masking()(x)
    for layer in (layers.LSTM(3), layers.Bidirectional(layers.GRU(3))):
        inner = getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", layer)
        for each in (layer, *inner):
            each.return_sequences = each.return_state = True
        for each in inner:
            each.zero_output_for_mask = layer is not each
        model = maskseq.Model(x, layer(masked))
        expected = layer(layers.Masking()(X))
        for answers in (model.predict(X), model(X)):
            assert len(answers) == len(expected) == 3
            for answer, wanted in zip(answers, expected, strict=True):
                np.testing.assert_array_equal(answer, wanted)
        np.testing.assert_array_equal(model(X)[0]._keras_mask, X.any(-1))


def test_walk_honours_a_call_of_ones_own():
    class Counted(layers.Dense):
        calls = 0

        def __call__(self, *args, **kwargs):
            self.calls += 1
            return super().__call__(*args, **kwargs)

    layer = Counted(2)
    model = maskseq.Sequential([maskseq.Input((None, 4)), layers.Masking(), layer])
    before = layer.calls
    np.testing.assert_array_equal(model.predict(X), layer(X))
    assert layer.calls == before + 2


def test_training_reaches_layers_inside_layers():
    seen = []

    class Told(layers.Layer):
        supports_masking = True

        def call(self, inputs, training=False):
            seen.append(training)
            return inputs

    inner = maskseq.Sequential([maskseq.Input((4,)), Told()])
    model = maskseq.Sequential([maskseq.Input((5, 4)), layers.TimeDistributed(inner), Told()])
    seen.clear()
    model(X, training=True)
    assert seen and all(seen)
    seen.clear()
    model(X)
    assert seen and not any(seen)


def test_a_subclass_that_keeps_the_call_keeps_its_promises():
    class Named(layers.Dense):
        def get_config(self):
            return super().get_config()

    assert Named.plain and Named.stepwise and not Own.plain and not Own.stepwise
