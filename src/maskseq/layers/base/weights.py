"""The weights of a layer, and of the layers it holds."""

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import compress, repeat
from typing import Any

import numpy as np

from ... import constraints, initializers, regularizers
from ...context import changed
from ...given import as_array
from ...nest import is_nested
from ...numerics.quantizing import quantize
from ...variable import Variable, publish, weight_source
from .errors import check_axes, naming_errors

_WITHOUT_LAYERS = "_inbound_nodes", "_own_variables", "_made_at"
"""Attributes of a layer that need not be looked through for others."""


def _find_holders(value: Any, found: dict[int, Any]) -> None:
    """Add the holders in a nested structure."""
    if isinstance(value, WeightHolder):
        found[id(value)] = value
    elif isinstance(value, dict):
        for key in sorted(value):
            _find_holders(value[key], found)
    elif isinstance(value, (list, tuple)):
        may_hold = map(isinstance, value, repeat((WeightHolder, dict, list, tuple)))
        for part in compress(value, may_hold):
            _find_holders(part, found)


def _weights_of(holders: Sequence[Any]) -> list[Variable]:
    """Their own weights, each once."""
    found: dict[int, Variable] = {}
    for holder in holders:
        if own := holder._own_variables:
            found.update((id(v), v) for v in own)
    return list(found.values())


