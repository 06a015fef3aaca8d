"""What a legacy `.h5` file says about training: the arguments of `compile`, as Keras 3 has them.

The state of the optimizer in such files is not read; Keras 3 leaves it, too. Source:
keras.src.legacy.saving.saving_utils, 3.15.
"""

from typing import Any

from ..hdf5 import Group
from .parsing import expect, parse_json
from .saved_training import SavedTraining

_OF_KERAS_2 = ("jit_compile", "is_legacy_optimizer")
_OF_KERAS = "Custom>"  # 2.11 to 2.15 write it before the names of their own optimizers
_BY_OUTPUT = ("accuracy", "acc", "crossentropy", "ce")  # of several metrics the one that fits
_MODULES = {"loss": "losses", "metrics": "metrics", "weighted_metrics": "metrics"}


def legacy_training(path: str, root: Group, custom: Any = None) -> SavedTraining | None:
    """What there is about training in a file; None if there is nothing.

    Raises: FormatError if it cannot be read.
    """
    text = root.attribute("training_config")
    if text is None:
        return None
    text = expect(text, str, path, "training_config")
    given = parse_json(text.encode("utf-8", "surrogatepass"), path, "training_config")
    return training_of_keras2(path, {**given, "optimizer": given.get("optimizer_config")}, custom)


def training_of_keras2(path: str, given: Any, custom: Any = None) -> SavedTraining | None:
    """What Keras 2 says of `compile`, in Keras 3's words; None if there is no optimizer.

    Of the optimizer's variables nothing: they are in another order, without the learning rate.
    """
    optimizer = given.get("optimizer") if isinstance(given, dict) else None
    if isinstance(optimizer, dict) and isinstance(optimizer.get("config"), dict):
        optimizer = _optimizer(optimizer, custom)
    elif not isinstance(optimizer, str):
        return None
    others = {name: _translated(given.get(name), module) for name, module in _MODULES.items()}
    config = {"optimizer": optimizer, "loss_weights": given.get("loss_weights"), **others}
    return SavedTraining(path, config, [], "optimizer", custom)


def _placed(config: dict[str, Any], module: str) -> dict[str, Any]:
    """A config with the module that Keras 3 looks for; classes of users have one of their own."""
    if "module" in config or ">" in str(config.get("class_name")):
        return config
    return {"module": f"keras.{module}", **config, "registered_name": None}


def _optimizer(given: dict[str, Any], custom: Any) -> dict[str, Any]:
    """An optimizer, its arguments of Keras 2 under their names of today."""
    kind = given.get("class_name")
    if isinstance(kind, str) and kind not in (custom or {}):
        kind = kind.removeprefix(_OF_KERAS)
    kept = {name: value for name, value in given["config"].items() if name not in _OF_KERAS_2}
    if "lr" in kept:
        kept.setdefault("learning_rate", kept.pop("lr"))
    if not kept.get("decay", True):
        del kept["decay"]
    return _placed({**given, "class_name": kind, "config": kept}, "optimizers")


def _translated(given: Any, module: str) -> Any:
    """Losses and metrics: the reduction "auto" and the wrapper of functions are of Keras 2."""
    if isinstance(given, list):
        return [_translated(value, module) for value in given]
    if not isinstance(given, dict):
        return given
    if not isinstance(given.get("class_name"), str) or not isinstance(given.get("config"), dict):
        return {name: _translated(value, module) for name, value in given.items()}
    config = given["config"]
    if given["class_name"] == "MeanMetricWrapper" and isinstance(config.get("fn"), str):
        return config["name"] if config.get("name") in _BY_OUTPUT else config["fn"]
    if ">" not in given["class_name"]:
        kept = {name: value for name, value in config.items() if name != "fn"}  # what it calls
        if kept.get("reduction") == "auto":
            kept["reduction"] = "sum_over_batch_size"
        given = {**given, "config": kept}
    return _placed(given, module)
