"""Writes models and weights in the formats of Keras 3. Source: keras.src.saving.saving_lib, 3.15.

Every file is written whole or not at all; see `storage/atomic.py`.
"""

import datetime
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..given.notices import warn
from ..given.options import truth
from ..importers.keras.places import places
from ..importers.native import FORMAT, PRECISIONS_OF, STEPS, VERSION
from ..layers.base.layer import Layer
from ..layers.base.registry import serialize_layer
from ..layers.base.table import OURS, names_in
from ..models.json_config import in_keras_form, to_json
from ..models.model import Model
from ..numerics.quantized import Quantized
from ..storage import atomic
from .hdf5 import Group, hdf5_bytes
from .legacy import legacy_tree
from .safetensors import save_safetensors

KERAS_VERSION = "3.15.1"
"""The version whose format is written."""
_OURS = frozenset(names_in(OURS))


def save_model(
    model: Model, path: Any, overwrite: bool = True, include_optimizer: bool = True
) -> None:
    """Write a model to a file: layers, weights, what `compile` was given.

    The ending says of which format: `.keras` and legacy `.h5`, which Keras opens; `.safetensors`,
    which is maskseq's own: `load_model` maps it, so that processes share the weights.

    Warns: naming layers and losses that Keras does not have: it opens the file only with them; and
    if layers follow the rule for masks of an older Keras, for Keras 3 follows its own.

    Parameters
    ----------
    model : Model
        The model.
    path : str or os.PathLike
        The file.
    overwrite : bool, default True
        Replace a file that is there.
    include_optimizer : bool, default True
        The state of the optimizer too, so that training goes on where it stopped; not in a legacy
        file.

    Raises
    ------
    ValueError
        For another ending, or a model that is not built.
    FileExistsError
        If the file is there and `overwrite` is False.
    OSError
        If it cannot be written.

    See Also
    --------
    maskseq.savers.save_weights, maskseq.load_model

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> import os, tempfile
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     maskseq.saving.save_model(model, os.path.join(folder, "model.keras"))
    ...     os.listdir(folder)
    ['model.keras']
    """
    include_optimizer = truth(include_optimizer, "include_optimizer")
    name = _checked(model, path, (".keras", ".h5", ".safetensors"), overwrite)
    entry = in_keras_form(serialize_layer(model))
    entry["build_config"] = {"input_shape": getattr(model, "input_shape", None)}
    config, optimizer, state = _training(model)
    if config is not None:
        entry["compile_config"] = config
    if name.endswith(".h5"):
        _tell_ours(model, config, name)
        _write(name, legacy_tree(model, entry, KERAS_VERSION))
        return
    tree = weights_tree(model, optimizer, state if include_optimizer else None)
    tables = {f"assets/{place}/vocabulary.txt": text for place, text in _vocabularies(model)}
    if name.endswith(".safetensors"):
        about = {"format": FORMAT, "format_version": VERSION, "keras_version": KERAS_VERSION}
        about |= {"optimizer": optimizer, "config": to_json(entry), **tables}
        precisions, arrays = _in_few_bits(model)
        if precisions:
            about[PRECISIONS_OF] = json.dumps(precisions)
        save_safetensors(name, dict(_arrays_of(tree)) | arrays, about)
        return
    _tell_ours(model, config, name)
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with atomic.replacing(name) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", to_json(entry))
        archive.writestr("model.weights.h5", hdf5_bytes(tree))
        for member, text in tables.items():
            archive.writestr(member, text)


def save_weights(model: Model, path: Any, overwrite: bool = True) -> None:
    """Write the weights of a model to a `.weights.h5` file, whole or not at all.

    Parameters
    ----------
    model : Model
        A model that is built.
    path : str or os.PathLike
        The file, with the ending `.weights.h5`.
    overwrite : bool, default True
        Replace a file that is there.

    Raises
    ------
    ValueError
        For another ending, or a model that is not built.
    FileExistsError
        If the file is there and `overwrite` is False.
    OSError
        If it cannot be written.

    See Also
    --------
    save_safetensors

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> maskseq.savers.save_weights(model, "lstm.weights.h5")
    >>> sorted(maskseq.read_weights("lstm.weights.h5"))[0]
    'layers/lstm/cell/vars/0'
    """
    name = _checked(model, path, (".weights.h5",), overwrite)
    _write(name, weights_tree(model))


