"""Legacy `.h5` files of Keras 3 and Keras 2, and load_weights."""

import gzip
import random
import re
import zipfile

import numpy as np
import pytest

import maskseq
from maskseq import layers, load_model
from maskseq.importers import FormatError, UnsupportedLayerError
from maskseq.importers.keras.models import ModelMaker
from maskseq.nest import flatten
from tests.support.keras_files import FILES, answers

pytestmark = pytest.mark.filterwarnings("ignore:Layer")  # of a lost mask, as in Keras

KERAS2 = np.load(FILES / "keras2_answers.npz")


@pytest.fixture
def unpacked(tmp_path):
    """unpacked(name) -> path of the `.h5` file that is kept compressed."""

    def unpacked(name):
        path = tmp_path / f"{name}.h5"
        path.write_bytes(gzip.decompress((FILES / f"{name}.h5.gz").read_bytes()))
        return path

    return unpacked


@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_legacy_file_of_keras_3_gives_what_keras_gives(unpacked, name):
    inputs = answers(name, "in")
    model = load_model(unpacked(name))
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
    for ours, keras in zip(flatten(outputs), answers(name, "out"), strict=True):
        np.testing.assert_allclose(ours, keras, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_file_of_keras_2_gives_what_keras_2_gives(unpacked, name):
    """Its own hard_sigmoid, GRUs that reset before, states that leave the mask on."""
    outputs = flatten(load_model(unpacked(f"keras2_{name}")).predict(KERAS2[f"{name}/in/0"]))
    for i, ours in enumerate(outputs):
        keras = np.nan_to_num(KERAS2[f"{name}/out/{i}"])  # the average of no step: 0 here
        np.testing.assert_allclose(ours, keras, rtol=0, atol=1e-5)
    assert f"{name}/out/{len(outputs)}" not in KERAS2


def small_model(units=4):
    """The layers of the sequential files, as a user would write them down again."""
    return maskseq.Sequential(
        [
            maskseq.Input((None, 3)),
            layers.Masking(-1.0),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.Dropout(0.5),
            layers.TimeDistributed(layers.Dense(5, "relu")),
            layers.LSTM(units, go_backwards=True),
            layers.Dense(2, "softmax"),
        ]
    )


@pytest.fixture(params=["sequential.keras", "model.weights.h5", "sequential.h5"])
def weights_file(request, tmp_path, unpacked):
    """The weights of `sequential` in each of the three kinds of file."""
    if request.param == "sequential.keras":
        return FILES / "sequential.keras"
    if request.param == "sequential.h5":
        return unpacked("sequential")
    with zipfile.ZipFile(FILES / "sequential.keras") as archive:
        return archive.extract("model.weights.h5", tmp_path)


def test_load_weights_gives_a_model_written_down_again_the_same_outputs(weights_file):
    model = small_model()
    model.load_weights(weights_file)
    outputs = model.predict(answers("sequential", "in")[0])
    np.testing.assert_allclose(outputs, answers("sequential", "out")[0], rtol=0, atol=1e-5)


def test_load_weights_that_do_not_fit_changes_nothing(weights_file):
    model = small_model(units=3)
    before = model.get_weights()
    with pytest.raises(FormatError, match=r"\(LSTM\).*expected shape \(5, 12\), got \(5, 16\)"):
        model.load_weights(weights_file)
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_unreadable_version_of_a_file_is_seen_before_a_weight_is_changed(unpacked):
    """The version decides about a warning only, but the file is refused as a whole."""
    path = unpacked("sequential")
    raw = path.read_bytes()
    version = re.findall(rb"3\.\d+\.\d+", raw)[0]
    path.write_bytes(raw.replace(version, b"x" * len(version)))
    model = small_model()
    before = model.get_weights()
    with pytest.raises(FormatError, match="keras_version"):
        model.load_weights(path)
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_load_weights_needs_a_built_model():
    model = maskseq.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match="must be built"):
        model.load_weights(FILES / "sequential.keras")


def test_file_with_weights_only_is_no_model_but_says_what_to_do(unpacked):
    path = unpacked("keras2_weights")
    with pytest.raises(FormatError, match="build the model and call load_weights"):
        load_model(path)


def test_weights_of_keras_2_go_into_a_model_written_down_again(unpacked):
    model = maskseq.Sequential(
        [
            maskseq.Input((6,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Bidirectional(
                layers.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid_keras2")
            ),
            layers.TimeDistributed(layers.Dense(4, "relu")),
            layers.GRU(3, reset_after=False, return_sequences=True),
            layers.GRU(3),
            layers.Dense(2, "softmax"),
        ]
    )
    model.load_weights(unpacked("keras2_weights"))
    outputs = model.predict(KERAS2["sequential/in/0"])
    np.testing.assert_allclose(outputs, KERAS2["sequential/out/0"], rtol=0, atol=1e-5)


def test_lambda_in_a_legacy_file_is_refused(tmp_path, unpacked):
    """CVE-2025-9905: the one format whose safe mode did nothing. Here no format has one."""
    path = unpacked("sequential")
    raw = path.read_bytes()
    assert raw.count(b'"class_name": "Dropout"') == 1
    path.write_bytes(raw.replace(b'"class_name": "Dropout"', b'"class_name":  "Lambda"'))
    with pytest.raises(UnsupportedLayerError, match="'dropout' is a Lambda"):
        load_model(path)


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("name", ["sequential", "keras2_sequential"])
def test_prefixes_and_flips_of_a_legacy_file_raise_nothing_but_our_errors(unpacked, name):
    path = unpacked(name)
    raw = path.read_bytes()
    rng = random.Random(0)
    for size in rng.sample(range(len(raw)), 60):
        path.write_bytes(raw[:size])
        with pytest.raises(FormatError):
            load_model(path)
    used = [at for at in range(len(raw)) if raw[at]]
    for at in rng.sample(used, 250):
        damaged = bytearray(raw)
        damaged[at] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(damaged))
        try:
            load_model(path)
        except (FormatError, UnsupportedLayerError):
            pass


def test_one_shared_object_is_one_layer():
    """As a layer that two wrappers hold; its id stands beside its config."""
    maker = ModelMaker("x")
    entry = {"class_name": "Dense", "config": {"name": "d", "units": 2}, "shared_object_id": 3}
    one = maker.layer(entry)
    assert maker.layer(dict(entry)) is one
    assert maker.layer({**entry, "shared_object_id": 4}) is not one
    del entry["shared_object_id"]
    assert maker.layer(entry) is not one
