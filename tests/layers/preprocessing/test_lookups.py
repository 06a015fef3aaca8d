"""StringLookup and IntegerLookup: what a vocabulary may be, how it is learnt, what is refused."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers

BOTH = {
    "StringLookup": (layers.StringLookup, ["a", "b", "c"], [["b", "x"], ["c", "a"]]),
    "IntegerLookup": (layers.IntegerLookup, [7, 5, -3], [[5, 99], [-3, 7]]),
}


@pytest.fixture(params=BOTH.values(), ids=BOTH)
def kind(request):
    """(class, vocabulary, inputs, the second of which is unknown)."""
    return request.param


@pytest.mark.parametrize("form", [list, tuple, np.array, lambda x: np.array(x, object)])
def test_vocabulary_comes_in_any_form(kind, form):
    cls, vocabulary, x = kind
    layer = cls(vocabulary=form(vocabulary))
    assert layer(x).tolist() == [[2, 0], [3, 1]]
    assert layer.get_vocabulary(include_special_tokens=False) == vocabulary
    assert layer.vocabulary_size() == 4


def test_unknown_tokens_are_an_error_without_an_index_for_them(kind):
    cls, vocabulary, x = kind
    layer = cls(vocabulary=vocabulary, num_oov_indices=0, name="table")
    assert layer([x[1]]).tolist() == [[2, 0]]
    with pytest.raises(ValueError, match=f"layer 'table'.*num_oov_indices=0, got .{x[0][1]!r}."):
        layer(x)


@pytest.mark.parametrize("unknown", [1, 3])
def test_inverse_undoes_the_lookup(kind, unknown):
    cls, vocabulary, x = kind
    layer = cls(vocabulary=vocabulary, num_oov_indices=unknown)
    inverse = cls(vocabulary=vocabulary, num_oov_indices=unknown, invert=True)
    tokens = inverse(layer(x))
    assert tokens.tolist() == [[x[0][0], inverse.oov_token], x[1]]
    rows = Ragged.from_list([[1 + unknown], [], [unknown, 50]])
    back = inverse(rows)
    assert [list(row) for row in back] == [[vocabulary[1]], [], [vocabulary[0], inverse.oov_token]]


def test_batches_documents_and_generators_teach_the_same(kind):
    cls, vocabulary, _ = kind
    a, b, c = vocabulary
    rows = [[a, b], [b], [], [b, c, c]]
    batches = [[[a, b]], [[b]], [[b, c, c]]]
    learnt = []
    for data in (rows, [a, b, b, b, c, c], np.array([a, b, b, b, c, c]), iter(batches)):
        layer = cls()
        layer.adapt(data)
        learnt.append(layer.get_vocabulary())
    assert learnt == [[layer.oov_token, b, c, a]] * 4


def test_steps_are_batches_of_an_iterator(kind):
    cls, (a, b, _), _ = kind
    layer = cls()
    layer.adapt(iter([[[a]], [[b]], [[b]]]), steps=1)
    assert layer.get_vocabulary(False) == [a]


def test_learning_anew_forgets(kind):
    cls, (a, b, c), _ = kind
    layer = cls()
    layer.adapt([a, b])
    layer.adapt([c])
    assert layer.get_vocabulary(False) == [c]
    layer.adapt([])
    assert layer.get_vocabulary(False) == [c]


def test_given_vocabulary_is_not_learnt(kind):
    cls, vocabulary, x = kind
    with pytest.raises(ValueError, match="adapt needs a layer without a vocabulary"):
        cls(vocabulary=vocabulary).adapt(x)


def test_size_of_the_output_stays(kind):
    cls, (a, b, _), _ = kind
    layer = cls(output_mode="count")
    layer.adapt([a])
    with pytest.raises(ValueError, match="must have 2 tokens as before, got 3"):
        layer.set_vocabulary([a, b])


def test_size_may_be_promised_before_the_vocabulary_is_there(kind):
    cls, vocabulary, x = kind
    layer = cls(output_mode="multi_hot", vocabulary_size=4)
    assert layer(maskseq.Input((2,), dtype="string")).shape == (None, 4)
    with pytest.raises(ValueError, match="vocabulary must be given, or learnt by adapt"):
        layer(x)
    layer.set_vocabulary(vocabulary)
    assert layer(x).tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]


def test_copies_hold_the_same_vocabulary(kind):
    cls, (a, b, _), x = kind
    layer = cls(output_mode="tf_idf")
    layer.adapt([[a, b], [b]])
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(again(x), layer(x))
        again.adapt([[b, a], [a]])
        assert again.get_vocabulary(False) == [a, b]


def test_padded_array_loses_its_mask_as_in_keras(kind):
    cls, vocabulary, x = kind
    array = np.array(x)
    tensor = maskseq.convert_to_tensor(array)
    tensor._keras_mask = np.array([[True, False], [True, True]])
    layer = cls(vocabulary=vocabulary)
    with pytest.warns(UserWarning, match="destroy the mask"):
        output = layer(tensor)
    assert maskseq.get_keras_mask(output) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(layer([x[0], x[1][:1]]), Ragged)


WRONG = [
    ({"max_tokens": 1}, "max_tokens must be an int, at least 2, got 1"),
    ({"num_oov_indices": -1}, "num_oov_indices must be an int, at least 0, got -1"),
    ({"output_mode": "ints"}, "output_mode must be one of .* got 'ints'"),
    ({"output_mode": ["int"]}, "output_mode must be a text"),
    ({"sparse": True, "output_mode": "count"}, "sparse must be False"),
    ({"pad_to_max_tokens": True}, "max_tokens must be given with pad_to_max_tokens"),
    ({"invert": True, "output_mode": "count"}, "output_mode must be 'int' with invert=True"),
    ({"idf_weights": [1.0]}, "idf_weights must be given with output_mode='tf_idf' only"),
    ({"oov_method": "md5"}, "oov_method must be one of"),
    ({"salt": 1.5, "oov_method": "farmhash"}, "salt must be an int or two"),
    ({"mask_token": 1.5}, "mask_token must be"),
    ({"oov_token": [1]}, "oov_token must be"),
    ({"vocabulary": "words.txt"}, "must be a list of tokens, got 'words.txt'; a file is not read"),
    ({"vocabulary": b"words.txt"}, "a file is not read"),
    ({"vocabulary": []}, "vocabulary must hold tokens"),
    ({"vocabulary": 7}, "vocabulary must"),
    ({"vocabulary_dtype": "int32"}, "vocabulary_dtype"),
]


@pytest.mark.parametrize("options, message", WRONG, ids=[str(options) for options, _ in WRONG])
def test_wrong_arguments_are_named(kind, options, message):
    cls = kind[0]
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        cls(**options)
    assert cls.__name__ in str(caught.value)


@pytest.mark.parametrize(
    "cls, options, message",
    [
        (layers.StringLookup, {"vocabulary": ["a", "b", "a"]}, r"every token once, got \['a'\]"),
        (layers.IntegerLookup, {"vocabulary": [4, 4, 2, 2]}, r"every token once, got \[2, 4\]"),
        (layers.StringLookup, {"vocabulary": ["a", "b"], "max_tokens": 2}, "at most max_tokens=2"),
        (
            layers.StringLookup,
            {"vocabulary": ["a", ""], "mask_token": ""},
            "'' must stand in front",
        ),
        (layers.IntegerLookup, {"vocabulary": [1, 0], "mask_token": 0}, "0 must stand in front"),
        (
            layers.StringLookup,
            {"vocabulary": ["a", "[UNK]", "b"], "invert": True},
            r"'\[UNK\]' must stand in front",
        ),
        (layers.StringLookup, {"vocabulary": ["a", None]}, "must be str or bytes, got NoneType"),
        (layers.StringLookup, {"vocabulary": [1, 2]}, "must be str or bytes, got int"),
        (layers.IntegerLookup, {"vocabulary": ["a"]}, "must be integers of 64 bits"),
        (layers.IntegerLookup, {"vocabulary": [1, 2**70]}, "must be integers of 64 bits"),
        (layers.IntegerLookup, {"salt": 3}, "oov_method must be 'farmhash' with a salt"),
        (layers.StringLookup, {"encoding": "latin-1"}, "encoding must be one of"),
        (
            layers.StringLookup,
            {"vocabulary": ["a", "b"], "output_mode": "tf_idf", "idf_weights": [1.0]},
            r"must be 2 numbers, one for each token of the vocabulary, got float64 \(1,\)",
        ),
        (
            layers.StringLookup,
            {"vocabulary": ["a"], "output_mode": "tf_idf"},
            "idf_weights must be given with output_mode='tf_idf'",
        ),
    ],
)
def test_wrong_vocabularies_are_named(cls, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        cls(**options)


@pytest.mark.parametrize(
    "cls, x, message",
    [
        (layers.StringLookup, [1, 2], "text must be str or bytes, got int at position 0"),
        (layers.StringLookup, np.ones(3), "text must be str or bytes, got float at position 0"),
        (layers.IntegerLookup, ["a"], "inputs must be integers, got dtype"),
        (layers.IntegerLookup, [1j], "inputs must be integers, got dtype complex"),
    ],
)
def test_wrong_inputs_are_named(cls, x, message):
    vocabulary = ["a"] if cls is layers.StringLookup else [1]
    with pytest.raises((TypeError, ValueError), match=f"layer 'table'.*{message}"):
        cls(vocabulary=vocabulary, name="table")(x)


def test_keys_are_compared_whole():
    layer = layers.StringLookup(vocabulary=["é", "e\u0301", "É", "a\0", "a"])
    assert layer(["é", "e\u0301", "É", "e"]).tolist() == [1, 2, 3, 0]
    assert layer(np.array(["a\0", "a"], object)).tolist() == [4, 5]


def test_long_tokens_do_not_widen_others():
    words = ["x" * (1 << 20), *(f"w{i}" for i in range(1000))]
    layer = layers.StringLookup(vocabulary=words, invert=True)
    assert layer(np.arange(1001)).nbytes < 10_000
    texts = layers.TextVectorization(vocabulary=words)
    assert texts(["w0 " * 3, words[0]]).tolist() == [[3, 3, 3], [2, 0, 0]]


def test_large_numbers_are_told_apart():
    layer = layers.IntegerLookup(vocabulary=[2**53, 2**53 + 1, -(2**63), 2**63 - 1])
    assert layer(np.array([2**53 + 1, 2**63 - 1, -(2**63), 2**53 + 2])).tolist() == [2, 4, 3, 0]
