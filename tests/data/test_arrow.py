"""Arrow columns: read in place whatever their offsets, nulls and chunks, and made for others."""

import gc

import numpy as np
import pytest

from maskseq import Ragged, pad_sequences
from maskseq.data.ragged import as_batch
from tests.support.arrow_producer import ArrayExporter, Level, StreamExporter


def numbers(count, dtype="i4", **more):
    formats = {"i1": "c", "i4": "i", "i8": "l", "f2": "e", "f4": "f", "f8": "g"}
    return Level(formats[dtype], count, np.arange(count, dtype=dtype), **more)


def lists(offsets, child, **more):
    length = more.pop("length", len(offsets) - 1 - more.get("offset", 0))
    return Level("+l", length, np.array(offsets, "i4"), child, **more)


def read(level):
    return Ragged.from_arrow(ArrayExporter(level))


def test_a_list_column_is_read_without_a_copy():
    steps = numbers(6)
    ragged = read(lists([0, 2, 2, 5], steps))
    assert ragged.to_list() == [[0, 1], [], [2, 3, 4]]
    assert ragged.values.ctypes.data == steps.buffers[1].ctypes.data
    assert not ragged.values.flags.writeable


def test_offsets_of_slices_are_added_at_every_level():
    pairs = Level("+w:2", 5, child=numbers(20, "f4", offset=3), offset=2)
    assert read(lists([0, 0, 1, 3], pairs, offset=1)).to_list() == [
        [[7, 8]],
        [[9, 10], [11, 12]],
    ]
    assert read(lists([9, 2, 4], numbers(9, offset=4), offset=1)).to_list() == [[6, 7]]
    pairs = Level("+w:2", 2, child=numbers(9, offset=1), offset=1)
    assert read(pairs).to_list() == [[3, 4], [5, 6]]


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "f2", "f4", "f8"])
def test_every_number_keeps_its_type(dtype):
    ragged = read(Level("+L", 2, np.array([0, 1, 3]), numbers(3, dtype)))
    assert ragged.dtype == dtype and ragged.to_list() == [[0], [1, 2]]


def test_bools_are_unpacked_from_their_bits():
    bits = np.random.default_rng(0).random(40) < 0.5
    packed = Level("b", 30, np.packbits(bits, bitorder="little"), offset=5)
    assert read(lists([3, 20], packed)).to_list() == [bits[8:25].tolist()]


def test_a_null_list_is_empty_whatever_it_holds():
    valid = [True, True, False, True, False]
    steps = numbers(6, valid=[1, 1, 1, 1, 0, 1])
    column = lists([0, 1, 3, 3, 4, 5], steps, valid=valid)
    assert read(column).to_list() == [[0], [1, 2], [], [3], []]
    sliced = lists([0, 1, 3, 3, 4, 5], steps, valid=valid, offset=1)
    assert read(sliced).to_list() == [[1, 2], [], [3], []]


def test_a_null_step_is_an_error_that_says_where():
    steps = numbers(6, valid=[1, 1, 1, 1, 0, 1])
    with pytest.raises(ValueError, match="the sequence at position 1 has a null at step 2"):
        read(lists([0, 2, 5], steps))
    pairs = Level("+w:2", 3, child=steps)
    with pytest.raises(ValueError, match="the sequence at position 1 has a null at step 0"):
        read(lists([0, 2, 3], pairs))
    assert read(lists([0, 2, 4], steps)).to_list() == [[0, 1], [2, 3]]


def test_chunks_of_a_stream_are_joined_and_given_back():
    chunks = [lists([0, 2, 3], numbers(5)), lists([1, 3], numbers(3)), lists([0], numbers(0))]
    stream = StreamExporter(chunks[0], chunks)
    assert Ragged.from_arrow(stream).to_list() == [[0, 1], [2], [1, 2]]
    gc.collect()
    assert stream.released == 3