def _in_few_bits(model: Model) -> tuple[dict[str, str], dict[str, Any]]:
    """Place -> precision of layers in fewer bits, and their weights as they are kept, by name."""
    precisions, arrays = {}, {}
    for layer, path, _ in places(model):
        for i, v in enumerate(layer._own_variables):
            if isinstance(v, Quantized):
                codes, precisions[path] = v.held()[1], v.precision
                arrays[f"{path}/vars/{i}"] = codes if codes.steps is None else codes.codes
                if codes.steps is not None:
                    arrays[f"{path}/vars/{i}{STEPS}"] = codes.steps
    return precisions, arrays


def _arrays_of(tree: Group, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """(path, array) of all that a tree holds."""
    for name, member in tree.members.items():
        if isinstance(member, Group):
            yield from _arrays_of(member, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", member


def _write(name: str, tree: Group) -> None:
    with atomic.replacing(name) as file:
        file.write(hdf5_bytes(tree))


def _training(model: Any) -> tuple[dict[str, Any] | None, str, list[np.ndarray] | None]:
    """What `compile` was given, the name and the state of the optimizer; None for none.

    Of a model from a file that was not trained since, what the file had: it may name losses that
    are not known here.
    """
    if model.saved_training is not None:
        saved = model.saved_training
        return saved.config, saved.name, saved.state
    if model.trainer is None:
        return None, "", None
    if (optimizer := model.optimizer) is None:  # nothing trains on
        return None, "", None
    return model.trainer.get_config(), optimizer.name, [*map(np.asarray, optimizer.variables)]


def weights_tree(model: Model, optimizer: str = "", state: list[np.ndarray] | None = None) -> Group:
    """All weights of a model by their places, and the state of an optimizer."""
    root = Group()
    for layer, path, _ in places(model):
        if type(layer).__name__ == "InputLayer":
            continue
        inside = root.group(f"{path}/vars")
        inside.attributes["name"] = layer.name
        inside.members.update((str(i), v.numpy()) for i, v in enumerate(layer._own_variables))
    if state is not None:
        inside = root.group("optimizer/vars")
        inside.attributes["name"] = optimizer
        inside.members.update((str(i), value) for i, value in enumerate(state))
    return root


def _checked(model: Model, path: Any, endings: tuple[str, ...], overwrite: bool) -> str:
    name = os.fspath(path)
    if not name.endswith(endings) or (name.endswith(".weights.h5") and len(endings) > 1):
        raise ValueError(f"the path must end in {' or '.join(endings)}, got {name!r}")
    if not model.built:
        raise ValueError(f"model '{model.name}' must be built before it is saved: call it once")
    if not truth(overwrite, "overwrite") and os.path.exists(name):
        raise FileExistsError(f"{name} is there already, and overwrite=False")
    return name


def _ours_in(config: Any) -> Iterator[str]:
    """The classes in the arguments of `compile` that are written under a name of ours."""
    if isinstance(config, dict) and str(config.get("module")).startswith("maskseq."):
        yield str(config.get("registered_name"))
    elif isinstance(config, (dict, list)):
        for value in config.values() if isinstance(config, dict) else config:
            yield from _ours_in(value)


def _tell_ours(model: Model, compiled: Any, name: str) -> None:
    """Warn of layers and losses that Keras lacks."""
    found = {type(x).__name__ for x, _, _ in places(model)} & _OURS
    kinds = [f"{', '.join(sorted(found))} are layers of maskseq"] if found else []
    lacked = sorted({*_ours_in(compiled)})
    kinds += [f"{', '.join(lacked)} in compile is of maskseq"] if lacked else []
    if kinds:
        warn(
            f"{name}: {' and '.join(kinds)}; Keras opens the file only with custom_objects of "
            f"these names"
        )
    if model.mask_rule != "keras3":
        warn(
            f"{name}: masks follow the rule of {model.mask_rule}, here and where maskseq loads it; "
            f"Keras 3 opens the file and follows its own"
        )


def _vocabularies(model: Model) -> Iterator[tuple[str, str]]:
    """(place, text) of each layer with a table of tokens."""
    for layer, path, _ in places(model):
        if layer.has_vocabulary and (tokens := _tokens(layer)):
            yield path, "\n".join(map(str, tokens))


def _tokens(layer: Layer) -> list[Any]:
    found: Any = layer
    return found.get_vocabulary() if found.vocabulary_size() else []
