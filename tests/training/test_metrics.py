"""Metrics give what Keras's give for the real steps, however these are held and cut."""

import numpy as np
import pytest

from maskseq import Ragged, losses, metrics
from maskseq.rows import Layout, Rows
from maskseq.tensor import convert_to_tensor
from tests.training import recorded
from tests.training.metric_cases import CASES, MASKS, WEIGHTS, batches

ANSWERS = recorded.load()


def made(case):
    return getattr(metrics, case.metric)(**case.options)


def held(y_true, y_pred, mask, how):
    """Labels and predictions of real steps, with nothing readable at the others."""
    spoilt = np.where(mask[..., None], y_pred, np.float32(np.nan))
    if how == "rows":
        rows = np.concatenate([spoilt[mask], np.full((1, 3), np.nan, "f")])
        return Ragged.from_padded(y_true, mask), Rows(rows, Layout.from_mask(mask))
    tensor = convert_to_tensor(spoilt)
    tensor._keras_mask = mask
    nothing = np.nan if y_true.dtype.kind == "f" else 99
    return np.where(mask.reshape(mask.shape + (1,) * (y_true.ndim - 2)), y_true, nothing), tensor


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("how", ["rows", "tensor"])
@pytest.mark.parametrize("weighted", [0, 1])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_result_is_that_of_keras_for_the_real_steps(case, weighted, how):
    metric = made(case)
    for _ in range(2):
        metric.reset_state()
        for batch, mask, weights in zip(batches(case.kind), MASKS, WEIGHTS, strict=True):
            if case.metric.endswith("IoU"):
                weights = np.floor(weights)  # Keras's counts are whole
            metric.update_state(*held(*batch, mask, how), weights if weighted else None)
        wanted = ANSWERS[f"metric/{case.name}/{weighted}"]
        np.testing.assert_allclose(metric.result(), wanted, rtol=1e-5, atol=1e-6)
        assert np.asarray(metric.result()).dtype == np.float32


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_keras_gives_what_it_gave():
    pytest.importorskip("jax")
    pytest.importorskip("keras", minversion="3.0")
    from tests.training import keras_side

    for name, value in keras_side.metric_answers().items():
        np.testing.assert_allclose(value, ANSWERS[name], rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_config_is_that_of_keras(case):
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    theirs = keras.metrics.serialize(getattr(keras.metrics, case.metric)(**case.options, name="m"))
    metric = getattr(metrics, case.metric)(**case.options, name="m")
    ours = metrics.serialize(metric)
    for key, value in theirs["config"].items():
        if isinstance(value, dict):  # a tensor, where ours is a list, which Keras takes
            value = value["config"]["value"]
        assert ours["config"][key] == (
            pytest.approx(value) if isinstance(value, (float, list)) else value
        ), key
    assert metrics.serialize(metrics.get(ours)) == ours
    assert isinstance(keras.metrics.get(ours), getattr(keras.metrics, case.metric))


@pytest.mark.slow
def test_names_are_those_of_keras():
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    elsewhere = {"Metric", "metric", "MeanMetricWrapper", "mean_metric_wrapper"}
    known = keras.src.metrics.ALL_OBJECTS_DICT.keys() - elsewhere
    assert known <= metrics.KNOWN.keys()
    assert {x for x in dir(keras.metrics) if x[0] != "_"} <= {*dir(metrics)}


def test_a_metric_of_a_batch_does_not_depend_on_its_padding():
    """MAE of two batches, exactly 2: Keras reads 1.95, 1.67 or 1.40 by how they are padded."""
    for extra in (0, 5, 40):
        metric = metrics.MeanAbsoluteError()
        for steps, padded in ((10, 10), (1, 1 + extra)):
            x = convert_to_tensor(np.zeros((1, padded, 1), np.float32))
            x._keras_mask = np.arange(padded)[None] < steps
            metric.update_state(np.full((1, padded, 1), 2.0), x)
        assert metric.result() == 2


def test_a_sum_of_many_values_keeps_the_small_ones():
    metric = metrics.Mean()
    for _ in range(3):
        metric.update_state(np.full(2_000_000, 0.1, np.float32))
    assert metric.result() == np.float32(0.1)


def test_mean_and_sum_are_of_samples():
    mean, total = metrics.Mean(), metrics.Sum()
    for metric in (mean, total):
        metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
    assert (mean.result(), total.result()) == (2, 4)
    mean.reset_state()
    mean.update_state(np.ones((1, 6)))
    mean.update_state([[3.0]])
    assert mean.result() == 2  # two samples, whatever their sizes
    assert mean(4.0) == np.float32(8 / 3)
    mean.reset_state()
    assert mean.result() == 0


@pytest.mark.parametrize(
    "labels, output, kind",
    [
        ((4, 1), (4, 1), "Binary"),
        ((4, 5), (4, 5, 1), "Binary"),
        ((4,), (4, 3), "SparseCategorical"),
        ((4, 1), (4, 3), "SparseCategorical"),
        ((4, 5), (4, 5, 3), "SparseCategorical"),
        ((4, 5, 3), (4, 5, 3), "Categorical"),
    ],
)
def test_accuracy_means_what_fits_the_output(labels, output, kind):
    y_true, y_pred = np.zeros(labels), np.zeros(output, np.float32)
    for name, family in (("accuracy", "Accuracy"), ("acc", "Accuracy"), ("ce", "Crossentropy")):
        metric = metrics.for_output(name, y_true, y_pred)
        assert type(metric).__name__ == kind + family and metric.name == name
    ragged = Ragged.from_lengths(np.zeros(3, int), [1, 2])
    tags = np.zeros((2, 2, 7), np.float32)
    assert isinstance(metrics.for_output("acc", ragged, tags), metrics.SparseCategoricalAccuracy)


def test_names_functions_and_metrics_of_ones_own():
    metric = metrics.for_output("mse", None, np.zeros((2, 1)))
    assert isinstance(metric, metrics.MeanSquaredError) and metric.name == "mse"
    wrapped = metrics.for_output(losses.mean_absolute_error, None, np.zeros((2, 1)))
    assert wrapped([[1.0], [4.0]], np.float32([[0], [0]])) == 2.5
    assert wrapped.name == "mean_absolute_error"

    class Largest(metrics.Metric):
        def __init__(self, name="largest", **kwargs):
            super().__init__(name=name, **kwargs)
            self.found = self.add_weight(shape=(), initializer="zeros", name="found")
            self.seen = self.add_variable((), name="seen")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.found.assign(np.fmax(self.found, np.max(y_pred)))
            self.seen.assign_add(1)

        def result(self):
            return self.found.value

    largest = Largest()
    assert largest(None, np.float32([1, 7])) == 7 and largest(None, np.float32([2])) == 7
    assert int(largest.seen) == 2
    largest.reset_state()
    assert largest(None, np.float32([2])) == 2


SCORES = np.float32([0, 0, 1, 1, 0.5, 0.25, 1, 0])
LABELS = np.float32([0, 1, 1, 0, 1, 0, 1, 0])


@pytest.mark.parametrize("thresholds", [[0.0, 0.5, 1.0], [0.0, 0.4, 1.0]], ids=["even", "uneven"])
def test_a_score_of_0_is_above_no_threshold_of_0(thresholds):
    parts = {"True": (LABELS == 1), "False": (LABELS == 0)}
    for word, of_label in parts.items():
        above = [((thresholds[i] < SCORES) & of_label).sum() for i in range(3)]
        counted = getattr(metrics, f"{word}Positives")(thresholds)
        np.testing.assert_array_equal(counted(LABELS, SCORES), above)
        other = "False" if word == "True" else "True"
        counted = getattr(metrics, f"{other}Negatives")(thresholds)
        np.testing.assert_array_equal(counted(LABELS, SCORES), of_label.sum() - above)


@pytest.mark.parametrize("count", [2, 3, 200])
def test_the_best_recall_leaves_scores_of_0_out(count):
    metric = metrics.RecallAtPrecision(0.5, num_thresholds=count)
    assert metric(LABELS, SCORES) == np.float32(3 / 4)
    metric = metrics.PrecisionAtRecall(1.0, num_thresholds=count)
    assert metric(LABELS, SCORES) == 0  # no threshold has all of label 1 above it
    assert metrics.SensitivityAtSpecificity(0.0, num_thresholds=count)(LABELS, SCORES) == 3 / 4


def test_the_curve_has_a_threshold_below_0():
    for options in ({}, {"thresholds": [0.25, 0.5, 0.75]}, {"thresholds": [0.2, 0.3]}):
        area = metrics.AUC(**options)
        area.update_state(LABELS, SCORES)
        np.testing.assert_allclose(area.true_positives[0], 4)
    # Of each pair of a label 1 and a label 0: 1 if its score is the larger, half if they are equal.
    pairs = np.sign(SCORES[LABELS == 1][:, None] - SCORES[LABELS == 0]) / 2 + 0.5
    assert metrics.AUC()(LABELS, SCORES) == pytest.approx(pairs.mean())


@pytest.mark.parametrize("thresholds", [[0.0, 0.5, 1.0], [0.0, 0.4, 1.0]], ids=["even", "uneven"])
def test_any_label_but_0_is_a_yes(thresholds):
    soft = np.float32([0.3, 0.7, 0, 1, 2, 0, 1, 1])
    for name in ("TruePositives", "FalseNegatives", "Precision", "Recall"):
        made = getattr(metrics, name)
        np.testing.assert_array_equal(
            made(thresholds)(soft, SCORES), made(thresholds)(np.float32(soft != 0), SCORES)
        )


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match="sequence 0 has 1 values, expected 2"):
        x = Rows(np.zeros((4, 1), "f"), Layout.from_offsets(np.array([0, 2, 3])))
        metrics.MeanSquaredError().update_state(Ragged.from_list([[1.0], [1.0, 2.0]]), x)
    with pytest.raises(ValueError, match="real steps, classes"):
        metrics.F1Score().update_state(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="thresholds"):
        metrics.Precision(thresholds=1.5)
    with pytest.raises(ValueError, match="expected labels of the shape"):
        metrics.AUC().update_state(np.zeros((4, 2)), np.zeros((4, 3)))