def test_a_stream_of_one_chunk_is_given_back_with_the_last_view():
    chunk = lists([0, 2, 3], numbers(5))
    stream = StreamExporter(chunk, [chunk])
    ragged = Ragged.from_arrow(stream)
    last = ragged[0]
    del ragged
    gc.collect()
    assert stream.released == 0 and last.ctypes.data == chunk.child.buffers[1].ctypes.data
    del last
    gc.collect()
    assert stream.released == 1


def test_a_stream_without_chunks_keeps_type_and_step_shape():
    pairs = lists([0], Level("+w:2", 0, child=numbers(0, "f4")))
    ragged = Ragged.from_arrow(StreamExporter(pairs, []))
    assert len(ragged) == 0 and ragged.values.shape == (0, 2) and ragged.dtype == np.float32


def test_an_error_of_the_stream_is_passed_on():
    with pytest.raises(OSError, match="the disk is gone"):
        Ragged.from_arrow(StreamExporter(lists([0], numbers(0)), [], error="the disk is gone"))


@pytest.mark.parametrize(
    "column, message",
    [
        (numbers(3), "expected an Arrow list, .* got format 'i'"),
        (Level("+s", 3, child=numbers(3)), "pass one column of a table"),
        (lists([0, 1], Level("u", 1, np.zeros(2, "i4"))), "lists of numbers, got format 'u'"),
        (
            lists([0, 2], lists([0, 1, 3], numbers(3))),
            "as many numbers, got 1 in the first one and 2",
        ),
        (lists([0, 1], Level("+s", 1, child=[Level("u", 1, np.zeros(2, "i4"))])), "'u' .text."),
        (lists([0, 1], Level("+m", 1, np.zeros(2, "i4"), numbers(1))), "format '\\+m' .maps. in"),
        (lists([0, 4], numbers(3)), "malformed: 3 entries where 4 are referred to"),
        (lists([0, 2, 1], numbers(3)), "malformed: offsets fall"),
        (lists([-1, 1], numbers(3)), "malformed: offsets fall or are negative"),
        (lists([0, 1], Level("+w:2", 1, child=numbers(1))), "malformed: 1 entries where 2"),
        (Level("+l", 1, None, numbers(1)), "malformed: '\\+l' lacks buffer 1"),
        (lists([0, 1], Level("i", 1, None)), "malformed: 'i' lacks buffer 1"),
        (Level("+l", 1, np.zeros(2, "i4")), "malformed: \\+l must have one child"),
        (Level("+l", -1, np.zeros(2, "i4"), numbers(1)), "malformed: negative length"),
    ],
)
def test_other_columns_are_refused_by_name(column, message):
    with pytest.raises(ValueError, match=message):
        read(column)


def views(starts, lengths, child, **more):
    return Level(
        "+vl", len(starts), [np.array(starts, "i4"), np.array(lengths, "i4")], child, **more
    )


def test_views_of_lists_are_read_wherever_they_lie():
    steps = numbers(6)
    inorder = read(views([1, 3, 3], [2, 0, 3], steps))
    assert inorder.to_list() == [[1, 2], [], [3, 4, 5]]
    assert np.shares_memory(inorder.values, steps.buffers[1])
    assert read(views([3, 0, 2, 0], [2, 3, 0, 6], steps)).to_list() == [
        [3, 4],
        [0, 1, 2],
        [],
        [0, 1, 2, 3, 4, 5],
    ]
    some = views([3, 0, 1], [2, 2, 1], numbers(6, valid=[1, 0, 1, 1, 1, 1]), valid=[1, 0, 0])
    assert read(some).to_list() == [[3, 4], [], []]
    with pytest.raises(ValueError, match="position 1 has a null at step 1"):
        read(views([3, 0], [2, 2], numbers(6, valid=[1, 0, 1, 1, 1, 1])))
    with pytest.raises(ValueError, match="malformed: 6 entries where 7 are referred to"):
        read(views([3, 5], [2, 2], steps))
    with pytest.raises(ValueError, match="malformed: offsets fall or are negative"):
        read(views([3, 0], [2, -2], steps))


