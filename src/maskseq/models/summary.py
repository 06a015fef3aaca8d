"""The text of `model.summary()`: one line a layer, with what it does to the mask."""

from typing import Any

from ..layers.base.rules import RULES
from ..nest import flatten


def _shape(layer: Any) -> str:
    nodes = getattr(layer, "_inbound_nodes", [])
    if not nodes:
        return "?"
    shapes = [str(tensor.shape) for tensor in flatten(nodes[-1].outputs)]
    return shapes[0] if len(shapes) == 1 else "[" + ", ".join(shapes) + "]"


def summary_text(model: Any) -> str:
    """A table of layers, output shapes, numbers of parameters and roles in masking."""
    header = ("Layer (type)", "Output shape", "Param #", "Mask")
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            _shape(layer),
            f"{layer.count_params():,}",
            layer.mask_role,
        )
        for layer in model.layers
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(4)]

    def line(row: tuple[str, ...]) -> str:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3]]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 6)
    total = f"Total params: {model.count_params():,}"
    title = f'Model: "{model.name}"'
    masks = f"Mask rule: {model.mask_rule} ({RULES[model.mask_rule]})"
    return "\n".join([title, rule, line(header), rule, *map(line, rows), rule, total, masks])
