"""`.pt` files are read without PyTorch, and only where they hold plain tensors."""

import struct

import numpy as np
import pytest

from maskseq import read_weights
from maskseq.importers import FormatError
from tests.fuzz import torch_archives as made

NUMBERS = np.arange(12, dtype="<f4")


def read(tmp_path, raw, name="x.pt"):
    path = tmp_path / name
    path.write_bytes(raw)
    return read_weights(path)


def one(tmp_path, value, numbers=NUMBERS, **options):
    raw = made.archive(
        made.program(made.dictionary({"w": value})), {"0": numbers.tobytes()}, **options
    )
    return read(tmp_path, raw)["w"]


@pytest.mark.parametrize(
    "shape, strides, offset, expected",
    [
        ((3, 4), (4, 1), 0, NUMBERS.reshape(3, 4)),
        ((4, 3), (1, 4), 0, NUMBERS.reshape(3, 4).T),
        ((2, 2), (4, 2), 5, [[5, 7], [9, 11]]),
        ((12,), (1,), 0, NUMBERS),
        ((), (), 11, np.float32(11)),
        ((0, 4), (4, 1), 12, np.zeros((0, 4), "f4")),
        ((2, 3), (0, 1), 1, [[1, 2, 3]] * 2),
    ],
)
def test_strides_and_offsets(tmp_path, shape, strides, offset, expected):
    found = one(tmp_path, made.tensor(shape, strides, size=12, offset=offset))
    assert found.dtype == np.float32 and not found.flags.writeable
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "shape, strides, offset",
    [
        ((13,), (1,), 0), ((12,), (1,), 1), ((3, 4), (5, 1), 0), ((2,), (12,), 0), ((), (), 12),
        ((7, 2), (0, 0), 0), ((10**12,), (0,), 0), ((2**40, 2**40), (0, 0), 0),
        ((0, 2**50), (1, 1), 0), ((2,), (-1,), 1), ((-1,), (1,), 0), ((2,), (1, 1), 0),
        ((1,), (1,), -1), ((1,) * 40, (1,) * 40, 0),
    ],
)  # fmt: skip
def test_places_outside_of_the_storage_are_refused(tmp_path, shape, strides, offset):
    with pytest.raises(FormatError):
        one(tmp_path, made.tensor(shape, strides, size=12, offset=offset))


@pytest.mark.parametrize(
    "kind, dtype",
    [
        ("Double", "f8"), ("Float", "f4"), ("Half", "f2"), ("Long", "i8"), ("Int", "i4"),
        ("Short", "i2"), ("Char", "i1"), ("Byte", "u1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order, sign", [(b"little", "<"), (b"big", ">"), (None, "<")])
def test_types_and_byte_orders(tmp_path, kind, dtype, order, sign):
    numbers = np.array([1, 2, -3 if dtype != "u1" else 3, 100]).astype(sign + dtype)
    value = made.tensor((4,), (1,), kind=f"torch {kind}Storage")
    found = one(tmp_path, value, numbers, order=order)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, numbers)


def test_bfloat16_is_widened_and_bools_are_zeros_and_ones(tmp_path):
    value = made.tensor((4,), (1,), kind="torch BFloat16Storage")
    halves = np.array([0x3F80, 0xC000, 0x7F80, 0x4049], "<u2")
    found = one(tmp_path, value, halves)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32([1, -2, np.inf, 3.140625]))
    value = made.tensor((4,), (1,), kind="torch BoolStorage")
    found = one(tmp_path, value, np.uint8([0, 1, 2, 255]))
    np.testing.assert_array_equal(found.view("u1"), [0, 1, 1, 1])


def test_names_inside_dicts_and_lists_are_joined(tmp_path):
    inner = made.dictionary({"a": made.tensor((1,), (1,), size=12), "b": made.integer(3)})
    both = b"](" + made.tensor((1,), (1,), size=12, offset=2) + b"Ne"
    raw = made.program(made.dictionary({"model": inner, "list": both, "none": b"N"}))
    found = read(tmp_path, made.archive(raw, {"0": NUMBERS.tobytes()}))
    assert {name: float(x[0]) for name, x in found.items()} == {"model.a": 0, "list.0": 2}


def test_tensors_that_share_a_storage_share_memory(tmp_path):
    a, b = (made.tensor((4,), (1,), size=12, offset=offset) for offset in (0, 2))
    raw = made.program(made.dictionary({"a": a, "b": b}))
    found = read(tmp_path, made.archive(raw, {"0": NUMBERS.tobytes()}))
    assert np.shares_memory(found["a"], found["b"])