def test_steps_may_be_lists_or_structs_of_as_many_numbers_each():
    pairs = lists([0, 2, 4, 6], numbers(6))
    assert read(lists([0, 1, 1, 3], pairs)).to_list() == [[[0, 1]], [], [[2, 3], [4, 5]]]
    assert read(
        lists([1, 3], lists([0, 1, 3, 5], numbers(5, valid=[0, 1, 1, 1, 1])))
    ).to_list() == [[[1, 2], [3, 4]]]  # what no list refers to may be null, or of another size
    with pytest.raises(ValueError, match="position 0 has a null at step 1"):
        read(lists([0, 2], lists([0, 2, 4], numbers(4, valid=[1, 1, 1, 0]))))
    structs = Level("+s", 3, child=[numbers(4, offset=1), numbers(4, "f4")], offset=1)
    ragged = read(lists([0, 1, 2], structs))
    assert ragged.to_list() == [[[2, 1]], [[3, 2]]] and ragged.features == (2,)


def test_lists_that_are_all_empty_have_no_type_and_need_none():
    assert read(lists([0, 0, 0], Level("n", 0))).to_list() == [[], []]
    with pytest.raises(ValueError, match="position 1 has a null at step 0"):
        read(lists([0, 0, 1], Level("n", 1)))


TENSOR = b"arrow.fixed_shape_tensor"


def tensors(count, shape, permutation=None, **more):
    size = int(np.prod(shape))
    said = b'{"shape": %s' % str(list(shape)).encode()
    said += b', "permutation": %s}' % str(permutation).encode() if permutation else b"}"
    metadata = {b"ARROW:extension:name": TENSOR, b"ARROW:extension:metadata": said}
    child = numbers(count * size, "f4")
    return Level(f"+w:{size}", count, child=child, metadata=metadata, **more)


def test_tensors_are_read_by_their_shape():
    wanted = np.arange(24, dtype="f4").reshape(2, 3, 4)
    got = as_batch(ArrayExporter(tensors(2, (3, 4))))
    assert type(got) is np.ndarray and got.dtype == np.float32
    np.testing.assert_array_equal(got, wanted)
    ragged = read(tensors(2, (3, 4)))
    assert ragged.features == (4,) and ragged.to_list() == wanted.tolist()
    steps = read(lists([0, 0, 2], tensors(2, (3, 4))))
    assert steps.features == (3, 4) and steps[1].tolist() == wanted.tolist()
    assert pad_sequences(ArrayExporter(tensors(2, (3, 4))), dtype="f4").tolist() == wanted.tolist()


def test_axes_of_tensors_are_in_the_order_of_their_permutation():
    wanted = np.arange(48, dtype="f4").reshape(2, 2, 3, 4).transpose(0, 2, 3, 1)
    got = as_batch(ArrayExporter(tensors(2, (2, 3, 4), [1, 2, 0])))
    np.testing.assert_array_equal(got, wanted)


def test_a_null_among_tensors_is_named_by_its_row():
    with pytest.raises(ValueError, match="row 1 is null"):
        as_batch(ArrayExporter(tensors(3, (2, 2), valid=[1, 0, 1])))


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b'{"shape": 12}', b'{"shape": [3, 5]}', b'{"shape": [-3, -4]}', b"[" * 9999]
    + [b'{"shape": [3, 4], "permutation": [0]}', b'{"shape": [3, 4], "permutation": [0, 2]}'],
)
def test_tensors_that_say_no_shape_are_refused(said):
    level = tensors(2, (3, 4))
    metadata = {b"ARROW:extension:name": TENSOR, b"ARROW:extension:metadata": said}
    level = Level(level.format, 2, child=level.child, metadata=metadata)
    with pytest.raises(ValueError, match="malformed: a tensor of 12 numbers"):
        as_batch(ArrayExporter(level))


