"""Files that people take for a Keras file: which format one has, and what to do with it."""

import codecs
import json
import os
import re
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
_CHECKPOINT = f"a part of a TensorFlow checkpoint; {_SAVE}"
_DOWNLOAD = "as of a download that failed"
_YAML = f"a YAML config, which is not read; {_SAVE}"
_STARTS = (
    (b"\x93NUMPY", "a NumPy array; read it with numpy.load and use set_weights"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "compressed with xz; unpack it first"),
    (b"]\0\0", "compressed with lzma; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"\x04\x22\x4d\x18", "compressed with lz4; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"PAR1", "a Parquet file, which holds data and no model"),
    (b"ARROW1", "an Arrow file, which holds data and no model"),
    (b"MATLAB", f"a MATLAB file; {_KERAS}"),
    (b"GGUF", f"a GGUF model; {_KERAS}"),
    ((b"lmgg", b"tjgg", b"fmgg"), f"a GGML model; {_KERAS}"),
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the file itself with git lfs pull"),
    (b"/annex/objects/", "a pointer of git-annex; fetch the file itself with git annex get"),
    (b"model_checkpoint_path", _CHECKPOINT),
    ((b"backend:", b"class_name:"), _YAML),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", _OLD_TORCH),
)
# What begins otherwise each time: the bytes after space and a byte order mark, in small letters.
_PATTERNS = (
    (rb"<(!doctype html|html|head|body|!--)", f"an HTML page, {_DOWNLOAD}"),
    (rb"<(\?xml[^>]*>\s*<)?error", f"the error of a server, {_DOWNLOAD}"),
    (rb"<\?xml", f"an XML file, as OpenVINO's models are; {_KERAS}"),
    (rb"\x08[\x03-\x1f][\x12\x1a\x3ab]", f"an ONNX model; {_KERAS}"),
    (rb"\x08\x01\x12", f"a TensorFlow graph, a part of a SavedModel; {_SAVE}"),
    (rb"\x80[\x02-\x05]|\([dli]p?\d*\n|c[\w.]+\n[\w.]+\n|[}\]]q\0", _PICKLE),
)
_ENDINGS = {
    ".onnx": f"an ONNX model; {_KERAS}",
    ".pb": f"a TensorFlow graph, a part of a SavedModel; {_SAVE}",
    ".index": _CHECKPOINT,
    ".meta": _CHECKPOINT,
    ".mlmodel": f"a Core ML model; {_KERAS}",
    ".yaml": _YAML,
    ".yml": _YAML,
    ".dvc": "a pointer of DVC; fetch the file itself with dvc pull",
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _PICKLE,
    ".pt": _OLD_TORCH,
    ".pth": _OLD_TORCH,
    ".bin": _OLD_TORCH,
}
_OF_MODELS = (".keras", ".h5", ".hdf5")


def describe(path: str, start: bytes) -> str | None:
    """What the file at `path` is, and what to do with it; None if it may be Keras's or maskseq's.

    start: its first START bytes.
    """
    if not start:
        return "an empty file"
    if start.startswith(HDF5) or is_json(start) or is_safetensors(start):
        return None
    if start.startswith(b"PK"):
        return _describe_zip(start)
    return _by_start(start) or _by_ending(path) or _unknown(start)


def _by_start(start: bytes) -> str | None:
    found = next((text for begin, text in _STARTS if start.startswith(begin)), None)
    if found is None and start[4:8] == b"TFL3":
        found = f"a TFLite model, whose operations are compiled; {_KERAS}"
    if found is None and start[257:262] == b"ustar":
        found = "a tar archive; unpack it first"
    if found is None:
        text = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
        found = next((said for begin, said in _PATTERNS if re.match(begin, text)), None)
    return found


def _by_ending(path: str) -> str | None:
    name = os.path.basename(path)
    return _CHECKPOINT if ".data-0000" in name else _ENDINGS.get(os.path.splitext(name)[1].lower())


def _unknown(start: bytes) -> str:
    """What is said of a file of no format that is known here."""
    if not start.strip(b"\0"):
        return f"nothing but zeros at its start, {_DOWNLOAD}"
    return (
        f"no format that is known: it begins with {start[:16]!r}, .keras files (zip archives) with "
        f"b'PK', .h5 files with {HDF5[:4]!r}"
    )


def is_json(start: bytes) -> bool:
    """True if a file with these first bytes begins as JSON objects do, in an encoding of JSON."""
    text = start.decode(json.detect_encoding(start), "ignore")
    return text.lstrip().startswith("{")


def describe_folder(path: str) -> str:
    """What the folder at `path` is, and what to do with it."""
    names = set(os.listdir(path))
    if not names:
        return "an empty folder"
    if {"saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb"} & names:
        return f"a SavedModel of TensorFlow; {_SAVE}"
    if {"config.json", "metadata.json"} <= names:
        return "a .keras file that was unpacked; zip what is in the folder"
    return f"a folder, expected a file; it has {sorted(names)[:10]}"


def _describe_zip(start: bytes) -> str | None:
    """By the name of the first member, as its header has it."""
    if len(start) < 30 or not start.startswith(b"PK\3\4"):
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
    folder, _, name = member.rpartition("/")
    if folder and name in ("metadata.json", "config.json"):
        return "a .keras file that was unpacked and zipped with its folder; zip what is in it"
    if name.endswith(_OF_MODELS) and name != "model.weights.h5":
        return f"a zip archive with {member!r} in it; unpack it first"
    return None


def is_safetensors(start: bytes) -> bool:
    """True if a file with these first bytes begins as safetensors files do."""
    if len(start) < 9 or start[8:9] != b"{":
        return False
    (length,) = struct.unpack_from("<Q", start)
    return 0 < length <= _LONGEST_HEADER
