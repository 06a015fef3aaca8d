"""Writes the model files in this folder with real Keras 3.15, and what Keras makes of them.

Run: KERAS_BACKEND=jax python -m tests.files.make_keras_files [NAME ...]   (needs keras, jax, h5py)

For each NAME: NAME.keras (or .h5), and in keras_answers.npz the inputs `NAME/in/<i>`, the outputs
`NAME/out/<i>` (flattened as keras.tree does) and the weights `NAME/weight/<i>` in Keras's order.
All but sequential.keras, which stays as Keras wrote it, are zipped again to save space. The first
two are there as legacy NAME.h5.gz, too.
"""

import gzip
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers as kl

FOLDER = Path(__file__).parent
MODELS: dict[str, Callable[[], tuple]] = {}


def model(make: Callable[[], tuple]) -> Callable[[], tuple]:
    """Register a function that returns (model, inputs)."""
    MODELS[make.__name__] = make
    return make


def ids(*shape: int, vocabulary: int = 9) -> np.ndarray:
    """Random ids, right-padded with zeros; the last row has none but zeros."""
    values = np.random.default_rng(1).integers(1, vocabulary, shape)
    lengths = np.arange(shape[0])[::-1] * shape[1] // (shape[0] - 1)
    values[np.arange(shape[1]) >= lengths[:, None]] = 0
    return values.astype("int32")


def steps(*shape: int, value: float = 0) -> np.ndarray:
    """Random steps with masked ones in front, in the middle and at the end."""
    values = np.random.default_rng(2).normal(size=shape).astype("float32")
    values[0, :2] = values[1, 1:3] = values[2, -2:] = value
    return values


@model
def sequential() -> tuple:
    net = keras.Sequential(
        [
            kl.Input((None, 3)),
            kl.Masking(-1.0),
            kl.Bidirectional(kl.LSTM(4, return_sequences=True)),
            kl.Dropout(0.5),
            kl.TimeDistributed(kl.Dense(5, "relu")),
            kl.LSTM(4, go_backwards=True),
            kl.Dense(2, "softmax"),
        ]
    )
    return net, [steps(3, 6, 3, value=-1)]


@model
def functional() -> tuple:
    """Inputs, one a mask; a shared layer, a nested model, a lost mask, a dict of outputs."""
    words = kl.Input((None,), dtype="int32", name="words")
    values = kl.Input((7, 4), name="values")
    given = kl.Input((7,), dtype="bool", name="given")
    embedded = kl.Embedding(9, 4, mask_zero=True, name="embedding")(words)
    shared = kl.LSTM(4, return_sequences=True, name="shared")
    nested = keras.Sequential([kl.Input((None, 4)), kl.Dense(4), kl.LSTM(3)], name="nested")
    first, second = shared(embedded), shared(kl.Masking()(values))
    unmasked = 0.5 * keras.ops.tanh(first) - 1.0
    state = kl.LSTM(4, return_state=True)(first)
    decoded = kl.LSTM(4, return_sequences=True)(second, initial_state=state[1:])
    scores = kl.Dense(1)(second)[:, :, 0]
    outputs = {
        "nested": nested(first),
        "nested_again": nested(second),
        "unmasked": kl.LSTM(3)(unmasked),
        "decoded": kl.Activation("tanh")(decoded),
        "given": kl.LSTM(3)(second, mask=given),
        "scores": kl.Softmax()(scores),
    }
    net = keras.Model([words, values, given], outputs, name="three_inputs")
    return net, [ids(3, 5), steps(3, 7, 4), steps(3, 7) > 0]


@model
def recurrent() -> tuple:
    """Every recurrent layer and cell."""
    x = kl.Input((None, 3))
    masked = kl.Masking()(x)
    words = kl.Input((4, 5, 3))
    outputs = [
        kl.GRU(3, return_sequences=True)(masked),
        kl.GRU(3, reset_after=False, use_bias=False, zero_output_for_mask=True)(masked),
        kl.SimpleRNN(3, activation="relu", go_backwards=True)(masked),
        kl.RNN(kl.GRUCell(2, recurrent_activation="hard_sigmoid"))(masked),
        kl.RNN([kl.LSTMCell(3), kl.SimpleRNNCell(2), kl.LSTMCell(2)], return_sequences=True)(
            masked
        ),
        kl.Bidirectional(kl.GRU(2, return_sequences=True), merge_mode="sum")(masked),
        kl.TimeDistributed(kl.GRU(2))(words),
    ]
    return keras.Model([x, words], outputs), [steps(3, 6, 3), steps(3, 4, 5, 3)]