def test_columns_and_tables_of_numbers_are_arrays():
    column = ArrayExporter(Level("i", 3, np.arange(4, dtype="i4"), offset=1))
    np.testing.assert_array_equal(as_batch(column), [1, 2, 3])
    table = Level("+s", 2, child=[numbers(3, name="a"), numbers(3, "f8", name="b")], offset=1)
    chunks = StreamExporter(table, [table, table])
    np.testing.assert_array_equal(as_batch(chunks), [[1, 1], [2, 2], [1, 1], [2, 2]])


def test_a_null_in_a_table_is_named_by_row_and_column():
    table = Level(
        "+s", 3, child=[numbers(3, name="a"), numbers(3, "f8", name="b", valid=[1, 1, 0])]
    )
    whole = Level("+s", 2, child=[numbers(2, name="a"), numbers(2, "f8", name="b")])
    with pytest.raises(ValueError, match="row 4 has a null in column 'b'"):
        as_batch(StreamExporter(table, [whole, table]))
    with pytest.raises(ValueError, match="row 1 is null"):
        as_batch(ArrayExporter(numbers(2, valid=[1, 0])))


def test_a_table_with_other_columns_says_which():
    table = Level("+s", 1, child=[Level("u", 1, np.zeros(2, "i4"), name="word")])
    with pytest.raises(ValueError, match="column 'word' holds format 'u' .text."):
        as_batch(ArrayExporter(table))


def test_a_released_array_is_refused():
    with pytest.raises(ValueError, match="the array was released"):
        Ragged.from_arrow(ArrayExporter(lists([0, 1], numbers(1)), released=True))


@pytest.mark.parametrize("dtype", ["bool", "u1", "i8", ">i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("features", [(), (2,), (2, 3)])
def test_an_exported_ragged_reads_back_the_same(dtype, features):
    values = np.arange(5 * np.prod(features, dtype=int)).reshape(5, *features) % 2
    ragged = Ragged(values.astype(dtype), [0, 2, 2, 5])
    back = Ragged.from_arrow(ragged)
    assert back.to_list() == ragged.to_list() and back.values.shape == ragged.values.shape
    assert back.dtype == ragged.dtype.newbyteorder("=")
    if dtype not in ("bool", ">i4"):
        assert np.shares_memory(back.values, ragged.values)
    empty = Ragged.from_arrow(ragged[:0])
    assert len(empty) == 0 and empty.features == features


def test_an_exported_column_outlives_its_ragged():
    column = Ragged.from_list([[1, 2], [3]] * 1000)
    capsules = column.__arrow_c_array__()
    del column
    gc.collect()

    class Holder:
        def __arrow_c_array__(self):
            return capsules

    assert Ragged.from_arrow(Holder()).to_list() == [[1, 2], [3]] * 1000


def test_arrow_columns_are_sequences_everywhere():
    column = ArrayExporter(lists([0, 1, 3], numbers(3)))
    assert pad_sequences(column).tolist() == [[0, 0], [1, 2]]
    assert as_batch(column).to_list() == [[0], [1, 2]]


@pytest.fixture(params=["list", "large_list", "slice", "chunked"])
def of_pyarrow(request):
    pa = pytest.importorskip("pyarrow")
    rows = [[9], [1, 2], None, [], [3, 4, 5]]
    list_of = pa.large_list if request.param == "large_list" else pa.list_
    column = pa.array(rows, list_of(pa.int32()))
    if request.param == "chunked":
        return pa.chunked_array([column[1:3], column[3:]])
    return column[1:]


def test_pyarrow_columns_are_read_right(of_pyarrow):
    assert Ragged.from_arrow(of_pyarrow).to_list() == [[1, 2], [], [], [3, 4, 5]]


def test_pyarrow_reads_what_we_export():
    pa = pytest.importorskip("pyarrow")
    for rows in ([[1, 2], [], [3]], [[[1, 2]], [], [[3, 4]]], [[True], [], [False] * 9], [[1.5]]):
        column = pa.array(Ragged.from_list(rows))
        column.validate(full=True)
        assert column.to_pylist() == rows


def test_polars_columns_go_both_ways():
    pl = pytest.importorskip("polars")
    series = pl.Series([[9], [1, 2], None, [], [3, 4, 5]])[1:]
    ragged = Ragged.from_arrow(series)
    assert ragged.to_list() == [[1, 2], [], [], [3, 4, 5]]
    assert pl.Series(ragged).to_list() == ragged.to_list()


def test_nanoarrow_reads_what_we_export():
    na = pytest.importorskip("nanoarrow")
    assert na.Array(Ragged.from_list([[1], [2, 3]])).to_pylist() == [[1], [2, 3]]


def test_pyarrow_tensors_and_views_are_read_as_pyarrow_reads_them():
    pa = pytest.importorskip("pyarrow")
    for permutation in (None, [2, 1, 0], [0, 2, 1]):  # pyarrow 26 turns [1, 2, 0] another way
        kind = pa.fixed_shape_tensor(pa.float32(), [2, 3, 4], permutation=permutation)
        storage = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(120, dtype="f4")), 24)
        column = pa.ExtensionArray.from_storage(kind, storage)[1:]
        np.testing.assert_array_equal(as_batch(column), column.to_numpy_ndarray())
    rows = [[1.5, 2], None, [], [3]]
    column = pa.array(rows, pa.list_view(pa.float32()))
    assert Ragged.from_arrow(column).to_list() == [[1.5, 2], [], [], [3]]
    assert Ragged.from_arrow(pa.array([[], []])).to_list() == [[], []]


