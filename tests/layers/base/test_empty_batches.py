"""No sequences, sequences without a step: an answer of the right shape, or an error that says so.

Every layer and many of its options, called on arrays, with a mask, and in a model on arrays, Ragged
and lists. Where steps are needed and there are none, the error speaks of steps.
"""

import numpy as np
import pytest

import maskseq
from maskseq import Input, Model, Ragged, layers, ops
from maskseq.nest import flatten
from maskseq.ops import OPERATIONS
from maskseq.testing.example import Example
from maskseq.testing.examples import EXAMPLES
from maskseq.testing.subject import BATCH, TIME, sequences


def pair():
    return [sequences(), sequences()[:, ::-1].copy()]


def attend(layer, query, value):
    return layer(query, value)


def attend_scored(layer, query, value):
    return layer(query, value, return_attention_scores=True, use_causal_mask=True)


def scored(layer, both):
    return layer(both, return_attention_scores=True, use_causal_mask=True)


class Matrix(layers.Layer):
    """A cell whose state is a matrix."""

    state_size = [(2, 2)]

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 4), name="kernel")

    def call(self, inputs, states):
        new = states[0] + ops.reshape(ops.matmul(inputs, self.kernel), (-1, 2, 2))
        return new, [new]


OPTIONS = {
    "Activation log_softmax": lambda: layers.Activation("log_softmax"),
    "Activation sparsemax": lambda: layers.Activation("sparsemax"),
    "Activation glu": lambda: layers.Activation("glu"),
    "AveragePooling1D same": lambda: layers.AveragePooling1D(3, 1, padding="same"),
    "AveragePooling1D first": lambda: layers.AveragePooling1D(2, data_format="channels_first"),
    "BatchNormalization axis 1": lambda: layers.BatchNormalization(axis=1),
    "Bidirectional None": lambda: layers.Bidirectional(layers.LSTM(2), merge_mode=None),
    "Bidirectional sum": lambda: layers.Bidirectional(
        layers.GRU(2, return_sequences=True, return_state=True), merge_mode="sum"
    ),
    "Conv1D causal": lambda: layers.Conv1D(4, 3, padding="causal", groups=2, activation="tanh"),
    "Conv1D first": lambda: layers.Conv1D(4, 3, padding="same", data_format="channels_first"),
    "Conv1DTranspose same": lambda: layers.Conv1DTranspose(3, 2, strides=2, padding="same"),
    "DepthwiseConv1D same": lambda: layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2),
    "Flatten first": lambda: layers.Flatten(data_format="channels_first"),
    "GRU states": lambda: layers.GRU(3, return_sequences=True, return_state=True),
    "GRU backwards": lambda: layers.GRU(3, return_sequences=True, go_backwards=True),
    "GRU before": lambda: layers.GRU(3, reset_after=False, zero_output_for_mask=True),
    "GlobalAveragePooling1D first": lambda: layers.GlobalAveragePooling1D("channels_first", True),
    "GlobalMaxPooling1D first": lambda: layers.GlobalMaxPooling1D("channels_first", True),
    "GroupNormalization axis 1": lambda: layers.GroupNormalization(2, axis=1),
    "LSTM stateful": lambda: layers.LSTM(3, return_state=True, unroll=True),
    "MaskedConv1D same": lambda: layers.MaskedConv1D(3, 2, strides=2, padding="same"),
    "MaskedConv1D valid": lambda: layers.MaskedConv1D(3, 3),
    "Masking vector": lambda: layers.Masking([0.0, 1.0, 2.0, 3.0]),
    "MaxPooling1D same": lambda: layers.MaxPooling1D(3, 2, padding="same"),
    "Normalization": lambda: layers.Normalization(mean=0.0, variance=1.0),
    "RMSNormalization axis 1": lambda: layers.RMSNormalization(axis=1),
    "RNN of a matrix": lambda: layers.RNN(Matrix(), return_sequences=True, return_state=True),
    "SeparableConv1D same": lambda: layers.SeparableConv1D(3, 3, padding="same"),
    "SimpleRNN zeros": lambda: layers.SimpleRNN(
        3, return_sequences=True, zero_output_for_mask=True
    ),
    "Softmax over time": lambda: layers.Softmax(axis=1),
    "Softmax of several axes": lambda: layers.Softmax(axis=[1, 2]),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.BatchNormalization()),
    "UnitNormalization over time": lambda: layers.UnitNormalization(axis=1),
}
WALKED = EXAMPLES | {name: Example(make) for name, make in OPTIONS.items()}
WALKED |= {
    "Attention, scores": Example(
        layers.Attention, pair(), lambda layer, *x: scored(layer, list(x))
    ),
    "AdditiveAttention, scores": Example(
        layers.AdditiveAttention, pair(), lambda layer, *x: scored(layer, list(x))
    ),
    "AttentionPooling1D, scores": Example(
        layers.AttentionPooling1D, call=lambda layer, x: layer(x, return_attention_scores=True)
    ),
    "Dot over time": Example(lambda: layers.Dot(axes=1, normalize=True), pair()),
    "GroupQueryAttention, scores": Example(
        lambda: layers.GroupQueryAttention(3, 4, 2), pair(), attend_scored
    ),
    "MultiHeadAttention, scores": Example(
        lambda: layers.MultiHeadAttention(2, 3, value_dim=2), pair(), attend_scored
    ),
    "LSTM from states": Example(
        lambda: layers.LSTM(4),
        [sequences(), sequences()[:, 0], sequences()[:, 1]],
        lambda layer, x, h, c: layer(x, initial_state=[h, c]),
    ),
}
HAVE_TIME = ("BatchNormalization axis 1", "Conv1D first", "GroupNormalization axis 1")
HAVE_TIME += (
    "LayerNormalization(axis=[1, 2])",
    "RMSNormalization axis 1",
)  # weights for each time step
NEED_STEPS = (
    "AveragePooling1D", "Conv1D", "Cropping1D", "DepthwiseConv1D", "GlobalMaxPooling1D",
    "MaskedConv1D", "MaxPooling1D", "SeparableConv1D",
)  # fmt: skip


