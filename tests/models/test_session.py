"""Streams that a model answers a part at a time: as the whole, in any company."""

import pickle
import threading

import numpy as np
import pytest

import maskseq
from maskseq import layers


def tagger(**kwargs):
    model = maskseq.Sequential(
        [
            layers.Input((None, 3)),
            layers.Masking(),
            layers.LSTM(6, return_sequences=True, **kwargs),
            layers.LayerNormalization(),
            layers.GRU(5, return_sequences=True),
            layers.Dense(2, activation="tanh"),
        ]
    )
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(-1, 1, w.shape) for w in model.weights])
    return model


def classifier():
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    cells = [layers.LSTMCell(3), layers.GRUCell(4)]
    h = layers.RNN(cells, return_sequences=True)(x)
    model = maskseq.Model(ids, layers.Dense(3)(layers.SimpleRNN(4)(layers.Concatenate()([x, h]))))
    rng = np.random.default_rng(4)
    model.set_weights([rng.uniform(-1, 1, w.shape) for w in model.weights])
    return model


def signals(*lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, 3)).astype(np.float32) for n in lengths]


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 7], [0, 12], [3, 0, 9]])
def test_parts_are_answered_as_the_whole(cuts):
    model, (signal,) = tagger(), signals(12)
    session, ends = model.session(), np.cumsum(cuts)
    parts = [session.run(signal[end - n : end]) for n, end in zip(cuts, ends, strict=True)]
    assert [len(part) for part in parts] == cuts
    np.testing.assert_array_equal(np.concatenate(parts), model.predict([signal])[0])


def test_sessions_join_and_leave_a_batch():
    model, streams = tagger(), signals(9, 9, 9)
    sessions = [model.session() for _ in streams]
    answers = [[] for _ in streams]
    at = [0, 0, 0]
    calls = [([0, 1], [2, 1]), ([1], [3]), ([2, 0, 1], [5, 3, 0]), ([0, 1, 2], [4, 5, 4])]
    for who, sizes in calls:
        parts = [streams[i][at[i] : at[i] + n] for i, n in zip(who, sizes, strict=True)]
        found = maskseq.Session.run_together([sessions[i] for i in who], parts)
        for i, n, y in zip(who, sizes, found, strict=True):
            answers[i].append(y)
            at[i] += n
    for i, stream in enumerate(streams):
        np.testing.assert_array_equal(np.concatenate(answers[i]), model.predict([stream])[0])


def test_the_last_answer_of_ids_and_a_masked_step():
    model = classifier()
    session = model.session()
    session.run([3, 1])
    states = session.states
    np.testing.assert_array_equal(session.run([0]), model.predict([[3, 1]])[0])  # id 0 is masked
    for name, own in session.states.items():
        for a, b in zip(own, states[name], strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(session.run([7, 2]), model.predict([[3, 1, 7, 2]])[0])


def test_a_model_that_no_input_was_declared_for():
    model = maskseq.Sequential([layers.Embedding(9, 4, mask_zero=True), layers.GRU(3)])
    model.predict([[1, 2]])
    session = model.session()
    session.run([5, 8])
    np.testing.assert_array_equal(session.run([2]), model.predict([[5, 8, 2]])[0])


def test_states_are_read_replaced_and_reset():
    model, (signal,) = tagger(), signals(8)
    session, other = model.session(), model.session()
    session.run(signal[:5])
    other.states = session.states
    rest = model.predict([signal])[0][5:]
    np.testing.assert_array_equal(session.run(signal[5:]), rest)
    np.testing.assert_array_equal(other.run(signal[5:]), rest)
    assert [x.shape for own in other.states.values() for x in own] == [(6,), (6,), (5,)]
    other.reset()
    assert not any(x.any() for own in other.states.values() for x in own)
    np.testing.assert_array_equal(other.run(signal), model.predict([signal])[0])
    name = next(iter(session.states))
    session.states[name][0][:] = 7  # a copy
    assert not (session.states[name][0] == 7).any()
    with pytest.raises(ValueError, match=rf"states of '{name}' must be \[\(6,\), \(6,\)\], got"):
        session.states = {**session.states, name: [np.zeros(6), np.zeros(5)]}
    with pytest.raises(ValueError, match="states must be of"):
        session.states = {name: session.states[name]}


def test_nothing_changes_where_a_call_fails():
    model, (a, b) = tagger(), signals(4, 4)
    one, two = model.session(), model.session()
    one.run(a[:2])
    before = one.states
    with pytest.raises(ValueError, match=r"input 1 must be \(steps, 3\), got shape \(4,\)"):
        maskseq.Session.run_together([one, two], [a[2:], b[:, 0]])
    with pytest.raises(ValueError):
        maskseq.Session.run_together([one, two], [a[2:], b[:, :2]])
    for name, own in one.states.items():
        np.testing.assert_array_equal(own, before[name])
    for wrong, words in (
        (([one], []), "expected 1 inputs, one each, got 0"),
        (([one, one], [a, b]), "stands twice"),
        (([one, tagger().session()], [a, b]), "sessions of one model"),
    ):
        with pytest.raises(ValueError, match=words):
            maskseq.Session.run_together(*wrong)
    assert maskseq.Session.run_together([], []) == []


def test_the_model_itself_stays_as_it_was():
    model, (signal,) = tagger(), signals(6)
    before = model.predict([signal])
    summary = []
    model.summary(print_fn=summary.append)
    session = model.session()
    session.run(signal[:3])
    np.testing.assert_array_equal(model.predict([signal]), before)
    after = []
    model.summary(print_fn=after.append)
    assert after == summary and not model.stateful
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict([signal]), before)
    model.set_weights([w * 0.5 for w in model.get_weights()])  # later weights count
    fresh = model.session()
    np.testing.assert_array_equal(fresh.run(signal), model.predict([signal])[0])


