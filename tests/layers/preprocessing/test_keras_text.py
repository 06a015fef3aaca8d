"""The layers that Keras runs on TensorFlow only give its answers, which are committed."""

import json

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from tests.support.keras_files import FILES
from tests.support.text_cases import CASES, ODD

ANSWERS = json.loads((FILES / "tensorflow" / "text_answers.json").read_text(encoding="utf-8"))


def made(case):
    layer = getattr(layers, case.layer)(**case.options)
    if case.adapt is not None:
        layer.adapt(case.array(case.adapt))
    return layer


def test_every_case_has_an_answer():
    assert sorted(case.name for case in CASES) == sorted(ANSWERS["cases"])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_equals_keras(case):
    layer, answer = made(case), ANSWERS["cases"][case.name]
    output = layer(case.array(case.inputs))
    wanted = np.array(answer["output"])
    if answer["dtype"] in ("object", "int32", "int64") and layer.output_mode == "int":
        np.testing.assert_array_equal(output, wanted)
        assert str(output.dtype) == answer["dtype"]
    else:  # numbers of tokens are integers in Keras, but float32 in a model of it
        np.testing.assert_allclose(output, wanted, rtol=1e-6)
        assert output.dtype == np.float32
    if "vocabulary" in answer:
        if case.layer == "Discretization":
            assert layer.bin_boundaries == pytest.approx(answer["vocabulary"], rel=1e-6)
        else:
            assert layer.get_vocabulary() == answer["vocabulary"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_shape_is_known_before_the_call(case):
    layer = made(case)
    array = case.array(case.inputs)
    if array.ndim == 0:
        return
    dtype = "string" if array.dtype.kind == "U" else str(array.dtype)
    inputs = maskseq.Input(array.shape[1:], dtype=dtype)
    tensor, output = layer(inputs), layer(array)
    if layer.output_mode != "one_hot" and array.ndim == 1 and layer.output_mode != "int":
        if case.layer != "TextVectorization":
            return  # what is one sample alone is many in a model
    assert len(tensor.shape) == output.ndim
    for size, n in zip(tensor.shape[1:], output.shape[1:], strict=True):
        assert size in (None, n)
    assert tensor.dtype == ("string" if output.dtype == object else str(output.dtype))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_config_makes_the_same_layer(case):
    layer = made(case)
    config = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(config)))
    array = case.array(case.inputs)
    np.testing.assert_array_equal(again(array), layer(array))
    kept = {k: list(v) if isinstance(v, tuple) else v for k, v in config.items()}
    assert again.get_config() == kept


LISTED = [case for case in CASES if case.dtype is None]


@pytest.mark.parametrize("case", LISTED, ids=[case.name for case in LISTED])
def test_lists_objects_and_bytes_are_taken_as_arrays_are(case):
    layer, array = made(case), case.array(case.inputs)
    wanted = layer(array)
    for form in (array.tolist(), array.astype(object), np.char.encode(array, "utf-8")):
        np.testing.assert_array_equal(layer(form), wanted)


def test_model_of_text_gives_kerass_answers():
    model = maskseq.load_model(FILES / "tensorflow" / "text.keras")
    inputs = [
        [[text] for text in ODD[:3]],
        [["a"], ["zz"], ["b"]],
        np.array([[5, 7], [1, 0], [7, 7]]),
    ]
    arrays = [np.array(inputs[0]), np.array(inputs[1]), inputs[2]]
    for given in (inputs, arrays, dict(zip(("texts", "labels", "ids"), inputs, strict=True))):
        for wanted, got in zip(ANSWERS["model"], model.predict(given), strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_masked_conv_lstm_gives_the_answers_of_keras_on_tensorflow():
    answer = ANSWERS["ConvLSTM1D"]
    layer = layers.ConvLSTM1D(3, 2, return_sequences=True, return_state=True)
    x, mask = np.array(answer["x"], np.float32), np.array(answer["mask"])
    layer.build(x.shape)
    layer.set_weights([np.array(w, np.float32) for w in answer["weights"]])
    for wanted, got in zip(answer["outputs"], layer(x, mask=mask), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "Hashing", "Discretization"])
def test_ragged_lists_stay_ragged(name):
    rows = [[3.0, 7.0], [], [1.0]]
    rows = rows if name == "Discretization" else [[int(x) for x in row] for row in rows]
    rows = [[f"w{x}" for x in row] for row in rows] if name == "StringLookup" else rows
    options = {
        "StringLookup": {"vocabulary": ["w3", "w1"]},
        "IntegerLookup": {"vocabulary": [3, 1]},
        "Hashing": {"num_bins": 9},
        "Discretization": {"bin_boundaries": [2.0, 5.0]},
    }[name]
    layer = getattr(layers, name)(**options)
    flat = layer([x for row in rows for x in row])
    answer = layer(rows)
    assert isinstance(answer, Ragged) and answer.lengths.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(answer.values, flat)
    if name != "StringLookup":
        assert layer(Ragged.from_list(rows)).equals(answer)
    counted = getattr(layers, name)(**options, output_mode="count")
    counts = counted(rows)
    np.testing.assert_array_equal(counts[0], counted(rows[0]))
    assert not counts[1].any() and counts.shape == (3, counted.depth)
