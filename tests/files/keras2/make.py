"""Writes the files of this folder with the Keras that is installed, and what it makes of them.

Run for each version, in an environment of its own, and name its answers after it:
    python tests/files/keras2/make.py 2.2.4        Python 3.7: tensorflow==1.15.5 keras==2.2.4
                                                   h5py<3 numpy<1.19 protobuf<3.21
    python tests/files/keras2/make.py 2.4.0        Python 3.8: tensorflow-cpu==2.4.4 protobuf<3.21
    python tests/files/keras2/make.py 2.13.1       Python 3.11: tensorflow-cpu==2.13.1
    python tests/files/keras2/make.py 2.15.0       Python 3.11: tensorflow-cpu==2.15.1

For each case: VERSION_CASE.h5.gz (or .keras) and, in VERSION.npz, inputs "CASE/in/0", ... and
outputs "CASE/out/0", .... Weights are random, but of moderate size. Written for old Pythons too.
"""

# ruff: noqa: B905, UP031
import gzip
import io
import json
import os
import sys
import tempfile
import zipfile

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = sys.argv[1]
OF_TENSORFLOW = int(VERSION.split(".")[1]) > 3
if OF_TENSORFLOW:
    import tensorflow as tf

    keras = tf.keras
else:
    import keras
kl, rng = keras.layers, np.random.RandomState(5)
assert VERSION in (getattr(keras, "__version__", VERSION), VERSION), keras.__version__

