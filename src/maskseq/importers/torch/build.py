"""Layers and models built from PyTorch's weights: `from_torch`."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ...layers import (
    GRU,
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    GRUCell,
    Input,
    LayerNormalization,
    LSTMCell,
    MultiHeadAttention,
    SimpleRNN,
    SimpleRNNCell,
)
from ...layers.base.layer import Layer
from ...models import Model, Sequential
from ...variable import publish
from .attention import side_weights
from .load import values_of, who_is
from .recurrent import count_layers, features_of, units_and_gates
from .sources import Part, Source

_KEPT = "keras2"  # the rule under which attention leaves the mask on what a residual Add reads
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def from_torch(
    weights: Any,
    kind: str,
    *,
    prefix: str = "",
    names: Mapping[str, str] | None = None,
    name: str | None = None,
    **options: Any,
) -> Any:
    """A layer or model built from the weights of a PyTorch module; sizes are those of the weights.

    Parameters
    ----------
    weights : dict, str or os.PathLike
        A state_dict, or any dict of arrays by PyTorch's names (of safetensors, of numpy.load), or
        the path of a `.safetensors`, `.pt`, `.pth` or `.npz` file. PyTorch is not needed. Arrays
        are what has `.numpy()`, `__array__` or `__dlpack__`.
    kind : str
        Which module of torch.nn it is, with the options that no weight shows: "LSTM", "GRU", "RNN"
        (nonlinearity="tanh"): return_sequences=True, return_state; layers and directions are found.
        Masked steps put out zeros, as pad_packed_sequence has them. Or the initializers W, R and B
        of an ONNX node. "LSTMCell", "GRUCell", "RNNCell" (nonlinearity). "Embedding":
        padding_idx=None; 0 becomes mask_zero=True. "Linear": activation=None. "LayerNorm",
        "BatchNorm1d": eps=1e-5. "Conv1d": stride=1, padding=0, dilation=1, groups=1.
        "MultiheadAttention": num_heads. "TransformerEncoderLayer", "TransformerEncoder": num_heads,
        activation="relu", norm_first=False, layer_norm_eps=1e-5.
    prefix : str, default ""
        What stands before the names of the module, as "encoder.lstm.".
    names : dict, optional
        PyTorch's name of a weight -> that in the dict, where it is another.
    name : str, optional
        Of the layer.
    **options
        Options that no weight shows: see `kind`.

    Returns
    -------
    Layer or Model
        A built layer; a Sequential for several recurrent layers; a Model for an encoder. All are
        batch_first, and Conv1d takes (batch, time, channels).

    Raises
    ------
    ValueError
        Naming a weight that is missing, of another shape than expected, or left over; for an
        unknown `kind`.
    TypeError
        For an unknown option.
    OSError
        If the file cannot be read.

    See Also
    --------
    read_weights, load_model

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> weights = {"weight": np.ones((3, 2), "float32"), "bias": np.zeros(3, "float32")}
    >>> linear = maskseq.from_torch(weights, "Linear")
    >>> linear(np.ones((1, 2))).tolist()
    [[2.0, 2.0, 2.0]]
    """
    make = _MAKERS.get(kind)
    if make is None:
        raise ValueError(f"kind must be one of {', '.join(_MAKERS)}, got {kind!r}")
    known = [*inspect.signature(make).parameters][2:]
    if unknown := sorted(options.keys() - {*known}):
        raise TypeError(
            f"from_torch: kind={kind!r} has no option {unknown[0]!r}; it has {known or 'none'}"
        )
    needed = inspect.signature(make).parameters
    if missing := [x for x in known if x not in options and needed[x].default is _NEEDED]:
        raise TypeError(f"from_torch: kind={kind!r} needs {missing[0]}=")
    source = Source(weights)
    part = Part(source, prefix, f"from_torch(kind={kind!r})", names)
    built = make(part, name, **options)
    source.check_all_taken(part)
    return built


_NEEDED: Any = object()


def _loaded(layer: Any, part: Part) -> Any:
    """The layer with its weights."""
    found = [*values_of(layer, part.of(who_is(layer)))]
    publish([variable for variable, _ in found], [value for _, value in found])
    layer.built = True
    return layer


def _recurrent(kind: str, make: Callable[..., Layer]) -> Callable[..., Any]:
    def build(
        part: Part,
        name: str | None,
        return_sequences: bool = True,
        return_state: bool = False,
        nonlinearity: str = "tanh",
    ) -> Any:
        count, both = count_layers(part)
        stack: list[Any] = []
        for number in range(count):
            last = number == count - 1
            units, biases = _sizes(kind, part, number)
            options = {"activation": nonlinearity} if kind == "RNN" else {}
            layer: Any = make(
                units,
                use_bias=biases,
                return_sequences=return_sequences or not last,
                return_state=return_state and last,
                zero_output_for_mask=return_sequences or not last,
                name=name if count == 1 else None,
                **options,
            )
            layer = Bidirectional(layer, name=name if count == 1 else None) if both else layer
            stack.append(_loaded(layer, part if count == 1 else part.layer(number)))
        if count == 1:
            return stack[0]
        return Sequential([Input((None, features_of(part))), *stack], name=name)

    return build


def _sizes(kind: str, part: Part, number: int) -> tuple[int, bool]:
    units, gates, biases = units_and_gates(part, number)
    if gates != _GATES[kind]:
        other = [x for x, count in _GATES.items() if count == gates]
        told = f", as of kind={other[0]!r}" if other else ""
        raise ValueError(f"{part.who}: expected {_GATES[kind]} gates, got {gates}{told}")
    return units, biases


def _cell(kind: str, make: Callable[..., Layer]) -> Callable[..., Any]:
    def build(part: Part, name: str | None, nonlinearity: str = "tanh") -> Any:
        units, biases = _sizes(kind, part, 0)
        options = {"activation": nonlinearity} if kind == "RNN" else {}
        return _loaded(make(units, use_bias=biases, name=name, **options), part)

    return build


def _embedding(part: Part, name: str | None, padding_idx: int | None = None) -> Any:
    count, features = part.get("weight", (None, None)).shape
    if padding_idx not in (None, 0, -count):
        raise ValueError(
            f"padding_idx={padding_idx}: a mask is made of id 0 alone. Exchange ids 0 and "
            f"{padding_idx} in the data and rows 0 and {padding_idx} of the weight, or leave "
            f"padding_idx out and give lists, a Ragged or mask="
        )
    return _loaded(Embedding(count, features, mask_zero=padding_idx is not None, name=name), part)


def _linear(part: Part, name: str | None, activation: Any = None) -> Any:
    units, _ = part.get("weight", (None, None)).shape
    return _loaded(Dense(units, activation, use_bias="bias" in part, name=name), part)


def _layer_norm(part: Part, name: str | None, eps: float = 1e-5) -> Any:
    part.get("weight", (None,))
    return _loaded(LayerNormalization(epsilon=eps, center="bias" in part, name=name), part)


def _batch_norm(part: Part, name: str | None, eps: float = 1e-5) -> Any:
    affine = "weight" in part
    layer = BatchNormalization(epsilon=eps, center=affine, scale=affine, name=name)
    return _loaded(layer, part)


def _conv1d(
    part: Part,
    name: str | None,
    stride: int = 1,
    padding: int | str = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Any:
    filters, _, width = part.get("weight", (None, None, None)).shape
    even = isinstance(padding, int) and 2 * padding == dilation * (width - 1) and stride == 1
    how = {0: "valid", "valid": "valid", "same": "same"}.get(padding, "same" if even else None)
    if how is None:
        raise ValueError(
            f"padding={padding!r}: only 0, 'valid', 'same' and what gives as many steps as it gets "
            f"are known. Put ZeroPadding1D({padding!r}) before a layer of padding=0"
        )
    layer = Conv1D(
        filters,
        width,
        strides=stride,
        padding=how,
        dilation_rate=dilation,
        groups=groups,
        use_bias="bias" in part,
        name=name,
    )
    return _loaded(layer, part)


def _heads(part: Part, name: str | None, num_heads: int = _NEEDED, **rule: Any) -> Any:
    features = side_weights(part)[0].shape[0]
    if num_heads < 1 or features % num_heads:
        raise ValueError(f"{part.who}: num_heads must divide {features}, got {num_heads}")
    width, biases = features // num_heads, "in_proj_bias" in part
    layer = MultiHeadAttention(num_heads, width, use_bias=biases, name=name, **rule)
    return _loaded(layer, part)


def _attention(part: Part, name: str | None, num_heads: int = _NEEDED) -> Any:
    return _heads(part, name, num_heads)


def _encoder_layer(
    part: Part,
    name: str | None,
    num_heads: int = _NEEDED,
    activation: Any = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
) -> Any:
    x = inputs = Input((None, part.get("norm1.weight", (None,)).shape[0]))
    x = _encoded(x, part, "", num_heads, activation, norm_first, layer_norm_eps)
    return Model(inputs, x, name=name)


def _encoder(
    part: Part,
    name: str | None,
    num_heads: int = _NEEDED,
    activation: Any = "relu",
    norm_first: bool = False,
    layer_norm_eps: float = 1e-5,
) -> Any:
    x = inputs = Input((None, part.get("layers.0.norm1.weight", (None,)).shape[0]))
    number = 0
    while f"layers.{number}.norm1.weight" in part:
        inner = part.module(f"layers.{number}")
        begin = f"layers.{number}."
        x = _encoded(x, inner, begin, num_heads, activation, norm_first, layer_norm_eps)
        number += 1
    if "norm.weight" in part:
        x = _layer_norm(part.module("norm"), "norm", layer_norm_eps)(x)
    return Model(inputs, x, name=name)


def _encoded(
    x: Any, part: Part, begin: str, heads: int, activation: Any, norm_first: bool, eps: float
) -> Any:
    """The calls of a TransformerEncoderLayer, by layers with PyTorch's names."""

    def inner(make: Callable[..., Any], name: str, *options: Any, **others: Any) -> Any:
        return make(part.module(name), f"{begin}{name}", *options, **others)

    attention = inner(_heads, "self_attn", heads, mask_rule=_KEPT)
    first, second = (inner(_layer_norm, f"norm{number}", eps) for number in (1, 2))
    wide, narrow = inner(_linear, "linear1", activation), inner(_linear, "linear2")
    add_attended, add_wide = (Add(name=f"{begin}add{number}") for number in (1, 2))
    if norm_first:
        y = first(x)
        x = add_attended([x, attention(y, y)])
        return add_wide([x, narrow(wide(second(x)))])
    x = first(add_attended([x, attention(x, x)]))
    return second(add_wide([x, narrow(wide(x))]))


_MAKERS: dict[str, Callable[..., Any]] = {
    "LSTM": _recurrent("LSTM", LSTM),
    "GRU": _recurrent("GRU", GRU),
    "RNN": _recurrent("RNN", SimpleRNN),
    "LSTMCell": _cell("LSTM", LSTMCell),
    "GRUCell": _cell("GRU", GRUCell),
    "RNNCell": _cell("RNN", SimpleRNNCell),
    "Embedding": _embedding,
    "Linear": _linear,
    "LayerNorm": _layer_norm,
    "BatchNorm1d": _batch_norm,
    "Conv1d": _conv1d,
    "MultiheadAttention": _attention,
    "TransformerEncoderLayer": _encoder_layer,
    "TransformerEncoder": _encoder,
}
