"""Writes text.keras and text_answers.json with Keras 3.15 on TensorFlow 2.21.

Run: python -m tests.files.tensorflow.make_files   (needs keras, tensorflow)

text_answers.json: for each of tests.support.text_cases.CASES the output, its dtype, and the
vocabulary or the boundaries that the layer learnt. text.keras: a model of text, and what it makes
of `TEXTS` and the others; ConvLSTM1D with masks, which Keras on JAX cannot do.
"""

import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers as kl

from tests.files.make_keras_files import save
from tests.support.text_cases import CASES, ODD, TextCase

FOLDER = Path(__file__).parent
LABELS, IDS = [["a"], ["zz"], ["b"]], [[5, 7], [1, 0], [7, 7]]


def listed(value: Any) -> Any:
    """An output as lists of numbers or str."""
    array = np.asarray(value)
    if array.dtype == object:
        array = np.vectorize(lambda x: x.decode())(array)
    return array.tolist()


def answer(case: TextCase) -> dict[str, Any]:
    layer = getattr(kl, case.layer)(**case.options)
    if case.adapt is not None:
        layer.adapt(case.array(case.adapt))
    output = layer(case.array(case.inputs))
    found = {"output": listed(output), "dtype": np.asarray(output).dtype.name}
    if hasattr(layer, "get_vocabulary"):
        found["vocabulary"] = np.asarray(layer.get_vocabulary()).tolist()
    if case.layer == "Discretization":
        found["vocabulary"] = layer.bin_boundaries
    return found


def text_model() -> keras.Model:
    words = kl.Input((1,), dtype="string", name="texts")
    label = kl.Input((1,), dtype="string", name="labels")
    ids = kl.Input((2,), dtype="int64", name="ids")
    to_ids = kl.TextVectorization(name="to_ids")
    weighed = kl.TextVectorization(output_mode="tf_idf", ngrams=2, name="weighed")
    fixed = kl.TextVectorization(output_sequence_length=4, max_tokens=9, name="fixed")
    named = kl.StringLookup(output_mode="multi_hot", name="named")
    numbered = kl.IntegerLookup(mask_token=0, name="numbered")
    for layer in (to_ids, weighed, fixed):
        layer.adapt(np.array(ODD))
    named.adapt(["a", "b", "b"])
    numbered.adapt([5, 5, 7])
    given = kl.StringLookup(
        vocabulary=["a", "b"],
        output_mode="tf_idf",
        idf_weights=[0.5, 0.25],
        num_oov_indices=2,
        name="given",
    )
    outputs = [
        kl.GRU(3)(kl.Embedding(40, 3, mask_zero=True, name="embedded")(to_ids(words))),
        kl.Dense(2)(weighed(words)),
        kl.LSTM(2)(kl.Embedding(9, 2)(fixed(words))),
        kl.Dense(2)(named(label)),
        kl.Dense(2)(given(label)),
        kl.Embedding(9, 2)(numbered(ids)),
        kl.Hashing(97, salt=5, name="hashed")(label),
        kl.Dense(2)(kl.CategoryEncoding(8)(ids)),
    ]
    return keras.Model([words, label, ids], outputs)


def conv_lstm() -> dict[str, Any]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(4, 5, 6, 2)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
    layer = kl.ConvLSTM1D(3, 2, return_sequences=True, return_state=True)
    layer.build(x.shape)
    weights = [0.5 * rng.normal(size=w.shape).astype("float32") for w in layer.weights]
    layer.set_weights(weights)
    outputs = layer(x, mask=mask)
    return {
        "x": x.tolist(),
        "mask": mask.tolist(),
        "weights": [w.tolist() for w in weights],
        "outputs": [listed(y) for y in outputs],
    }


def main() -> None:
    keras.utils.set_random_seed(7)
    net = text_model()
    inputs = [np.array([[text] for text in ODD[:3]]), np.array(LABELS), np.array(IDS)]
    rng = np.random.default_rng(3)
    net.set_weights([rng.normal(size=w.shape, scale=0.5) for w in net.get_weights()])
    outputs = [listed(y) for y in net(inputs)]
    save(net, FOLDER / "text.keras", repack=True)
    answers = {
        "cases": {case.name: answer(case) for case in CASES},
        "model": outputs,
        "ConvLSTM1D": conv_lstm(),
    }
    text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / "text_answers.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
