"""The examples are packages that work: built here against the installed maskseq, and run."""

import shutil
import sys

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, layers
from tests.support.building import CC, ROOT, load, run

pytestmark = pytest.mark.slow

FEATURES, UNITS = 6, 5
PADDING = -1.0


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Copies an example to a folder of its own and runs commands there."""

    def build(name, *commands):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(ROOT / "examples" / name, folder, dirs_exist_ok=True)
        for command in commands:
            run(command, folder)
        return folder

    return build


def module_in(folder, name):
    return load(
        next(path for path in folder.rglob(f"{name}.*.*") if path.suffix in (".so", ".pyd"))
    )


@pytest.fixture
def case(rng):
    """values, offsets, weights, and the states to expect; one step of the sequences is padding."""
    values = rng.normal(size=(9, FEATURES)).astype(np.float32)
    values[4] = PADDING
    offsets = np.array([0, 3, 3, 9])
    shapes = (FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    real = np.array([0, 1, 2, 3, 5, 6, 7, 8])
    packed = _kernels.PackedRNN("lstm", *weights)
    _, (h, _) = _kernels.rnn(values, packed, [0, 3, 3, 8], index=real)
    return values, offsets, weights, h


def test_embed_c_computes_what_maskseq_does(build, case):
    folder = build("embed_c", [sys.executable, "setup.py", "-q", "build_ext", "--inplace"])
    values, offsets, weights, want = case
    last_states = module_in(folder, "embed_c").last_states
    assert last_states(values, offsets, *weights, FEATURES, UNITS) == want.tobytes()
    with pytest.raises(ValueError, match="offsets must rise"):
        last_states(values, offsets[::-1].copy(), *weights, FEATURES, UNITS)
    with pytest.raises(ValueError, match="fit features and units"):
        last_states(values, offsets, *weights, FEATURES, UNITS + 1)


def test_train_lstm_trains_as_fit_does(build, case, rng):
    folder = build("embed_c", [sys.executable, "setup.py", "-q", "build_ext", "--inplace"])
    train = module_in(folder, "train_lstm").train
    values, offsets, weights, _ = case
    offsets = np.array([0, 3, 5, 9])
    weights += [rng.normal(size=(UNITS, 1)).astype(np.float32), np.zeros(1, np.float32)]
    targets = np.array([[1], [-1], [0.5]], np.float32)
    model = maskseq.Sequential([layers.LSTM(UNITS), layers.Dense(1)])
    batch = maskseq.Ragged(values, offsets)
    model.predict(batch)
    model.set_weights(weights)
    model.compile(optimizer=maskseq.optimizers.SGD(0.1), loss="mean_squared_error")
    want = [model.train_on_batch(batch, targets) for _ in range(20)]
    flat = np.concatenate([w.ravel() for w in weights])
    got = train(values, offsets, targets, flat, FEATURES, UNITS, 20, 0.1)
    np.testing.assert_allclose(got, want, rtol=1e-4)
    assert got[-1] < got[0] / 4
    after = np.concatenate([w.ravel() for w in model.get_weights()])
    np.testing.assert_allclose(flat, after, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="offsets must rise"):
        train(values, offsets[::-1].copy(), targets, flat, FEATURES, UNITS, 1, 0.1)
    with pytest.raises(ValueError, match="fit features and units"):
        train(values, offsets, targets, flat, FEATURES, UNITS + 1, 1, 0.1)


@pytest.mark.parametrize(
    "commands",
    [
        [[sys.executable, "setup.py", "-q", "build_ext", "--inplace"]],
        [["meson", "setup", "build"], ["meson", "compile", "-C", "build"]],
    ],
    ids=["setuptools", "meson"],
)
def test_embed_cython_computes_what_maskseq_does(build, case, commands):
    folder = build("embed_cython", *commands)
    values, offsets, weights, want = case
    lstm = module_in(folder, "embed_cython").LSTM(*weights)
    states = np.full_like(want, np.nan)
    lstm.last_states(values, offsets, states)
    assert states.tobytes() == want.tobytes()
    with pytest.raises(ValueError, match="offsets must rise"):
        lstm.last_states(values, np.array([0, 5, 3, 9]), states)


def some_numbers(shape, seed):
    """As fill() in plain_c.c."""
    i = np.arange(np.prod(shape))
    return (((i * 37 + seed * 11) % 101 - 50) / 64).astype(np.float32).reshape(shape)


@pytest.mark.parametrize("flags", ["-fopenmp", "-Wno-unknown-pragmas"], ids=["openmp", "serial"])
def test_csrc_is_a_plain_c_library_and_gives_the_same_bits(build, flags):
    strict = f"-std=c11 -O0 -ffp-contract=off -Wall -Wextra -Werror {flags}"
    make = ["make", "-s", f"MASKSEQ={ROOT}", f"CFLAGS={strict}", f"CC={' '.join(CC)}"]
    folder = build("plain_c", make)
    printed = run([folder / "plain_c"], folder).splitlines()
    kernels = [
        some_numbers(shape, seed) for seed, shape in ((2, (3, 16)), (3, (4, 16)), (4, (16,)))
    ]
    packed = _kernels.PackedRNN("lstm", *kernels)
    _, (want, _) = _kernels.rnn(some_numbers((8, 3), 1), packed, [0, 2, 3, 8])
    assert printed[0].startswith("8 real steps of 15")
    got = np.array([line.split() for line in printed[1:]], np.float64).astype(np.float32)
    assert got.tobytes() == want.tobytes()
