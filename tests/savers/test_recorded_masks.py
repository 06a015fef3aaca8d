"""A model that is read again answers as before where Keras's graph records masks."""

import copy
import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.nest import flatten

pytestmark = pytest.mark.filterwarnings("ignore")


def ends():
    ids, x = maskseq.Input((None,), dtype="int32"), maskseq.Input((None, 4))
    return ids, x, layers.Embedding(9, 4, mask_zero=True)(ids), layers.Masking()(x)


def residual_attention():
    """MultiHeadAttention takes the mask off what others read too."""
    ids, x, embedded, masked = ends()
    y = layers.Add()([masked, layers.MultiHeadAttention(2, 3)(masked, embedded)])
    outputs = [layers.LSTM(3)(y), layers.LSTM(3)(masked), layers.GRU(2)(layers.Dense(4)(embedded))]
    return maskseq.Model([ids, x], outputs)


def behind_an_inner_model():
    """Its mask shows only when it runs, and so does not count behind the Concatenate."""
    ids, x, embedded, masked = ends()
    steps = layers.LSTM(4, return_sequences=True)
    inner = maskseq.Sequential([maskseq.Input((None, 4)), steps])
    y = layers.Dense(4)(layers.Concatenate()([embedded, inner(masked)]))
    return maskseq.Model(
        [ids, x], {"a": layers.LSTM(3)(y), "b": layers.GRU(4, return_sequences=True)(y)}
    )


def written(ending):
    def through(model, folder):
        model.save(folder / f"model{ending}")
        return maskseq.load_model(folder / f"model{ending}")

    return through


def from_config(model, folder):
    again = maskseq.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    return again


WAYS = {
    **{ending: written(ending) for ending in (".keras", ".h5", ".safetensors")},
    "config": from_config,
    "deepcopy": lambda model, folder: copy.deepcopy(model),
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [residual_attention, behind_an_inner_model])
def test_what_is_read_again_answers_the_same(tmp_path, make, way):
    rng = np.random.default_rng(0)
    real = np.arange(6) < np.array([[2], [6], [3]])
    ids = rng.integers(1, 9, (3, 6)) * real
    x = rng.standard_normal((3, 6, 4)).astype(np.float32) * real[::-1, :, None]
    model = make()
    again = WAYS[way](model, tmp_path)
    for _ in range(2):  # a file of a model from a file, too
        answers = flatten(model.predict([ids, x])), flatten(again.predict([ids, x]))
        for a, b in zip(*answers, strict=True):
            np.testing.assert_array_equal(a, b)
        again = WAYS[way](again, tmp_path)
