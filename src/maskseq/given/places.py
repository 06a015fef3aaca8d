"""Where in the users' data an error arose: `row` and `step` of the error, counted from 0.

The row is the number of a sequence in all that was given, whatever pieces it was cut into.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Error = TypeVar("Error", bound=Exception)


def placed(error: Error, row: int, step: int | None = None) -> Error:
    """`error` with its place as attributes."""
    vars(error).update(row=int(row), step=None if step is None else int(step))
    return error


def in_file(error: Error, path: str, row: int, step: int | None = None) -> Error:
    """`error` with its place in a file as attributes: `path`, `row` and `step`."""
    vars(error)["path"] = path
    return placed(error, row, step)


class rows_of:
    """An error with a row that the body raises has it in all data: `number(row)`.

    Its message is changed where it names the row: " at [3, 1]".
    """

    __slots__ = ("_number",)

    def __init__(self, number: Callable[[int], int]):
        self._number = number

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        row = getattr(error, "row", None)
        if isinstance(error, Exception) and row is not None:
            number = int(self._number(row))
            _say(error, f" at [{row}", f" at [{number}")
            vars(error)["row"] = number


def without_row(error: Exception) -> str:
    """The message, with the step alone: for one sequence, whose place is said elsewhere."""
    row, step = getattr(error, "row", None), getattr(error, "step", None)
    head, found, tail = str(error).rpartition(f" at [{row}")
    if row is None or not found:
        return str(error)
    return head if step is None else f"{head} at step {step}{tail.partition(']')[2]}"


def _say(error: Exception, before: str, after: str) -> None:
    head, found, tail = str(error).rpartition(before)
    if found and tail[:1] in (",", "]"):
        error.args = (head + after + tail,)
