"""How a layer answers under a tape: what it gives is recorded, so that gradients pass it.

The arguments are bound and filled with masks as in any other call. Then `on_tape` answers, or
`call` runs on Traced values; a layer with a `backward` of its own has `call` run on arrays.
"""

from typing import Any

import numpy as np

from ...configured import is_ours
from ...context import changed, current
from ...nest import flatten, holds, is_nested, map_structure
from ...numerics.drawing import inside, on_rows_of
from ...numerics.quantizing import refuse_training
from ...rows import Rows, as_padded
from ...tape import Traced, padded, plain_values, rows_like, value_of, values
from ...tensor import KEPT, Tensor, as_numpy, convert_to_tensor
from .binding import as_output, signature_of, training_option
from .checks import refuse_samples
from .contract import Contract
from .masks import follow_taken_masks, take_masks, tell_taken_mask


def answer_on_tape(layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What `layer` gives for the arguments, as Traced; its penalty on outputs is noted."""
    if current().reader is not None:
        with changed(reader=None):
            return answer_on_tape(layer, args, kwargs)
    tape, alone = current().tape, len(args) == 1 and not kwargs and type(args[0]) is Traced
    if layer.precision != "float32" and tape.variables:
        refuse_training(layer)
    wants = args[0].needed if alone else _wants_arguments(tape, args, kwargs)
    if not (wants or _wants_weights(layer, tape)):
        with changed(tape=None, reader=None):  # before the first trainable weight: no record
            outputs = layer.apply(*plain_values(args), **plain_values(kwargs))
    else:
        outputs = NotImplemented
        if alone and layer.built:
            outputs = _at_once(layer, tape, args[0])
        if outputs is NotImplemented:
            args, kwargs = map_structure(_settled, args), map_structure(_settled, kwargs)
            outputs = _recorded(layer, tape, args, kwargs)
    if type(outputs) is not Traced:
        outputs = map_structure(tape.hold, outputs)
    if layer.activity_regularizer is not None:
        tape.penalties.append((layer.activity_regularizer, outputs))
    return outputs


def _wants_weights(layer: Any, tape: Any) -> bool:
    """True if a weight of the layer, or of one that it holds, is wanted."""

    if not tape.variables:
        return False
    if any(map(tape.wants, layer._own_variables)):
        return True
    known = layer.__dict__.get("_without_weights")
    if known is None and layer.built and is_ours(type(layer)):
        known = layer._without_weights = not layer.weights and not layer._sublayers()
    if known or layer in tape.trained:
        return not known

    def own_wanted(holder: Any) -> bool:
        return any(map(tape.wants, holder._own_variables))

    if not own_wanted(layer._holders(until=own_wanted)[-1]):
        return False
    tape.trained.add(layer)
    return True


def _at_once(layer: Any, tape: Any, x: Traced) -> Any:
    """The answer for one tensor without a mask of its own, as in `Layer.apply`."""
    if type(x.value) is Rows:
        takes = layer.supports_masking and _takes_rows(layer)
    else:
        takes = layer._takes_arrays and not layer.packs and x._keras_mask is None
    return layer.on_tape(tape, x) if takes else NotImplemented


def _takes_rows(layer: Any) -> bool:
    return layer.stepwise or type(layer).on_rows is not Contract.on_rows


def _wants_arguments(tape: Any, arguments: Any, options: dict[str, Any]) -> bool:
    """True if a gradient of an argument is wanted."""
    return tape.wants_any(arguments) or (bool(options) and tape.wants_any(options))


def _settled(value: Any) -> Any:
    """A value that needs no gradient and is no float, such as a mask or ids, as a plain array."""
    if type(value) is not Traced or value.needed or type(value.value) is Rows:
        return value
    return value if value.dtype.kind == "f" else value.value


def _recorded(layer: Any, tape: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    plain = plain_values(args), plain_values(kwargs)
    if holds(plain, Rows):
        outputs = _on_rows(layer, tape, args, kwargs, plain)
        if outputs is not NotImplemented:
            return outputs
        args, kwargs = map_structure(_padded, args), map_structure(_padded, kwargs)
        plain = plain_values(args), plain_values(kwargs)
    elif layer.packs and len(args) == 1 and not kwargs and np.ndim(plain[0][0]) == layer.packs:
        layer._ensure_built({"inputs": plain[0][0]})
        outputs = layer.on_tape(tape, tape.hold(args[0]))
        if outputs is not NotImplemented:
            return outputs
    arguments, previous = layer._bind(args, kwargs)
    layer._ensure_built(arguments)
    with inside(layer, previous):
        outputs = _on_arrays(layer, tape, arguments)
    if type(value_of(outputs)) is not Rows:  # which know their mask
        layer._finish(outputs, next(iter(arguments.values()), None), previous)
        follow_taken_masks(layer, arguments, outputs)
    if layer.takes_masks:
        take_masks(layer, [*args, *kwargs.values()])
    return outputs


def _padded(value: Any) -> Any:
    """Rows as a padded array, recorded."""
    return padded(value) if type(value) is Traced else as_padded(value)


def _on_rows(layer: Any, tape: Any, args: tuple, kwargs: dict[str, Any], plain: tuple) -> Any:
    """What `on_rows` is without a tape; NotImplemented where the rows are to be padded."""
    names = layer._rows_arguments(*plain)
    if names is None or not _takes_rows(layer):
        return NotImplemented
    given = {**dict(zip(signature_of(type(layer)).names, args, strict=False)), **kwargs}
    given = {name: map_structure(tape.hold, given[name]) for name in names}
    layer._ensure_built(plain_values(given))
    inputs = given.pop(next(iter(given)))
    outputs = layer.on_tape(tape, inputs, **given)
    if outputs is NotImplemented and layer.stepwise and type(inputs) is Traced and not given:
        return _step_by_step(layer, tape, inputs)
    return outputs


def _step_by_step(layer: Any, tape: Any, inputs: Traced) -> Any:
    rows = inputs.value
    if rows.ndim < 3:
        if layer.mixes_features:
            refuse_samples(rows)
        return NotImplemented
    first = signature_of(type(layer)).names[0]
    with on_rows_of(rows.layout, len(rows.values)):
        outputs = run_call(layer, tape, {first: values(inputs), **training_option(layer)})
    return rows_like(rows, tape.hold(outputs))


def _on_arrays(layer: Any, tape: Any, arguments: dict[str, Any]) -> Any:
    masks = {name for name in arguments if name == "mask" or name.endswith("_mask")}
    given = {
        name: map_structure(value_of if name in masks else tape.hold, value)
        for name, value in arguments.items()
    }
    options = {k: v for k, v in given.items() if v is not None and k != "training"}
    inputs = options.pop(next(iter(options)))
    outputs = layer.on_tape(tape, inputs, **options)
    if outputs is NotImplemented:
        outputs = run_call(layer, tape, given)
    return map_structure(as_array_on_tape, outputs)


def call_on_tape(layer: Any, tape: Any, inputs: Any, **options: Any) -> Any:
    """What `layer.call(inputs, ...)` gives, recorded: without the layer's mask machinery."""
    if current().reader is not None:
        with changed(reader=None):
            return call_on_tape(layer, tape, inputs, **options)
    if not (_wants_arguments(tape, inputs, options) or _wants_weights(layer, tape)):
        with changed(tape=None, reader=None):
            given = plain_values(options)
            options = training_option(layer)
            return map_structure(tape.hold, layer.call(value_of(inputs), **given, **options))
    if layer._walks:  # a model
        return map_structure(_padded, layer.call(inputs, **options))
    outputs = layer.on_tape(tape, inputs, **options)
    if outputs is NotImplemented:
        signature = signature_of(type(layer))
        arguments = signature.bind((inputs,), {**options, **training_option(layer)})
        outputs = run_call(layer, tape, arguments)
    return map_structure(tape.hold, outputs)


def run_call(layer: Any, tape: Any, arguments: dict[str, Any]) -> Any:
    """`call` on the arguments by name, recorded: on Traced values, or with its own `backward`."""
    if hasattr(layer, "backward"):
        return _with_own_backward(layer, tape, arguments)
    if not layer.traceable:
        raise _no_gradient(layer)
    count = len(tape)
    if is_ours(type(layer)) and not layer.runs_given:
        return signature_of(type(layer)).invoke(layer.call, arguments)
    with changed(reader=tape):
        outputs = signature_of(type(layer)).invoke(layer.call, arguments)
    _check_own_weights(layer, tape, count)
    return outputs


def _no_gradient(layer: Any) -> TypeError:
    return TypeError(f"{type(layer).__name__} has no gradient yet, so that it cannot be trained")


def _check_own_weights(layer: Any, tape: Any, count: int) -> None:
    """Raise where `call` of a subclass had that of a layer of ours run on plain arrays."""
    own = [v for v in layer._own_variables if tape.wants(v)]
    ours = [c for c in type(layer).__mro__ if vars(c).get("traceable") is False] if own else []
    if ours and not {id(v) for v in own} & tape.recorded_since(count):
        raise TypeError(
            f"no gradient reaches weight {own[0].name}: call a {ours[0].__name__} held as an "
            f"attribute in place of super().call, or write `backward(self, inputs, outputs, "
            f"gradient)`"
        )


def _with_own_backward(layer: Any, tape: Any, arguments: dict[str, Any]) -> Any:
    """`call` on plain arrays, and `backward` on the way back.

    It gives the gradient of the inputs, or that and a dict of attribute -> gradient of the weight.
    """
    plain = plain_values(arguments)
    with changed(tape=None, reader=None):
        outputs = signature_of(type(layer)).invoke(layer.call, plain)
    first = next(iter(arguments))
    inputs = flatten(arguments[first])
    weights = {name: v for name, v in vars(layer).items() if tape.wants(v)}

    def backward(gradient: Any, wanted: Any) -> list[Any]:
        with changed(tape=None, reader=None):
            found = layer.backward(plain[first], outputs, gradient)
        of_weights: dict[str, Any] = {}
        if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict):
            found, of_weights = found
        strange = of_weights.keys() - weights.keys()
        if strange or (weights and not of_weights):
            raise TypeError(
                f"backward must give a gradient for each of the weights {sorted(weights)}, got "
                f"{sorted(of_weights)}"
            )
        return [*flatten(found), *(of_weights.get(name) for name in weights)]

    if is_nested(outputs) and type(outputs) is not list:
        outputs = flatten(outputs)
    return tape.record(outputs, [*inputs, *weights.values()], backward)


def as_array_on_tape(value: Any) -> Any:
    """What a call gave as a tensor, Traced if it was; Traced Rows as they are."""
    if type(value) is not Traced:
        return as_output(value)
    if type(value.value) is Rows or value.dtype in KEPT:
        return value
    tensor = convert_to_tensor(value.value)
    return value.tape.record(tensor, [value], lambda gradient, wanted: [gradient])


def take_mask_on_tape(layer: Any, x: Traced, reader: Any) -> Traced:
    """`take_mask` of a Traced value."""
    x = padded(x)
    if x._keras_mask is None:
        return x
    tell_taken_mask(layer, reader)
    plain = as_numpy(x.value).view(Tensor)
    return x.tape.record(plain, [x], lambda gradient, wanted: [gradient])
