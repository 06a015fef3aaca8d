"""No bit of a real step's answer depends on padding, batch mates, threads, layout or form of input.

Whole models, through `predict`, calls and eager layers; every comparison is of bytes.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskseq
from maskseq import Ragged, _kernels, layers

FEATURES, VOCABULARY = 5, 11
POISONS = [np.nan, np.inf, -np.inf, 3e38, 1e-41]


def tagger():
    """Ids to classes of every step."""
    return maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(VOCABULARY, 7, mask_zero=True),
            layers.Bidirectional(layers.LSTM(9, return_sequences=True)),
            layers.Dropout(0.3),
            layers.TimeDistributed(layers.Dense(6, activation="relu")),
            layers.Dense(4, activation="softmax"),
        ]
    )


def classifier():
    """Features to one answer a sequence."""
    return maskseq.Sequential(
        [
            maskseq.Input((None, FEATURES)),
            layers.Masking(),
            layers.Dense(8, activation="tanh"),
            layers.LSTM(17, return_sequences=True),
            layers.Bidirectional(layers.LSTM(6), merge_mode="sum"),
            layers.Dense(3),
        ]
    )


def stack():
    """Features to every step's output and the last states, without a layer that makes a mask."""
    inputs = maskseq.Input((None, FEATURES))
    x = layers.LSTM(6, return_sequences=True, zero_output_for_mask=True)(inputs)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="ave")(x)
    steps, h, c = layers.LSTM(5, return_sequences=True, return_state=True)(x)
    weights = layers.TemporalSoftmax()(layers.Dense(2)(steps))
    return maskseq.Model(inputs, [steps, weights, h, c])


def reader():
    """Ids through attention, merges, norms and pooling to every step's and one joint output."""
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 8, mask_zero=True)(ids)
    x = layers.Add()([x, layers.Attention()([x, x])])
    x = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.GroupQueryAttention(4, 4, 2)(x, x)])
    x = layers.Concatenate()([x, layers.GRU(5, return_sequences=True)(x)])
    x = layers.RNN([layers.GRUCell(6), layers.LSTMCell(7)], return_sequences=True)(x)
    joint = layers.Concatenate()(
        [
            layers.GlobalAveragePooling1D()(x),
            layers.MaskedGlobalMaxPooling1D()(x),
            layers.SimpleRNN(4)(x),
        ]
    )
    return maskseq.Model(ids, [layers.Dense(3)(x), joint])


IDS = ("tagger", "reader")


@cache
def zoo() -> dict[str, maskseq.Model]:
    maskseq.set_random_seed(3)
    return {make.__name__: make() for make in (tagger, classifier, stack, reader)}


