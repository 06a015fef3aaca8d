"""The functions of the C API for training, through the table: answers, and what they refuse."""

import ctypes

import numpy as np
import pytest

from maskseq import _kernels
from tests.abi.c_api import STATUS, call, choices, struct
from tests.support.recurrent_run import KINDS, random_run, same_arrays

OK, UNSUPPORTED, OUT_OF_RANGE, BAD_OFFSETS = (
    STATUS[name] for name in ("OK", "UNSUPPORTED", "OUT_OF_RANGE", "BAD_OFFSETS")
)
RNN_KINDS = choices("msq_rnn_kind")
TANH, SIGMOID = (_kernels.ACTIVATIONS.index(name) for name in ("tanh", "sigmoid"))
GRADIENTS = ("d_x", "d_kernel", "d_recurrent_kernel", "d_bias", "d_initial_h", "d_initial_c")


def floats(*shape):
    return np.full(shape, 99, np.float32)


class Taped:
    """A RecurrentRun through the table: the weights packed, and a run on a tape."""

    def __init__(self, run, **new):
        self.run, self.tape, self.rnn = run, ctypes.c_void_p(), ctypes.c_void_p()
        kernel, recurrent_kernel, bias = run.weights
        features, units = len(kernel), run.units
        pack = [ctypes.addressof(self.rnn), RNN_KINDS[run.kind.upper()]]
        pack += [kernel, recurrent_kernel, bias, features, units, new.pop("activation", TANH)]
        assert call("rnn_pack", *pack, SIGMOID) == OK
        batch, steps = len(run.offsets) - 1, len(run.x)
        self.offsets = np.array(run.offsets, np.int64)
        self.h, self.c, self.sequences = (floats(n, units) for n in (batch, batch, steps))
        initial = run.initial or [None]
        self.bad = np.full(1, -7, np.int64)
        self.call = struct(
            "msq_rnn_call",
            **{
                "x": run.x,
                "x_rows": steps,
                "offsets": self.offsets,
                "batch": batch,
                "initial_h": initial[0],
                "initial_c": initial[-1] if run.kind == "lstm" else None,
                "h": self.h,
                "c": self.c,
                "sequences": self.sequences,
                "sequence_stride": units,
                "reverse": run.reverse,
                "num_threads": run.num_threads,
                **new,
            },
        )
        self.status = call(
            "rnn_taped_f32", ctypes.addressof(self.tape), self.rnn.value, self.call, self.bad
        )

    def back(self, wanted=GRADIENTS, **new):
        """(status, gradients): those that are not wanted hold 99."""
        run, units, batch = self.run, self.run.units, len(self.offsets) - 1
        arrays = [run.x, *run.weights, floats(batch, units), floats(batch, units)]
        made = {name: np.full_like(a, 99) for name, a in zip(GRADIENTS, arrays, strict=True)}
        gradients = struct(
            "msq_rnn_gradients",
            **{
                "kernel": run.weights[0],
                "recurrent_kernel": run.weights[1],
                "d_h": run.d_states[0],
                "d_c": run.d_states[-1],
                "d_sequences": run.d_outputs,
                "d_stride": units,
                "num_threads": run.num_threads,
                **{name: made[name] for name in wanted},
                **new,
            },
        )
        return call("rnn_backward_f32", self.tape.value, gradients), made

    def free(self):
        call("rnn_tape_free", self.tape.value)
        call("rnn_free", self.rnn.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("starts", [False, True])
def test_gradients_of_a_tape_are_those_of_the_kernels(rng, isa, kind, reverse, starts):
    for units in (1, 5, 17):
        run = random_run(rng, kind, [3, 0, 5, 1], 3, units, reverse=reverse, starts=starts)
        taped = Taped(run)
        status, made = taped.back()
        assert (taped.status, status) == (OK, OK)
        outputs, last, *_ = run.there()
        assert same_arrays([taped.sequences, taped.h], [outputs[:-1], last[0]])
        for name, want in zip(GRADIENTS, run.gradients(), strict=kind == "lstm"):
            np.testing.assert_allclose(made[name], want, rtol=2e-5, atol=2e-5, err_msg=name)
        if kind != "lstm":
            assert (made["d_initial_c"] == 99).all()
        taped.free()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_tape_have_the_same_bits_on_any_number_of_threads(rng, kind):
    run = random_run(rng, kind, [40, 3, 0, 60, 22], 20, 70, starts=True)
    want = None
    for run.num_threads in (1, 2, 5):
        taped = Taped(run)
        _, made = taped.back()
        want = want or made
        assert same_arrays(made.values(), want.values())
        taped.free()


def test_what_is_not_wanted_is_not_written(rng):
    run = random_run(rng, "lstm", [3, 2], 2, 3, starts=True)
    _, want = (taped := Taped(run)).back()
    taped.free()
    for name in GRADIENTS:
        status, made = (taped := Taped(run)).back([name])
        taped.free()
        assert status == OK
        for other in GRADIENTS:
            assert same_arrays([made[other]], [want[other]]) == (other == name)


def test_a_run_on_a_tape_refuses(rng):
    run = random_run(rng, "lstm", [3, 2], 2, 3)
    wrong = {
        "size": (8, UNSUPPORTED),
        "activation": (SIGMOID, UNSUPPORTED),
        "batch": (-1, OUT_OF_RANGE),
        "offsets": (None, OUT_OF_RANGE),
        "h": (None, OUT_OF_RANGE),
        "x": (None, OUT_OF_RANGE),
        "sequences": (None, OUT_OF_RANGE),
        "sequence_stride": (2, OUT_OF_RANGE),
        "x_rows": (4, OUT_OF_RANGE),
    }
    index = np.array([0, 1, 5, 2, 3], np.int64)
    for name, (value, status) in wrong.items():
        taped = Taped(run, **{name: value})
        assert (taped.status, taped.tape.value) == (status, None), name
        taped.free()
    taped = Taped(run, index=index)
    assert (taped.status, taped.bad[0]) == (OUT_OF_RANGE, 2)
    taped.free()
    run.offsets = np.array([0, 5, 2])
    taped = Taped(run)
    assert (taped.status, taped.bad[0]) == (BAD_OFFSETS, 2) and (taped.sequences == 99).all()
    taped.free()


def test_gradients_of_a_tape_refuse(rng):
    run = random_run(rng, "gru", [3, 2], 2, 3)
    taped = Taped(run)
    for name, value, status in (
        ("size", 8, UNSUPPORTED),
        ("recurrent_kernel", None, OUT_OF_RANGE),
        ("kernel", None, OUT_OF_RANGE),
        ("d_stride", 2, OUT_OF_RANGE),
    ):
        got, made = taped.back(**{name: value})
        assert got == status and all((a == 99).all() for a in made.values()), name
    assert taped.back()[0] == OK
    assert taped.back()[0] == UNSUPPORTED  # used before
    taped.free()
    index = np.array([0, 1, 4, 2, 3], np.int64)
    taped = Taped(run, index=index)
    index[1] = 5  # changed since: nothing outside of x is read
    assert (taped.status, taped.back()[0]) == (OK, OUT_OF_RANGE)
    taped.free()


@pytest.mark.parametrize("rows", [0, 1, 100])
def test_dense_backward(rng, isa, rows):
    x, dz, kernel = (rng.normal(size=s).astype(np.float32) for s in ((rows, 5), (rows, 9), (5, 9)))
    made = [floats(rows, 5), floats(5, 9), floats(9)]
    assert call("dense_backward_f32", *made, dz, x, kernel, rows, 5, 9, 2) == OK
    x, dz, kernel = (np.float64(a) for a in (x, dz, kernel))
    for got, want in zip(made, (dz @ kernel.T, x.T @ dz, dz.sum(0)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def of(name, arguments, arrays=(), rows=(), wrong=()):
    """(name, arguments, position, wrong value, status): each array NULL, each size below 0."""
    for i in arrays:
        yield name, arguments, i, None, OUT_OF_RANGE
    for i in rows:
        yield name, arguments, i, -1, OUT_OF_RANGE
    for i, value in wrong:
        yield name, arguments, i, value, OUT_OF_RANGE


F, ROWS, ZEROS = np.ones((4, 4), np.float32), np.arange(4), np.zeros(4, np.int64)
REFUSED = [
    *of(
        "activation_backward_f32",
        arguments=(floats(4), F, F, F, 4, 0, 1),
        arrays=range(4),
        rows=[4],
        wrong=[(5, 99), (5, -1)],
    ),
    *of(
        "normalize_f32",
        arguments=(floats(16), F, None, None, 4, 4, 0, 1e-3, 1),
        arrays=(0, 1),
        rows=[4, 5],
        wrong=[(6, 4), (6, -1)],
    ),
    *of(
        "normalize_backward_f32",
        arguments=(floats(16), None, F, F, None, 4, 4, 0, 1e-3, 1),
        arrays=(0, 2, 3),
        rows=[5, 6],
        wrong=[(7, 4), (7, -1)],
    ),
    *of(
        "column_sums_f32",
        arguments=(floats(4), F, 4, 4, 4, 1),
        arrays=(0, 1),
        rows=[2, 3],
    ),
    *of(
        "sum_segments_f32",
        arguments=(floats(4), F, ROWS, ZEROS, 1, 4, 4, 4, 1),
        arrays=range(4),
        rows=[4, 5, 6, 7],
    ),
    *of(
        "dense_backward_f32",
        arguments=(floats(16), floats(16), floats(4), F, F, F, 4, 4, 4, 1),
        arrays=(3, 4, 5),
        rows=[6, 7, 8],
        wrong=[(7, 0), (8, 0)],
    ),
    *of(
        "draws_f32",
        arguments=(floats(16), ROWS, ROWS, 4, 4, 1, 1),
        arrays=range(3),
        rows=[3, 4],
    ),
    *of(
        "dropout_f32",
        arguments=(floats(16), F, ROWS, ROWS, 4, 4, 1, 0.5, 1),
        arrays=range(4),
        rows=[4, 5],
        wrong=[(7, 1), (7, -0.5), (7, float("nan"))],
    ),
]


@pytest.mark.parametrize(
    "name, arguments, position, wrong, status",
    REFUSED,
    ids=[f"{name}-{i}-{wrong}" for name, _, i, wrong, _ in REFUSED],
)
def test_refused(name, arguments, position, wrong, status):
    assert call(name, *arguments) == OK
    arguments = list(arguments)
    arguments[position] = wrong
    assert call(name, *arguments) == status


def test_outer_refuses():
    out, bad = floats(4, 4), np.zeros(1, np.int64)
    sizes = {"x_rows": 4, "rows": 4, "inputs": 4, "columns": 4, "x_stride": 4, "dz_stride": 4}
    good = {"out": out, "x": F, "dz": F, "out_stride": 4, **sizes}
    assert call("outer_f32", struct("msq_outer", **good), bad, 1) == OK
    assert (out == 4).all()
    wrong = {"out": None, "x": None, "dz": None, "out_stride": 3, "x_rows": 3}
    wrong |= {name: -1 for name in ("x_rows", "rows", "inputs", "columns")}
    for name, value in wrong.items():
        call_ = struct("msq_outer", **{**good, name: value})
        assert call("outer_f32", call_, bad, 1) == OUT_OF_RANGE, name
    assert call("outer_f32", struct("msq_outer", **{**good, "size": 4}), bad, 1) == UNSUPPORTED


def test_attention_in_training_refuses():
    offsets, made = np.array([0, 4]), [floats(4, 4) for _ in range(4)]
    sizes = {"batch": 1, "query_rows": 4, "key_rows": 4, "heads": 1, "kv_heads": 1}
    sizes |= {"key_dim": 4, "value_dim": 4, "scale": 1.0, "out": made[0]}
    good = {"q": F, "k": F, "v": F, "query_offsets": offsets, "key_offsets": offsets, **sizes}
    numbers = np.zeros(1, np.int64)

    def statuses(attention=(), dropout=()):
        a = struct("msq_attention", **{**good, **dict(attention)})
        given = {"sequences": numbers, "key": 3, "rate": 0.5, **dict(dropout)}
        drop = struct("msq_attention_dropout", **given)
        return {
            call("attention_dropping_f32", a, drop, 1),
            call("attention_backward_f32", a, drop, F, *made[1:], 1),
        }

    assert statuses() == {OK}
    for name in ("q", "k", "v", "query_offsets", "key_offsets"):
        assert statuses({name: None}) == {OUT_OF_RANGE}, name
    for name in ("batch", "query_rows", "key_rows", "heads", "key_dim", "value_dim"):
        assert statuses({name: -1}) == {OUT_OF_RANGE}, name
    assert statuses({"size": 4}) == statuses(dropout={"size": 4}) == {UNSUPPORTED}
    for name, value in (("sequences", None), ("rate", 1.0), ("rate", -0.1), ("rate", np.nan)):
        assert statuses(dropout={name: value}) == {OUT_OF_RANGE}, (name, value)
    a = struct("msq_attention", **{**good, "out": None})
    assert call("attention_dropping_f32", a, None, 1) == OUT_OF_RANGE
    for place in range(4):
        arrays = [F, *made[1:]]
        arrays[place] = None
        assert call("attention_backward_f32", a, None, *arrays, 1) == OUT_OF_RANGE


RULES = choices("msq_rule")
SLOTS = {"SGD": (0, 1), "NESTEROV": (1, 2), "RMSPROP_BOTH": (3, 5), "ADAM": (2, 4), "LION": (1, 5)}


@pytest.mark.parametrize("rule", SLOTS)
def test_an_optimizer_steps_in_place_as_the_kernels_do(rng, isa, rule):
    slots, count = SLOTS[rule]
    numbers = rng.uniform(0.1, 0.9, count).astype(np.float32)
    for n in (0, 1, 37):
        g, *given = np.abs(rng.normal(size=(slots + 2, n))).astype(np.float32)
        weights = [(g, *(x.copy() for x in given))]
        (want,) = _kernels.update_weights(rule.lower(), [float(x) for x in numbers], weights)
        places = [*given, None, None, None][:4]
        assert call("optimizer_f32", *places, g, n, RULES[rule], numbers, count, 2) == OK
        assert same_arrays(given, want)


def test_an_optimizer_refuses():
    numbers = np.ones(9, np.float32)
    good = [*(floats(4) for _ in range(4)), F, 4, RULES["RMSPROP_BOTH"], numbers, 5, 1]
    assert call("optimizer_f32", *good) == OK
    wrong = [(i, None) for i in (0, 1, 2, 3, 4, 7)]
    for i, value in (*wrong, (5, -1), (6, -1), (6, RULES["RULES"]), (8, 4), (8, -1)):
        arguments = [*good[:i], value, *good[i + 1 :]]
        assert call("optimizer_f32", *arguments) == OUT_OF_RANGE, (i, value)
