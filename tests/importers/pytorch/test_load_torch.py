"""Names, prefixes and arrays of all kinds in `load_torch`, and what it refuses."""

import re
import subprocess
import sys

import numpy as np
import pytest

import maskseq
from maskseq import layers

RNG = np.random.default_rng(3)


def rnn_weights(prefix="", gates=4, units=2, features=3, suffix="_l0"):
    shapes = {"weight_ih": features, "weight_hh": units, "bias_ih": None, "bias_hh": None}
    return {
        f"{prefix}{name}{suffix}": RNG.random((gates * units, *([n] if n else ())), np.float32)
        for name, n in shapes.items()
    }


def of_lstm(weights, layer):
    """By hand: kernel, recurrent kernel and bias in Keras's form."""
    ih, hh, b, c = (weights[x + layer] for x in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    return [ih.T, hh.T, b + c]


def check(layer, expected):
    for found, wanted in zip(layer.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "prefix, given", [("", ""), ("lstm.", "lstm."), ("lstm", "lstm."), ("a.b.*_l0", "a.b.")]
)
def test_prefixes(prefix, given):
    weights = rnn_weights()
    layer = layers.LSTM(2)
    layer.load_torch({given + name: x for name, x in weights.items()}, prefix=prefix)
    check(layer, of_lstm(weights, "_l0"))


@pytest.mark.parametrize("suffix", ["", "_l0"])
def test_a_cell_and_a_layer_take_each_others_names(suffix):
    weights = rnn_weights(suffix=suffix)
    for layer in (layers.LSTM(2), layers.LSTMCell(2), layers.RNN(layers.LSTMCell(2))):
        layer.load_torch(weights)
        check(layer, of_lstm(weights, suffix))


def test_one_layer_of_several_and_a_stack_of_cells():
    first, second = rnn_weights("x."), rnn_weights("x.", features=2, suffix="_l1")
    one = layers.LSTM(2)
    one.load_torch(first | second, "x.*_l1")
    check(one, of_lstm({k[2:]: v for k, v in second.items()}, "_l1"))
    stack = layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)])
    stack.load_torch(first | second, "x.")
    both = {k[2:]: v for k, v in (first | second).items()}
    check(stack, of_lstm(both, "_l0") + of_lstm(both, "_l1"))


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_wrappers_of_the_module_are_taken_off(wrapper):
    weights = {f"{wrapper}fc.weight": np.ones((1, 2)), f"{wrapper}fc.bias": np.ones(1)}
    if wrapper.count(".") > 1:
        weights = {"module._orig_mod." + k.removeprefix(wrapper): x for k, x in weights.items()}
    check(maskseq.from_torch(weights, "Linear", prefix="fc."), [np.ones((2, 1)), np.ones(1)])


class Tensor:
    """What is all that is known of an array."""

    def __init__(self, array, *methods):
        self.array, self.methods = array, methods

    def __getattr__(self, name):
        if name not in object.__getattribute__(self, "methods"):
            raise AttributeError(name)
        return getattr(self, f"_{name}")

    def _detach(self):
        return Tensor(self.array, "cpu", "numpy")

    def _cpu(self):
        return Tensor(self.array, "numpy")

    def _numpy(self):
        return self.array

    def _float(self):
        return Tensor(self.array, "numpy")


class Half(Tensor):
    def _numpy(self):
        raise TypeError("Got unsupported ScalarType BFloat16")


class ByProtocol:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


class ByDLPack:
    def __init__(self, array):
        self.__dlpack__, self.__dlpack_device__ = array.__dlpack__, array.__dlpack_device__


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: x,
        lambda x: x.tolist(),
        lambda x: Tensor(x, "numpy"),
        lambda x: Tensor(x, "detach"),
        lambda x: Half(x, "numpy", "float"),
        ByProtocol,
        ByDLPack,
        lambda x: x.astype("f8"),
        lambda x: x.astype(">f4"),
    ],
)
def test_whatever_is_an_array(wrap):
    weight, bias = np.float32([[1, 2], [3, 4], [5, 6]]), np.float32([7, 8, 9])
    layer = layers.Dense(3)
    layer.load_torch({"weight": wrap(weight), "bias": wrap(bias)})
    check(layer, [weight.T, bias])


@pytest.mark.parametrize("other", ["text", None, object(), np.array(["a"])])
def test_what_is_no_array_is_refused(other):
    with pytest.raises(TypeError, match=r"weights\['weight'\]"):
        layers.Dense(3).load_torch({"weight": other, "bias": np.ones(3)})


