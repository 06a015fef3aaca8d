"""Windows over time: where those of convolutions and poolings lie.

Source: keras.ops.conv and keras.ops.max_pool; "same" pads as TensorFlow does, the odd cell last.
"""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, overload

import numpy as np

from ... import _kernels
from ...numerics import reductions
from ...numerics.products import outer, turned
from ...tape import Traced
from ...tensor import as_numpy
from ...variable import Variable


def check_padding(padding: Any, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """`padding` in lower case. Raises: ValueError unless it is one of `allowed`."""
    name = padding.lower() if isinstance(padding, str) else padding
    if name not in allowed:
        raise ValueError(f"padding must be one of {allowed}, got {padding!r}")
    return name


@overload
def count_windows(
    time: int, size: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> int: ...
@overload
def count_windows(
    time: int | None, size: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> int | None: ...


def count_windows(
    time: int | None, size: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> int | None:
    """How many windows `time` steps have; None for None. Raises: ValueError if none fits."""
    if time is None:
        return None
    span = (size - 1) * dilation + 1
    if padding != "valid":
        return -(-time // stride)
    if time < span:
        raise ValueError(f"inputs must have at least {span} steps for one window, got {time}")
    return (time - span) // stride + 1


def steps_before(time: int, size: int, stride: int, padding: str, dilation: int, count: int) -> int:
    """How many steps of padding are before the first of `count` windows."""
    span = (size - 1) * dilation + 1
    missing = max((count - 1) * stride + span - time, 0)
    return {"valid": 0, "same": missing // 2, "causal": span - 1}[padding]


@functools.lru_cache(maxsize=64)
def places(
    batch: int, time: int, size: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> tuple[_kernels.Windows, int]:
    """All windows of `batch` sequences of `time` steps, and how many a sequence has.

    Raises: ValueError if there are sequences, and too few steps for a window.
    """
    if not batch and padding == "valid" and time < (size - 1) * dilation + 1:
        return _kernels.Windows(0, time, 0, size, stride, dilation), 0
    count = count_windows(time, size, stride, padding, dilation)
    before = steps_before(time, size, stride, padding, dilation, count)
    return _kernels.Windows(batch, time, count, size, stride, dilation, before), count


def windows_of(
    x: np.ndarray,
    size: int,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    fill: float = 0,
) -> np.ndarray:
    """x (batch, time, features), padded by `fill` -> a view (batch, windows, size, features).

    Raises: ValueError if there are sequences, and too few steps for a window.
    """
    span = (size - 1) * dilation + 1
    if not len(x) and x.shape[1] < span:
        return np.empty((0, 0, size, x.shape[2]), x.dtype)
    count = count_windows(x.shape[1], size, stride, padding, dilation)
    if not count:
        return np.empty((len(x), 0, size, x.shape[2]), x.dtype)
    missing = max((count - 1) * stride + span - x.shape[1], 0)
    before = steps_before(x.shape[1], size, stride, padding, dilation, count)
    if missing or before:
        ends = before, max(missing - before, 0)
        x = np.pad(x, [(0, 0), ends, (0, 0)], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=1)
    return view[:, ::stride, :, ::dilation][:, :count].swapaxes(2, 3)


def gradient_of_windows(
    d: np.ndarray, time: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> np.ndarray:
    """The gradient of x (batch, time, features) from that of `windows_of` it.

    d: (batch, windows, size, features). A step adds up its places in windows, the last place first.
    """
    batch, count, size, features = d.shape
    span = (size - 1) * dilation + 1
    before = steps_before(time, size, stride, padding, dilation, count)
    reach = max((count - 1) * stride + span if count else 0, before + time)
    whole = np.zeros((batch, reach, features), np.float32)
    for place in reversed(range(size)):
        start = place * dilation
        whole[:, start : start + count * stride : stride][:, :count] += d[:, :, place]
    return whole[:, before : before + time]


def cells_at(
    batch: int, time: int, size: int, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> Iterator[np.ndarray]:
    """For each place of windows int64 (windows,): the cell b * time + t there; -1: none."""
    count = count_windows(time, size, stride, padding, dilation)
    before = steps_before(time, size, stride, padding, dilation, count)
    first, sequences = np.arange(count) * stride - before, np.arange(batch)[:, None] * time
    for place in range(size):
        step = first + place * dilation
        yield np.where((step >= 0) & (step < time), step + sequences, -1).reshape(-1)


def kernel_gradient(
    x: np.ndarray, dz: np.ndarray, at: Iterable[np.ndarray], size: int, groups: int = 1
) -> np.ndarray:
    """The gradient of a kernel (size, features / groups, filters), without gathered windows.

    x: (rows, features).  dz: (windows, filters), the gradient of the products.  at: for each place
    int64 (windows,), the row of x there; -1: zeros.
    """
    width, units = x.shape[1] // groups, dz.shape[1] // groups
    made = np.empty((size, width, dz.shape[1]), np.float32)
    for place, index in enumerate(at):
        for i in range(groups):
            own, part = slice(i * units, (i + 1) * units), slice(i * width, (i + 1) * width)
            made[place, :, own] = outer(x[:, part], dz[:, own], index)
    return made


def input_gradient(
    dz: np.ndarray, kernel: np.ndarray, windows: _kernels.Windows, groups: int = 1
) -> np.ndarray:
    """The gradient of the rows of x (rows, features), a convolution with the turned kernel.

    dz: as above.  kernel: (size, features / groups, filters).  windows: `back_to` the cells.
    """
    units, turned_kernel = kernel.shape[2] // groups, kernel[::-1].swapaxes(1, 2)
    parts = [turned_kernel[:, i * units : (i + 1) * units] for i in range(groups)]
    packed = [_kernels.PackedDense(part.reshape(-1, kernel.shape[1])) for part in parts]
    return _kernels.convolve(dz, packed, windows)


def back_to(
    batch: int, time: int, size: int, stride: int, padding: str, dilation: int
) -> _kernels.Windows | None:
    """For each cell, where what its gradient is made of lies; None where windows are strided."""
    if stride > 1:
        return None
    count = count_windows(time, size, 1, padding, dilation)
    before = steps_before(time, size, 1, padding, dilation, count)
    reach = (size - 1) * dilation
    return _kernels.Windows(batch, count, time, size, 1, dilation, reach - before)


def convolution_back(
    x: np.ndarray,
    kernel: np.ndarray,
    dz: np.ndarray,
    place: tuple[int, str, int],
    wanted: tuple[bool, bool],
    groups: int = 1,
) -> list[Any]:
    """The gradients of x (batch, time, features) and kernel, None where they are not wanted.

    dz: (batch, windows, filters).
    """
    (batch, time, features), size = x.shape, len(kernel)
    dz = np.ascontiguousarray(dz)
    flat = dz.reshape(-1, dz.shape[2])
    of_x = of_kernel = None
    if wanted[0] and flat.size:
        windows = back_to(batch, time, size, *place)
        if windows is None:
            parts = windows_gradient(flat, kernel, groups).reshape(*dz.shape[:2], size, features)
            of_x = gradient_of_windows(parts, time, *place)
        else:
            of_x = input_gradient(flat, kernel, windows, groups).reshape(x.shape)
    elif wanted[0]:
        of_x = np.zeros(x.shape, np.float32)
    if wanted[1] and flat.size:
        at = cells_at(batch, time, size, *place)
        of_kernel = kernel_gradient(x.reshape(-1, features), flat, at, size, groups)
    elif wanted[1]:
        of_kernel = np.zeros(kernel.shape, np.float32)
    return [of_x, of_kernel]


def windows_gradient(dz: np.ndarray, kernel: np.ndarray, groups: int = 1) -> np.ndarray:
    """The gradient of each place of windows, (windows, size, features): for strided ones, which are
    few. dz: (windows, filters).
    """
    size, width, filters = kernel.shape
    units, parts = filters // groups, []
    for i in range(groups):
        own = slice(i * units, (i + 1) * units)
        back = turned(np.ascontiguousarray(dz[:, own]), kernel[:, :, own].reshape(-1, units))
        parts.append(back.reshape(len(dz), size, width))
    return parts[0] if groups == 1 else np.concatenate(parts, axis=2)


def convolve_on_tape(x: Traced, kernel: Variable, window: tuple[Any, ...]) -> Any:
    """The products of kernel (size, features, filters) and the windows of x, recorded.

    window: size, stride, padding, dilation.  Returns: (batch, windows, filters).
    """
    size, *place = window
    array, weights = np.asarray(as_numpy(x.value), np.float32), kernel.value
    batch, time, features = array.shape
    windows, count = places(batch, time, size, *place)
    packed = [_kernels.PackedDense(weights.reshape(-1, weights.shape[2]))]
    y = _kernels.convolve(array.reshape(-1, features), packed, windows)

    def backward(d: np.ndarray, wanted: Any) -> list[Any]:
        return convolution_back(array, weights, d, (place[0], place[1], place[2]), wanted)

    return x.tape.record(y.reshape(batch, count, -1), [x, kernel], backward)


def convolve_channels_on_tape(
    x: Traced, kernel: Variable, stride: int, padding: str, dilation: int
) -> Any:
    """Each channel's own convolutions of x (batch, time, channels), recorded.

    kernel: (size, channels, multiplier).  Returns: (batch, n, channels * multiplier).
    """
    array, weights = np.asarray(as_numpy(x.value), np.float32), kernel.value
    (batch, time, channels), place = array.shape, (stride, padding, dilation)

    def backward(d: np.ndarray, wanted: Any) -> list[Any]:
        windows = windows_of(array, len(weights), *place)
        d = d.reshape(*windows.shape[:2], *weights.shape[1:])
        to_x = to_kernel = None
        if wanted[0]:
            parts = [reductions.reduce(d * step, "sum", -1) for step in weights]
            to_x = np.stack(parts, axis=2)
            to_x = gradient_of_windows(to_x, time, *place)
        if wanted[1]:
            steps = (windows[:, :, i, :, None] * d for i in range(len(weights)))
            to_kernel = np.stack([reductions.reduce(step, "sum", (0, 1)) for step in steps])
        return [to_x, to_kernel]

    at, count = places(batch, time, len(weights), *place)
    y = _kernels.depthwise(array.reshape(-1, channels), weights, None, at)
    return x.tape.record(y.reshape(batch, count, y.shape[1]), [x, kernel], backward)
