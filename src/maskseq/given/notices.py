"""Warnings, and places in users' code: the line that called maskseq."""

import sys
import warnings
from types import FrameType


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, as if from the first line outside of this package up the stack."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def place_of(made: object) -> tuple[str, int]:
    """The file and the line in which users make an object: called from its constructor.

    Constructors of their own subclasses lie between.
    """
    frame = sys._getframe(1)
    while frame.f_back and (_is_ours(frame) or _constructs(frame, made)):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").startswith("maskseq.")


def _constructs(frame: FrameType, made: object) -> bool:
    code = frame.f_code
    if code.co_name != "__init__" or not code.co_argcount:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is made
