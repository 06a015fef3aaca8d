"""Makes layers from the configs in Keras's model files.

What a file names is looked up in closed tables of our own classes, or refused by name. Nothing is
imported, evaluated, opened or fetched because a file says so; there is no switch that changes it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import activations, constraints, layers, regularizers
from ...configured import is_from_keras, is_ours
from ...given.kinds import expected_kind, parameters_of
from ...layers import Layer
from ...layers.base.arguments import arguments_of
from ...layers.base.registry import WITHOUT_LAYERS
from ...layers.base.rules import checked_rule, rule_of_version
from ...layers.base.table import ALIASES, FILES, IN_KERAS, OURS, names_in
from ..errors import FormatError, UnsupportedLayerError
from .costs import LAYER, model_budget
from .functions import Functions
from .keras2 import CLASSES, call_options, class_in_keras3, config_in_keras3
from .parsing import expect

LAYERS = {*names_in(IN_KERAS), *names_in(OURS), *ALIASES} - {"InputLayer", "Lambda"}
"""The class names that a file may have; inputs are made elsewhere, functions never."""
MODELS = ("Sequential", "Functional", "Model")
_HOLDERS = ("layer", "backward_layer", "cell", "cells", "activation")
_ACTIVATIONS = ("activation", "recurrent_activation")
_TABLES = ("vocabulary", "idf_weights", "bin_boundaries")  # of which honest files have many items
_TOKENS_A_STEP = 10  # of the budget
_MAX_DEPTH = 24  # models inside wrappers inside models

# Options of the training that was, and what training to come needs; options without effect on a
# result, and those of which one value means that they are not used.
_OF_TRAINING = ("_initializer",)
_FOR_TRAINING = ("_regularizer", "_constraint")
_WITHOUT_EFFECT = {
    "autocast", "batch_input_shape", "batch_shape", "build_config", "implementation",
    "input_length", "momentum", "renorm_clipping", "renorm_momentum", "synchronized",
    "unroll", "use_cudnn",
}  # fmt: skip
_NOT_IN_FILES = ("input_shape", "mask_rule", "weights")
UNUSED_OPTIONS = {
    "quantization_config": None,
    "lora_rank": None,
    "lora_alpha": None,
    "time_major": False,
    "sparse": False,
    "ragged": False,
    "renorm": False,
    "data_format": "channels_last",
}
# What arguments of wrong types, sizes and values make our own code raise.
_ODD = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError,
    RecursionError,
)  # fmt: skip
_INPUT_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "string",
)  # fmt: skip
_OF_IMAGES = ("2D", "3D", "2DTranspose", "3DTranspose")
_DTYPES = {"float16", "float32", "float64", "bfloat16"}


class LayerMaker:
    """Layers and models from their configs; one object per file.

    Arguments:
        path: name of the file, for errors.
        custom_layers: class name in the file -> class.
        keras_version: that of the Keras that wrote the file.
        functions: what the caller gives for functions in the file.
        mask_rule: whose rule for masks the layers follow; None: that of the version, or what
            stands beside the layers of a file of maskseq.

    Attributes:
        budget: what the layers and calls of the model may cost.
        call_options: id of a layer -> keyword arguments that each of its calls gets.
    """

    def __init__(
        self,
        path: str,
        custom_layers: Mapping[str, type[Layer]] | None = None,
        keras_version: tuple = (3, 0),
        functions: Functions | None = None,
        mask_rule: str | None = None,
    ) -> None:
        self.path, self.custom_layers = path, dict(custom_layers or {})
        self.keras_version, self._given_rule = keras_version, mask_rule
        self.mask_rule = mask_rule or rule_of_version(*keras_version)
        self.functions = functions or Functions({})
        self.budget = model_budget(path)
        self.call_options: dict[int, dict[str, Any]] = {}
        self._shared: dict[int, Layer] = {}
        self._depth = 0

    def layer(self, entry: Any) -> Layer:
        """The layer that `entry`, {"class_name": ..., "config": ...}, describes."""
        entry = expect(entry, dict, self.path, "a layer")
        shared = entry.get("shared_object_id")
        if isinstance(shared, int) and shared in self._shared:
            return self._shared[shared]
        self.budget.spend(LAYER)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FormatError(self.path, f"layers nested more than {_MAX_DEPTH} deep")
        outer, self.mask_rule = self.mask_rule, self._rule_of(entry)
        layer = self._make(entry)
        self.mask_rule = outer
        self._depth -= 1
        if isinstance(shared, int):
            self._shared[shared] = layer
        return layer

    def _rule_of(self, entry: dict[str, Any]) -> str:
        if self._given_rule is not None:
            return self._given_rule
        try:
            return checked_rule(entry.get("mask_rule", rule_of_version(*self.keras_version)))
        except (ValueError, TypeError) as error:
            raise FormatError(self.path, f"mask_rule: {error}") from error

    def _make(self, entry: dict[str, Any]) -> Layer:
        class_name = expect(entry.get("class_name"), str, self.path, "class_name")
        if class_name == "Sequential" and isinstance(entry.get("config"), list):
            entry = {**entry, "config": {"layers": entry["config"]}}  # Keras before 2.2
        config = expect(entry.get("config"), dict, self.path, f"config of {class_name}")
        name = self.name(config.get("name", entry.get("name", class_name)))
        cls = self._custom_class(entry, class_name)
        if cls is not None:
            layer = self._custom(cls, class_name, config, name)
        elif not is_from_keras(entry) and entry.get("module") != FILES.get(class_name):
            raise self.unsupported(name, class_name)
        elif class_name in MODELS:
            return self.model(entry)
        elif class_name == "Lambda":
            layer = self._lambda(name, config)
        else:
            layer = self._known(class_name, config, name)
        if class_name != type(layer).__name__:
            layer._saved_as = class_name
        return layer

    def _known(self, class_name: str, config: dict[str, Any], name: str) -> Layer:
        legacy = self.keras_version < (3, 0)
        known = class_in_keras3(class_name) if legacy else class_name
        if known not in LAYERS:
            raise self.unsupported(name, class_name)
        always = {}
        if legacy:
            config = config_in_keras3(class_name, config)
            always = call_options(known, config)
        cls = getattr(layers, known)
        options = {key: self._option(cls, name, key, value) for key, value in config.items()}
        options = {key: value for key, value in options.items() if value is not _DROP}
        layer = self._construct(cls, name, options)
        if always:
            self.call_options[id(layer)] = always
        return layer

    def _construct(self, cls: type[Layer], name: str, options: dict[str, Any]) -> Layer:
        if self.mask_rule != cls.mask_rule and "mask_rule" in arguments_of(cls):
            options["mask_rule"] = self.mask_rule
        try:
            return cls.from_config({**options, "name": name})
        except (FormatError, UnsupportedLayerError):
            raise
        except _ODD as error:
            raise UnsupportedLayerError(
                f"{self.path}: layer '{name}' ({cls.__name__}): {error}"
            ) from error

    def model(self, entry: dict[str, Any]) -> Layer:
        """The model that `entry` describes."""
        raise NotImplementedError

    def name(self, name: Any) -> str:
        """`name`, if it is fit to be printed."""
        if not (isinstance(name, str) and name and name.isprintable() and len(name) < 1000):
            raise FormatError(self.path, f"a layer is called {str(name)[:60]!r}")
        return name

    def array(self, config: Any) -> np.ndarray:
        """The array of a `config` with `value` and `dtype`."""
        config = expect(config, dict, self.path, "config of an array")
        return self.guarded(
            np.array, config.get("value"), known_dtype(config.get("dtype"), self.path)
        )

    def guarded(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """function(...), with what a wrong config makes it raise told as damage to the file."""
        try:
            return function(*args, **kwargs)
        except (FormatError, UnsupportedLayerError):
            raise
        except _ODD as error:
            raise FormatError(self.path, str(error)) from error

    def unsupported(self, name: str, class_name: str, option: str = "") -> UnsupportedLayerError:
        """The error for a layer or an option that is in no table."""
        if option:
            return UnsupportedLayerError(
                f"{self.path}: layer '{name}' ({class_name}): {option} is not supported"
            )
        why = "which is not in the table of known layers; if it is a class of yours"
        if class_name.endswith(_OF_IMAGES):
            why = (
                "a layer of images; maskseq has layers of sequences only, inside a TimeDistributed "
                "too; if you have a class that does its work"
            )
        return UnsupportedLayerError(
            f"{self.path}: layer '{name}' is a {class_name}, {why}, pass "
            f"custom_layers={{'{class_name}': ...}}"
        )

    def _option(self, cls: type[Layer], name: str, key: str, value: Any) -> Any:
        """The value of a constructor argument, or _DROP if it means nothing here."""
        if key == "dtype":
            text = value["config"].get("name") if is_policy(value) else value
            known = isinstance(text, str) and text.removeprefix("mixed_") in _DTYPES
            if isinstance(text, str) and text in cls.kept_dtypes:
                return text
            if value is not None and not known:
                raise self.unsupported(name, cls.__name__, f"dtype={str(value)[:60]}")
            return _DROP
        if key in ("name", "seed") or key.endswith(_OF_TRAINING):
            return _DROP
        if key.endswith(_FOR_TRAINING):
            return self._for_training(cls, name, key, value)
        if key in arguments_of(cls) and key not in _NOT_IN_FILES:
            value = self._value(name, cls.__name__, key, value)
            kind = expected_kind(cls, key, value)
            if kind is not None and key not in _WITHOUT_EFFECT:
                what = f"layer '{name}' ({cls.__name__}): {key} must be {kind}"
                raise FormatError(self.path, f"{what}, got {str(value)[:60]!r}")
            return value
        unused = key in UNUSED_OPTIONS and value in (UNUSED_OPTIONS[key], None)
        if key in _WITHOUT_EFFECT or unused:
            return _DROP
        raise self.unsupported(name, cls.__name__, f"{key}={str(value)[:60]}")

    def _for_training(self, cls: type[Layer], name: str, key: str, value: Any) -> Any:
        """A regularizer or constraint; of classes that are not known here, what the file says."""
        if key not in arguments_of(cls):
            return _DROP  # Keras 2 wrote those of base classes too
        module = constraints if key.endswith("constraint") else regularizers
        if isinstance(value, str) and value not in module.KNOWN:
            value = {"class_name": value, "config": {}}
        try:
            return module.get(value)
        except (ValueError, TypeError) as error:
            raise self.unsupported(name, cls.__name__, f"{key}={str(value)[:60]}") from error

    def _value(self, name: str, class_name: str, key: str, value: Any) -> Any:
        if key in _ACTIVATIONS:
            return self._activation(name, class_name, key, value)
        if isinstance(value, dict):
            if value.get("class_name") in ("__numpy__", "__tensor__"):
                return self.array(value.get("config"))
            if not isinstance(value.get("config"), dict) or key not in _HOLDERS:
                raise self.unsupported(name, class_name, f"{key}={str(value)[:60]}")
            return self.layer(value)
        if isinstance(value, list):
            plain = key in _TABLES and not any(isinstance(item, (list, dict)) for item in value)
            self.budget.spend(len(value) // _TOKENS_A_STEP if plain else len(value))
            return value if plain else [self._value(name, class_name, key, x) for x in value]
        return value

    def _activation(self, name: str, class_name: str, key: str, value: Any) -> Any:
        """An activation: a name that is known, a layer, or a function that the caller gave."""
        kind = value.get("class_name") if isinstance(value, dict) else None
        if kind == "function" and is_from_keras(value):
            kind, value = None, value.get("config")
        if kind not in (None, "function", "__lambda__"):
            return self.layer(value)
        if kind is None and (value is None or is_known_activation(value)):
            return value
        label = value if kind is None else value.get("config")
        label = label if isinstance(label, str) else "<lambda>"
        function = self.functions.take(name, key, label)
        if function is None:
            what = f"{key} is the function {label[:60]!r}, which is not known: pass it as"
            raise self.unsupported(name, class_name, f"{what} functions={{'{name}': ...}}; it")
        return function

    def _lambda(self, name: str, config: dict[str, Any]) -> Layer:
        """The Lambda of a function that the caller gave, or the layer that stands for it."""
        given = self.functions.take(name, "function", "")
        if given is None:
            raise UnsupportedLayerError(
                f"{self.path}: layer '{name}' is a Lambda, whose function is Python code that is "
                f"never run from a file: pass yours as functions={{'{name}': function}}"
            )
        if isinstance(given, Layer):
            given.name = name
            return given
        arguments = config.get("arguments") or {}
        return self._construct(
            layers.Lambda, name, {"function": given, "arguments": dict(arguments)}
        )

    def _custom_class(self, entry: dict[str, Any], class_name: str) -> type[Layer] | None:
        registered = entry.get("registered_name")
        for key in (registered, class_name):
            if isinstance(key, str) and key in self.custom_layers:
                return self.custom_layers[key]
        return None

    def _custom(
        self, cls: type[Layer], class_name: str, config: dict[str, Any], name: str
    ) -> Layer:
        """A layer of a class that the caller gave: its own arguments as they are in the file.

        What it has from a layer of ours is read like that layer's.
        """
        ours = next((x for x in cls.__mro__ if x.__name__ in LAYERS and is_ours(x)), None)
        if self.keras_version < (3, 0):
            config = config_in_keras3(class_name if ours is None else ours.__name__, config)
        own = {p.name for x in cls.__mro__ if not is_ours(x) for p in parameters_of(x)}
        options = {}
        for key, value in config.items():
            if key in own or (ours is None and key != "dtype"):
                plain = key.endswith(WITHOUT_LAYERS)
                options[key] = value if plain else self._with_layers(value)
            else:
                options[key] = self._option(cls, name, key, value)
        if ours is None and self.keras_version < (3, 0) and "batch_input_shape" not in own:
            options.pop("batch_input_shape", None)
        options = {key: value for key, value in options.items() if value is not _DROP}
        return self._construct(cls, name, options)

    def _with_layers(self, value: Any) -> Any:
        """`value` with the layers in it made."""
        if isinstance(value, list):
            self.budget.spend(len(value))
            return [self._with_layers(item) for item in value]
        if isinstance(value, dict):
            kind = value.get("class_name")
            names = (*LAYERS, *MODELS, *CLASSES, *self.custom_layers)
            if isinstance(value.get("config"), (dict, list)) and kind in names:
                return self.layer(value)
        return value


_DROP = object()


def is_known_activation(name: Any) -> bool:
    """True for the name of an activation of ours."""
    try:
        return isinstance(name, str) and callable(activations.get(name))
    except ValueError:
        return False


def known_dtype(dtype: Any, path: str) -> str:
    """The dtype of our arrays for a dtype's name in a file."""
    if not (isinstance(dtype, str) and dtype in _INPUT_DTYPES):
        raise FormatError(path, f"a tensor of the dtype {str(dtype)[:60]!r}")
    return "float32" if "float" in dtype else dtype


def is_policy(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("class_name") in ("DTypePolicy", "Policy", "FloatDTypePolicy")
        and isinstance(value.get("config"), dict)
    )
