"""What is frozen, what is thawed again, and that a file keeps it: as in Keras."""

import numpy as np
import pytest

import maskseq
from maskseq import layers


def model_with_norm():
    """(a model, the one inside it): Dense a, BatchNormalization, Dense b; then Dense c."""
    inner = maskseq.Sequential(
        [
            maskseq.Input((4,)),
            layers.Dense(4, name="a"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(4, name="b"),
        ]
    )
    x = maskseq.Input((4,))
    return maskseq.Model(x, layers.Dense(1, name="c")(inner(x))), inner


def trained(model):
    """The names of the layers whose weights are trained."""
    return list(dict.fromkeys(w.name.split("/")[-2] for w in model.trainable_weights))


@pytest.fixture(params=["as it is", ".keras", ".h5", ".safetensors", "config"])
def kept(request, tmp_path):
    """A function of a model: itself, or what was written and read."""

    def through(model):
        if request.param == "as it is":
            return model
        if request.param == "config":
            again = type(model).from_config(model.get_config())
            again.set_weights(model.get_weights())
            return again
        model.save(tmp_path / f"model{request.param}")
        return maskseq.load_model(tmp_path / f"model{request.param}")

    return through


def test_freezing_a_model_freezes_what_is_in_it(kept):
    model, inner = model_with_norm()
    inner.trainable = False
    assert not inner.get_layer("norm").trainable
    assert trained(kept(model)) == ["c"]


def test_the_end_of_a_frozen_model_is_thawed(kept):
    model, inner = model_with_norm()
    inner.trainable = False
    inner.layers[-1].trainable = True
    assert trained(kept(model)) == ["b", "c"]


def test_the_middle_of_a_frozen_graph_is_thawed(kept):
    """The weights that are trained are not the first, as they would be in a legacy file."""
    x = maskseq.Input((4,))
    norm, dense = layers.BatchNormalization(name="norm"), layers.Dense(4, name="b")
    inner = maskseq.Model(x, dense(norm(x)))
    model = maskseq.Sequential([maskseq.Input((4,)), inner, layers.Dense(1, name="c")])
    rng = np.random.default_rng(0)
    model.set_weights([rng.random(w.shape) for w in model.weights])
    inner.trainable = False
    dense.trainable = True
    again = kept(model)
    assert trained(again) == ["b", "c"]
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_thawing_a_model_thaws_all_that_is_in_it(kept):
    model, _ = model_with_norm()
    model.layers[-1].trainable = False
    model = kept(model)
    assert trained(model) == ["a", "norm", "b"]
    model.trainable = True
    assert trained(model) == ["a", "norm", "b", "c"]


def test_a_frozen_model_trains_nothing(kept):
    model, _ = model_with_norm()
    model.trainable = False
    model = kept(model)
    model.layers[-1].trainable = True
    assert not model.trainable and trained(model) == []
    assert len(model.non_trainable_weights) == len(model.weights)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.SimpleRNN(2, trainable=False),
        lambda: layers.RNN(layers.GRUCell(2), trainable=False),
        lambda: layers.Bidirectional(layers.LSTM(2), trainable=False),
        lambda: layers.TimeDistributed(layers.Dense(2), trainable=False),
    ],
)
def test_a_layer_made_frozen_keeps_what_it_holds_frozen(make, kept):
    x = maskseq.Input((None, 3))
    model = kept(maskseq.Model(x, make()(x)))
    assert model.weights and model.trainable_weights == []


def test_a_cell_alone_is_frozen(kept):
    cells = [layers.LSTMCell(3, trainable=False, name="a"), layers.GRUCell(2, name="b")]
    x = maskseq.Input((None, 3))
    model = kept(maskseq.Model(x, layers.RNN(cells)(x)))
    assert trained(model) == ["b"]
    model.layers[-1].trainable = True
    assert trained(model) == ["a", "b"]


def test_statistics_of_a_frozen_model_stay():
    """As those of Keras in a step of training: the moving ones are what it normalizes with."""
    model, inner = model_with_norm()
    inner.trainable = False
    rng = np.random.default_rng(0)
    weights = [rng.random(w.shape).astype(np.float32) for w in model.weights]
    model.set_weights(weights)
    model.compile(maskseq.optimizers.SGD(0.1), "mse")
    x, y = rng.standard_normal((8, 4)), rng.standard_normal((8, 1))
    expected = model.evaluate(x, y, verbose=0)
    assert model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-5)
    for after, before in zip(model.get_weights()[:-2], weights[:-2], strict=True):
        np.testing.assert_array_equal(after, before)
    assert (model.get_weights()[-2] != weights[-2]).all()


@pytest.mark.parametrize("ending", [".keras", ".h5", ".safetensors"])
def test_freezing_one_weight_leaves_the_order(tmp_path, ending):
    """Of a layer whose weights have one shape, so that no other shape could tell."""
    layer = layers.LayerNormalization()
    model = maskseq.Sequential([maskseq.Input((3,)), layer])
    model.set_weights([[1, 2, 3], [4, 5, 6]])
    layer.gamma.trainable = False
    assert [w.name.split("/")[-1] for w in layer.weights] == ["gamma", "beta"]
    assert [w.name.split("/")[-1] for w in model.trainable_weights] == ["beta"]
    model.save(tmp_path / f"model{ending}")
    again = maskseq.load_model(tmp_path / f"model{ending}")
    np.testing.assert_array_equal(again.predict(np.eye(3)), model.predict(np.eye(3)))
