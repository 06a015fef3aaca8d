"""Operations that make arrays give what NumPy's and Keras's of that name give."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops, utils
from maskseq.tape import Tape

CASES = [
    ("arange", (5,), {}),
    ("arange", (2, 9, 3), {}),
    ("arange", (9, 2, -2), {}),
    ("arange", (0.5, 2), {}),
    ("arange", (0, 1, 0.25), {}),
    ("arange", (3, 1), {}),
    ("arange", (4,), {"dtype": "float32"}),
    ("zeros", ((2, 3),), {}),
    ("zeros", ((2,),), {"dtype": "int32"}),
    ("ones", ((2, 3),), {}),
    ("ones", ((),), {"dtype": "bool"}),
    ("full", ((2, 3), 1.5), {}),
    ("full", ((2, 2), np.array([1.0, 2.0], np.float32)), {}),
    ("eye", (3,), {}),
    ("eye", (3, 4), {"k": 1}),
    ("identity", (3,), {}),
    ("tri", (3,), {}),
    ("tri", (3, 4, -1), {"dtype": "int32"}),
    ("linspace", (0, 1), {"num": 5}),
    ("linspace", (0.0, 1.0, 4, False), {}),
    ("linspace", (np.array([0.0, 1.0], np.float32), 3.0, 3), {"axis": 1}),
]


def dtype_of(name, arguments, options):
    if "dtype" in options:
        return np.dtype(options["dtype"])
    whole = name == "arange" and all(isinstance(x, int) for x in arguments)
    return np.dtype(np.int32 if whole else np.float32)


@pytest.mark.parametrize("name, arguments, options", CASES)
def test_new_array_equals_that_of_numpy(name, arguments, options):
    found = getattr(ops, name)(*arguments, **options)
    assert isinstance(found, maskseq.Tensor) and found.dtype == dtype_of(name, arguments, options)
    want = getattr(np, name)(*arguments, **options)
    np.testing.assert_array_equal(found, want.astype(found.dtype))


@pytest.mark.slow
@pytest.mark.parametrize("name, arguments, options", CASES)
def test_new_array_equals_that_of_keras(name, arguments, options):
    keras = pytest.importorskip("keras")
    theirs = np.asarray(getattr(keras.ops, name)(*arguments, **options))
    found = getattr(ops, name)(*arguments, **options)
    assert found.dtype == theirs.dtype
    np.testing.assert_allclose(found, theirs, rtol=1e-6)


def test_sizes_may_be_tensors_and_a_step_may_come_back():
    count = ops.sum(ops.ones((4,), "int32"))
    assert ops.arange(count).tolist() == [0, 1, 2, 3]
    assert ops.zeros((count, 2)).shape == (4, 2)
    numbers, step = ops.linspace(1, 2, 5, retstep=True)
    assert float(step) == 0.25 and numbers[-1] == 2


@pytest.mark.parametrize("make", [ops.arange, ops.eye, lambda n: ops.zeros((n, 2))])
def test_an_unknown_size_is_named(make):
    steps = ops.shape(layers.Input((None, 2)))[1]
    with pytest.raises(TypeError, match="must be known when a model is made, got None: give the"):
        make(steps)


def test_full_passes_a_gradient():
    tape = Tape()
    x = tape.watch(np.float32(3))
    assert tape.gradients(ops.full((2, 3), x), of=[x])[0] == 6
    source = layers.Input(())
    assert maskseq.Model(source, ops.full((4,), source[0])).output_shape == (4,)


def test_what_a_tensor_is():
    x, y = ops.array([[1.0, 2.0]]), layers.Input((3,))
    assert ops.is_tensor(x) and ops.is_tensor(y) and not ops.is_tensor(np.ones(2))
    assert (ops.dtype(x), ops.dtype(y), ops.dtype(1)) == ("float32", "float32", "int64")
    assert (ops.size(x), ops.size(y), ops.size([[1], [2]])) == (2, None, 2)
    plain = ops.convert_to_numpy(x)
    plain[0, 0] = 9
    assert type(plain) is np.ndarray and x[0, 0] == 1


def test_classes_become_ones_at_their_places():
    found = utils.to_categorical([[0], [2]])
    assert found.dtype == np.float32 and found.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert utils.to_categorical([[1, 0]], 2).tolist() == [[[0, 1], [1, 0]]]
    assert utils.to_categorical([], 2).shape == (0, 2)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 3 at \[1\]"):
        utils.to_categorical([0, 3], 2)
    with pytest.raises(ValueError, match="whole numbers"):
        utils.to_categorical([0.5])
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0, 0]]), [[0.6, 0.8], [0, 0]])
