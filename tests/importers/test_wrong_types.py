"""Any key of any layer's config in a file with a value of another type: a model, or our errors.

Never another exception, and never more than two seconds.
"""

import copy
import json
import random
import time
import warnings
import zipfile

import pytest

import maskseq
from maskseq import load_model
from maskseq.importers import FormatError, UnsupportedLayerError
from maskseq.importers.keras import file
from maskseq.testing.examples import EXAMPLES
from tests.support.keras_files import FILES, written

DEEP: list = []
for _ in range(50):
    DEEP = [DEEP]
VALUES = {
    "null": None,
    "true": True,
    "minus one": -1,
    "zero": 0,
    "fraction": 1.5,
    "huge float": 1e308,
    "huge int": 2**70,
    "text": "x",
    "no text": "",
    "empty list": [],
    "empty object": {},
    "mixed list": [1, "a"],
    "numbers": [2, 3],
    "deep list": DEEP,
    "long text": "x" * 100_000,
    "long list": [1] * 10_000,
    "entry": {"class_name": "Dense", "config": {"units": 1}},
    "entry of nothing": {"class_name": "X", "config": {}},
    "array": {"class_name": "__numpy__", "config": {"value": [[1.0], [2.0]], "dtype": "float32"}},
}
SECONDS = 2.0


def config_of(example):
    """A functional model of an example, as Keras writes it."""
    inputs = []
    for x in example.inputs:
        dtype = "string" if x.dtype.kind == "U" else str(x.dtype)
        inputs.append(maskseq.Input(x.shape[1:], dtype=dtype))
    call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = maskseq.Model(inputs, call(example.make(), *inputs))
    return json.loads(model.to_json())


def paths_into(value, here=()):
    """The way to every value inside nested objects and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inside in items:
        yield (*here, key)
        if isinstance(inside, dict | list):
            yield from paths_into(inside, (*here, key))


@pytest.fixture
def load(tmp_path, monkeypatch):
    """config -> the model in a file with it, whose weights are zeros."""
    monkeypatch.setattr(file, "load_tree", lambda *_, **__: None)
    with zipfile.ZipFile(FILES / "sequential.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def load(config):
        path = written(tmp_path, {**members, "config.json": json.dumps(config).encode()})
        return load_model(path)

    return load


def changes(config, count):
    """`count` of the ways to put a value of another type into the config of the last layer."""
    own = config["config"]["layers"][-1]["config"]
    found = [(place, value) for place in paths_into(own) for value in VALUES]
    rng = random.Random(config["config"]["layers"][-1]["class_name"])
    for place, value in rng.sample(found, min(count, len(found))):
        changed = copy.deepcopy(config)
        holder = changed["config"]["layers"][-1]["config"]
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = VALUES[value]
        yield f"{place} = {value}", changed


def tried(load, config, inputs):
    """What loading raised, or a call of what was loaded; None if both went well."""
    try:
        model = load(config)
    except (FormatError, UnsupportedLayerError) as error:
        return error
    model.summary(print_fn=str)
    model.to_json()
    try:
        model.predict(inputs if len(inputs) > 1 else inputs[0])
    except (ValueError, IndexError, TypeError) as error:
        return error
    return None


COUNTS = [8, pytest.param(150, marks=pytest.mark.slow)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "Lambda"])
def test_value_of_a_wrong_type_is_taken_or_refused_by_name(name, count, load):
    example = EXAMPLES[name]
    config = config_of(example)
    assert tried(load, config, example.inputs) is None
    for what, changed in changes(config, count):
        start = time.process_time()
        error = tried(load, changed, example.inputs)
        assert time.process_time() - start < SECONDS, what
        text = str(error)
        named = any(word in text for word in ("layer", "called", "class_name", "config of"))
        assert error is None or named, f"{what}: {error!r}"


OPTIONS = [
    ("ELU", "alpha", None),
    ("ELU", "alpha", 1e308),
    ("LayerNormalization", "epsilon", "x"),
    ("LayerNormalization(axis=[1, 2])", "axis", [-1, 2]),
    ("RMSNormalization", "epsilon", [1]),
    ("GroupNormalization", "groups", True),
    ("BatchNormalization", "epsilon", {"class_name": "__numpy__", "config": {}}),
    ("GlobalMaxPooling1D", "keepdims", None),
    ("GlobalMaxPooling1D", "keepdims", 2**70),
    ("LSTM", "go_backwards", VALUES["array"]),
    ("LSTM", "units", 2**40),
    ("RepeatVector", "n", 2**70),
    ("Hashing", "num_bins", 2**70),
    ("Concatenate", "axis", True),
    ("Softmax", "axis", None),
    ("Permute", "dims", [2, True]),
    ("Reshape", "target_shape", [-1, True]),
    ("EinsumDense", "equation", None),
    ("Dot", "normalize", VALUES["array"]),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, key, value", OPTIONS)
def test_option_that_no_call_could_use_is_refused_when_it_is_loaded(name, key, value, load):
    config = config_of(EXAMPLES[name])
    config["config"]["layers"][-1]["config"][key] = value
    with pytest.raises((FormatError, UnsupportedLayerError)):
        load(config)


def test_refusal_names_layer_argument_expected_and_got(load):
    config = config_of(EXAMPLES["ELU"])
    own = config["config"]["layers"][-1]["config"]
    own["alpha"] = "x"
    with pytest.raises(
        FormatError, match=f"'{own['name']}' .ELU.: alpha must be a number, got 'x'"
    ):
        load(config)
