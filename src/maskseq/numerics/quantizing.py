"""`quantize`: the weights of layers in fewer bits."""

from typing import Any

from .quantized import PRECISIONS, Quantized


def quantize(holder: Any, mode: str) -> None:
    """Keep the weights of products and tables of `holder`, and of what it holds, in fewer bits.

    Raises: ValueError naming the layer: another mode, a layer without such weights, one that is not
        built, that is quantized otherwise, or whose weights int8 does not hold. Then nothing is
        changed.
    """
    who = _name(holder)
    if not isinstance(mode, str) or mode not in PRECISIONS:
        raise ValueError(f"{who}: mode must be one of {', '.join(PRECISIONS)}, got {mode!r}")
    holders = [x for x in holder._holders() if x.quantizes]
    if not holders:
        raise ValueError(f"{who} has no weights that are kept in fewer bits")
    made = []
    for x in holders:
        if not x.built:
            raise ValueError(f"{_name(x)} must be built first")
        if x.precision not in ("float32", mode):
            raise ValueError(
                f"{_name(x)}: its weights are {x.precision} already, got mode {mode!r}"
            )
        if x.precision != mode:
            made += _quantized(x, mode)
    for x, name, weight, new in made:
        x._own_variables[[v is weight for v in x._own_variables].index(True)] = new
        setattr(x, name, new)
        x.precision = mode
    mark(holder)


def mark(holder: Any) -> None:
    """What holds layers in fewer bits says so, once these do."""
    for x in holder._holders():
        inner = [y.precision for y in x._holders() if y.quantizes and y.precision != "float32"]
        x.precision = inner[0] if inner else "float32"


def _quantized(holder: Any, mode: str) -> list[tuple[Any, str, Any, Quantized]]:
    """(holder, attribute, weight, what takes its place)."""
    found = []
    for name, inputs in holder.quantizes.items():
        weight = getattr(holder, name)
        if weight is not None:
            try:
                found.append((holder, name, weight, Quantized(weight, mode, inputs)))
            except ValueError as error:
                raise ValueError(f"{_name(holder)}: {error}") from None
    return found


def _name(holder: Any) -> str:
    return f"layer '{holder.name}' ({type(holder).__name__})"


def refuse_training(layer: Any) -> None:
    """Raise: a layer whose weights are rounded has no gradient."""
    raise ValueError(
        f"its weights are {layer.precision}, which are not trained; train the model in float32 and "
        f"quantize it afterwards"
    )
