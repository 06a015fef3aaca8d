"""Models of Keras 2 are written in Keras 3's formats, and keep their rule for masks and answers."""

import json
import zipfile

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers, load_model, ops
from maskseq.importers import FormatError
from maskseq.nest import flatten
from tests.importers.keras2.test_keras2_versions import MODELS, OPTIONS, Mine, known, unpacked

__all__ = ["unpacked"]  # a fixture
pytestmark = pytest.mark.filterwarnings("ignore")
AGAIN = {"custom": {"custom_layers": {"Mine": Mine}}}


def same(ours, theirs):
    for a, b in zip(flatten(ours), flatten(theirs), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("version, case", [x for x in MODELS if x[1] != "functions"])
def test_model_of_keras2_comes_back(unpacked, tmp_path, version, case, ending):
    model = load_model(unpacked(version, case), **OPTIONS.get(case, {}))
    inputs = known(version, case, "in")
    inputs = inputs if len(inputs) > 1 else inputs[0]
    expected = model.predict(inputs)
    model.save(tmp_path / f"out{ending}")
    again = load_model(tmp_path / f"out{ending}", **AGAIN.get(case, {}))
    assert again.mask_rule == model.mask_rule
    assert [x.mask_rule for x in again.layers] == [x.mask_rule for x in model.layers]
    same(again.predict(inputs), expected)
    model.save_weights(tmp_path / "out.weights.h5")
    for other in (model, again):
        other.set_weights([w * 0 for w in other.get_weights()])
        other.load_weights(tmp_path / "out.weights.h5")
        same(other.predict(inputs), expected)


def test_convert_of_keras2(unpacked, tmp_path):
    path = str(unpacked("2.15.0", "merges"))
    assert cli.main(["convert", path, str(tmp_path / "new.keras")]) == 0
    assert load_model(tmp_path / "new.keras").mask_rule == "keras2"
    assert load_model(tmp_path / "new.keras", mask_rule="keras3").mask_rule == "keras3"


def of_two_rules():
    x, y = maskseq.Input((None, 3)), maskseq.Input((None, 3))
    masked = [layers.Masking()(x), layers.Masking()(y)]
    old = layers.Add(mask_rule="keras2", name="old")(masked)
    new = layers.Add(name="new")(masked)
    inner = layers.Dense(2, name="inner")
    wrapped = layers.TimeDistributed(inner, mask_rule="keras2", name="outer")(new)
    return maskseq.Model([x, y], [layers.LSTM(2)(old), layers.LSTM(2)(wrapped)])


def test_each_layer_keeps_its_own_rule_and_keras_sees_no_argument_of_it(tmp_path):
    model = of_two_rules()
    with pytest.warns(UserWarning, match="masks follow the rule of keras2.*Keras 3 opens the file"):
        model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    rules = {x.name: x.mask_rule for x in loaded.layers}
    assert (rules["old"], rules["new"], rules["outer"]) == ("keras2", "keras3", "keras2")
    assert loaded.get_layer("outer").layer.mask_rule == "keras3"
    entries = json.loads(model.to_json())["config"]["layers"]
    assert all("mask_rule" not in entry["config"] for entry in entries)
    assert [e["name"] for e in entries if e.get("mask_rule") == "keras2"] == ["old", "outer"]
    again = maskseq.importers.model_from_json(model.to_json())
    assert {x.name: x.mask_rule for x in again.layers} == rules


@pytest.mark.parametrize("rule", ["keras4", "\x1b", 3, ["keras2"], {}])
def test_a_rule_that_is_none_is_named(tmp_path, rule):
    of_two_rules().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    text = members["config.json"].decode()
    changed = text.replace('"mask_rule": "keras2"', f'"mask_rule": {json.dumps(rule)}')
    assert changed != text
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as file:
        for name, body in {**members, "config.json": changed}.items():
            file.writestr(name, body)
    with pytest.raises(FormatError, match="mask_rule") as told:
        load_model(tmp_path / "m.keras")
    assert str(told.value).isprintable()


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_slices_come_back(tmp_path, ending):
    x = maskseq.Input((4, 6))
    outputs = [x[:, 1:3], x[..., ::-2], x[:, -1], ops.get_item(x, (slice(None), None, 2))]
    model = maskseq.Model(x, outputs)
    model.save(tmp_path / f"m{ending}")
    given = np.random.default_rng(0).random((2, 4, 6), np.float32)
    same(load_model(tmp_path / f"m{ending}").predict(given), model.predict(given))


class Renamed(layers.Dense):
    """A class of a user's that a file knows by another name."""


def test_a_layer_of_another_name_in_its_file_is_written_under_its_own(tmp_path):
    model = maskseq.Sequential([maskseq.Input((3,)), Renamed(2)])
    model.save(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    for old, new in ((b"Renamed", b"Another"), (b"renamed", b"another")):
        members = {name: body.replace(old, new) for name, body in members.items()}
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
    other = load_model(tmp_path / "b.keras", custom_layers={"Another": Renamed})
    other.save(tmp_path / "c.keras")
    other.load_weights(tmp_path / "b.keras")
    other.load_weights(tmp_path / "c.keras")
    again = load_model(tmp_path / "c.keras", custom_layers={"Renamed": Renamed})
    x = np.ones((1, 3), np.float32)
    same(again.predict(x), model.predict(x))
