"""Model: layers in a graph, run on rows from input to output. Source: keras.Model."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Unpack, overload

import numpy as np

from .. import ops
from ..context import MASK_LOSS, OUTSIDE, changed, current, fixed, newest
from ..given.custom import custom_object_scope
from ..given.options import verbosity
from ..graph import config as functional
from ..graph.inner import with_own_inputs
from ..graph.order import layers_by_depth
from ..graph.plan import Plan
from ..graph.symbols import KerasTensor, Operation, unique_name
from ..layers.base.arguments import LayerOptions
from ..layers.base.binding import as_output
from ..layers.base.checks import whole
from ..layers.base.errors import PLAIN_ERRORS, naming_errors, put_name
from ..layers.base.layer import Layer
from ..layers.base.registry import deserialize_layer, register_model, serialize_layer
from ..layers.base.weights import overridable
from ..layers.core.input import Input
from ..nest import flatten, map_structure
from ..rows import as_padded
from . import asked, batches
from . import inputs as model_inputs
from .answers import as_arrays
from .saving import Saving
from .summary import Summarized
from .trainable import Trainable

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    from .session import Session

    Out = TypeVarWithDefault("Out", default=Any)
else:
    Out = TypeVar("Out")
"""What `predict` gives: an array, a dict of arrays, or whatever the outputs are."""


class ModelOptions(LayerOptions, total=False):
    """Keyword arguments of every model; see `Model`."""

    on_mask_loss: Literal["warn", "error", "ignore"]


@register_model
class Model(Layer, Saving, Trainable, Summarized, asked.Framed, Generic[Out]):
    """A graph of layers between `inputs` and `outputs`, or a class with its own `call`.

    Parameters
    ----------
    inputs : object, optional
        Symbolic tensors, or lists or dicts of them; layers may be shared, and models may be called
        like layers. A subclass that writes `call` gives neither.
    outputs : KerasTensor or nested KerasTensors, optional
        Symbolic tensors, or lists or dicts of them; layers may be shared, and models may be called
        like layers. A subclass that writes `call` gives neither.
    name : str, optional
        The name; made from the name of the class if None.
    on_mask_loss : str, default "warn"
        What happens where a layer destroys a mask: "warn" once (with the layer's name and what to
        write instead), raise an "error", or "ignore" it.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `inputs` are not symbolic, `outputs` need others than these, two layers have one name, or
        `on_mask_loss` is unknown. From a call on data of another number or shape than `inputs`.
    TypeError
        From a call on text where an input is of numbers.

    See Also
    --------
    Sequential : A chain of layers.
    Input, maskseq.load_model

    Notes
    -----
    Source: keras.Model.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> x = layers.LSTM(8)(x)
    >>> model = maskseq.Model(ids, layers.Dense(1, activation="sigmoid")(x))
    >>> model.predict([[711, 632, 71], [73, 8]]).shape
    (2, 1)
    """

    supports_masking = True
    _word = "model"

    @overload
    def __init__(
        self: "Model[np.ndarray]",
        inputs: Any,
        outputs: KerasTensor,
        **options: Unpack[ModelOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: "Model[dict[str, np.ndarray]]",
        inputs: Any,
        outputs: dict[str, KerasTensor],
        **options: Unpack[ModelOptions],
    ) -> None: ...
    @overload
    def __init__(
        self, inputs: Any = None, outputs: Any = None, **options: Unpack[ModelOptions]
    ) -> None: ...

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        name: str | None = None,
        on_mask_loss: str = "warn",
        **kwargs: Any,
    ):
        if on_mask_loss not in MASK_LOSS:
            raise ValueError(
                f"Model: on_mask_loss must be 'warn', 'error' or 'ignore', got {on_mask_loss!r}"
            )
        if name is None and type(self) is Model:
            name = unique_name("functional")
        super().__init__(name=name, **kwargs)
        self.on_mask_loss = on_mask_loss
        self._plan: Any = None  # a Plan, once there is a graph
        self._takes = model_inputs.takes_nothing
        self._walks = False  # a call is a walk along the plan, not a `call` of a subclass
        if inputs is not None or outputs is not None:
            self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any, strict: bool = True) -> None:
        """Take a graph. `strict`: the data must have the time that `inputs` say, if any."""
        for argument, value in (("inputs", inputs), ("outputs", outputs)):
            if not all(isinstance(x, KerasTensor) for x in flatten(value)) or not flatten(value):
                raise ValueError(f"Model: {argument} must be symbolic tensors, got {value!r}")
        inputs, outputs = with_own_inputs(inputs, outputs, _input_like)
        single = isinstance(outputs, (list, tuple)) and len(outputs) == 1
        self._plan = Plan(inputs, outputs[0] if single else outputs)  # as Keras answers
        self._takes = model_inputs.taker(inputs, strict)
        self._walks = type(self).call is Model.call
        self._input_structure, self._output_structure = inputs, outputs
        self.inputs, self.outputs = flatten(inputs), flatten(outputs)
        self._graph_layers = layers_by_depth(self.inputs, self.outputs)
        for name, count in Counter(x.name for x in self._graph_layers).items():
            if count > 1:
                raise ValueError(f"Model: layer names must be unique, got '{name}' {count} times")
        self._strict_shapes = strict
        self.built = True
        self._freeze_inside()

    @property
    def input(self) -> Any:
        """The symbolic inputs, as they were given.

        Raises
        ------
        AttributeError
            Before there are any.
        """
        return self._input_structure if self._plan else super().input

    @property
    def output(self) -> Any:
        """The symbolic outputs, as they were given.

        Raises
        ------
        AttributeError
            Before there are any.
        """
        return self._output_structure if self._plan else super().output

    @property
    def input_shape(self) -> Any:
        """The shape of the input, None = any size; a list of shapes if there are several.

        Raises
        ------
        AttributeError
            As of `input`.
        """
        return _one_or_all([x.shape for x in flatten(self.input)])

    @property
    def output_shape(self) -> Any:
        """The shape of the output, None = any size; a list of shapes if there are several.

        Raises
        ------
        AttributeError
            As of `output`.
        """
        return _one_or_all([x.shape for x in flatten(self.output)])

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs, in order."""
        return [x.maker.name for x in flatten(self.output)]

    @property
    def layers(self) -> list[Layer]:
        """The layers, inputs first."""
        return list(self._graph_layers) if self._plan else self._sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or number.

        Parameters
        ----------
        name : str, optional
            Its name.
        index : int, optional
            Its number, from 0; negative ones count from the end.

        Returns
        -------
        Layer
            The layer.

        Raises
        ------
        ValueError
            If none has the name.
        IndexError
            If none has the number.

        Notes
        -----
        Source: keras.Model.get_layer.
        """
        if index is not None:
            index = whole(index, "index", None)
            if -len(self.layers) <= index < len(self.layers):
                return self.layers[index]
            raise IndexError(f"model '{self.name}' has {len(self.layers)} layers, none at {index}")
        for layer in self.layers:
            if isinstance(name, str) and layer.name == name:
                return layer
        raise ValueError(
            f"model '{self.name}' has no layer {name!r}; it has {[x.name for x in self.layers]}"
        )

    def _sublayers(self) -> list[Layer]:
        return list(self._graph_layers) if self._plan else super()._sublayers()

    # Calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model on arrays, or record it on symbolic tensors."""
        if self._walks and len(args) == 1 and not kwargs:
            x = args[0]
            if self._takes(x):
                return as_output(self._walk(x if type(x) is list else [x]))
        return super().__call__(*args, **kwargs)

    @property
    def step(self) -> Callable[..., Any]:
        return self.apply if type(self).__call__ is Model.__call__ else super().step

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """What the outputs are for `inputs`: Rows or arrays, whichever is nearer.

        A model is no step of its own: its plan has the layers do theirs. `mask=` gives the inputs
        masks by hand: one, or as many as inputs, None for none.
        """
        if not self._walks:
            return self._apply_without_plan(args, kwargs)
        if len(args) == 1 and not kwargs:
            x = args[0]
            if self._takes(x):
                return self._walk(x if type(x) is list else [x])
        with naming_errors(self):
            return self._walk_given(*args, **kwargs)

    def _apply_without_plan(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        return super().apply(*args, **kwargs)

    def _dispatch(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        return self.apply(*args, **kwargs) if self._walks else super()._dispatch(args, kwargs)

    @overridable
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs for `inputs`, as tensors that carry their masks.

        Parameters
        ----------
        inputs : array_like, KerasTensor, or list or dict of them
            One for each input: numbers (batch, time, ...).
        training : bool, optional
            Whether layers such as Dropout draw; None: as the call around it.
        mask : array_like of bool, optional
            (batch, time), True = real; or a list, one for each input, None for none.

        Returns
        -------
        Tensor, KerasTensor, or list or dict of them
            float32, in the structure that the model was made with.

        Raises
        ------
        ValueError
            For inputs of another number or shape, naming the layer.

        Notes
        -----
        Source: keras.Model.call.
        """
        return as_output(self._walk_given(inputs, training, mask))

    def _walk_given(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if np.ndim(training):
            raise TypeError("training must be a bool, got an array; give a mask as mask=")
        if self._plan is None:
            kind = type(self).__name__
            raise NotImplementedError(
                f"{kind} has no graph: give inputs and outputs, or write call"
            )
        return self._walk(model_inputs.standardize(self, inputs, mask), training)

    def _walk(self, values: list[Any], training: bool | None = None) -> Any:
        outer = current()
        if outer is OUTSIDE and not training:
            return self._plan.run(values, *newest.starts.walks[self.on_mask_loss])
        settings: dict[str, Any] = {"on_mask_loss": self.on_mask_loss}
        if training is not None:
            settings["training"] = bool(training)
        last = fixed().but(**settings)
        inside = last.but(padded_output=False)
        if (tape := outer.tape) is not None:
            return self._plan.run(list(map(tape.hold, values)), inside, inside)
        return self._plan.run(values, inside, last)

    def _finish(self, outputs: Any, inputs: Any, previous_mask: Any) -> None:
        """Outputs keep the masks that the last layers gave them."""

    @overridable
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks of the outputs.

        Parameters
        ----------
        inputs : array_like, or list or dict of them
            As for a call.
        previous_mask : array_like of bool, optional
            (batch, time), True = real; or a list, one for each input.

        Returns
        -------
        array of bool, None, or a structure of them
            (batch, time) for each output that has a mask.

        Notes
        -----
        Source: keras.Model.compute_mask.
        """
        outputs = self(inputs, mask=previous_mask)
        return map_structure(lambda x: getattr(x, "_keras_mask", None), outputs)

    def gives_late_mask(self, masked: bool, shape: tuple, made: tuple) -> bool:
        return True

    def predict_on_batch(self, x: Any) -> Out:
        """The outputs for one batch, as plain arrays.

        Parameters
        ----------
        x : array_like, Ragged, or list or dict of them
            One batch, as `predict` takes it.

        Returns
        -------
        ~Out
            float32 arrays (number of sequences, ...); outputs of every step are padded.

        Raises
        ------
        ValueError
            For data that does not fit the inputs.
        TypeError
            For text where an input is of numbers.

        See Also
        --------
        predict

        Notes
        -----
        Source: keras.Model.predict_on_batch.
        """
        if self._takes(x):
            return as_arrays(self._walk(x if type(x) is list else [x]))
        return self._predict(x, None, cutting=False)

    @overload
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        *,
        ragged: Literal[False] = False,
        as_frame: Literal[False] = False,
        **options: Unpack[asked.PlainOptions],
    ) -> Out: ...
    @overload
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **options: Unpack[asked.PredictOptions],
    ) -> Any: ...

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **options: Unpack[asked.PredictOptions],
    ) -> Any:
        """The outputs for `x`, as plain arrays in the order of `x`.

        Parameters
        ----------
        x : array_like
            A padded array; a list of sequences (lists or arrays of any lengths); a Ragged; an Arrow
            list column; a frame; or a list or dict of these, one for each input; or batches, as for
            `fit`. Sequences that are not padded stay so, as if masked.
        batch_size : int, optional
            Sequences a call; by default as many as suit the machine. The result does not depend on
            it; 32 with steps (batches at most) or callbacks (as for `fit`).
        verbose : int or "auto", default 0
            1: a bar where a line may be written over, then a line; 2: the line.
        steps : int, optional
            Batches at most.
        callbacks : Callback, list of Callback or None, default None
            The callbacks.
        **options
            `models.asked.PredictOptions`.

        Returns
        -------
        ~Out
            float32 arrays (number of sequences, ...); outputs of every step are padded.

        Raises
        ------
        ValueError
            For data that does not fit the inputs, or a `batch_size` below 1.
        TypeError
            For text where an input is of numbers, and for unknown options.

        See Also
        --------
        predict_on_batch
        """
        if type(verbose) is not int:
            verbose = verbosity(verbose)
        if options or (verbose and steps is callbacks is None):
            return asked.predict(self, x, batch_size, steps, callbacks, verbose, **options)
        if batch_size is steps is callbacks is None and 0 < self._takes(x) <= batches.STEPS_A_CALL:
            y = self._walk(x if type(x) is list else [x])
            answer: Any = y if type(y) is np.ndarray else as_arrays(y)
            return answer
        if steps is callbacks is None and (type(x) is list or not batches.gives_batches(x)):
            return self._predict(x, batch_size, cutting=True)
        return self._predict_by_batch(x, batch_size, steps, callbacks, verbose)

    def _predict(self, x: Any, batch_size: int | None, cutting: bool) -> Any:
        try:
            values = model_inputs.for_predict(self, x)
            parts = batches.cut(self, values, batch_size) if cutting else [values]
            if len(parts) == 1:
                return self._predict_batch(values)
            with changed():  # all batches see the same weights
                joined = batches.in_one(self._predict_batch, parts)
                # None where steps are words, of longest texts
                return self._predict_batch(values) if joined is None else joined
        except PLAIN_ERRORS as error:
            put_name(self, error)
            raise

    def _predict_batch(self, values: list[Any]) -> Any:
        if self._plan is not None:
            return as_arrays(self._walk(model_inputs.prepare(self, values)))
        tensors = [as_padded(value) for value in values]
        with changed(on_mask_loss=self.on_mask_loss):
            return as_arrays(self(tensors[0] if len(tensors) == 1 else tensors))

    def session(self) -> "Session":
        """The states of one stream, which this model answers a part at a time.

        Returns
        -------
        Session
            A session that begins with first states.

        Raises
        ------
        ValueError
            For a model of several inputs, or with a layer that looks across steps.
        """
        from .session import Session

        return Session(self)

    @property
    def mask_rule(self) -> str:
        """Whose rule for masks its layers follow: "keras3", or an older one of a Keras 2."""
        older = {layer.mask_rule for layer in self.layers} - {"keras3"}
        return min(older, default="keras3")

    @property
    def stateful(self) -> bool:
        """True if a layer keeps its states from one call to the next."""
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    def reset_state(self) -> None:
        """Start the next call of all stateful layers from their first states."""
        stateful: list[Any] = [x for x in self.layers if getattr(x, "stateful", False)]
        for layer in stateful:
            layer.reset_state()

    reset_states = reset_state

    # Config and copies

    def get_config(self) -> dict[str, Any]:
        """The layers and the calls between them, in Keras's form.

        Returns
        -------
        dict
            The config, without weights.

        Raises
        ------
        NotImplementedError
            For a subclass that writes `call`, which must write its own.

        Notes
        -----
        Source: keras.Model.get_config.
        """
        if self._plan is None:
            raise NotImplementedError(f"{type(self).__name__} must write its own get_config")
        return {**super().get_config(), **self._wiring(_entry)}

    def _wiring(self, entry_of: Any) -> dict[str, Any]:
        ends = self._input_structure, self._output_structure
        return functional.to_config(*ends, self._graph_layers, self._plan.nodes, entry_of)

    def to_json(self, **options: Any) -> str:
        """The layers and the calls between them as JSON, as Keras writes it.

        Parameters
        ----------
        **options
            As for `json.dumps`.

        Returns
        -------
        str
            The config, without weights.

        Raises
        ------
        TypeError
            For a layer that holds a function, such as Lambda.

        See Also
        --------
        from_config

        Notes
        -----
        Source: keras.Model.to_json.
        """
        from .json_config import in_keras_form, to_json

        return to_json(in_keras_form(serialize_layer(self)), **options)

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_layers: dict[str, type[Layer]] | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> "Model":
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
        Model
            The model.

        Raises
        ------
        ValueError
            For a layer that is not known.

        Notes
        -----
        Source: keras.Model.from_config.
        """

        def make(entry: dict[str, Any]) -> Any:
            if entry.get("module") == ops.__name__:
                return ops.OPERATIONS[entry["class_name"]]
            return deserialize_layer(entry, custom_layers)

        with custom_object_scope(custom_objects or {}):
            graph = functional.from_config(config, make)
        return cls(*graph, name=config.get("name"))._frozen_as(config)

    def _frozen_as(self, config: dict[str, Any]) -> "Model":
        """Itself, not trainable if a config says so; what is in it says so of itself."""
        if config.get("trainable") is False:
            self._trainable = False
        return self

    def __getstate__(self) -> dict[str, Any]:
        if self._plan is None:
            return super().__getstate__()
        graph = ("inputs", "outputs", "_input_structure", "_output_structure")
        graph = (*graph, "_reads_masked", "_streams")
        state = {k: v for k, v in super().__getstate__().items() if k not in graph}
        wires = self._wiring(lambda x: {"operation": x})
        return {**state, "_plan": None, "_takes": None, "_wires": wires}

    def __setstate__(self, state: dict[str, Any]) -> None:
        wires = state.pop("_wires", None)
        self.__dict__.update(state)
        if wires is not None:
            self._set_graph(*functional.from_config(wires, _operation_of), self._strict_shapes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._plan is None:
            return super().compute_output_shape(input_shape)
        return map_structure(lambda x: x.shape, self._plan.outputs)


def _input_like(tensor: KerasTensor) -> KerasTensor:
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype)


def _one_or_all(shapes: list[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else shapes


def _entry(operation: Any) -> dict[str, Any]:
    if isinstance(operation, Operation):
        config = {"name": operation.name}
        return {"module": ops.__name__, "class_name": operation.class_name, "config": config}
    return serialize_layer(operation)


def _operation_of(entry: dict[str, Any]) -> Any:
    operation = entry["operation"]
    return operation.function if isinstance(operation, Operation) else operation