def overridable(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that subclasses write with arguments of their own; type checkers let them."""
    return method


def marking_built(build: Callable) -> Callable:
    """A `build` method that, once through, says so: layers that hold others call it by hand."""

    @functools.wraps(build)
    def marked(self: Any, *args: Any, **kwargs: Any) -> None:
        with naming_errors(self):
            check_axes(self, *args, **kwargs)
            build(self, *args, **kwargs)
        self._freeze_inside()
        shape = args[0] if args else None
        self._built_features = shape[-1] if shape and not is_nested(shape[-1]) else None
        if type(self).build is marked:  # a subclass that calls this one has more to do
            self.built = True

    return marked


def checking_shapes(rule: Callable) -> Callable:
    """A `compute_output_shape` that takes the layer's axes only; errors name the layer."""

    @functools.wraps(rule)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        with naming_errors(self):
            check_axes(self, *args, **kwargs)
            return rule(self, *args, **kwargs)

    return checked


class WeightHolder:
    """Holds weights, and other holders among its attributes.

    The weights are its own, those made trainable first, then those of the others in the order in
    which they became attributes: Keras's order, which freezing one does not change.
    """

    name: str
    built: bool
    _own_variables: list[Variable]
    _made_trainable = 0  # so many of them
    _trainable = True  # an attribute of its own where somebody said so

    @property
    def trainable(self) -> bool:
        """False if the layer is frozen. Setting it sets that of all layers inside, as in Keras."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for holder in self._holders():
            holder._trainable = bool(value)

    def _freeze_inside(self) -> None:
        """What a frozen layer holds is frozen too, unless somebody said otherwise."""
        if not self._trainable:
            for holder in self._holders():
                vars(holder).setdefault("_trainable", False)

    def add_weight(
        self,
        shape: tuple[int, ...] | None = None,
        initializer: Any = None,
        dtype: str | None = None,
        *,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Parameters
        ----------
        shape : tuple of int, optional
            () if None.
        initializer : str, dict or Initializer, optional
            A name, a config or a function of a shape.
        autocast : bool, default True
            Accepted, without effect.
        regularizer : Regularizer, optional
            Names, configs or functions of an array, kept as attributes of the weight.
        constraint : Constraint, optional
            Names, configs or functions of an array, kept as attributes of the weight.
        aggregation : str or None, default "none"
            Accepted, without effect.
        overwrite_with_gradient : bool, default False
            Accepted, without effect.

        Returns
        -------
        Variable
            The weight, of `shape`, named ``<layer>/<name>``.

        Raises
        ------
        ValueError
            If an initializer, regularizer or constraint is unknown.

        Notes
        -----
        Source: keras.Layer.add_weight.
        """
        kind = np.dtype(dtype or "float32")
        if initializer is None:
            initializer = "glorot_uniform" if kind.kind == "f" else "zeros"
        shape, source = tuple(shape or ()), weight_source.get()
        if None in shape:
            raise ValueError(
                f"a weight must have known sizes, got shape {shape}: give Input the size"
            )
        value = source(shape, kind) if source else initializers.get(initializer)(shape)
        name = name or f"weight_{len(self._own_variables)}"
        variable = Variable(
            np.asarray(value, kind),
            f"{self.name}/{name}",
            trainable,
            regularizers.get(regularizer),
            constraints.get(constraint),
            own=source is not None,
        )
        if trainable:
            self._own_variables.insert(self._made_trainable, variable)
            self._made_trainable += 1
        else:
            self._own_variables.append(variable)
        return variable

    def add_named_weight(
        self, name: str, shape: tuple[int, ...], option: str | None = None, initializer: Any = None
    ) -> Variable:
        """Make a weight by the layer's arguments for it, `<option>_initializer` and so on.

        Parameters
        ----------
        option : str, optional
            `name` if None.
        initializer : str, dict or Initializer, optional
            In place of the layer's.

        Returns
        -------
        Variable
            The weight.

        Raises
        ------
        AttributeError
            If the layer has no such arguments.
        """
        option = option or name
        return self.add_weight(
            shape,
            initializer or getattr(self, f"{option}_initializer"),
            regularizer=getattr(self, f"{option}_regularizer"),
            constraint=getattr(self, f"{option}_constraint"),
            name=name,
        )

    def _sublayers(self) -> list[Any]:
        """The layers among its attributes."""
        found: dict[int, Any] = {}
        attributes = vars(self).copy()  # other threads may add some
        for name in _WITHOUT_LAYERS:
            attributes.pop(name, None)
        _find_holders(list(attributes.values()), found)
        return list(found.values())

    def _holders(self, until: Callable[[Any], bool] | None = None) -> list[Any]:
        """Itself, and all that it holds at any depth, each once, before what it holds itself.

        until: the first of which this is true is the last one.
        """
        found: dict[int, Any] = {}
        left = [self]
        while left:
            holder = left.pop()
            if id(holder) not in found:
                found[id(holder)] = holder
                if until is not None and until(holder):
                    break
                left += reversed(holder._sublayers())
        return list(found.values())

    @property
    def weights(self) -> list[Variable]:
        """All weights: the layer's own, then those of the layers it holds.

        Returns
        -------
        list of Variable
            Each once.
        """
        return _weights_of(self._holders())

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trainable, in layers that are; none if this one is frozen."""
        if not self._trainable:
            return []
        holders = self._holders()
        weights = [v for v in _weights_of(holders) if v.trainable]
        if all(holder._trainable for holder in holders):
            return weights
        frozen = self._frozen()
        return [v for v in weights if id(v) not in frozen]

    def _frozen(self) -> set[int]:
        """The ids of the weights of frozen layers inside; who said nothing is as its holder."""
        seen: set[int] = set()
        frozen: set[int] = set()
        left: list[tuple[WeightHolder, bool]] = [(self, True)]
        while left:
            holder, trained = left.pop()
            if id(holder) not in seen:
                seen.add(id(holder))
                trained = vars(holder).get("_trainable", trained)
                if not trained:
                    frozen.update(map(id, holder._own_variables))
                left += [(inner, trained) for inner in holder._sublayers()]
        return frozen

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """All other weights."""
        trainable = set(map(id, self.trainable_weights))
        return [v for v in self.weights if id(v) not in trainable]

    trainable_variables, non_trainable_variables = trainable_weights, non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights.

        Returns
        -------
        list of numpy.ndarray
            float32, in the order of `weights`.

        Notes
        -----
        Source: keras.Layer.get_weights.
        """
        with changed():
            return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights in one step, or none if any has another shape than expected.

        A call that runs at the same time sees the old weights until its end. A UserWarning names
        weights that have NaN.

        Parameters
        ----------
        weights : list of array_like
            Numbers in the order and shapes of `get_weights`; they become float32.

        Raises
        ------
        ValueError
            Naming layer, weight, expected and got, or a number beyond float32.
        TypeError
            For what is no array of numbers.

        Notes
        -----
        Source: keras.Layer.set_weights.
        """
        variables = self.weights
        if not np.iterable(weights):
            raise TypeError(f"layer '{self.name}': weights must be a list, got {weights!r}")
        arrays = [as_array(w, f"weights[{i}]") for i, w in enumerate(weights)]
        if len(arrays) != len(variables):
            raise ValueError(
                f"layer '{self.name}' ({type(self).__name__}): expected {len(variables)} weights, "
                f"got {len(arrays)}" + ("" if self.built else " (the layer is not built yet)")
            )
        for variable, array in zip(variables, arrays, strict=True):
            place = f"layer '{self.name}' ({type(self).__name__}): weight {variable.name}"
            if array.shape != variable.shape:
                raise ValueError(f"{place} expected shape {variable.shape}, got {array.shape}")
            if array.dtype.kind not in "fiub":
                raise TypeError(f"{place} expected numbers, got dtype {array.dtype}")
        publish(variables, arrays)

    def load_torch(
        self, weights: Any, prefix: str = "", names: Mapping[str, Any] | None = None
    ) -> None:
        """Take the weights from a PyTorch module; `maskseq.from_torch` builds the layer too.

        Gates, transposed matrices, two biases and heads are put in order. A layer that is not built
        is built. All weights change in one step, or none.

        Parameters
        ----------
        weights
            A state_dict, or any dict of arrays (or of what has `.numpy()`, `__array__` or
            `__dlpack__`) by PyTorch's names, or the path of a `.safetensors`, `.pt`, `.pth` or
            `.npz` file. PyTorch is not needed.
        prefix : str, default ""
            What stands before the names, as "encoder.lstm."; a `*` in it is where the name of the
            weight stands: "lstm.``*_l1``" is the second layer of an nn.LSTM.
        names : dict, optional
            Of a layer, PyTorch's name of a weight -> that in `weights`, where it is another; also
            "W", "R" and "B" of an ONNX node. Of a model, the name of a layer -> its prefix, which
            by default is its own name, or such a dict.

        Raises
        ------
        ValueError
            Naming layer, weight, expected and got, also for weights under the prefix that nothing
            takes.
        TypeError
            For a layer that PyTorch does not have.
        """
        from ...importers.torch.load import load_torch

        layer: Any = self
        load_torch(layer, weights, prefix, names)

    def quantize(self, mode: str) -> None:
        """Keep the weights of products and tables, also of layers inside, in fewer bits.

        The layer must be built. Other weights, such as biases, stay float32. See docs/precision.md.

        Parameters
        ----------
        mode : str
            "int8" or "bfloat16".

        Raises
        ------
        ValueError
            Naming the layer; then nothing is changed.

        Notes
        -----
        Source: keras.layers.Layer.quantize.
        """
        quantize(self, mode)

    def count_params(self) -> int:
        """How many numbers the weights hold.

        Returns
        -------
        int
            The count, those that are not trained included.

        Notes
        -----
        Source: keras.Layer.count_params.
        """
        return sum(v.value.size for v in self.weights)
