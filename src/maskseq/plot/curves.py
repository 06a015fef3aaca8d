"""Losses and metrics over the epochs of a fit."""

from typing import Any

from .axes import axes_or_new


def learning_curves(history: Any, *, names: Any = None, axes: Any = None) -> Any:
    """Draw what `fit` returned: a line for each log, dashed for that of the validation data.

    Parameters
    ----------
    history : History or dict
        A History, or its dict from names to a list with a number for each epoch.
    names : sequence of str, optional
        The logs to draw, without ``"val_"``; None = all of them.
    axes : matplotlib.axes.Axes, optional
        Axes to draw on; None = new ones.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        For a name that the history does not have.

    See Also
    --------
    maskseq.callbacks.History

    Examples
    --------
    >>> import maskseq
    >>> axes = maskseq.plot.learning_curves({"loss": [0.5, 0.25], "val_loss": [0.6, 0.4]})
    >>> len(axes.lines)
    2
    """
    logs = getattr(history, "history", history)
    known = list(dict.fromkeys(name.removeprefix("val_") for name in logs))
    names = known if names is None else list(names)
    for name in names:
        if name not in known:
            raise ValueError(f"plot.learning_curves: no log {name!r}; there are {known}")
    axes = axes_or_new(axes)
    for number, name in enumerate(names):
        for key, style in ((name, "-"), (f"val_{name}", "--")):
            if key in logs:
                epochs = range(1, len(logs[key]) + 1)
                axes.plot(epochs, logs[key], style, color=f"C{number % 10}", marker=".", label=key)
    axes.set(xlabel="epoch")
    axes.legend()
    return axes
