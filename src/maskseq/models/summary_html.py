"""A model as HTML: the table of its layers, and the way of the mask."""

from typing import Any

from ..pictures.flow import flow
from ..pictures.html import block, note, table
from .mask_flow import mask_flow
from .summary import HEADER, rows_of, rule_of, total_of


def summary_html(model: Any) -> str:
    """HTML with the table of layers, and a picture of the mask's way through the graph."""
    parts = [
        table(HEADER, rows_of(model), numbers=(2,)),
        note(total_of(model)),
        note(rule_of(model)),
    ]
    if model._plan is not None:
        parts.append(flow(*mask_flow(model)))
        parts.append(note("green: a mask goes along; dashed: none does; red: a mask is lost there"))
    return block(f'{type(model).__name__} "{model.name}"', *parts)
