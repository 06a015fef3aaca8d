"""`maskseq train` and `maskseq convert`; cli.py has their options and what they take."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from .. import configured
from ..data import files as datafiles
from ..data.ragged import Ragged
from ..importers import load_model, model_from_json, read_weights
from ..importers.arrays import of_arrays
from ..importers.keras.parsing import parse_json
from ..initializers import set_random_seed
from ..models.model import Model
from ..savers import save_safetensors
from ..storage import atomic
from ..storage.text import printable

COMPILE = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
FIT = ("epochs", "batch_size", "validation_split", "shuffle", "class_weight")


def train(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit status."""
    output: Path = arguments.output
    if output.suffix not in (".keras", ".h5", ".safetensors"):
        raise ValueError(f"{output}: expected a file ending in .keras, .h5 or .safetensors")
    atomic.check(output)
    model, fit = read_config(arguments.config)
    given = {
        name: getattr(arguments, name) for name in ("epochs", "batch_size", "validation_split")
    }
    fit |= {name: value for name, value in given.items() if value is not None}
    data, labels = read_data(arguments.data, arguments.labels)
    history = model.fit(data, labels, verbose=0 if arguments.quiet else 2, **fit)
    model.save(output)
    last = {name: values[-1] for name, values in history.history.items() if values}
    told = printable(", ".join(f"{name} {value:.4f}" for name, value in last.items()))
    print(f"{len(data):,} sequences, {len(history.epoch)} epochs: {printable(output)} ({told})")
    return 0


def read_config(path: Path) -> tuple[Model, dict[str, Any]]:
    """The compiled model that a config describes, and the arguments of `fit`.

    Raises: ValueError naming the file and the key at fault.
    """
    with path.open("rb") as file:
        start = file.read(1)
        if start != b"{":
            model = load_model(path)
            if model.trainer is None:
                raise ValueError(f"{path}: the model was saved without `compile`: write a config")
            return model, {}
        raw = start + file.read()
    config = parse_json(raw, str(path), "the config")
    known = ("model", "seed", *COMPILE, *FIT)
    for name in config.keys() - set(known):
        raise ValueError(f"{path}: unknown key {name!r}; {configured.hint(name, known)}")
    for name in ("model", "loss"):
        if name not in config:
            raise ValueError(f"{path}: {name!r} is missing")
    try:
        if "seed" in config:
            set_random_seed(config["seed"])
        model = _model(config["model"], path)
        model.compile(**{name: config[name] for name in COMPILE if name in config})
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ValueError(f"{printable(path)}: {printable(error)}") from error
    fit = {name: config[name] for name in FIT if name in config}
    if isinstance(weights := fit.get("class_weight"), dict):
        fit["class_weight"] = {_class(number, path): weights[number] for number in weights}
    return model, fit


def _class(number: str, path: Path) -> int:
    """A key of class_weight. JSON has texts for keys."""
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise ValueError(f"{path}: class_weight: expected numbers of classes, got {number!r}")
    return int(number)


def _model(given: Any, path: Path) -> Model:
    if isinstance(given, str):
        return load_model(path.parent / given, compile=False)
    if not isinstance(given, dict):
        raise ValueError(f"model must be a path or a config, got {type(given).__name__}")
    return model_from_json(json.dumps(given))


def read_data(path: Path, labels: Path | None) -> tuple[Any, Any]:
    """The sequences of a file, and their labels. Raises: ValueError naming the file."""
    data = datafiles.read(path)
    found = (
        datafiles.read(labels, labels=True) if labels is not None else datafiles.read_labels(path)
    )
    if isinstance(found, Ragged) and (found.lengths == 1).all():
        found = found.values
    elif isinstance(data, Ragged) and not isinstance(found, Ragged):
        if len(found) != len(data) and len(found) == len(data.values):
            found = Ragged(found, data.offsets)
    if len(found) != len(data):
        raise ValueError(f"{labels or path}: {len(found)} labels for {len(data)} sequences")
    return data, np.asarray(found) if not isinstance(found, Ragged) else found


def convert(arguments: argparse.Namespace) -> int:
    """`maskseq convert`: the model of a file in another format, chosen by the ending.

    Arrays without a model, as in a file of PyTorch, become a safetensors file of arrays.
    """
    output: Path = arguments.output
    atomic.check(output)
    if of_arrays(arguments.input):
        if output.suffix != ".safetensors":
            raise ValueError(
                f"{arguments.input} holds arrays and no model: expected an OUT that ends in "
                f".safetensors, got {output}"
            )
        save_safetensors(output, read_weights(arguments.input))
    elif output.name.endswith(".weights.h5"):
        load_model(arguments.input).save_weights(output)
    else:
        load_model(arguments.input).save(output)
    print(f"{printable(arguments.input)}: {printable(output)}")
    return 0
