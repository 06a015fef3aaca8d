"""Whatever an object's protocol methods give or do: an answer or a plain exception, never a crash.

Made-up lies are seeded. Buffers have room behind their end, so that a length that is too high by a
little does not leave them: it cannot be found out, as Arrow does not say how long a buffer is.
"""

import ctypes
import random

import numpy as np
import pytest

from maskseq import Input, Ragged, Sequential, _kernels, layers, ops, pad_sequences
from maskseq.data.ragged import as_batch
from tests.support.arrow_producer import Array as ArrowArray
from tests.support.arrow_producer import ArrayExporter, Level, Schema, StreamExporter
from tests.support.lying_buffer import LyingBuffer

PLAIN = (ValueError, TypeError, OSError, MemoryError, IndexError, OverflowError, RuntimeError)
READERS = (as_batch, Ragged.from_arrow, pad_sequences)


def outcome(read, *given):
    """What was read, all of it looked at, or the plain exception."""
    try:
        found = read(*given)
    except PLAIN as error:
        return error
    return found.to_list() if isinstance(found, Ragged) else np.asarray(found).tolist()


# --- Arrow producers that lie


def roomy(values, dtype):
    """An array with a kilobyte of zeros behind its end."""
    room = np.zeros(len(values) + 1024, dtype)
    room[: len(values)] = values
    return room


def numbers(rng, count):
    format, dtype = rng.choice([("i", "i4"), ("l", "i8"), ("f", "f4"), ("g", "f8"), ("b", "u1")])
    return Level(format, count, roomy(range(count), dtype), valid=bits(rng, count), name="n")


def bits(rng, count):
    return roomy([1] * count, "u1") if rng.random() < 0.3 else None


def column(rng):
    """A column of a made-up kind, and honest."""
    steps = numbers(rng, 12)
    kind = rng.choice(["+l", "+L", "+vl", "+w:3", "tensor", "+s", "lists of lists", "numbers"])
    if kind == "numbers":
        return steps
    if kind in ("+w:3", "tensor"):
        said = {b"ARROW:extension:name": b"arrow.fixed_shape_tensor"}
        said[b"ARROW:extension:metadata"] = b'{"shape": [3, 1]}'
        return Level("+w:3", 4, child=steps, metadata=said if kind == "tensor" else None)
    if kind == "+s":
        return Level("+s", 4, child=[steps, numbers(rng, 5)], valid=bits(rng, 4))
    if kind == "+vl":
        starts, lengths = roomy([3, 0, 9], "i4"), roomy([2, 4, 3], "i4")
        return Level("+vl", 3, [starts, lengths], steps, valid=bits(rng, 3))
    if kind == "lists of lists":
        steps, kind = Level("+l", 6, roomy(range(0, 13, 2), "i4"), steps), "+l"
    offsets = roomy([0, 2, 2, 6], "i8" if kind == "+L" else "i4")
    return Level(kind, 3, offsets, steps, valid=bits(rng, 3))


FORMATS = [None, b"", b"+w:", b"+w:-1", b"+w:x", b"+w:2", b"+w:%d" % 2**70, b"\xff\xfe", b"+l"]
FORMATS += [b"+L", b"+vl", b"+s", b"n", b"u", b"i", b"b", b"g", b"+m", b"tdD"]
COUNTS = [-(2**63), -1, 0, 1, 2, 7]
FAR = [-(2**63), -1, 0, 1, 40, 2**63 - 1]
SCHEMA_LIES = {"format": FORMATS, "n_children": COUNTS, "children": [None], "name": [None]}
SCHEMA_LIES |= {"release": [None], "metadata": [None]}
ARRAY_LIES = {"length": FAR, "offset": FAR, "null_count": [*FAR, 2**62], "n_buffers": COUNTS}
ARRAY_LIES |= {"n_children": COUNTS, "children": [None], "buffers": [None], "release": [None]}
STREAM_LIES = ["get_schema", "get_next", "get_last_error", "release"]


