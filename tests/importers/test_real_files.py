"""Trained models of other projects, as they are published: the numbers that Keras gives."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers, load_model

FILES = Path(__file__).parents[1] / "files" / "real"
ANSWERS = np.load(FILES / "answers.npz")


@pytest.fixture
def unpacked(tmp_path):
    def unpacked(name):
        path = tmp_path / name
        path.write_bytes(gzip.decompress((FILES / f"{name}.gz").read_bytes()))
        return path

    return unpacked


def test_sleep_stages_of_nights_of_several_lengths():
    """A GRU in both directions, behind Masking; padded and not."""
    x, wanted = ANSWERS["sleepecg/in"], ANSWERS["sleepecg/out"]
    model = load_model(FILES / "sleepecg_ws_gru_mesa.keras")
    np.testing.assert_allclose(model.predict(x), wanted, rtol=0, atol=2e-6)
    nights = Ragged.from_padded(x, mask=(x != -1).any(axis=-1))
    for ours, keras, steps in zip(model.predict(nights), wanted, nights.lengths, strict=True):
        np.testing.assert_allclose(ours[:steps], keras[:steps], rtol=0, atol=2e-6)


def test_splicing_of_exons(unpacked):
    """A convolution of Keras 2.1.3."""
    model = load_model(unpacked("mmsplice_exon_prime3.h5"))
    assert model.mask_rule == "keras2.1"
    answer = model.predict(ANSWERS["mmsplice/in"])
    np.testing.assert_allclose(answer, ANSWERS["mmsplice/out"], rtol=1e-5, atol=1e-5)


def test_embeddings_of_words(unpacked):
    """Weights of Keras 2.2.0, for a model that its authors write down with the defaults of then."""
    path = unpacked("chars2vec_eng_50_weights.h5")

    def written_down(**options):
        source = maskseq.Input((None, 59))
        x = layers.LSTM(50, return_sequences=True, **options)(source)
        return maskseq.Model(source, layers.LSTM(50, **options)(x))

    model = written_down(recurrent_activation="hard_sigmoid_keras2")
    model.load_weights(path)
    answer = model.predict(ANSWERS["chars2vec/in"])
    np.testing.assert_allclose(answer, ANSWERS["chars2vec/out"], rtol=0, atol=2e-6)
    model = written_down()
    with pytest.warns(UserWarning, match=r"written by Keras 2\.2"):
        model.load_weights(path)
    assert not np.allclose(model.predict(ANSWERS["chars2vec/in"]), answer, atol=0.01)
    shapes = {name: array.shape for name, array in maskseq.read_weights(path).items()}
    assert shapes["lstm_1/lstm_1/kernel:0"] == (59, 200) and len(shapes) == 6
