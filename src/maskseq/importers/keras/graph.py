"""Replays the recorded calls of a functional model on symbolic tensors.

Each layer and operation of the file is called as often, and on the same tensors, as when Keras
recorded it. Masks travel by our own machinery: a recorded mask that is the one the tensor carries
anyway is left to it, so that the model stays on rows; any other is passed by hand.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...graph.config import from_config
from ...graph.symbols import is_symbolic, same_computation
from ...layers import RNN, Bidirectional, Layer
from ...models.model import Model
from ...nest import map_structure
from ...tensor import get_keras_mask
from ..errors import FormatError, UnsupportedLayerError
from . import tensorflow
from .config import MODELS
from .costs import CALL, TENSOR
from .operations import RecordedOperation, is_operation
from .parsing import expect

if TYPE_CHECKING:
    from .models import ModelMaker


_UNUSED = ("constants", "initial_state", "attention_mask")  # None: not given


def functional(maker: "ModelMaker", config: dict[str, Any], cls: type[Model] = Model) -> Model:
    """The functional model of a `config` with `layers`, `input_layers` and `output_layers`."""
    graph = _Graph(maker)
    checked = graph.checked(config)
    inputs, outputs = maker.guarded(from_config, checked, graph.make, graph.call)
    name = maker.name(config.get("name", "functional"))
    model: Model = maker.guarded(cls, inputs=inputs, outputs=outputs, name=name)
    return model._frozen_as(config)


class _Graph:
    """The reading of one functional config: first its form, then its layers, then its calls."""

    def __init__(self, maker: "ModelMaker") -> None:
        self._maker, self._path = maker, maker.path
        self._legacy = maker.keras_version < (3, 0)
        self._same: set[tuple[int, int]] = set()  # masks found to be those that are carried
        self._places: list[list[Any]] = []  # the `keras_history` of each tensor that is read

    def checked(self, config: dict[str, Any]) -> dict[str, Any]:
        """`config` in Keras 3's form, with nothing in its calls but data."""
        entries = expect(config.get("layers"), list, self._path, "layers of a model")
        layers = [self._entry(expect(entry, dict, self._path, "a layer")) for entry in entries]
        if len({entry["name"] for entry in layers}) < len(layers):
            raise FormatError(self._path, "two layers of one name")
        models = {entry["name"]: entry for entry in layers if entry.get("class_name") in MODELS}
        ends = {
            key: self._ends(config.get(key), key, models)
            for key in ("input_layers", "output_layers")
        }
        self._count_from_zero(models)
        return {"layers": layers, **ends}

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        config = expect(entry.get("config"), dict, self._path, "config of a layer")
        name = self._maker.name(entry.get("name", config.get("name")))
        nodes = expect(entry.get("inbound_nodes"), list, self._path, f"calls of '{name}'")
        if bool(nodes) == (entry.get("class_name") == "InputLayer"):
            raise FormatError(self._path, f"'{name}' has {len(nodes)} calls")
        self._maker.budget.spend(CALL * len(nodes))
        in_list = entry.get("class_name") in tensorflow.CLASSES
        calls = [self._node(node, f"a call of '{name}'", in_list) for node in nodes]
        return {**entry, "name": name, "inbound_nodes": calls}

    def _node(self, node: Any, what: str, in_list: bool = False) -> dict[str, Any]:
        if isinstance(node, dict):
            args = expect(node.get("args"), list, self._path, what)
            kwargs = expect(node.get("kwargs"), dict, self._path, what)
            return {
                "args": self._plain(args),
                "kwargs": {k: self._plain(kwargs[k]) for k in kwargs},
            }
        # Keras 2: [layer, call, output, keyword arguments], or a list of such; the arguments that
        # stand with each are those of the whole call. An operation keeps a list of one as a list.
        node = expect(node, list, self._path, what)
        alone = bool(node) and isinstance(node[0], str)
        tensors = [node] if alone else node
        if not (tensors and all(isinstance(x, list) and 3 <= len(x) <= 4 for x in tensors)):
            raise FormatError(self._path, f"{what} reads {str(tensors)[:60]}")
        args = [self._first_of_keras2(tensor) for tensor in tensors]
        options = expect(tensors[0][3], dict, self._path, what) if len(tensors[0]) == 4 else {}
        kwargs = {key: self._plain_of_keras2(value) for key, value in options.items()}
        single = alone or (len(args) == 1 and not in_list)
        return {"args": args if single else [args], "kwargs": kwargs}

    def _first_of_keras2(self, tensor: list[Any]) -> Any:
        """A tensor, or a constant, in the first argument of a call."""
        if tensor[:2] == ["_CONSTANT_VALUE", -1]:
            return self._plain(tensor[2])
        return self._tensor(tensor[:3])

    def _tensor(self, history: Any) -> dict[str, Any]:
        place = self._place(history)
        return {"class_name": "__keras_tensor__", "config": {"keras_history": place}}

    def _place(self, history: Any) -> list[Any]:
        if not (
            isinstance(history, list)
            and len(history) == 3
            and isinstance(history[0], str)
            and all(type(number) is int and number >= 0 for number in history[1:])
        ):
            raise FormatError(self._path, f"a tensor with the history {str(history)[:60]}")
        self._maker.budget.spend(TENSOR)
        self._places.append(list(history))
        return self._places[-1]

    def _plain(self, value: Any) -> Any:
        """A recorded argument; slices and arrays as such."""
        if isinstance(value, list):
            self._maker.budget.spend(len(value))
            return [self._plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        class_name, config = value.get("class_name"), value.get("config")
        if class_name == "__ellipsis__":
            return ...
        if class_name is None:
            self._maker.budget.spend(len(value))
            return {key: self._plain(item) for key, item in value.items()}
        config = expect(config, dict, self._path, f"config of {class_name}")
        if class_name == "__keras_tensor__":
            return self._tensor(config.get("keras_history"))
        if class_name == "__slice__":
            parts = [config.get(key) for key in ("start", "stop", "step")]
            if all(part is None or type(part) is int for part in parts):
                return slice(*parts)
        if class_name in ("__tensor__", "__numpy__"):
            return self._maker.array(config)
        raise UnsupportedLayerError(f"{self._path}: an argument of the kind {str(class_name)[:60]}")

    def _plain_of_keras2(self, value: Any) -> Any:
        """A keyword argument of Keras 2: tensors are [layer, call, output] among plain values."""
        if isinstance(value, list):
            if len(value) == 3 and isinstance(value[0], str) and type(value[1]) is int:
                return self._tensor(value)
            self._maker.budget.spend(len(value))
            return [self._plain_of_keras2(item) for item in value]
        if isinstance(value, dict) and "class_name" not in value:
            self._maker.budget.spend(len(value))
            return {key: self._plain_of_keras2(item) for key, item in value.items()}
        return self._plain(value)

    def _ends(self, structure: Any, what: str, models: dict[str, Any]) -> Any:
        """The model's inputs or outputs, [layer, call, output] in any structure."""
        self._maker.budget.spend(1)
        if isinstance(structure, dict):
            return {key: self._ends(item, what, models) for key, item in structure.items()}
        items = expect(structure, list, self._path, what)
        if items and isinstance(items[0], str):
            place = self._place(items)
            graph = models.get(place[0], {}).get("class_name", "Sequential") != "Sequential"
            if graph and not self._legacy:
                place[1] -= 1  # only here does Keras 3 count a model's own graph as a call
            return place
        found = [self._ends(item, what, models) for item in items]
        return found[0] if self._legacy and len(found) == 1 else found

    def _count_from_zero(self, models: dict[str, Any]) -> None:
        """Number the calls of nested models from 0 wherever they are read.

        Keras 2 counts the graph inside some of them as their first call. As every call is read by
        something, the lowest number that is read is that of the first.
        """
        lowest: dict[str, int] = {}
        for name, call, _ in self._places:
            lowest[name] = min(call, lowest.get(name, call))
        for place in self._places:
            if place[0] in models:
                place[1] -= lowest[place[0]]

    def make(self, entry: dict[str, Any]) -> Callable[..., Any]:
        """The layer or operation of an entry."""
        if entry.get("class_name") == "InputLayer":
            return self._maker.input(entry).maker
        if entry.get("class_name") in tensorflow.CLASSES:
            return tensorflow.TensorFlowOperation(self._maker, entry)
        if not is_operation(entry):
            return self._maker.layer(entry)
        options = {k: self._plain(v) for k, v in entry["config"].items() if k != "name"}
        return RecordedOperation(self._maker, entry, options)

    def call(self, operation: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Make one recorded call."""
        kwargs.pop("training", None)
        if self._legacy:
            kwargs = {k: v for k, v in kwargs.items() if v is not None or k not in _UNUSED}
        kwargs.update(self._maker.call_options.get(id(operation), {}))
        mask = kwargs.pop("mask", None)
        with_states = isinstance(operation, RNN | Bidirectional) and isinstance(args[0], list)
        if self._legacy and with_states:  # the states follow the sequences in one list
            kwargs["initial_state"] = args[0][1:]
            args = args[0][:1]
        filled = None
        if mask is not None:
            carried = map_structure(get_keras_mask, args[0])
            alone = not is_symbolic([args[1:], kwargs])
            if alone and same_computation(mask, carried, self._same):
                filled = mask
            else:
                kwargs["mask"] = mask
        outputs = operation(*args, **kwargs)
        # Without one in the file Keras 3 records what it fills in; Keras 2 takes it at run time.
        if isinstance(operation, Layer) and (mask is not None or self._legacy):
            operation._inbound_nodes[-1].filled_mask = filled
        return outputs
