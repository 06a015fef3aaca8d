"""A quantized model in a .safetensors file: its bits, in half or a quarter of the bytes."""

import json
import os
from struct import pack, unpack

import numpy as np
import pytest

import maskseq
from maskseq import Sequential, layers


def model_of(rng):
    model = Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(300, 64, mask_zero=True),
            layers.MaskedConv1D(64, 3, padding="same"),
            layers.EinsumDense("abc,cd->abd", (None, 64)),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.GRU(64),
            layers.Dense(40),
        ]
    )
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("precision, share", [("int8", 0.29), ("bfloat16", 0.53)])
def test_a_quantized_model_is_saved_in_its_bits(rng, tmp_path, precision, share):
    model, ids = model_of(rng), rng.integers(1, 300, (5, 9))
    model.save(tmp_path / "whole.safetensors")
    model.quantize(precision)
    model.save(tmp_path / "low.safetensors")
    sizes = [os.path.getsize(tmp_path / f"{x}.safetensors") for x in ("low", "whole")]
    assert sizes[0] < share * sizes[1]
    loaded = maskseq.load_model(tmp_path / "low.safetensors")
    assert [x.precision for x in loaded.layers] == [x.precision for x in model.layers]
    np.testing.assert_array_equal(loaded.predict(ids), model.predict(ids))
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    kept = loaded.layers[-1].kernel.held()[1]
    assert kept.nbytes < share * 4 * kept.codes.size


def test_one_layer_in_fewer_bits_is_saved_so(rng, tmp_path):
    model, ids = model_of(rng), rng.integers(1, 300, (5, 9))
    model.layers[-1].quantize("int8")
    model.save(tmp_path / "m.safetensors")
    loaded = maskseq.load_model(tmp_path / "m.safetensors")
    assert [x.precision for x in loaded.layers][-2:] == ["float32", "int8"]
    np.testing.assert_array_equal(loaded.predict(ids), model.predict(ids))


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_keras_files_have_the_rounded_numbers_in_float32(rng, tmp_path, precision):
    model = model_of(rng)
    model.quantize(precision)
    model.save(tmp_path / "m.keras")
    loaded = maskseq.load_model(tmp_path / "m.keras")
    assert {x.precision for x in loaded.layers} == {"float32"}
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("wrong", ['{"layers/dense": "int4"}', "[]", '{"layers/dense": {}}'])
def test_unknown_precisions_in_a_file_are_refused(rng, tmp_path, wrong):
    model = model_of(rng)
    model.layers[-1].quantize("int8")
    path = tmp_path / "m.safetensors"
    model.save(path)
    raw = path.read_bytes()
    (length,) = unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"]["precisions"] = wrong
    new = json.dumps(header).encode()
    path.write_bytes(pack("<Q", len(new)) + new + raw[8 + length :])
    with pytest.raises(ValueError, match=r"m\.safetensors"):
        maskseq.load_model(path)
