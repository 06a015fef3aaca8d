"""CRF and CTC of the C API, through the table: as defined, and what they refuse."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.abi.c_api import STATUS, call, struct
from tests.support.definitions import reference_lattice

OK, UNSUPPORTED, OUT_OF_RANGE = (STATUS[name] for name in ("OK", "UNSUPPORTED", "OUT_OF_RANGE"))
LENGTHS, LABELS, TAGS = [3, 0, 5, 1], [2, 0, 2, 1], 4
BATCH, ROWS = len(LENGTHS), sum(LENGTHS)


def offsets_of(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def nines(*shape):
    return np.full(shape, 99, np.float32)


@pytest.fixture
def crf(rng):
    floats = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    return {
        "emissions": floats(ROWS, TAGS),
        "path": rng.integers(0, TAGS, ROWS),
        "offsets": offsets_of(LENGTHS),
        "transitions": floats(TAGS, TAGS),
        "start": floats(TAGS),
        "end": floats(TAGS),
    }


@pytest.fixture
def ctc(rng):
    return {
        "logits": rng.standard_normal((ROWS, TAGS)).astype(np.float32),
        "labels": rng.integers(1, TAGS, sum(LABELS)),
        "offsets": offsets_of(LENGTHS),
        "label_offsets": offsets_of(LABELS),
    }


def crf_struct(arrays, **new):
    return struct("msq_crf", **{**arrays, "batch": BATCH, "rows": ROWS, "tags": TAGS, **new})


def ctc_struct(arrays, **new):
    sizes = {"batch": BATCH, "rows": ROWS, "classes": TAGS, "label_rows": sum(LABELS)}
    return struct("msq_ctc", **{**arrays, **sizes, **new})


def parts(array, offsets):
    return np.split(array, offsets[1:-1])


@pytest.mark.parametrize("boundaries", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_crf(crf, boundaries, threads):
    if not boundaries:
        crf["start"] = crf["end"] = None
    job, losses, alphas = crf_struct(crf), nines(BATCH), nines(ROWS, TAGS)
    assert call("crf_f32", job, losses, alphas, threads) == OK
    ends = [np.zeros(TAGS) if x is None else x for x in (crf["start"], crf["end"])]
    rows = zip(*(parts(crf[name], crf["offsets"]) for name in ("emissions", "path")), strict=True)
    wanted = [reference_lattice.crf(x.astype(float), y, crf["transitions"], *ends) for x, y in rows]
    np.testing.assert_allclose(losses, wanted, rtol=1e-5, atol=1e-6)
    d_losses = np.float32([1, 2, -1, 0])
    made = [nines(ROWS, TAGS), nines(TAGS, TAGS), nines(TAGS), nines(TAGS)]
    given = made if boundaries else [*made[:2], None, None]
    assert call("crf_backward_f32", job, alphas, d_losses, *given, threads) == OK
    expected = _kernels.crf_backward(d_losses, alphas, *crf.values())
    for got, want in zip(made, expected, strict=True):
        np.testing.assert_array_equal(got, 99 if want is None else want)
    assert not made[0][-1].any()  # its d_loss is 0
    best, scores = np.full(ROWS, 99, np.int32), nines(BATCH)
    assert call("crf_decode_f32", crf_struct(crf, path=None), best, scores, threads) == OK
    tags, wanted = zip(
        *(
            reference_lattice.viterbi(x, crf["transitions"], *np.float32(ends))
            for x in parts(crf["emissions"], crf["offsets"])
        ),
        strict=True,
    )
    np.testing.assert_array_equal(best, np.concatenate(tags))
    np.testing.assert_allclose(scores, wanted, rtol=1e-6)


def test_gradients_of_weights_that_are_not_wanted(crf):
    job, losses, alphas = crf_struct(crf), nines(BATCH), nines(ROWS, TAGS)
    assert call("crf_f32", job, losses, alphas, 1) == OK
    d_losses, d_emissions, d_end = np.ones(BATCH, np.float32), nines(ROWS, TAGS), nines(TAGS)
    status = call("crf_backward_f32", job, alphas, d_losses, d_emissions, None, None, d_end, 1)
    expected = _kernels.crf_backward(d_losses, alphas, *crf.values())
    assert status == OK
    np.testing.assert_array_equal(d_emissions, expected[0])
    np.testing.assert_array_equal(d_end, expected[3])


@pytest.mark.parametrize("threads", [1, 3])
def test_ctc(ctc, threads):
    losses, d_logits = nines(BATCH), nines(ROWS, TAGS)
    assert call("ctc_f32", ctc_struct(ctc), losses, threads) == OK
    pairs = zip(
        parts(ctc["logits"], ctc["offsets"]),
        parts(ctc["labels"], ctc["label_offsets"]),
        strict=True,
    )
    wanted = [reference_lattice.ctc(x.astype(float), y, 0) for x, y in pairs]
    np.testing.assert_allclose(losses, wanted, rtol=1e-5)
    d_losses = np.float32([1, 2, -1, 0])
    assert call("ctc_backward_f32", ctc_struct(ctc), d_losses, d_logits, threads) == OK
    np.testing.assert_array_equal(d_logits, _kernels.ctc_backward(d_losses, *ctc.values()))


WRONG = {"offsets": np.array([0, 3, 2, 8, 9]), "batch": -1, "rows": -1, "size": 8}
WRONG_CRF = WRONG | {"emissions": None, "transitions": None, "tags": 0}
WRONG_CTC = WRONG | {
    **{"logits": None, "labels": None, "label_offsets": None, "label_rows": -1},
    **{"classes": 0, "blank": TAGS},
}


@pytest.mark.parametrize("name", [*WRONG_CRF, "path", "missing"])
def test_crf_refuses(crf, name):
    status = UNSUPPORTED if name == "size" else OUT_OF_RANGE
    job = crf_struct(crf) if name == "missing" else crf_struct(crf, **{name: WRONG_CRF.get(name)})
    losses, rows, best = nines(BATCH), nines(ROWS, TAGS), np.zeros(ROWS, np.int32)
    if name == "missing":
        assert call("crf_f32", job, None, rows, 1) == OUT_OF_RANGE
        assert call("crf_f32", job, losses, None, 1) == OUT_OF_RANGE
        for i in range(3):
            given = [None if k == i else x for k, x in enumerate((rows, losses, rows))]
            assert call("crf_backward_f32", job, *given, None, None, None, 1) == OUT_OF_RANGE
        assert call("crf_decode_f32", job, None, losses, 1) == OUT_OF_RANGE
        assert call("crf_decode_f32", job, best, None, 1) == OUT_OF_RANGE
        return
    assert call("crf_f32", job, losses, rows, 1) == status
    assert call("crf_backward_f32", job, rows, losses, rows, None, None, None, 1) == status
    if name != "path":
        assert call("crf_decode_f32", job, best, losses, 1) == status
    assert (losses == 99).all()


@pytest.mark.parametrize("name", [*WRONG_CTC, "missing"])
def test_ctc_refuses(ctc, name):
    losses, rows = nines(BATCH), nines(ROWS, TAGS)
    if name == "missing":
        job = ctc_struct(ctc)
        assert call("ctc_f32", job, None, 1) == OUT_OF_RANGE
        assert call("ctc_backward_f32", job, None, rows, 1) == OUT_OF_RANGE
        assert call("ctc_backward_f32", job, losses, None, 1) == OUT_OF_RANGE
        return
    job = ctc_struct(ctc, **{name: WRONG_CTC[name]})
    status = UNSUPPORTED if name == "size" else OUT_OF_RANGE
    assert call("ctc_f32", job, losses, 1) == status
    assert call("ctc_backward_f32", job, losses, rows, 1) == status
    assert (losses == 99).all() and (rows == 99).all()
