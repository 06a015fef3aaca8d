"""How a mask goes through a call: Keras 3.15's rules.

A `mask` argument is filled from the input's mask. The outputs get the mask that `compute_mask`
gives, or a warning says that the mask is lost.
"""

from typing import Any

import numpy as np

from ...context import current
from ...given import as_array
from ...given.notices import warn
from ...graph.symbols import KerasTensor
from ...nest import flatten, is_nested, map_structure
from ...rows import Rows, Unmasked
from ...tensor import Tensor, get_keras_mask, mask_of_each, set_keras_mask
from .binding import tensor_arguments
from .errors import made_in

OVER_STEPS = "masked steps are normalized together with the real ones, as in Keras."
"""Why an answer depends on padding: see Layer.depends_on_padding."""


def masks_of(value: Any) -> Any:
    """The masks that the leaves of `value` carry."""
    return map_structure(get_keras_mask, value) if is_nested(value) else get_keras_mask(value)


def fill_masks(arguments: dict[str, Any]) -> Any:
    """Fill the mask arguments that were not given, and return the mask of the first argument.

    With exactly one tensor argument its mask goes to `mask`; with more, the mask of argument k goes
    to `k_mask`, and `mask` stays as it is. A mask passed by hand always wins.
    """
    tensors = tensor_arguments(arguments)
    if len(tensors) == 1:
        if "mask" in arguments and arguments["mask"] is None:
            arguments["mask"] = masks_of(next(iter(tensors.values())))
    else:
        for name, value in tensors.items():
            if f"{name}_mask" in arguments and arguments[f"{name}_mask"] is None:
                arguments[f"{name}_mask"] = masks_of(value)
    given = arguments.get("mask")
    if given is not None and has_mask(given):
        return given
    return masks_of(next(iter(arguments.values()), None))


def has_mask(masks: Any) -> bool:
    """True if any mask of the structure is there."""
    if not is_nested(masks):
        return masks is not None
    return any(mask is not None for mask in flatten(masks))


def attach_masks(outputs: Any, masks: Any) -> None:
    """Give each output without a mask the mask at its place; None leaves it without."""
    for output, mask in zip(flatten(outputs), flatten(masks), strict=False):
        if mask is not None and get_keras_mask(output) is None:
            set_keras_mask(output, mask)


def tell_mask_loss(layer: Any) -> None:
    """Say, once for each layer, that it destroys the mask of its input."""
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask "
        f"attached to it. However, this layer does not support masking and will therefore destroy "
        f"the mask information. Downstream layers will not see the mask. If the layer leaves the "
        f"time axis alone, set supports_masking = True on it; if not, give it a compute_mask.",
    )


def tell_padding(layer: Any, inputs: Any, masks: Any) -> None:
    """Say, once for each layer, that its answer depends on padding, if so and if there is any."""
    if not has_mask(masks):
        return
    effect = layer.depends_on_padding
    if not effect and layer.mixes_features and not is_nested(inputs) and not is_nested(masks):
        of_features = getattr(masks, "ndim", 0) == getattr(inputs, "ndim", -1)
        effect = "the mask is of features, and masked ones are used like others." * of_features
    if effect and not all(map(_masks_nothing, flatten(masks))):
        tell_padding_effect(layer, effect)


def tell_padding_effect(layer: Any, effect: str) -> None:
    """Say it at once."""
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask "
        f"attached to it, but what it gives depends on the padding, and so on what else is in the "
        f"batch: {effect}",
    )


def _masks_nothing(mask: Any) -> bool:
    return mask is None or (isinstance(mask, np.ndarray) and bool(mask.all()))


def tell_unused_mask(layer: Any, arguments: dict[str, Any], previous_mask: Any) -> None:
    """Say, once for each layer, that a second tensor argument keeps the input's mask from `mask`.

    Call it with what `fill_masks` left and returned.
    """
    if arguments.get("mask", True) is not None or not has_mask(previous_mask):
        return
    tensors = list(tensor_arguments(arguments))
    if len(tensors) < 2 or f"{tensors[0]}_mask" in arguments:
        return
    names = " and ".join(tensors[1:])
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask "
        f"attached to it, and {names} too. As in Keras the layer then runs as if every step were "
        f"real. To use the mask, pass it by hand: layer(x, mask=maskseq.get_keras_mask(x), "
        f"{names}=...).",
    )


