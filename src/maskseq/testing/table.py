"""The page docs/layers.md: what each layer does to the mask. python -m maskseq.testing.table"""

from importlib import import_module

from .. import layers
from ..layers.base.table import FILES, IN_KERAS, OURS, names_in
from .example import Example
from .examples import EXAMPLES
from .subject import Subject

HEADER = """\
# Layers and the mask

What a layer does to the mask of its input: it *makes* one, *uses* it, *changes* it, *passes* it on,
or *drops* it (and says so once, where Keras does). "Reads" tells which masked cells an output
depends on: all of them, those of its own step, or none; where it is "none", what padding holds
cannot matter. Where an answer depends on how much a sequence is padded all the same, and so on what
else is in the batch, the row says why, and the layer says so once. "Runs on" tells whether a model
computes real steps only or the padded array. Layers "of Keras" have the arguments, the numbers and
the masks of Keras's.

This page is written by `python -m maskseq.testing.table`; a test holds it to the code.
"""
TABLE = """
## {title}

{text}

| layer | of | mask | reads | runs on | what it does |
|---|---|---|---|---|---|
"""


def _line(name: str, example: Example) -> str:
    call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
    layer = Subject(example.make(), example.inputs, call).layer
    own_way = type(layer).on_rows is not layers.Layer.on_rows
    on_rows = layer.supports_masking and (layer.stepwise or own_way)
    runs = "real steps" if on_rows and layer.mask_role != "drops" else "padded array"
    promise = (type(layer).__doc__ or "").strip().split("\n")[0].partition(" Source:")[0]
    if layer.depends_on_padding:
        promise += f" *Depends on padding*: {layer.depends_on_padding}"
    of = "Keras" if type(layer).__name__ in names_in(IN_KERAS) else "maskseq"
    return f"| `{name}` | {of} | {layer.mask_role} | {layer.reads_masked} | {runs} | {promise} |\n"


def layers_table() -> str:
    """The text of docs/layers.md: a table for each family."""
    lines: dict[str, list[str]] = {}
    for name, example in sorted(EXAMPLES.items()):
        family = FILES[type(example.make()).__name__].split(".")[2]
        lines.setdefault(family, []).append(_line(name, example))
    page = HEADER
    for family in sorted(IN_KERAS | OURS):
        text = import_module(f"..layers.{family}", __package__).__doc__
        title = family.upper() if family == "rnn" else family.capitalize()
        page += TABLE.format(title=title, text=text) + "".join(lines[family])
    return page


if __name__ == "__main__":
    print(layers_table(), end="")
