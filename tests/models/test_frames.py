"""Models take frames and answer in them; ragged answers have no padding."""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from maskseq.models import batches
from tests.data.test_frames import LIBRARIES, frame_of

X = [[1, 2], [3, 4, 0, 6], [], [7]]
KEYS = "bdac"
LONG = [(key, t, token) for key, row in zip(KEYS, X, strict=True) for t, token in enumerate(row)]


def model_of(*more):
    maskseq.set_random_seed(0)
    first = [maskseq.Input((None,)), layers.Embedding(20, 4, mask_zero=True)]
    return maskseq.Sequential([*first, *more])


def scorer():
    return model_of(layers.LSTM(3), layers.Dense(1))


def tagger():
    return model_of(layers.LSTM(3, return_sequences=True), layers.Dense(5))


def long_frame(library: str):
    rows = [LONG[i] for i in np.random.default_rng(1).permutation(len(LONG))]
    columns = dict(zip(("id", "t", "tok"), map(list, zip(*rows, strict=True)), strict=True))
    return frame_of(library, columns)


def lists_of(frame, name):
    column = frame[name]
    found = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    return [
        np.array(x.to_list() if hasattr(x, "to_list") else list(x) if np.ndim(x) else x, np.float32)
        for x in found
    ]


def test_ragged_answers_have_the_lengths_of_the_sequences():
    model, padded = tagger(), tagger().predict(X)
    found = model.predict(X, ragged=True)
    assert found.lengths.tolist() == [2, 4, 0, 1] and found.features == (5,)
    for row, part in enumerate(found):
        np.testing.assert_array_equal(part, padded[row, : len(part)])
    many = [list(range(1, 1 + n % 9)) for n in range(3000)]
    whole = model.predict(many, ragged=True)
    assert whole.equals(model.predict(many, batch_size=7, ragged=True))
    generated = (many[i : i + 100] for i in range(0, 3000, 100))
    assert whole.equals(model.predict(generated, ragged=True))


def test_ragged_answers_to_padded_arrays_are_of_real_steps():
    model, x = tagger(), np.array([[1, 2, 0], [0, 5, 0]])
    found = model.predict(x, ragged=True)
    assert found.lengths.tolist() == [2, 1]
    np.testing.assert_array_equal(found.values, model.predict(x)[x != 0])
    assert isinstance(scorer().predict(X, ragged=True), np.ndarray)


def test_ragged_answers_of_subclassed_models_and_of_layers_that_see_no_mask():
    class Tagger(maskseq.Model):
        def __init__(self):
            super().__init__()
            self.inner = tagger()

        def call(self, x):
            return self.inner(x)

    assert Tagger().predict(X, ragged=True).lengths.tolist() == [2, 4, 0, 1]
    plain = maskseq.Sequential([maskseq.Input((None, 3)), layers.Dense(2)])
    assert plain.predict(np.ones((2, 4, 3), np.float32), ragged=True).lengths.tolist() == [4, 4]


