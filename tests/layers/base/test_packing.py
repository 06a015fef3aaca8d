"""Weights are packed anew exactly where a Variable has another version."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.variable import Variable


def test_version_rises_with_every_value_and_is_never_shared():
    a, b = Variable(np.zeros(2)), Variable(np.zeros(2))
    versions = [a.version, b.version]
    a.assign(np.zeros(2))
    versions.append(a.version)
    assert sorted(versions) == versions and len(set(versions)) == 3


@pytest.mark.parametrize("own", [False, True])
def test_a_weight_lies_row_by_row_from_its_first_value_on(own):
    """Packing would copy it, column by column."""
    given = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    weight = Variable(given, own=own)
    assert weight.value.tobytes() == np.arange(6, dtype=np.float32).tobytes()
    assert weight.value.flags.c_contiguous
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.LSTM(4)])
    assert all(w.value.flags.c_contiguous for w in model.weights)


def test_weights_are_packed_once_for_each_version():
    x = np.ones((2, 3, 4), np.float32)
    for layer in (layers.Dense(3), layers.LSTM(3), layers.GRU(3)):
        before = layer(x)
        holder = getattr(layer, "cell", layer)
        packed = holder.packed()
        assert layer(x).tobytes() == before.tobytes() and holder.packed() is packed
        holder.kernel.assign(2 * holder.kernel.value)
        assert holder.packed() is not packed
        assert not np.array_equal(layer(x), before)


@pytest.mark.parametrize("name", ["kernel", "recurrent_kernel", "bias"])
@pytest.mark.parametrize("make", [layers.Dense, layers.LSTM])
def test_a_weight_in_place_of_another_is_seen(make, name):
    one, other = make(3), make(3)
    model = maskseq.Sequential([maskseq.Input((5, 4)), one])
    other.build((None, 5, 4))
    mine, its = getattr(one, "cell", one), getattr(other, "cell", other)
    if not hasattr(mine, name):
        return
    its.bias.assign(its.bias.value + 1)
    x = np.ones((2, 5, 4), np.float32)
    for _ in range(3):  # by then it is packed, and known to be
        before = model.predict(x)
    setattr(mine, name, getattr(its, name))
    assert not np.array_equal(model.predict(x), before)
