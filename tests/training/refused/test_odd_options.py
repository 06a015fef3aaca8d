"""Flags, counts, words and functions of public methods that are none: the error names the argument.

Arrays come first: what compares them, or asks whether they are true, raises NumPy's own error.
"""

import numpy as np
import pytest

import maskseq
from maskseq import layers, testing

X = np.ones((4, 3, 2), np.float32)
Y = np.ones((4, 1), np.float32)
ARRAY = np.array([1, 0])
TENSOR = maskseq.convert_to_tensor(ARRAY)


@pytest.fixture
def model():
    model = maskseq.Sequential([layers.Input((None, 2)), layers.LSTM(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "a.keras")
    return tmp_path / "a.keras"


def attention(**options):
    return layers.MultiHeadAttention(1, 2)(X, X, **options)


FLAGS = {
    "lstm": ("training", lambda **options: layers.LSTM(3)(X, **options)),
    "both ways": ("training", lambda **options: layers.Bidirectional(layers.GRU(2))(X, **options)),
    "heads": ("training", attention),
    "scores": ("return_attention_scores", attention),
    "causal": ("use_causal_mask", attention),
    "lists": ("use_causal_mask", lambda **options: layers.Attention()([X, X], **options)),
    "groups": (
        "return_attention_scores",
        lambda **options: layers.GroupedQueryAttention(2, 2, 1)(X, X, **options),
    ),
    "reverse": ("reverse", lambda **options: layers.ReversibleEmbedding(4, 3)(X > 0, **options)),
    "invariance": (
        "train",
        lambda **options: testing.check_invariance(
            maskseq.Sequential([layers.Input((None, 2)), layers.LSTM(2)]), X, **options
        ),
    ),
}


@pytest.mark.parametrize("value", [ARRAY, TENSOR, np.array([])], ids=["array", "tensor", "empty"])
@pytest.mark.parametrize("case", FLAGS)
def test_flag_of_a_call_is_no_array(case, value):
    name, call = FLAGS[case]
    with pytest.raises(ValueError, match=f"{name} must be True or False, got "):
        call(**{name: value})


@pytest.mark.parametrize("value", [True, 1, np.bool_(True), np.array(True)])
def test_what_means_true_is_true(value):
    x, layer = X[:1], layers.MultiHeadAttention(1, 2)
    output, scores = layer(x, x, return_attention_scores=value, use_causal_mask=value)
    assert output.shape == x.shape and scores.shape == (1, 1, 3, 3)
    assert (scores[0, 0] == 0).tolist() == (np.arange(3) > np.arange(3)[:, None]).tolist()


@pytest.mark.parametrize("value", [ARRAY, TENSOR, np.array([]), None, "2", 3, -1, 0.5, {}, [1]])
@pytest.mark.parametrize("method", ["predict", "evaluate", "fit"])
def test_verbose_is_a_number_or_auto(model, method, value):
    given = [X] if method == "predict" else [X, Y]
    with pytest.raises(ValueError, match="verbose must be 0, 1, 2 or 'auto', got "):
        getattr(model, method)(*given, verbose=value)


@pytest.mark.parametrize("value", [1, True, np.int64(1), np.bool_(False), "auto"])
def test_verbose_may_be_written_so(model, value, capsys):
    if isinstance(value, np.bool_):
        with pytest.raises(ValueError, match="verbose"):
            model.predict(X, verbose=value)
        return
    np.testing.assert_array_equal(model.predict(X, verbose=value), model.predict(X))
    assert "4 sequences" in capsys.readouterr().out


@pytest.mark.parametrize("value", [ARRAY, np.array(1), 1, "x", [1], {1}])
@pytest.mark.parametrize("method", ["predict", "evaluate", "fit"])
def test_callbacks_are_callbacks(model, method, value):
    given = {"predict": [X]}.get(method, [X, Y])
    with pytest.raises(TypeError, match="callbacks must be callbacks, got "):
        getattr(model, method)(*given, verbose=0, callbacks=value)


@pytest.mark.parametrize("value", [ARRAY, "x", 1, True])
def test_functions_are_functions(model, path, value):
    with pytest.raises(TypeError, match=r"^progress must be a function, got "):
        model.predict(X, progress=value)
    with pytest.raises(TypeError, match=r"^print_fn must be a function, got "):
        model.summary(print_fn=value)
    for name in ("custom_objects", "custom_layers", "functions"):
        with pytest.raises(TypeError, match=f"^{name} must be a dict by name, got "):
            maskseq.load_model(path, **{name: value})


def test_words_are_no_arrays(model, path):
    with pytest.raises(ValueError, match="^averages: expected 'exact' or 'keras'"):
        model.compile("sgd", "mse", averages=ARRAY)
    with pytest.raises(ValueError, match="^mask_rule must be one of"):
        maskseq.load_model(path, mask_rule=ARRAY)
    with pytest.raises(ValueError, match="mode must be one of int8, bfloat16"):
        model.quantize(ARRAY)
    with pytest.raises(ValueError, match="^Padding type .* not understood"):
        maskseq.pad_sequences([[1]], padding=ARRAY)
    with pytest.raises(ValueError, match="^Truncating type .* not understood"):
        maskseq.pad_sequences([[1]], truncating=ARRAY)
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of batches"):
        maskseq.callbacks.ModelCheckpoint("a.keras", save_freq=ARRAY)
    with pytest.raises(ValueError, match="has no layer array"):
        model.get_layer(ARRAY)


def test_flags_of_files_are_no_arrays(model, path):
    for name in ("overwrite", "include_optimizer"):
        with pytest.raises(ValueError, match=f"^{name} must be True or False, got "):
            model.save(path, **{name: ARRAY})
    with pytest.raises(ValueError, match="^overwrite must be True or False, got "):
        model.save_weights(path.with_name("a.weights.h5"), overwrite=ARRAY)
    with pytest.raises(ValueError, match="^compile must be True or False, got "):
        maskseq.load_model(path, compile=ARRAY)


@pytest.mark.parametrize("value", [ARRAY, "1", 1.5, [1, 2], np.bool_(True), True, 1j])
def test_index_of_a_layer_is_an_int(model, value):
    with pytest.raises(ValueError, match="^index must be an int, got "):
        model.get_layer(index=value)
    assert model.get_layer(index=np.int64(-1)) is model.layers[-1]


@pytest.mark.parametrize("value", [ARRAY, "1", 1.5, [1], np.bool_(True), 1j])
def test_maxlen_is_an_int(value):
    with pytest.raises(TypeError, match="^maxlen must be an int or None, got "):
        maskseq.pad_sequences([[1, 2]], value)


@pytest.mark.parametrize("value", [ARRAY, "1", 1.0, -0.1, [0.5], np.bool_(True)])
def test_validation_split_is_a_share(model, value):
    with pytest.raises(ValueError, match=r"^validation_split must be in \[0, 1\), got "):
        model.fit(X, Y, verbose=0, validation_split=value)


@pytest.mark.parametrize("value", [ARRAY, "1", 1.5, 0, np.bool_(True), [1]])
def test_steps_are_a_count(model, value):
    for call in (
        lambda: model.predict(X, steps=value),
        lambda: model.predict(X, ragged=True, steps=value),
        lambda: model.evaluate(X, Y, verbose=0, steps=value),
        lambda: model.fit(X, Y, verbose=0, steps_per_epoch=value),
    ):
        with pytest.raises(ValueError, match="^steps(_per_epoch)? must be an int of 1 or more"):
            call()


def test_more_steps_than_a_machine_counts_are_all(model):
    np.testing.assert_array_equal(model.predict(X, steps=2**70), model.predict(X))
    assert model.evaluate(X, Y, verbose=0, steps=2**70) == model.evaluate(X, Y, verbose=0)
