"""What a model file can be refused for; both are ValueErrors."""


class FormatError(ValueError):
    """A file is damaged, or not what it claims to be: nothing of it has been used.

    Attributes:
        path: the file, as the caller named it.
        reason: what is wrong with it.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class UnsupportedLayerError(ValueError):
    """A file names a layer, an operation or an option outside the table of known ones."""
