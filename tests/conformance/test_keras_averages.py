"""compile(averages="keras"): the numbers that Keras prints, for comparison."""

import numpy as np
import pytest

import maskseq
from tests.support.beside_keras import copy_weights

RNG = np.random.default_rng(5)
MASK = np.arange(6) < np.array([6, 1, 3, 2, 5, 2, 0, 4])[:, None]
X = np.where(MASK[..., None], RNG.standard_normal((8, 6, 3)), 0).astype(np.float32)
Y = RNG.integers(0, 2, (8, 6, 1)).astype(np.float32)
W = RNG.random((8, 6)).astype(np.float32)
METRICS = ["mae", "binary_accuracy"]


def model(package):
    layers = package.layers
    return package.Sequential(
        [
            package.Input((None, 3)),
            layers.Masking(),
            layers.LSTM(4, return_sequences=True),
            layers.Dense(1, activation="sigmoid", kernel_regularizer="l2"),
        ]
    )


def batches(weighted=False):
    """Three batches of other sizes and lengths."""
    for part, time in ((slice(0, 2), 6), (slice(2, 5), 5), (slice(5, 8), 4)):
        batch = X[part, :time], Y[part, :time]
        yield (*batch, W[part, :time]) if weighted else batch


def compiled(package, **options):
    made = model(package)
    options = {"optimizer": "sgd", "loss": "binary_crossentropy", "metrics": METRICS, **options}
    made.compile(**options)
    return made


def test_means_of_batches_and_of_padded_lengths():
    """By the definition: each batch's loss times its sequences, sums divided by padded time."""
    rmse = maskseq.metrics.RootMeanSquaredError(name="rmse")  # it counts masked steps
    ours = compiled(maskseq, averages="keras", metrics=[*METRICS, rmse])
    rng, squares = np.random.default_rng(1), []
    ours.set_weights([rng.standard_normal(w.shape) for w in ours.get_weights()])
    found = ours.evaluate(batches(), verbose=0, return_dict=True)
    losses, sizes, total, count = [], [], 0.0, 0.0
    penalty = 0.01 * np.square(ours.get_weights()[-2]).sum()
    for x, y in batches():
        p, real = np.float64(ours.predict(x))[..., 0], (x != 0).any(axis=-1)
        t = y[..., 0]
        each = -(t * np.log(p) + (1 - t) * np.log(1 - p))
        losses.append(each[real].mean())
        squares += [*np.square(p - t).mean(axis=1)]
        sizes.append(len(x))
        total += abs(p - t)[real].sum() / x.shape[1]
        count += real.sum() / x.shape[1]
    assert found["loss"] == pytest.approx(np.average(losses, weights=sizes) + penalty, rel=1e-5)
    assert found["mae"] == pytest.approx(total / count, rel=1e-5)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-5)
    exact = compiled(maskseq)
    exact.set_weights(ours.get_weights())
    other = exact.evaluate(batches(), verbose=0, return_dict=True)
    assert abs(other["loss"] - found["loss"]) > 1e-4
    assert abs(other["mae"] - found["mae"]) > 1e-4


def test_ragged_data_count_as_padded_to_the_longest_of_the_batch():
    ours = compiled(maskseq, averages="keras", metrics=[*METRICS, "auc"], weighted_metrics=["mse"])
    x, y, w = ([a[m] for a, m in zip(part, MASK, strict=True)] for part in (X, Y, W))
    kept = [len(row) > 0 for row in x]
    x, y, w = ([row for row, k in zip(part, kept, strict=True) if k] for part in (x, y, w))
    found = ours.evaluate(x, y, sample_weight=w, batch_size=8, verbose=0)
    padded = (part[np.array(kept)] for part in (X, np.where(MASK[..., None], Y, 0), W))
    x, y, w = padded
    np.testing.assert_allclose(
        found, ours.evaluate(x, y, sample_weight=w, batch_size=8, verbose=0), rtol=1e-6
    )


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="averages: expected 'exact' or 'keras', got 'padded'"):
        compiled(maskseq, averages="padded")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_are_those_of_keras(weighted):
    keras = pytest.importorskip("keras")
    others = ["mse", "auc", "precision", "root_mean_squared_error", "mae"]
    options = {"metrics": [*METRICS, *others]}
    if weighted:
        options["weighted_metrics"] = ["mse", "mae", "root_mean_squared_error", "auc", "mae"]
        options["metrics"] = METRICS
    theirs = compiled(keras, **options)
    ours = compiled(maskseq, averages="keras", **options)
    copy_weights(theirs, ours)
    expected = theirs.evaluate(batches(weighted), verbose=0, return_dict=True)
    found = ours.evaluate(batches(weighted), verbose=0, return_dict=True)
    assert {*found} == {*expected}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name
