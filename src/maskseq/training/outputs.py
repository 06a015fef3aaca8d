"""Which part of a structure is for which output of a model."""

from collections.abc import Iterator
from typing import Any

from ..graph.symbols import KerasTensor
from ..nest import flatten, is_nested


def names_of_outputs(model: Any) -> list[str]:
    """A name for each output: its key, or that of the layer that makes it, numbered if it is twice.

    A model without a graph is taken to have one output, until it has answered with more.
    """
    structure = getattr(model, "_output_structure", None)
    if structure is None:
        return [model.name]
    if isinstance(structure, dict):
        return sorted(structure)
    names: list[str] = []
    for name in model.output_names:
        count = sum(x == name or x.startswith(f"{name}_") for x in names)
        names.append(f"{name}_{count}" if name in names else name)
    return names


def by_output(model: Any, given: Any, what: str, spread: bool = False) -> list[Any]:
    """`given` as a list with a part for each output.

    With one output `given` belongs to it, unless it is a dict with its name. With more it is a list
    of as many, a dict by names (None for one that is missing), or, with `spread`, for all of them.
    Raises: ValueError naming the argument, the names expected and got.
    """
    names = names_of_outputs(model)
    if isinstance(given, dict) and not is_config(given):
        known = {*names, *_maker_names(model)}
        if unknown := sorted(map(str, given.keys() - known)):
            raise ValueError(f"{what} has no output of the names {unknown}, there are {names}")
        makers = dict(zip(names, _maker_names(model) or names, strict=False))
        return [given.get(name, given.get(makers.get(name))) for name in names]
    if given is None:
        return [None] * len(names)
    if len(names) == 1:
        single = isinstance(getattr(model, "_output_structure", None), (list, tuple))
        alone = single and isinstance(given, (list, tuple)) and len(given) == 1
        return [given[0]] if alone and _is_part(given[0]) else [given]
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return list(given)
    if spread and not isinstance(given, (list, tuple)):
        return [given] * len(names)
    kind = f"{len(given)} of them" if is_nested(given) else type(given).__name__
    raise ValueError(f"{what} must be one for each of the outputs {names}, got {kind}")


def of_compile(model: Any, given: Any) -> Any:
    """What `compile` was given for the only output; Keras takes it in a list too."""
    alone = isinstance(given, (list, tuple)) and len(given) == 1
    return given[0] if alone and len(names_of_outputs(model)) == 1 else given


def _is_part(value: Any) -> bool:
    return is_nested(value) or hasattr(value, "__len__") or value is None


def _maker_names(model: Any) -> list[str]:
    structure = getattr(model, "_output_structure", None)
    tensors = [x for x in flatten(structure) if isinstance(x, KerasTensor)]
    return [x.maker.name for x in tensors]


def is_config(given: Any) -> bool:
    """True for what `serialize` gives of a loss or a metric."""
    return isinstance(given, dict) and {"class_name", "config"} <= given.keys()


def parts_of(given: Any) -> Iterator[Any]:
    """The losses, metrics or numbers that `compile` was given: no names of outputs, no configs."""
    if isinstance(given, (list, tuple)):
        for part in given:
            yield from parts_of(part)
    elif isinstance(given, dict):
        for part in () if is_config(given) else given.values():
            yield from parts_of(part)
    elif given is not None:
        yield given