def tell_a_lie(rng, whole):
    level = rng.choice(whole.all())
    kind = rng.choice(["schema", "array", "buffer", "contents", "metadata"])
    if kind == "buffer":
        level.buffers[rng.randrange(len(level.buffers))] = None
    elif kind == "contents" and level.buffers[-1] is not None:
        buffer, number = level.buffers[-1], rng.choice([-(2**31), -1, 1, 50, 2**31 - 1])
        buffer[rng.randrange(4)] = number % 256 if buffer.dtype == np.uint8 else number
    elif kind == "metadata":
        count = rng.choice([-(2**31), -1, 1, 2**31 - 1])
        level.metadata = ctypes.create_string_buffer(
            count.to_bytes(4, "little", signed=True) + rng.randbytes(40) + bytes(2000)
        )
    else:
        lies, told = (
            (SCHEMA_LIES, level.schema_lies) if kind == "schema" else (ARRAY_LIES, level.array_lies)
        )
        field = rng.choice(list(lies))
        told[field] = rng.choice(lies[field])


@pytest.mark.parametrize("block", range(8))
def test_arrow_producers_that_lie_are_refused_or_read(block):
    refused = 0
    for seed in range(150):
        rng = random.Random(1000 * block + seed)
        level = column(rng)
        for _ in range(rng.choice([1, 1, 2, 3])):
            tell_a_lie(rng, level)
        exporter = ArrayExporter(level)
        if rng.random() < 0.4:
            absent = rng.choice([[], [], rng.sample(STREAM_LIES, 1)])
            lies = {name: dict(StreamExporter.FIELDS)[name]() for name in absent}
            chunks, error = [level] * rng.randrange(3), rng.choice([None, "no"])
            exporter = StreamExporter(level, chunks, error, lies)
        for read in READERS:
            refused += isinstance(outcome(read, exporter), Exception)
    assert refused > 100  # the lies are seen


@pytest.mark.parametrize(
    "schema, array, message",
    [
        ({}, {"release": None}, "the array was released"),
        ({"release": None}, {}, "the schema was released"),
        ({}, {"n_children": 0}, "1 children in its schema, 0 in its array"),
        ({}, {"n_children": 2}, "1 children in its schema, 2 in its array"),
        ({"n_children": 2}, {}, "2 children in its schema, 1 in its array"),
        ({}, {"children": None}, "with 1 children, which are not there"),
        ({}, {"n_buffers": -1}, "with -1 buffers, which are not there"),
        ({}, {"buffers": None}, "with 2 buffers, which are not there"),
    ],
)
def test_what_an_arrow_array_lacks_is_named(schema, array, message):
    level = Level("+l", 3, roomy([0, 2, 2, 6], "i4"), numbers(random.Random(1), 12))
    level.schema_lies.update(schema)
    level.array_lies.update(array)
    for read in READERS:
        with pytest.raises(ValueError, match=message):
            read(ArrayExporter(level))


@pytest.mark.parametrize("give", [
    lambda schema, array: (), lambda schema, array: [], lambda schema, array: None,
    lambda schema, array: (schema,), lambda schema, array: (schema, array, array),
    lambda schema, array: [schema, array], lambda schema, array: (array, schema),
    lambda schema, array: (None, None), lambda schema, array: "ab", lambda schema, array: schema,
])  # fmt: skip
def test_exporters_that_give_no_pair_of_capsules_are_refused(give):
    exporter = ArrayExporter(column(random.Random(1)), give=give)
    for read in READERS:
        with pytest.raises((ValueError, TypeError)):
            read(exporter)


@pytest.mark.parametrize("given", [None, (), 3, "a", object()])
def test_streams_that_are_no_capsules_are_refused(given):
    class Exporter:
        def __arrow_c_stream__(self, requested_schema=None):
            return given

    for read in READERS:
        with pytest.raises((ValueError, TypeError)):
            read(Exporter())


def test_an_array_that_is_its_own_child_is_refused():
    level = Level("+w:1", 1, child=Level("i", 1, roomy([1], "i4")))
    pair = ArrayExporter(level).__arrow_c_array__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    names = (b"arrow_schema", b"arrow_array")
    for capsule, name, kind in zip(pair, names, (Schema, ArrowArray), strict=True):
        address = pointer(capsule, name)
        kind.from_address(address).children[0] = address
    for read in READERS:
        with pytest.raises(ValueError, match="deep"):
            read(ArrayExporter(level, give=lambda *capsules: pair))


# --- arrays and buffers that lie


class Interface:
    def __init__(self, given):
        self.__array_interface__ = given


