from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

def measure(rows: tuple[Any, ...], lengths: np.ndarray) -> tuple[int, int]: ...
def join_ints(rows: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray] | None: ...
def pack(
    rows: tuple[Any, ...],
    lengths: np.ndarray,
    out: np.ndarray,
    slow: Callable[[int, int, int, int], None],
    *,
    pad_row: np.ndarray | None = None,
    pad_before: bool = False,
    cut_before: bool = False,
    exact: bool = False,
) -> None: ...
def spread(
    values: np.ndarray,
    offsets: np.ndarray,
    out: np.ndarray,
    pad_row: np.ndarray,
    *,
    pad_before: bool,
    cut_before: bool,
) -> None: ...
def json_lists(
    text: bytes, key: bytes | None = None, kept: list[bytes] = ...
) -> tuple[Any, ...] | None: ...
def float_texts(
    values: np.ndarray, other: Callable[[int], bytes]
) -> tuple[np.ndarray, np.ndarray]: ...
def bracketed(
    text: Any, spans: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]: ...
def lines_of(columns: Sequence[tuple[Any, np.ndarray]], between: list[bytes]) -> bytes: ...
def csv_numbers(
    text: bytes, columns: int, real: list[bool] | None = None
) -> list[np.ndarray] | None: ...
