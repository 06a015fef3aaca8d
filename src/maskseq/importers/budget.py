"""What the reading of one file may cost: one counter for all that is in it.

The pieces of a file may point at one another, so that few bytes can ask for much work. Whatever is
done for a piece is paid for here; honest files need a small part of what their size allows.
"""

from .errors import FormatError


class Budget:
    """Steps that may still be taken. path: of the file, for the error; room: how many at first."""

    def __init__(self, path: str, room: int, what: str) -> None:
        self.path, self.room, self.what, self.left = path, room, what, room

    def spend(self, steps: int) -> None:
        """Take so many steps. Raises: FormatError if there are none left."""
        self.left -= steps
        if self.left < 0:
            raise FormatError(
                self.path, f"{self.what}: more than the {self.room} that its size allows"
            )
