"""Files that people take for a Keras file: which format one has, and what to do with it."""

import os
import struct

HDF5 = b"\x89HDF\r\n\x1a\n"
_LONGEST_HEADER = 100_000_000  # of a safetensors file, in the package of that name
START = 1024  # how many of the first bytes of a file `describe` looks at

_BY_HAND = "get its arrays with maskseq.read_weights and hand them to the layers: set_weights"
_SAVE = "load it where it was made and save it with model.save('model.keras')"
_PICKLE = f"a pickle, which runs code when it is read and is never read here; {_SAVE}"
_LOAD = "build the layers and use layer.load_torch(path), or maskseq.from_torch(path, kind)"
SAFETENSORS = f"a safetensors file, which holds arrays and no model; {_LOAD}"
_TORCH = f"a PyTorch file, which holds arrays and no model; {_LOAD}"
_OLD_TORCH = (
    "a PyTorch file of before version 1.6, or no PyTorch file; in PyTorch, load it and write it "
    "again with torch.save(model.state_dict(), path)"
)
_KERAS = f"not a Keras file; {_SAVE}"
_STARTS = (
    (b"\x93NUMPY", "a NumPy array; read it with numpy.load and use set_weights"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"PAR1", "a Parquet file, which holds data and no model"),
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the file itself with git lfs pull"),
    (b"<!DOCTYPE html", "an HTML page, as of a download that failed"),
    (b"<html", "an HTML page, as of a download that failed"),
    (b"<?xml", f"an XML file, as OpenVINO's models are; {_KERAS}"),
)
_ENDINGS = {
    ".onnx": f"an ONNX model; {_KERAS}",
    ".pb": f"a TensorFlow graph, a part of a SavedModel; {_SAVE}",
    ".index": f"a part of a TensorFlow checkpoint; {_SAVE}",
    ".mlmodel": f"a Core ML model; {_KERAS}",
    ".yaml": f"a YAML config, which is not read; {_SAVE}",
    ".yml": f"a YAML config, which is not read; {_SAVE}",
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _PICKLE,
    ".pt": _OLD_TORCH,
    ".pth": _OLD_TORCH,
    ".bin": _OLD_TORCH,
}


def describe(path: str, start: bytes) -> str | None:
    """What the file at `path` is, and what to do with it; None if it may be Keras's.

    start: its first START bytes.
    """
    if start.startswith(HDF5):
        return None
    if start.startswith(b"PK\3\4"):
        return _describe_zip(start)
    found = next((text for begin, text in _STARTS if start.startswith(begin)), None)
    if found is None and start[4:8] == b"TFL3":
        found = f"a TFLite model, whose operations are compiled; {_KERAS}"
    if found is None and start[257:262] == b"ustar":
        found = "a tar archive; unpack it first"
    if found is None and not start.lstrip().startswith(b"{"):
        ending = os.path.splitext(path)[1].lower()
        found = _ENDINGS.get(ending)
        if found is None and start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5":
            found = _PICKLE
        if found is None and ".data-0000" in os.path.basename(path):
            found = _ENDINGS[".index"]
    return found


def describe_folder(path: str) -> str:
    """What the folder at `path` is, and what to do with it."""
    names = set(os.listdir(path))
    if {"saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb"} & names:
        return f"a SavedModel of TensorFlow; {_SAVE}"
    if "config.json" in names:
        return "a .keras file that was unpacked; zip what is in the folder"
    return "a folder, expected a file of Keras"


def _describe_zip(start: bytes) -> str | None:
    """By the name of the first member, as its header has it."""
    if len(start) < 30:
        return None
    (length,) = struct.unpack_from("<H", start, 26)
    member = start[30 : 30 + length].decode("utf-8", "replace")
    if member.endswith("/data.pkl"):
        return _TORCH
    if member.endswith(".npy"):
        return f"a NumPy archive (.npz), which holds arrays and no model; {_BY_HAND}"
    if "saved_model.pb" in member or member.endswith("keras_metadata.pb"):
        return f"a zipped SavedModel of TensorFlow; {_SAVE}"
    if member == "[Content_Types].xml":
        return "an Office document"
    return None


def is_safetensors(start: bytes) -> bool:
    """True if a file with these first bytes begins as safetensors files do."""
    if len(start) < 9 or start[8:9] != b"{":
        return False
    (length,) = struct.unpack_from("<Q", start)
    return 0 < length <= _LONGEST_HEADER
