"""Callbacks see what Keras's see, in the same order, and do what Keras's do."""

import csv
import io
import json
import math
import os

import numpy as np
import pytest

import maskseq
from maskseq import callbacks, layers


def data(count=40, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.standard_normal((int(n), 3)).astype(np.float32) for n in rng.integers(1, 9, count)]
    return x, np.array([[s.mean() * 2 - 1] for s in x], np.float32)


def compiled(optimizer="sgd"):
    maskseq.set_random_seed(7)
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.GRU(4), layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


class Recorder(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *arguments: self.seen.append((name, arguments))
        return super().__getattribute__(name)


def test_order_of_the_calls():
    recorder = Recorder()
    x, y = data(6)
    compiled().fit(x, y, batch_size=3, epochs=1, validation_data=(x, y), callbacks=[recorder])
    steps = ["on_train_batch_begin", "on_train_batch_end"] * 2
    tests = ["on_test_batch_begin", "on_test_batch_end"] * 2
    assert [name for name, _ in recorder.seen] == [
        "on_train_begin",
        "on_epoch_begin",
        *steps,
        "on_test_begin",
        *tests,
        "on_test_end",
        "on_epoch_end",
        "on_train_end",
    ]
    assert recorder.params["epochs"] == 1 and recorder.params["steps"] == 2
    logs = dict(recorder.seen)["on_epoch_end"][1]
    assert set(logs) == {"loss", "val_loss"} and all(type(v) is float for v in logs.values())


def test_a_list_of_ones_own_is_told_of_batches():
    seen = []

    class Told(callbacks.CallbackList):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            seen.append(("end", batch, sorted(logs)))

    x, y = data(6)
    compiled().fit(x, y, batch_size=3, epochs=1, callbacks=Told([]))
    assert seen == [("begin", 0), ("end", 0, ["loss"]), ("begin", 1), ("end", 1, ["loss"])]


def test_history_has_every_epoch():
    model = compiled()
    history = model.fit(*data(), epochs=3, validation_split=0.25, verbose=0)
    assert history.epoch == [0, 1, 2] and model.history is history
    assert {name: len(v) for name, v in history.history.items()} == {"loss": 3, "val_loss": 3}


class Scripted(callbacks.Callback):
    """Puts numbers into the logs, before the callbacks after it see them."""

    def __init__(self, **columns):
        super().__init__()
        self.columns = columns

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.columns.items()})


@pytest.mark.parametrize(
    "values, options, stopped",
    [
        ([5, 4, 3, 3, 3, 3], {"patience": 2}, 4),
        ([5, 4, 3, 3, 3, 3], {"patience": 0}, 3),
        ([5, 4, 3, 3, 3, 2.5], {"patience": 3}, None),
        ([5, 4.9, 4.8, 4.7, 1, 0], {"patience": 1, "min_delta": 0.5}, 1),
        ([1, 2, 3, 3, 1, 1], {"patience": 2, "mode": "max"}, 4),
        ([5, 6, 7, 8, 9, 9], {"patience": 1, "start_from_epoch": 3}, 4),
        ([5, 4, 4, 4, 4, 4], {"patience": 2, "baseline": 1.5}, 2),
    ],
)
def test_early_stopping(values, options, stopped):
    model, stopping = compiled(), callbacks.EarlyStopping("watched", **options)
    used = [Scripted(watched=values), stopping]
    history = model.fit(*data(4), epochs=len(values), callbacks=used, verbose=0)
    assert len(history.epoch) == (len(values) if stopped is None else stopped + 1)
    assert stopping.stopped_epoch == (stopped or 0)