def sequences_for(name: str, lengths: list[int], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    if name in IDS:
        return [rng.integers(1, VOCABULARY, n).astype(np.int32) for n in lengths]
    return [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in lengths]


def outputs_of(results) -> list[np.ndarray]:
    return [np.asarray(y) for y in (results if isinstance(results, list) else [results])]


def answers(results, mask: np.ndarray) -> list[bytes]:
    """The bytes of each sequence's answers at its real steps."""
    mask = np.asarray(mask)
    kept = []
    for number, row in enumerate(mask):
        parts = [y[number][row] if y.ndim == 3 else y[number] for y in outputs_of(results)]
        kept.append(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
    return kept


def right_mask(lengths, time: int | None = None) -> np.ndarray:
    lengths = np.asarray(lengths)
    return np.arange(lengths.max(initial=0) if time is None else time) < lengths[:, None]


def scattered(sequences: list[np.ndarray], mask: np.ndarray, value=0) -> np.ndarray:
    """A padded array with the steps of each sequence at the True cells of its row."""
    x = np.full((*mask.shape, *sequences[0].shape[1:]), value, sequences[0].dtype)
    for row, real, sequence in zip(x, mask, sequences, strict=True):
        row[real] = sequence
    return x


def predicted(name: str, sequences: list[np.ndarray]) -> list[bytes]:
    """The answers for sequences handed in as they are: what all other ways must give."""
    mask = right_mask([len(s) for s in sequences])
    return answers(zoo()[name].predict(sequences), mask)


def called(name: str, x: np.ndarray, mask: np.ndarray) -> list[bytes]:
    """The answers of a call on a padded array; models that make no mask get it by hand."""
    return answers(zoo()[name](x, mask=mask if name == "stack" else None), mask)


NAMES = ["tagger", "classifier", "stack", "reader"]
LENGTHS = [4, 1, 9, 3, 9, 2]
lengths_lists = st.lists(st.integers(1, 12), min_size=1, max_size=9)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(lengths=lengths_lists, data=st.data())
def test_order_and_subset_of_the_batch_change_nothing(name, lengths, data):
    sequences = sequences_for(name, lengths)
    whole = predicted(name, sequences)
    order = data.draw(st.permutations(range(len(lengths))))
    chosen = order[: data.draw(st.integers(1, len(order)))]
    assert predicted(name, [sequences[i] for i in chosen]) == [whole[i] for i in chosen]


@pytest.mark.parametrize("name", NAMES)
def test_batch_size_of_predict_changes_nothing(name):
    lengths = [1 + (7 * i) % 13 for i in range(65)]
    sequences = sequences_for(name, lengths)
    whole, mask = predicted(name, sequences), right_mask(lengths)
    for batch_size in (1, 2, 15, 16, 17, 31, 64):
        results = zoo()[name].predict(sequences, batch_size=batch_size)
        assert answers(results, mask) == whole
    assert [a for s in sequences for a in predicted(name, [s])] == whole


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(lengths=lengths_lists, data=st.data())
def test_padding_of_any_amount_and_place_changes_nothing(name, lengths, data):
    sequences = sequences_for(name, lengths)
    time = max(lengths) + data.draw(st.integers(0, 20))
    places = [data.draw(st.permutations(range(time)))[:n] for n in lengths]
    mask = np.zeros((len(lengths), time), bool)
    for row, place in zip(mask, places, strict=True):
        row[place] = True
    assert called(name, scattered(sequences, mask), mask) == predicted(name, sequences)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", ["pre", "post"])
def test_padded_arrays_give_what_ragged_sequences_give(name, side):
    sequences = sequences_for(name, LENGTHS)
    mask = right_mask(LENGTHS, 12)
    mask = mask[:, ::-1] if side == "pre" else mask
    whole, x = predicted(name, sequences), scattered(sequences, mask)
    assert called(name, x, mask) == whole
    if name != "stack":
        assert answers(zoo()[name].predict(x), mask) == whole


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_ragged_input_gives_the_same(name):
    sequences = sequences_for(name, LENGTHS)
    mask, whole = right_mask(LENGTHS), predicted(name, sequences)
    offsets = np.concatenate(([0], np.cumsum(LENGTHS)))
    forms = [
        [s.tolist() for s in sequences],
        tuple(sequences),
        np.array([*sequences, None], object)[:-1],
        Ragged(np.concatenate(sequences), offsets),
    ]
    for form in forms:
        assert answers(zoo()[name].predict(form), mask) == whole
    assert answers(zoo()[name](forms[-1]), mask) == whole


@pytest.mark.parametrize("name", ["tagger", "classifier", "stack"])
def test_layers_called_one_by_one_give_what_the_model_gives(name):
    sequences, mask = sequences_for(name, LENGTHS), right_mask(LENGTHS, 11)
    x = maskseq.convert_to_tensor(scattered(sequences, mask))
    if name == "stack":
        first, second, third, dense, softmax = zoo()[name].layers[1:]
        maskseq.set_keras_mask(x, mask)
        steps, h, c = third(second(first(x)))
        results = [steps, softmax(dense(steps)), h, c]
    else:
        results = x
        for layer in zoo()[name].layers:
            results = layer(results)
    assert answers(results, mask) == predicted(name, sequences)


@pytest.mark.parametrize("poison", POISONS)
def test_masked_cells_may_hold_anything(poison):
    sequences, mask = sequences_for("stack", LENGTHS), right_mask(LENGTHS, 12)
    mask[:, 1::2] = mask[:, 1::2][:, ::-1]  # real steps on both sides, in no order
    sequences = sequences_for("stack", list(mask.sum(axis=1)))
    with np.errstate(all="raise"):
        poisoned = called("stack", scattered(sequences, mask, poison), mask)
    assert poisoned == predicted("stack", sequences)


LAYERS = {
    "LSTM": lambda: layers.LSTM(4),
    "LSTM sequences": lambda: layers.LSTM(4, return_sequences=True),
    "LSTM backwards": lambda: layers.LSTM(4, go_backwards=True, return_sequences=True),
    "LSTM zeros": lambda: layers.LSTM(4, zero_output_for_mask=True, return_sequences=True),
    "GRU": lambda: layers.GRU(4, return_sequences=True),
    "GRU reset before": lambda: layers.GRU(4, reset_after=False, return_sequences=True),
    "SimpleRNN": lambda: layers.SimpleRNN(4, return_sequences=True),
    "RNN": lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(4)], return_sequences=True),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
    "Bidirectional mul": lambda: layers.Bidirectional(layers.LSTM(4), merge_mode="mul"),
    "TemporalSoftmax": layers.TemporalSoftmax,
    "GlobalAveragePooling1D": layers.GlobalAveragePooling1D,
    "MaskedGlobalMaxPooling1D": layers.MaskedGlobalMaxPooling1D,
    "MaskedConv1D": lambda: layers.MaskedConv1D(4, 3, padding="same"),
    "AttentionPooling1D": layers.AttentionPooling1D,
    "LastStep": layers.LastStep,
}


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layer_that_reads_a_mask_reads_no_masked_cell(make, poison, rng):
    """Not one bit of the output changes, masked cells included."""
    layer = make()
    mask = rng.random((9, 7)) < 0.5
    mask[0], mask[1] = False, True
    x = rng.standard_normal((9, 7, FEATURES)).astype(np.float32)
    clean = np.asarray(layer(x, mask=mask))
    x[~mask] = poison
    with np.errstate(all="raise"):
        assert np.asarray(layer(x, mask=mask)).tobytes() == clean.tobytes()
    assert np.isfinite(clean).all()