def test_polars_steps_of_several_columns_are_read():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"id": [1, 1, 2], "a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
    for steps in (pl.concat_list("a", "b"), pl.struct("a", "b")):
        column = frame.group_by("id", maintain_order=True).agg(steps.alias("x"))["x"]
        assert Ragged.from_arrow(column).to_list() == [[[1, 4], [2, 5]], [[3, 6]]]
    assert Ragged.from_arrow(pl.Series([[], []])).to_list() == [[], []]


def test_frames_of_numbers_are_arrays_and_nan_in_pandas_a_number():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, np.nan], "c": [True, False]})
    np.testing.assert_array_equal(as_batch(frame), [[1, 1.5, 1], [2, np.nan, 0]])
    np.testing.assert_array_equal(as_batch(frame["a"]), [1, 2])
    np.testing.assert_array_equal(pad_sequences(frame[["a", "c"]], 3), [[0, 1, 1], [0, 2, 0]])
    with pytest.raises(ValueError, match="several columns hold lists, 'a', 'b'"):
        as_batch(pd.DataFrame({"a": [[1]], "b": [[1, 2]]}))
    pytest.importorskip("pyarrow")
    nullable = frame[["a"]].astype("Int64")
    np.testing.assert_array_equal(as_batch(nullable), [[1], [2]])
    nullable.loc[1, "a"] = None
    with pytest.raises(ValueError, match="row 1 has a null in column 'a'"):
        as_batch(nullable)


def test_frames_of_polars_and_tables_of_pyarrow_are_arrays():
    data = {"a": [1, 2], "b": [1.5, 2.5]}
    for library, make in (("polars", "DataFrame"), ("pyarrow", "table")):
        make = getattr(pytest.importorskip(library), make)
        np.testing.assert_array_equal(as_batch(make(data)), [[1, 1.5], [2, 2.5]])
        with pytest.raises(ValueError, match="row 1 has a null in column 'b'"):
            as_batch(make({"a": [1, 2], "b": [1.5, None]}))


def test_a_pandas_series_of_lists_is_a_batch():
    pd = pytest.importorskip("pandas")
    series = pd.Series([[1], [2, 3]])
    assert pad_sequences(series).tolist() == [[0, 1], [2, 3]]
    assert as_batch(series).to_list() == [[1], [2, 3]]
