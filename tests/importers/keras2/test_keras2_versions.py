"""Files of several versions of Keras 2 give what that Keras gave, masked cells included."""

import copy
import gzip
import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers, load_model
from maskseq.importers import FormatError
from maskseq.importers.keras.keras2 import Version
from maskseq.layers.base.rules import rule_of_version
from maskseq.nest import flatten

pytestmark = pytest.mark.filterwarnings("ignore:Layer")  # of a lost mask, as in Keras

FILES = Path(__file__).parents[2] / "files" / "keras2"
ANSWERS = {path.stem: np.load(path) for path in FILES.glob("*.npz")}
RULES = {"2.2.4": "keras2.3", "2.4.0": "keras2.9", "2.13.1": "keras2", "2.15.0": "keras2"}
CASE_OF = {"theano": "options", "cudnn": "of_cudnn", "windows": "tree"}
NOT_MODELS = ("gates", "config", "config_weights")
MODELS = [
    found
    for path in sorted(FILES.iterdir())
    if path.name.endswith((".h5.gz", ".keras"))
    for found in [tuple(path.name.replace(".keras", ".h5").partition(".h5")[0].split("_", 1))]
    if found[1] not in NOT_MODELS
]


class Mine(layers.LSTM):
    """A class of a user's, under a name of its own."""


OPTIONS = {
    "custom": {"custom_layers": {"MyLSTM": Mine}},
    "functions": {
        "functions": {
            "triple": lambda x, by: x * np.float32(by),
            "squared": lambda x: x * x,
            "twice": lambda x: 2 * x,
        }
    },
}


@pytest.fixture
def unpacked(tmp_path):
    """unpacked(version, name) -> path of the file."""

    def unpacked(version, name):
        for kind in (".h5", ".json"):
            packed = FILES / f"{version}_{name}{kind}.gz"
            if packed.exists():
                path = tmp_path / f"{name}{kind}"
                path.write_bytes(gzip.decompress(packed.read_bytes()))
                return path
        return FILES / f"{version}_{name}.keras"

    return unpacked


def known(version, case, kind):
    prefix = f"{CASE_OF.get(case, case)}/{kind}/"
    names = [name for name in ANSWERS[version].files if name.startswith(prefix)]
    return [ANSWERS[version][f"{prefix}{i}"] for i in range(len(names))]


def check(model, version, case, atol=2e-5):
    inputs = known(version, case, "in")
    x = inputs if len(inputs) > 1 else inputs[0]
    wanted = known(version, case, "out")
    assert wanted
    for answers in (model.predict(x), model(x)):
        for ours, keras in zip(flatten(answers), wanted, strict=True):
            np.testing.assert_allclose(ours, keras, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("version, case", MODELS)
def test_file_gives_what_its_keras_gave(unpacked, version, case):
    model = load_model(unpacked(version, case), **OPTIONS.get(case, {}))
    assert model.mask_rule == RULES[version]
    check(model, version, case)


def test_there_are_files_of_all_kinds():
    assert {version for version, _ in MODELS} == set(RULES) and len(MODELS) > 24


@pytest.mark.parametrize("version", ["2.2.4", "2.4.0", "2.15.0"])
def test_json_config_with_a_file_of_weights(unpacked, version):
    config, weights = unpacked(version, "config"), unpacked(version, "config_weights")
    check(load_model(config, weights=weights), version, "options")
    with pytest.raises(FormatError, match="a config without weights; pass weights="):
        load_model(config)
    with pytest.raises(FormatError, match="holds weights but no model.*JSON config.*read_weights"):
        load_model(weights)
    given = json.loads(config.read_text())
    del given["keras_version"]  # then it is that of the weights
    config.write_text(json.dumps(given))
    assert load_model(config, weights=weights).mask_rule == RULES[version]


def model_of_gates(**options):
    return maskseq.Sequential(
        [
            maskseq.Input((6,)),
            layers.Embedding(8, 3, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True, **options)),
            layers.GRU(2, reset_after=False, **options, name="gru_of_mine"),
        ]
    )


