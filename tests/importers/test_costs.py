"""What a model file may ask for: all of it together, not each piece by itself."""

import numpy as np
import pytest

from maskseq import Input
from maskseq.graph.trial import meter
from maskseq.importers import FormatError
from maskseq.importers.budget import Budget
from maskseq.importers.keras import costs
from maskseq.importers.keras.models import ModelMaker
from maskseq.importers.keras.operations import RecordedOperation
from maskseq.importers.keras.tensorflow import TensorFlowOperation
from maskseq.variable import weight_source


def test_cells_of_trial_calls_are_added_up():
    with costs.limited("x", 0, costs.model_budget("x")):
        told = meter.get()
        told(costs._LARGEST)
        with pytest.raises(FormatError, match="too large to be tried"):
            told(costs._LARGEST + 1)
        with pytest.raises(FormatError, match="calls on too large arrays"):
            for _ in range(costs._CELLS // costs._LARGEST + 1):
                told(costs._LARGEST)


def test_weights_are_added_up():
    with costs.limited("x", 100, costs.model_budget("x")):  # 200 bytes of float32
        make = weight_source.get()
        assert make((5, 5), np.dtype("f4")).shape == (5, 5)
        assert make((5, 5), np.dtype("f4")).sum() == 0
        with pytest.raises(FormatError, match="more weights than it holds"):
            make((1,), np.dtype("f4"))


def test_a_budget_ends_at_its_last_step():
    budget = Budget("x", 10, "too many pieces")
    budget.spend(4)
    budget.spend(6)
    with pytest.raises(FormatError, match="too many pieces: more than the 10 that its size allows"):
        budget.spend(1)


# --- the first shape of a Sequential, and TensorFlow's words for operations


@pytest.mark.parametrize("where", ["batch_input_shape", "build_config", "layer's build_config"])
def test_a_sequential_takes_its_shape_from_where_it_is_written(where):
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
    entry = {"class_name": "Sequential", "config": {"name": "s", "layers": [dense]}}
    if where == "batch_input_shape":
        dense["config"]["batch_input_shape"] = [None, 3]
    else:
        (entry if where == "build_config" else dense)["build_config"] = {"input_shape": [None, 3]}
    model = ModelMaker("x", keras_version=(2, 13)).layer(entry)
    assert model.input_shape == (None, 3) and model.get_weights()[0].shape == (3, 2)


def tensorflow(function, *args, **kwargs):
    entry = {"name": "op", "config": {"function": function}}
    return TensorFlowOperation(ModelMaker("x"), entry)(*args, **kwargs)


def test_a_split_by_sizes_has_parts_of_these_sizes():
    x = np.arange(12, dtype=np.float32).reshape(2, 6)
    parts = tensorflow("split", x, num_or_size_splits=[1, 3, 2], axis=1)
    for part, expected in zip(parts, (x[:, :1], x[:, 1:4], x[:, 4:]), strict=True):
        np.testing.assert_array_equal(part, expected)
    halves = tensorflow("split", x, num_or_size_splits=2)
    np.testing.assert_array_equal(halves, [x[:1], x[1:]])


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
def test_a_product_turns_the_operands_that_it_is_told_to(rng, a, b):
    x, y = (rng.normal(size=shape).astype(np.float32) for shape in [(2, 3, 4), (2, 4, 5)])
    given = x.swapaxes(1, 2) if a else x
    other = y.swapaxes(1, 2) if b else y
    found = tensorflow("linalg.matmul", given, b=other, transpose_a=a, transpose_b=b)
    np.testing.assert_allclose(found, x @ y, rtol=1e-5, atol=1e-6)


def wide(count):
    return Input((count, 2))


@pytest.mark.parametrize(
    "operation, args, options",
    [
        ("Unstack", lambda: [wide(100_000)], {"axis": 1}),
        ("Split", lambda: [wide(100_000)], {"indices_or_sections": 100_000, "axis": 1}),
        ("Split", lambda: [wide(100_000)], {"indices_or_sections": [1] * 100_000, "axis": 1}),
    ],
)
def test_each_tensor_that_an_operation_makes_is_paid_for(operation, args, options):
    entry = {"name": "op", "class_name": operation, "module": "keras.src.ops.numpy"}
    maker = ModelMaker("x")
    with pytest.raises(FormatError, match="a model of too many layers and calls"):
        RecordedOperation(maker, entry, options)(*args())
    few = {"axis": 1} if operation == "Unstack" else {"indices_or_sections": 10, "axis": 1}
    assert len(RecordedOperation(ModelMaker("x"), entry, few)(wide(10))) == 10


def test_tensors_that_are_joined_are_added_up():
    entry = {"name": "op", "class_name": "Concatenate", "module": "keras.src.ops.numpy"}
    join = RecordedOperation(ModelMaker("x"), entry, {"axis": 1})
    x = wide(10_000)
    assert join([x] * 3).shape == (None, 30_000, 2)
    with pytest.raises(FormatError, match="'op' makes an array of 72000000 cells"):
        join([x] * 1200)
