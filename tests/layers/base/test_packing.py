"""Weights are packed anew exactly where a Variable has another version."""

import numpy as np

from maskseq import layers
from maskseq.variable import Variable


def test_version_rises_with_every_value_and_is_never_shared():
    a, b = Variable(np.zeros(2)), Variable(np.zeros(2))
    versions = [a.version, b.version]
    a.assign(np.zeros(2))
    versions.append(a.version)
    assert sorted(versions) == versions and len(set(versions)) == 3


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
