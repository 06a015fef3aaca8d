"""A model's config as JSON in the form that Keras 3 writes: modules and classes by Keras's names.

Layers that Keras lacks are written under `maskseq.layers`, classes of users under their own name.
The `mask_rule` of a layer is not among its arguments, which Keras would refuse, but beside them.
"""

import inspect
import json
from types import FunctionType
from typing import Any

import numpy as np

from .. import ops
from ..given.custom import get_registered_name
from ..layers.base.table import FILES, IN_KERAS, OURS, names_in

_LAYERS, _OURS = frozenset(names_in(IN_KERAS)), frozenset(names_in(OURS))
_MODELS = {
    "Model": ("keras.src.models.functional", "Functional"),
    "Sequential": ("keras", "Sequential"),
}
_EXPORTED = {"GroupedQueryAttention": "GroupQueryAttention"}
"""Classes that keras.layers has under another name."""
_NOT_TAKEN = {"Discretization": {"trainable"}, "SpatialDropout1D": {"trainable"}}
"""Arguments that every layer has here, and that Keras's class does not take."""
_OPERATIONS = {
    "nn": "Celu Elu Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LeakyRelu LogSigmoid "
    "LogSoftmax Normalize OneHot Relu Relu6 Selu Sigmoid Silu SoftShrink Softmax Softplus Softsign "
    "SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold",
    "math": "Erf Logsumexp Rsqrt",
    "core": "Cast ConvertToTensor StopGradient Unstack",
}
"""Module of keras.src.ops -> the operations in it; all others are in `numpy`."""
_CALLED = ("x", "xs", "x1", "x2", "key")
"""Arguments of operations that are arguments of a call though they may be numbers."""
_MODULE_OF = {name: module for module, names in _OPERATIONS.items() for name in names.split()}


def to_json(entry: dict[str, Any], **options: Any) -> str:
    """The JSON of a config. options: as for `json.dumps`.

    Raises: TypeError for an argument of a layer or call that JSON has no form for.
    """
    return json.dumps(entry, default=_plain, **options)


def in_keras_form(value: Any) -> Any:
    """What `serialize_layer` gave for a model, as Keras has it."""
    if isinstance(value, (list, tuple)):
        return [in_keras_form(item) for item in value]
    if not isinstance(value, dict):
        return value
    inside = {key: in_keras_form(item) for key, item in value.items()}
    name = value.get("class_name")
    if not isinstance(name, str) or "config" not in value or name == "__keras_tensor__":
        return inside
    if value.get("module") == ops.__name__:
        return _operation(name, inside)
    if isinstance(inside["config"], dict) and "mask_rule" in inside["config"]:
        config = dict(inside["config"])
        inside = {**inside, "mask_rule": config.pop("mask_rule"), "config": config}
    if name in _MODELS:
        module, name = _MODELS[name]
        return {**inside, "module": module, "class_name": name, "registered_name": name}
    if name in _LAYERS:
        keras_name = _EXPORTED.get(name, name)
        names = {"module": "keras.layers", "class_name": keras_name, "registered_name": None}
        dropped = _NOT_TAKEN.get(name, set())
        config = {k: v for k, v in inside["config"].items() if k not in dropped}
        return {**inside, **names, "config": config}
    if name in _OURS:
        return {**inside, "module": FILES[name], "registered_name": name}
    return inside


def _operation(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of an operation: Keras calls it on tensors, all other arguments make it."""
    if name not in ops.OPERATIONS or name == "MaskOf":
        raise TypeError(f"a config has no form for the operation {name}")
    config, calls = dict(entry["config"]), []
    names = list(inspect.signature(ops.OPERATIONS[name]).parameters)
    for node in entry["inbound_nodes"]:
        given = {**dict(zip(names, node["args"], strict=False)), **node["kwargs"]}
        called = [key for key in given if key in _CALLED or _holds_tensor(given[key])]
        calls.append({"args": [given.pop(key) for key in called], "kwargs": {}})
        config.update(given)
    module = f"keras.src.ops.{_MODULE_OF.get(name, 'numpy')}"
    names = {"module": module, "class_name": name, "registered_name": name}
    return {**entry, **names, "config": config, "inbound_nodes": calls}


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__"
    return isinstance(value, list) and any(map(_holds_tensor, value))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, slice):
        parts = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": parts}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, FunctionType) and value.__name__ != "<lambda>":
        names = {"class_name": "function", "config": get_registered_name(value)}
        return {"module": value.__module__, **names, "registered_name": "function"}
    kind: Any = type(value)
    if (registered := get_registered_name(kind)) != kind.__name__:
        names = {"class_name": kind.__name__, "config": kind.get_config(value)}
        return {"module": kind.__module__, **names, "registered_name": registered}
    raise TypeError(f"a config has no form for {kind.__name__} {value!r:.60}")
