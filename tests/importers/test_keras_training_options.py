"""Regularizers and constraints in model files: kept, known or not, and never run."""

import pytest

from maskseq import constraints, load_model, regularizers
from maskseq.configured import Unknown
from maskseq.importers import UnsupportedLayerError
from tests.support.keras_files import FILES, edited, layer_of

L2 = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.5}}


def first_dense(config):
    return next(x for x in config["config"]["layers"] if x["class_name"] == "Dense")


def loaded(tmp_path, **options):
    """The kernel of a Dense whose entry in the file has `options`."""

    def edit(config):
        first_dense(config)["config"].update(options)

    path = edited(FILES / "sequential.keras", tmp_path, edit)
    model = load_model(path)
    return next(x for x in model.layers if type(x).__name__ == "Dense"), model


@pytest.mark.parametrize(
    "entry",
    [
        {**L2, "registered_name": None},
        {**L2, "registered_name": "L2"},
        {"class_name": "L2", "config": {"l2": 0.5}},
        {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
    ],
)
def test_known_one_is_made(tmp_path, entry):
    dense, _ = loaded(tmp_path, kernel_regularizer=entry, kernel_constraint="MaxNorm")
    assert dense.kernel.regularizer.get_config()["l2"] == 0.5
    assert isinstance(dense.kernel.regularizer, (regularizers.L2, regularizers.L1L2))
    assert isinstance(dense.kernel.constraint, constraints.MaxNorm)


UNKNOWN = [
    {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": ""},
    {"module": "mine", "class_name": "L2", "config": {"l2": 1}, "registered_name": "mine>L2"},
    {"module": "builtins", "class_name": "function", "config": "f", "registered_name": "function"},
    {"module": "builtins", "class_name": "__lambda__", "config": {"code": "4wAA"}},
    {"class_name": "Mine", "config": {"deep": [{"class_name": "Lambda", "config": {}}]}},
]


@pytest.mark.parametrize("entry", UNKNOWN)
def test_unknown_one_is_kept_as_the_file_has_it(tmp_path, entry):
    dense, model = loaded(tmp_path, kernel_regularizer=entry, bias_constraint=entry)
    for kept in (dense.kernel.regularizer, dense.bias.constraint):
        assert isinstance(kept, Unknown) and kept.config == entry
        with pytest.raises(NotImplementedError, match="is not a class of maskseq"):
            kept(dense.kernel)
    config = dense.get_config()
    assert config["kernel_regularizer"] == config["bias_constraint"] == entry
    again = type(model).from_config(model.get_config())
    assert layer_of({"config": again.get_config()}, dense.name)["config"] == config


def test_name_that_is_not_known_is_kept(tmp_path):
    dense, _ = loaded(tmp_path, kernel_regularizer="my_penalty")
    assert dense.kernel.regularizer.name == "my_penalty"
    assert dense.get_config()["kernel_regularizer"] == {"class_name": "my_penalty", "config": {}}


@pytest.mark.parametrize(
    "entry", [5, [L2], {"class_name": 3}, {**L2, "config": {"l2": -1}}, {**L2, "config": [1]}]
)
def test_broken_one_is_refused_by_name(tmp_path, entry):
    with pytest.raises(UnsupportedLayerError, match=r"\(Dense\): kernel_regularizer="):
        loaded(tmp_path, kernel_regularizer=entry)


def test_option_that_the_layer_does_not_take_is_left_out(tmp_path):
    """Keras 2 writes the options of a kernel for layers that have none by that name."""
    dense, _ = loaded(tmp_path, pointwise_regularizer=L2, activity_regularizer="l1")
    assert isinstance(dense.activity_regularizer, regularizers.L1)
    assert "pointwise_regularizer" not in dense.get_config()
