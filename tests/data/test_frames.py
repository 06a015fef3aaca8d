"""Ragged from frames of pandas, polars and pyarrow, long or of lists, and back."""

import itertools

import numpy as np
import pytest

import maskseq
from maskseq import Ragged
from maskseq.data.grouping import group

LIBRARIES = ["pandas", "polars", "pyarrow"]


def frame_of(library: str, columns: dict):
    module = pytest.importorskip(library)
    return module.table(columns) if library == "pyarrow" else module.DataFrame(columns)


LONG = {
    "id": ["b", "b", "a", "b", "a"],
    "t": [3, 1, 2, 2, 1],
    "x": [1.0, 2.0, 3.0, 4.0, 5.0],
    "n": [1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_long_format_groups_keys_and_sorts_steps(library):
    frame = frame_of(library, LONG)
    sorted_ = Ragged.from_frame(frame, by="id", sort="t")
    assert sorted_.to_list() == [[[2, 2], [4, 4], [1, 1]], [[5, 5], [3, 3]]]
    as_they_are = Ragged.from_frame(frame, by="id", columns="n")
    assert as_they_are.to_list() == [[1, 2, 4], [3, 5]] and as_they_are.dtype == np.int64
    both = Ragged.from_frame(frame, by=["id", "t"], columns=["x"])
    assert both.to_list() == [[[1]], [[2]], [[3]], [[4]], [[5]]]


@pytest.mark.parametrize("with_times", [False, True])
def test_groups_are_those_of_a_loop(with_times):
    rng = np.random.default_rng(0)
    for rows, kinds in itertools.product((0, 1, 2, 7, 200), (1, 3, 50)):
        keys, times = rng.integers(0, kinds, rows), rng.integers(0, 4, rows)
        if kinds == 50:
            keys.sort()
        found: dict = {}
        for row, key in enumerate(keys.tolist()):
            found.setdefault(key, []).append(row)
        if with_times:
            found = {key: sorted(part, key=lambda i: times[i]) for key, part in found.items()}
        groups = group([keys], times if with_times else None)
        got = groups.sequences(np.arange(rows))
        assert got.to_list() == list(found.values())
        np.testing.assert_array_equal(keys[groups.heads], list(found))


@pytest.mark.parametrize("library", LIBRARIES)
def test_rows_that_are_in_order_are_not_copied(library):
    frame = frame_of(library, {"id": [1, 1, 2], "t": [0, 1, 0], "x": [1.0, 2.0, 3.0]})
    values = np.arange(3)
    for sort in (None, "t"):
        from maskseq.data.grouping import groups_of

        assert np.shares_memory(groups_of(frame, "id", sort).sequences(values).values, values)


@pytest.mark.parametrize("library", LIBRARIES)
def test_nulls_are_named_or_mapped(library):
    columns = {"id": [1, 2, 2], "x": [1.0, None, 3.0], "key": ["a", None, "c"]}
    frame = frame_of(library, columns)
    if library == "pandas":
        frame = frame.convert_dtypes()
    with pytest.raises(ValueError, match="column 'x' has a null in row 1"):
        Ragged.from_frame(frame, by="id", columns="x")
    mapped = Ragged.from_frame(frame, by="id", columns="x", nulls=-1)
    assert mapped.to_list() == [[1], [-1, 3]]
    with pytest.raises(ValueError, match="column 'key' has no value in row 1"):
        Ragged.from_frame(frame, by="key", columns="x")


def test_nan_of_numpy_is_a_number():
    frame = frame_of("pandas", {"id": [1, 1], "x": [1.0, np.nan]})
    np.testing.assert_array_equal(
        Ragged.from_frame(frame, by="id", columns="x").values, [1, np.nan]
    )
    with pytest.raises(ValueError, match="column 'x' has no value in row 1"):
        Ragged.from_frame(frame, by="x")


@pytest.mark.parametrize("library", LIBRARIES)
def test_list_columns_are_rows(library):
    frame = frame_of(library, {"k": ["a", "b", "c"], "tok": [[1, 2], None, [3]]})
    assert Ragged.from_frame(frame).to_list() == [[1, 2], [], [3]]
    assert Ragged.from_frame(frame, columns="tok").to_list() == [[1, 2], [], [3]]
    two = frame_of(library, {"a": [[1, 2], [3]], "b": [[4, 5], [6]], "c": [[4, 5], [6, 7]]})
    side_by_side = Ragged.from_frame(two, columns=["a", "b"])
    assert side_by_side.to_list() == [[[1, 4], [2, 5]], [[3, 6]]]
    with pytest.raises(ValueError, match="row 1: expected 1 steps in column 'c', as in 'a', got 2"):
        Ragged.from_frame(two, columns=["a", "c"])
    with pytest.raises(ValueError, match="several columns hold lists, 'a', 'b', 'c'"):
        Ragged.from_frame(two)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "options, error, said",
    [
        ({"by": "z"}, ValueError, "no column 'z'; it has 'id', 't', 'x', 'n'"),
        ({"by": "id", "sort": "z"}, ValueError, "no column 'z'"),
        ({"by": "t"}, ValueError, "column 'id' must hold numbers"),
        ({"by": "id", "columns": []}, ValueError, "at least one column"),
        ({"by": []}, ValueError, "by must name at least one column"),
        ({"sort": "t"}, ValueError, "sort='t' needs by="),
        ({}, ValueError, "for one row a step give by="),
        ({"columns": "x"}, ValueError, "for one row a step give by="),
        ({"by": "id", "columns": {"a": "x"}}, TypeError, "got a dict"),
    ],
)
def test_wrong_columns_are_named(library, options, error, said):
    with pytest.raises(error, match=said):
        Ragged.from_frame(frame_of(library, LONG), **options)


def test_what_is_no_frame_is_an_error():
    with pytest.raises(TypeError, match="expected a frame of pandas, polars or pyarrow, got list"):
        Ragged.from_frame([[1]], by="id")
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"LazyFrame: collect\(\) it first"):
        Ragged.from_frame(polars.LazyFrame({"id": [1]}), by="id")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_groups_of_a_frame_are_refused(library):
    """Iterated over, they give pairs of a key and a frame: no batches of a model."""
    frame = pytest.importorskip(library).DataFrame({"id": [1, 1, 2], "t": [1, 2, 3]})
    groups = frame.groupby("id") if library == "pandas" else frame.group_by("id")
    model = maskseq.Sequential([maskseq.Input((None,)), maskseq.layers.Embedding(9, 2)])
    for x in (groups, groups["t"]) if library == "pandas" else (groups,):
        with pytest.raises(TypeError, match="got groups of one: give the frame, and by="):
            model.predict(x)
        with pytest.raises(TypeError, match="got groups of one"):
            Ragged.from_frame(x, by="id")


