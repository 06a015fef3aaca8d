"""Text that came out of a file, in a form that may be shown on a terminal (CWE-150)."""

MAX_SHOWN = 2000  # characters of a message: the longest of ours, with names from a file in it


def printable(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` on one line: control characters as escapes (\\x1b, \\n), at most `limit` characters.

    What is escaped is what `str.isprintable` says: controls, line ends, characters that change the
    direction of writing, lone surrogates. Other characters, backslashes too, stay as they are.
    """
    shown = str(text)
    if len(shown) > limit:
        half = limit // 2
        shown = f"{shown[:half]} ... {shown[-half:]}"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


def one_line(error: BaseException) -> str:
    """What an exception says, for one line of a terminal; its type where it says nothing."""
    told = str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        told = f"{error.filename}: {error.strerror.lower()}"
    said = printable(" ".join(told.split()))
    kind = type(error).__name__
    return f"{kind}: {said}" if isinstance(error, KeyError) else said or kind
