"""Standard input and output, as bytes; a process may have been started without them."""

import sys
from typing import BinaryIO


def standard_input() -> BinaryIO:
    """Raises: ValueError if it is closed."""
    if sys.stdin is None:
        raise ValueError("standard input is closed: give a file")
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """Raises: ValueError if it is closed."""
    if sys.stdout is None:
        raise ValueError("standard output is closed: give a file")
    return sys.stdout.buffer
