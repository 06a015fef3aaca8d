"""The bits of a recurrent layer on both sides of every threshold in csrc/rnn: which sequences
walk side by side, which are walked by threads together, what is cut into chunks, what is folded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskseq
from maskseq import _kernels, layers
from maskseq.models import batches as cutting
from tests.support.batches import KINDS, random_batch, random_weights, same_bits, split

# Units around 128 KB of recurrent weights, in blocks of 16 (AVX-512) and of 8 (AVX2): from there on
# threads share the units of a few sequences.
UNITS = {
    "lstm": (85, 88, 89, 90),
    "gru": (102, 103, 104, 105),
    "gru_reset_before": (97, 98, 104, 105),
    "simple_rnn": (176, 177, 178, 179),
}
FAST = _kernels.ISAS[1:] or _kernels.ISAS
THREADS = (1, 2, 3, 5, 8)


def columns(kind, units):
    """Gates of a step with AVX-512: of blocks of 16 units, the last of which may be half one."""
    gates = {"lstm": 4, "simple_rnn": 1}.get(kind, 3)
    blocks, last = (units - 1) // 16, (units - 1) % 16 + 1
    half = last <= 8 and kind in ("lstm", "gru")
    return 16 * (blocks * gates + (2 if half else gates))


def fmas(kind, units):
    """Multiply-adds of a step with one feature."""
    return columns(kind, units) * (units + 1)


@st.composite
def batches(draw):
    """Few long sequences above many short ones, or many of one length, with enough steps for the
    threads to be used, or one too few."""
    kind = draw(st.sampled_from(KINDS))
    units, threads = draw(st.sampled_from(UNITS[kind])), draw(st.sampled_from(THREADS[1:]))
    wanted = (threads << 20) // fmas(kind, units) + draw(st.integers(0, 1))
    if draw(st.booleans()):  # 64 sequences side by side a thread
        batch = 64 * threads + draw(st.integers(-1, 1))
        lengths = np.full(batch, wanted // batch)
        lengths[: wanted - lengths.sum()] += 1
    else:  # 2 sequences a thread walked together, for 8 steps or more
        long, short = draw(st.integers(1, 2 * threads + 1)), draw(st.integers(0, 2 * threads))
        steps = wanted // (long + short) + draw(st.integers(0, 1))
        extra = draw(st.sampled_from([0, 1, 7, 8, 9]))
        lengths = np.array([steps + extra] * long + [steps] * short + [5, 0, 1])
    return kind, units, threads, draw(st.permutations(lengths.tolist())), draw(st.booleans())


@pytest.mark.slow
@pytest.mark.sanitize
@settings(max_examples=60, deadline=None)
@given(batches(), st.integers(0, 2**32 - 1))
def test_threads_that_share_or_split_the_work_give_the_same_bits(batch, seed):
    kind, units, threads, lengths, reverse = batch
    rng = np.random.default_rng(seed)
    x, offsets = random_batch(rng, lengths, 1)
    weights = random_weights(rng, kind, 1, units)
    call = {"return_sequences": bool(seed % 2), "reverse": reverse}
    want = None
    for isa in FAST:
        _kernels.set_isa(isa)
        packed = _kernels.PackedRNN(kind, *weights)
        for n in (1, threads):
            got = _kernels.rnn(x, packed, offsets, num_threads=n, **call)
            want = want or got
            assert same_bits(got, want)
    longest = int(np.argmax(lengths))
    alone = split(x, offsets)[longest]
    _, states = _kernels.rnn(alone, packed, [0, len(alone)], reverse=reverse, num_threads=threads)
    assert all(s[0].tobytes() == w[longest].tobytes() for s, w in zip(states, want[1], strict=True))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(KINDS), st.sampled_from([255, 256, 257]), st.integers(-1, 1), st.data())
def test_rows_that_are_projected_once_or_each_time_give_the_same_bits(kind, steps, more, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    kinds_of_rows = steps * 4 // 5 + more
    index = np.append(np.arange(kinds_of_rows), rng.integers(0, kinds_of_rows, steps))[:steps]
    index = rng.permutation(index)
    table = rng.normal(size=(kinds_of_rows + 3, 5)).astype(np.float32)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 5, 33))
    cut = data.draw(st.integers(0, steps))
    want = _kernels.rnn(table[index], packed, [0, cut, steps], return_sequences=True)
    for n in (1, 2, 3):
        call = {"index": index, "return_sequences": True, "num_threads": n}
        assert same_bits(_kernels.rnn(table, packed, [0, cut, steps], **call), want)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_chunks_of_input_products_give_the_same_bits(kind, steps):
    """384 KB of them are computed at once; alone, a sequence is walked in other chunks."""
    units, rng = UNITS[kind][1], np.random.default_rng(7)
    chunk = (384 << 10) // 4 // columns(kind, units)
    x, offsets = random_batch(rng, [chunk + steps, chunk // 2, chunk // 3, 2], 1)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 1, units))
    _, whole = _kernels.rnn(x, packed, offsets, num_threads=1)
    for b, alone in enumerate(split(x, offsets)):
        for n in (1, 2):
            _, states = _kernels.rnn(alone, packed, [0, len(alone)], num_threads=n)
            assert all(s[0].tobytes() == w[b].tobytes() for s, w in zip(states, whole, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(1, 40))
def test_where_predict_cuts_a_batch_changes_nothing(lengths, steps_a_call):
    maskseq.set_random_seed(3)
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.LSTM(20, return_sequences=True)])
    rng = np.random.default_rng(len(lengths))
    x = [rng.normal(size=(n, 3)).astype(np.float32) for n in lengths]
    want = model.predict(x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "STEPS_A_CALL", steps_a_call)
        assert model.predict(x).tobytes() == want.tobytes()
