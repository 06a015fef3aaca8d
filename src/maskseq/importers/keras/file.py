"""Keras's model files: `.keras`, `.weights.h5` and legacy `.h5`.

Loading runs no code but ours, reads nothing but the file, and allocates at most what the file
justifies: a model whose config asks for more weights than the file holds is refused while it is
built. See keras_config for the tables of what is known.
"""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...layers import Layer
from ...models.model import Model
from ...variable import weight_source
from ..errors import FormatError
from ..hdf5 import Group, read_hdf5
from .archive import read_archive
from .config import expect, parse_json
from .models import ModelMaker
from .weights import load_legacy, load_tree


def load_model(
    path: str | os.PathLike, custom_layers: Mapping[str, type[Layer]] | None = None
) -> Model:
    """The model in a file written by Keras.

    Arguments:
        path: a `.keras` file, or a legacy `.h5` file of Keras 3 or Keras 2.
        custom_layers: class name -> class, for layers of yours in the model. No other class than
            these and maskseq's own is ever made, whatever the file says.
    Returns: a Model or Sequential with its weights.
    Raises: UnsupportedLayerError (a ValueError) naming a layer, an operation or an option that is
        not known; FormatError (a ValueError) with path and reason if the file is damaged.
    Source: keras.saving.load_model, version 3.15.
    """
    name = os.fspath(path)
    with open(name, "rb") as file:
        start = file.read(8)
    if start == b"\x89HDF\r\n\x1a\n":
        return _load_legacy_model(name, custom_layers)
    archive = read_archive(name)
    metadata = parse_json(archive.metadata, name, "metadata.json")
    config = parse_json(archive.config, name, "config.json")
    version = expect(metadata.get("keras_version"), str, name, "keras_version")
    maker = ModelMaker(name, custom_layers, _version(version, name))
    model = _build(maker, config, len(archive.weights))
    load_tree(model, read_hdf5(archive.weights, name), name)
    return model


def load_weights(model: Model, path: str | os.PathLike) -> None:
    """Give `model` the weights in a `.weights.h5`, legacy `.h5` or `.keras` file.

    Layers are matched by class and order as Keras does it, never by name.
    Raises: FormatError naming layer, weight, expected and got; then the model is unchanged.
    """
    name = os.fspath(path)
    if not model.built:
        raise ValueError(f"model '{model.name}' must be built before it is given weights")
    raw = Path(name).read_bytes()
    if raw[:4] == b"PK\3\4":
        raw = read_archive(name).weights
    root = read_hdf5(raw, name)
    legacy = any(root.attribute(key) is not None for key in ("layer_names", "layer_names0"))
    load = load_legacy if legacy or "model_weights" in root else load_tree
    load(model, root, name)


def _load_legacy_model(name: str, custom_layers: Mapping[str, type[Layer]] | None) -> Model:
    raw = Path(name).read_bytes()
    root = read_hdf5(raw, name)
    text = root.attribute("model_config")
    if text is None:
        raise FormatError(
            name, "it holds weights but no model; build the model and call load_weights on it"
        )
    text = expect(text, str, name, "model_config")
    config = parse_json(text.encode("utf-8", "surrogatepass"), name, "model_config")
    version = root.attribute("keras_version")
    if version is None and isinstance(weights := root.get("model_weights"), Group):
        version = weights.attribute("keras_version")
    maker = ModelMaker(name, custom_layers, _version(version, name))
    model = _build(maker, config, len(raw))
    load_legacy(model, root, name)
    return model


def _build(maker: ModelMaker, config: dict, size: int) -> Model:
    """The model of a config; its weights, zeros for now, are no larger than `size` allows."""
    room = 2 * size  # in bytes of float32; the smallest stored numbers have half that width

    def zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        nonlocal room
        room -= math.prod(map(int, shape)) * dtype.itemsize
        if room < 0:
            raise FormatError(maker.path, "its layers need more weights than it holds")
        return np.zeros(shape, dtype)

    token = weight_source.set(zeros)
    try:
        model = maker.layer(config)
    except RecursionError as error:
        raise FormatError(maker.path, "its config is nested too deep") from error
    finally:
        weight_source.reset(token)
    if not isinstance(model, Model):
        raise FormatError(maker.path, f"it holds a {type(model).__name__}, expected a model")
    return model


def _version(text: object, path: str) -> tuple[int, int]:
    """(major, minor) of a version; files without one are older than Keras 2.0.9."""
    if text is None:
        return 2, 0
    found = re.match(r"(\d{1,4})\.(\d{1,4})", expect(text, str, path, "keras_version"))
    if found is None:
        raise FormatError(path, f"keras_version is {text[:40]!r}")
    return int(found[1]), int(found[2])