def call_of(example):
    return example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))


def shrunk(x, batch, time):
    x = np.asarray(x)
    return x[:batch, :time] if x.shape[:2] == (BATCH, TIME) else x[:batch]


def masked(x):
    tensor = maskseq.convert_to_tensor(x)
    maskseq.set_keras_mask(tensor, np.zeros(x.shape[:2], bool))
    return tensor


def in_model(example, layer, arrays, given):
    """What a model of the layer predicts, of inputs whose time may be anything."""
    has_time = [np.asarray(x).shape[:2] == (BATCH, TIME) for x in example.inputs]
    inputs = [
        Input((None, *x.shape[2:]) if timed else x.shape[1:], dtype=dtype_of(x))
        for x, timed in zip(arrays, has_time, strict=True)
    ]
    model = Model(inputs if len(inputs) > 1 else inputs[0], call_of(example)(layer, *inputs))
    values = [given(x) if timed else x for x, timed in zip(arrays, has_time, strict=True)]
    return model.predict(values if len(values) > 1 else values[0])


def dtype_of(x):
    return "string" if x.dtype.kind in "UO" else str(x.dtype)


WAYS = {
    "eager": lambda example, layer, arrays: call_of(example)(layer, *arrays),
    "masked": lambda example, layer, arrays: call_of(example)(layer, *map(masked, arrays)),
    "model": lambda example, layer, arrays: in_model(example, layer, arrays, lambda x: x),
    "ragged": lambda example, layer, arrays: in_model(
        example,
        layer,
        arrays,
        lambda x: Ragged(np.zeros((0, *x.shape[2:]), x.dtype), np.zeros(len(x) + 1, int)),
    ),
    "lists": lambda example, layer, arrays: in_model(
        example, layer, arrays, lambda x: [[] for _ in x]
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WALKED)
def test_empty_batches_have_an_answer_or_an_error_that_speaks_of_steps(name, way):
    example = WALKED[name]
    text = np.asarray(example.inputs[0]).dtype.kind in "UO"
    timed = np.asarray(example.inputs[0]).shape[:2] == (BATCH, TIME)
    masks = way not in ("eager", "model")
    refuses_masks = masks and (name.startswith("Softmax ") or name.endswith(" first"))
    of_fixed_time = name in HAVE_TIME and way != "eager"
    not_in_models = (text and way in ("masked", "ragged")) or (way != "eager" and not timed)
    if refuses_masks or of_fixed_time or not_in_models:
        pytest.skip("not taken by this layer")
    shapes = [(0, TIME)] if name in HAVE_TIME else [(0, TIME), (2, 0), (0, 0)]
    for batch, time in shapes if timed else [(0, 0)]:
        arrays = [shrunk(x, batch, time) for x in example.inputs]
        layer = example.make()
        whole = flatten(call_of(example)(layer, *[x[:2] for x in example.inputs]))
        try:
            answers = flatten(WAYS[way](example, layer, arrays))
        except ValueError as error:
            assert name.startswith(NEED_STEPS) and batch and "step" in str(error), error
            continue
        assert len(answers) == len(whole)
        for answer, other in zip(map(np.asarray, answers), map(np.asarray, whole), strict=True):
            assert answer.ndim == other.ndim and len(answer) == batch, (answer.shape, other.shape)
            assert answer.dtype.kind == other.dtype.kind
            assert answer.dtype.kind not in "f" or np.isfinite(answer).all()


OTHER_CALLS = {
    **{
        name: lambda x, name=name: getattr(ops, name)(*[ops.cast(x, "int32")] * 2)
        for name in (
            "bitwise_and",
            "bitwise_or",
            "bitwise_xor",
            "bitwise_left_shift",
            "bitwise_right_shift",
            "left_shift",
            "right_shift",
        )
    },  # fmt: skip
    **{
        name: lambda x, name=name: getattr(ops, name)(x, np.arange(len(x)) // 2)
        for name in ("segment_sum", "segment_max", "segment_min")
    },
    "bitwise_invert": lambda x: ops.bitwise_invert(ops.cast(x, "int32")),
    "bitwise_not": lambda x: ops.bitwise_not(ops.cast(x, "int32")),
    "broadcast_to": lambda x: ops.broadcast_to(x, (3, *x.shape)),
    "cast": lambda x: ops.cast(x, "int32"),
    "ctc_loss": lambda x: ops.ctc_loss(
        np.ones((len(x), 0), int), x, *(np.full(len(x), n) for n in (0, x.shape[1]))
    ),
    "digitize": lambda x: ops.digitize(x, np.arange(3, dtype=np.float32)),
    "einsum": lambda x: ops.einsum("btf,bsf->bts", x, x),
    "get_item": lambda x: x[:, 1:],
    "in_top_k": lambda x: ops.in_top_k(np.zeros(len(x), int), ops.sum(x, axis=1), 1),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "moveaxis": lambda x: ops.moveaxis(x, 1, 2),
    "one_hot": lambda x: ops.one_hot(ops.cast(x, "int32"), 3),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0))),
    "repeat": lambda x: ops.repeat(x, 2, axis=1),
    "reshape": lambda x: ops.reshape(x, (-1, 4)),
    "scatter": lambda x: ops.scatter(np.arange(len(x))[:, None], x, (len(x) + 2, *x.shape[1:])),
    "scatter_update": lambda x: ops.scatter_update(x, np.zeros((0, 1), int), x[:0]),
    "searchsorted": lambda x: ops.searchsorted(np.arange(3, dtype=np.float32), x),
    "slice": lambda x: ops.slice(x, (0, 0, 1), (len(x), x.shape[1], 2)),
    "slice_update": lambda x: ops.slice_update(x, (0, 0, 1), x[:, :, 1:3]),
    "swapaxes": lambda x: ops.swapaxes(x, 1, 2),
    "take": lambda x: ops.take(x, [1, 2], axis=2),
    "take_along_axis": lambda x: ops.take_along_axis(x, np.zeros(x.shape, int), axis=2),
    "threshold": lambda x: ops.threshold(x, 0.0, 1.0),
}
SHAPES = ((0, 5, 4), (2, 0, 4), (0, 0, 4))


