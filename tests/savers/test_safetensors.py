"""safetensors written, and maskseq's own file of a model: saved, mapped, shared, refused."""

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers, load_model
from maskseq.importers import FormatError, load_weights
from maskseq.importers.safetensors import read_safetensors
from maskseq.savers import save_safetensors

FILES = Path(__file__).parents[1] / "files"
DTYPES = ("?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8")


def test_all_types_come_back_aligned(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"of {d}": rng.integers(0, 2, (3, 5)).astype(d) for d in DTYPES}
    arrays |= {"empty": np.zeros((0, 3), "f4"), "scalar": np.float64(2), "odd": np.uint8([1, 2, 3])}
    arrays |= {"turned": np.arange(6.0).reshape(2, 3).T, "big": np.arange(4, dtype=">f4")}
    arrays["part"] = np.arange(20, dtype="f4")[::3]
    save_safetensors(tmp_path / "x.safetensors", arrays, {"about": "it"})
    metadata, found = read_safetensors(tmp_path / "x.safetensors")
    assert metadata == {"about": "it"} and found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == np.asarray(array).dtype.newbyteorder("=")
        assert found[name].flags.aligned
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("array", [np.array([{}]), np.array(["a"]), np.array([1j])])
def test_what_is_no_number_is_refused_and_nothing_is_written(tmp_path, array):
    path = tmp_path / "x.safetensors"
    with pytest.raises(TypeError, match="'a': a safetensors file does not hold"):
        save_safetensors(path, {"a": array})
    assert not path.exists()
    path.write_bytes(b"x")
    with pytest.raises(FileExistsError):
        save_safetensors(path, {}, overwrite=False)


def small():
    model = maskseq.Sequential(
        [
            maskseq.Input((None, 3)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.BatchNormalization(),
            layers.LSTM(3, name="top"),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = [np.ones((n, 3), "f4") * n for n in (2, 5, 3)]
    model.fit(x, np.arange(3.0)[:, None], verbose=0, shuffle=False)
    return model, x


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["sequential", "functional", "recurrent", "layers", "others"])
def test_models_come_back_bit_for_bit(tmp_path, name):
    model = load_model(FILES / f"{name}.keras")
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = load_model(path)
    assert [*map(type, again.layers)] == [*map(type, model.layers)]
    assert [v.name for v in again.weights] == [v.name for v in model.weights]
    for found, wanted in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_weights_are_views_of_the_file_also_of_one_that_is_replaced(tmp_path):
    model, x = small()
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = load_model(path)
    assert not any(v.value.flags.owndata or v.value.flags.writeable for v in again.weights)
    wanted = model.predict(x)
    model.set_weights([w + 1 for w in model.get_weights()])
    model.save(path)  # the old file stays, for who has it mapped
    np.testing.assert_array_equal(again.predict(x), wanted)
    with path.open("rb") as file:
        held = load_model(io.BytesIO(file.read()))
    np.testing.assert_array_equal(held.predict(x), model.predict(x))


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="/proc")
def test_the_memory_of_the_weights_is_that_of_the_file(tmp_path):
    model = maskseq.Sequential([maskseq.Input((None,)), layers.Embedding(200_000, 10)])
    path = tmp_path / "large.safetensors"
    model.save(path)
    del model
    again = load_model(path)
    assert again.predict([[1, 199_999]]).shape == (1, 2, 10)
    maps = Path("/proc/self/smaps").read_text()
    _, _, about = maps.partition(str(path))
    fields = dict(line.split(":") for line in about.splitlines()[1:20] if ":" in line)
    assert int(fields["Size"].split()[0]) > 7800 and fields["Anonymous"].split()[0] == "0"


def test_training_goes_on_as_from_a_keras_file(tmp_path):
    model, x = small()
    found = []
    for ending in (".keras", ".safetensors"):
        model.save(tmp_path / f"model{ending}")
        again = load_model(tmp_path / f"model{ending}")
        again.fit(x, np.arange(3.0)[:, None], verbose=0, shuffle=False)
        found.append(again.get_weights())
        plain = load_model(tmp_path / f"model{ending}", compile=False)
        assert plain.saved_training is None and again.trainer is not None
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_vocabularies_come_back(tmp_path):
    lookup = layers.StringLookup(vocabulary=["ä", "b\u2028c", "d"])
    model = maskseq.Sequential([maskseq.Input((None,), dtype="string"), lookup])
    model.save(tmp_path / "text.safetensors")
    again = load_model(tmp_path / "text.safetensors")
    np.testing.assert_array_equal(again.predict([["d", "ä", "?"]]), [[3, 1, 0]])


def test_load_weights_takes_it_too(tmp_path):
    model, _ = small()
    model.save(tmp_path / "model.safetensors")
    other, _ = small()
    load_weights(other, tmp_path / "model.safetensors")
    for one, wanted in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, wanted)
    different = maskseq.Sequential([maskseq.Input((5,)), layers.Dense(1)])
    with pytest.raises(FormatError, match=r"expected shape \(5, 1\), got \(3, 1\)"):
        load_weights(different, tmp_path / "model.safetensors")


