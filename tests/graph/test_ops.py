"""Operations have keras.ops' names, arguments and results, and are recorded on symbolic tensors."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import nest, ops
from maskseq.ops import OPERATIONS
from tests.support.definitions.op_cases import MORE, MORE_OPTIONS
from tests.support.definitions.reference_ops import definition, widened

X = np.array([[-2.5, -0.5, 0.25, 1.0], [0.5, 3.5, -1.5, 2.0], [0.1, 0.2, 0.3, -0.4]], np.float32)
Y = np.array([[1.5, -2.0, 0.5, 2.0], [2.0, 0.0, -1.0, 3.0], [1.0, 1.0, -0.5, 0.5]], np.float32)
POSITIVE = np.abs(X) + np.float32(0.1)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1
CTC_LOGITS = np.arange(40, dtype=np.float32).reshape(2, 5, 4) % 7 / 3

CASES = {
    **{
        name: (X,)
        for name in (
            "negative absolute abs square expm1 floor ceil trunc sign sin cos tan arctan sinh cosh "
            "exp tanh sigmoid relu relu6 silu softplus softsign log_sigmoid hard_sigmoid hard_silu "
            "erf hard_tanh selu tanh_shrink sparse_plus sparse_sigmoid leaky_relu elu celu gelu "
            "squareplus soft_shrink hard_shrink softmax log_softmax sparsemax normalize glu "
            "isnan isinf isfinite reciprocal round sum mean max min prod var std argmax argmin "
            "cumsum logsumexp count_nonzero ravel transpose flip ones_like zeros_like "
            "stop_gradient"
        ).split()
    },
    **{name: (POSITIVE,) for name in "sqrt rsqrt log log1p log2 log10".split()},
    **{name: (np.clip(X, -1, 1),) for name in "arcsin arccos".split()},
    **{
        name: (X, Y)
        for name in (
            "add subtract multiply divide true_divide divide_no_nan maximum minimum arctan2 "
            "equal not_equal greater greater_equal less less_equal"
        ).split()
    },
    **{name: (X > 0, Y > 0) for name in "logical_and logical_or logical_xor".split()},
    "logical_not": (X > 0,),
    "any": (X > 3, 1),
    "all": (X > -3, 0),
    "floor_divide": (X, 2.0),
    "mod": (X, 2.0),
    "power": (POSITIVE, Y),
    "clip": (X, -1.0, 0.5),
    "where": (X > 0, X, Y),
    "cast": (X, "int32"),
    "full_like": (X, 2.0),
    "threshold": (X, 0.2, -1.0),
    "concatenate": ([X, Y],),
    "stack": ([X, Y], 1),
    "unstack": (CUBE, None, 1),
    "split": (X, 2, 1),
    "reshape": (X, (2, -1)),
    "swapaxes": (CUBE, 0, 2),
    "moveaxis": (CUBE, 0, -1),
    "roll": (X, 1, 1),
    "expand_dims": (X, 1),
    "squeeze": (X[:, None], 1),
    "tile": (X, (2, 1)),
    "repeat": (X, 2, 1),
    "pad": (X, ((1, 0), (0, 2))),
    "take": (X, np.array([2, 0]), 1),
    "take_along_axis": (X, np.array([[0], [2], [1]]), 1),
    "broadcast_to": (X, (2, 3, 4)),
    "one_hot": (np.array([0, 2, -1, 5]), 3),
    "matmul": (CUBE, CUBE.transpose(0, 2, 1)),
    "einsum": ("abc,cd->adb", CUBE, CUBE[0].T),
    "ctc_loss": (np.array([[1, 2, 1], [3, 3, 0]]), CTC_LOGITS, np.array([3, 2]), np.array([5, 4])),
    **MORE,
}
OPTIONS = [
    *MORE_OPTIONS,
    ("leaky_relu", (X, 0.4)),
    ("elu", (X, 0.4)),
    ("celu", (X, 0.4)),
    ("gelu", (X, False)),
    ("squareplus", (X, 2)),
    ("soft_shrink", (X, 0.3)),
    ("hard_shrink", (X, 0.3)),
    ("softmax", (X, 0)),
    ("log_softmax", (X, 0)),
    ("sparsemax", (X, 0)),
    ("glu", (CUBE, 2)),
    ("normalize", (X, 0, 3)),
    ("normalize", (np.zeros((2, 3), np.float32),)),
    ("sum", (CUBE, (0, 2), True)),
    ("max", (X, 1, False, 1.5)),
    ("min", (X, 1, True, -1.0)),
    ("mean", (CUBE, -1, True)),
    ("logsumexp", (CUBE, (1, 2), True)),
    ("var", (CUBE, (0, 2), True)),
    ("std", (CUBE, 1)),
    ("prod", (CUBE, 1, True)),
    ("sum", (np.arange(12).reshape(3, 4), 1)),
    ("mean", (np.arange(12).reshape(3, 4), 0)),
    ("mean", (np.arange(12).reshape(3, 4), 1)),
    ("one_hot", (np.array([[0, 2, 1], [3, 1, 0]]), 4, 0)),
    ("one_hot", (np.array([[0, 2, 1], [3, 1, 0]]), 4, 1)),
    ("normalize", (CUBE, 1)),
    ("normalize", (CUBE, 0)),
    ("prod", (np.arange(1, 13).reshape(3, 4), 0)),
    ("power", (POSITIVE, 2.5)),
    ("power", (np.arange(4), 2)),
    ("power", (X, np.arange(4))),
    ("arctan2", (X, Y[0])),
    ("argmax", (X, 1)),
    ("cumsum", (X, 1)),
    ("round", (X, 1)),
    ("pad", (X, ((1, 1), (0, 0)), "constant", 5.0)),
    ("flip", (X, 1)),
    ("transpose", (CUBE, (1, 2, 0))),
    ("where", (X > 0, X, 0.0)),
]
PRODUCTS = [
    ("matmul", (X, Y.T)),
    ("matmul", (CUBE, Y[0])),
    ("matmul", (X[0], Y.T)),
    ("matmul", (X[0], Y[0])),
    ("matmul", (X, CUBE.transpose(0, 2, 1))),
    ("matmul", (CUBE[:, None], CUBE.transpose(0, 2, 1)[None])),
    ("einsum", ("ij,kj->ik", X, Y)),
    ("einsum", ("abc,abd->bcd", CUBE, CUBE[..., :2])),
    ("einsum", ("...x,xy->...y", CUBE, X.T)),
    ("einsum", ("...ab,...cb->...ac", CUBE, CUBE)),
    ("einsum", ("ab,cd->ad", X, Y)),
    ("einsum", ("ij,jk", X, Y.T)),
    ("einsum", ("ij->ji", X)),
    ("einsum", ("abc->b", CUBE)),
    ("einsum", ("ii->i", X[:, :3])),
    ("einsum", ("aba->b", np.concatenate([CUBE[..., :2], CUBE[..., 2:]], axis=1))),
    ("einsum", ("ab,bb->a", X[:, :3], Y[:, :3])),
    ("einsum", ("...ii->...", CUBE[:, :, :3])),
    ("einsum", ("ab,cb,cd->ad", X, Y, X)),
    ("einsum", ("ab,ab,ab->", X, Y, X)),
    ("einsum", ("a,b,c->abc", X[0], Y[0], X[1])),
]


def live(name):
    keras = pytest.importorskip("keras")
    return getattr(keras.ops, name)


def check(ours, theirs):
    if isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            check(a, b)
        return
    assert ours.shape == tuple(theirs.shape)
    assert ours.dtype.kind == np.asarray(theirs).dtype.kind
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5, atol=1e-6)


def check_definition(name, arguments):
    result = getattr(ops, name)(*arguments)
    want = definition(name)(*widened(arguments))
    if not isinstance(want, list):
        result, want = [result], [want]
    assert len(result) == len(want)
    for a, b in zip(result, want, strict=True):
        assert a.dtype != np.float64
        assert a.shape == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", CASES)
def test_operation_equals_its_definition(name):
    check_definition(name, CASES[name])


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("name, arguments", OPTIONS + PRODUCTS)
def test_operation_with_options_equals_its_definition(name, arguments):
    check_definition(name, arguments)


def as_lists(argument):
    if isinstance(argument, np.ndarray):
        return argument.tolist()
    return [as_lists(x) for x in argument] if isinstance(argument, list) else argument


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("name, arguments", [*CASES.items(), *OPTIONS, *PRODUCTS])
def test_operation_takes_lists_of_numbers(name, arguments):
    """What is said to be array_like: the same as of arrays, up to the width of the numbers."""
    if name == "stop_gradient":
        return  # a nest stays a nest
    of_arrays = getattr(ops, name)(*arguments)
    of_lists = getattr(ops, name)(*map(as_lists, arguments))
    for a, b in zip(nest.leaves(of_lists), nest.leaves(of_arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
        assert np.asarray(a).dtype.kind == np.asarray(b).dtype.kind


def test_axis_that_is_not_there_is_refused():
    for call in (ops.median, ops.diff, lambda x, axis: ops.quantile(x, 0.5, axis)):
        with pytest.raises(ValueError, match="axis must be below 2, the number of axes, got 2"):
            call(X, axis=2)


def test_root_of_small_integers_is_float32():
    """NumPy's is float16."""
    for root, want in ((ops.sqrt, [3, 2]), (ops.rsqrt, [1 / 3, 0.5])):
        found = root(np.array([9, 4], np.int8))
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, np.float32(want))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", CASES)
def test_operation_equals_keras(name):
    check(getattr(ops, name)(*CASES[name]), live(name)(*CASES[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name, arguments", OPTIONS + PRODUCTS)
def test_operation_with_options_equals_keras(name, arguments):
    check(getattr(ops, name)(*arguments), live(name)(*arguments))


def test_stub_of_operations_is_that_of_the_table():
    stub = ast.parse((Path(ops.__file__).parent / "__init__.pyi").read_text())
    named = set()
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            module = import_module(
                f"{'maskseq' if node.level == 2 else 'maskseq.ops'}.{node.module}"
            )
            for alias in node.names:
                assert getattr(ops, alias.name) is getattr(module, alias.name)
                named.add(alias.name)
    assert named == {*ops.__all__, "OPERATIONS"}


def test_every_public_operation_is_tested():
    public = {f.__name__ for f in OPERATIONS.values() if hasattr(ops, f.__name__)}
    assert public - set(CASES) == {"get_item", "get_keras_mask"}


@pytest.mark.slow
@pytest.mark.parametrize("class_name", OPERATIONS)
def test_class_and_its_options_are_those_of_keras(class_name):
    keras = pytest.importorskip("keras")
    if class_name == "MaskOf":
        return
    modules = [getattr(keras.src.ops, m) for m in ("numpy", "nn", "core", "math")]
    cls = next(getattr(m, class_name) for m in modules if hasattr(m, class_name))
    theirs = set(inspect.signature(cls).parameters) - {"args", "kwargs", "name"}
    ours = inspect.signature(OPERATIONS[class_name]).parameters
    assert theirs <= set(ours)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", CASES)
def test_operation_is_recorded_on_symbolic_tensors(name):
    arrays = [a for a in CASES[name] if isinstance(a, np.ndarray) and a.shape == X.shape]
    if not arrays or arrays[0] is not CASES[name][0] or CASES[name][0].dtype != np.float32:
        return
    if name in ("broadcast_to", "reshape", "take", "take_along_axis", "tile", "repeat", "roll"):
        return
    source = maskseq.Input(batch_shape=(3, 4))
    model = maskseq.Model(source, getattr(ops, name)(source, *CASES[name][1:]))
    check(model(arrays[0]), getattr(ops, name)(*CASES[name]))


def test_result_carries_no_mask():
    x = maskseq.convert_to_tensor(X)
    x._keras_mask = X[:, 0] > 0
    assert maskseq.get_keras_mask(ops.add(x, 1)) is None


def test_symbolic_arithmetic_and_slicing_equal_those_of_arrays():
    a, b = maskseq.Input((4,)), maskseq.Input((4,))
    expression = lambda a, b: ((a + 1) * 2 - b / 3 - 4 // (abs(b) + 9) + (-a) ** 2 % 5)[:, 1:3]  # noqa: E731
    model = maskseq.Model([a, b], expression(a, b))
    np.testing.assert_allclose(model([X, Y]), expression(X, Y), rtol=1e-6)


def test_symbolic_logic_equals_that_of_arrays():
    a, b = maskseq.Input((4,)), maskseq.Input((4,))
    expression = lambda a, b: ((a < b) | ~(a >= 1)) & (a != b) ^ (b == 2)  # noqa: E731
    model = maskseq.Model([a, b], expression(a, b))
    np.testing.assert_array_equal(model([X, Y]), expression(X, Y))


def test_product_of_a_row_does_not_depend_on_the_others(rng):
    x, y = (rng.normal(size=s).astype(np.float32) for s in [(40, 33), (33, 17)])
    np.testing.assert_array_equal(ops.matmul(x, y)[7:8], ops.matmul(x[7:8], y))


def test_products_of_nothing_are_zero():
    empty = np.ones((0, 3), np.float32)
    assert ops.matmul(empty, np.ones((3, 2))).shape == (0, 2)
    np.testing.assert_array_equal(ops.matmul(np.ones((2, 0)), np.ones((0, 2))), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "product", [ops.matmul, ops.dot, lambda a, b: ops.einsum("ij,jk->ik", a, b)]
)
def test_products_of_integers_are_exact(product):
    a, b = np.array([[2**24 + 1, 1], [3, 4]], np.int32), np.array([[1], [2]], np.int32)
    assert (product(a, b).tolist(), product(a, b).dtype) == ([[2**24 + 3], [11]], np.int32)
    wide = np.array([[2**53 + 1, 0], [0, 0]])
    assert (product(wide, b)[0, 0], product(wide, b).dtype) == (2**53 + 1, np.int64)
    narrow = np.full((1, 2), 100, np.int8)
    assert product(narrow, narrow.T).tolist() == [[20000]]
    assert product(a, b.astype(np.float32)).dtype == np.float32
    x = maskseq.Input((2,), dtype="int32")
    assert maskseq.Model(x, product(x, b)).predict(a).tolist() == [[2**24 + 3], [11]]


def test_of_two_numbers_that_are_equally_near_a_quantile_is_the_lower():
    x = np.arange(6, dtype=np.float32)
    assert [ops.quantile(x, q, method="nearest").item() for q in (0.3, 0.5, 0.7)] == [1, 2, 3]
    assert ops.percentile(x[:4], 50, method="nearest").item() == 1
