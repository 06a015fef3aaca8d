"""What the queries of one sequence attend to."""

from typing import Any

import numpy as np

from .axes import axes_or_new


def attention(
    scores: Any, *, query_labels: Any = None, key_labels: Any = None, axes: Any = None
) -> Any:
    """Draw attention scores of one sequence: rows are queries, columns are keys.

    Parameters
    ----------
    scores
        (queries, keys), or (heads, queries, keys), of which the mean over the heads is drawn; what
        a layer returns with `return_attention_scores=True`, of one sequence.
    query_labels, key_labels : optional
        Words for the steps; the picture ends with the last of them.
    axes : matplotlib.axes.Axes, optional
        Axes to draw on; None = new ones.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        For scores of another shape.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> axes = maskseq.plot.attention(np.eye(3))
    >>> len(axes.images)
    1
    """
    shown = np.asarray(scores)
    if shown.ndim == 3:
        shown = shown.mean(axis=0)
    if shown.ndim != 2:
        raise ValueError(
            "plot.attention: scores must be (queries, keys) or (heads, queries, keys) of one "
            f"sequence, got shape {np.shape(scores)}"
        )
    rows = shown.shape[0] if query_labels is None else len(query_labels)
    columns = shown.shape[1] if key_labels is None else len(key_labels)
    shown = shown[:rows, :columns]
    axes = axes_or_new(axes, 5.2, 4.4)
    image = axes.imshow(shown, aspect="auto", interpolation="nearest", cmap="Blues", vmin=0)
    axes.figure.colorbar(image, ax=axes, label="share of attention")
    axes.set(xlabel="key", ylabel="query")
    if key_labels is not None:
        axes.set_xticks(range(columns), key_labels, rotation=60, ha="right")
    if query_labels is not None:
        axes.set_yticks(range(rows), query_labels)
    return axes
