"""Sequential: layers one after the other. Source: keras.Sequential."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from ..given.custom import custom_object_scope
from ..graph.symbols import KerasTensor
from ..layers.base.checks import sizes
from ..layers.base.errors import naming_errors
from ..layers.base.layer import Layer
from ..layers.base.registry import deserialize_layer, register_model, serialize_layer
from ..layers.core.input import Input, InputLayer
from ..rows import Rows
from . import inputs as model_inputs
from .model import Model, ModelOptions


@register_model
class Sequential(Model[np.ndarray]):
    """Layers one after the other.

    Built at once if the first of `layers` is an Input, else by the first call.

    Parameters
    ----------
    layers : sequence of Layer or Model, optional
        The layers, from the first to the last.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    TypeError
        If something among `layers` is no layer.
    ValueError
        If two layers have one name, or an Input is not the first; from a call on data of another
        shape than that of the model.

    See Also
    --------
    Model : Any graph of layers.
    Input

    Notes
    -----
    Source: keras.Sequential.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential(
    ...     [layers.Embedding(1000, 16, mask_zero=True), layers.LSTM(8), layers.Dense(1)]
    ... )
    >>> model.predict([[711, 632, 71], [73, 8]]).shape
    (2, 1)
    """

    def __init__(
        self,
        layers: Sequence[Layer | KerasTensor] | None = None,
        **kwargs: Unpack[ModelOptions],
    ):
        super().__init__(**kwargs)
        self._stack: list[Layer] = []
        self._input: Any = None  # the symbolic tensor of its Input
        if not isinstance(layers, (Iterable, type(None))):
            raise TypeError(f"Sequential: expected a list of layers, got {layers!r}")
        for layer in layers or []:
            self._append(layer)
        self._check_names(self._stack)
        self._rebuild()

    def add(self, layer: Layer | KerasTensor) -> None:
        """Put a layer at the end.

        Parameters
        ----------
        layer : Layer or KerasTensor
            The layer; or what `Input` gives, as the first.

        Raises
        ------
        TypeError
            If it is no layer.
        ValueError
            If its name is taken, it is a second Input, or it does not take what the layers before
            give.

        See Also
        --------
        pop

        Notes
        -----
        Source: keras.Sequential.add.
        """
        self._check_names([*self._stack, layer])
        self._append(layer)
        self._rebuild()

    def pop(self) -> Layer:
        """Take the last layer off.

        Returns
        -------
        Layer
            The layer.

        Raises
        ------
        IndexError
            If there is none.

        See Also
        --------
        add

        Notes
        -----
        Source: keras.Sequential.pop.
        """
        if not self._stack:
            raise IndexError("Sequential: there is no layer to take off")
        layer = self._stack.pop()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.maker
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential: expected a Layer, got {layer!r}")
        if isinstance(layer, InputLayer) or (
            not self._stack and layer._input_shape_argument is not None
        ):
            if self._stack or self._input is not None:
                raise ValueError(
                    "Sequential: one Input comes before all layers, got another after "
                    f"{[x.name for x in self._stack] or self._input}"
                )
            if isinstance(layer, InputLayer):
                self._input = layer.output
                return
            self._input = Input(layer._input_shape_argument)
        self._stack.append(layer)

    def _check_names(self, layers: list[Any]) -> None:
        found = Counter(getattr(x, "name", None) for x in layers)
        if twice := [name for name, count in found.items() if count > 1]:
            raise ValueError(f"Sequential: layer names must be unique, got '{twice[0]}' twice")

    def _rebuild(self) -> None:
        self._plan, self._takes = None, model_inputs.taker(None, True)
        self._walks = False
        if self._input is not None and self._stack:
            self._build_from(self._input)

    def _build_from(self, tensor: KerasTensor, strict: bool = True) -> None:
        outputs: Any = tensor
        for layer in self._stack:
            outputs = layer(outputs)
        self._set_graph(tensor, outputs, strict)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape.

        Parameters
        ----------
        input_shape : tuple
            (batch, time, ...), None = any size.

        Raises
        ------
        ValueError
            If a layer does not take that shape.

        Notes
        -----
        Source: keras.Sequential.build.
        """
        if self._plan is None:
            with naming_errors(self):
                shape = sizes(input_shape, "input_shape")
                self._build_from(Input(batch_shape=shape), strict=False)

    def ensure_graph(self, x: Any) -> None:
        """Build the graph for data like `x` (an array or Rows), if there is none yet."""
        if self._plan is None:
            if not self._stack:
                raise ValueError("the model has no layers")
            text = x.dtype.kind == "O"
            if len(x.shape) < 2 and not text:
                raise ValueError(f"inputs must be (batch, time, ...), got shape {x.shape}")
            time = (None,) if type(x) is Rows else x.shape[1:2]
            dtype = "string" if text else str(x.dtype)
            shape = (None, *time, *x.shape[2:])
            self._build_from(Input(batch_shape=shape, dtype=dtype), strict=False)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the Input."""
        return list(self._stack)

    def _sublayers(self) -> list[Layer]:
        return list(self._stack)

    def _call_symbolic(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._plan is None and args and isinstance(args[0], KerasTensor):
            self._build_from(Input(batch_shape=args[0].shape, dtype=args[0].dtype))
        return super()._call_symbolic(args, kwargs)

    def _apply_without_plan(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._plan is None and args:  # the first call builds the graph
            with naming_errors(self):
                self.ensure_graph(model_inputs.as_value(args[0]))
            return self.apply(*args, **kwargs)
        return super()._apply_without_plan(args, kwargs)

    def _dispatch(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        ready = self._walks or self._plan is None
        return self.apply(*args, **kwargs) if ready else super()._dispatch(args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """The layers in order, in Keras's form.

        Returns
        -------
        dict
            The config, without weights.

        Notes
        -----
        Source: keras.Sequential.get_config.
        """
        chain = [self._input.maker] if self._input is not None else []
        return {
            "name": self.name,
            "build_input_shape": self.inputs[0].shape if self._plan else None,
            "layers": [serialize_layer(x) for x in chain + self._stack],
        }

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_layers: dict[str, type[Layer]] | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> "Sequential":
        """A model made from what `get_config` returned, with new weights.

        Parameters
        ----------
        config : dict
            The config.
        custom_layers : dict of str to class, optional
            Class name -> class, for layers of your own.
        custom_objects : dict, optional
            The same, as Keras has it: name -> class or function.

        Returns
        -------
        Sequential
            The model.

        Raises
        ------
        ValueError
            For a layer that is not known.

        Notes
        -----
        Source: keras.Sequential.from_config.
        """
        with custom_object_scope(custom_objects or {}):
            layers = [deserialize_layer(entry, custom_layers) for entry in config["layers"]]
        model = cls(layers, name=config.get("name"))
        if config.get("build_input_shape") is not None:
            model.build(config["build_input_shape"])
        return model

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        start = None if self._input is None else self._input.maker
        return {**state, "_input": start}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._input is not None:
            self._input = self._input.output