@pytest.mark.parametrize(
    "pickle, said",
    [
        (made.program(made.called("torch.nn.modules.rnn LSTM")), "state_dict"),
        (made.program(made.called("__torch__.vad Model")), "state_dict"),
        (made.program(made.called("os system", made.text("x"))), "holds a os.system.*ever run"),
        (made.program(made.called("numpy.core.multiarray scalar")), "numpy.core.multiarray"),
        (made.program(b"cbuiltins\neval\n"), "builtins.eval"),
        (made.program(b"ctorch\nFloatStorage\n)R"), "damaged"),
        (made.program(made.storage("../x", "torch FloatStorage", 4)), "damaged"),
        (made.program(made.storage("0", "collections OrderedDict", 4)), "damaged"),
        (made.program(b"}", b"K\1", b"b"), "state"),
        (made.program(b"}", made.dictionary({"__class__": b"N"}), b"b"), "state"),
        (made.program(b"}(G", struct.pack(">d", 1), b"Nu"), "key of type float"),
        (b"\x80\x04}.", "protocol"),
        (made.program(b"i"), "opcode b'i'"),
        (made.program(b"\x8a\xff" + bytes(255)), "64 bits"),
        (b"", "damaged"), (b"\x80\x02", "damaged"), (made.program(), "damaged"),
        (made.program(b"(", b"u"), "damaged"), (made.program(b"}", b"u"), "damaged"),
        (made.program(b"h\0"), "damaged"), (made.program(b"X\xff\xff\xff\xff"), "damaged"),
        (made.program(b"N", b"N"), "damaged"), (made.program(b"\x85"), "damaged"),
    ],
)  # fmt: skip
def test_other_pickles_are_refused_and_never_run(tmp_path, pickle, said):
    with pytest.raises(FormatError, match=said):
        read(tmp_path, made.archive(pickle, {"0": bytes(16)}))


@pytest.mark.parametrize("held", [0, 15, 17, 32])
def test_storages_have_the_size_that_the_pickle_says(tmp_path, held):
    raw = made.program(made.tensor((4,), (1,)))
    with pytest.raises(FormatError, match=f"storage 0 has {held} bytes, expected 16"):
        read(tmp_path, made.archive(raw, {"0": bytes(held)}))


def test_a_storage_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match="no made/data/0 in it"):
        read(tmp_path, made.archive(made.program(made.tensor((4,), (1,)))))


def test_a_wrong_byte_order_is_refused(tmp_path):
    raw = made.archive(made.program(b"}"), order=b"middle")
    with pytest.raises(FormatError, match="byteorder"):
        read(tmp_path, raw)


def test_a_structure_that_holds_itself_is_refused(tmp_path):
    raw = made.program(b"}q\0", made.text("x"), b"h\0s")
    with pytest.raises(FormatError, match="too many names"):
        read(tmp_path, made.archive(raw))


def test_a_damaged_member_is_refused(tmp_path):
    raw = made.archive(made.program(made.tensor((4,), (1,))), {"0": b"7" * 16})
    with pytest.raises(FormatError, match="CRC"):
        read(tmp_path, raw.replace(b"7" * 16, b"7" * 15 + b"8"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_torch_saves(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "x.pt"
    model = torch.nn.Sequential(torch.nn.LSTM(3, 4, bidirectional=True), torch.nn.Linear(8, 2))
    others = {
        "turned": torch.arange(12).reshape(3, 4).t(),
        "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "u16": torch.arange(5).to(torch.uint16)[1:],
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "half": torch.randn(3).half(),
        "bools": torch.tensor([True, False]),
    }
    adam = torch.optim.Adam(model.parameters())
    saved = {"model": model.state_dict(), "others": others, "epoch": 3, "lr": [0.1, (1, 2)]}
    torch.save({**saved, "optimizer": adam.state_dict(), "size": torch.Size([1, 2])}, path)
    found = read_weights(path)
    expected = {f"model.{key}": x for key, x in model.state_dict().items()}
    expected |= {f"others.{key}": x for key, x in others.items()}
    assert found.keys() == expected.keys()
    for name, x in expected.items():
        np.testing.assert_array_equal(found[name], x.detach().numpy())
        assert found[name].dtype == x.detach().numpy().dtype
    torch.save(model, path)
    with pytest.raises(FormatError, match=r"torch.nn.modules.container.Sequential.*state_dict"):
        read_weights(path)
    torch.save(model.state_dict(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(FormatError, match=r"before version 1\.6"):
        read_weights(path)
