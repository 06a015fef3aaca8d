"""Files of other formats are refused with their name and what to do."""

import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from maskseq import Input, Sequential, layers, load_model, read_weights
from maskseq.importers import FormatError


def zipped(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, b"x")
    return buffer.getvalue()


def written(save, *args, **kwargs):
    buffer = io.BytesIO()
    save(buffer, *args, **kwargs)
    return buffer.getvalue()


def tarred():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.addfile(tarfile.TarInfo("model/saved_model.pb"))
    return buffer.getvalue()


def safetensors():
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


FILES = {
    "model.onnx": (b"\x08\x08\x12\x07pytorch", "an ONNX model"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(20), "a TFLite model"),
    "unnamed": (b"\x1c\0\0\0TFL3" + bytes(20), "a TFLite model"),
    "old.pth": (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", r"before version 1\.6.*torch.save"),
    "weights.npy": (written(np.save, np.zeros(2)), "a NumPy array"),
    "model.pkl": (pickle.dumps({"a": 1}), "a pickle, which runs code"),
    "model.h5": (pickle.dumps([1]), "a pickle, which runs code"),
    "saved_model.pb": (b"\x08\x01\x12\xb4\x0b", "a part of a SavedModel"),
    "model.zip": (zipped("model/saved_model.pb"), "a zipped SavedModel"),
    "model.h5.gz": (b"\x1f\x8b\x08\0", "gzip; unpack it"),
    "model.tar": (tarred(), "a tar archive"),
    "ckpt.data-00000-of-00001": (bytes(64), "a part of a TensorFlow checkpoint"),
    "model.yaml": (b"backend: tensorflow\nclass_name: Sequential\n", "a YAML config"),
    "download.h5": (b"<!DOCTYPE html><html>", "an HTML page"),
    "pointer.keras": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "annexed.h5": (b"/annex/objects/SHA256E-s1--0.h5", "git annex get"),
    "model.h5.dvc": (b"outs:\n- md5: 0\n", "dvc pull"),
    "small_letters.keras": (b"\xef\xbb\xbf\n <!doctype html>", "an HTML page"),
    "head.keras": (b"<HEAD><title>404", "an HTML page"),
    "bucket.h5": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied', "the error of a server"),
    "openvino.xml": (b'<?xml version="1.0"?>\n<net name="m">', "as OpenVINO's models are"),
    "onnx.keras": (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0", "an ONNX model"),
    "onnx.h5": (b"\x08\x0aB\x04\n\0\x10\x15", "an ONNX model"),
    "graph.h5": (b"\x08\x01\x12\xb4\x0b", "a part of a SavedModel"),
    "checkpoint": (b'model_checkpoint_path: "ckpt-1"', "a part of a TensorFlow checkpoint"),
    "text.keras": (pickle.dumps({"a": 1}, 0), "a pickle, which runs code"),
    "one.keras": (pickle.dumps({"a": 1}, 1), "a pickle, which runs code"),
    "global.sav": (pickle.dumps(zipfile.ZipFile, 0), "a pickle, which runs code"),
    "old_torch.h5": (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch file of before"),
    "model.gguf": (b"GGUF\3\0\0\0" + bytes(20), "a GGUF model"),
    "gguf.pth": (b"GGUF\3\0\0\0" + bytes(20), "a GGUF model"),
    "matlab.h5": (b"MATLAB 7.3 MAT-file", "a MATLAB file"),
    "table.feather": (b"ARROW1\0\0", "an Arrow file"),
    "model.h5.zst": (b"\x28\xb5\x2f\xfd" + bytes(9), "zstd; unpack it"),
    "model.h5.lzma": (b"]\0\0\x80\0" + bytes(9), "lzma; unpack it"),
    "of_config": (b"class_name: Sequential\n", "a YAML config"),
    "inside.zip": (zipped("models/best.h5", "README"), "'models/best.h5' in it; unpack it"),
    "folder.keras": (zipped("model/metadata.json"), "zipped with its folder; zip what is in it"),
    "empty.keras": (b"", "an empty file"),
    "empty.h5": (b"", "an empty file"),
    "zeros.h5": (bytes(2000), "nothing but zeros"),
    "404.keras": (b"404: Not Found", "no format that is known: it begins with b'404: Not Found'"),
    "answer.json": (
        b'{"message": "Not Found"}',
        r"no config of a Keras model; it has \['message'\]",
    ),
    "list.json": (b"[1, 2]", r"no format that is known: it begins with b'\[1, 2\]'"),
    "escape.keras": (b"\x1b[31mred", r"it begins with b'\\x1b\[31mred'"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("read", [load_model, read_weights])
def test_format_is_named(tmp_path, name, read):
    raw, said = FILES[name]
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=f"{name}: .*{said}"):
        read(path)


OF_ARRAYS = {
    "model.safetensors": (safetensors(), "a safetensors file.*load_torch"),
    "model.pt": (zipped("model/data.pkl", "model/data/0"), "a PyTorch file.*load_torch"),
    "model.keras": (zipped("archive/data.pkl"), "a PyTorch file"),
    "weights.npz": (written(np.savez, w=np.zeros(2)), "a NumPy archive.*read_weights"),
}


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_files_of_arrays_are_no_models(tmp_path, name):
    raw, said = OF_ARRAYS[name]
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=f"{name}: .*{said}"):
        load_model(path)


def test_a_numpy_archive_has_arrays(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.arange(3), b=np.ones((2, 2), "f4"))
    found = read_weights(tmp_path / "w.npz")
    assert [*found] == ["a", "b"]
    np.testing.assert_array_equal(found["a"], [0, 1, 2])
    np.savez(tmp_path / "w.npz", a=np.array([{}], object))
    with pytest.raises(FormatError, match="Python objects"):
        read_weights(tmp_path / "w.npz")


@pytest.mark.parametrize(
    "names, said",
    [
        (["saved_model.pb", "variables"], "a SavedModel of TensorFlow"),
        (["config.json", "metadata.json"], "was unpacked; zip what"),
        ([], "an empty folder"),
        (["config.json", "pytorch.bin"], r"expected a file; it has \['config.json', 'pytorch.bin'"),
    ],
)
def test_folder_is_named(tmp_path, names, said):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(FormatError, match=said):
        load_model(tmp_path)


@pytest.mark.parametrize("raw", [b"", b"P", b"PK\3\4", b"\x80", b"{", bytes(2000)])
def test_what_has_no_format_is_still_a_format_error(tmp_path, raw):
    path = tmp_path / "x.keras"
    path.write_bytes(raw)
    with pytest.raises(FormatError):
        load_model(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_config_may_be_in_any_encoding_of_json(tmp_path, encoding):
    """As editors and shells on Windows write it."""
    net = Sequential([Input((None, 3)), layers.LSTM(2)])
    net.save_weights(tmp_path / "w.weights.h5")
    path = tmp_path / "config.json"
    path.write_bytes(net.to_json().encode(encoding))
    again = load_model(path, weights=tmp_path / "w.weights.h5")
    x = np.ones((1, 4, 3), "f4")
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    with pytest.raises(FormatError, match="a config without weights; pass weights="):
        load_model(path)
    with pytest.raises(FormatError, match="a config, which holds no weights"):
        read_weights(path)
