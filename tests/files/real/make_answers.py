"""Writes answers.npz: what Keras makes of the models of this folder.

Run twice, in the environments that tests/files/keras2/make.py names for 2.2.4, and with Keras 3:
    python tests/files/real/make_answers.py            the models of the Keras that is installed
"""

import gzip
import os
import tempfile

import keras
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ANSWERS = os.path.join(HERE, "answers.npz")
rng = np.random.RandomState(0)


def sleepecg():
    """Nights of 9, 5 and 12 steps, padded as sleepecg does it."""
    x = rng.normal(size=(3, 12, 36)).astype("float32")
    for night, steps in enumerate((9, 5, 12)):
        x[night, steps:] = -1
    return keras.models.load_model(os.path.join(HERE, "sleepecg_ws_gru_mesa.keras")), x


def mmsplice():
    """Sequences of bases, one-hot."""
    x = np.eye(4, dtype="float32")[rng.randint(0, 4, (3, 30))]
    return keras.models.load_model(unpacked("mmsplice_exon_prime3.h5"), compile=False), x


def chars2vec():
    """Words of characters, one-hot; the model as chars2vec writes it down."""
    source = keras.layers.Input(shape=(None, 59))
    x = keras.layers.LSTM(50, return_sequences=True)(source)
    model = keras.models.Model(source, keras.layers.LSTM(50)(x))
    model.load_weights(unpacked("chars2vec_eng_50_weights.h5"))
    return model, np.eye(59, dtype="float32")[rng.randint(0, 59, (4, 7))]


def unpacked(name):
    with gzip.open(os.path.join(HERE, name + ".gz")) as packed:
        raw = packed.read()
    path = os.path.join(tempfile.mkdtemp(), name)
    with open(path, "wb") as file:
        file.write(raw)
    return path


answers = dict(np.load(ANSWERS)) if os.path.exists(ANSWERS) else {}
for make in [sleepecg] if keras.__version__[0] == "3" else [mmsplice, chars2vec]:
    model, x = make()
    answers[make.__name__ + "/in"], answers[make.__name__ + "/out"] = x, model.predict(x)
np.savez_compressed(ANSWERS, **answers)
