"""Regularizers and constraints give what Keras's give, and have its names and configs."""

import numpy as np
import pytest

from maskseq import constraints, regularizers

pytest.importorskip("jax")
keras = pytest.importorskip("keras", minversion="3.0")
pytestmark = pytest.mark.slow

W = np.random.default_rng(3).standard_normal((6, 4)).astype(np.float32)
WEIGHTS = {
    "plain": W,
    "zeros": np.where(np.arange(6)[:, None] == 2, np.float32(0), W),
    "big": 9 * W,
}
REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.1, "l2": 0.3}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 2.0, "mode": "columns"}),
]
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.7, "axis": 1}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.5, "max_value": 2.5, "rate": 0.25, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    "module, name, options",
    [("regularizers", *row) for row in REGULARIZERS]
    + [("constraints", *row) for row in CONSTRAINTS],
)
def test_value_and_config_are_those_of_keras(module, name, options, weights):
    ours = {"regularizers": regularizers, "constraints": constraints}[module]
    theirs = getattr(keras, module)
    mine, yours = getattr(ours, name)(**options), getattr(theirs, name)(**options)
    w = WEIGHTS[weights]
    expected = np.asarray(yours(keras.ops.convert_to_tensor(w)))
    value = mine(w)
    np.testing.assert_allclose(value, expected, rtol=2e-6, atol=1e-6)
    assert value.dtype == expected.dtype and np.shape(value) == expected.shape
    config = theirs.serialize(yours)
    for key, number in config["config"].items():
        config["config"][key] = pytest.approx(number) if isinstance(number, float) else number
    assert ours.serialize(mine) == config
    assert ours.serialize(ours.get(theirs.serialize(yours))) == config
    assert isinstance(theirs.get(ours.serialize(mine)), type(yours))


@pytest.mark.parametrize("module", ["regularizers", "constraints"])
def test_names_are_those_of_keras(module):
    ours = {"regularizers": regularizers, "constraints": constraints}[module]
    known = getattr(keras.src, module).ALL_OBJECTS_DICT
    assert known.keys() <= ours.KNOWN.keys()
    for name, cls in known.items():
        assert ours.KNOWN[name].__name__ == cls.__name__
    public = {name for name in dir(getattr(keras, module)) if not name.startswith("_")}
    assert public - {"deserialize"} <= set(dir(ours))
