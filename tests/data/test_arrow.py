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
        (lists([0, 1], lists([0, 1], numbers(1))), r"lists of numbers, got format '\+l'"),
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


def test_a_pandas_series_of_lists_is_a_batch():
    pd = pytest.importorskip("pandas")
    series = pd.Series([[1], [2, 3]])
    assert pad_sequences(series).tolist() == [[0, 1], [2, 3]]
    assert as_batch(series).to_list() == [[1], [2, 3]]
