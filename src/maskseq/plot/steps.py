"""The steps that one answer depends on."""

from typing import Any

import numpy as np

from .axes import axes_or_new


def steps(changes: Any, *, labels: Any = None, axes: Any = None) -> Any:
    """Draw what `maskseq.explain.steps` gives for one sequence, a bar for each step.

    Parameters
    ----------
    changes
        (steps,) numbers.
    labels : sequence of str, optional
        Words for the steps, such as tokens.
    axes : matplotlib.axes.Axes, optional
        Axes to draw on; None = new ones.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        For another shape, or another number of labels.

    See Also
    --------
    attention, maskseq.explain.steps

    Examples
    --------
    >>> import maskseq
    >>> axes = maskseq.plot.steps([0.1, -0.4, 0.2], labels=["not", "bad", "film"])
    >>> len(axes.patches)
    3
    """
    changes = np.asarray(changes)
    if changes.ndim != 1:
        raise ValueError(
            f"plot.steps: changes must be (steps,) of one sequence, got {changes.shape}"
        )
    if labels is not None and len(labels) != len(changes):
        raise ValueError(f"plot.steps: expected {len(changes)} labels, got {len(labels)}")
    axes = axes_or_new(axes)
    colors = np.where(changes < 0, "#c2410c", "#3b82c4")
    axes.bar(range(len(changes)), changes, color=colors.tolist())
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(xlabel="step", ylabel="change if it is masked")
    if labels is not None:
        axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
    return axes