def test_weights_of_a_keras_with_other_gates_are_told(unpacked):
    """Not as an error: a model of that time may well say sigmoid."""
    path = unpacked("2.2.4", "gates")
    with pytest.warns(UserWarning, match=r"Keras 2\.2.*gru_of_mine.*'hard_sigmoid_keras2'") as told:
        model_of_gates().load_weights(path)
    assert len(told) == 1 and told[0].filename == __file__
    model = model_of_gates(recurrent_activation="hard_sigmoid_keras2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_weights(path)
    check(model, "2.2.4", "gates")


def test_weights_of_cudnn_fit_an_lstm_and_a_gru(unpacked):
    source = maskseq.Input((6, 3))
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    model = maskseq.Model(source, layers.GRU(2)(both(source)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # their gates were sigmoid then too
        model.load_weights(unpacked("2.2.4", "cudnn"))
    check(model, "2.2.4", "of_cudnn")
    other = maskseq.Model(source, layers.GRU(2, reset_after=False)(both(source)))
    with pytest.raises(FormatError, match=r"\(GRU\).*bias: expected shape \(6,\), got \(12,\)"):
        other.load_weights(unpacked("2.2.4", "cudnn"))


def test_mask_rule_can_be_chosen_and_stays_with_the_layers(unpacked):
    path = unpacked("2.15.0", "merges")
    model, other = load_model(path), load_model(path, mask_rule="keras3")
    assert (model.mask_rule, other.mask_rule) == ("keras2", "keras3")
    x = known("2.15.0", "merges", "in")
    answers = model.predict(x)
    differ = [not np.allclose(a, b) for a, b in zip(answers, other.predict(x), strict=True)]
    assert sum(differ) > 3
    again = maskseq.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    part = maskseq.Model(model.input, model.output)
    for copied in (again, part, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        for ours, first in zip(copied.predict(x), answers, strict=True):
            np.testing.assert_array_equal(ours, first)
    assert again.mask_rule == "keras2"
    with pytest.raises(ValueError, match="mask_rule must be one of .*, got 'keras9'"):
        load_model(path, mask_rule="keras9")


@pytest.mark.parametrize(
    "version, rule",
    [
        ("1.2.2", "keras2.1"), ("2.0.8", "keras2.1"), ("2.1.6-tf", "keras2.3"),
        ("2.2.4", "keras2.3"), ("2.2.4-tf", "keras2.9"), ("2.3.1", "keras2.3"),
        ("2.3.0-tf", "keras2.9"),
        ("2.9.0", "keras2.9"), ("2.10.0", "keras2"), ("2.18.0", "keras2"), ("3.0.0", "keras3"),
    ],
)  # fmt: skip
def test_rule_follows_from_the_version(version, rule):
    assert rule_of_version(*Version.parse(version, "x.h5")) == rule


def test_functions_that_are_missing_or_too_many_are_told(unpacked):
    path = unpacked("2.15.0", "functions")
    given = OPTIONS["functions"]["functions"]
    for name, said in [
        ("triple", r"'triple' is a Lambda.*functions=\{'triple': function\}"),
        ("squared", r"'squared' \(Dense\): activation is the function '<lambda>'.*'squared': "),
        ("twice", r"'inner' \(LSTM\): activation is the function 'twice'"),
    ]:
        with pytest.raises(ValueError, match=said):
            load_model(path, functions={k: v for k, v in given.items() if k != name})
    with pytest.raises(ValueError, match=r"functions for \['no_such'\]"):
        load_model(path, functions={**given, "no_such": np.tanh})
    with pytest.raises(TypeError, match="'triple' must be a function, got 3"):
        load_model(path, functions={**given, "triple": 3})


def test_function_of_one_activation_of_two_and_a_layer_for_a_lambda(unpacked):
    class Triple(maskseq.Layer):
        def call(self, x):
            return 3 * x

    functions = {
        "triple": Triple(),
        "squared": np.square,
        "inner": {"activation": lambda x: 2 * x},
    }
    check(load_model(unpacked("2.2.4", "functions"), functions=functions), "2.2.4", "functions")


def test_read_weights_gives_all_arrays_by_name(unpacked):
    found = maskseq.read_weights(unpacked("2.2.4", "gates"))
    assert all(name.endswith(":0") and name.count("/") > 1 for name in found)
    model = model_of_gates(recurrent_activation="hard_sigmoid_keras2")
    model.load_weights(unpacked("2.2.4", "gates"))
    for weight in model.get_weights():
        assert any(np.array_equal(weight, array) for array in found.values())
    assert len(found) == len(model.weights) and all(a.flags.writeable for a in found.values())
    tree = maskseq.read_weights(FILES / "2.13.1_windows.keras")
    assert any(name.endswith("bidirectional/forward_layer/cell/vars/0") for name in tree)
    assert not any(name.startswith(("optimizer", "metrics")) for name in tree)
    with np.load(FILES / "2.15.0.npz") as arrays:
        assert maskseq.read_weights(FILES / "2.15.0.npz").keys() == set(arrays)


def test_info_shows_the_rule(capsys):
    assert cli.main(["info", str(FILES / "2.13.1_tree.keras")]) == 0
    assert "Mask rule: keras2 (that of Keras 2.10 to 2.15" in capsys.readouterr().out