@pytest.mark.parametrize("save", ["npz", "nested"])
def test_files_and_nested_dicts(tmp_path, save):
    weights = rnn_weights("model.lstm.")
    layer = layers.LSTM(2)
    if save == "npz":
        np.savez(tmp_path / "w.npz", **weights)
        layer.load_torch(tmp_path / "w.npz", "model.lstm.")
    else:
        inner = {k.removeprefix("model.lstm."): x for k, x in weights.items()}
        layer.load_torch({"epoch": 3, "model": {"lstm": inner}}, "model.lstm.")
    check(layer, of_lstm({k[11:]: x for k, x in weights.items()}, "_l0"))


def test_other_names():
    weights = dict(zip("abcd", rnn_weights().values(), strict=True))
    names = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), "abcd", strict=True))
    layer = layers.LSTM(2)
    layer.load_torch(weights, names=names)
    check(layer, [weights["a"].T, weights["b"].T, weights["c"] + weights["d"]])


def onnx_lstm(directions=1, gates="iofc", features=3, units=2):
    """Initializers, and the same in PyTorch's form: gates by name, put together anew."""
    order = {"iofc": "ifco", "zrh": "rzh"}[gates]
    parts = [
        {g: (RNG.random((units, features)), RNG.random((units, units)), *RNG.random((2, units)))
         for g in gates}
        for _ in range(directions)
    ]  # fmt: skip
    w, r, b, c = (
        np.stack([np.concatenate([p[g][i] for g in gates]) for p in parts]) for i in range(4)
    )
    torch = {}
    for number, part in enumerate(parts):
        for i, name in enumerate(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
            key = f"{name}_l0{'_reverse' * number}"
            torch[key] = np.concatenate([part[g][i] for g in order])
    return {"W": w, "R": r, "B": np.concatenate([b, c], axis=1)}, torch


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("kind, gates", [("LSTM", "iofc"), ("GRU", "zrh")])
@pytest.mark.parametrize("biases", [True, False])
def test_initializers_of_onnx(directions, kind, gates, biases):
    onnx, torch = onnx_lstm(directions, gates)
    if not biases:
        del onnx["B"]
        torch = {k: x for k, x in torch.items() if not k.startswith("bias")}
    renamed = {f"onnx::{k}_7": x for k, x in onnx.items()}
    built = maskseq.from_torch(renamed, kind, names={k: f"onnx::{k}_7" for k in onnx})
    wanted = maskseq.from_torch(torch, kind)
    assert type(built) is type(wanted)
    check(built, wanted.get_weights())


def test_onnx_needs_as_many_directions():
    onnx, _ = onnx_lstm(2)
    with pytest.raises(ValueError, match=r"'W' must have shape \(1, 8, 3\), got \(2, 8, 3\)"):
        layers.LSTM(2).load_torch(onnx)


def model():
    return maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(5, 3, mask_zero=True, name="embedding"),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="lstm"),
            layers.LSTM(2, name="second"),
            layers.Dense(1, name="fc"),
        ]
    )


def of_model():
    weights = {"embedding.weight": RNG.random((5, 3))}
    weights |= rnn_weights("lstm.") | rnn_weights("lstm.", suffix="_l0_reverse")
    weights |= rnn_weights("top.", features=4, suffix="_l3")
    return weights | {"fc.weight": RNG.random((1, 2)), "fc.bias": RNG.random(1)}


def test_models_go_by_the_names_of_their_layers():
    weights, whole = of_model(), model()
    whole.load_torch(weights, names={"second": "top.*_l3"})
    np.testing.assert_allclose(whole.layers[0].get_weights()[0], weights["embedding.weight"])
    second = {k[4:]: x for k, x in weights.items() if k.startswith("top.")}
    check(whole.get_layer("second"), of_lstm(second, "_l3"))
    nested = {f"{whole.name}.{k}": x for k, x in weights.items()}
    again = maskseq.Sequential([model()])
    again.layers[0].name = whole.name
    again.load_torch(nested, names={whole.name: {"second": "top.*_l3"}})
    check(again, whole.get_weights())


