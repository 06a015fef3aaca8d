"""Float64 definitions of convolutions, place by place."""

import numpy as np


def window_rows(x_rows, batch, time, count, size, stride, dilation, before, row_of, made):
    """(n, size): the row of x at each place of each window, -1 for zeros."""
    row_of = np.arange(batch * time) if row_of is None else row_of
    rows = []
    for cell in range(batch * count) if made is None else made:
        sequence, window = divmod(int(cell), count)
        steps = [window * stride - before + j * dilation for j in range(size)]
        found = [row_of[sequence * time + t] if 0 <= t < time else -1 for t in steps]
        rows.append([row if 0 <= row < x_rows else -1 for row in found])
    return np.array(rows, np.int64).reshape(-1, size)


def convolve(x, kernel, bias, rows, groups=1):
    """x (x_rows, features), kernel (size, features / groups, filters), rows as above."""
    x = np.concatenate([x, np.zeros((1, x.shape[1]))]).astype(np.float64)
    width, units = kernel.shape[1], kernel.shape[2] // groups
    y = np.zeros((len(rows), kernel.shape[2])) + bias
    for j in range(kernel.shape[0]):
        for g in range(groups):
            mine = slice(g * units, (g + 1) * units)
            part = x[rows[:, j], g * width : (g + 1) * width]
            y[:, mine] += part @ kernel[j, :, mine].astype(np.float64)
    return y


def depthwise(x, kernel, bias, rows):
    """x (x_rows, features), kernel (size, features, multiplier), rows as above."""
    x = np.concatenate([x, np.zeros((1, x.shape[1]))]).astype(np.float64)
    y = np.einsum("njc,jcm->ncm", x[rows], kernel.astype(np.float64))
    return y.reshape(len(rows), kernel.shape[1] * kernel.shape[2]) + bias
