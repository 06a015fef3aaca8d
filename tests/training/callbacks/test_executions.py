"""steps_per_execution: callbacks are called between groups of batches, and nothing else changes."""

import numpy as np
import pytest

import maskseq
from maskseq import callbacks, layers
from tests.training.test_callbacks import data


def model_of(package=maskseq):
    return package.Sequential([package.Input((4, 3)), package.layers.Dense(1)])


def events(package):
    class Events(package.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

    def method(name):
        def call(self, batch, logs=None):
            told = sorted(logs or {})
            self.seen.append((name, batch, told if "end" in name and "predict" not in name else 0))

        return call

    for verb in ("train", "test", "predict"):
        for end in ("begin", "end"):
            setattr(Events, f"on_{verb}_batch_{end}", method(f"{verb} {end}"))
    return Events()


def run(package, steps, count):
    x = np.random.default_rng(0).standard_normal((count, 4, 3)).astype("f")
    model, seen = model_of(package), events(package)
    model.compile("sgd", "mse", steps_per_execution=steps)
    model.fit(x, x[..., :1], batch_size=2, epochs=2, callbacks=[seen], verbose=0)
    model.evaluate(x, x[..., :1], batch_size=2, callbacks=[seen], verbose=0)
    y = model.predict(x, batch_size=2, callbacks=[seen], verbose=0)
    assert y.shape == (count, 4, 1)
    return seen.seen


def test_numbers_of_the_batches():
    seen = run(maskseq, 3, 10)
    groups = [(kind, number) for kind, number, _ in seen]
    once = [("begin", 0), ("end", 2), ("begin", 3), ("end", 4)]
    verbs = ["train", "train", "test", "predict"]
    assert groups == [(f"{verb} {end}", number) for verb in verbs for end, number in once]


@pytest.mark.parametrize("steps", [2, 5, 10**30])
def test_weights_and_history_have_the_same_bits(steps):
    x, y = data(40)
    found = []
    for size in (1, steps):
        maskseq.set_random_seed(7)
        model = maskseq.Sequential([maskseq.Input((None, 3)), layers.GRU(4), layers.Dense(1)])
        model.compile("adam", "mse", steps_per_execution=size)
        history = model.fit(x, y, batch_size=7, epochs=2, validation_split=0.2, verbose=0)
        found.append((history.history, model.get_weights(), model.predict(x, verbose=0)))
    assert found[0][0] == found[1][0]
    for one, other in zip([*found[0][1], found[0][2]], [*found[1][1], found[1][2]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_checkpoints_count_all_batches(tmp_path):
    """12 batches in groups of 4, saved every 6: after the groups that end with the 8th and, 4 later
    than that being too few, none more."""
    x, y = data(24)
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.GRU(2), layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=4)
    saved = callbacks.ModelCheckpoint(str(tmp_path / "{batch:02d}.keras"), save_freq=6)
    model.fit(x, y, batch_size=2, callbacks=[saved], verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["08.keras"]


def test_it_is_kept_in_a_file_and_checked(tmp_path):
    model = model_of()
    model.compile("sgd", "mse", steps_per_execution=3)
    assert model.get_compile_config()["steps_per_execution"] == 3
    model.save(tmp_path / "model.keras")
    again = maskseq.load_model(tmp_path / "model.keras")
    assert again.compiled and again.steps_per_execution == 3
    for wrong in (0, "auto", 1.5):
        with pytest.raises(ValueError, match="steps_per_execution must be an int of 1 or more"):
            model.compile("sgd", "mse", steps_per_execution=wrong)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_calls_are_those_of_keras():
    """Of whole groups: Keras numbers the end of a last, smaller one beyond the last batch."""
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    assert run(maskseq, 3, 12) == run(keras, 3, 12)
