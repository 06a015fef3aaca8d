"""What a model looks like: `model.summary()`, and its picture in a notebook."""

from typing import Any

from ..layers.base.rules import RULES
from ..nest import flatten
from ..pictures.flow import flow
from ..pictures.html import block, note, table
from .mask_flow import mask_flow

HEADER = ("Layer (type)", "Output shape", "Param #", "Mask")


class Summarized:
    """The methods of a model that show it."""

    def summary(self, print_fn: Any = print, **unused: Any) -> None:
        """Print the layers with shapes, numbers of parameters and roles in masking."""
        print_fn(summary_text(self))

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `summary`, and the way of the mask."""
        return summary_html(self)


def summary_html(model: Any) -> str:
    """HTML with the table of layers, and a picture of the mask's way through the graph."""
    parts = [table(HEADER, _rows(model), numbers=(2,)), note(_total(model)), note(_rule(model))]
    if model._plan is not None:
        parts.append(flow(*mask_flow(model)))
        parts.append(note("green: a mask goes along; dashed: none does; red: a mask is lost there"))
    return block(f'{type(model).__name__} "{model.name}"', *parts)


def _shape(layer: Any) -> str:
    nodes = getattr(layer, "_inbound_nodes", [])
    if not nodes:
        return "?"
    shapes = [str(tensor.shape) for tensor in flatten(nodes[-1].outputs)]
    return shapes[0] if len(shapes) == 1 else "[" + ", ".join(shapes) + "]"


def summary_text(model: Any) -> str:
    """A table of layers, output shapes, numbers of parameters and roles in masking."""
    rows = _rows(model)
    widths = [max(len(row[column]) for row in [HEADER, *rows]) for column in range(4)]

    def line(row: tuple[str, ...]) -> str:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3]]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 6)
    title = f'Model: "{model.name}"'
    ends = [rule, _total(model), _rule(model)]
    return "\n".join([title, rule, line(HEADER), rule, *map(line, rows), *ends])


def _rows(model: Any) -> list[tuple[str, ...]]:
    return [
        (
            f"{layer.name} ({type(layer).__name__})",
            _shape(layer),
            f"{layer.count_params():,}",
            layer.mask_role,
        )
        for layer in model.layers
    ]


def _total(model: Any) -> str:
    return f"Total params: {model.count_params():,}"


def _rule(model: Any) -> str:
    return f"Mask rule: {model.mask_rule} ({RULES[model.mask_rule]})"
