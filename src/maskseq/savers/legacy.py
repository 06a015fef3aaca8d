"""The tree of a legacy `.h5` file. Source: keras.src.legacy.saving.legacy_h5_format, 3.15."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .. import losses
from ..importers.keras.legacy import weights_in_order
from ..layers.base.layer import Layer
from ..models.json_config import to_json
from ..models.model import Model
from .hdf5 import MOST_IN_HEADER, Group

_ROOM = MOST_IN_HEADER - 1000  # bytes of the names in one attribute


def legacy_tree(model: Model, entry: dict[str, Any], version: str) -> Group:
    """The model's config and its weights, layer by layer. entry: as in `config.json`."""
    root = Group()
    config = {"class_name": entry["class_name"], "config": entry["config"]}
    about = {"keras_version": version, "backend": "jax"}
    root.attributes |= {**about, "model_config": to_json(config)}
    if entry.get("compile_config"):
        root.attributes["training_config"] = to_json(_training(entry["compile_config"]))
    weights = root.group("model_weights")
    weights.attributes |= about
    layers = model.layers
    _list_names(weights, "layer_names", [layer.name for layer in layers])
    for layer in layers:
        group = weights.group(layer.name)
        named = list(_named(layer))
        _list_names(group, "weight_names", [name for name, _ in named])
        for name, variable in named:
            folder, _, last = name.rpartition("/")
            group.group(folder).members[last] = variable.numpy()
    return root


def _training(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `compile` in the form of these files: the optimizer stands by itself.

    Losses have their long names: Keras does not read the short ones here.
    """
    optimizer = config["optimizer"]
    if isinstance(optimizer, str):
        optimizer = {"class_name": optimizer, "config": {}}
    optimizer = {name: optimizer[name] for name in ("class_name", "config")}
    others = {name: value for name, value in config.items() if name != "optimizer"}
    return {**others, "loss": _long(config.get("loss")), "optimizer_config": optimizer}


def _long(loss: Any) -> Any:
    if isinstance(loss, str):
        return getattr(losses.KNOWN.get(loss), "__name__", loss)  # others as they are
    if isinstance(loss, dict) and not {"class_name", "config"} <= loss.keys():
        return {name: _long(value) for name, value in loss.items()}
    return [_long(x) for x in loss] if isinstance(loss, (list, tuple)) else loss


def _named(layer: Layer) -> Iterator[tuple[str, Any]]:
    """(path, weight) of a layer, each path once."""
    seen: Counter[str] = Counter()
    for variable in weights_in_order(layer):
        name = variable.name
        seen[name] += 1
        yield f"{layer.name}/{name}" + (f"_{seen[name] - 1}" if seen[name] > 1 else ""), variable


def _list_names(group: Group, attribute: str, names: list[str]) -> None:
    """An attribute with a list of names; numbered ones where one has not room for them."""
    widest = max([len(name.encode()) for name in names], default=1) or 1
    size = max(_ROOM // widest, 1)
    if len(names) <= size:
        group.attributes[attribute] = names
        return
    for number, start in enumerate(range(0, len(names), size)):
        group.attributes[f"{attribute}{number}"] = names[start : start + size]