def test_sessions_of_many_threads():
    model, streams = tagger(), signals(*[40] * 6)
    answers = [None] * len(streams)

    def follow(i):
        session = model.session()
        answers[i] = np.concatenate([session.run(streams[i][t : t + 2]) for t in range(0, 40, 2)])

    threads = [threading.Thread(target=follow, args=(i,)) for i in range(len(streams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, stream in enumerate(streams):
        np.testing.assert_array_equal(answers[i], model.predict([stream])[0])


def made_of(*inner):
    return maskseq.Sequential([layers.Input((None, 3)), *inner])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: made_of(layers.Bidirectional(layers.LSTM(2), name="both")), "'both'"),
        (lambda: made_of(layers.Conv1D(2, 3, padding="same", name="conv")), "'conv'"),
        (lambda: made_of(layers.GlobalMaxPooling1D(name="pool")), "'pool'"),
        (lambda: tagger(go_backwards=True), "goes backwards"),
        (lambda: maskseq.Sequential([layers.Input((4, 3)), layers.LSTM(2)]), "steps of any number"),
    ],
)
def test_what_looks_across_steps_has_no_streams(make, words):
    with pytest.raises(ValueError, match=words):
        make().session()


def test_models_of_other_forms_have_no_streams():
    a, b = maskseq.Input((None, 3)), maskseq.Input((4,))
    lstm = layers.LSTM(4)
    with pytest.raises(ValueError, match="a model of one input, got 2"):
        maskseq.Model([a, b], lstm(a, initial_state=[b, b])).session()
    shared = layers.LSTM(3, return_sequences=True, name="shared")
    with pytest.raises(ValueError, match="'shared' has states of the model's own"):
        maskseq.Model(a, shared(shared(a))).session()
    with pytest.raises(ValueError, match="has no graph"):
        maskseq.Sequential([layers.Dense(2)]).session()


class Tail(layers.Layer):
    """The last two steps, with their mask."""

    supports_masking = True

    def call(self, inputs):
        return inputs[:, -2:]

    def compute_mask(self, inputs, previous_mask):
        return None if previous_mask is None else previous_mask[:, -2:]


def test_alone_as_in_company():
    """A stream alone is a padded array to the layers, with others it is ragged."""
    x = np.random.default_rng(4).standard_normal((6, 3)).astype(np.float32)
    x[[1, 5]] = 0
    for model in (tagger(), maskseq.Sequential([layers.Input((None, 3)), layers.GRU(2)])):
        alone, *pair = [model.session() for _ in range(3)]
        for part in (x[:2], x[2:3], x[3:6].astype(np.float64), x[:0], x):
            found = alone.run(part)
            expected, _ = maskseq.Session.run_together(pair, [part, x[:4]])
            np.testing.assert_array_equal(found, expected)
        for found, expected in zip(alone.states.items(), pair[0].states.items(), strict=True):
            assert found[0] == expected[0]
            np.testing.assert_array_equal(found[1], expected[1])


def test_an_answer_of_other_steps_has_its_real_ones():
    x = np.arange(1, 16, dtype=np.float32).reshape(5, 3)
    x[4] = 0
    session = maskseq.Sequential([layers.Input((None, 3)), layers.Masking(), Tail()]).session()
    np.testing.assert_array_equal(session.run(x), x[3:4])
    np.testing.assert_array_equal(session.run(x[:4]), x[2:4])


def test_an_answer_is_the_callers_own():
    """Neither the next steps nor the states change when an answer is written to."""
    model = maskseq.Sequential([layers.Input((None, 3)), layers.GRU(2)])
    one, other = model.session(), model.session()
    x = np.ones((2, 3), np.float32)
    for session in (one, other):
        answer = session.run(x)
        answer[:] = 0 if session is one else answer
    np.testing.assert_array_equal(one.run(x), other.run(x))
    assert x.all()
