"""What `fit` takes its batches from: labels of steps, generators, indexed batches, splits."""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from maskseq.rows import as_padded
from maskseq.training.data import data_set
from tests.training.fit_cases import STEPS, X, Y, classifier, padded, tagger


@pytest.mark.parametrize("shuffle", [False, True])
def test_padded_labels_are_as_long_as_the_longest_of_all_sequences(shuffle):
    """Not of each batch: most batches have no sequence of that length."""
    options = {"batch_size": 2, "shuffle": shuffle, "verbose": 0}
    for x in (Ragged.from_list(X), padded(X)):
        ragged = tagger()
        ragged.fit(x, STEPS, **options)
        array = tagger()
        array.fit(x, padded(STEPS), **options)
        for a, b in zip(ragged.get_weights(), array.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        whole = array.evaluate(x, padded(STEPS), batch_size=60, verbose=0)
        assert array.evaluate(x, padded(STEPS), batch_size=2, verbose=0) == pytest.approx(whole)


def test_validation_split_takes_the_last_part_before_shuffling():
    seen = []

    class Watch(maskseq.callbacks.Callback):
        def on_test_end(self, logs=None):
            seen.append(dict(logs))

    model = tagger()
    history = model.fit(X, STEPS, validation_split=0.25, verbose=0, callbacks=[Watch()])
    fresh = tagger()
    fresh.set_weights(model.get_weights())
    held = fresh.evaluate(X[45:], STEPS[45:], verbose=0)
    assert history.history["val_loss"] == [held] == [seen[0]["loss"]]


def batches(size=15):
    for start in range(0, len(X), size):
        yield X[start : start + size], Y[start : start + size]


class Indexed:
    def __init__(self):
        self.ended = 0

    def __len__(self):
        return 4

    def __getitem__(self, number):
        return list(batches())[number]

    def on_epoch_end(self):
        self.ended += 1


def test_generators_and_indexed_batches_train_as_arrays_do():
    results = []
    indexed = Indexed()
    for x in ((X, Y), (batches(),), (indexed,), (list(batches()).__iter__(),)):
        model = classifier()
        model.fit(*x, batch_size=15, shuffle=False, verbose=0)
        results.append(model.get_weights())
    assert indexed.ended == 1
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_steps_per_epoch_goes_on_where_the_last_epoch_ended():
    model = classifier()
    history = model.fit(X, Y, batch_size=15, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0)
    whole = classifier()
    whole.fit(X, Y, batch_size=15, epochs=1, shuffle=False, verbose=0)
    assert history.epoch == [0, 1]
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_of_steps_that_a_mask_leaves_out_are_not_read():
    """An id of 0 in the middle has a label, as it has a place in its sequence."""
    maskseq.set_random_seed(3)
    model = maskseq.Sequential(
        [
            layers.Embedding(9, 4, mask_zero=True),
            layers.GRU(3, return_sequences=True),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", metrics=["mse"], weighted_metrics=["mae"])
    ids = [[1, 0, 2], [3], [0, 4, 0, 5]]
    labels = [np.full((len(x), 1), 7.0, np.float32) for x in ids]
    pairs = zip(ids, labels, strict=True)
    odd = [np.where(np.array(x)[:, None] == 0, np.float32(np.nan), y) for x, y in pairs]
    loss, mse, mae = model.evaluate(ids, odd, verbose=0)
    answers = model.predict([[1, 2], [3], [4, 5]])
    steps = np.array([answers[0, 0], answers[0, 1], answers[1, 0], answers[2, 0], answers[2, 1]])
    exact = np.square(steps.astype(np.float64) - 7).mean()
    assert loss == pytest.approx(exact, rel=1e-6) and mse == pytest.approx(exact, rel=1e-6)
    assert mae == pytest.approx(np.abs(steps.astype(np.float64) - 7).mean(), rel=1e-6)


# What containers and numbers mean for labels and weights, as for inputs.


def line(y=None, **given):
    """The weights and the loss of a layer that was trained on six numbers."""
    maskseq.set_random_seed(3)
    model = maskseq.Sequential([maskseq.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.arange(12, dtype=np.float32).reshape(6, 2) / 12
    y = np.arange(6, dtype=np.float32)[:, None] if y is None else y
    history = model.fit(given.pop("x", x), y, batch_size=2, verbose=0, **given)
    return [w.tolist() for w in model.get_weights()], history.history["loss"]


def test_frames_columns_and_other_orders_are_their_arrays():
    plain = line()
    y = np.arange(6, dtype=np.float32)
    for same in (y.tolist(), y.astype(">f4"), y[::-1].copy()[::-1], y.astype("f8"), y.astype("i8")):
        assert line(same) == plain
    assert line(np.ma.array(y)) == line(Ragged.from_list(y[:, None].tolist())) == plain
    weights = np.array([1, 2, 1, 1, 3, 1], np.float32)
    weighted = line(sample_weight=weights)
    assert weighted != plain
    for same in (weights.tolist(), weights[:, None], np.ma.array(weights), weights.astype("i8")):
        assert line(sample_weight=same) == weighted
    pd = pytest.importorskip("pandas")
    assert line(pd.DataFrame(y)) == line(pd.Series(y)) == plain
    assert line(sample_weight=pd.Series(weights)) == weighted


def test_masked_labels_and_weights_of_numpy_ma_are_refused():
    masked = np.ma.array(np.ones(6, np.float32), mask=[0, 0, 1, 0, 0, 0])
    with pytest.raises(TypeError, match="y must have no masked numbers, got a numpy.ma array"):
        line(masked)
    with pytest.raises(TypeError, match="sample_weight must have no masked numbers"):
        line(sample_weight=masked)
    model, steps = tagger(), np.ma.array(padded(STEPS))
    steps[0, -1] = np.ma.masked
    for run in (model.train_on_batch, model.test_on_batch, model.evaluate):
        with pytest.raises(TypeError, match="y must have no masked numbers"):
            run(padded(X), steps)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_labels_and_weights_beyond_float32_are_named():
    large = np.ones(6)
    large[4] = 1e300
    with pytest.warns(RuntimeWarning, match=r"y at \[4\]: 1e\+300 becomes infinite in float32"):
        line(large)
    with pytest.warns(RuntimeWarning, match=r"y at \[4, 0\]: 1e\+300 becomes infinite"):
        line(Ragged(large[:, None], np.arange(7)))
    with pytest.warns(RuntimeWarning, match=r"sample_weight at \[4\]: 1e\+300 becomes infinite"):
        line(sample_weight=large)
    with pytest.raises(ValueError, match="y at position 1: int too large"):
        line([[1], [10**400], [1], [1], [1], [1]])


@pytest.mark.parametrize(
    "given, error, message",
    [
        ([1, 2], TypeError, "class_weight must be a dict of class -> weight, got list"),
        ({"0": 1.0}, TypeError, "class_weight: expected numbers of classes, got '0'"),
        ({0.5: 1.0}, TypeError, "class_weight: expected numbers of classes, got 0.5"),
        ({1: np.nan}, ValueError, "class_weight of class 1: expected a finite float32, got nan"),
        ({1: 1e300}, ValueError, r"class_weight of class 1: expected .* got 1e\+300"),
        ({1: None}, ValueError, "class_weight of class 1: expected a finite float32, got None"),
    ],
)
def test_wrong_class_weights_are_named(given, error, message):
    with pytest.raises(error, match=message):
        line(class_weight=given)
    with pytest.raises(error, match=message):
        classifier().train_on_batch(X, Y, class_weight=given)


def test_class_weights_of_numpy_and_of_whole_floats_count():
    classes = np.array([0, 1, 0, 1, 1, 0])
    expected = line(classes, class_weight={1: 3})
    assert line(classes, class_weight={np.int64(1): np.float32(3)}) == expected
    assert line(classes, class_weight={1.0: 3}) == expected != line(classes)


def test_labels_that_are_no_numbers_are_named_by_their_argument():
    for y, said in (([["a"]] * 6, "y must hold numbers"), (np.ones(6, complex), "y must be num")):
        with pytest.raises(TypeError, match=said):
            line(y)
    with pytest.raises(TypeError, match="sample_weight must hold numbers"):
        line(sample_weight=[["a"]] * 6)


def test_no_sequences_are_an_error():
    with pytest.raises(ValueError, match="x must hold at least one sequence, got none"):
        line(np.zeros((0, 1)), x=np.zeros((0, 2)))
    with pytest.raises(ValueError, match="x must hold at least one sequence, got none"):
        tagger().evaluate([], [])


def test_loss_weights_count_in_the_gradient():
    """A loss with weight 0 moves nothing, one with weight 2 as much as twice the rate does."""

    def trained(weight, rate):
        maskseq.set_random_seed(1)
        x = maskseq.Input((2,))
        outputs = [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)]
        model = maskseq.Model(x, outputs)
        model.compile(maskseq.optimizers.SGD(rate), "mse", loss_weights=[1.0, weight])
        before = model.get_layer("b").get_weights()
        ones = np.ones((4, 1), np.float32)
        model.fit(np.ones((4, 2), np.float32), [ones, ones], verbose=0)
        return [w - b for w, b in zip(model.get_layer("b").get_weights(), before, strict=True)]

    assert all((change == 0).all() for change in trained(0.0, 0.1))
    for twice, rate in zip(trained(2.0, 0.1), trained(1.0, 0.2), strict=True):
        np.testing.assert_allclose(twice, rate, rtol=1e-5)
        assert (rate != 0).all()


def test_each_epoch_has_an_order_of_its_own_which_hangs_on_the_seed():
    data = data_set(tagger(), X, STEPS, None, 100)

    def order(seed, epoch):
        (batch,) = data.epoch(seed, epoch, shuffle=True)
        assert sorted(batch.numbers) == list(range(len(X)))
        return batch.numbers.tolist()

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(*pair)) for pair in ((1, 0), (1, 1), (2, 0), (2, 1))}) == 4


@pytest.mark.parametrize("kind", ["ragged", "mask at the end", "mask with holes", "array"])
def test_batches_gathered_together_are_those_gathered_one_by_one(kind, monkeypatch):
    rng = np.random.default_rng(4)
    model = maskseq.Sequential([layers.Input((None, 3)), layers.LSTM(2)])
    x = rng.normal(size=(23, 6, 3)).astype(np.float32)
    lengths = rng.integers(0, 7, 23)
    lengths[3] = 6
    if kind == "ragged":
        x = Ragged.from_padded(x, lengths=lengths)
    elif kind != "array":
        mask = np.arange(6) < lengths[:, None]
        x = np.ma.array(
            x, mask=np.repeat(~(mask if "end" in kind else mask[:, ::-1]), 3).reshape(x.shape)
        )
    y, weights = Ragged.from_lengths(np.arange(lengths.sum()), lengths), rng.random(23)
    data = data_set(model, x, y, weights, 4)
    found = {}
    for room in (0, 300, 1 << 20):
        monkeypatch.setattr("maskseq.training.data.BYTES_AT_ONCE", room)
        found[room] = list(data.epoch(1, 2, shuffle=True))
    for room in (300, 1 << 20):
        for alone, together in zip(found[0], found[room], strict=True):
            np.testing.assert_array_equal(together.numbers, alone.numbers)
            np.testing.assert_array_equal(as_padded(together.values[0]), as_padded(alone.values[0]))
            if kind != "array":
                assert together.values[0].layout.equals(alone.values[0].layout)
                assert together.values[0].is_ragged == alone.values[0].is_ragged
            assert together.targets[0].equals(alone.targets[0])
            np.testing.assert_array_equal(together.weights[0], alone.weights[0])
    for batch in found[0]:
        for place, number in enumerate(batch.numbers):
            np.testing.assert_array_equal(batch.targets[0][place], y[number])
