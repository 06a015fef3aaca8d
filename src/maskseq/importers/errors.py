"""What a model file can be refused for; both are ValueErrors.

Their messages hold names out of the file, so what a terminal would obey is escaped in them.
"""

from ..storage.text import printable


class FormatError(ValueError):
    """A file is damaged, or not what it claims to be: nothing of it has been used.

    Attributes:
        path: the file, as the caller named it.
        reason: what is wrong with it.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, printable(reason)
        super().__init__(path, self.reason)

    def __str__(self) -> str:
        return f"{printable(self.path)}: {self.reason}"


class UnsupportedLayerError(ValueError):
    """A file names a layer, an operation or an option outside the table of known ones."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
