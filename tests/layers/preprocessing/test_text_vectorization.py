"""TextVectorization: ragged and padded, by functions of the user's, and what is refused."""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers

TEXTS = ["b a", "", "a a c"]


def test_padded_answer_carries_the_mask_of_the_words():
    layer = layers.TextVectorization(vocabulary=["a", "b"])
    ids = layer(TEXTS)
    assert ids.tolist() == [[3, 2, 0], [0, 0, 0], [2, 2, 1]] and ids.dtype == np.int64
    mask = maskseq.get_keras_mask(ids)
    np.testing.assert_array_equal(mask, np.asarray(ids) != 0)
    fixed = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=2)
    assert fixed(TEXTS).tolist() == [[3, 2], [0, 0], [2, 2]]
    assert maskseq.get_keras_mask(fixed(TEXTS)) is None


def test_ragged_answer_is_a_ragged():
    layer = layers.TextVectorization(vocabulary=["a", "b"], ragged=True)
    assert isinstance(layer(TEXTS), Ragged)
    assert layer(TEXTS).to_list() == [[3, 2], [], [2, 2, 1]]
    short = layers.TextVectorization(vocabulary=["a"], ragged=True, output_sequence_length=1)
    assert short(TEXTS).to_list() == [[1], [], [2]]


def test_functions_of_the_user_get_arrays_of_strings():
    seen = []

    def standardize(texts):
        seen.append(texts.dtype.kind)
        return np.char.replace(texts, "-", " ")

    def split(texts):
        seen.append(texts.dtype.kind)
        return [text.split(" ") for text in texts.tolist()]

    layer = layers.TextVectorization(
        standardize=standardize, split=split, vocabulary=["a", "b"], output_mode="count"
    )
    assert layer(["a-b a", "b-"]).tolist() == [[0, 2, 1], [0, 0, 1]]
    assert seen == ["U", "U"]
    config = layer.get_config()
    assert config["standardize"] is standardize and config["split"] is split


def test_function_that_gives_too_few_is_named():
    layer = layers.TextVectorization(split=lambda x: [["a"]], vocabulary=["a"], name="words")
    with pytest.raises(ValueError, match="layer 'words'.*split must give 2 items, got 1"):
        layer(["a", "b"])


@pytest.mark.parametrize("data", [TEXTS, tuple(TEXTS), np.array(TEXTS), np.array(TEXTS)[:, None]])
def test_texts_in_any_form_teach_the_same(data):
    layer = layers.TextVectorization()
    layer.adapt(data)
    assert layer.get_vocabulary() == ["", "[UNK]", "a", "c", "b"]
    layer.adapt(iter([data, data]), steps=1)
    assert layer.get_vocabulary(include_special_tokens=False) == ["a", "c", "b"]
    assert layer.vocabulary_size() == 5


def test_lists_of_words_are_texts_that_are_split_already():
    layer = layers.TextVectorization(split=None, vocabulary=["a", "b"], ragged=True)
    assert layer([["A!", "x"], [], ["b"]]).to_list() == [[2, 1], [], [3]]


@pytest.mark.parametrize(
    "x, message",
    [
        ([["a", "b"], ["c", "d"]], r"must be texts \(batch,\) or \(batch, 1\), got shape \(2, 2\)"),
        ([["a", "b"], ["c"]], "with split=None they are tokens"),
        ([1, 2], "text must be str or bytes, got int at position 0"),
        (np.array([["a"], [None]]), "text must be str or bytes, got NoneType at position 1"),
        ([[["a"], ["b"]], [["c"]]], "nested at most twice"),
    ],
)
def test_wrong_texts_are_named(x, message):
    layer = layers.TextVectorization(vocabulary=["a"], name="words")
    with pytest.raises((ValueError, TypeError), match=f"layer 'words'.*{message}"):
        layer(x)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"standardize": "upper"}, "TextVectorization: standardize must be one of .* got 'upper'"),
        ({"split": "words"}, "TextVectorization: split must be one of"),
        ({"ngrams": "2"}, "TextVectorization: ngrams must be an int, at least 1, got '2'"),
        ({"ngrams": (1, 0)}, "TextVectorization: ngrams must be an int, at least 1, got 0"),
        ({"output_mode": "words"}, "TextVectorization: output_mode must be one of"),
        ({"output_sequence_length": 0}, "output_sequence_length must be an int, at least 1"),
        (
            {"output_sequence_length": 3, "output_mode": "count"},
            "output_sequence_length must be None with output_mode='count', got 3",
        ),
        ({"ragged": True, "output_mode": "count"}, "ragged must be False with output_mode"),
        ({"vocabulary": "file.txt"}, "a file is not read"),
        ({"max_tokens": 0}, "max_tokens must be an int, at least 2, got 0"),
        ({"sparse": True}, "sparse must be False"),
        ({"encoding": "utf-16"}, "encoding must be one of"),
        ({"vocab": ["a"]}, "TextVectorization"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        layers.TextVectorization(**options)


def test_vocabulary_must_be_there():
    with pytest.raises(ValueError, match="vocabulary must be given, or learnt by adapt"):
        layers.TextVectorization()(["a"])
    with pytest.raises(ValueError, match="vocabulary must be given"):
        layers.TextVectorization(output_mode="count")(maskseq.Input((1,), dtype="string"))


def test_no_run_of_words_is_wider_than_there_are_words():
    wide, all_three = (
        layers.TextVectorization(ngrams=n, vocabulary=["a a c", "a", "b a"]) for n in (2**40, 3)
    )
    assert (
        wide(TEXTS).tolist()
        == all_three(TEXTS).tolist()
        == [
            [1, 3, 4, 0, 0, 0],
            [0, 0, 0, 0, 0, 0],
            [3, 3, 1, 1, 1, 2],
        ]
    )