@pytest.mark.parametrize("poison", POISONS)
def test_softmax_reads_no_masked_cell(poison, rng):
    mask = rng.random((9, 7)) < 0.5
    x = rng.standard_normal((9, 7)).astype(np.float32)
    clean = np.asarray(layers.Softmax()(x, mask=mask))
    x[~mask] = poison
    assert np.asarray(layers.Softmax()(x, mask=mask)).tobytes() == clean.tobytes()


def memory_layouts(x: np.ndarray) -> dict[str, np.ndarray]:
    """The same numbers in other layouts of memory."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    raw = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(x.dtype).reshape(x.shape)
    unaligned[:] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    return {
        "fortran": np.asfortranarray(x),
        "strided": wide[..., ::2],
        "reversed": x[::-1].copy()[::-1],
        "unaligned": unaligned,
        "big-endian": x.astype(x.dtype.newbyteorder(">")),
        "read-only": frozen,
        "wider": x.astype({"f": np.float64, "i": np.int64}[x.dtype.kind]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_memory_layout_changes_nothing_and_inputs_are_not_written(name):
    sequences, mask = sequences_for(name, LENGTHS), right_mask(LENGTHS, 11)
    x = scattered(sequences, mask)
    whole = called(name, x, mask)
    for variant, other in memory_layouts(x).items():
        before = other.tobytes()
        assert called(name, other, mask) == whole, variant
        assert other.tobytes() == before, variant


@pytest.mark.parametrize("name", NAMES)
def test_masked_rows_leave_their_neighbours_alone(name):
    sequences, mask = sequences_for(name, LENGTHS), right_mask(LENGTHS, 9)
    whole = called(name, scattered(sequences, mask), mask)
    more = np.insert(mask, [0, 3, 6], False, axis=0)
    x = scattered(
        [sequences[0][:0], *sequences[:3], sequences[0][:0], *sequences[3:], sequences[0][:0]], more
    )
    results = called(name, x, more)
    assert [results[i] for i in (1, 2, 3, 5, 6, 7)] == whole
    for y in outputs_of(zoo()[name](x, mask=more if name == "stack" else None)):
        assert np.isfinite(y).all()


# Threads and instruction sets: fixed at import, so every setting has a process of its own.

ANSWERS = """
import hashlib
from tests.models import test_invariance as t
lengths = [1 + (7 * i) % 60 for i in range(400)]
bits = b"".join(b"".join(t.predicted(name, t.sequences_for(name, lengths))) for name in t.NAMES)
print(hashlib.sha256(bits).hexdigest())
"""


@cache
def digest(threads: int, isa: str, seed: str = "0") -> str:
    """A digest of all models' answers in a fresh process with these settings."""
    paths = [str(Path(__file__).parents[2]), str(Path(maskseq.__file__).parents[1])]
    settings = {
        "MASKSEQ_NUM_THREADS": str(threads),
        "MASKSEQ_ISA": isa,
        "PYTHONHASHSEED": seed,
        "MALLOC_PERTURB_": "165",
        "PYTHONPATH": os.pathsep.join(paths),
    }
    return subprocess.run(
        [sys.executable, "-c", ANSWERS],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("threads", [2, 3, 5, 8])
def test_number_of_threads_changes_nothing(threads):
    assert digest(threads, _kernels.isa()) == digest(1, _kernels.isa())


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("isa", _kernels.ISAS)
def test_instruction_set_changes_nothing(isa):
    assert digest(2, isa) == digest(1, _kernels.isa())


def test_another_process_gives_the_same():
    assert digest(2, _kernels.isa(), "77") == digest(1, _kernels.isa())
