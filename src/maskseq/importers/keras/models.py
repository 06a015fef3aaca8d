"""Makes models from the configs in Keras's model files."""

from typing import Any

from ...layers.core.input import Input
from ...models import Model, Sequential
from ..errors import FormatError
from .config import UNUSED_OPTIONS, LayerMaker, is_policy, known_dtype
from .costs import CALL, TENSOR
from .parsing import expect


class ModelMaker(LayerMaker):
    """A LayerMaker that also knows models, and their inputs."""

    def model(self, entry: dict[str, Any]) -> Model:
        """The Sequential or functional model that `entry` describes."""
        if entry["class_name"] == "Sequential":
            return self._sequential(entry)
        return self._functional(entry["config"], Model)

    def _custom(self, cls: Any, class_name: str, config: dict[str, Any], name: str) -> Any:
        """A layer or model of a class of the caller's."""
        if issubclass(cls, Model) and {"layers", "input_layers", "output_layers"} <= config.keys():
            return self._functional(config, cls)
        return super()._custom(cls, class_name, config, name)

    def _functional(self, config: dict[str, Any], cls: type[Model]) -> Model:
        from .graph import functional  # which no Sequential needs

        return functional(self, config, cls)

    def _sequential(self, entry: dict[str, Any]) -> Model:
        config = entry["config"]
        items = expect(config.get("layers"), list, self.path, "layers of a Sequential")
        self.budget.spend((CALL + TENSOR) * len(items))
        items = [expect(item, dict, self.path, "a layer") for item in items]
        chain: list[Any] = [
            self.input(item) if item.get("class_name") == "InputLayer" else self.layer(item)
            for item in items
        ]
        if items and items[0].get("class_name") != "InputLayer":
            shape = _first_shape(entry, items[0])
            if shape is not None:
                chain.insert(0, self.input({"config": {"batch_shape": shape}}))
        return self.guarded(Sequential, chain, name=self.name(config.get("name", "sequential")))

    def input(self, entry: dict[str, Any]) -> Any:
        """The symbolic tensor of an InputLayer entry."""
        config = expect(entry.get("config"), dict, self.path, "config of InputLayer")
        name = config.get("name", entry.get("name"))
        shape = config.get("batch_shape", config.get("batch_input_shape"))
        dtype = config.get("dtype", "float32")
        dtype = dtype["config"].get("name") if is_policy(dtype) else dtype
        for key, value in UNUSED_OPTIONS.items():
            if config.get(key, value) not in (value, None):
                raise self.unsupported(str(name), "InputLayer", f"{key}={config[key]!r}")
        if not (isinstance(shape, list) and all(_is_size(size) for size in shape) and shape):
            raise FormatError(self.path, f"input {name!r} has the shape {str(shape)[:60]}")
        return self.guarded(
            Input,
            batch_shape=tuple(shape),
            dtype=known_dtype(dtype, self.path),
            name=None if name is None else self.name(name),
            optional=config.get("optional") is True,
        )


def _is_size(size: Any) -> bool:
    return size is None or (type(size) is int and 0 < size < 2**31)


def _first_shape(entry: dict[str, Any], first: dict[str, Any]) -> Any:
    """The input shape of a Sequential whose first layer is no InputLayer, None if it says none."""
    for holder, key in (
        (first.get("config"), "batch_input_shape"),
        (entry.get("build_config"), "input_shape"),
        (first.get("build_config"), "input_shape"),
    ):
        if isinstance(holder, dict) and holder.get(key) is not None:
            return holder[key]
    return None
