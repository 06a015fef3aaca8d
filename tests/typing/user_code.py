"""What users write, for a type checker to read; it is not run.

A comment `#: type` says what the checker is to answer to a reveal_type, `#! rule` why it is to
refuse a line. All else it is to accept. test_typing.py compares.
"""

from collections.abc import Sequence
from typing import Any, reveal_type

import numpy as np

import maskseq
from maskseq import layers, ops

IDS = [[711, 632, 71], [73, 8, 3215, 55, 927], [83]]


# Models

sequential = maskseq.Sequential(
    [
        maskseq.Input((None,), dtype="int32"),
        layers.Embedding(5000, 16, mask_zero=True),
        layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
        layers.MultiHeadAttention(2, 8),
        layers.GRU(8, name="last"),
        layers.Dense(1, "sigmoid"),
    ],
    name="tagger",
    on_mask_loss="error",
)
sequential.add(layers.Dropout(0.1))
reveal_type(sequential.predict(IDS))  #: ndarray
reveal_type(sequential.predict(np.zeros((2, 3), int), batch_size=2))  #: ndarray
reveal_type(sequential.predict_on_batch(IDS))  #: ndarray
reveal_type(sequential.get_weights())  #: list[ndarray]
reveal_type(sequential.layers)  #: list[Layer]
sequential.set_weights([w + 1 for w in sequential.get_weights()])
sequential.summary()

ids = maskseq.Input((None,), dtype="int32", name="ids")
embedded = layers.Embedding(5000, 16, mask_zero=True)(ids)
reveal_type(ids)  #: KerasTensor
reveal_type(embedded)  #: KerasTensor
reveal_type(embedded.shape)  #: tuple[int | None, ...]
hidden, *states = layers.LSTM(32, return_state=True)(embedded)
summed = layers.Add()([embedded, layers.Dense(16)(embedded)])
reveal_type(summed)  #: KerasTensor
output = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(summed))
model = maskseq.Model(ids, output)
reveal_type(model)  #: Model[ndarray]
reveal_type(model.predict(IDS))  #: ndarray
reveal_type(model.predict(IDS).shape)  #: tuple[Any, ...]
reveal_type(model.predict(IDS, ragged=True))  #: Any
reveal_type(model.predict(IDS, as_frame=True, name="mean"))  #: Any
named = maskseq.Model({"ids": ids}, {"mean": output, "sum": summed})
reveal_type(named.predict({"ids": IDS}))  #: dict[str, ndarray]
reveal_type(named.predict({"ids": IDS})["mean"])  #: ndarray
reveal_type(maskseq.Model([ids], [output, summed]).predict([IDS]))  #: Any
reveal_type(maskseq.load_model("model.keras", custom_layers={}))  #: Model[Any]


# Layers, called on arrays and on symbolic tensors

reveal_type(layers.Dense(4)(np.ones((2, 3), np.float32)))  #: Tensor
reveal_type(layers.Concatenate()([np.ones(3), np.ones(3)]))  #: Tensor
attend = layers.MultiHeadAttention(2, 8)
reveal_type(attend(embedded, embedded))  #: KerasTensor
reveal_type(attend(np.ones((1, 2, 3)), np.ones((1, 2, 3)), use_causal_mask=True))  #: Tensor
reveal_type(attend(embedded, embedded, return_attention_scores=True))  #: Any
reveal_type(layers.Attention()([embedded, embedded]))  #: KerasTensor
reveal_type(layers.Dropout(0.1)(embedded, training=True))  #: KerasTensor
reveal_type(layers.LSTM(4)(embedded, initial_state=None))  #: KerasTensor
reveal_type(layers.GRU(4)(np.ones((1, 2, 3))))  #: Tensor
reveal_type(layers.RNN(layers.LSTMCell(4))([[[1.0]]], mask=None))  #: Tensor
encoded, *states = layers.LSTM(4, return_state=True)(embedded)
reveal_type(encoded)  #: KerasTensor
reveal_type(states)  #: list[KerasTensor]
reveal_type(layers.LSTM(4, return_sequences=True)(encoded, states))  #: KerasTensor
last, memory = layers.GRU(4, return_state=True)(np.ones((1, 2, 3)))
reveal_type(memory.shape)  #: Any
reveal_type(layers.Bidirectional(layers.LSTM(4))(embedded))  #: KerasTensor
reveal_type(layers.Bidirectional(layers.LSTM(4))(maskseq.Ragged.from_list([[1]])))  #: Tensor
reveal_type(layers.TimeDistributed(layers.Dense(4))(embedded))  #: KerasTensor
reveal_type(layers.TimeDistributed(layers.Dense(4))(np.ones((1, 2, 3))))  #: Tensor
reveal_type(layers.Lambda(lambda x: x)(embedded))  #: KerasTensor
reveal_type(layers.Lambda(lambda x: x)(np.ones(3), mask=None))  #: Tensor
reveal_type(maskseq.get_keras_mask(embedded))  #: Any
dense = layers.Dense(
    4,
    activation="relu",
    use_bias=False,
    kernel_initializer="he_normal",
    kernel_regularizer="l2",
    name="dense",
    dtype="float32",
    trainable=False,
)
reveal_type(dense.units)  #: int
reveal_type(dense.kernel.value)  #: ndarray


