"""What files say about training, in n pieces: `compile`'s arguments, states, labels, backups."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.fuzz.bombs_config import DENSE, entry, sequential
from tests.fuzz.bombs_data import claiming, zipped
from tests.support.hdf5_writer import Writer

COMPILED = {"optimizer": "adam", "loss": "mse"}
# name -> the file's suffix, which says how it is read, and its bytes of n pieces
BOMBS: dict[str, tuple[str, Callable[[int], bytes]]] = {}


def bomb(suffix: str):
    def named(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
        BOMBS[f"{make.__name__.replace('_', ' ')} {suffix}"] = suffix, make
        return make

    return named


# The arguments of `compile`, in a model file and in a config of `maskseq train`


def made(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config}


def deep(n: int) -> Any:
    found: Any = "mse"
    for _ in range(min(n, 900)):
        found = [found]
    return found


ARGUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "metrics": lambda n: {"metrics": ["mse"] * n},
    "metrics_with_configs": lambda n: {"metrics": [made("MeanSquaredError", name="m")] * n},
    "metrics_of_many_thresholds": lambda n: {"metrics": [made("Precision", thresholds=[0.5] * n)]},
    "metric_of_very_many_thresholds": lambda n: {"metrics": [made("AUC", num_thresholds=n**2)]},
    "metric_of_very_many_classes": lambda n: {"metrics": [made("MeanIoU", num_classes=n)]},
    "weighted_metrics": lambda n: {"weighted_metrics": [["mse"]] * n},
    "losses": lambda n: {"loss": ["mse"] * n},
    "losses_by_name": lambda n: {"loss": {f"o{i}": "mse" for i in range(n)}},
    "losses_in_lists": lambda n: {"loss": deep(n)},
    "loss_with_a_long_name": lambda n: {"loss": "a" * 10 * n},
    "loss_weights": lambda n: {"loss_weights": [0.5] * n},
    "keys_of_an_optimizer": lambda n: {"optimizer": made("Adam", **{f"k{i}": 1 for i in range(n)})},
    "values_of_an_optimizer": lambda n: {"optimizer": made("Adam", learning_rate=[0.5] * n)},
    "schedule": lambda n: {"optimizer": made("Adam", learning_rate=schedule(n))},
    "other_keys": lambda n: {f"k{i}": 1 for i in range(n)},
}


def schedule(n: int) -> dict[str, Any]:
    return made("PiecewiseConstantDecay", boundaries=[*range(n)], values=[0.5] * (n + 1))


for name, arguments in ARGUMENTS.items():

    def in_a_model(n, arguments=arguments):
        return keras({**DENSE, "compile_config": {**COMPILED, **arguments(n)}}, state([]))

    def in_a_config(n, arguments=arguments):
        return json.dumps({"model": DENSE, **COMPILED, **arguments(n)}).encode()

    in_a_model.__name__ = in_a_config.__name__ = name
    bomb(".keras")(in_a_model)
    bomb(".train.json")(in_a_config)


@bomb(".train.json")
def lists_in_lists(n):
    return b'{"loss":' + b"[" * n + b"]" * n + b"}"


@bomb(".train.json")
def open_objects(n):
    return b'{"a":' * n


@bomb(".train.json")
def empty_objects(n):
    return b'{"loss":[' + b"{}," * 10 * n + b"{}]}"


@bomb(".train.json")
def classes(n):
    return json.dumps(
        {"class_weight": {i: 0.5 for i in range(n)}, "model": DENSE, **COMPILED}
    ).encode()


@bomb(".train.json")
def layers(n):
    many = sequential(*[entry("Dense", f"d{i}", units=1) for i in range(n)])
    return json.dumps({"model": many, **COMPILED}).encode()


# The state of an optimizer


def keras(config: dict[str, Any], weights: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return buffer.getvalue()


def state(shapes, names: int = 0) -> bytes:
    """Weights of DENSE, and variables of an optimizer: some arrays, or many names of one."""
    writer = Writer()
    kept = {"0": writer.dataset((2, 1)), "1": writer.dataset((1,))}
    dense = writer.group({"dense": writer.group({"vars": writer.group(kept)})})
    found = {str(i): writer.dataset(shape) for i, shape in enumerate(shapes)}
    if names:
        one = writer.dataset((1,))
        found = {str(i): one for i in range(names)}
    optimizer = writer.group({"vars": writer.group(found)})
    return writer.finish(writer.group({"layers": dense, "optimizer": optimizer}))


def with_state(weights: bytes) -> bytes:
    return keras({**DENSE, "compile_config": COMPILED}, weights)


@bomb(".keras")
def variables(n):
    return with_state(state([(1,)] * n))


@bomb(".keras")
def names_of_one_variable(n):
    return with_state(state([], names=n))


@bomb(".keras")
def large_variables(n):
    return with_state(state([(100 * n,)] * 6))


# Backups of BackupAndRestore, and labels beside sequences


@bomb(".backup.npz")
def weights_of_a_backup(n):
    return zipped(**{f"weight/{i}": claiming((1,), bytes(4)) for i in range(n // 10)})


@bomb(".backup.npz")
def zeros_of_a_backup(n):
    return zipped(**{"weight/0": claiming((100 * n,), bytes(400 * n))})


@bomb(".backup.npz")
def claims_of_a_backup(n):
    about = {"seed": claiming((), bytes(8), "<i8"), "epoch": claiming((n, n, n))}
    return zipped(**about)


@bomb(".labels.npz")
def zeros_as_labels(n):
    return zipped(labels=claiming((1000 * n,), bytes(4000 * n)))


@bomb(".labels.npz")
def long_texts_as_labels(n):
    return zipped(labels=claiming((n,), bytes(400 * n), "<U100"))


@bomb(".labels.npz")
def claimed_labels(n):
    return zipped(labels=claiming((n, n, n)), x=np.zeros(3, np.float32).tobytes())
