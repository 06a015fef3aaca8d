"""Keras's model files: `.keras`, `.weights.h5`, legacy `.h5` and JSON configs.

Loading runs no code but ours, reads nothing but the file, and allocates at most what the file
justifies: a model whose config asks for more weights than the file holds is refused while it is
built. See config.py for the tables of what is known.
"""

import functools
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...layers import Layer
from ...layers.base.rules import checked_rule
from ...models.model import Model
from .. import formats
from ..errors import FormatError
from ..hdf5 import Group, read_hdf5
from .archive import read_archive
from .costs import limited, model_budget
from .functions import Functions
from .keras2 import Version
from .legacy import is_legacy, load_legacy
from .models import ModelMaker
from .parsing import expect, parse_json
from .saved_training import saved_training
from .tables import Tables
from .tree import arrays_by_name
from .weights import load_tree


def load_model(
    path: str | os.PathLike,
    custom_layers: Mapping[str, type[Layer]] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
    weights: str | os.PathLike | None = None,
    mask_rule: str = "auto",
    compile: bool = True,
) -> Model:
    """The model in a file written by Keras 3 or Keras 2.

    Arguments:
        path: a `.keras` file, a legacy `.h5` file, or the JSON of `model.to_json()`.
        custom_layers: class name in the file -> class, for layers of yours in the model. No other
            class than these and maskseq's own is ever made, whatever the file says.
        functions: layer name -> function, for Lambda layers and for activations that are functions
            of yours. A layer with two such activations takes {argument: function}; a function that
            several layers use may stand once under its own name. A Lambda may be replaced by a
            layer. No code in a file is ever run.
        weights: a file with the weights; needed if `path` is a JSON config.
        mask_rule: whose rule for masks the model follows. "auto": that of the Keras that wrote the
            file; else "keras3" (3.15's), "keras2" (2.10 to 2.15), "keras2.9" (tf.keras to 2.9),
            "keras2.3" or "keras2.1" (without TensorFlow). See docs/differences.md.
        compile: keep what a `.keras` file has about training, so that `fit` and `evaluate` go on
            where the file stopped.
    Returns: a Model or Sequential with its weights; its `mask_rule` says which rule it follows.
    Raises: UnsupportedLayerError (a ValueError) naming a layer, an operation or an option that is
        not known; FormatError (a ValueError) with path and reason if the file is damaged, or of
        another format, which is named.
    Source: keras.saving.load_model, version 3.15.
    """
    name = os.fspath(path)
    if mask_rule != "auto":
        checked_rule(mask_rule)
    start = _start_of(name)
    given = custom_layers, functions, mask_rule
    if start.startswith(formats.HDF5):
        raw = Path(name).read_bytes()
        root = read_hdf5(raw, name)
        maker = _maker(name, _version_of(root, name), *given)
        model = _build(maker, _legacy_config(root, name), len(raw) if weights is None else weights)
        load = functools.partial(load_legacy, root=root, path=name)
    elif start.lstrip().startswith(b"{"):
        if weights is None:
            raise FormatError(name, "a config without weights; pass weights=, the file with them")
        config = parse_json(Path(name).read_bytes(), name, "the config")
        maker = _maker(name, _version_of_json(config, name, weights), *given)
        model = _build(maker, config, weights)
        load = None
    else:
        archive = read_archive(name)
        metadata = parse_json(archive.metadata, name, "metadata.json", archive.size)
        config = parse_json(archive.config, name, "config.json", archive.size)
        text = expect(metadata.get("keras_version"), str, name, "keras_version")
        maker = _maker(name, Version.parse(text, name), *given)
        root = read_hdf5(archive.weights, name)
        model = _build(maker, config, len(archive.weights) if weights is None else weights)
        tables = Tables(name, archive.tables, archive.size)
        load = functools.partial(load_tree, root=root, path=name, tables=tables)
        if compile:
            model.saved_training = saved_training(name, config.get("compile_config"), root)
    if weights is not None:
        load_weights(model, weights, warn=False)
    elif load is not None:
        load(model)
    maker.functions.check_used(name)
    return model


def model_from_json(
    json_string: str,
    custom_layers: Mapping[str, type[Layer]] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
) -> Model:
    """A model with new weights from a config, as `model.to_json` gives it, of Keras too.

    Arguments: custom_layers, functions: see `load_model`. No code in a config is ever run.
    Raises: UnsupportedLayerError, FormatError. Source: keras.models.model_from_json.
    """
    name, raw = "the JSON", json_string.encode("utf-8", "surrogatepass")
    config = parse_json(raw, name, "the config")
    text = config.get("keras_version")
    version = Version(3, 0) if text is None else Version.parse(text, name)
    maker = _maker(name, version, custom_layers, functions, "auto", len(raw))
    model = _model_of(maker, config)
    maker.functions.check_used(name)
    return model


