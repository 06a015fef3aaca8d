"""What a model file can be refused for; both are ValueErrors.

Their messages hold names out of the file, so what a terminal would obey is escaped in them.
"""

from ..storage.text import printable


class FormatError(ValueError):
    """A file is damaged, or not what it claims to be: nothing of it has been used.

    Parameters
    ----------
    path : str
        The file, as the caller named it; also an attribute.
    reason : str
        What is wrong with it; also an attribute.

    See Also
    --------
    UnsupportedLayerError

    Examples
    --------
    >>> import maskseq, pathlib
    >>> pathlib.Path("model.keras").write_bytes(b"PK")
    2
    >>> try:
    ...     maskseq.load_model("model.keras")
    ... except maskseq.importers.FormatError as error:
    ...     print(error.path)
    model.keras
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, printable(reason)
        super().__init__(path, self.reason)

    def __str__(self) -> str:
        return f"{printable(self.path)}: {self.reason}"


class UnsupportedLayerError(ValueError):
    """A file names a layer, an operation or an option outside the table of known ones.

    Parameters
    ----------
    message : str
        What is not known, and where it stands.

    See Also
    --------
    FormatError

    Examples
    --------
    >>> import maskseq
    >>> try:
    ...     maskseq.importers.model_from_json('{"class_name": "Diffusion", "config": {}}')
    ... except maskseq.importers.UnsupportedLayerError:
    ...     print("not known")
    not known
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
