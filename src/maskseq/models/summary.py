"""What a model looks like: `model.summary()`."""

from typing import Any

from ..given.options import function
from ..layers.base.rules import RULES
from ..nest import flatten

HEADER = ("Layer (type)", "Output shape", "Param #", "Mask")


class Summarized:
    """The methods of a model that show it."""

    def summary(self, print_fn: Any = print, **unused: Any) -> None:
        """Print the layers with shapes, numbers of parameters and roles in masking.

        Parameters
        ----------
        print_fn : callable, default print
            What takes the text, once.
        **unused
            Keras's other options, without effect.

        Raises
        ------
        TypeError
            If `print_fn` is no function.

        Notes
        -----
        Source: keras.Model.summary.
        """
        function(print_fn, "print_fn")(summary_text(self))

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of `summary`, and the way of the mask."""
        from .summary_html import summary_html

        return summary_html(self)


def _shape(layer: Any) -> str:
    nodes = getattr(layer, "_inbound_nodes", [])
    if not nodes:
        return "?"
    shapes = [str(tensor.shape) for tensor in flatten(nodes[-1].outputs)]
    return shapes[0] if len(shapes) == 1 else "[" + ", ".join(shapes) + "]"


def summary_text(model: Any) -> str:
    """A table of layers, output shapes, numbers of parameters and roles in masking."""
    rows = rows_of(model)
    widths = [max(len(row[column]) for row in [HEADER, *rows]) for column in range(4)]

    def line(row: tuple[str, ...]) -> str:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3]]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 6)
    title = f'Model: "{model.name}"'
    ends = [rule, total_of(model), rule_of(model)]
    return "\n".join([title, rule, line(HEADER), rule, *map(line, rows), *ends])


def rows_of(model: Any) -> list[tuple[str, ...]]:
    return [
        (
            f"{layer.name} ({type(layer).__name__})",
            _shape(layer),
            f"{layer.count_params():,}",
            layer.mask_role,
        )
        for layer in model.layers
    ]


def total_of(model: Any) -> str:
    return f"Total params: {model.count_params():,}"


def rule_of(model: Any) -> str:
    return f"Mask rule: {model.mask_rule} ({RULES[model.mask_rule]})"