def load_weights(model: Model, path: str | os.PathLike, *, warn: bool = True) -> None:
    """Give `model` the weights in a `.weights.h5`, legacy `.h5` or `.keras` file.

    Layers are matched by class and order as Keras does it, never by name. Weights of CuDNNLSTM and
    CuDNNGRU fit LSTM and GRU (reset_after=True).
    Warns: with `warn`, if the file is of a Keras whose gates were hard_sigmoid by default (2.0 to
        2.2) and a layer's are sigmoid.
    Raises: FormatError naming layer, weight, expected and got; then the model is unchanged.
    """
    name = os.fspath(path)
    if not model.built:
        raise ValueError(f"model '{model.name}' must be built before it is given weights")
    root = _weights_root(name)
    if not is_legacy(root):
        load_tree(model, root, name)
        return
    version = _version_of(root, name, default=None)
    with_sigmoid = load_legacy(model, root, name)
    if warn and with_sigmoid and version is not None and version < (2, 3):
        warnings.warn(
            f"{name} was written by Keras {version.major}.{version.minor}, in which the gates of "
            f"LSTM and GRU are hard_sigmoid by default, but those of {with_sigmoid[:5]} are "
            f"sigmoid. Unless the model said sigmoid, write recurrent_activation="
            f"'hard_sigmoid_keras2' there",
            UserWarning,
            stacklevel=3,
        )


def read_keras_weights(path: str) -> dict[str, np.ndarray]:
    """All weights in a `.weights.h5`, legacy `.h5` or `.keras` file, by name; see `read_weights`.

    Raises: FormatError (a ValueError) with path and reason.
    """
    return arrays_by_name(_weights_root(path), path)


def _start_of(name: str) -> bytes:
    """The first bytes of a file. Raises: FormatError naming its format, if that is another."""
    if os.path.isdir(name):
        raise FormatError(name, formats.describe_folder(name))
    with open(name, "rb") as file:
        start = file.read(formats.START)
    if what := formats.describe(name, start):
        raise FormatError(name, what)
    return start


def _weights_root(name: str) -> Group:
    start = _start_of(name)
    raw = read_archive(name).weights if start[:4] == b"PK\3\4" else Path(name).read_bytes()
    return read_hdf5(raw, name)


def _legacy_config(root: Group, name: str) -> dict[str, Any]:
    text = root.attribute("model_config")
    if text is None:
        raise FormatError(
            name,
            "it holds weights but no model; build the model and call load_weights on it, pass its "
            "JSON config to load_model with weights=, or get the arrays with read_weights",
        )
    text = expect(text, str, name, "model_config")
    return parse_json(text.encode("utf-8", "surrogatepass"), name, "model_config")


def _version_of(root: Group, name: str, default: Any = (2, 0)) -> Any:
    """The version in a legacy file; without one it is older than Keras 2.0.9."""
    text = root.attribute("keras_version")
    if text is None and isinstance(weights := root.get("model_weights"), Group):
        text = weights.attribute("keras_version")
    if text is None:
        return None if default is None else Version(*default)
    return Version.parse(text, name)


def _version_of_json(config: dict[str, Any], name: str, weights: str | os.PathLike) -> Version:
    """The version in a JSON config, or that of its weights; only Keras 3 writes a `module`."""
    if config.get("keras_version") is not None:
        return Version.parse(config["keras_version"], name)
    if "module" in config:
        return Version(3, 0)
    return _version_of(_weights_root(os.fspath(weights)), name)


def _maker(
    name: str,
    version: Version,
    custom_layers: Mapping[str, type[Layer]] | None,
    functions: Mapping[str, Any] | None,
    mask_rule: str,
    size: int | None = None,
) -> ModelMaker:
    given = Functions(functions or {})
    rule = None if mask_rule == "auto" else mask_rule
    maker = ModelMaker(name, custom_layers, version, given, rule)
    maker.budget = model_budget(name, os.path.getsize(name) if size is None else size)
    return maker


def _build(maker: ModelMaker, config: dict, size: int | str | os.PathLike) -> Model:
    """The model of a config; its weights, zeros for now, are no larger than `size` allows.

    size: of the weights in bytes, or the file that holds them.
    """
    size = size if isinstance(size, int) else os.path.getsize(size)
    with limited(maker.path, size, maker.budget):
        return _model_of(maker, config)


def _model_of(maker: ModelMaker, config: dict) -> Model:
    """The model of a config. Raises: FormatError."""
    try:
        model = maker.layer(config)
    except RecursionError as error:
        raise FormatError(maker.path, "its config is nested too deep") from error
    if not isinstance(model, Model):
        raise FormatError(maker.path, f"it holds a {type(model).__name__}, expected a model")
    return model