class Scale(maskseq.Layer):
    """A layer of a user's own."""

    def __init__(self, factor: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight((shape[-1],), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(shape[-1],), dtype="float32", trainable=False)

    def call(self, x: Any, mask: Any = None, training: bool = False) -> Any:
        if training:
            self.offset.assign(self.offset.value * 0.5)
        return x * self.scale * self.factor + np.dot(x, self.offset)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        return super().compute_mask(x, mask)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


scale = Scale(2, name="scale")
reveal_type(scale.scale)  #: Variable
reveal_type(scale.scale.shape)  #: tuple[int, ...]
reveal_type(scale(embedded))  #: Any


class Cell:
    """A recurrent cell of a user's own."""

    state_size = 4

    def call(self, inputs: np.ndarray, states: Sequence[np.ndarray]) -> tuple[np.ndarray, list]:
        return inputs + states[0], [inputs]


layers.RNN(Cell(), return_sequences=True)(embedded)


class Tagger(maskseq.Model):
    """A model of a user's own."""

    def __init__(self) -> None:
        super().__init__(name="tagger", on_mask_loss="ignore")
        self.embedding = layers.Embedding(100, 8)
        self.last = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.last(self.embedding(inputs))


reveal_type(Tagger().predict(IDS))  #: Any


# Operators and operations

reveal_type(embedded + 1)  #: KerasTensor
reveal_type(1 - embedded)  #: KerasTensor
reveal_type(embedded @ embedded)  #: KerasTensor
reveal_type(-embedded / 2)  #: KerasTensor
reveal_type(embedded > 0)  #: KerasTensor
reveal_type(embedded != 0)  #: KerasTensor
reveal_type(embedded[:, 0])  #: KerasTensor
reveal_type(~(ids == 0))  #: KerasTensor
reveal_type(ops.exp(embedded))  #: KerasTensor
reveal_type(ops.maximum(0, embedded))  #: KerasTensor
reveal_type(ops.log1p(np.ones(3)))  #: Tensor
reveal_type(ops.add(np.ones(3), 1))  #: Tensor
reveal_type(ops.mean(embedded, axis=-1, keepdims=True))  #: Any


# Sequences


class Column:
    """A list column of an Arrow library."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        raise NotImplementedError


ragged = maskseq.Ragged([1.0, 2.0, 3.0], [0, 1, 3])
reveal_type(maskseq.pad_sequences(IDS))  #: ndarray
reveal_type(maskseq.pad_sequences([np.arange(3), np.arange(2)], 5, "float32", "post"))  #: ndarray
reveal_type(maskseq.pad_sequences(np.ones((2, 3)), padding="post", value=-1))  #: ndarray
reveal_type(maskseq.pad_sequences(ragged, maxlen=2, truncating="post"))  #: ndarray
reveal_type(maskseq.pad_sequences(Column()))  #: ndarray
reveal_type(maskseq.Ragged.from_arrow(Column()))  #: Ragged
reveal_type(maskseq.Ragged.from_list(IDS))  #: Ragged
reveal_type(maskseq.Ragged.from_padded(np.ones((2, 3)), lengths=[1, 2]))  #: Ragged
reveal_type(ragged[0])  #: ndarray
reveal_type(ragged[:1])  #: Ragged
reveal_type(ragged.values)  #: ndarray
reveal_type([len(sequence) for sequence in ragged])  #: list[int]
model.predict(ragged)


# What is refused

maskseq.pad_sequence(IDS)  #! reportAttributeAccessIssue
maskseq.pad_sequences(3)  #! reportArgumentType
maskseq.pad_sequences(IDS, padding="left")  #! reportArgumentType
maskseq.pad_sequences(IDS, maxlength=3)  #! reportCallIssue
maskseq.Ragged([1, 2])  #! reportCallIssue
ragged.to_padded(padding="both")  #! reportArgumentType
maskseq.Input("ids")  #! reportArgumentType
maskseq.Sequential(layers.Dense(1))  #! reportArgumentType
maskseq.Sequential([3])  #! reportArgumentType
maskseq.Sequential([], on_mask_loss="never")  #! reportArgumentType
maskseq.load_model(3)  #! reportArgumentType
sequential.add("dense")  #! reportArgumentType
sequential.fits(IDS)  #! reportAttributeAccessIssue
sequential.fit(IDS, epochs="3")  #! reportArgumentType
sequential.predict()  #! reportCallIssue
sequential.predict(IDS, batch_sise=3)  #! reportCallIssue
named.predict({"ids": IDS})[0]  #! reportArgumentType
attend(embedded)  #! reportCallIssue
attend(embedded, embedded, use_causal_masks=True)  #! reportCallIssue
layers.LSTM(4)(embedded, initial_stat=None)  #! reportCallIssue
layers.Dropout(0.1)(embedded, train=True)  #! reportCallIssue
layers.Dense()  #! reportCallIssue
layers.Dense("4")  #! reportArgumentType
layers.Dense(4)("text")  #! reportCallIssue reportArgumentType
layers.LSTM(4, return_sequence=True)  #! reportCallIssue
layers.LSTM(4, return_sequences="yes")  #! reportArgumentType
layers.Convolution(3)  #! reportAttributeAccessIssue
embedded.numpy()  #! reportAttributeAccessIssue
ops.exp()  #! reportCallIssue
ops.exponent(embedded)  #! reportAttributeAccessIssue
scale.scale.value = np.ones(3)  #! reportAttributeAccessIssue
