"""Model and Sequential: layers in a graph, run on rows from input to output.

Source: keras.Model, keras.Sequential.
"""

from typing import Any

import numpy as np

from .. import ops
from ..chain import Chain, chain_of
from ..graph import config as functional
from ..graph.symbols import (
    KerasTensor,
    Operation,
    Plan,
    is_symbolic,
    layers_by_depth,
    unique_name,
)
from ..layers.base.calling import mask_loss, naming_errors, take_mask
from ..layers.base.layer import Layer, as_padded, deserialize_layer, serialize_layer
from ..layers.core.input import Input, InputLayer
from ..nest import flatten, map_structure
from ..rows import Rows
from ..tensor import as_numpy, convert_to_tensor
from . import inputs as model_inputs
from .summary import summary_text


class Model(Layer):
    """A graph of layers between `inputs` and `outputs`, or a class with its own `call`.

    Arguments:
        inputs, outputs: symbolic tensors, or lists or dicts of them; layers may be shared, and
            models may be called like layers. A subclass that writes `call` gives neither.
        on_mask_loss: what happens where a layer destroys a mask: "warn" once (with the layer's
            name and what to write instead), raise an "error", or "ignore" it.
    Source: keras.Model.
    """

    supports_masking = True

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        on_mask_loss: str = "warn",
        **kwargs: Any,
    ):
        if on_mask_loss not in ("warn", "error", "ignore"):
            raise ValueError(
                f"Model: on_mask_loss must be 'warn', 'error' or 'ignore', got {on_mask_loss!r}"
            )
        if name is None and type(self) is Model:
            name = unique_name("functional")
        super().__init__(name=name, **kwargs)
        self.on_mask_loss = on_mask_loss
        self._plan: Plan | None = None
        self._chain: Chain | None = None
        if inputs is not None or outputs is not None:
            self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any, strict: bool = True) -> None:
        """Take a graph. `strict`: the data must have the time that `inputs` say, if any."""
        for argument, value in (("inputs", inputs), ("outputs", outputs)):
            if not all(isinstance(x, KerasTensor) for x in flatten(value)) or not flatten(value):
                raise ValueError(f"Model: {argument} must be symbolic tensors, got {value!r}")
        self._plan = Plan(inputs, outputs)
        own_call = type(self).call is not Model.call
        self._chain = None if own_call else chain_of(self._plan, outputs, strict)
        self._input_structure, self._output_structure = inputs, outputs
        self.inputs, self.outputs = flatten(inputs), flatten(outputs)
        self._graph_layers = layers_by_depth(self.inputs, self.outputs)
        self._strict_shapes = strict
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, inputs first."""
        return list(self._graph_layers) if self._plan else self._sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number. Raises: ValueError if there is none."""
        if index is not None:
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"model '{self.name}' has no layer {name!r}; it has {[x.name for x in self.layers]}"
        )

    def _sublayers(self) -> list[Layer]:
        return list(self._graph_layers) if self._plan else super()._sublayers()

    # Calls

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The outputs for `inputs`, carrying their masks.

        `mask=` gives the inputs masks by hand: one, or as many as inputs, None for none.
        """
        if self._chain is not None and not args and not kwargs and self._chain.takes(inputs):
            return _as_tensor(self._chain.run(inputs, self.on_mask_loss))
        if self._plan is None or is_symbolic([inputs, args, kwargs]):
            return super().__call__(inputs, *args, **kwargs)
        with naming_errors(self):
            outputs = self.call(inputs, *args, **kwargs)
        return outputs

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        if np.ndim(training):
            raise TypeError("training must be a bool, got an array; give a mask as mask=")
        values = model_inputs.standardize(self, inputs, mask)
        return map_structure(_as_tensor, self._walk(values, training))

    def run(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        if self._plan is None:
            options = {} if mask is None else {"mask": mask}
            return super().run(inputs, training=training, **options)
        return self._walk(model_inputs.standardize(self, inputs, mask), training)

    def _walk(self, values: list[Any], training: bool) -> Any:
        if self._chain is not None and not training:
            return self._chain.run(values[0], self.on_mask_loss)
        options = {"training": True} if training else {}

        def call(operation: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
            if type(operation) is Operation:
                args, kwargs = map_structure(as_padded, args), map_structure(as_padded, kwargs)
                return operation.run(*args, **kwargs)
            return operation.run(*args, **{**kwargs, **options} if options else kwargs)

        with mask_loss(self.on_mask_loss):
            return self._plan.run(values, call, take_mask)

    def _finish(self, outputs: Any, inputs: Any, previous_mask: Any) -> None:
        """Outputs keep the masks that the last layers gave them."""

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks of the outputs."""
        outputs = self(inputs, mask=previous_mask)
        return map_structure(lambda x: getattr(x, "_keras_mask", None), outputs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as plain arrays."""
        return self.predict(x, batch_size=_ALL)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0, steps: int | None = None
    ) -> Any:
        """The outputs for `x`, as plain arrays in the order of `x`.

        Arguments:
            x: a padded array; a list of sequences (lists or arrays of any lengths); a Ragged; an
                Arrow list column; or a list or dict of these, one for each input. Sequences that
                are not padded stay so, and count as having a mask.
            batch_size: sequences a call; by default as many as suit the machine. The result does
                not depend on it.  verbose, steps: accepted, as in Keras.
        Returns: float32 arrays (number of sequences, ...); outputs of every step are padded.
        """
        if batch_size is None and self._chain is not None and self._chain.takes(x):
            if model_inputs.steps_of(x) <= model_inputs.STEPS_A_CALL:
                return _as_array(self._chain.run(x, self.on_mask_loss))
        with naming_errors(self):
            values = model_inputs.for_predict(self, x)
            batches = model_inputs.cut(self, values, batch_size)
            return model_inputs.join([self._predict_batch(batch) for batch in batches])

    def _predict_batch(self, values: list[Any]) -> Any:
        if self._plan is None:
            tensors = [as_padded(value) for value in values]
            with mask_loss(self.on_mask_loss):
                outputs = self(tensors[0] if len(tensors) == 1 else tensors)
        else:
            outputs = self._walk(model_inputs.prepare(self, values), False)
        return map_structure(_as_array, outputs)

    @property
    def stateful(self) -> bool:
        """True if a layer keeps its states from one call to the next."""
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    def reset_state(self) -> None:
        """Start the next call of all stateful layers from zeros."""
        for layer in self.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    # Config and copies

    def get_config(self) -> dict[str, Any]:
        """The layers and the calls between them, in Keras's form.

        Raises: NotImplementedError for a subclass that writes `call`, which must write its own.
        """
        if self._plan is None:
            raise NotImplementedError(f"{type(self).__name__} must write its own get_config")
        return {**super().get_config(), **self._wiring(_entry)}

    def _wiring(self, entry_of: Any) -> dict[str, Any]:
        ends = self._input_structure, self._output_structure
        return functional.to_config(*ends, self._graph_layers, self._plan.nodes, entry_of)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_layers: dict[str, type[Layer]] | None = None
    ) -> "Model":
        """A model made from what `get_config` returned, with new weights."""

        def make(entry: dict[str, Any]) -> Any:
            if entry.get("module") == ops.__name__:
                return ops.OPERATIONS[entry["class_name"]]
            return deserialize_layer(entry, custom_layers)

        graph = functional.from_config(config, make)
        return cls(*graph, name=config.get("name"))

    def __getstate__(self) -> dict[str, Any]:
        if self._plan is None:
            return super().__getstate__()
        graph = ("inputs", "outputs", "_input_structure", "_output_structure", "_reads_masked")
        state = {k: v for k, v in super().__getstate__().items() if k not in graph}
        return {
            **state,
            "_plan": None,
            "_chain": None,
            "_wires": self._wiring(lambda x: {"operation": x}),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        wires = state.pop("_wires", None)
        self.__dict__.update(state)
        if wires is not None:
            self._set_graph(*functional.from_config(wires, _operation_of), self._strict_shapes)

    def load_weights(self, path: Any) -> None:
        """Take the weights from a `.weights.h5`, legacy `.h5` or `.keras` file of Keras.

        Layers are matched by class and order. Raises: FormatError naming layer, weight, expected
        and got if the file does not fit; the model is then unchanged.
        """
        from ..importers import load_weights

        load_weights(self, path)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._plan is None:
            return super().compute_output_shape(input_shape)
        return map_structure(lambda x: x.shape, self._output_structure)

    def summary(self, print_fn: Any = print, **unused: Any) -> None:
        """Print the layers with shapes, numbers of parameters and roles in masking."""
        print_fn(summary_text(self))


_ALL = 2**62
"""A batch size that no input reaches."""


class Sequential(Model):
    """Layers one after the other.

    Built at once if the first of `layers` is an Input, else by the first call.
    Source: keras.Sequential.
    """

    def __init__(self, layers: list[Any] | None = None, *, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self._stack: list[Layer] = []
        self._input: KerasTensor | None = None
        for layer in layers or []:
            self._append(layer)
        self._rebuild()

    def add(self, layer: Any) -> None:
        """Put a layer at the end."""
        self._append(layer)
        self._rebuild()

    def pop(self) -> Layer:
        """Take the last layer off."""
        layer = self._stack.pop()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential: expected a Layer, got {layer!r}")
        if isinstance(layer, InputLayer) or (
            not self._stack and layer._input_shape_argument is not None
        ):
            if self._stack:
                raise ValueError("Sequential: an Input must come first")
            if isinstance(layer, InputLayer):
                self._input = layer.output
                return
            self._input = Input(layer._input_shape_argument)
        self._stack.append(layer)

    def _rebuild(self) -> None:
        self._plan = self._chain = None
        if self._input is not None and self._stack:
            self._build_from(self._input)

    def _build_from(self, tensor: KerasTensor, strict: bool = True) -> None:
        outputs: Any = tensor
        for layer in self._stack:
            outputs = layer(outputs)
        self._set_graph(tensor, outputs, strict)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape (with the batch; None = any size)."""
        if self._plan is None:
            self._build_from(Input(batch_shape=tuple(input_shape)), strict=False)

    def ensure_graph(self, x: Any) -> None:
        """Build the graph for data like `x` (an array or Rows), if there is none yet."""
        if self._plan is None:
            if not self._stack:
                raise ValueError("the model has no layers")
            if len(x.shape) < 2:
                raise ValueError(f"inputs must be (batch, time, ...), got shape {x.shape}")
            shape = (None, None if type(x) is Rows else x.shape[1], *x.shape[2:])
            self._build_from(Input(batch_shape=shape, dtype=str(x.dtype)), strict=False)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input."""
        return list(self._stack)

    def _sublayers(self) -> list[Layer]:
        return list(self._stack)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if self._plan is None:
            if isinstance(inputs, KerasTensor):
                self._build_from(Input(batch_shape=inputs.shape, dtype=inputs.dtype))
            else:
                with naming_errors(self):
                    self.ensure_graph(model_inputs.as_value(inputs))
        return super().__call__(inputs, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        chain = [self._input.node.operation] if self._input is not None else []
        return {
            "name": self.name,
            "build_input_shape": self.inputs[0].shape if self._plan else None,
            "layers": [serialize_layer(x) for x in chain + self._stack],
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_layers: dict[str, type[Layer]] | None = None
    ) -> "Sequential":
        layers = [deserialize_layer(entry, custom_layers) for entry in config["layers"]]
        model = cls(layers, name=config.get("name"))
        if config.get("build_input_shape") is not None:
            model.build(config["build_input_shape"])
        return model

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        start = None if self._input is None else self._input.node.operation
        return {**state, "_input": start}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._input is not None:
            self._input = self._input.output


def _entry(operation: Any) -> dict[str, Any]:
    if isinstance(operation, Operation):
        config = {"name": operation.name}
        return {"module": ops.__name__, "class_name": operation.class_name, "config": config}
    return serialize_layer(operation)


def _operation_of(entry: dict[str, Any]) -> Any:
    operation = entry["operation"]
    return operation.function if type(operation) is Operation else operation


def _as_tensor(value: Any) -> Any:
    return value.to_tensor() if type(value) is Rows else convert_to_tensor(value)


def _as_array(value: Any) -> np.ndarray:
    return as_numpy(value.to_padded() if type(value) is Rows else value)
