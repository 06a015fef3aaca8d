"""The way of a mask through a model, as an SVG."""

import os
from typing import Any

from ..models.mask_flow import mask_flow as boxes_and_arrows
from ..pictures.flow import flow
from ..storage import atomic


class Picture(str):
    """The text of an SVG; a notebook shows it as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def mask_flow(model: Any, path: str | os.PathLike[str] | None = None) -> Picture:
    """Where a mask is made, handed on, used and lost in a model.

    Every call is a box with the shape that it gives and its role in masking; a green line carries a
    mask, a dashed one none; a red box loses it.

    Parameters
    ----------
    model : Model
        A Sequential, a functional model, or anything with a graph.
    path : str or os.PathLike, optional
        A file to write, such as "model.svg"; None = none.

    Returns
    -------
    Picture
        The SVG, which a notebook shows.

    Raises
    ------
    ValueError
        For a model without a graph.

    See Also
    --------
    padding, maskseq.report.report

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.Masking(), layers.LSTM(8)])
    >>> picture = maskseq.plot.mask_flow(model)
    >>> "</svg>" in picture._repr_svg_()
    True
    """
    if getattr(model, "_plan", None) is None:
        raise ValueError(
            f"plot.mask_flow: {model!r} has no graph: a subclass that writes `call` is drawn by "
            "none, and a Sequential has one once it is built"
        )
    picture = Picture(flow(*boxes_and_arrows(model)))
    if path is not None:
        with atomic.replacing(path) as file:
            file.write(picture.encode())
    return picture
