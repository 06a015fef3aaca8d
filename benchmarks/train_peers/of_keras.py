"""maskseq and Keras at a work: the same code trains both."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.train_peers import block, vowels
from benchmarks.train_peers.works import TWO_WAYS, VOCABULARY, Data, Work


def with_maskseq(work: Work, data: Data) -> tuple[Callable[[], list], Callable[[], Any]]:
    import maskseq
    from maskseq import Ragged

    model = _model(maskseq, work, masking=False)
    x = Ragged(data.x[data.real], np.append(0, np.cumsum(data.lengths)))
    y = Ragged(data.y[data.real], x.offsets) if work.steps else data.y
    return _of_model(maskseq, model, work, data, x, y)


def with_keras(work: Work, data: Data) -> tuple[Callable[[], list], Callable[[], Any]]:
    import keras

    return _of_model(keras, _model(keras, work, masking=True), work, data, data.x, data.y)


def _model(package: Any, work: Work, masking: bool) -> Any:
    if work.kind == "block":
        return block.model(package, work, masking and work.lengths != "full")
    layers = package.layers
    made: list[Any] = [package.Input((None, work.features))]
    if work.kind == "text":
        made = [package.Input((None,), dtype="int32")]
        made.append(layers.Embedding(VOCABULARY, work.features, mask_zero=True))
    elif masking and work.lengths != "full":
        made.append(layers.Masking(0.0))
    recurrent = layers.GRU if work.kind == "gru" else layers.LSTM
    layer = recurrent(work.units, return_sequences=work.steps)
    made.append(layers.Bidirectional(layer) if work.kind in TWO_WAYS else layer)
    return package.Sequential([*made, layers.Dense(work.outputs)])


def _of_model(
    package: Any, model: Any, work: Work, data: Data, x: Any, y: Any
) -> tuple[Callable[[], list], Callable[[], Any]]:
    def loss() -> Any:
        if work.steps or work.kind == "vowels":
            return package.losses.SparseCategoricalCrossentropy(from_logits=True)
        return "mse"

    def gradients() -> list[np.ndarray]:
        model.set_weights(data.weights)
        model.compile(package.optimizers.SGD(1.0), loss())
        model.train_on_batch(x, y)
        return [a - np.asarray(b) for a, b in zip(data.weights, model.get_weights(), strict=True)]

    def prepare() -> Callable[[], Any]:
        model.set_weights(data.weights)
        model.compile(package.optimizers.Adam(1e-4), loss())
        return (
            vowels.epoch(model, x, y)
            if work.kind == "vowels"
            else lambda: model.train_on_batch(x, y)
        )

    return gradients, prepare