def tell_taken_mask(layer: Any, reader: Any) -> None:
    """Say, once for each layer, that its inputs have no mask any more, if `reader` needs it."""
    if reader is None:
        return
    made = made_in(layer)
    kind = type(layer).__name__ + (f", made {made}" if made else "")
    _tell(
        layer,
        f"Layer '{layer.name}' (of type {kind}) took "
        f"the mask off its inputs, as in Keras, and '{reader.name}' (of type {_type_of(reader)}) "
        f"reads their padding as if it were real. To keep the mask, pass it by hand to the layers "
        f"that need it.",
    )


def _type_of(operation: Any) -> str:
    return getattr(operation, "class_name", type(operation).__name__)


def _tell(layer: Any, message: str) -> None:
    mode = current().on_mask_loss
    if mode == "error":
        raise ValueError(message)
    if mode == "warn" and not layer.__dict__.get("_mask_loss_told"):
        layer._mask_loss_told = True
        warn(message)


def check_mask(mask: Any, shape: tuple[int, ...], *, of_each: bool = True) -> np.ndarray:
    """A mask of numbers as bool, True = not 0.

    of_each: a mask of one sequence is that of each.
    Raises: ValueError unless it has that shape and no NaN; TypeError for other things than numbers.
    """
    mask = as_array(mask, "mask")
    if mask.dtype.kind not in "biuf":
        raise TypeError(f"mask must be bool or numbers, got dtype {mask.dtype}")
    if mask.shape != shape:
        repeated = mask_of_each(mask, shape) if of_each else None
        if repeated is None:
            raise ValueError(f"mask must be bool {shape}, got {mask.dtype} {mask.shape}")
        mask = repeated
    if mask.dtype.kind == "f" and np.isnan(mask).any():
        raise ValueError("mask must be bool, got NaN in it")
    return mask.astype(bool, copy=False)


def is_mask_of(rows: list[Rows], mask: Any) -> bool:
    """True if all rows have one layout, and `mask` is its mask."""
    layout = rows[0].layout
    one = all(x.layout is layout for x in rows) and isinstance(mask, np.ndarray)
    return one and layout.has_mask(np.asarray(mask))


def take_masks(layer: Any, given: list[Any]) -> None:
    """Take the masks off the tensors that a layer was given; they remember who did it."""
    for tensor in flatten(given):
        if isinstance(tensor, Tensor) and get_keras_mask(tensor) is not None:
            set_keras_mask(tensor, None)
            tensor._mask_taken_by = layer


def follow_taken_masks(layer: Any, arguments: dict[str, Any], outputs: Any) -> None:
    """Tell if a layer has read padding whose mask another one took off.

    Where padding only feeds padding, the outputs remember it.
    """
    takers = [getattr(x, "_mask_taken_by", None) for x in flatten([*arguments.values()])]
    taker = next(filter(None, takers), None)
    if taker is None or any(k.endswith("mask") and v is not None for k, v in arguments.items()):
        return
    if not (layer.own_steps or (layer.own_queries and not any(takers[1:]))):
        tell_taken_mask(taker, layer)
        return
    for output in flatten(outputs):
        if type(output) is Tensor and get_keras_mask(output) is None:
            output._mask_taken_by = taker


def unmasked(layer: Any, value: Any, reader: Any) -> Any:
    """Rows or a tensor as they are after a layer that takes their mask off.

    reader: what reads padding as if it were real then; that is told once.
    """
    if type(value) is Rows:
        tell_taken_mask(layer, reader)
        return value.to_padded().view(Tensor) if current().training else Unmasked.of(value)
    if get_keras_mask(value) is None:
        return value
    tell_taken_mask(layer, reader)
    return value.view(np.ndarray).view(Tensor)


def records_mask(args: tuple, kwargs: dict[str, Any]) -> bool:
    """True if Keras writes the mask that it fills in for these arguments into its graph.

    It does where it need not convert an argument first: for one tensor of the layer's dtype.
    """
    alone = len(args) == 1 and not kwargs and isinstance(args[0], KerasTensor)
    return alone and args[0].dtype == "float32"
