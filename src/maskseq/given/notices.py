"""Warnings that point at the line that called maskseq."""

import sys
import warnings


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, as if from the first line outside of this package up the stack."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("maskseq."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
