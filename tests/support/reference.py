"""Plain float64 definitions of the kernels, one each, written to be read. No speed, no maskseq."""

import itertools
from math import erfc

import numpy as np

# --- activations (Keras 3)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e / (1 + e), 1 / (1 + e))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def elu(x):
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "exponential": np.exp,
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_sigmoid_keras2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "elu": elu,
    "celu": elu,
    "selu": lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * elu(x), x),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "log_sigmoid": lambda x: -softplus(-x),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "gelu": lambda x: x * 0.5 * np.vectorize(erfc, otypes=[float])(-x / np.sqrt(2)),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
}


# --- masks, rows and layout


def mask_from_values(x, mask_value):
    return (x != np.float32(mask_value)).any(axis=1)


def mask_from_lengths(lengths, time, padding):
    steps = np.arange(time)
    if padding == "pre":
        steps = steps[::-1]
    return steps[None, :] < np.asarray(lengths)[:, None]


def layout_from_mask(mask):
    return np.concatenate([[0], np.cumsum(mask.sum(axis=1))]), np.flatnonzero(mask)


def scatter_rows(values, mask, carry, own_pads=False):
    """values (n + 1, f): a row per real step of `mask` (batch, time), and the pad row; with
    `own_pads` (n + batch, f), a pad row for each sequence."""
    out = np.empty((mask.size, values.shape[1]), values.dtype)
    row = 0
    for cell, (b, t) in enumerate(np.ndindex(mask.shape)):
        if t == 0:
            filler = values[mask.sum() + b if own_pads else -1]
        if mask[b, t]:
            out[cell] = values[row]
            filler = values[row] if carry else filler
            row += 1
        else:
            out[cell] = filler
    return out


# --- softmax


def masked_softmax(x, mask=None):
    x = x.astype(np.float64)
    y = np.zeros_like(x)
    for i in range(len(x)):
        real = np.ones(x.shape[1], bool) if mask is None else mask[i]
        if real.any():
            e = np.exp(x[i, real] - x[i, real].max())
            y[i, real] = e / e.sum()
    return y


# --- dense


def dense(x, kernel, bias):
    return x.astype(np.float64) @ kernel.astype(np.float64) + bias


# --- sequences


def pad_sequences(rows, maxlen, padding, truncating, value):
    width = max((len(row) for row in rows), default=0) if maxlen is None else maxlen
    x = np.full((len(rows), width), value, np.float64)
    for i, row in enumerate(rows):
        row = list(row)
        kept = row[:width] if truncating == "post" else row[max(len(row) - width, 0) :]
        for j, number in enumerate(kept):
            x[i, j if padding == "post" else width - len(kept) + j] = number
    return x


# --- recurrent layers (Keras 3): weights as Keras has them, one sequence at a time


def lstm_step(x, h, c, w, r, b, activation, gate):
    i, f, z, o = np.split(x @ w + h @ r + b, 4)
    c = gate(f) * c + gate(i) * activation(z)
    return gate(o) * activation(c), c


def gru_step(x, h, w, r, b, activation, gate):
    xz, xr, xh = np.split(x @ w + b[0], 3)
    hz, hr, hh = np.split(h @ r + b[1], 3)
    z = gate(xz + hz)
    return (z * h + (1 - z) * activation(xh + gate(xr + hr) * hh),)


def gru_reset_before_step(x, h, w, r, b, activation, gate):
    units = len(h)
    xz, xr, xh = np.split(x @ w + b, 3)
    z = gate(xz + h @ r[:, :units])
    reset = gate(xr + h @ r[:, units : 2 * units]) * h
    return (z * h + (1 - z) * activation(xh + reset @ r[:, 2 * units :]),)


def simple_rnn_step(x, h, w, r, b, activation, gate):
    return (activation(x @ w + h @ r + b),)


STEPS = {
    "lstm": lstm_step,
    "gru": gru_step,
    "gru_reset_before": gru_reset_before_step,
    "simple_rnn": simple_rnn_step,
}
GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "simple_rnn": 1}  # a kernel's columns by units