def test_early_stopping_restores_the_best_weights():
    model, kept = compiled(), []
    keeper = callbacks.LambdaCallback(on_epoch_end=lambda *_: kept.append(model.get_weights()))
    stopping = callbacks.EarlyStopping("watched", patience=2, restore_best_weights=True)
    used = [Scripted(watched=[3, 1, 2, 2, 2]), keeper, stopping]
    model.fit(*data(4), epochs=5, callbacks=used, verbose=0)
    assert stopping.best_epoch == 1
    for ours, best in zip(model.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(ours, best)


def test_monitor_that_is_not_there_is_named():
    stopping = callbacks.EarlyStopping("val_acuracy")
    with pytest.warns(UserWarning, match=r"monitor='val_acuracy' is not in the logs, .*'loss'"):
        compiled().fit(*data(4), callbacks=[stopping], verbose=0)
    with pytest.raises(ValueError, match="mode must be"):
        callbacks.EarlyStopping(mode="best")


@pytest.mark.parametrize("name, direction", [("val_loss", -1), ("accuracy", 1), ("val_auc", 1)])
def test_direction_of_a_name(name, direction):
    assert callbacks.EarlyStopping(name).direction() == direction


def test_learning_rate_falls_on_a_plateau():
    model = compiled()
    reduce = callbacks.ReduceLROnPlateau("watched", 0.5, patience=2, cooldown=1, min_lr=0.002)
    used = [Scripted(watched=[1.0] * 9), reduce]
    history = model.fit(*data(4), epochs=9, callbacks=used, verbose=0)
    rates = [0.01, 0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025, 0.002, 0.002]
    np.testing.assert_allclose(history.history["learning_rate"], rates, rtol=1e-6)


def test_no_epoch_counts_while_the_rate_cools_down():
    """Of two epochs, the last of which ends the cooldown."""
    reduce = callbacks.ReduceLROnPlateau("watched", 0.5, patience=1, cooldown=2)
    used = [Scripted(watched=[1.0] * 5), reduce]
    history = compiled().fit(*data(4), epochs=5, callbacks=used, verbose=0)
    rates = [0.01, 0.01, 0.005, 0.005, 0.0025]
    np.testing.assert_allclose(history.history["learning_rate"], rates, rtol=1e-6)


def test_learning_rate_of_a_schedule():
    scheduler = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    history = compiled().fit(*data(4), epochs=3, callbacks=scheduler, verbose=0)
    np.testing.assert_allclose(history.history["learning_rate"], [0.005, 0.0025, 0.00125])
    with pytest.raises(ValueError, match="must return a number, got None"):
        bad = callbacks.LearningRateScheduler(lambda epoch: None)
        compiled().fit(*data(4), callbacks=bad, verbose=0)


def test_terminate_on_nan(capsys):
    x, y = data(40)
    y[9] = np.nan
    model = compiled()
    with pytest.warns(UserWarning, match="the loss is nan in epoch 1"):
        stop = callbacks.TerminateOnNaN()
        history = model.fit(x, y, epochs=5, batch_size=8, shuffle=False, callbacks=stop, verbose=0)
    assert history.epoch == [0] and "the loss is nan" in capsys.readouterr().out


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    history = compiled().fit(*data(), epochs=2, callbacks=callbacks.CSVLogger(path), verbose=0)
    more = callbacks.CSVLogger(path, append=True)
    compiled().fit(*data(), epochs=1, callbacks=more, verbose=0)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert [float(row["loss"]) for row in rows[:2]] == history.history["loss"]


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_csv_log_is_replaced_whole(tmp_path):
    """What was there stays until an epoch has ended; a link is followed, the mode is kept."""
    real, link = tmp_path / "real.csv", tmp_path / "log.csv"
    real.write_text("mine")
    real.chmod(0o640)
    link.symlink_to("real.csv")
    used = [callbacks.CSVLogger(link), Interrupting(0)]
    with pytest.raises(KeyboardInterrupt):
        compiled().fit(*data(4), callbacks=used, verbose=0)
    assert real.read_text() == "mine"
    used = [callbacks.CSVLogger(link), Interrupting(2)]
    with pytest.raises(KeyboardInterrupt):
        compiled().fit(*data(4), epochs=3, callbacks=used, verbose=0)
    assert [line.split(",")[0] for line in real.read_text().split()] == ["epoch", "0", "1"]
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileNotFoundError, match="the folder does not exist"):
        gone = callbacks.CSVLogger(tmp_path / "gone" / "log.csv")
        compiled().fit(*data(4), callbacks=gone, verbose=0)


@pytest.mark.parametrize("weights_only, ending", [(False, ".keras"), (True, ".weights.h5")])
def test_checkpoint_keeps_the_best(tmp_path, weights_only, ending):
    model = compiled()
    checkpoint = callbacks.ModelCheckpoint(
        str(tmp_path / ("{epoch:02d}-{watched}" + ending)),
        "watched",
        save_best_only=True,
        save_weights_only=weights_only,
    )
    used = [Scripted(watched=[3, 1, 2, 0]), checkpoint]
    model.fit(*data(4), epochs=4, callbacks=used, verbose=0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"01-3{ending}", f"02-1{ending}", f"04-0{ending}"]
    other = compiled()
    if weights_only:
        other.load_weights(tmp_path / names[-1])
    else:
        other = maskseq.load_model(tmp_path / names[-1])
    for ours, kept in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_checkpoint_refuses_other_endings_and_names(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .keras or .h5, got"):
        callbacks.ModelCheckpoint(tmp_path / "model.pt")
    unknown = callbacks.ModelCheckpoint(tmp_path / "{acc}.keras")
    with pytest.raises(KeyError, match="which is not in the logs"):
        compiled().fit(*data(4), callbacks=unknown, verbose=0)


class Interrupting(callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_interrupted_training_goes_on_with_the_same_bits(tmp_path):
    x, y = data()
    whole = compiled("adam")
    whole.fit(x, y, epochs=4, batch_size=8, verbose=0)
    model = compiled("adam")
    used = [callbacks.BackupAndRestore(tmp_path / "backup"), Interrupting(2)]
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=4, batch_size=8, callbacks=used, verbose=0)
    assert len(model.history.epoch) == 2
    again = compiled("adam")
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    history = again.fit(x, y, epochs=4, batch_size=8, callbacks=[backup], verbose=0)
    assert history.epoch == [2, 3]
    for ours, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert not (tmp_path / "backup").exists()


class StopsInTheMiddle(callbacks.Callback):
    """Of the second epoch, after its second batch was kept."""

    epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if self.epoch == 1 and batch == 2:
            raise KeyboardInterrupt


def test_a_backup_of_batches_begins_its_epoch_again(tmp_path):
    model = compiled("adam")
    used = [callbacks.BackupAndRestore(tmp_path, save_freq=1), StopsInTheMiddle()]
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data(8), epochs=3, batch_size=2, callbacks=used, verbose=0)
    again = compiled("adam")
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=1)
    history = again.fit(*data(8), epochs=3, batch_size=2, callbacks=backup, verbose=0)
    assert history.epoch == [1, 2]
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations) + 2 * 4