def calls_of(function, x):
    """The calls of an operation that a whole array allows, of those that most operations take."""
    for form in (
        lambda x: function(x), lambda x: function(x, x), lambda x: function(x, x, x),
        lambda x: function([x, x]), lambda x: function(x, axis=-1), lambda x: function(x, axis=1),
        lambda x: function(x, (0, 2, 1)),
    ):  # fmt: skip
        try:
            form(x)
        except (ValueError, TypeError, IndexError):
            continue
        yield form


@pytest.mark.filterwarnings("ignore")  # means of nothing
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operations_on_empty_arrays_have_an_answer_or_an_error_that_names_the_axis(name):
    function = OPERATIONS[name]
    whole = np.ones((3, 5, 4), np.float32)
    other = OTHER_CALLS.get(function.__name__)
    forms = [other] if other else list(calls_of(function, whole))
    assert forms, "no call of it is known"
    for form in forms:
        for shape in SHAPES:
            try:
                answers = flatten(form(maskseq.convert_to_tensor(np.ones(shape, np.float32))))
            except ValueError as error:
                assert function.__name__ in (
                    "max",
                    "min",
                    "argmax",
                    "argmin",
                    "concatenate",
                    "stack",
                )
                assert "x must have numbers" in str(error) or "at least one array" in str(error)
                continue
            for answer, wanted in zip(answers, flatten(form(whole)), strict=False):
                assert np.ndim(answer) == np.ndim(wanted)
