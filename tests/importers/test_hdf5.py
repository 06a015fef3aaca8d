"""The HDF5 reader: equal to h5py on what Keras writes, and a FormatError on everything else."""

import io
import itertools
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maskseq.importers.errors import FormatError
from maskseq.importers.hdf5 import Dataset, Group, read_hdf5
from tests.support.demo_files import MODEL
from tests.support.keras_files import FILES


def weights_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


@pytest.fixture(scope="module")
def sound() -> bytes:
    """A file Keras wrote."""
    return weights_of(FILES / "sequential.keras")


def walk(group: Group, depth: int = 0):
    """Read all there is, twelve groups deep: a damaged group may hold itself."""
    for name in group:
        found = group[name]
        found.attribute("name")
        if isinstance(found, Dataset):
            yield found.read()
        elif depth < 12:
            yield from walk(found, depth + 1)


def only_format_errors(data: bytes) -> None:
    """Damage may go unnoticed (in a weight), but it never shows as any other exception."""
    try:
        for _ in itertools.islice(walk(read_hdf5(data, "damaged.h5")), 100):
            pass
    except FormatError:
        pass


def test_keras_weights_are_read_with_their_values(sound):
    root = read_hdf5(sound, "x.h5")
    answers = np.load(FILES / "keras_answers.npz")
    lstm = root["layers/bidirectional/forward_layer/cell/vars"]
    assert list(lstm) == ["0", "1", "2"]
    np.testing.assert_array_equal(lstm["0"].read(), answers["sequential/weight/0"])
    assert lstm["0"].shape == (3, 16) and lstm["0"].dtype == np.float32


def test_attribute_gives_the_layer_name(sound):
    layer = read_hdf5(sound, "x.h5")["layers/dense/vars"]
    assert layer.attribute("name").startswith("dense")
    assert layer.attribute("nothing", "default") == "default"


def test_values_are_views_of_the_file(sound):
    values = read_hdf5(sound, "x.h5")["layers/dense/vars/0"].read()
    assert not values.flags.owndata and not values.flags.writeable


def test_missing_object_is_named(sound):
    root = read_hdf5(sound, "x.h5")
    assert root.get("layers/nothing") is None and "layers/nothing" not in root
    with pytest.raises(FormatError, match=r"^x\.h5: .*layers has no nothing"):
        root["layers"]["nothing"]


def test_every_prefix_is_refused(sound):
    for size in range(0, len(sound), 7):
        with pytest.raises(FormatError):
            list(walk(read_hdf5(sound[:size], "cut.h5")))