def test_progress_counts_sequences(monkeypatch):
    monkeypatch.setattr(batches, "STEPS_A_CALL", 100)
    seen = []
    x = [[1] * 10] * 45
    y = scorer().predict(x, progress=lambda *counts: seen.append(counts))
    assert seen == [(10, 45), (20, 45), (30, 45), (40, 45), (45, 45)] and y.shape == (45, 1)
    seen.clear()
    scorer().predict(iter([x[:5], x[5:9]]), progress=lambda *counts: seen.append(counts))
    assert seen == [(5, None), (9, None)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_list_columns_are_scored_row_by_row(library):
    frame = frame_of(library, {"k": list("abcd"), "tok": X})
    expected = scorer().predict(X)
    np.testing.assert_array_equal(scorer().predict(frame), expected)
    np.testing.assert_array_equal(scorer().predict(frame, columns="tok"), expected)
    scored = scorer().score_frame(frame)
    assert list(getattr(scored, "column_names", scored.columns)) == ["k", "tok", "score"]
    np.testing.assert_array_equal(np.asarray(scored["score"]), expected[:, 0])
    tags = tagger().predict(frame, as_frame=True, name="p")
    assert list(getattr(tags, "column_names", tags.columns)) == ["p"]
    for row, expected in zip(lists_of(tags, "p"), tagger().predict(X, ragged=True), strict=True):
        np.testing.assert_array_equal(row.reshape(-1, 5), expected)


@pytest.mark.parametrize("library", LIBRARIES)
def test_long_frames_are_answered_by_key(library):
    frame = long_frame(library)
    scored = scorer().score_frame(frame, by="id", sort="t")
    expected = dict(zip(KEYS, scorer().predict(X)[:, 0].tolist(), strict=True))
    got = dict(
        zip(
            scored["id"].to_pylist() if library == "pyarrow" else scored["id"],
            np.asarray(scored["score"]).tolist(),
            strict=True,
        )
    )
    assert got == {key: expected[key] for key in "bdc"}  # no row says that there is an `a`
    tags = tagger().predict(frame, by="id", sort="t", columns="tok", as_frame=True)
    assert sorted(len(row) for row in lists_of(tags, "score")) == [1, 2, 4]
    alone = scorer().predict(frame, by="id", sort="t")
    np.testing.assert_array_equal(alone[:, 0], np.asarray(scored["score"]))


@pytest.mark.parametrize("library", LIBRARIES)
def test_models_of_several_inputs_take_columns_by_name(library):
    a, b = maskseq.Input((None,), name="a"), maskseq.Input((None, 2), name="b")
    one = layers.Dense(1, name="u")(layers.LSTM(2)(layers.Embedding(9, 3)(a)))
    model = maskseq.Model([a, b], [one, layers.LSTM(2, return_sequences=True, name="v")(b)])
    y = [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]
    u, v = model.predict({"a": [[1, 2], [3]], "b": y}, ragged=True)
    scored = model.score_frame(frame_of(library, {"a": [[1, 2], [3]], "b": y, "c": [0, 1]}))
    np.testing.assert_array_equal(np.asarray(scored["u"]), u[:, 0])
    for got, expected in zip(lists_of(scored, "v"), v, strict=True):
        np.testing.assert_array_equal(got, expected)
    columns = {"k": [1, 2, 2], "n": [1, 2, 3], "p": [1.0, 3.0, 5.0], "q": [2.0, 4.0, 6.0]}
    options = {"by": "k", "columns": {"a": "n", "b": ["p", "q"]}}
    long = model.predict(frame_of(library, columns), ragged=True, **options)
    apart = model.predict({"a": [[1], [2, 3]], "b": y}, ragged=True)
    np.testing.assert_array_equal(long[0], apart[0])
    assert long[1].equals(apart[1])


@pytest.mark.parametrize("library", LIBRARIES)
def test_fit_takes_labels_by_name(library):
    labels = dict(zip(KEYS, [0, 1, 0, 1], strict=True))
    wide = frame_of(library, {"tok": X, "y": [0, 1, 0, 1]})
    rows = {"id": [r[0] for r in LONG], "tok": [r[2] for r in LONG]}
    long = frame_of(library, rows | {"y": [labels[key] for key in rows["id"]]})

    def trained(*args, **options):
        model = scorer()
        model.compile("sgd", "mse")
        loss = model.fit(*args, epochs=2, verbose=0, shuffle=False, **options).history["loss"]
        return [*loss, model.evaluate(*args, verbose=0, **options)]

    assert trained(wide, "y") == trained(X, np.array([0, 1, 0, 1]))
    without = [X[0], X[1], X[3]]
    assert trained(long, "y", by="id") == trained(without, np.array([0, 1, 1]))
    steps = tagger()
    steps.compile("sgd", "mse")
    with pytest.raises(ValueError, match="column 'tok' must have one value for each sequence"):
        trained(long, "tok", by="id", columns="tok")


def test_text_columns_need_no_lists():
    text, words = ["a b", "b", ""], [["a", "b"], None, ["c"]]
    vectorize = layers.TextVectorization(vocabulary=["a", "b"])
    of_text = maskseq.Sequential([maskseq.Input((), dtype="string"), vectorize])
    lookup = maskseq.Sequential([layers.StringLookup(vocabulary=["a", "b"])])
    expected, ids = of_text.predict(text), lookup.predict([["a", "b"], [], ["c"]])
    for library in LIBRARIES:
        frame = frame_of(library, {"text": text, "words": words})
        np.testing.assert_array_equal(of_text.predict(frame["text"]), expected)
        np.testing.assert_array_equal(lookup.predict(frame["words"]), ids)
        with pytest.raises(ValueError, match="got a null at position 1"):
            of_text.predict(frame_of(library, {"text": ["a", None]})["text"])


def test_empty_cells_are_empty_sequences():
    expected = scorer().predict([[1, 2], []])
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for column in (
        [[1, 2], None],
        pandas.Series([[1, 2], None]),
        pandas.Series([[1, 2], np.nan]),
        pandas.Series([[1, 2], pandas.NA]),
        polars.Series([[1, 2], None]),
    ):
        np.testing.assert_array_equal(scorer().predict(column), expected)


def test_sparse_matrices_are_features():
    sparse = pytest.importorskip("scipy.sparse")
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(2)])
    x = np.float32([[0, 1, 0], [2, 0, 3]])
    np.testing.assert_array_equal(model.predict(sparse.csr_matrix(x)), model.predict(x))


def test_wrong_options_are_named():
    with pytest.raises(TypeError, match="x must be a frame, got list"):
        scorer().predict(X, by="id")
    with pytest.raises(TypeError, match="unexpected keyword argument 'raged'"):
        scorer().predict(X, raged=True)
    with pytest.raises(TypeError, match="expected a frame, got list"):
        scorer().score_frame(X)
    with pytest.raises(TypeError, match="names of columns, got list"):
        model = scorer()
        model.compile("sgd", "mse")
        model.fit(X, "y")
    with pytest.raises(ValueError, match="give ragged=True"):
        tagger().predict(iter([X[:1], X[1:]]), progress=print)


def test_ragged_is_what_a_frame_would_be():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"tok": Ragged.from_list(X).to_polars()})
    np.testing.assert_array_equal(scorer().predict(frame), scorer().predict(X))
