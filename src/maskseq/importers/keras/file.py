"""Keras's model files: `.keras`, `.weights.h5`, legacy `.h5` and JSON configs.

Loading runs no code but ours, reads nothing but the file, and allocates at most what the file
justifies: a model whose config asks for more weights than the file holds is refused while it is
built. See config.py for the tables of what is known.
"""

import functools
import os
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ...given.custom import custom_objects_here
from ...given.options import by_name, truth
from ...layers import Layer
from ...layers.base.rules import checked_rule
from ...models.model import Model
from ...storage.source import Given, Source
from .. import formats
from ..errors import FormatError
from ..hdf5 import Group, read_hdf5
from .archive import read_archive
from .costs import limited, model_budget
from .functions import Functions
from .keras2 import Version
from .models import ModelMaker
from .parsing import expect, parse_json
from .saved_training import saved_training
from .tables import Tables
from .tree import arrays_by_name
from .weights import load_tree


def load_model(
    filepath: str | os.PathLike | BinaryIO,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    custom_layers: Mapping[str, type[Layer]] | None = None,
    functions: Mapping[str, Any] | None = None,
    weights: str | os.PathLike | BinaryIO | None = None,
    mask_rule: str = "auto",
    precision: str | None = None,
) -> Model:
    """The model in a file written by Keras 3, Keras 2 or maskseq.

    Parameters
    ----------
    filepath : str, os.PathLike or BinaryIO
        The path of a `.keras` file, a legacy `.h5` file, the JSON of `model.to_json()`, or a
        `.safetensors` file of maskseq, whose weights stay in the mapped file; or such a file,
        opened in binary mode, or a BytesIO.
    custom_objects : dict, optional
        Name in the file -> a class of a layer or model of yours, or a function. No other class than
        these, those that were registered (`maskseq.saving`) and maskseq's own is ever made,
        whatever the file says.
    compile : bool, default True
        Keep what the file has about training, so that `fit` and `evaluate` go on where it stopped;
        of an `.h5` file, and of one of Keras 2, without the state of the optimizer, as in Keras.
    safe_mode : bool, default True
        Accepted, as in Keras. No code in a file is ever run, also with False.
    custom_layers : dict, optional
        As custom_objects, of classes only.
    functions : dict, optional
        Layer name -> function, for Lambda layers and for activations that are functions of yours. A
        layer with two such activations takes {argument: function}; a function that several layers
        use may stand once under its own name. A Lambda may be replaced by a layer.
    weights : str, os.PathLike or BinaryIO, optional
        A file with the weights; needed if the other is a JSON config.
    mask_rule : str, default "auto"
        Whose rule for masks the model follows. "auto": that of the Keras that wrote the file; else
        "keras3" (3.15's), "keras2" (2.10 to 2.15), "keras2.9" (tf.keras to 2.9), "keras2.3" or
        "keras2.1" (without TensorFlow). See docs/differences.md.
    precision : str, optional
        "int8" or "bfloat16": quantize the model, see docs/precision.md.

    Returns
    -------
    Model
        A Model or Sequential with its weights; its `mask_rule` says which rule it follows.

    Raises
    ------
    UnsupportedLayerError
        (a ValueError) naming a layer, an operation or an option that is not known.
    FormatError
        (a ValueError) with path and reason if the file is damaged, or of another format, which is
        named.
    ValueError
        For an unknown `mask_rule` or `precision`.
    OSError
        If the file cannot be read.

    See Also
    --------
    maskseq.importers.load_weights, maskseq.importers.model_from_json, maskseq.saving.save_model

    Notes
    -----
    Source: keras.saving.load_model, version 3.15.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> import os, tempfile
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.keras")
    ...     model.save(path)
    ...     again = maskseq.load_model(path)
    >>> bool((again.predict(np.ones((1, 3, 4))) == model.predict(np.ones((1, 3, 4)))).all())
    True
    """
    source = Source.of(filepath)
    name, weights_of = source.name, None if weights is None else Source.of(weights)
    if not isinstance(mask_rule, str) or mask_rule != "auto":
        checked_rule(mask_rule)
    compile = truth(compile, "compile")
    start = _start_of(source)
    own = by_name(custom_objects, "custom_objects") | by_name(custom_layers, "custom_layers")
    given = own, functions, mask_rule, source.size
    if start.startswith(formats.HDF5):
        from .legacy import load_legacy
        from .legacy_training import legacy_training

        raw = source.view()
        root = read_hdf5(raw, name)
        maker = _maker(name, _version_of(root, name), *given)
        model = _build(maker, _legacy_config(root, name), _size_of(weights_of, len(raw)))
        load = functools.partial(load_legacy, root=root, path=name)
        if compile:
            model.saved_training = legacy_training(name, root, own)
    elif formats.is_json(start):
        config = _json_config(source)
        if weights_of is None:
            raise FormatError(name, "a config without weights; pass weights=, the file with them")
        maker = _maker(name, _version_of_json(config, name, weights_of), *given)
        model = _build(maker, config, weights_of.size)
        load = None
    elif formats.is_safetensors(start):
        from ..native import load_native, native_training, read_native

        saved = read_native(source)
        maker = _maker(name, Version.parse(saved.keras_version, name), *given)
        model = _build(maker, saved.config, _size_of(weights_of, saved.float_size))
        load = functools.partial(load_native, saved=saved, path=name)
        if compile:
            model.saved_training = native_training(saved, name, own)
    else:
        archive = read_archive(source)
        metadata = parse_json(archive.metadata, name, "metadata.json", archive.size)
        config = parse_json(archive.config, name, "config.json", archive.size)
        text = expect(metadata.get("keras_version"), str, name, "keras_version")
        maker = _maker(name, Version.parse(text, name), *given)
        root = read_hdf5(archive.weights, name)
        model = _build(maker, config, _size_of(weights_of, len(archive.weights)))
        tables = Tables(name, archive.tables, archive.size)
        load = functools.partial(load_tree, root=root, path=name, tables=tables)
        compiled = config.get("compile_config")
        if compile and maker.keras_version < (3, 0):
            from .legacy_training import training_of_keras2

            model.saved_training = training_of_keras2(name, compiled, own)
        elif compile:
            model.saved_training = saved_training(name, compiled, root, own)
    if weights_of is not None:
        load_weights(model, weights_of, warn=False)
    elif load is not None:
        load(model)
    maker.functions.check_used(name)
    if precision is not None:
        model.quantize(precision)
    return model