def backed_up(folder, optimizer="adam"):
    """A model and the backup of its training, which was interrupted."""
    model, path = compiled(optimizer), folder / "training.npz"
    used = [callbacks.BackupAndRestore(folder), Interrupting(1)]
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data(4), epochs=2, callbacks=used, verbose=0)
    return model, path


def zipped(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


DAMAGE = {
    "no archive": lambda raw, arrays: b"text",
    "cut short": lambda raw, arrays: raw[:-100],
    "another byte": lambda raw, arrays: raw[:300] + bytes([raw[300] ^ 1]) + raw[301:],
    "no epoch": lambda raw, arrays: zipped({k: v for k, v in arrays.items() if k != "epoch"}),
    "no number": lambda raw, arrays: zipped({**arrays, "seed": np.array("a")}),
    "a weight less": lambda raw, arrays: zipped(
        {k: v for k, v in arrays.items() if k != "weight/4"}
    ),
    "another shape": lambda raw, arrays: zipped({**arrays, "weight/4": np.zeros(2)}),
    "texts": lambda raw, arrays: zipped({**arrays, "weight/4": np.array(["a"])}),
    "another state": lambda raw, arrays: zipped({**arrays, "optimizer/3": np.zeros(2)}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_named_and_changes_nothing(tmp_path, damage):
    _, path = backed_up(tmp_path)
    raw = path.read_bytes()
    with np.load(path) as file:
        path.write_bytes(DAMAGE[damage](raw, dict(file)))
    model = compiled("adam")
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"training\.npz: "):
        backup = callbacks.BackupAndRestore(tmp_path)
        model.fit(*data(4), epochs=2, callbacks=backup, verbose=0)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert int(model.optimizer.iterations) == 0


def test_a_backup_of_another_optimizer_is_refused(tmp_path):
    backed_up(tmp_path, "sgd")
    with pytest.raises(ValueError, match=r"training\.npz: expected 12 arrays optimizer/0"):
        compiled("adam").fit(*data(4), callbacks=callbacks.BackupAndRestore(tmp_path), verbose=0)


def test_names_reach_the_terminal_escaped(capsys):
    model = compiled()
    model.compile("sgd", "mse", metrics=[maskseq.metrics.MeanSquaredError(name="a\x1b[31m")])
    model.fit(*data(4), verbose=2)
    told = capsys.readouterr().out
    assert "\x1b" not in told and r"a\x1b[31m: " in told


def test_backup_leaves_other_files_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    compiled().fit(*data(4), callbacks=callbacks.BackupAndRestore(tmp_path), verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_lambda_callback_knows_its_events():
    with pytest.raises(TypeError, match="'on_epoch_finish' is none of"):
        callbacks.LambdaCallback(on_epoch_finish=print)
    with pytest.raises(TypeError, match="callbacks must be callbacks, got 3"):
        compiled().fit(*data(4), callbacks=[3], verbose=0)


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_bar_on_a_terminal_and_lines_in_a_pipe(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(callbacks.ProgbarLogger, "_stream", screen := Screen())
    bar = callbacks.ProgbarLogger(1, clock=lambda: next(clock))
    compiled().fit(*data(), batch_size=10, epochs=2, callbacks=[bar])
    assert "Epoch 2/2" in screen.getvalue() and "\r2/4 [##########" in screen.getvalue()
    assert screen.getvalue().count("\n") == 4
    monkeypatch.setattr(callbacks.ProgbarLogger, "_stream", pipe := io.StringIO())
    compiled().fit(*data(), batch_size=10, epochs=2, verbose=1)
    assert "\r" not in pipe.getvalue() and pipe.getvalue().count("\n") == 4
    assert "loss: " in pipe.getvalue().splitlines()[1]


def test_silence(capsys):
    compiled().fit(*data(), verbose=0)
    compiled().evaluate(*data(), verbose=0)
    assert capsys.readouterr() == ("", "")


def test_logs_are_json(tmp_path):
    logs = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, given: logs.append(given))
    compiled().fit(*data(), epochs=1, callbacks=keep, verbose=0)
    assert math.isfinite(json.loads(json.dumps(logs))[0]["loss"])
