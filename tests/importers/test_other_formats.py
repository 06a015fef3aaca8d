"""Files of other formats are refused with their name and what to do."""

import io
import json
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from maskseq import load_model, read_weights
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
        ([], "a folder, expected a file"),
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
