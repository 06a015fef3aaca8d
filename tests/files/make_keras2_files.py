"""Writes the files of Keras 2 in this folder, and what Keras 2 makes of them.

Run: python -m tests.files.make_keras2_files     (needs tensorflow==2.15, which holds Keras 2.15)

For each NAME: keras2_NAME.h5.gz, and in keras2_answers.npz inputs and outputs as make_keras_files
does it. `weights` holds weights only, without the model.
"""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.files.make_keras_files import ids

keras = tf.keras
kl = keras.layers
FOLDER = Path(__file__).parent


def sequential() -> tuple:
    """Old defaults: hard_sigmoid of its own kind, a GRU that resets before."""
    net = keras.Sequential(
        [
            kl.Embedding(9, 4, mask_zero=True, input_length=6),
            kl.Bidirectional(
                kl.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid")
            ),
            kl.TimeDistributed(kl.Dense(4, "relu")),
            kl.GRU(3, reset_after=False, return_sequences=True),
            kl.GRU(3),
            kl.Dense(2, "softmax"),
        ]
    )
    return net, ids(3, 6)


def functional() -> tuple:
    """A shared layer, three kinds of nested models called twice, states handed over."""
    words = kl.Input((None,), dtype="int32")
    embedded = kl.Embedding(9, 4, mask_zero=True)(words)
    shared = kl.LSTM(4, return_sequences=True)
    first = shared(embedded)
    second = shared(first)
    inner = kl.Input((None, 4))
    nested = keras.Model(inner, kl.Dense(4)(kl.LSTM(4, return_sequences=True)(inner)))
    with_input = keras.Sequential([kl.Dense(4, input_shape=(None, 4))])
    without_input = keras.Sequential([kl.Dense(4)])
    twice = with_input(nested(without_input(nested(second))))
    states = kl.LSTM(4, return_state=True)(first)
    decoded = kl.LSTM(4)(second, initial_state=states[1:])
    outputs = [
        kl.GlobalAveragePooling1D()(twice),
        decoded,
        kl.Concatenate()([decoded, states[0]]),
        kl.Add()([first, second]),
        kl.RNN([kl.LSTMCell(3), kl.LSTMCell(2)])(second),
        kl.BatchNormalization()(decoded),
    ]
    return keras.Model(words, outputs), ids(3, 5)


def main() -> None:
    answers = {}
    for make in (sequential, functional):
        name = make.__name__
        tf.keras.utils.set_random_seed(len(name))
        net, inputs = make()
        rng = np.random.default_rng(3)
        net.set_weights([np.abs(rng.normal(size=w.shape, scale=0.5)) for w in net.get_weights()])
        with tempfile.TemporaryDirectory() as folder:
            net.save(f"{folder}/model.h5")
            net.save_weights(f"{folder}/weights.h5")
            kinds = {name: "model.h5"} | ({"weights": "weights.h5"} if name == "sequential" else {})
            for kind, file in kinds.items():
                raw = Path(folder, file).read_bytes()
                (FOLDER / f"keras2_{kind}.h5.gz").write_bytes(gzip.compress(raw, 9, mtime=0))
        answers[f"{name}/in/0"] = inputs
        for i, output in enumerate(tf.nest.flatten(net(inputs))):
            answers[f"{name}/out/{i}"] = output.numpy()
    np.savez_compressed(FOLDER / "keras2_answers.npz", **answers)


if __name__ == "__main__":
    main()