def changed(path, change):
    """The file with another header."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    change(header)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + raw[8 + length :])


def metadata(**new):
    return lambda header: header["__metadata__"].update(new)


def renamed(header):
    header["layers/dense/vars/7"] = header.pop("layers/dense/vars/0")


def reshaped(header):
    header["layers/lstm/cell/vars/0"]["shape"].reverse()


def integers(header):
    header["layers/lstm/cell/vars/0"]["dtype"] = "I32"


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda header: header.pop("__metadata__"), "holds arrays and no model.*from_torch"),
        (metadata(format="pt"), "holds arrays and no model"),
        (metadata(format_version="2"), "version 2 of maskseq's format, expected 1"),
        (metadata(config="{"), "the config is not readable"),
        (metadata(config="[]"), "the config must be dict"),
        (metadata(config="\ud800"), "the config is not readable"),
        (metadata(keras_version="x"), "version"),
        (renamed, r"layer 'dense\w*' \(Dense\): weight .*no layers/dense/vars/0 in it"),
        (reshaped, r"layer 'top' \(LSTM\).*expected shape \(8, 12\), got \(12, 8\)"),
    ],
)
def test_damage_is_named(tmp_path, change, said):
    model, _ = small()
    path = tmp_path / "model.safetensors"
    model.save(path)
    changed(path, change)
    with pytest.raises(FormatError, match=said):
        load_model(path)


def test_weights_that_are_left_over_are_named(tmp_path):
    model, _ = small()
    path = tmp_path / "model.safetensors"
    model.save(path)
    saved = read_safetensors(path)
    save_safetensors(path, {**saved.arrays, "more": np.ones(1)}, saved.metadata)
    with pytest.raises(FormatError, match=r"no layer reads, \['more'\]"):
        load_model(path)


def test_other_types_are_converted(tmp_path):
    model, x = small()
    path = tmp_path / "model.safetensors"
    model.save(path)
    saved = read_safetensors(path)
    save_safetensors(path, {k: a.astype("f8") for k, a in saved.arrays.items()}, saved.metadata)
    np.testing.assert_array_equal(load_model(path).predict(x), model.predict(x))
    wide = {k: np.full(a.shape, 1e300) for k, a in saved.arrays.items()}
    save_safetensors(path, wide, saved.metadata)
    with pytest.raises(FormatError, match="float32 does not hold 1e\\+300"):
        load_model(path)


def test_a_config_that_asks_for_more_than_the_file_holds_is_refused(tmp_path):
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)])
    path = tmp_path / "model.safetensors"
    model.save(path)
    config = read_safetensors(path).metadata["config"]
    changed(path, metadata(config=config.replace('"units": 1', '"units": 100000000')))
    with pytest.raises(FormatError, match="more weights than it holds"):
        load_model(path)


@pytest.mark.filterwarnings("ignore")
def test_the_command_line_converts_all_of_them(tmp_path, capsys):
    def convert(one, other):
        return cli.main(["convert", str(one), str(tmp_path / other)])

    assert convert(FILES / "recurrent.keras", "a.safetensors") == 0
    assert convert(tmp_path / "a.safetensors", "b.keras") == 0
    wanted = load_model(FILES / "recurrent.keras").get_weights()
    for found, weight in zip(load_model(tmp_path / "b.keras").get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(found, weight)
    assert convert(FILES / "torch" / "modules.pt", "arrays.safetensors") == 0
    before = maskseq.read_weights(FILES / "torch" / "modules.pt")
    after = maskseq.read_weights(tmp_path / "arrays.safetensors")
    assert after.keys() == before.keys()
    assert all(np.array_equal(after[name], before[name]) for name in before)
    assert convert(tmp_path / "arrays.safetensors", "again.safetensors") == 0
    assert convert(FILES / "torch" / "modules.pt", "x.keras") == 2
    assert "holds arrays and no model" in capsys.readouterr().err


@pytest.mark.slow
def test_the_package_of_that_name_reads_it(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    model, _ = small()
    model.save(tmp_path / "model.safetensors")
    theirs, ours = (
        read(tmp_path / "model.safetensors") for read in (package.load_file, maskseq.read_weights)
    )
    assert theirs.keys() == ours.keys()
    assert all(np.array_equal(theirs[name], ours[name]) for name in ours)
