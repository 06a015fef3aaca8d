"""The base of every layer: names, weights, config, and the way of a mask through a call.

Source: keras.layers.Layer, version 3.15.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Unpack

import numpy as np
from numpy import ndarray

from ... import regularizers
from ...configured import is_ours, snake_case
from ...context import OUTSIDE, changed, current, enter, fixed, leave, newest
from ...given.checking import checking
from ...given.custom import custom_object_scope
from ...given.notices import place_of
from ...graph.record import build_inside, probe_call, record, tensors_of
from ...graph.symbols import Node, is_symbolic, unique_name
from ...nest import flatten, holds, map_structure
from ...numerics.drawing import inside
from ...rows import PACKED, Rows, Unmasked, as_padded
from ...tape import Traced
from ...tensor import as_numpy, convert_to_tensor, get_keras_mask
from ...variable import Trial
from .arguments import LayerOptions, as_config, check_options, config_of_arguments
from .binding import (
    are_kept,
    are_plain,
    as_output,
    gives_mask,
    kind_of,
    rows_parameters,
    settings_of,
    shape_arguments,
    signature_of,
    to_tensor,
)
from .checks import check_argument, check_features, dtype_of
from .contract import Contract
from .errors import PLAIN_ERRORS, call_error
from .masks import (
    attach_masks,
    fill_masks,
    follow_taken_masks,
    has_mask,
    is_mask_of,
    records_mask,
    take_masks,
    tell_mask_loss,
    tell_padding,
    tell_unused_mask,
    unmasked,
)
from .registry import deserialize_layers_in
from .rules import KERAS2, checked_rule
from .table import FILES
from .taping import answer_on_tape, take_mask_on_tape
from .weights import checking_shapes, marking_built, overridable

_building = threading.RLock()
_checking = functools.partial(checking, check=check_argument)
_WAYS = {"on_rows", "on_unmasked", "on_tape", "over_shown"}
_PROMISES = {"stepwise", "reads_masked", "own_steps", "own_queries", "plain", "packs", "any_time"}
_PROMISES |= _WAYS


class Layer(Contract):
    """A step of a model: weights, and a `call` from arrays to arrays.

    A subclass writes `call(self, inputs, ...)`; `build(self, input_shape)` if its weights depend on
    the input; `compute_mask(self, inputs, previous_mask)` if it makes or changes a mask. A `mask`
    argument of `call` is filled with the input's mask. `supports_masking = True` passes the mask
    on; a class with its own `compute_mask` has it set. Any other layer destroys the mask and says
    so once.

    Attributes of the class are promises to the models that it is part of. A subclass that overrides
    `call` or `compute_mask` makes these promises anew or not at all.

    `stepwise = True`
        `call` treats every step by itself: a model runs it on real steps alone.
    `on_rows(rows, ...)`
        Takes and may return Rows, or NotImplemented.
    `reads_masked`
        Which masked cells an output depends on: "all", its "own" step's, or "none".
    `own_steps = True`
        A step of the output depends on no other step of the inputs: so it is by default where
        `reads_masked` is "own".
    `own_queries = True`
        The layer attends: its steps are those of its first tensor, each for itself.
    `plain = True`
        `call` takes arrays without masks as plain arrays and asks the context for `training`, as a
        class with an `on_rows` of its own does.
    `input_axes = "(batch, time, ...)"`
        The axes of the first argument of `call`: other ones are an error.
    `takes_list = True`
        The first argument is a list of tensors, each with these axes.
    `packs = n`
        The layer makes Rows of an array of n axes by `pack`.
    `depends_on_padding`
        Why an answer depends on how much its input is padded although the mask is used or goes on:
        the layer says so once where it meets a mask.
    `any_time = True`
        No axis of the output but the last depends on how long time is, only on which times are
        equal, so that a call can be tried on short ones.
    `mixes_features = True`
        A number of the output depends on all features of its step.
    `takes_masks = True`
        The masks are taken off the tensors that the layer is called on.
    `fixed_features = True`
        The last axis of an input must have the size that the layer was built for: graphs check it
        when they are made.
    `kept_dtypes`
        Those that a model file may give the layer besides floats.
    `has_vocabulary = True`
        A model file may have a table of tokens for the layer: see `read_table`, `take_table`.
    `on_tape(tape, inputs, ...)`
        Gives the answer under a tape, for training. Without it `call` runs on Traced values, unless
        the class has a `backward(inputs, outputs, gradient)`, which gives the gradient of the
        inputs, or that and a dict {attribute of a weight: its gradient}.
    `traceable = False`
        `call` cannot run on Traced values.

    `get_config` reads the constructor's arguments from attributes of the same names, all but those
    in `not_in_config`; a class that keeps them elsewhere writes its own.

    Parameters
    ----------
    **options
        Those below.

    Other Parameters
    ----------------
    name : str or None
        str, unique in a model; made from the class name if None.
    dtype : str, optional
        Other floats than float32 are accepted, with a warning: float32 is what is computed.
    mask_rule : str
        Whose rule for masks holds where versions of Keras differ, see `rules.py`: "keras3"
        (3.15's), "keras2" (2.10 to 2.15), "keras2.9", "keras2.3" or "keras2.1".
    trainable : bool
        Whether training changes the weights.
    autocast : bool
        Accepted, without effect.
    activity_regularizer : str, dict, Regularizer or None
        A penalty on the outputs, for training: see `maskseq.regularizers`.
    input_shape : tuple of int
        Of one sample; a Sequential is then built at once.

    Raises
    ------
    TypeError
        For an option that there is not, with the nearest that the class takes. From a call on what
        holds no numbers.
    ValueError
        For a `dtype` that is not a float, or an unknown `mask_rule`. From a call on lists of
        different lengths, which a model's `predict` takes. Errors of a call name the layer.
    NotImplementedError
        From a call, if the class has no `call`.

    See Also
    --------
    Model : Layers as one.
    maskseq.layers.Lambda : A function as a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> class Scale(layers.Layer):
    ...     supports_masking = True
    ...
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "compute_mask" in own and "supports_masking" not in own:
            cls.supports_masking = True
        if "__init__" in own and is_ours(cls):
            cls.__init__ = _checking(own["__init__"])
        if "build" in own:
            cls.build = marking_built(own["build"])
        rule = own.get("compute_output_shape", Layer.compute_output_shape)
        if is_ours(cls) and rule is not Layer.compute_output_shape:
            cls.compute_output_shape = checking_shapes(rule)
        if {"call", "build"} & own.keys() and not is_ours(cls):
            cls.input_axes, cls.takes_list = own.get("input_axes"), own.get("takes_list", True)
        if {"call", "compute_mask", "__call__"} & own.keys():
            if "on_rows" in own:
                cls.plain = True
            for promise in _PROMISES - own.keys():
                setattr(cls, promise, getattr(Layer, promise))
        if "call" in own and "traceable" not in own:
            cls.traceable = not is_ours(cls)
        if own.get("stepwise") is True:
            cls.reads_masked = "own"
        # What does not read all masked cells lets masks be, or passes on what there is of them.
        cls._makes_masks = cls.compute_mask is not Layer.compute_mask and cls.reads_masked == "all"
        cls._takes_arrays = cls.plain and not cls._makes_masks

    @_checking
    def __init__(self, **options: Unpack[LayerOptions]):
        check_options(type(self), options)
        self._made_at = place_of(self)
        self.name = options.get("name") or unique_name(snake_case(type(self).__name__))
        self.dtype = dtype_of(options.get("dtype"), type(self))
        if "trainable" in options:
            self._trainable = options["trainable"]
        self.autocast = options.get("autocast", True)
        self.activity_regularizer = regularizers.get(options.get("activity_regularizer"))
        self.built = self._is_stateless()
        rule = checked_rule(options.get("mask_rule", "keras3"))
        if rule != "keras3":
            self.mask_rule = rule
        self._input_shape_argument = options.get("input_shape")
        self._own_variables = []
        self._inbound_nodes: list[Node] = []

    def _is_stateless(self) -> bool:
        """True for a layer of this package without weights: it is built when it is made."""
        cls = type(self)
        return cls.build is Layer.build and FILES.get(cls.__name__) == cls.__module__

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer anew, as data.

        Returns
        -------
        dict
            In Keras's form, without weights.

        Notes
        -----
        Source: keras.Layer.get_config.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if self.mask_rule != "keras3":
            config["mask_rule"] = self.mask_rule
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = as_config(self.activity_regularizer)
        return config | config_of_arguments(self, Layer.get_config)

    @classmethod
    @overridable
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "Layer":
        """A layer made from what `get_config` returned.

        Parameters
        ----------
        config : dict
            The config.
        custom_objects : dict, optional
            Name -> class or function, for what of your own is inside, such as a cell.

        Returns
        -------
        Layer
            The layer, with new weights.

        Raises
        ------
        TypeError
            For an argument that the class does not take.
        ValueError
            For a layer inside that is not known.

        Notes
        -----
        Source: keras.Layer.from_config, and that of keras.layers.RNN and keras.layers.Wrapper.
        """
        with custom_object_scope(custom_objects or {}):
            return cls(**deserialize_layers_in(config))

    # Calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer on arrays, or record it on symbolic tensors."""
        plain = len(args) > 0 and type(args[0]) is ndarray and are_kept(args)
        plain = plain and (not kwargs or are_kept(kwargs.values()))
        if not plain and (is_symbolic(args) or (kwargs and is_symbolic(kwargs))):
            return self._named(self._call_symbolic, args, kwargs)
        # A walk sees the same weights to its end, and so does a call outside one.
        if current().tape is not None:
            return as_output(self._named(self._dispatch, args, kwargs))
        fixes = current() is OUTSIDE and not self._walks
        token = enter(newest.starts.call) if fixes else None
        try:
            if plain:
                return as_output(self.apply(*args, **kwargs))
            return as_output(self._named(self._dispatch, args, kwargs))
        finally:
            if token is not None:
                leave(token)

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer gives: Rows or arrays, whichever is nearer.

        The arguments may be Rows, arrays of the dtypes that tensors keep, and settings. Rows go to
        `on_rows`, if it takes them; arrays go to `call`, as they are where the class promises to
        take `plain` arrays and none carries a mask. All else goes by Keras's rules.
        """
        try:
            if self.built:
                if len(args) == 1 and not kwargs:
                    x = args[0]
                    kind = type(x)
                    if kind is ndarray and self._takes_arrays:
                        return self.call(x)
                    if kind is Traced:
                        kind = None
                    elif kind is not Rows and kind is not ndarray:
                        kind = kind_of(x)
                    if kind is Rows:
                        if self.supports_masking:
                            y = self.on_rows(x)
                            if y is not NotImplemented:
                                return y
                    elif kind is not None and self.plain:
                        if self.packs and x.ndim == self.packs and not current().padded_output:
                            return self.pack(x)
                        if self._takes_arrays:
                            return self.call(x)
                    elif kind is not None and isinstance(x, ndarray) and not current().training:
                        y = as_output(self.call(convert_to_tensor(x)))
                        if self._makes_masks:
                            self._finish(y, x, None)
                        return y
                elif self._takes_arrays and "training" not in kwargs:
                    given = are_plain(args) and are_plain(kwargs.values())
                    if given and not gives_mask(type(self), args, kwargs):
                        return self.call(*args, **kwargs)
        except PLAIN_ERRORS as error:
            self._raise_named(error, args, kwargs)
        return self._named(self._dispatch, args, kwargs)

    @property
    def step(self) -> Callable[..., Any]:
        """How a walk through a model calls the layer; a `__call__` of one's own gets arrays."""
        if type(self).__call__ is Layer.__call__:
            return self.apply
        return lambda *args, **kwargs: self(
            *map_structure(as_padded, args), **map_structure(as_padded, kwargs)
        )

    def _named(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """function(args, kwargs); its errors name the layer."""
        try:
            return function(args, kwargs)
        except (*PLAIN_ERRORS, AttributeError) as error:
            self._raise_named(error, args, kwargs)

    def _raise_named(
        self, error: Exception, args: tuple, kwargs: Mapping[str, Any] | None = None
    ) -> NoReturn:
        kwargs = kwargs or {}
        if type(error) is ValueError:
            error = signature_of(type(self)).odd_flag(args, kwargs) or error
        named = call_error(self, error, args or tuple(kwargs.values()))
        if named is not error:
            raise named from error
        raise error

    def _dispatch(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        training = kwargs.get("training") if kwargs else None
        if training is None and len(args) > 1:
            names = signature_of(type(self)).names
            if "training" in names[: len(args)]:
                training = args[names.index("training")]
        # No local holds the context: an error that is kept would keep all replaced weights too.
        if training is None or bool(training) is current().training:
            if current().tape is not None:
                return answer_on_tape(self, args, kwargs)
            return self._answer(args, kwargs)
        with changed(training=bool(training)):
            return self._dispatch(args, kwargs)

    def _answer(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if holds(args, PACKED) or (kwargs and holds(kwargs, PACKED)):
            unmasks = holds([args, kwargs], Unmasked)
            answer = self._on_unmasked if unmasks else self._on_given_rows
            result = answer(args, kwargs)
            if result is not NotImplemented:
                return result
            args, kwargs = map_structure(as_padded, args), map_structure(as_padded, kwargs)
        elif self.packs and len(args) == 1 and not kwargs and not current().padded_output:
            x = args[0]
            if isinstance(x, np.ndarray) and x.ndim == self.packs:
                self._ensure_built({"inputs": x})
                return self.pack(as_numpy(convert_to_tensor(x)))
        arguments, previous = self._bind(args, kwargs)
        self._ensure_built(arguments)
        with inside(self, previous):
            outputs = as_output(signature_of(type(self)).invoke(self.call, arguments))
        self._finish(outputs, next(iter(arguments.values()), None), previous)
        follow_taken_masks(self, arguments, outputs)
        if self.takes_masks:
            take_masks(self, [*args, *kwargs.values()])
        return outputs

    def _on_given_rows(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if not self.supports_masking:
            inputs = args[0] if args else None
            given = settings_of(type(self), args, kwargs)
            if type(inputs) is not Rows or given is None:
                return NotImplemented
            self._ensure_built({"inputs": inputs})
            return self.on_lost_mask(inputs, **given)
        given = self._rows_arguments(args, kwargs)
        if given is None:
            return NotImplemented
        self._ensure_built(given)
        inputs = given.pop(next(iter(given)))
        return self.on_rows(inputs, **given)

    def _on_unmasked(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if current().training or not self.built:
            return NotImplemented
        return self.on_unmasked(*args, **kwargs)

    def _rows_arguments(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """The arguments of `on_rows` in a call; None where Keras would not use their mask."""
        names = signature_of(type(self)).names
        if not self.supports_masking or len(args) > len(names):
            return None
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        given = {k: v for k, v in given.items() if v is not None and k != "training"}
        first = next(iter(given))
        masks = {k: given.pop(k) for k in ("mask", *(f"{x}_mask" for x in names)) if k in given}
        sides = [k for k in given if f"{k}_mask" in names] or [first]
        others = [k for k, v in given.items() if k not in sides and holds(v, (np.ndarray, Rows))]
        if f"{first}_mask" not in names and others and "mask" not in masks:
            if self.mask_rule not in KERAS2:
                return None  # a second tensor switches the carried mask off
        if not given.keys() - {first} <= rows_parameters(type(self)):
            return None
        for side in sides:
            rows = flatten(given[side])
            mask = masks.get(f"{side}_mask", masks.get("mask"))
            if not all(type(x) is Rows for x in rows):
                return None
            if mask is not None and not is_mask_of(rows, mask):
                return None
        return given

    def take_mask(self, value: Any, reader: Any) -> Any:
        """An input of a layer that `takes_masks` as later readers see it: unmasked.

        reader: what reads its padding as if it were real, None if nothing does.
        """
        return (take_mask_on_tape if type(value) is Traced else unmasked)(self, value, reader)

    def _bind(self, args: tuple, kwargs: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """The arguments of `call` as tensors, masks filled in, and the mask of the first one."""
        signature = signature_of(type(self))
        if "training" in kwargs and "training" not in signature.names:
            kwargs = {k: v for k, v in kwargs.items() if k != "training"}
        arguments = signature.bind(args, kwargs)
        if current().training and "training" in arguments and not arguments["training"]:
            if "training" not in kwargs and len(args) <= signature.names.index("training"):
                arguments["training"] = True
        for name, value in arguments.items():
            arguments[name] = to_tensor(name, value)
        previous = fill_masks(arguments)
        if self.mask_rule in KERAS2 and arguments.get("mask", True) is None:
            arguments["mask"] = previous
        tell_unused_mask(self, arguments, previous)
        return arguments, previous

    def _ensure_built(self, arguments: dict[str, Any]) -> None:
        if self.built:
            return
        edition = fixed().edition
        if type(edition) is Trial:  # of which nothing but the weights is to stay
            edition = newest.starts.call.edition
        with _building, changed(edition=edition):
            if not self.built:
                args, kwargs = shape_arguments(self.build, arguments)
                self.build(*args, **kwargs)
                self.built = True

    def _finish(self, outputs: Any, inputs: Any, previous_mask: Any) -> None:
        """Give the outputs of a call their masks, or tell that a mask is lost."""
        if self.supports_masking:
            if any(get_keras_mask(x) is None for x in flatten(outputs)):
                attach_masks(outputs, self.compute_mask(inputs, previous_mask))
            tell_padding(self, inputs, previous_mask)
        elif has_mask(previous_mask):
            tell_mask_loss(self)

    @classmethod
    def call_parameters(cls) -> list[str]:
        """The names of the arguments of `call`."""
        return signature_of(cls).names

    def _call_symbolic(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        arguments, previous = self._bind(args, kwargs)
        self._ensure_built(arguments)
        inputs = next(iter(arguments.values()))
        if self.fixed_features:
            check_features(inputs, self._built_features)
        if type(self).compute_output_shape is Layer.compute_output_shape:
            outputs = probe_call(self, args, kwargs)
        else:
            shape_args, shape_kwargs = shape_arguments(self.compute_output_shape, arguments)
            shapes = self.compute_output_shape(*shape_args, **shape_kwargs)
            outputs = tensors_of(shapes, self.compute_output_dtype(inputs))
            build_inside(self, args, kwargs)
        mask = arguments.get("mask") if records_mask(args, kwargs) else None

        def finish(made: Any) -> None:
            self._finish(made, inputs, previous)

        return record(self, args, kwargs, outputs, mask if has_mask(mask) else None, finish)

    @property
    def mask_role(self) -> str:
        """What the layer does with a mask: makes, uses, passes or drops it."""
        if "mask" in self.call_parameters():
            return "uses, passes" if self.supports_masking else "uses"
        return "passes" if self.supports_masking else "drops"

    def __getstate__(self) -> dict[str, Any]:
        """A layer is copied and pickled with its weights, without the graphs it stands in."""
        state = {**self.__dict__, "_inbound_nodes": []}
        state.pop("_made_at", None)  # a file of another machine
        return state

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
