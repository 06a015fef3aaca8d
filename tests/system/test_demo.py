"""The shipped data and model are what they claim to be."""

import numpy as np
import pytest

import maskseq
from maskseq import cli
from tests.support.demo_files import (
    MODEL,
    OF_KERAS,
    demo_model,
    save_tagger,
    speakers,
    utterances,
)


def keras_model(path):
    return pytest.importorskip("keras").saving.load_model(path)


def test_test_split_has_the_published_sizes():
    assert np.bincount(speakers()).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert utterances().values.shape == (5687, 12) and utterances().values.dtype == np.float32
    assert (utterances().lengths.min(), utterances().lengths.max()) == (7, 29)


def test_no_real_step_looks_like_padding():
    assert utterances().values.any(axis=1).all()  # Masking takes rows of zeros for padding


@pytest.mark.parametrize("path", [MODEL, OF_KERAS], ids=["maskseq", "keras"])
def test_model_names_the_speakers(path):
    model = maskseq.load_model(path)
    assert (model.predict(utterances()).argmax(axis=-1) == speakers()).sum() == 364


@pytest.mark.parametrize("maxlen", [29, 40])
@pytest.mark.parametrize("padding", ["post", "pre"])
def test_padding_changes_no_bit(maxlen, padding):
    padded = utterances().to_padded(maxlen, padding)
    np.testing.assert_array_equal(demo_model().predict(padded), demo_model().predict(utterances()))


@pytest.mark.parametrize("b", [0, 7, 369])
def test_the_other_utterances_of_a_batch_change_no_bit(b):
    alone = demo_model().predict([utterances()[b]])
    np.testing.assert_array_equal(alone[0], demo_model().predict(utterances())[b])


@pytest.mark.slow
@pytest.mark.parametrize("path", [MODEL, OF_KERAS], ids=["maskseq", "keras"])
def test_model_equals_keras(path):
    expected = keras_model(path).predict(utterances().to_padded(), verbose=0)
    actual = maskseq.load_model(path).predict(utterances())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["post", "pre"])
def test_model_of_sequences_equals_keras_in_padded_cells_too(padding, tmp_path):
    path = save_tagger(tmp_path / "tagger.keras")
    padded = utterances().to_padded(33, padding)
    expected = keras_model(path).predict(padded, verbose=0)
    actual = maskseq.load_model(path).predict(padded)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_demo_fails_if_the_model_is_not_as_good_as_where_it_was_trained(monkeypatch, capsys):
    monkeypatch.setattr(cli, "DEMO_SECONDS", 0)
    monkeypatch.setattr(cli, "DEMO_ACCURACY", 1.01)
    assert cli.main(["demo"]) == 1
    assert "expected at least 101% right" in capsys.readouterr().err
