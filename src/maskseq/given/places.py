"""Where in the users' data an error arose: `row` and `step` of the error, counted from 0.

The row is the number of a sequence in all that was given, whatever pieces it was cut into.
"""

import re
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

    Its message is changed where it names the row: " at [3, 1]", " at position 3", " in row 3".
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
            error.args = (_place(row).sub(rf"\g<1>{number}", str(error)),)
            vars(error)["row"] = number


def without_row(error: Exception) -> str:
    """The message, with the step alone: for one sequence, whose place is said elsewhere."""
    row, step = getattr(error, "row", None), getattr(error, "step", None)
    if row is None:
        return str(error)
    said = re.sub(rf" (at position|in row) {row}\b", "", str(error))
    in_step = "" if step is None else f" at step {step}"
    return re.sub(rf" at \[{row}(, \d+)*\]", in_step, said)


def _place(row: int) -> re.Pattern[str]:
    """Where a message names a row."""
    return re.compile(rf"( at \[| at position | in row ){row}\b")