def test_ragged_becomes_columns_of_others():
    ragged = Ragged.from_list([[1, 2], [], [3, 4]])
    pyarrow, polars = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    pandas = pytest.importorskip("pandas")
    column = ragged.to_arrow()
    assert column.type.value_type == pyarrow.int32() and column.to_pylist() == ragged.to_list()
    assert ragged.to_polars("n").equals(
        polars.Series("n", [[1, 2], [], [3, 4]], polars.List(polars.Int32))
    )
    series = ragged.to_pandas("n", index=[7, 8, 9])
    assert isinstance(series, pandas.Series) and list(series.index) == [7, 8, 9]
    assert [x.tolist() for x in series] == ragged.to_list() and series.name == "n"
    for back in (column, ragged.to_polars(), ragged.to_pandas().to_list()):
        read = Ragged.from_list if isinstance(back, list) else Ragged.from_arrow
        assert read(back).equals(ragged)


def test_a_library_that_is_not_there_is_named(monkeypatch):
    import maskseq.given.extras as extras

    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(
        ImportError,
        match=r"Ragged.to_polars needs polars: pip install polars, or maskseq\[frames\]",
    ):
        Ragged.from_list([[1]]).to_polars()


def test_sparse_rows_are_sequences():
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[0, 2, 0, 5], [0, 0, 0, 0], [7, 0, 0, 0]], np.float32)
    for matrix in (sparse.csr_matrix(dense), sparse.csc_matrix(dense), sparse.csr_array(dense)):
        assert Ragged.from_csr(matrix).to_list() == [[1, 3], [], [0]]
        assert Ragged.from_csr(matrix, "data").to_list() == [[2, 5], [], [7]]
    unsorted = sparse.csr_matrix((np.float32([5, 2]), [3, 1], [0, 2]), shape=(1, 4))
    assert Ragged.from_csr(unsorted).to_list() == [[1, 3]]
    with pytest.raises(TypeError, match="expected a sparse matrix of scipy, got ndarray"):
        Ragged.from_csr(dense)
    with pytest.raises(ValueError, match="'indices' or 'data', got 'x'"):
        Ragged.from_csr(sparse.csr_matrix(dense), "x")