@model
def layers() -> tuple:
    """Attention, merges, convolution, pooling, normalisation, each after a mask."""
    words = kl.Input((6,), dtype="int32")
    a, b = kl.Embedding(9, 4, mask_zero=True)(words), kl.Embedding(9, 4)(words)
    own = kl.Embedding(9, 4, mask_zero=True)(words)  # Keras deletes the mask of what is attended to
    outputs = [
        kl.Attention(use_scale=True)([b, a]),
        kl.AdditiveAttention()([b, a]),
        kl.MultiHeadAttention(2, 3)(b, own, use_causal_mask=True),
        kl.GroupQueryAttention(2, 4, 2)(b, a),
        kl.LSTM(2)(kl.Add()([a, kl.Dense(4)(a)])),
        kl.GRU(2)(kl.Concatenate()([a, b])),
        kl.Multiply()([a, b]),
        kl.Conv1D(3, 3, padding="causal")(a),
        kl.SeparableConv1D(3, 2, strides=2)(a),
        kl.GlobalAveragePooling1D()(kl.LayerNormalization()(a)),
        kl.MaxPooling1D(2)(kl.BatchNormalization()(a)),
        kl.PReLU()(kl.GroupNormalization(2)(a)),
        kl.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d")(kl.ZeroPadding1D(1)(a)),
        kl.Flatten()(kl.RepeatVector(2)(kl.LSTM(2)(a))),
    ]
    return keras.Model(words, outputs), [ids(3, 6)[:2]]


@model
def others() -> tuple:
    """Preprocessing, transposed convolution, recurrent convolution, tables that map back."""
    x, grids = kl.Input((6, 4)), kl.Input((5, 6, 2))
    words = kl.Input((5,), dtype="int32")
    table = kl.ReversibleEmbedding(7, 3, tie_weights=False, mask_zero=True, logit_soft_cap=2.0)
    tied = kl.ReversibleEmbedding(7, 3)
    outputs = [
        kl.Normalization()(x),
        kl.Normalization(1, invert=True)(x),
        kl.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 2.0, 3.0, 4.0])(x),
        kl.Rescaling(np.float32([1, 2, 3, 4]), offset=2)(x),
        kl.SpectralNormalization(kl.Dense(3))(x),
        kl.Conv1DTranspose(3, 2, strides=2, padding="same", activation="tanh")(x),
        kl.Discretization([-0.5, 0.0, 1.0], output_mode="one_hot")(x),
        kl.ConvLSTM1D(3, 2, return_sequences=True)(grids),
        kl.ConvLSTM1D(3, 2, strides=2, padding="same", data_format="channels_first")(
            kl.Permute((1, 3, 2))(grids)
        ),
        table(kl.LSTM(3, return_sequences=True)(table(words)), reverse=True),
        tied(kl.Dense(3)(tied(words)), reverse=True),
        kl.CategoryEncoding(7, "count")(words),
        kl.GlobalMaxPool1D()(kl.Convolution1D(2, 2)(x)),
    ]
    inputs = [np.random.default_rng(4).normal(size=(3, *t.shape[1:])) for t in (x, grids)]
    return keras.Model([x, grids, words], outputs), [*inputs, ids(3, 5, vocabulary=7)]


def save(net: keras.Model, path: Path, repack: bool) -> None:
    net.save(path)
    if repack:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in members.items():
                archive.writestr(name, data)


def main() -> None:
    path = FOLDER / "keras_answers.npz"
    answers = dict(np.load(path)) if path.exists() else {}
    for name, make in MODELS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        keras.utils.set_random_seed(len(name))
        keras.backend.clear_session()
        net, inputs = make()
        rng = np.random.default_rng(3)
        weights = [rng.normal(size=w.shape, scale=0.5) for w in net.get_weights()]
        if name in ("layers", "others"):  # some are variances
            weights = [np.abs(w) for w in weights]
        net.set_weights(weights)
        for layer in net.layers:
            if isinstance(layer, kl.Normalization):
                layer.finalize_state()  # else it goes on with its first weights
        outputs = keras.tree.flatten(net(inputs if len(inputs) > 1 else inputs[0]))
        save(net, FOLDER / f"{name}.keras", repack=name != "sequential")
        if name in ("sequential", "functional"):
            with tempfile.TemporaryDirectory() as folder:
                net.save(f"{folder}/model.h5")
                raw = Path(folder, "model.h5").read_bytes()
                (FOLDER / f"{name}.h5.gz").write_bytes(gzip.compress(raw, 9, mtime=0))
        inputs = [x.astype("float32") if x.dtype == "float64" else x for x in inputs]
        for kind, values in (("in", inputs), ("out", outputs), ("weight", net.get_weights())):
            for i, value in enumerate(values):
                answers[f"{name}/{kind}/{i}"] = np.asarray(value)
    np.savez_compressed(path, **answers)


if __name__ == "__main__":
    main()
