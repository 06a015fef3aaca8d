"""load_model: models written by real Keras give what Keras gives."""

import json
import zipfile

import numpy as np
import pytest

from maskseq import Layer, load_model
from maskseq.importers import FormatError, UnsupportedLayerError
from maskseq.nest import flatten
from tests.support.keras_files import FILES, answers, edited, layer_of

pytestmark = pytest.mark.filterwarnings("ignore:Layer")  # of a lost mask, as in Keras

NAMES = sorted(path.stem for path in FILES.glob("*.keras"))


def inputs_of(name):
    values = answers(name, "in")
    return values if len(values) > 1 else values[0]


@pytest.mark.parametrize("name", NAMES)
def test_loaded_model_gives_what_keras_gives(name):
    """Padded cells included."""
    model = load_model(FILES / f"{name}.keras")
    for outputs in (model(inputs_of(name)), model.predict(inputs_of(name))):
        for ours, keras in zip(flatten(outputs), answers(name, "out"), strict=True):
            np.testing.assert_allclose(ours, keras, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_those_of_keras_in_its_order(name):
    ours = load_model(FILES / f"{name}.keras").get_weights()
    for array, keras in zip(ours, answers(name, "weight"), strict=True):
        np.testing.assert_array_equal(array, keras)


def test_names_of_model_layers_and_outputs_are_kept():
    model = load_model(FILES / "functional.keras")
    assert model.name == "three_inputs"
    assert model.get_layer("nested").get_layer("dense").name == "dense"
    assert set(model(inputs_of("functional"))) >= {"nested", "unmasked", "decoded", "scores"}


def test_recorded_mask_that_is_carried_anyway_is_left_to_the_machinery():
    """So that the layer runs on rows; a mask of another origin is passed on."""
    model = load_model(FILES / "functional.keras")
    assert all("mask" not in node.kwargs for node in model.get_layer("shared")._inbound_nodes)
    given = [
        node
        for layer in model.layers
        for node in layer._inbound_nodes
        if node.kwargs.get("mask") is not None
    ]
    assert len(given) == 1


def test_loading_starts_no_random_weights():
    """The stream of random numbers is where it was: no weight was drawn just to be replaced."""
    from maskseq import initializers

    initializers.set_random_seed(5)
    before = initializers.get("random_normal")((3,))
    initializers.set_random_seed(5)
    load_model(FILES / "sequential.keras")
    np.testing.assert_array_equal(before, initializers.get("random_normal")((3,)))


def test_layer_of_the_wrong_size_is_told_with_both_shapes(tmp_path):
    def smaller(config):
        layer_of(config, "dense_1")["config"]["units"] = 1

    with pytest.raises(FormatError, match=r"dense_1.*kernel.*expected.*\(4, 1\).*got \(4, 2\)"):
        load_model(edited(FILES / "sequential.keras", tmp_path, smaller))


def test_missing_and_surplus_weights_are_told(tmp_path):
    def biased(config):
        layer_of(config, "dense_1")["config"]["use_bias"] = False

    with pytest.raises(FormatError, match="dense_1.*expected 1 weights, got 2"):
        load_model(edited(FILES / "sequential.keras", tmp_path, biased))

    def renamed(config):
        layer_of(config, "dense_1")["class_name"] = "LSTM"
        layer_of(config, "dense_1")["config"] = {"name": "other", "units": 2}

    with pytest.raises(FormatError, match="inputs|sequences"):
        load_model(edited(FILES / "sequential.keras", tmp_path, renamed))


@pytest.mark.parametrize("option, value", [("future_option", 1), ("quantization_config", {"a": 1})])
def test_unknown_option_is_named(tmp_path, option, value):
    def strange(config):
        layer_of(config, "dense_1")["config"][option] = value

    with pytest.raises(UnsupportedLayerError, match=rf"'dense_1' \(Dense\): {option}="):
        load_model(edited(FILES / "sequential.keras", tmp_path, strange))


def test_unknown_activation_is_named(tmp_path):
    def strange(config):
        layer_of(config, "dense_1")["config"]["activation"] = "my_activation"

    with pytest.raises(UnsupportedLayerError, match="dense_1.*my_activation"):
        load_model(edited(FILES / "sequential.keras", tmp_path, strange))


def test_unknown_operation_is_named(tmp_path):
    def strange(config):
        layer_of(config, "tanh")["class_name"] = "Fft2"

    with pytest.raises(UnsupportedLayerError, match="'tanh' is the operation Fft2"):
        load_model(edited(FILES / "functional.keras", tmp_path, strange))


class Doubled(Layer):
    """A user's own layer, with its own option and no weights."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


@pytest.mark.parametrize("known_as", ["Doubled", "mine>Doubled"])
def test_custom_layer_is_made_only_when_it_is_given(tmp_path, known_as):
    def custom(config):
        config["config"]["layers"].append(
            {
                "module": "somewhere.else",
                "class_name": "Doubled",
                "config": {"name": "last", "factor": 2.0, "dtype": None},
                "registered_name": "mine>Doubled",
            }
        )

    path = edited(FILES / "sequential.keras", tmp_path, custom)
    with pytest.raises(UnsupportedLayerError, match="'last' is a Doubled"):
        load_model(path)
    outputs = load_model(path, {known_as: Doubled})(inputs_of("sequential"))
    np.testing.assert_allclose(outputs, 2 * answers("sequential", "out")[0], atol=1e-5)


def test_custom_layer_does_not_replace_a_known_one_by_its_module(tmp_path):
    """A class registered by somebody under a known name is not the known one."""

    def registered(config):
        layer_of(config, "dense_1")["registered_name"] = "mine>Dense"

    with pytest.raises(UnsupportedLayerError, match="'dense_1' is a Dense"):
        load_model(edited(FILES / "sequential.keras", tmp_path, registered))


def test_file_that_is_no_model_is_told(tmp_path):
    path = tmp_path / "x.keras"
    path.write_bytes(b"hello")
    with pytest.raises(FormatError, match="x.keras: no format that is known"):
        load_model(path)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.keras")


def test_order_of_layers_in_the_file_does_not_matter_for_the_graph(tmp_path):
    """Calls are made when their tensors are there. Weights are numbered by class in file order."""

    def shuffled(config):
        entries = config["config"]["layers"]
        entries.sort(key=lambda entry: "inbound_nodes" in entry and not entry["inbound_nodes"])

    model = load_model(edited(FILES / "functional.keras", tmp_path, shuffled))
    for ours, keras in zip(
        flatten(model(inputs_of("functional"))), answers("functional", "out"), strict=True
    ):
        np.testing.assert_allclose(ours, keras, atol=1e-5)


def test_weights_that_no_layer_takes_are_told(tmp_path):
    def shorter(config):
        config["config"]["layers"].pop()

    with pytest.raises(FormatError, match=r"no layer reads, \['layers/dense/vars/0', 'layers/"):
        load_model(edited(FILES / "sequential.keras", tmp_path, shorter))


def test_masks_that_grow_out_of_one_another_are_compared_in_little_time():
    """As in a deep residual network: each mask is the OR of the one before with itself."""
    from maskseq import Input, ops
    from maskseq.graph.symbols import same_computation

    x = Input((None,), dtype="int32")
    ours, theirs, known = ops.not_equal(x, 0), ops.not_equal(x, 0), set()
    for _ in range(300):
        ours, theirs = ops.logical_or(ours, ours), ops.logical_or(theirs, theirs)
    assert same_computation(ours, theirs, known)
    assert not same_computation(ours, ops.logical_and(theirs, theirs), known)
    assert not same_computation(ops.not_equal(x, 0), ops.not_equal(x, 1), known)


def test_circle_in_the_graph_is_told(tmp_path):
    def circle(config):
        entry = layer_of(config, "shared")
        for node in entry["inbound_nodes"]:
            node["args"][0]["config"]["keras_history"][0] = "shared"

    with pytest.raises(FormatError, match="circle"):
        load_model(edited(FILES / "functional.keras", tmp_path, circle))


def test_metadata_and_config_stay_as_keras_writes_them():
    """What the tests stand on: the files are from Keras 3.15."""
    for name in NAMES:
        with zipfile.ZipFile(FILES / f"{name}.keras") as archive:
            assert json.loads(archive.read("metadata.json"))["keras_version"] == "3.15.1"
