"""Which way a watched number is better, and what becomes of numbers that come late or never."""

import csv
import os

import numpy as np
import pytest

import maskseq
from maskseq import callbacks, layers, metrics
from tests.support.beside_keras import keras_on


def data(count=12):
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, 3)).astype(np.float32), rng.integers(0, 2, (count, 1))


def compiled(metric=None, optimizer="sgd"):
    maskseq.set_random_seed(7)
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer, "mse", metrics=[] if metric is None else [metric])
    return model


class Scripted(callbacks.Callback):
    """Puts numbers into the logs, before the callbacks after it see them; None: not there."""

    def __init__(self, **columns):
        super().__init__()
        self.columns = columns

    def on_epoch_end(self, epoch, logs=None):
        given = {name: values[epoch] for name, values in self.columns.items()}
        logs.update({name: value for name, value in given.items() if value is not None})


class Falling(metrics.Mean):
    """A metric of a user's own that says which way is better."""

    _direction = "up"

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state([1.0])


@pytest.mark.parametrize(
    "metric, name, direction",
    [
        (metrics.BinaryAccuracy(name="hits"), "val_hits", 1),
        (metrics.MeanSquaredError(name="accident"), "accident", -1),
        (metrics.CosineSimilarity(), "val_cosine_similarity", 1),
        (metrics.SensitivityAtSpecificity(0.5), "sensitivity_at_specificity", 1),
        (metrics.PearsonCorrelation(), "pearson_correlation", 1),
        (metrics.RootMeanSquaredError(name="r2"), "r2", -1),
        (Falling(name="fall"), "fall", 1),
        ("mae", "val_mae", -1),
        ("accuracy", "val_accuracy", 1),
        (None, "val_loss", -1),
        (None, "val_previous_loss", -1),  # it has "iou" in it
        (None, "account_loss", -1),
        (None, "my_accuracy", 1),
        (None, "error", -1),
    ],
)
def test_the_metric_says_which_way_is_better(metric, name, direction):
    stopping, model = callbacks.EarlyStopping(name), compiled(metric)
    model.train_on_batch(*data())
    stopping.set_model(model)
    assert stopping.direction() == direction


@pytest.mark.slow
def test_metrics_have_the_directions_of_keras():
    keras = keras_on("jax", "torch")
    arguments = dict.fromkeys(["IoU", "OneHotIoU"], (2, [0]))
    arguments |= dict.fromkeys(["MeanIoU", "OneHotMeanIoU"], (2,))
    compared = []
    for name in metrics.__all__:
        theirs, ours = (getattr(package.metrics, name, None) for package in (keras, maskseq))
        if isinstance(theirs, type) and name not in ("Metric", "MeanMetricWrapper"):
            half = (0.5,) if "At" in name else ()
            made = theirs(*arguments.get(name, half))
            assert ours._direction == getattr(made, "_direction", None), name
            compared.append(name)
    assert len(compared) > 40


def test_an_infinite_first_number_is_the_best_so_far():
    reduce = callbacks.ReduceLROnPlateau("watched", 0.5, patience=1)
    used = [Scripted(watched=[float("inf"), 3.0, 3.0]), reduce]
    history = compiled().fit(*data(), epochs=3, callbacks=used, verbose=0)
    assert history.history["learning_rate"] == pytest.approx([0.01] * 3)
    assert reduce.best == 3.0


def test_the_least_rate_is_reached_once(capsys):
    """0.001 in float32 is more than 0.001."""
    reduce = callbacks.ReduceLROnPlateau(
        "watched", 0.1, patience=1, verbose=1, min_lr=0.001, cooldown=1
    )
    used = [Scripted(watched=[1.0] * 6), reduce]
    compiled().fit(*data(), epochs=6, callbacks=used, verbose=0)
    assert capsys.readouterr().out.count("reduced") == 1
    assert reduce.cooldown_counter == 0 and reduce.wait == 4


def test_what_callbacks_add_to_the_logs_of_an_epoch_is_of_that_epoch():
    ends = []
    end = callbacks.LambdaCallback(on_train_end=ends.append)
    compiled().fit(*data(), callbacks=[Scripted(watched=[1.0]), end], verbose=0)
    assert [sorted(logs) for logs in ends] == [["loss"]]


def test_a_column_that_comes_later(tmp_path):
    """Every second epoch is validated; another run adds its lines and a column."""
    path = tmp_path / "log.csv"
    log = callbacks.CSVLogger(path)
    options = {"epochs": 2, "validation_data": data(), "validation_freq": 2, "verbose": 0}
    history = compiled().fit(*data(), callbacks=log, **options)
    used = [Scripted(other=[5]), callbacks.CSVLogger(path, append=True)]
    compiled().fit(*data(), callbacks=used, verbose=0)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["epoch", "loss", "val_loss", "other"]
    assert [len(row) for row in rows[1:]] == [3, 3, 4]
    assert [row[2] for row in rows[1:]] == ["NA", str(history.history["val_loss"][0]), "NA"]
    assert rows[3][3] == "5"


def test_lines_below_names_in_another_order(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch;mae;loss\n0;2;1")
    log = callbacks.CSVLogger(path, separator=";", append=True)
    history = compiled("mae").fit(*data(), callbacks=log, verbose=0)
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    numbers = [str(history.history[name][0]) for name in ("mae", "loss")]
    assert rows == [["epoch", "mae", "loss"], ["0", "2", "1"], ["0", *numbers]]


def test_a_checkpoint_without_its_number_is_written(tmp_path):
    """Rather a model too many than none."""
    keep = callbacks.ModelCheckpoint(tmp_path / "{epoch}.h5", "val_acuracy", save_best_only=True)
    with pytest.warns(UserWarning, match="'val_acuracy' is not in the logs"):
        compiled().fit(*data(), epochs=2, callbacks=keep, verbose=0)
    assert sorted(os.listdir(tmp_path)) == ["1.h5", "2.h5"]
    assert maskseq.load_model(tmp_path / "2.h5").count_params() == 4


class Batches:
    """Six batches by their number, as a PyDataset gives them."""

    def __init__(self):
        self.x, self.y = data()

    def __len__(self):
        return 6

    def __getitem__(self, number):
        return self.x[2 * number : 2 * number + 2], self.y[2 * number : 2 * number + 2]


class Interrupting(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("steps", [2, 4, 6, 7])
@pytest.mark.parametrize(
    "source", [lambda: data(), lambda: (Batches(),)], ids=["arrays", "batches"]
)
def test_an_interrupted_training_of_steps_goes_on_with_the_same_bits(tmp_path, steps, source):
    """It reads on where it was, in the order of that epoch of the data."""
    options = {"epochs": 5, "batch_size": 2, "steps_per_epoch": steps, "verbose": 0}
    whole = compiled(optimizer="adam")
    whole.fit(*source(), **options)
    used = [callbacks.BackupAndRestore(tmp_path / "kept"), Interrupting()]
    with pytest.raises(KeyboardInterrupt):
        compiled(optimizer="adam").fit(*source(), callbacks=used, **options)
    again = compiled(optimizer="adam")
    again.fit(*source(), callbacks=callbacks.BackupAndRestore(tmp_path / "kept"), **options)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_first_epoch_given_by_hand_begins_the_data():
    """As in Keras: only a training that is taken up again reads on."""
    x, y = data()
    options = {"batch_size": 4, "steps_per_epoch": 1, "shuffle": False, "verbose": 0}
    model, first = compiled(), compiled()
    model.fit(x, y, initial_epoch=2, epochs=3, **options)
    first.train_on_batch(x[:4], y[:4])
    for a, b in zip(model.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
