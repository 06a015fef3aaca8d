"""Configs of Keras 2.0 to 2.15 and tf_keras in Keras 3's words.

What Keras 3 calls otherwise, means otherwise or starts from otherwise is translated, and what has
no effect on an answer is left out, before a class is chosen. Source: get_config of the layers in
keras 2.0.8 to 2.15.0.
"""

import re
from typing import Any, NamedTuple

from ..errors import FormatError


class Version(NamedTuple):
    """The version of Keras that wrote a file; of_tensorflow: it was part of it, as 2.2.4-tf."""

    major: int
    minor: int
    of_tensorflow: bool = False

    @classmethod
    def parse(cls, text: object, path: str) -> "Version":
        """The version in a text; a file without one is older than Keras 2.0.9."""
        if text is None:
            return cls(2, 0)
        found = re.match(r"(\d{1,4})\.(\d{1,4})[\d.]*(-tf)?", text if isinstance(text, str) else "")
        if found is None:
            raise FormatError(path, f"keras_version is {str(text)[:40]!r}")
        return cls(int(found[1]), int(found[2]), found[3] is not None)


CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
"""Classes of Keras 2 that Keras 3 has under another name."""

_RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}}
_CONSTANTS = {"num_constants": (None, 0)}
# Options that Keras 3 has not: with one of these values they mean nothing; () = with any.
_UNUSED: dict[str, dict[str, Any]] = {
    "AdditiveAttention": {"causal": (False, None)},
    "Attention": {"causal": (False, None)},
    "BatchNormalization": {"virtual_batch_size": (None,), "fused": (), "adjustment": (None,)},
    "Bidirectional": _CONSTANTS,
    "Conv1DTranspose": {"groups": (1, None)},
    "DepthwiseConv1D": {"groups": (1, None), "filters": ()},
    "Embedding": {"sparse": ()},
    "GRU": _CONSTANTS,
    "LSTM": _CONSTANTS,
    "MultiHeadAttention": dict.fromkeys(("query_shape", "key_shape", "value_shape"), ()),
    "RNN": _CONSTANTS,
    "SeparableConv1D": {"groups": (1, None)},
    "SimpleRNN": _CONSTANTS,
    "SpatialDropout1D": {"noise_shape": ()},
}
_OF_ANY = {"dynamic": (), "expects_training_arg": (), "input_dtype": ()}
_ACTIVATIONS = {
    "hard_sigmoid": "hard_sigmoid_keras2",
    "log_softmax_v2": "log_softmax",
    "softmax_v2": "softmax",
}


def class_in_keras3(class_name: str) -> str:
    """The name in Keras 3 of a class of Keras 2."""
    return CLASSES.get(class_name, class_name)


def config_in_keras3(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """The config in Keras 3's words; class_name: as in the file, or the known class behind it."""
    config = {key: _plain(value) for key, value in config.items()}
    name = class_in_keras3(class_name)
    for old, new in _RENAMED.get(name, {}).items():
        if old in config:
            config[new] = config.pop(old)
    for key, meaningless in {**_OF_ANY, **_UNUSED.get(name, {})}.items():
        if key in config and (not meaningless or config[key] in meaningless):
            del config[key]
    if class_name == "CuDNNGRU":
        config["reset_after"] = True
    if name in ("GRU", "GRUCell"):
        config.setdefault("reset_after", False)
    axis = config.get("axis")
    if name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    for key in ("activation", "recurrent_activation"):
        if isinstance(config.get(key), str):
            config[key] = _ACTIVATIONS.get(config[key], config[key])
    return config


def call_options(class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """What is an argument of each call in Keras 3 is taken out of the config."""
    if class_name in ("Attention", "AdditiveAttention") and config.pop("causal", None):
        return {"use_causal_mask": True}  # until 2.9
    return {}


def _plain(value: Any) -> Any:
    """Arrays and tuples, which Keras 2 writes as dicts, as lists."""
    if isinstance(value, dict):
        if value.keys() == {"type", "value"}:
            return value["value"]
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return _plain(value["items"])
        return value
    return [_plain(item) for item in value] if isinstance(value, list) else value
