"""What is fuzzed of the file readers, and what must hold for any bytes.

A target takes the bytes of a made-up file and returns all that was read from it, or the error that
refused it. Whatever is no documented error comes out as an exception: that is a finding.
"""

import hashlib
import io
import itertools
import os
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from maskseq import Ragged, Sequential, layers, load_model
from maskseq.data import files as datafiles
from maskseq.importers import FormatError, UnsupportedLayerError, load_weights, read_weights
from maskseq.importers.hdf5 import Dataset, Group, read_hdf5
from maskseq.importers.keras.archive import read_archive
from maskseq.importers.safetensors import read_safetensors
from tests.fuzz import torch_archives

warnings.filterwarnings("ignore")  # of masks that a made-up model loses
CORPUS = Path(__file__).parent / "corpus"
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
_REFUSALS = (FormatError, UnsupportedLayerError)
_FILE = os.path.join(tempfile.mkdtemp(), "made-up")


def seeds(target: str) -> dict[str, bytes]:
    """The committed inputs of a target: undamaged files (sound-NAME), and what fuzzing found."""
    with tarfile.open(CORPUS / f"{target}.tar.xz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def keep(target: str, folder: Path) -> None:
    """Commits the inputs in a folder, and the files with a name that are there."""
    inputs = {name: raw for name, raw in seeds(target).items() if "-" in name}
    for raw in map(Path.read_bytes, folder.iterdir()):
        if raw not in inputs.values():
            inputs[hashlib.sha1(raw).hexdigest()[:12]] = raw
    with tarfile.open(CORPUS / f"{target}.tar.xz", "w:xz") as archive:
        for name, raw in sorted(inputs.items()):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))


def hdf5(data: bytes) -> list:
    """A `.h5` file: its tree, the model that it is, and the weights that it has for a model."""
    path = _written(data, ".h5")
    return [
        _outcome(_tree, data),
        _outcome(lambda: _weights(load_model(path))),
        _outcome(_weights_into_a_model, path),
    ]


def archive(data: bytes) -> list:
    """The zip of a `.keras` file. Its checksums let no byte through that was not put in."""
    found = _outcome(lambda: read_archive(_written(data, ".keras"))[: len(MEMBERS)])
    if found[0] == "read":
        for name, member in zip(MEMBERS, found[1], strict=True):
            known = member is None or not len(member) or bytes(member) in _sound_members(name)
            assert known, f"{name} is another"
    return found


def config(data: bytes) -> list:
    """The config of a `.keras` file, whose weights are those of one of ours."""
    members = {"metadata.json": b'{"keras_version": "3.15.1"}', "config.json": data}
    members["model.weights.h5"] = min(_sound_members("model.weights.h5"), key=len)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, member in members.items():
            file.writestr(name, member)
    path = _written(buffer.getvalue(), ".keras")
    return _outcome(lambda: _weights(load_model(path)))


def data(data: bytes) -> list:
    """A file of sequences, for `maskseq predict`; the first byte says of which kind."""
    kinds = list(datafiles.READERS)
    path = Path(_written(data[1:], kinds[data[0] % len(kinds)] if data else ".npy"))

    def read() -> tuple:
        found = datafiles.read(path)
        parts = (found.values, found.offsets) if isinstance(found, Ragged) else (found,)
        return tuple((part.shape, str(part.dtype), part.tobytes()) for part in parts)

    return _outcome(read, refusals=ValueError)


def safetensors(data: bytes) -> list:
    """A safetensors file: its arrays, and the model that it is if it is maskseq's."""
    path = _written(data, ".safetensors")
    arrays = _outcome(lambda: _arrays(read_safetensors(path).arrays))
    return [arrays, _outcome(lambda: _weights(load_model(path)))]


def torch(data: bytes) -> list:
    """The pickle of a PyTorch file, whose storages are four of 64 bytes."""
    raw = torch_archives.archive(data, {str(i): bytes(range(64)) for i in range(4)})
    path = _written(raw, ".pt")
    return _outcome(lambda: _arrays(read_weights(path)))


def _arrays(found: dict) -> list:
    assert all(x.nbytes <= 1 << 20 for x in found.values()), "more than a file of this size holds"
    return [(name, x.shape, str(x.dtype), x.tobytes()) for name, x in found.items()]


TARGETS: dict[str, Callable[[bytes], list]] = {
    "hdf5": hdf5,
    "archive": archive,
    "config": config,
    "data": data,
    "safetensors": safetensors,
    "torch": torch,
}


def check(target: str, data: bytes) -> list:
    """Runs a target twice on the same bytes; it answers the same."""
    first, second = TARGETS[target](data), TARGETS[target](data)
    assert first == second, f"{target}: read twice, and not the same"
    return first


def _outcome(read: Callable, *arguments: object, refusals: object = _REFUSALS) -> tuple:
    try:
        return "read", read(*arguments)
    except refusals as error:
        return "refused", type(error).__name__


def _written(data: bytes, suffix: str) -> str:
    with open(_FILE + suffix, "wb") as file:
        file.write(data)
    return _FILE + suffix


def _weights(model: object) -> list:
    return [(w.shape, w.tobytes()) for w in model.get_weights()]


def _weights_into_a_model(path: str) -> list:
    """Nothing of a damaged file gets into the model."""
    model = Sequential([layers.Input((2,)), layers.Dense(1, name="dense")])
    before = _weights(model)
    try:
        load_weights(model, path)
    except FormatError:
        assert _weights(model) == before, "a refused file has changed the model"
        raise
    return _weights(model)


def _tree(data: bytes) -> list:
    """The first hundred arrays of a file, twelve groups deep: a damaged group may hold itself."""
    root = read_hdf5(data, "damaged.h5")
    return list(itertools.islice(_walk(root), 100))


def _walk(group: Group, depth: int = 0) -> Iterable[tuple]:
    for name in group:
        found = group[name]
        yield name, repr(found.attribute("name")), repr(found.attribute("weight_names"))
        if isinstance(found, Dataset):
            array = found.read()
            yield array.shape, str(array.dtype), array.tobytes()
        elif depth < 12:
            yield from _walk(found, depth + 1)


_SOUND: dict[str, set[bytes]] = {}


def _sound_members(name: str) -> set[bytes]:
    """The members of that name in the undamaged archives of the corpus."""
    if not _SOUND:
        for seed, raw in seeds("archive").items():
            if seed.startswith("sound-"):
                sound = read_archive(_written(raw, ".sound"))[: len(MEMBERS)]
                for member, found in zip(MEMBERS, sound, strict=True):
                    _SOUND.setdefault(member, set()).add(bytes(found))
    return _SOUND[name]