def rnn(kind, sequences, weights, activation="tanh", gate="sigmoid", initial=None, reverse=False):
    """Lists of arrays (steps, features) -> (list of (steps, units), last states (batch, units))."""
    w, r, b = (np.asarray(a, np.float64) for a in weights)
    activation, gate = ACTIVATIONS[activation], ACTIVATIONS[gate]
    outputs, last = [], []
    for k, x in enumerate(sequences):
        state = [np.zeros(len(r)) for _ in range(2 if kind == "lstm" else 1)]
        if initial is not None:
            state = [np.float64(s[k]) for s in initial]
        output = np.zeros((len(x), len(r)))
        for t in range(len(x))[:: -1 if reverse else 1]:
            state = STEPS[kind](np.float64(x[t]), *state, w, r, b, activation, gate)
            output[t] = state[0]
        outputs.append(output)
        last.append(state)
    return outputs, [np.array(s) for s in zip(*last, strict=True)]


def masked_rnn(
    kind,
    x,
    mask,
    weights,
    activation="tanh",
    gate="sigmoid",
    go_backwards=False,
    initial=None,
    zero_output=False,
):
    """What Keras puts out at every cell: masked steps repeat the output before, the first ones the
    initial state; with `zero_output` they are zeros."""
    real = [sequence[keep] for sequence, keep in zip(x, mask, strict=True)]
    outputs, last = rnn(kind, real, weights, activation, gate, initial, go_backwards)
    padded = np.zeros((*mask.shape, len(weights[1])))
    for b, keep in enumerate(mask):
        padded[b, keep] = outputs[b]
        if go_backwards:
            padded[b], keep = padded[b, ::-1].copy(), keep[::-1]
        before = np.zeros(padded.shape[2]) if initial is None else initial[0][b]
        for t in range(len(keep)):
            if not keep[t]:
                padded[b, t] = 0 if zero_output else before
            before = padded[b, t]
    return padded, last


# --- attention


