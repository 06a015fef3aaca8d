"""losses.CTC and losses.CRF: whole sequences, over real steps."""

import gc

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers, losses, ops
from maskseq.context import changed
from maskseq.layers.rnn import decoded
from maskseq.models import inputs
from maskseq.rows import Rows
from maskseq.tape import Tape
from maskseq.tensor import Tensor

LABELS = np.array([[1, 2, 1], [3, 0, 0], [2, 2, 0], [0, 0, 0]])
MASK = np.array([[1, 1, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0], [0] * 6], bool)


def masked(x, mask=MASK):
    tensor = x.view(Tensor)
    tensor._keras_mask = mask
    return tensor


@pytest.fixture
def logits(rng):
    x = rng.standard_normal((4, 6, 4)).astype(np.float32)
    x[~MASK] = np.nan
    return x


def alone(logits):
    """The losses of the real steps of each sequence, one by one."""
    found = []
    for x, m, y in zip(logits, MASK, LABELS, strict=True):
        steps, count = [int(m.sum())], [int((y != 0).sum())]
        found.append(np.asarray(ops.ctc_loss(y[None], x[m][None], count, steps))[0])
    return np.array(found)


def test_ctc_counts_real_steps_however_the_data_come(logits):
    wanted, each = alone(logits), losses.CTC(reduction="none")
    ragged = Ragged.from_list([y[y != 0] for y in LABELS])
    for labels in (LABELS, ragged, np.pad(LABELS, [(0, 0), (0, 2)]), LABELS.tolist()):
        for y in (masked(logits), Rows.view(logits, MASK)):
            np.testing.assert_array_equal(each(labels, y), wanted)
    mean = losses.CTC()
    assert float(mean(LABELS, masked(logits))) == pytest.approx(wanted.mean(), rel=1e-6)
    value, count = mean.measured(LABELS, masked(logits), np.array([1, 2, 0, 1]))
    assert float(value) == pytest.approx(wanted @ [1, 2, 0, 1] / 4, rel=1e-6) and count == 4


@pytest.mark.parametrize("rows", (False, True))
def test_ctc_has_the_gradient_of_each_sequence_alone(logits, rows):
    tape = Tape()
    given = tape.watch(Rows.view(logits, MASK) if rows else masked(logits))
    with changed(tape=tape):
        loss = losses.CTC("sum")(LABELS, given)
    gradient = tape.gradients(loss, of=[given])[0]
    if rows:
        whole = np.zeros_like(logits)
        whole[MASK] = gradient[: MASK.sum()]
        gradient = whole
    assert not gradient[~MASK].any()
    for b in range(3):
        other = Tape()
        x = other.watch(logits[b][MASK[b]][None])
        count = int((LABELS[b] != 0).sum())
        with changed(tape=other):
            loss = ops.ctc_loss(LABELS[b][None], x, [count], [x.shape[1]])
        wanted = other.gradients(loss, of=[x])[0][0]
        np.testing.assert_array_equal(gradient[b][MASK[b]], wanted)


@pytest.mark.parametrize(
    "labels, message",
    [
        ([[1, 0, 2], [1, 0, 0], [1, 0, 0], [0] * 3], r"follow the labels, got \[1, 0, 2\]"),
        (np.ones((3, 2), int), "expected the labels of 4 sequences, got 3"),
        (Ragged.from_list([np.array(y) for y in ([1], [2], [1, 0, 2], [1])]), "2. in sequence 2"),
        (np.full((4, 1), 4), "labels must be from 0 to 3"),
        (np.ones(4, int), r"expected int \(batch, labels\), got shape \(4,\)"),
    ],
)
def test_labels_that_do_not_fit(logits, labels, message):
    with pytest.raises(ValueError, match=message):
        losses.CTC()(labels, masked(logits))


def test_names_and_configs():
    assert isinstance(losses.get("CTC"), losses.CTC) and isinstance(losses.get("CRF"), losses.CRF)
    for loss in (losses.CTC("sum", "mine"), losses.CRF("none")):
        again = losses.deserialize(losses.serialize(loss))
        assert type(again) is type(loss) and again.get_config() == loss.get_config()