def model_from_json(
    json_string: str,
    custom_layers: Mapping[str, type[Layer]] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Model:
    """A model with new weights from a config, as `model.to_json` gives it, of Keras too.

    No code in a config is ever run.

    Parameters
    ----------
    json_string : str
        The config.
    custom_layers : dict, optional
        Class name -> class, for layers of your own; see `load_model`.
    functions : dict, optional
        Name -> function, for Lambda layers and activations; see `load_model`.
    custom_objects : dict, optional
        Name -> class or function of your own; see `load_model`.

    Returns
    -------
    Model
        The model, not trained.

    Raises
    ------
    UnsupportedLayerError
        For a layer or an option that is not known.
    FormatError
        For what is no config.

    See Also
    --------
    maskseq.load_model

    Notes
    -----
    Source: keras.models.model_from_json.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> maskseq.importers.model_from_json(model.to_json()).output_shape
    (None, 8)
    """
    name, raw = "the JSON", json_string.encode("utf-8", "surrogatepass")
    config = parse_json(raw, name, "the config")
    text = config.get("keras_version")
    version = Version(3, 0) if text is None else Version.parse(text, name)
    own = by_name(custom_objects, "custom_objects") | by_name(custom_layers, "custom_layers")
    maker = _maker(name, version, own, functions, "auto", len(raw))
    model = _model_of(maker, config)
    maker.functions.check_used(name)
    return model


def load_weights(model: Model, path: Given, *, warn: bool = True) -> None:
    """Give a model the weights in a file.

    Layers are matched by class and order as Keras does it, never by name. Weights of CuDNNLSTM and
    CuDNNGRU fit LSTM and GRU (reset_after=True).

    Parameters
    ----------
    model : Model
        A model that is built, of the layers that the file was written with.
    path : str, os.PathLike or binary file
        A `.weights.h5`, legacy `.h5` or `.keras` file, or a `.safetensors` file of maskseq's.
    warn : bool, default True
        Warn if the file is of a Keras whose gates were hard_sigmoid by default (2.0 to 2.2) and a
        layer's are sigmoid.

    Raises
    ------
    FormatError
        Naming layer, weight, expected and got; the model is unchanged.
    ValueError
        If the model is not built.
    OSError
        If the file cannot be read.

    See Also
    --------
    maskseq.load_model, maskseq.read_weights

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> model.save_weights("lstm.weights.h5")
    >>> again = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> maskseq.importers.load_weights(again, "lstm.weights.h5")
    >>> bool((again.get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    source = Source.of(path)
    name = source.name
    if not model.built:
        raise ValueError(f"model '{model.name}' must be built before it is given weights")
    if formats.is_safetensors(_start_of(source)):
        from ..native import load_native, read_native

        load_native(model, read_native(source), name)
        return
    from .legacy import is_legacy, load_legacy

    root = _weights_root(source)
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


def read_keras_weights(path: Given) -> dict[str, np.ndarray]:
    """All weights in a `.weights.h5`, legacy `.h5` or `.keras` file, by name; see `read_weights`.

    Raises: FormatError (a ValueError) with path and reason.
    """
    source = Source.of(path)
    return arrays_by_name(_weights_root(source), source.name)


def _start_of(source: Source) -> bytes:
    """The first bytes of a file. Raises: FormatError naming its format, if that is another."""
    if source.is_folder:
        raise FormatError(source.name, formats.describe_folder(source.name))
    start = source.start(formats.START)
    if what := formats.describe(source.name, start):
        raise FormatError(source.name, what)
    return start


def _weights_root(source: Source) -> Group:
    start = _start_of(source)
    if formats.is_json(start):
        _json_config(source)
        raise FormatError(source.name, "a config, which holds no weights")
    raw = read_archive(source).weights if start[:4] == b"PK\3\4" else source.view()
    return read_hdf5(raw, source.name)


def _size_of(weights: Source | None, own: int) -> int:
    """The bytes of weights that a model may have: of their file, or those that it has itself."""
    return own if weights is None else weights.size


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


def _json_config(source: Source) -> dict[str, Any]:
    """The config in a JSON file. Raises: FormatError unless it is one of Keras."""
    config = parse_json(source.read(), source.name, "the config")
    if "class_name" not in config:
        raise FormatError(
            source.name, f"JSON, but no config of a Keras model; it has {sorted(config)[:10]}"
        )
    return config


def _version_of(root: Group, name: str, default: Any = (2, 0)) -> Any:
    """The version in a legacy file; without one it is older than Keras 2.0.9."""
    text = root.attribute("keras_version")
    if text is None and isinstance(weights := root.get("model_weights"), Group):
        text = weights.attribute("keras_version")
    if text is None:
        return None if default is None else Version(*default)
    return Version.parse(text, name)


def _version_of_json(config: dict[str, Any], name: str, weights: Source) -> Version:
    """The version in a JSON config, or that of its weights; only Keras 3 writes a `module`."""
    if config.get("keras_version") is not None:
        return Version.parse(config["keras_version"], name)
    if "module" in config:
        return Version(3, 0)
    return _version_of(_weights_root(weights), name)


def _maker(
    name: str,
    version: Version,
    custom_objects: Mapping[str, Any],
    functions: Mapping[str, Any] | None,
    mask_rule: str,
    size: int,
) -> ModelMaker:
    known = custom_objects_here(custom_objects)
    classes = {k: v for k, v in known.items() if isinstance(v, type) and issubclass(v, Layer)}
    others = {k: v for k, v in known.items() if callable(v) and not isinstance(v, type)}
    rule = None if mask_rule == "auto" else mask_rule
    maker = ModelMaker(
        name, classes, version, Functions(by_name(functions, "functions"), others), rule
    )
    maker.budget = model_budget(name, size)
    return maker


def _build(maker: ModelMaker, config: dict, size: int) -> Model:
    """The model of a config; its weights, zeros for now, are at most `size` bytes."""
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