def attention(q, k, v, query_offsets, key_offsets, query_steps, key_steps, scale, causal, mask):
    """Query by query over rows; mask (batch, heads, Tq, Tk) or None -> the output, the weights."""
    heads, group = q.shape[1], q.shape[1] // k.shape[1]
    out = np.zeros((len(q), heads, v.shape[2]))
    weights = np.zeros((heads, len(q), len(k)))
    for b, h in np.ndindex(len(query_offsets) - 1, heads):
        keys = np.arange(key_offsets[b], key_offsets[b + 1])
        for i in range(query_offsets[b], query_offsets[b + 1]):
            allowed = keys
            if causal:
                allowed = allowed[key_steps[allowed] <= query_steps[i]]
            if mask is not None:
                allowed = allowed[mask[b, h, query_steps[i], key_steps[allowed]]]
            if len(allowed):
                scores = scale * (k[allowed, h // group].astype(np.float64) @ q[i, h])
                e = np.exp(scores - scores.max())
                weights[h, i, allowed] = e / e.sum()
                out[i, h] = weights[h, i, allowed] @ v[allowed, h // group]
    return out, weights


def attend(score, query, key, value, query_mask, value_mask, causal=False):
    """Attention and AdditiveAttention, padded, `score(q, k)` of two vectors: output and weights.

    A query with nothing to attend to weighs all values alike; a masked one puts out zeros.
    """
    batch, time, width = len(query), query.shape[1], value.shape[2]
    out, weights = np.zeros((batch, time, width)), np.zeros((batch, time, value.shape[1]))
    for b, t in np.ndindex(batch, time):
        seen = value_mask[b] & (np.arange(value.shape[1]) <= t) if causal else value_mask[b]
        pairs = zip(key[b], seen, strict=True)
        s = np.array([score(query[b, t], k) if ok else -np.inf for k, ok in pairs])
        e = np.exp(s - s.max()) if seen.any() else np.ones(len(s))
        weights[b, t] = e / e.sum()
        if query_mask[b, t]:
            for w, v in zip(weights[b, t], value[b], strict=True):
                out[b, t] += w * v if w else 0
    return out, weights


def heads(query, value, weights, query_mask, value_mask, gate=False):
    """MultiHeadAttention and GroupQueryAttention; weights in Keras's order, with biases."""
    weights = [np.asarray(w, np.float64) for w in weights]
    projected = [
        np.einsum("btf,fhd->bthd", x, weights[2 * i]) + weights[2 * i + 1]
        for i, x in enumerate([query, value] + [query] * gate + [value])
    ]
    q, k, v = projected[0], projected[1], projected[-1]
    out = np.zeros((*q.shape[:3], v.shape[3]))
    for h in range(q.shape[2]):
        shared = h // (q.shape[2] // k.shape[2])
        real = np.ones(query_mask.shape, bool)
        score = lambda a, b: a @ b / np.sqrt(len(a))  # noqa: E731
        sides = q[:, :, h], k[:, :, shared], v[:, :, shared]
        out[:, :, h], _ = attend(score, *sides, real, value_mask)
        out[~query_mask, h] = np.repeat(sides[2].mean(axis=1), (~query_mask).sum(axis=1), axis=0)
    if gate:
        out = out * sigmoid(projected[2])
    return np.einsum("bthd,hdf->btf", out, weights[-2]) + weights[-1]


# --- windows over time


def windows(time, size, stride, padding, dilation=1):
    """The steps of each window; those below 0 or from `time` on are padding."""
    span = (size - 1) * dilation + 1
    if padding == "valid":
        firsts = range(0, time - span + 1, stride)
    else:
        count = -(-time // stride)
        missing = max((count - 1) * stride + span - time, 0)
        before = missing // 2 if padding == "same" else span - 1
        firsts = [i * stride - before for i in range(count)]
    return [[first + j * dilation for j in range(size)] for first in firsts]


def conv1d(x, kernel, bias, stride=1, padding="valid", dilation=1, groups=1):
    """x (batch, time, features), kernel (size, features / groups, filters)."""
    steps = windows(x.shape[1], len(kernel), stride, padding, dilation)
    width, units = kernel.shape[1], kernel.shape[2] // groups
    y = np.zeros((len(x), len(steps), kernel.shape[2]))
    for b, i in np.ndindex(*y.shape[:2]):
        for j, t in enumerate(steps[i]):
            for g in range(groups if 0 <= t < x.shape[1] else 0):
                part = slice(g * units, (g + 1) * units)
                step = np.float64(x[b, t, g * width : (g + 1) * width])
                y[b, i, part] += step @ np.float64(kernel[j][:, part])
    return y + bias


def masked_conv1d(x, mask, kernel, bias, stride=1, padding="same", dilation=1):
    """Masked steps count as zeros. -> (outputs, 0 where masked; their mask)."""
    size, time = len(kernel), x.shape[1]
    reach = (size - 1) * dilation
    before = {"valid": 0, "same": reach // 2, "causal": reach}[padding]
    count = (time - reach - 1) // stride + 1 if padding == "valid" else -(-time // stride)
    y = np.zeros((len(x), count, kernel.shape[2]))
    real = np.zeros(y.shape[:2], bool)
    for b, i in np.ndindex(*real.shape):
        steps = [i * stride - before + j * dilation for j in range(size)]
        inside = [0 <= t < time and mask[b, t] for t in steps]
        real[b, i] = all(inside) if padding == "valid" else mask[b, i * stride]
        if real[b, i]:
            y[b, i] = bias
            for j, t in enumerate(steps):
                if inside[j]:
                    y[b, i] += np.float64(x[b, t]) @ np.float64(kernel[j])
    return y, real


def conv1d_transpose(x, kernel, bias, stride=1, padding="valid", dilation=1):
    """The other way round: step t goes where a conv1d's window t would read.

    x (batch, time, features), kernel (size, filters, features).
    """
    span, time = (len(kernel) - 1) * dilation + 1, x.shape[1]
    length = time * stride if padding == "same" else (time - 1) * stride + max(span, stride)
    y = np.zeros((len(x), length, kernel.shape[1])) + bias
    for t, window in enumerate(windows(length, len(kernel), stride, padding, dilation)):
        for j, step in enumerate(window):
            if 0 <= step < length:
                y[:, step] += np.float64(x[:, t]) @ np.float64(kernel[j]).T
    return y


def pool1d(x, size, stride, padding, function):
    steps = windows(x.shape[1], size, stride, padding)
    inside = [[t for t in window if 0 <= t < x.shape[1]] for window in steps]
    return np.stack([function(np.float64(x[:, ts]), axis=1) for ts in inside], axis=1)


# --- decoding


def crf_decode(emissions, transitions, start, end):
    """The best tags of one sequence (steps, tags) and their score, by trying all."""
    best = None
    for tags in itertools.product(range(emissions.shape[1]), repeat=len(emissions)):
        score = sum(np.float64(emissions[t, tag]) for t, tag in enumerate(tags))
        score += sum(transitions[pair] for pair in itertools.pairwise(tags))
        score += start[tags[0]] + end[tags[-1]]
        if best is None or score > best[1]:
            best = tags, score
    return best
