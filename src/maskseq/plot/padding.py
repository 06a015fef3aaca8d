"""A batch as cells: which of them are real."""

from importlib import import_module
from typing import Any

import numpy as np

from ..data.ragged import Ragged, as_batch
from .axes import axes_or_new

COLORS = ("#e5e7eb", "#3b82c4")


def padding(x: Any, *, mask: Any = None, sort: bool = False, axes: Any = None) -> Any:
    """Draw the cells of a batch: real steps dark, padding light.

    Parameters
    ----------
    x : array_like
        Sequences as `predict` takes them, or a padded array (batch, time, ...) with its `mask`.
    mask : bool (batch, time), optional
        True = real; for a padded array.
    sort : bool, default False
        The longest sequence first.
    axes : matplotlib.axes.Axes, optional
        Axes to draw on; None = new ones.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; their title says how much of the padded array is padding.

    Raises
    ------
    ValueError
        For an array without a mask, or a mask of another shape.

    See Also
    --------
    mask_flow, maskseq.pad_sequences

    Examples
    --------
    >>> import maskseq
    >>> axes = maskseq.plot.padding([[711, 632, 71], [73, 8]])
    >>> axes.get_title()
    '16.7% of 6 cells are padding'
    """
    batch = as_batch(x)
    if isinstance(batch, Ragged):
        real = np.arange(batch.time) < batch.lengths[:, None]
    else:
        real = np.asarray(mask, bool)
        if mask is None or real.shape != batch.shape[:2]:
            raise ValueError(
                f"plot.padding: a padded array needs mask=, bool of shape {batch.shape[:2]}, got "
                f"{'none' if mask is None else real.shape}"
            )
    if sort:
        real = real[np.argsort(-real.sum(axis=1), kind="stable")]
    axes = axes_or_new(axes)
    colors = import_module("matplotlib.colors").ListedColormap(COLORS)
    axes.imshow(real, aspect="auto", interpolation="nearest", cmap=colors, vmin=0, vmax=1)
    share = 1 - real.mean() if real.size else 0.0
    axes.set(
        xlabel="step", ylabel="sequence", title=f"{share:.1%} of {real.size:,} cells are padding"
    )
    return axes