def test_a_model_says_what_is_missing_left_over_or_unknown_and_stays_as_it_was():
    whole, weights = model(), of_model()
    before = whole.get_weights()
    names = {"second": "top.*_l3"}
    with pytest.raises(ValueError, match=r"layer 'second' \(LSTM\): no 'second.weight_ih'"):
        whole.load_torch(weights)
    with pytest.raises(ValueError, match=r"no layer takes: \['more.x'\]"):
        whole.load_torch({**weights, "more.x": np.zeros(1)}, names=names)
    with pytest.raises(ValueError, match=r"no layers with weights called \['third'\]"):
        whole.load_torch(weights, names={**names, "third": "x."})
    with pytest.raises(ValueError, match="'fc.weight' must have shape"):
        whole.load_torch({**weights, "fc.weight": np.zeros((2, 2))}, names=names)
    check(whole, before)


@pytest.mark.parametrize(
    "weights, kind, options, said",
    [
        (rnn_weights(gates=3), "LSTM", {}, "expected 4 gates, got 3, as of kind='GRU'"),
        (rnn_weights(), "GRU", {}, "expected 3 gates, got 4, as of kind='LSTM'"),
        (rnn_weights() | {"weight_hr_l0": np.ones((1, 2))}, "LSTM", {}, "proj_size"),
        (rnn_weights(), "Transformer", {}, "kind must be one of LSTM, GRU"),
        ({"weight": np.ones((4, 2))}, "Embedding", {"padding_idx": 1}, "Exchange ids 0 and 1"),
        ({"weight": np.ones((2, 2, 3))}, "Conv1d", {"padding": 2}, "ZeroPadding1D"),
        ({"in_proj_weight": np.ones((12, 4))}, "MultiheadAttention", {"num_heads": 3}, "divide 4"),
        ({"lstm.weight": np.ones(3)}, "LSTM", {}, r"no 'weight_hh' in the weights; they have \['l"),
    ],
)
def test_what_does_not_fit_is_named(weights, kind, options, said):
    with pytest.raises(ValueError, match=said):
        maskseq.from_torch(weights, kind, **options)


def test_options_are_those_of_the_kind():
    with pytest.raises(TypeError, match="kind='Linear' has no option 'bias'; it has"):
        maskseq.from_torch({"weight": np.ones((1, 1))}, "Linear", bias=True)
    with pytest.raises(TypeError, match="kind='MultiheadAttention' needs num_heads="):
        maskseq.from_torch({}, "MultiheadAttention")
    with pytest.raises(TypeError, match="weights must be a dict of arrays"):
        maskseq.from_torch([1], "Linear")


@pytest.mark.parametrize(
    "layer, said",
    [
        (layers.LSTM(2, recurrent_activation="hard_sigmoid"), "recurrent_activation must be sigm"),
        (layers.LSTM(2, activation="relu"), "activation must be tanh, as in PyTorch, got relu"),
        (layers.LSTM(3), r"must have shape \(12, 3\), got \(8, 3\)"),
    ],
)
def test_layers_that_compute_something_else_are_refused(layer, said):
    with pytest.raises(ValueError, match=said):
        layer.load_torch(rnn_weights())


def test_gru_without_reset_after_is_refused():
    with pytest.raises(ValueError, match="reset_after must be True"):
        layers.GRU(2, reset_after=False).load_torch(rnn_weights(gates=3))


def test_second_layers_are_pointed_at():
    weights = rnn_weights() | rnn_weights(features=2, suffix="_l1")
    with pytest.raises(ValueError, match=re.escape("prefix='lstm.*_l1'")):
        layers.LSTM(2).load_torch(weights)


def test_layers_that_torch_does_not_have():
    with pytest.raises(TypeError, match="layer 'crf'.*known are .*Dense.*set_weights"):
        layers.CRF(name="crf").load_torch({})


@pytest.mark.parametrize("epsilon, warns", [(1e-3, True), (1e-5, False)])
def test_the_epsilon_of_keras_is_told(epsilon, warns, recwarn):
    layer = layers.LayerNormalization(epsilon=epsilon)
    layer.load_torch({"weight": np.ones(3), "bias": np.zeros(3)})
    assert any("PyTorch's is 1e-05" in str(w.message) for w in recwarn) is warns


def test_padding_idx_makes_the_mask():
    table = np.ones((4, 2), "f4")
    assert maskseq.from_torch({"weight": table}, "Embedding", padding_idx=0).mask_zero
    assert not maskseq.from_torch({"weight": table}, "Embedding").mask_zero


def test_torch_is_not_imported():
    code = (
        "import sys, numpy, maskseq; maskseq.from_torch({'weight': numpy.ones((1, 1))}, 'Linear');"
        "assert not {'torch', 'safetensors'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