class Struct:
    def __init__(self, given):
        self.__array_struct__ = given


class Array:
    def __init__(self, given):
        self.given = given

    def __array__(self, dtype=None, copy=None):
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


class DLPack:
    def __dlpack__(self, *args, **kwargs):
        return None

    def __dlpack_device__(self):
        return None


# Of sizes that go beyond the memory NumPy, which reads these, knows no more than we do.
GOOD = {"shape": (2,), "typestr": "<f4", "version": 3, "data": b"12345678"}
OBJECTS = [Interface({}), Interface(None), Interface(3), Struct(None), Struct(3), DLPack()]
OBJECTS += [Interface({**GOOD, **lie}) for lie in (
    {"shape": None}, {"shape": (-1,)}, {"typestr": "zz"}, {"typestr": None},
    {"data": None}, {"version": 9},
)]  # fmt: skip
OBJECTS += [Array(None), Array("ab"), Array([1, 2]), Array(ValueError("no")), Array(object())]
OBJECTS += [Array(np.array([object()])), Array(np.zeros(3, "M8[s]")), Array(np.ma.masked)]


@pytest.mark.parametrize("given", OBJECTS)
def test_arrays_that_lie_are_refused_or_read(given):
    model = Sequential([Input((None, 2)), layers.LSTM(2)])
    for read in (as_batch, pad_sequences, Ragged.from_list, model.predict, layers.Dense(2), np.sin):
        outcome(read, given)
        outcome(read, [given, given])
        outcome(read, [[given, 1.0], [2.0]])
    assert isinstance(outcome(model.predict, given), Exception)


@pytest.mark.parametrize(
    "lie",
    [{"format": None}, {"itemsize": 0}, {"itemsize": -4}, {"ndim": 2}, {"ndim": -1}]
    + [
        {"shape": None},
        {"length": 4},
        {"length": 24},
        {"length": 400},
        {"shape": (-3,)},
        {"shape": (3000,)},
    ],
)
def test_buffers_that_lie_are_refused(lie):
    buffer = LyingBuffer(np.arange(3, dtype="f4"), **lie)
    with pytest.raises((ValueError, TypeError)):
        _kernels.activation(buffer, "relu")
    with pytest.raises((ValueError, TypeError)):
        _kernels.dense(np.ones((3, 2), "f4"), _kernels.PackedDense(np.ones((2, 3))), out=buffer)


@pytest.mark.parametrize("states", [(), [], ([],), 3, None])
def test_arguments_that_are_pairs_are_counted(states):
    packed = _kernels.PackedRNN("simple_rnn", np.ones((2, 3)), np.ones((3, 3)))
    x, offsets = np.ones((4, 2), "f4"), [0, 4]
    for name in ("initial_states", "out"):
        with pytest.raises((ValueError, TypeError, IndexError)):
            _kernels.rnn_pair(x, packed, packed, offsets, **{name: states})
    with pytest.raises((ValueError, TypeError, IndexError)):
        _kernels.fill_masked(np.zeros(4, "f4"), np.ones((2, 2), bool))


# --- sequences that change while they are read


class Changing:
    """A sequence, number or array that does something to others whenever it is asked."""

    def __init__(self, act, value):
        self.act, self.value = act, value

    def __len__(self):
        self.act()
        return len(self.value)

    def __getitem__(self, index):
        self.act()
        return self.value[index]

    def __float__(self):
        self.act()
        return 1.0

    __index__ = __int__ = lambda self: int(float(self))


class ChangingArray(Changing):
    def __array__(self, dtype=None, copy=None):
        self.act()
        return np.asarray(self.value, dtype)


def changing_batch(rng):
    """Rows of numbers or of steps, some of which change the rows, and the list of them."""
    steps = rng.random() < 0.5
    rows = [[[1.0, 2.0] if steps else 1.0 for _ in range(rng.randrange(1, 6))] for _ in range(5)]

    def act():
        target = rng.choice([rows, *(row for row in rows if isinstance(row, list))])
        rng.choice([
            target.clear, lambda: target.append([3.0]), lambda: target.extend([[4.0, 5.0]] * 50),
            lambda: target.pop() if target else None, lambda: target.__delitem__(slice(1, None)),
            lambda: target.insert(0, None), lambda: None,
        ])()  # fmt: skip

    for _ in range(rng.randrange(1, 4)):
        kind = rng.choice([Changing, ChangingArray])
        if rng.random() < 0.5:
            rows[rng.randrange(5)] = kind(act, [[1.0, 2.0]] * 3 if steps else [1.0] * 3)
        else:
            row = rng.choice([row for row in rows if isinstance(row, list)] or [[]])
            row.insert(rng.randrange(len(row) + 1), kind(act, [1.0, 2.0]))
    return rows


