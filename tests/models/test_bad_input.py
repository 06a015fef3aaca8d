"""Bad input is told, naming layer, argument, expected and got; odd but defined input works."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

X = np.random.default_rng(5).standard_normal((2, 3, 4)).astype(np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)


def classifier():
    return maskseq.Sequential(
        [
            maskseq.Input((None, 4)),
            layers.Masking(),
            layers.LSTM(3),
            layers.Dense(2),
        ],
        name="classifier",
    )


def tagger():
    return maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(5, 3, mask_zero=True, name="ids"),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.Dense(2),
        ]
    )


# Masks

USERS = {
    "LSTM": lambda x, mask: layers.LSTM(3)(x, mask=mask),
    "Bidirectional": lambda x, mask: layers.Bidirectional(layers.LSTM(3))(x, mask=mask),
    "TimeDistributed": lambda x, mask: layers.TimeDistributed(layers.Dense(2))(x, mask=mask),
    "TemporalSoftmax": lambda x, mask: layers.TemporalSoftmax()(x, mask=mask),
    "Model": lambda x, mask: model_of_lstm()(x, mask=mask),
}


def model_of_lstm():
    inputs = maskseq.Input((None, 4))
    return maskseq.Model(inputs, layers.LSTM(3)(inputs))


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize(
    "mask",
    [MASK[:, :2], np.ones((2, 4), bool), MASK[:0], MASK.T, MASK[:, 0], np.True_],
    ids=["short", "long", "no rows", "transposed", "no time", "scalar"],
)
def test_mask_of_another_shape_is_told(name, mask):
    with pytest.raises(ValueError, match=r"mask must be bool \(2, 3\), got bool"):
        USERS[name](X, mask)


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize("mask", [MASK.astype(object), MASK.astype(str), MASK * 1j])
def test_mask_of_other_things_than_numbers_is_told(name, mask):
    with pytest.raises(TypeError, match=f"{name}.*mask must .*got dtype"):
        USERS[name](X, mask)


@pytest.mark.parametrize("name", USERS)
def test_nan_in_a_mask_is_told(name):
    with pytest.raises(ValueError, match="mask must be bool, got NaN"):
        USERS[name](X, np.where(MASK, np.nan, 0))


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize(
    "variant",
    [
        MASK.tolist(),
        MASK.astype(np.int64),
        MASK * np.float32(0.5),
        np.array([[2, 255, 0], [7, 0, 0]], np.uint8).view(bool),
        np.asfortranarray(MASK),
    ],
    ids=["lists", "int", "float", "bytes of 2", "fortran"],
)
def test_mask_of_numbers_means_not_zero(name, variant):
    maskseq.set_random_seed(1)
    expected = USERS[name](X, MASK)
    maskseq.set_random_seed(1)
    np.testing.assert_array_equal(USERS[name](X, variant), expected)


def test_masks_for_several_inputs_are_counted_and_named():
    a, b = maskseq.Input((None, 4), name="a"), maskseq.Input((None, 4), name="b")
    lstm = layers.LSTM(2)
    model = maskseq.Model([a, b], [lstm(a), lstm(b)])
    with pytest.raises(ValueError, match=r"mask must be a list of 2 .*got 3 masks"):
        model([X, X], mask=[MASK] * 3)
    with pytest.raises(ValueError, match=r"masks must be named \['a', 'b'\], got \['c'\]"):
        model([X, X], mask={"c": MASK})
    first, second = model([X, X], mask={"b": MASK})
    np.testing.assert_array_equal(first, model([X, X])[0])
    np.testing.assert_array_equal(second, model([X, X], mask=[None, MASK])[1])
    assert not np.array_equal(first, second)


# Ids


@pytest.mark.parametrize(
    "wrong", [5, -1, 2**31, 2**63 - 1, np.uint64(2**64 - 1), np.nan, np.inf, -np.inf, 1e30]
)
@pytest.mark.parametrize(
    "run", [lambda ids: tagger()(ids), lambda ids: tagger().predict(ids), lambda ids: eager(ids)]
)
def test_id_out_of_range_is_told_with_its_place(wrong, run):
    ids = np.zeros((2, 3), np.asarray(wrong).dtype)
    ids[1, 2] = wrong
    with pytest.raises(IndexError, match=r"ids must be in 0\.\.4, got .* at \[1, 2\]") as told:
        run(ids)
    assert "'ids' (Embedding)" in str(told.value)


def eager(ids):
    return layers.Embedding(5, 3, mask_zero=True, name="ids")(ids)


@pytest.mark.parametrize(
    "dtype", ["b", "B", "h", "H", "i", "I", "q", "Q", ">i4", "e", "f", "d", "?"]
)
def test_ids_of_every_number_dtype_are_taken(dtype):
    model, ids = tagger(), np.array([[1, 0, 1], [1, 1, 0]])
    np.testing.assert_array_equal(model.predict(ids.astype(dtype)), model.predict(ids))


def test_id_out_of_range_in_a_list_is_told_with_its_place():
    with pytest.raises(IndexError, match=r"got 9 at \[1, 2\]"):
        tagger().predict([[1], [1, 2, 9]])


# Values

NOT_NUMBERS = {
    "complex": X * 1j,
    "object": X.astype(object),
    "str": X.astype(str),
    "datetime": np.zeros((2, 3, 4), "M8[s]"),
}


@pytest.mark.parametrize("x", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
@pytest.mark.parametrize(
    "run", [layers.LSTM(3), layers.Dense(3), layers.Masking(), layers.TemporalSoftmax()]
)
def test_layer_refuses_other_things_than_numbers(run, x):
    with pytest.raises(TypeError, match="must hold numbers, got dtype"):
        run(x)


@pytest.mark.parametrize("x", [*NOT_NUMBERS.values(), b"abc"])
def test_model_refuses_other_things_than_numbers(x):
    for run in (classifier(), classifier().predict):
        with pytest.raises(TypeError, match="'classifier'.*must hold numbers, got"):
            run(x)


@pytest.mark.parametrize("x", [None, "abc"])
def test_layer_refuses_what_is_no_array(x):
    with pytest.raises(TypeError, match=r"lstm.* \(LSTM\): sequences must be an array, got"):
        layers.LSTM(2)(x)


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("x", [None, "abc", [["a"]], {"x": 1}, object()])
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(2),
        lambda: layers.Conv1D(2, 2),
        lambda: layers.Masking(),
        lambda: layers.TimeDistributed(layers.Dense(2)),
        lambda: layers.Flatten(),
        lambda: layers.GlobalAveragePooling1D(),
    ],
)
def test_what_is_no_array_is_told_with_the_name_of_the_layer(make, x, built):
    layer = make()
    if built:
        layer(X)
    with pytest.raises((TypeError, ValueError), match=rf"\({type(layer).__name__}\): "):
        layer(x)


def test_a_mistake_in_a_layer_is_told_where_it_is():
    class Broken(layers.Layer):
        def call(self, inputs):
            return inputs.no_such_method()

    class Refusing(layers.Layer):
        def call(self, inputs):
            raise ValueError("not today")

    with pytest.raises(AttributeError, match="no_such_method"):
        Broken()(X)
    for run in (Refusing(), maskseq.Sequential([Refusing()]).predict):
        with pytest.raises(ValueError, match=r"\(Refusing\): not today") as told:
            run(X)
        assert told.traceback[-1].name == "call"


@pytest.mark.parametrize(
    "x, got",
    [
        (X[0], r"\(3, 4\)"),
        (X[..., :3], r"\(2, 3, 3\)"),
        (X[..., None, None], r"\(2, 3, 4, 1, 1\)"),
        ([X[0, :, :2], X[1, :2, :2]], r"\(2, 3, 2\)"),
        (3.0, r"\(\)"),
    ],
)
def test_input_of_another_shape_is_told(x, got):
    message = rf"'classifier'.*must have shape \(None, None, 4\), got {got}"
    for run in (classifier(), classifier().predict):
        with pytest.raises(ValueError, match=message):
            run(x)


@pytest.mark.parametrize("x", [np.array([1, 2]), [1, 2], np.array(3)])
def test_input_without_a_second_axis_is_told_by_a_model_not_built(x):
    for call in ("__call__", "predict"):
        model = maskseq.Sequential([layers.Embedding(9, 2), layers.LSTM(3)], name="classifier")
        with pytest.raises(ValueError, match=r"'classifier'.*must be \(batch, time, .*got shape"):
            getattr(model, call)(x)


def test_ragged_features_are_told():
    with pytest.raises(ValueError, match="classifier.*position 1.*expected shape"):
        classifier().predict([np.ones((2, 4)), np.ones((2, 3))])
    with pytest.raises(ValueError, match="classifier.*position 0"):
        classifier().predict([[[1, 2, 3, 4], [1, 2, 3]]])
    with pytest.raises(ValueError, match="sequences must be a rectangular array"):
        layers.LSTM(2)([[[1, 2], [3]]])


def test_inputs_of_a_model_are_counted_and_named():
    a, b = maskseq.Input((None, 4), name="a"), maskseq.Input((None, 4), name="b")
    model = maskseq.Model([a, b], [layers.LSTM(2)(a), layers.LSTM(2)(b)])
    with pytest.raises(ValueError, match="inputs must be a list of 2 .*got 3 values"):
        model.predict([X, X, X])
    with pytest.raises(ValueError, match=r"inputs must be named \['a', 'b'\], got \['a', 'c'\]"):
        model.predict({"a": X, "c": X})
    with pytest.raises(ValueError, match=r"the same number of sequences, got \[1, 2\]"):
        model.predict([X, X[:1]])


def test_second_positional_argument_of_a_model_is_told_not_to_be_a_mask():
    with pytest.raises(TypeError, match="training must be a bool.* mask as mask="):
        classifier()(X, MASK)


# Empty batches, no steps, nothing real


@pytest.mark.parametrize(
    "x, batch",
    [
        (np.zeros((0, 3, 4)), 0),
        (np.zeros((2, 0, 4)), 2),
        (np.zeros((0, 0, 4)), 0),
        ([], 0),
        ([[], []], 2),
        ([np.zeros((0, 4))] * 2, 2),
    ],
)
def test_empty_features_give_defined_answers(x, batch):
    model = classifier()
    for y in (model(x), model.predict(x)):
        assert y.shape == (batch, 2)
        np.testing.assert_array_equal(y, np.broadcast_to(model.predict(0 * X[:1]), y.shape))


@pytest.mark.parametrize(
    "ids, shape",
    [
        (np.zeros((0, 3), int), (0, 3, 2)),
        (np.zeros((2, 0), int), (2, 0, 2)),
        ([], (0, 0, 2)),
        ([[], []], (2, 0, 2)),
        (np.zeros((2, 3), int), (2, 3, 2)),
    ],
)
def test_empty_ids_give_defined_answers(ids, shape):
    model = tagger()
    for y in (model(ids), model.predict(ids)):
        assert y.shape == shape and np.isfinite(y).all()


LAYERS = {
    "LSTM": lambda: layers.LSTM(3),
    "LSTM sequences": lambda: layers.LSTM(3, return_sequences=True, return_state=True),
    "LSTM backwards": lambda: layers.LSTM(3, return_sequences=True, go_backwards=True),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(3)),
    "Dense": lambda: layers.Dense(3, activation="softmax"),
    "Masking": layers.Masking,
    "TemporalSoftmax": layers.TemporalSoftmax,
    "Softmax": layers.Softmax,
    "Dropout": lambda: layers.Dropout(0.5),
    "Activation": lambda: layers.Activation("tanh"),
}


@pytest.mark.parametrize("batch, time", [(0, 0), (0, 3), (2, 0), (1, 1), (17, 2)])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_every_layer_takes_any_number_of_sequences_and_steps(make, batch, time):
    layer = make()
    inputs = maskseq.Input((None, 4))
    outputs = layer(inputs)
    results = layer(np.zeros((batch, time, 4), np.float32))
    for symbolic, y in zip(
        maskseq.nest.flatten(outputs), maskseq.nest.flatten(results), strict=True
    ):
        expected = [batch, time, *symbolic.shape[2:]] if symbolic.ndim == 3 else [batch, 3]
        assert list(y.shape) == expected and y.dtype == np.float32 and np.isfinite(y).all()


def test_no_features_are_told():
    for layer in (layers.LSTM(2), layers.Dense(2)):
        with pytest.raises(ValueError, match=r"known .*features.*got shape \(2, 3, 0\)"):
            layer(np.zeros((2, 3, 0)))


# Weights, states, arguments


def test_weights_of_another_shape_or_kind_are_told_and_change_nothing():
    layer = layers.LSTM(3, name="lstm")
    with pytest.raises(ValueError, match="expected 0 weights, got 1 .*not built yet"):
        layer.set_weights([np.ones((4, 12))])
    layer(X)
    before = layer.get_weights()
    good = [np.ones(w.shape) for w in before]
    for bad, error in (
        (good[:2], ValueError),
        ([good[0], good[1][:, :11], good[2]], ValueError),
        ([good[0], good[1], good[2].astype(str)], TypeError),
        ([good[0], good[1], good[2] * 1j], TypeError),
    ):
        with pytest.raises(error, match=r"layer 'lstm' \(LSTM\): .*expected .*, got"):
            layer.set_weights(bad)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "states",
    [[np.ones((2, 3))], [np.ones((2, 3))] * 3, [np.ones((2, 4))] * 2, [np.ones((1, 3))] * 2],
)
def test_initial_state_of_another_shape_is_told(states):
    with pytest.raises(ValueError, match=r"initial_state must have .*\(2, 3\).*, got"):
        layers.LSTM(3)(X, initial_state=states)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: layers.LSTM(0), ValueError, "units must be a positive int, got 0"),
        (lambda: layers.Dense(2.5), ValueError, "Dense: units must be an int, got 2.5"),
        (lambda: layers.Embedding(0, 1), ValueError, "Embedding: input_dim must be .*, got 0"),
        (lambda: layers.Embedding(2, -1), ValueError, "Embedding: output_dim must be .*, got -1"),
        (lambda: layers.Activation("no"), ValueError, "none called 'no'; it takes .*tanh"),
        (
            lambda: layers.LSTM(2, no=1),
            TypeError,
            "LSTM: unexpected keyword argument 'no'; it takes ",
        ),
        (lambda: layers.Dropout(2), ValueError, "Dropout: rate must be between 0 and 1, got 2"),
        (lambda: layers.Bidirectional(layers.LSTM(2), "no"), ValueError, "merge_mode .*got 'no'"),
        (lambda: layers.Bidirectional(layers.Dense(2)), TypeError, "must be recurrent, got <Dense"),
        (lambda: layers.TimeDistributed(3), ValueError, "layer must be a Layer, got 3"),
        (lambda: layers.TimeDistributed(layers.Dense(2))(X[0]), ValueError, r"\(batch, time, "),
        (lambda: layers.Softmax(axis=5)(X), ValueError, r"axis must be .*\(2, 3, 4\), got 5"),
        (lambda: layers.TemporalSoftmax()(X[0, 0]), ValueError, r"\(batch, time, ...\), got"),
        (lambda: layers.Masking()(X[0, 0]), ValueError, r"\(batch, time, ...\), got"),
        (lambda: layers.Dense(2)(np.float32(3)), ValueError, r"got shape \(\)"),
        (lambda: layers.Dense(2)(X, mask=MASK), TypeError, "unexpected keyword argument 'mask'"),
        (lambda: layers.Dense(2)(), TypeError, "missing a required argument: 'inputs'"),
        (lambda: maskseq.Sequential([3]), TypeError, "expected a Layer, got 3"),
        (lambda: maskseq.Sequential([])(X), ValueError, "the model has no layers"),
        (lambda: maskseq.Model(3, 4), ValueError, "inputs must be symbolic tensors, got 3"),
        (lambda: classifier().predict(X, batch_size=0), ValueError, "batch_size .*got 0"),
        (lambda: classifier().get_layer("no"), ValueError, "has no layer 'no'; it has"),
    ],
)
def test_argument_out_of_range_is_told(make, error, message):
    with pytest.raises(error, match=message):
        make()
