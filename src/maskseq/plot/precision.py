"""How far the answers of a model move in fewer bits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..testing.precision import precision_differences
from .axes import axes_or_new


def precision(
    model: Any, x: Any, *, precisions: Sequence[str] = ("bfloat16", "int8"), axes: Any = None
) -> Any:
    """Draw how many numbers of the answers move how far, a curve for each precision.

    Parameters
    ----------
    model : Model
        A float32 model of maskseq; copies of it are quantized.
    x : array_like
        Sequences, as for `maskseq.testing.check_precision`.
    precisions : sequence of str, default ("bfloat16", "int8")
        What to compare with float32.
    axes : matplotlib.axes.Axes, optional
        Axes to draw on; None = new ones.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Across stands the difference, on a logarithmic scale, up the share of the numbers
        that differ by so much or less; numbers that are the same are in the share, not in the
        curve.

    Raises
    ------
    ValueError
        Naming the layer that cannot be quantized: see `Model.quantize`.

    See Also
    --------
    maskseq.testing.check_precision

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> axes = maskseq.plot.precision(model, [[[1.0, 2.0, 3.0, 4.0]]])
    >>> [line.get_label().split(":")[0] for line in axes.lines]
    ['bfloat16', 'int8']
    """
    found = {name: np.sort(precision_differences(model, x, name)) for name in precisions}
    axes = axes_or_new(axes)
    for number, (name, apart) in enumerate(found.items()):
        share = np.arange(1, len(apart) + 1) / max(len(apart), 1)
        seen = (apart > 0) & np.isfinite(apart)
        label = f"{name}: at most {apart.max(initial=0):.2g}"
        axes.plot(apart[seen], share[seen], color=f"C{number % 10}", label=label)
    axes.set(xlabel="difference from float32", ylabel="share of the answers' numbers", ylim=(0, 1))
    axes.set_xscale("log")
    axes.legend()
    return axes