def tagger(crf):
    return maskseq.Sequential([layers.Input((None, 3)), layers.Masking(), layers.Dense(4), crf])


def run(model, x, tape):
    """The output of a walk that a loss follows."""
    values = inputs.prepare(model, inputs.for_predict(model, x))
    return model._walk(list(map(tape.hold, values)) if tape else values)


def test_crf_trains_a_tagger(rng):
    """The tag of a step is the sign of what came at the step before."""
    data = [rng.standard_normal((n, 3)).astype(np.float32) for n in (7, 5, 0, 9)]
    tags = [np.concatenate([[0], np.where(x[:-1, 0] > 0, 2, 1)])[: len(x)] for x in data]
    x, y = Ragged.from_list(data), Ragged.from_list(tags)
    crf = layers.CRF(name="tags")
    model = tagger(crf)
    loss, found = losses.get("crf"), []
    for _ in range(3):
        tape = Tape(model.trainable_weights)
        with changed(tape=tape, training=True):
            value = loss(y, run(model, x, tape))
        found.append(float(value.value))
        gradients = tape.gradients(value)
        assert all(g is not None and np.isfinite(g).all() for g in gradients)
        for v, g in zip(tape.variables, gradients, strict=True):
            v.assign(v.value - np.float32(0.1) * g)
    assert found[2] < found[1] < found[0]
    again = loss(y, run(model, x, None))
    assert float(again) < found[2]


def test_crf_of_padded_data(rng):
    x, tags = rng.standard_normal((2, 3, 3)).astype(np.float32), np.ones((2, 3), int)
    model = tagger(layers.CRF())
    wanted = losses.CRF("none")(tags, run(model, x, None))
    crf, emissions = model.layers[-1], model.layers[-2](x)
    np.testing.assert_array_equal(wanted, crf.losses(emissions, tags))
    np.testing.assert_array_equal(losses.CRF("none")(tags, crf(emissions)), wanted)
    mask = np.array([[1, 1, 0], [0, 1, 1]], bool)
    y = crf(emissions, mask=mask)
    np.testing.assert_array_equal(losses.CRF("none")(tags, y), crf.losses(emissions, tags, mask))
    for other in (np.asarray(y).copy(), np.ones((2, 3), np.float32)):
        with pytest.raises(ValueError, match="expected the tags that a layer CRF gave"):
            losses.CRF()(tags, other)


def test_what_tags_were_decoded_from_goes_with_them(rng):
    x = rng.standard_normal((2, 3, 4)).astype(np.float32)
    layer = layers.CRF()
    layer(x)
    gc.collect()
    before = len(decoded._FROM)
    y = layer(x)
    assert len(decoded._FROM) > before
    del y
    gc.collect()
    assert len(decoded._FROM) == before


@pytest.mark.slow
def test_ctc_without_a_mask_is_that_of_keras(rng):
    keras = pytest.importorskip("keras")
    output = rng.standard_normal((3, 20, 6)).astype(np.float32)
    labels = np.array([[1, 2, 2, 5], [3, 0, 0, 0], [4, 1, 0, 0]])
    for reduction in ("sum_over_batch_size", "sum", "none"):
        theirs = keras.losses.CTC(reduction=reduction)(labels, output)
        ours = losses.CTC(reduction)(labels, output)
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5)


def test_crf_in_compile_and_fit(rng):
    data = [rng.standard_normal((n, 3)).astype(np.float32) for n in (7, 5, 0, 9)]
    x = Ragged.from_list(data)
    y = Ragged.from_list([np.where(a[:, 0] > 0, 2, 1) for a in data])
    model = tagger(layers.CRF())
    model.compile(optimizer=maskseq.optimizers.SGD(0.1), loss="crf")
    before = model.evaluate(x, y, verbose=0)
    found = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert found[0] == pytest.approx(before, rel=1e-5) and found[2] < found[1] < found[0]
