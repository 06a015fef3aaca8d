"""One page about a model and its data: layers, lengths, the cost of padding, invariance, speed."""

import os
from typing import Any

import numpy as np

from .. import runtime
from ..data.pictured import chosen, saved
from ..data.ragged import Ragged, as_batch
from ..models.summary_html import summary_html
from ..pictures.bars import bars
from ..pictures.curves import curves
from ..pictures.html import escape, note, table
from ..storage import atomic
from ..testing.invariance import check_invariance
from ..testing.precision import check_precision, precision_differences
from .measure import SECONDS, cost_of

PRECISIONS = ("bfloat16", "int8")
LOOKED_AT = 12  # sequences whose answers are compared alone, among others and with more padding
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 860px; margin: 24px auto;
  padding: 0 16px; }}
h1 {{ font-size: 1.5em; }} h2 {{ font-size: 1.15em; margin-top: 1.6em; }}
</style></head><body><h1>{title}</h1>
{body}
</body></html>
"""


def report(
    model: Any, x: Any, path: str | os.PathLike[str], *, seconds: float = SECONDS, title: str = ""
) -> None:
    """Write a self-contained HTML page about `model` on the sequences `x`.

    It shows the layers and the way of the mask, the lengths of the sequences, the time of `predict`
    with and without padding, whether answers depend on padding or on batch mates, the speed, and
    what fewer bits would change.
    Nothing in it is loaded from elsewhere.

    Parameters
    ----------
    model : Model
        A model of one input.
    x : array_like
        Sequences as `predict` takes them.
    path : str or os.PathLike
        The file to write, whole or not at all.
    seconds : float, default 1.0
        How long each thing is timed.
    title : str, default ""
        Of the page; by default the model's name.

    Raises
    ------
    TypeError
        For data that are no sequences.
    ValueError
        For a model of several inputs, or without a sequence.
    OSError
        If the file cannot be written.

    See Also
    --------
    maskseq.plot.mask_flow, maskseq.testing.check_invariance

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> import os, tempfile
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> model = maskseq.Model(ids, layers.LSTM(8)(x))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "report.html")
    ...     maskseq.report.report(model, [[711, 632, 71], [73, 8]], path, seconds=0.01)
    ...     page = open(path, encoding="utf-8").read()
    >>> "<html" in page
    True
    """
    sequences = as_batch(x)
    if not isinstance(sequences, Ragged):
        raise TypeError(
            f"report: expected sequences (a list of them, or a Ragged), got an array of shape "
            f"{sequences.shape}; maskseq.Ragged.from_padded(x, mask=...) makes them of it"
        )
    if len(model.inputs) != 1:
        raise ValueError(f"report: expected a model of one input, got {len(model.inputs)}")
    if not len(sequences):
        raise ValueError("report: expected at least one sequence, got none")
    atomic.check(path)
    parts = {
        "Model": summary_html(model),
        "Data": _data(sequences),
        "What padding would cost": _cost(model, sequences, seconds),
        "Does an answer depend on padding or batch mates?": _invariance(model, sequences),
        "What fewer bits would change": _precision(model, sequences),
        "This machine": table(("", ""), runtime.config().items()),
    }
    body = "\n".join(
        f'<section><h2>{escape(name)}</h2><div class="maskseq">{part}</div></section>'
        for name, part in parts.items()
    )
    with atomic.replacing(path) as file:
        page = PAGE.format(title=escape(title or f"maskseq report: {model.name}"), body=body)
        file.write(page.encode())


def _data(x: Ragged) -> str:
    lengths = x.lengths
    shortest, middle, longest = int(lengths.min()), float(np.median(lengths)), int(lengths.max())
    rows = [
        ("sequences", f"{len(x):,}"),
        ("steps", f"{len(x.values):,}"),
        ("shortest, median, longest", f"{shortest}, {middle:g}, {longest}"),
        ("a step is", f"{x.features} of {x.dtype}" if x.features else f"one {x.dtype}"),
    ]
    return table(("", ""), rows) + bars(chosen(lengths)) + note(saved(lengths))


def _cost(model: Any, x: Ragged, seconds: float) -> str:
    cost = cost_of(model, x, seconds)
    steps, cells = len(x.values), len(x) * x.time
    rows = [("real steps only, as maskseq runs it", f"{steps:,}", f"{cost.real * 1e3:.2f}", "1")]
    if cost.padded is not None:
        ratio = f"{cost.padded / cost.real:.2f}"
        rows.append(
            ("every cell of the padded array", f"{cells:,}", f"{cost.padded * 1e3:.2f}", ratio)
        )
    header = ("computed", "steps", "ms", "times as long")
    speed = f"{steps / cost.real:,.0f} steps and {len(x) / cost.real:,.0f} sequences a second"
    return table(header, rows, numbers=(1, 2, 3)) + note(speed)


def _invariance(model: Any, x: Ragged) -> str:
    some = x[: min(len(x), LOOKED_AT)]
    largest = check_invariance(model, some)
    looked = f"the first {len(some)} sequences, alone, in another order and with more padding"
    if largest == 0:
        return note(f"No: {looked}, give the same bits.")
    return note(
        f"Yes: of {looked}, answers differ by up to {largest:.3g}. A layer that loses the mask is "
        f"red in the picture above; docs/layers.md says where answers depend on padding in Keras."
    )


def _precision(model: Any, x: Ragged) -> str:
    rows, lines = [], {}
    for name in PRECISIONS:
        try:
            check, apart = check_precision(model, x, name), precision_differences(model, x, name)
        except ValueError as error:
            return note(f"Not measured: {error}")
        changed = (
            f"{check.changed:,} of {check.decisions:,}" if check.decisions else "none to change"
        )
        rows.append((name, f"{check.largest:.2g}", f"{check.typical:.2g}", changed))
        lines[name] = np.quantile(apart, np.linspace(0, 1, 41), method="nearest").tolist()
    header = ("weights in", "largest difference", "typical", "decisions that change")
    drawn = curves(lines, "differences from float32, from the smallest to the largest", log=True)
    words = "Below, on a logarithmic scale: differences from float32, from the smallest on. "
    return table(header, rows, numbers=(1, 2, 3)) + note(words + "See docs/precision.md.") + drawn
