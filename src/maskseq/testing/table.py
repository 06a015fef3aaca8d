"""The table of docs/layers.md: what each layer does to the mask. python -m maskseq.testing.table"""

from .. import layers
from .examples import EXAMPLES, Example
from .promises import Subject

HEADER = """\
# Layers and the mask

What a layer does to the mask of its input: it *makes* one, *uses* it, *changes* it, *passes* it on,
or *drops* it (and says so once, where Keras does). "Reads" tells which masked cells an output
depends on: all of them, those of its own step, or none; where it is "none", what padding holds
cannot matter. "Runs on" tells whether a model computes real steps only or the padded array.

This page is written by `python -m maskseq.testing.table`; a test holds it to the code.

| layer | mask | reads | runs on | |
|---|---|---|---|---|
"""


def _line(name: str, example: Example) -> str:
    call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
    layer = Subject(example.make(), example.inputs, call).layer
    own_way = type(layer).on_rows is not layers.Layer.on_rows
    on_rows = layer.supports_masking and (layer.stepwise or own_way)
    runs = "real steps" if on_rows and layer.mask_role != "drops" else "padded array"
    promise = (type(layer).__doc__ or "").strip().split("\n")[0].partition(" Source:")[0]
    return f"| `{name}` | {layer.mask_role} | {layer.reads_masked} | {runs} | {promise} |\n"


def layers_table() -> str:
    """The text of docs/layers.md."""
    return HEADER + "".join(_line(name, EXAMPLES[name]) for name in sorted(EXAMPLES))


if __name__ == "__main__":
    print(layers_table(), end="")
