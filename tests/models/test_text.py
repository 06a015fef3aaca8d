"""Models that take text: strings in, ragged words inside, the same answers however it comes."""

import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers

TEXTS = ["the cat sat", "", "a dog and the cat", "dog", "and and and"]
WORDS = ["the", "cat", "sat", "a", "dog", "and"]


def tagger(**options):
    """A label for every word, or one for each text."""
    return maskseq.Sequential(
        [
            maskseq.Input((), dtype="string"),
            layers.TextVectorization(vocabulary=WORDS),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, **options)),
            layers.Dense(2),
        ]
    )


@pytest.mark.parametrize("sequences", [False, True])
def test_model_of_text_is_the_model_of_its_ids(sequences):
    model = tagger(return_sequences=sequences)
    rest = maskseq.Sequential(model.layers[1:])
    ids = [[WORDS.index(word) + 2 for word in text.split()] for text in TEXTS]
    np.testing.assert_array_equal(model.predict(TEXTS), rest.predict(ids))
    np.testing.assert_array_equal(model(np.array(TEXTS)), model.predict(TEXTS))


@pytest.mark.parametrize(
    "form", [list, tuple, np.array, lambda x: np.array(x, object), np.char.encode]
)
def test_texts_come_in_any_form(form):
    model = tagger()
    np.testing.assert_array_equal(model.predict(form(TEXTS)), model.predict(TEXTS))
    column = np.array(TEXTS)[:, None]
    np.testing.assert_array_equal(model.predict(column), model.predict(TEXTS))


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_answer_does_not_depend_on_batches(sequences, batch_size):
    model = tagger(return_sequences=sequences)
    np.testing.assert_array_equal(model.predict(TEXTS, batch_size), model.predict(TEXTS))


def test_a_text_alone_gives_what_it_gives_among_others():
    model = tagger()
    alone = np.concatenate([model.predict([text]) for text in TEXTS])
    np.testing.assert_array_equal(alone, model.predict(TEXTS))


def test_lists_of_words_stay_ragged():
    rows = [text.split() for text in TEXTS]
    model = maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="string"),
            layers.StringLookup(vocabulary=WORDS),
            layers.Embedding(9, 4, mask_zero=True),
            layers.GRU(3),
        ]
    )
    alone = np.concatenate([model.predict([row]) for row in rows])
    np.testing.assert_array_equal(model.predict(rows), alone)


def test_sequential_is_built_by_its_first_texts():
    model = maskseq.Sequential(
        [layers.TextVectorization(vocabulary=WORDS), layers.Embedding(9, 2, mask_zero=True)]
    )
    assert model.predict(TEXTS).shape == (5, 5, 2)
    assert model.inputs[0].dtype == "string"


def test_copies_give_the_same():
    model = tagger()
    wanted = model.predict(TEXTS)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    for copy in (again, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copy.predict(TEXTS), wanted)


def test_words_can_be_an_output():
    inputs = maskseq.Input((None,), dtype="int64")
    model = maskseq.Model(inputs, layers.StringLookup(vocabulary=["a", "b"], invert=True)(inputs))
    assert model.predict(np.array([[1, 2], [0, 1]])).tolist() == [["a", "b"], ["[UNK]", "a"]]
    assert model.predict([[1, 2, 1], [2]]).tolist() == [["a", "b", "a"], ["b", "", ""]]
    assert model.outputs[0].dtype == "string"


def test_layer_of_ids_before_an_unmasked_embedding_pads_as_keras_does():
    inputs = maskseq.Input((), dtype="string")
    ids = layers.TextVectorization(vocabulary=WORDS)(inputs)
    lstm, table = layers.LSTM(3), layers.Embedding(9, 4)
    with pytest.warns(UserWarning, match="destroy the mask"):
        model = maskseq.Model(inputs, lstm(table(ids)))
    answer = model.predict(TEXTS)
    padded = np.asarray(model.layers[1](TEXTS))
    np.testing.assert_array_equal(answer, lstm(np.asarray(table(padded))))


@pytest.mark.parametrize("x", [[], np.empty(0, np.str_)])
def test_no_texts_give_no_answers(x):
    assert tagger().predict(x).shape == (0, 2)


@pytest.mark.parametrize(
    "x, message",
    [
        (np.ones((2, 3)), "must hold text, got dtype float"),
        ([1, 2], "must hold text, got dtype int"),
        ([["a", "b"], ["c"]], "input .* must have shape"),
        (["a", None], "text must be str or bytes, got NoneType at position 1"),
        (["a", "\ud800"], "text must be valid, got .* at position 1"),
    ],
)
def test_wrong_texts_are_named(x, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tagger().predict(x)


def test_text_for_a_model_of_numbers_is_named():
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.LSTM(2)])
    with pytest.raises(TypeError, match="must hold numbers, got text"):
        model.predict(np.array([["a", "b"]]))