IDS = np.array([[3, 5, 0, 2, 0, 0], [0, 0, 1, 4, 6, 2], [0, 0, 0, 0, 0, 0], [7, 1, 1, 0, 5, 3]])
OTHER = np.array([[3, 0, 4, 2, 1, 0], [2, 0, 1, 0, 6, 2], [1, 0, 0, 0, 0, 0], [7, 1, 1, 2, 5, 3]])
CHARS = np.array(
    [
        [[1, 2, 0], [3, 0, 0], [0, 0, 0], [4, 5, 6]],
        [[2, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[1, 1, 1], [2, 2, 0], [5, 0, 0], [6, 1, 0]],
    ]
)
X = rng.normal(size=(4, 6, 3)).astype("float32")
STATE = rng.normal(size=(4, 3)).astype("float32")


class MyLSTM(kl.LSTM):
    """A class of a user's, under the name that the file has."""


def merges():
    """Two masks that differ, and an input without one."""
    a, b, c = keras.Input((6,)), keras.Input((6,)), keras.Input((6, 3))
    x, y = kl.Embedding(8, 3, mask_zero=True)(a), kl.Embedding(8, 3, mask_zero=True)(b)
    outputs = []
    for merge in (kl.Add, kl.Multiply, kl.Average, kl.Maximum, kl.Concatenate):
        outputs.append(kl.LSTM(2, return_sequences=True)(merge()([x, y])))
        outputs.append(kl.GRU(2)(merge()([x, c])))
    outputs.append(kl.SimpleRNN(2)(kl.Concatenate(axis=1)([x, y])))
    outputs.append(kl.multiply([x, y]))
    return keras.Model([a, b, c], outputs), [IDS, OTHER, X]


def words():
    """Words of characters, whose own mask goes through TimeDistributed."""
    chars = keras.Input((None, 3))
    x = kl.TimeDistributed(kl.Embedding(8, 3, mask_zero=True))(chars)
    x = kl.TimeDistributed(kl.Bidirectional(kl.LSTM(2)))(x)
    y = kl.LSTM(3, return_sequences=True)(x)
    z = kl.TimeDistributed(kl.Dense(2, activation="softmax"))(y)
    return keras.Model(chars, [z, kl.GRU(2)(y)]), [CHARS]


def states():
    """States from outside leave the mask on; before the first real step there is an output."""
    ids, h = keras.Input((None,)), keras.Input((3,))
    x = kl.Embedding(8, 3, mask_zero=True)(ids)
    y = kl.LSTM(3, return_sequences=True)(x, initial_state=[h, h])
    last = kl.GRU(3)(x, initial_state=h)
    both = kl.Bidirectional(kl.LSTM(3))(x, initial_state=[h, h, h, h])
    return keras.Model([ids, h], [y, last, both]), [IDS, STATE]


def options():
    """Layers whose options have other names, or are gone."""
    source = keras.Input((6, 3))
    x = kl.SpatialDropout1D(0.2)(source)
    x = kl.Conv1D(4, 2, padding="causal", activation="hard_sigmoid")(x)
    x = kl.BatchNormalization()(x)
    x = kl.LeakyReLU(0.2)(x)
    x = kl.SeparableConv1D(4, 2, padding="same")(x)
    x = kl.PReLU(shared_axes=[1])(x)
    x = kl.ELU(0.7)(kl.ThresholdedReLU(0.1)(x))
    x = kl.ZeroPadding1D(1)(kl.Cropping1D((1, 0))(x))
    x = kl.GaussianNoise(0.1)(kl.GaussianDropout(0.1)(kl.UpSampling1D(2)(x)))
    x = kl.MaxPooling1D(2, padding="same")(x)
    x = kl.RNN([kl.LSTMCell(3), kl.GRUCell(2)], return_sequences=True)(x)
    x = kl.Permute((2, 1))(x)
    y = kl.Dense(2, activation=kl.LeakyReLU(0.1) if OF_TENSORFLOW else "relu")(kl.Flatten()(x))
    z = kl.Softmax()(kl.RepeatVector(3)(y))
    return keras.Model(source, [z, kl.GlobalAveragePooling1D()(x)]), [X]


def custom():
    """A class of a user's with the defaults of its time."""
    source = keras.Input((None, 3))
    x = kl.Masking()(source)
    x = MyLSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid")(x)
    return keras.Model(source, kl.GRU(2)(x)), [np.where(IDS[..., None] > 0, X, 0).astype("float32")]


def functions():
    """A Lambda and activations that are functions."""
    source = keras.Input((6, 3))
    x = kl.Lambda(lambda x, by: x * by, arguments={"by": 3.0}, name="triple")(source)
    x = kl.Dense(2, activation=lambda x: x * x, name="squared")(x)
    with keras.utils.CustomObjectScope({"twice": twice}):
        x = kl.Bidirectional(kl.LSTM(2, activation=twice, name="inner"), name="both")(x)
    return keras.Model(source, x), [X]


def twice(x):
    return 2 * x


def attention():
    """Attention under causal masks; heads, whose masks came with 2.10; a residual."""
    a, b = keras.Input((6,)), keras.Input((6,))
    x, y = kl.Embedding(8, 4, mask_zero=True)(a), kl.Embedding(8, 4, mask_zero=True)(b)
    causal = VERSION == "2.4.0"
    first = (
        kl.Attention(causal=True)([x, y]) if causal else kl.Attention(score_mode="concat")([x, y])
    )
    second = kl.AdditiveAttention()([x, y])
    heads = kl.MultiHeadAttention(2, 3, dropout=0.1)(x, y)
    residual = kl.LayerNormalization()(kl.Add()([x, heads]))
    last = kl.LSTM(3)(residual)
    return keras.Model([a, b], [first, second, heads, residual, last]), [IDS, OTHER]


def operations():
    """Operations of TensorFlow between the layers."""
    a, b = keras.Input((6, 3)), keras.Input((6, 3))
    x = kl.Dense(3)(a)
    y = (1.0 - x) * b + 2 * x / (1.0 + b * b)
    y = tf.concat([y, -x, x[:, ::-1]], axis=-1)
    y = tf.nn.relu(y[:, 1:, :5]) - tf.math.sigmoid(y[..., -5:])[:, 1:]
    z = tf.matmul(y, y, transpose_b=True) / tf.math.sqrt(5.0)
    z = tf.nn.softmax(z)
    z = tf.linalg.matmul(z, tf.stack([y, y], axis=0)[1])
    m = tf.reduce_mean(z, axis=1, keepdims=True) + tf.reduce_max(z, axis=1)[:, None]
    t = tf.transpose(tf.reshape(m, [-1, 5, 1]), [0, 2, 1])
    t = tf.cast(tf.not_equal(tf.squeeze(t, axis=1), 0.0), "float32") + tf.math.tanh(m[:, 0])
    parts = tf.split(y, [2, 3], axis=-1)
    u = tf.tile(tf.expand_dims(tf.reduce_sum(parts[1], axis=[1, 2]), -1), [1, 2])
    u = tf.maximum(u, 0.5) + tf.clip_by_value(u, -1.0, 1.0) + tf.gather(u, [1, 0], axis=1)
    v = tf.math.squared_difference(y, tf.nn.l2_normalize(y, -1)) // 0.25
    v = tf.slice(v, [0, 1, 0], [-1, 2, -1]) + tf.norm(y, axis=-1, keepdims=True)[:, :2] % 0.3
    return keras.Model([a, b], [z, t, u, v, kl.GRU(2)(tf.nn.leaky_relu(y))]), [X, X[::-1].copy()]


def tree():
    """Layers met twice by Keras 2.13, whose numbers then have gaps; a nested model."""
    inner = keras.Sequential(
        [keras.Input((None, 3)), kl.LSTM(3, return_sequences=True), kl.Dense(3)]
    )
    ids = keras.Input((None,))
    x = kl.Embedding(8, 3, mask_zero=True)(ids)
    x = kl.LSTM(3, return_sequences=True)(x)
    x = kl.Dropout(0.1)(inner(x))
    x = kl.LSTM(3, return_sequences=True)(kl.Dense(3)(x))
    x = kl.LSTM(2, return_sequences=True, activation="hard_sigmoid")(x)
    y = kl.Bidirectional(kl.GRU(2, dropout=0.1))(x)
    z = kl.RNN([kl.LSTMCell(2), kl.LSTMCell(3)])(x)
    return keras.Model(ids, [kl.Dense(2)(y), kl.Dense(1)(z)]), [IDS]


def gates():
    """The defaults of the time, as people write the model down again: weights only."""
    net = keras.Sequential()
    net.add(kl.Embedding(8, 3, mask_zero=True, input_length=6))
    net.add(kl.Bidirectional(kl.LSTM(3, return_sequences=True)))
    net.add(kl.GRU(2))
    return net, [IDS]


def of_cudnn():
    """What an LSTM and a GRU with the weights of their twins of CuDNN answer."""
    source = keras.Input((6, 3))
    x = kl.Bidirectional(
        kl.LSTM(3, return_sequences=True, recurrent_activation="sigmoid"), name="both"
    )(source)
    x = kl.GRU(2, recurrent_activation="sigmoid", reset_after=True, name="last")(x)
    return keras.Model(source, x), [X]


def as_cudnn(raw):
    """The file of `of_cudnn` as one of CuDNNLSTM and CuDNNGRU, which no CPU runs.

    Keras itself converts the weights, for layers of these classes.
    """
    import h5py
    from keras.engine.saving import _convert_rnn_weights

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.h5")
        with open(path, "wb") as file:
            file.write(raw)
        with h5py.File(path, "r+") as found:
            config = json.loads(found.attrs["model_config"].decode())
            for layer in config["config"]["layers"][1:]:
                for entry in (layer, layer["config"].get("layer")):
                    if entry and entry["class_name"] in ("LSTM", "GRU"):
                        entry["class_name"] = "CuDNN" + entry["class_name"]
                        for key in (
                            "activation",
                            "recurrent_activation",
                            "use_bias",
                            "unroll",
                            "implementation",
                            "reset_after",
                            "dropout",
                            "recurrent_dropout",
                        ):
                            entry["config"].pop(key, None)
            found.attrs["model_config"] = json.dumps(config).encode()
            for name, kind, count in (("both", "CuDNNLSTM", 2), ("last", "CuDNNGRU", 1)):
                holder = found["model_weights"][name]
                names = list(holder.attrs["weight_names"])
                for cell in range(count):
                    mine = names[3 * cell : 3 * cell + 3]
                    target = type(kind, (), {})()
                    values = _convert_rnn_weights(target, [holder[x][()] for x in mine])
                    for x, value in zip(mine, values):
                        del holder[x]
                        holder[x] = value
        with open(path, "rb") as file:
            return file.read()


def randomized(net):
    net.set_weights([rng.normal(size=w.shape, scale=0.5) ** 2 for w in net.get_weights()])
    return net


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def raw_of(net, save):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.h5" if save != "keras" else "model.keras")
        (net.save_weights if save == "weights" else net.save)(path)
        with open(path, "rb") as file:
            return file.read()


def on_windows(raw):
    """The same .keras, as Keras names its groups there."""
    import h5py

    old = zipfile.ZipFile(io.BytesIO(raw))
    source = h5py.File(io.BytesIO(old.read("model.weights.h5")), "r")
    buffer, changed = io.BytesIO(), io.BytesIO()
    with h5py.File(changed, "w") as target:

        def copy(name, found):
            if isinstance(found, h5py.Dataset):
                head, _, number = name.rpartition("/vars/")
                target.create_dataset(
                    "%s/vars/%s" % (head.replace("/", "\\"), number), data=found[()]
                )

        source.visititems(copy)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in ("metadata.json", "config.json"):
            new.writestr(name, old.read(name))
        new.writestr("model.weights.h5", changed.getvalue())
    return buffer.getvalue()


def by_theano(raw):
    """The same file, as a Keras on Theano writes it: with its kernels turned round."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.h5")
        with open(path, "wb") as file:
            file.write(raw)
        with h5py.File(path, "r+") as found:
            group = found["model_weights"]
            for holder in (found, group):
                holder.attrs["backend"] = b"theano"

            def turn(name, dataset):
                if isinstance(dataset, h5py.Dataset) and "conv1d" in name and dataset.ndim == 3:
                    if "separable" not in name:
                        dataset[...] = dataset[()][::-1]

            group.visititems(turn)
        with open(path, "rb") as file:
            return file.read()


def write(name, raw):
    path = os.path.join(HERE, "%s_%s" % (VERSION, name))
    if raw[:2] == b"PK":
        old, buffer = zipfile.ZipFile(io.BytesIO(raw)), io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            for member in old.namelist():
                new.writestr(zipfile.ZipInfo(member), old.read(member), zipfile.ZIP_DEFLATED)
        with open(path + ".keras", "wb") as file:
            file.write(buffer.getvalue())
        return
    kind = ".json" if raw[:1] == b"{" else ".h5"
    with open(path + kind + ".gz", "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, 0) as packed:
            packed.write(raw)


CASES = {
    "2.2": [merges, words, states, options, custom, functions, gates, of_cudnn],
    "2.4": [merges, words, states, options, attention, operations],
    "2.13": [tree],
    "2.15": [merges, words, states, options, custom, functions, attention, operations, tree],
}


def main():
    answers = {}
    for make in CASES[VERSION.rpartition(".")[0]]:
        net, inputs = make()
        name, randomized_net = make.__name__, randomized(net)
        outputs = as_list(randomized_net.predict(inputs if len(inputs) > 1 else inputs[0]))
        for kind, values in (("in", inputs), ("out", outputs)):
            for i, value in enumerate(values):
                answers["%s/%s/%d" % (name, kind, i)] = np.asarray(value)
        if make is gates:
            write(name, raw_of(net, "weights"))
        elif make is tree:
            raw = raw_of(net, "keras")
            write(name, raw)
            write("windows", on_windows(raw))
        elif make is of_cudnn:
            write("cudnn", as_cudnn(raw_of(net, "model")))
        else:
            raw = raw_of(net, "model")
            write(name, raw)
            if make is options:
                config = json.loads(net.to_json())
                write("config", json.dumps(config).encode())
                write("config_weights", raw_of(net, "weights"))
                if VERSION == "2.2.4":
                    write("theano", by_theano(raw))
    np.savez_compressed(os.path.join(HERE, VERSION + ".npz"), **answers)


main()
