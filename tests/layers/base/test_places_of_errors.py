"""An error names the line of the user's code that made the layer, and the user's own row."""

import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers


def line_here(back=0):
    import sys

    return __file__, sys._getframe(1).f_lineno - back


class Scaled(layers.Layer):
    """A layer of a user's own, with one of ours inside."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.inner = layers.Dense(units)
        self.inner_at = line_here(1)

    def call(self, inputs):
        return self.inner(inputs) * 2


class Twice(Scaled):
    def __init__(self):
        super().__init__(3)


def ids_to(*steps):
    return maskseq.Sequential(
        [maskseq.Input((None,), dtype="int32"), layers.Embedding(9, 2), *steps]
    )


def caught(function, *args, kind=(ValueError, TypeError, IndexError)):
    with pytest.raises(kind) as found:
        function(*args)
    return found.value


@pytest.mark.parametrize("make", [lambda: layers.LSTM(3), Twice, lambda: Scaled(3)])
def test_a_layer_knows_the_line_that_made_it(make):
    layer = make()
    if make is Twice:
        assert layer._made_at == line_here(2)
    else:
        assert layer._made_at == (__file__, make.__code__.co_firstlineno)


def test_an_error_has_it_as_an_attribute_and_as_a_note():
    dense, place = layers.Dense(3, name="narrow"), line_here()
    dense.build((None, 4))
    error = caught(dense, np.ones((2, 5)))
    assert error.layer == "narrow" and error.made_at == place
    assert error.__notes__ == [f"layer 'narrow' was made in {place[0]}, line {place[1]}"]


def test_the_innermost_layer_is_named():
    outer = Twice()
    outer(np.ones((2, 4)))
    error = caught(outer, np.ones((2, 5)))
    assert error.layer == outer.inner.name and error.made_at == outer.inner_at


def test_a_model_is_called_a_model():
    model = ids_to(layers.LSTM(2))
    error = caught(model.predict, [[1, 2], ["a"]])
    assert str(error).startswith(f"model '{model.name}' (Sequential): ")
    assert error.row == 1


def test_pickles_hold_no_path():
    model = pickle.loads(pickle.dumps(ids_to(layers.LSTM(2))))
    assert __file__.encode() not in pickle.dumps(model)
    error = caught(model.predict, [[1], [99]])
    assert error.made_at is None and not hasattr(error, "__notes__")


def partly_masked():
    return np.ma.masked_array(np.ones((3, 2)), [[0, 0], [0, 1], [0, 0]])


def masked_inside():
    return np.ma.masked_array([1, 2, 3], [0, 1, 0])


@pytest.mark.parametrize("bad", [7, [3, 99], ["a", "b"], [[1], [1, 2]], masked_inside()], ids=repr)
def test_rows_are_counted_over_all_that_was_given(bad):
    model = ids_to(layers.LSTM(2))
    rows = [[1, 2]] * 40 + [bad] + [[3]] * 40
    error = caught(model.predict, rows, 16)
    assert error.row == 40
    batches = [rows[i : i + 16] for i in range(0, 81, 16)]
    with pytest.raises((ValueError, TypeError, IndexError)) as found:
        model.predict(iter(batches), ragged=True)
    assert found.value.row == 40
    for said in (str(error), str(found.value)):
        assert "40" in said.partition(": ")[2].replace("at [40", "40")


def test_a_step_that_is_masked_in_part_is_named():
    error = caught(maskseq.pad_sequences, [np.ones((2, 2)), partly_masked()])
    assert (error.row, error.step) == (1, 1)


def stepwise(inner):
    wrapper = layers.TimeDistributed(inner, name="each")
    wrapper(np.ones((2, 3, 4)))
    return wrapper


class Narrow(layers.LSTM):
    """A layer of a user's own: its `call` refuses what it gets."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        raise ValueError("too narrow")


@pytest.mark.parametrize(
    ("make", "inner", "outer"),
    [
        (lambda: stepwise(layers.Dense(2, name="in")), "layer 'in' (Dense)", "(TimeDistributed)"),
        (
            lambda: stepwise(maskseq.Sequential([maskseq.Input((4,)), layers.Dense(1)], name="in")),
            "model 'in' (Sequential)",
            "(TimeDistributed)",
        ),
        (lambda: layers.Bidirectional(Narrow(2)), "layer 'forward_narrow' (Narrow)", "(Bidir"),
        (lambda: Twice(), "layer 'dense", "layer 'twice"),
    ],
    ids=["layer", "model", "direction", "own"],
)
def test_layers_around_the_one_that_fails_are_named_behind_it(make, inner, outer):
    wrapper = make()
    if not wrapper.built:
        wrapper.build((None, 3, 4))
    if outer == "layer 'twice":
        wrapper(np.ones((2, 3, 4)))
    error = caught(wrapper, np.ones((2, 3, 5)))
    named, _, said = str(error).partition("): ")
    assert named.startswith(inner) and " in layer '" in named and outer in f"{named})"
    assert (
        said and "layer '" not in said and len(error.__notes__) == 1 + (error.made_at is not None)
    )


def test_axes_that_the_wrapper_does_not_take_are_told_by_the_wrapper():
    wrapper = stepwise(layers.Dense(2))
    said = r"layer 'each' \(TimeDistributed\): inputs must be \(batch, time, .*got shape \(2, 4\)"
    with pytest.raises(ValueError, match=said):
        wrapper(np.ones((2, 4)))


def test_a_dense_layer_wants_a_batch():
    dense = layers.Dense(2)
    dense.build((None, 3))
    for call in (dense, layers.Dense(2), lambda x: layers.Dense(2).build(np.shape(x))):
        with pytest.raises(ValueError, match=r"must be \(batch, ..., features\), got shape \(3,\)"):
            call(np.ones(3))
