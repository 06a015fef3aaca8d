"""Packages that maskseq works with and does not need: imported where they are used."""

from importlib import import_module
from typing import Any


def need(package: str, user: str, extra: str) -> Any:
    """The module `package`, for the function `user`.

    Raises: ImportError that says who needs it, and how it is installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        top = package.partition(".")[0]
        if error.name != top:
            raise
        raise ImportError(
            f"{user} needs {top}: pip install {top}, or maskseq[{extra}]", name=top
        ) from error