@pytest.mark.parametrize("block", range(4))
def test_sequences_that_change_are_refused_or_read(block):
    model = Sequential([Input((None, 2)), layers.LSTM(2)])
    calls = [pad_sequences, Ragged.from_list, as_batch, model.predict, layers.Dense(2)]
    calls += [lambda x: pad_sequences(x, 3, "float32"), lambda x: pad_sequences(x, dtype=object)]
    for seed in range(100):
        for number, read in enumerate(calls):
            outcome(read, changing_batch(random.Random(10_000 * block + 10 * seed + number)))


def test_an_array_that_refuses_its_buffer_cannot_let_steps_be_taken_away():
    """Refusing makes an exception; with it the collector may come, and run what it finalizes."""
    import gc

    class Cycle:
        def __init__(self, steps):
            self.steps, self.me = steps, self

        def __del__(self):
            self.steps.clear()

    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(200):
            steps = [np.zeros(2, "M8[s]"), *[[float(i), 2.0] for i in range(50)]]
            Cycle(steps)
            outcome(Ragged.from_list, [[[1.0, 2.0]], steps])
    finally:
        gc.set_threshold(*threshold)


def holding_itself(count):
    """A list that holds itself so many times; two are 2^64 numbers to NumPy."""
    made: list = []
    made.extend([made] * count)
    return made


def in_each_other():
    first, second = [], []
    first.append(second)
    second.append(first)
    return [first, second]


IDS = Sequential([Input((None,)), layers.Embedding(9, 2, mask_zero=True), layers.LSTM(2)])
LIST_DOORS = {
    "predict": IDS.predict,
    "pad_sequences": pad_sequences,
    "value": lambda x: pad_sequences([[1.0]], value=x),
    "add": lambda x: ops.add(ops.convert_to_tensor(x), 1.0),
    "set_weights": lambda x: IDS.set_weights([x] * len(IDS.weights)),
    "adapt": lambda x: layers.Normalization().adapt(x),
    "bins": lambda x: layers.Discretization(bin_boundaries=x),
    "summary": lambda x: layers.Discretization(num_bins=2).adapt(x),
}


@pytest.mark.parametrize("door", LIST_DOORS)
@pytest.mark.parametrize(
    "make", [lambda: holding_itself(1), lambda: holding_itself(2), in_each_other]
)
def test_lists_that_hold_themselves_are_refused_at_once(door, make):
    with pytest.raises((ValueError, TypeError)):
        LIST_DOORS[door](make())


@pytest.mark.parametrize("door", LIST_DOORS)
@pytest.mark.parametrize("said", [{"typestr": "|O"}, {"typestr": "|V8", "descr": [("a", "|O")]}])
def test_memory_that_is_said_to_hold_objects_is_not_believed(door, said):
    given = Interface({**GOOD, "shape": (1,), **said})
    with pytest.raises((ValueError, TypeError)):
        LIST_DOORS[door](given)
    with pytest.raises((ValueError, TypeError)):
        LIST_DOORS[door]([given])


def test_an_array_of_objects_in_itself_is_refused():
    made = np.empty(2, object)
    made[:] = 1.0
    np.testing.assert_array_equal(ops.add(made, 1.0), np.float32([2, 2]))
    assert ops.add(made, 1.0).dtype == np.float32
    made[0] = made
    with pytest.raises(TypeError, match="add: x must hold numbers, got dtype object"):
        ops.add(made, 1.0)


@pytest.mark.parametrize("layer", [layers.Hashing(3), layers.StringLookup(vocabulary=["a"])])
def test_masked_arrays_of_objects_are_read_or_refused_plainly(layer):
    assert isinstance(outcome(layer, np.ma.array([None])), (list, *PLAIN))
    assert isinstance(outcome(layer, np.ma.array(["a"], object)), (list, *PLAIN))