def test_single_byte_flips_raise_nothing_but_format_errors(sound):
    """Every byte of a small file: superblock, headers, trees, heaps and values."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["names"] = ["lstm", "dense"]
        file["vars/0"] = np.ones((2, 3), "f4")
        file["vars"].attrs["name"] = "lstm"
    small = buffer.getvalue()
    used = [at for at in range(len(small)) if small[at] or at < 2048]
    for at in used:
        for flip in (0x01, 0x80, 0xFF):
            data = bytearray(small)
            data[at] ^= flip
            only_format_errors(bytes(data))


@pytest.mark.slow
@pytest.mark.sanitize
def test_random_damage_raises_nothing_but_format_errors(sound):
    rng = random.Random(0)
    for _ in range(1500):
        data = bytearray(sound)
        for _ in range(rng.choice((1, 2, 8, 64))):
            data[rng.randrange(len(data))] = rng.choice(
                (0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256))
            )
        only_format_errors(bytes(data))


@pytest.mark.slow
def test_damaged_addresses_raise_nothing_but_format_errors(sound):
    """Each 8-byte word that may be an address is pointed elsewhere: into circles, past the end."""
    rng = random.Random(1)
    words = [at for at in range(0, len(sound) - 8, 8) if 0 < struct.unpack_from("<Q", sound, at)[0]]
    for at in rng.sample(words, 700):
        for target in (0, 96, at, len(sound) - 1, rng.randrange(len(sound)) & ~7, 2**63, 2**64 - 1):
            data = bytearray(sound)
            struct.pack_into("<Q", data, at, target)
            only_format_errors(bytes(data))


# What only h5py can make.


def compare(ours: Group, theirs) -> int:
    """Names, attributes, values and types are those h5py finds; the number of datasets."""
    h5py = pytest.importorskip("h5py")

    assert sorted(ours) == sorted(theirs)
    for name, expected in theirs.attrs.items():
        value = expected.tolist() if isinstance(expected, np.ndarray | np.generic) else expected
        if isinstance(value, list):
            value = [v.decode() if isinstance(v, bytes) else v for v in value]
        elif isinstance(value, bytes):
            value = value.decode()
        assert ours.attribute(name) == value
    count = 0
    for name in ours:
        if isinstance(theirs[name], h5py.Group):
            count += compare(ours[name], theirs[name])
        else:
            values = ours[name].read()
            np.testing.assert_array_equal(values, theirs[name][()])
            assert values.dtype == theirs[name].dtype
            count += 1
    return count


def written(fill, **options) -> bytes:
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "path", [MODEL, *sorted(FILES.glob("*.keras"))], ids=lambda path: path.stem
)
def test_reader_equals_h5py_on_keras_files(path):
    h5py = pytest.importorskip("h5py")
    data = weights_of(path)
    with h5py.File(io.BytesIO(data)) as file:
        assert compare(read_hdf5(data, path.name), file) > 3


def test_reader_equals_h5py_on_every_known_type():
    def fill(file):
        for code in ("f2", "f4", "f8", ">f4", "i1", "u1", "i4", "u4", ">i8", "u8"):
            file[f"types/{code}"] = np.arange(6).reshape(2, 3).astype(code)
        file["scalar"] = np.float32(3.5)
        file["empty"] = np.zeros((0, 4), "f4")
        file["many"] = np.arange(24.0).reshape(1, 2, 3, 4)
        for i in range(300):  # a tree of names with more than one level
            file[f"wide/{i:03}"] = np.full(2, i, "f4")
        file["wide"].attrs["text"] = "größer " * 500
        file["wide"].attrs["fixed"] = np.asarray([b"kernel:0", b"bias:0"])
        file["wide"].attrs["none"] = np.asarray([])
        file["wide"].attrs["strings"] = ["a", "", "longer than eight"]
        for i in range(40):  # a header with continuation blocks
            file["wide"].attrs[f"number{i}"] = i * 0.5

    h5py = pytest.importorskip("h5py")
    data = written(fill)
    with h5py.File(io.BytesIO(data)) as file:
        assert compare(read_hdf5(data, "types.h5"), file) == 313


def test_compact_dataset_is_read():
    h5py = pytest.importorskip("h5py")

    def fill(file):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        made = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="f4"))

    np.testing.assert_array_equal(read_hdf5(written(fill), "x")["compact"].read(), [0, 1, 2])


def test_bfloat16_is_widened():
    def fill(file):
        raw = np.array([0x3F80, 0xC000, 0x3F00], "<u2").view("V2")
        made = file.create_dataset("bf16", data=raw)
        made.attrs["dtype"] = "bfloat16"
        file.create_dataset("unknown", data=raw)

    root = read_hdf5(written(fill), "x")
    np.testing.assert_array_equal(root["bf16"].read(), np.float32([1.0, -2.0, 0.5]))
    with pytest.raises(FormatError, match="opaque"):
        root["unknown"].read()


def link(kind):
    def fill(file):
        h5py = pytest.importorskip("h5py")

        file["real/0"] = np.ones(3, "f4")
        target = h5py.SoftLink("/real") if kind == "soft" else h5py.ExternalLink("/etc/x.h5", "/")
        file["layers/linked"] = target

    return fill


def external_storage(file):
    file.create_dataset("layers/x", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def virtual(file):
    h5py = pytest.importorskip("h5py")

    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
    file.create_virtual_dataset("layers/x", layout)


def chunked(file):
    file.create_dataset("layers/x", data=np.ones(64, "f4"), chunks=(8,))


def compressed(file):
    file.create_dataset("layers/x", data=np.ones(64, "f4"), compression="gzip")


def strings(file):
    file["layers/x"] = ["a", "b"]


def compound(file):
    file["layers/x"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


def complex_numbers(file):
    file["layers/x"] = np.zeros(2, "c8")


def enumeration(file):
    file["layers/x"] = np.zeros(2, bool)


def null_space(file):
    h5py = pytest.importorskip("h5py")

    file["layers/x"] = h5py.Empty("f4")


def committed(file):
    file["type"] = np.dtype("f4")
    file.create_dataset("layers/x", (2,), file["type"])


@pytest.mark.parametrize(
    "fill, reason",
    [
        (link("soft"), "link to elsewhere"),
        (link("external"), "external links"),
        (external_storage, "in other files"),
        (virtual, "chunked or virtual|more than the file holds"),
        (chunked, "chunked"),
        (compressed, "compressed"),
        (strings, "strings"),
        (compound, "class 6"),
        (complex_numbers, "class"),
        (enumeration, "class 8"),
        (null_space, "no plain shape"),
        (committed, "shares a message"),
    ],
)
def test_what_reaches_outside_or_is_unknown_is_refused(fill, reason):
    data = written(fill)
    with pytest.raises(FormatError, match=reason):
        list(walk(read_hdf5(data, "trick.h5")))


@pytest.mark.parametrize("options", [{"libver": "latest"}, {"track_order": True}])
def test_newer_formats_are_refused_by_name(options):
    data = written(lambda file: file.create_group("layers"), **options)
    with pytest.raises(FormatError, match="libver|newer format"):
        list(walk(read_hdf5(data, "new.h5")))


def patched(find: bytes, replace: bytes, fill) -> bytes:
    data = written(fill)
    assert data.count(find) >= 1
    return data.replace(find, replace)


def test_shape_bomb_allocates_nothing():
    """A dataset that claims 2**40 floats: refused from its header, before any array is made."""
    shape = struct.pack("<QQ", 5, 77)
    for lie in ((1 << 20, 1 << 20), (1 << 63, 1 << 63), (0, 1 << 62)):
        data = patched(
            shape, struct.pack("<QQ", *lie), lambda f: f.create_dataset("x", (5, 77), "f4")
        )
        with pytest.raises(FormatError, match="more than the file holds"):
            read_hdf5(data, "bomb.h5")["x"]


def test_size_that_differs_from_the_shape_is_refused():
    data = patched(
        struct.pack("<Q", 77 * 4),
        struct.pack("<Q", 76 * 4),
        lambda file: file.create_dataset("x", data=np.ones(77, "f4")),
    )
    with pytest.raises(FormatError, match="304 bytes, but the shape needs 308"):
        read_hdf5(data, "x.h5")["x"].read()


def test_one_heap_string_used_many_times_is_refused():
    """4000 pointers to one long string would be 4000 copies of it."""

    def fill(file):
        file.attrs.create("names", ["y" * 5000] + ["x"] * 2000)

    data = written(fill)
    at = data.index(struct.pack("<I", 5000), 0)
    long = data[at : at + 16]
    short = data[at + 16 : at + 32]
    bomb = data[: at + 16] + long * 2000 + data[at + 16 + 2000 * len(short) :]
    with pytest.raises(FormatError, match="longer than the file"):
        read_hdf5(bomb, "bomb.h5").attribute("names")


def test_group_that_holds_itself_is_listed_once():
    def fill(file):
        file["a/b"] = np.ones(1, "f4")
        file["a/self"] = file["a"]

    group = read_hdf5(written(fill), "circle.h5")["a"]
    assert list(group) == ["b", "self"]
    assert isinstance(group["self/self/self/b"], Dataset)
