"""Models of convolutions beside Keras on JAX and PyTorch: one thread, CPU time, in turns.

    python -m benchmarks.conv.models [--rounds 10]

Every model is made in Keras and read by maskseq from its file; PyTorch runs the same weights. The
ratio is the time of the fastest peer divided by ours; all are minima.
"""

import argparse
import os
import tempfile
import time
from typing import Any

os.environ |= {
    "KERAS_BACKEND": "jax",
    "MASKSEQ_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

import jax
import keras
import numpy as np
import torch
from keras import layers

import maskseq
from benchmarks.lengths import long_tailed


def three() -> keras.Model:
    """Convolutions of 3, 5 and 5 steps, 128 filters each."""
    conv = [layers.Conv1D(128, k, padding="same", activation="relu") for k in (3, 5, 5)]
    return keras.Sequential([keras.Input((None, 128)), *conv])


def dilated() -> keras.Model:
    """Eight residual blocks, each twice as dilated as the one before, 64 filters."""
    x = inputs = keras.Input((None, 64))
    for i in range(8):
        y = layers.Conv1D(64, 3, padding="causal", dilation_rate=2**i, activation="relu")(x)
        x = layers.Add()([x, layers.Conv1D(64, 1)(y)])
    return keras.Model(inputs, x)


def recurrent() -> keras.Model:
    """Two convolutions with strides and an LSTM."""
    conv = [layers.Conv1D(128, 5, 2, "same", activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((None, 80)), *conv, layers.LSTM(128)])


def stream() -> keras.Model:
    """A chunk of 512 samples: windows of 256, three convolutions, and a step of an LSTM."""
    x = inputs = keras.Input((512, 1))
    state = [keras.Input((128,)), keras.Input((128,))]
    x = layers.Conv1D(128, 256, strides=64, activation="relu")(x)
    for filters, strides in [(128, 1), (64, 2), (128, 2)]:
        x = layers.Conv1D(filters, 3, strides, "same", activation="relu")(x)
    y, h, c = layers.LSTM(128, return_state=True)(x, initial_state=state)
    return keras.Model([inputs, *state], [layers.Dense(1, activation="sigmoid")(y), h, c])


def of_torch(layer) -> Any:
    """What a layer of Keras does, with its weights."""
    w = [torch.tensor(np.asarray(v.value)) for v in layer.weights]
    if isinstance(layer, layers.Conv1D):
        kernel = w[0].permute(2, 1, 0).contiguous()
        size, stride, dilation = layer.kernel_size[0], layer.strides[0], layer.dilation_rate[0]
        span = (size - 1) * dilation + 1
        activation = torch.relu if layer.activation is keras.activations.relu else lambda y: y

        def conv(x):
            missing = max((-(-x.shape[2] // stride) - 1) * stride + span - x.shape[2], 0)
            ends = {"same": missing // 2, "causal": span - 1, "valid": 0}[layer.padding]
            after = missing - ends if layer.padding == "same" else 0
            x = torch.nn.functional.pad(x, (ends, after)) if ends or after else x
            y = torch.nn.functional.conv1d(x, kernel, w[1], stride, dilation=dilation)
            return activation(y)

        return conv
    lstm = torch.nn.LSTM(w[0].shape[0], layer.units, batch_first=True)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w = [w[0].T, w[1].T, w[2], torch.zeros_like(w[2])]
    lstm.load_state_dict(dict(zip(names, w, strict=True)))
    return lstm


def torch_model(name: str, model: keras.Model):
    """A function of the inputs, with windows over the last axis."""
    runs: list[Any] = [
        of_torch(x) for x in model.layers if isinstance(x, layers.Conv1D | layers.LSTM)
    ]
    dense = [torch.tensor(np.asarray(v.value)) for v in model.layers[-1].weights]

    def run(x, *state):
        y = torch.from_numpy(x).transpose(1, 2).contiguous()
        with torch.inference_mode():
            if name == "dilated":
                for a, b in zip(runs[::2], runs[1::2], strict=True):
                    y = y + b(a(y))
                return [y.transpose(1, 2)]
            for layer in runs:
                if isinstance(layer, torch.nn.LSTM):
                    given = tuple(torch.from_numpy(s)[None] for s in state) or None
                    out, (h, c) = layer(y.transpose(1, 2), given)
                    if not state:
                        return [out[:, -1]]
                    return [torch.sigmoid(h[0] @ dense[0] + dense[1]), h[0], c[0]]
                y = layer(y)
            return [y.transpose(1, 2)]

    return run


def padded(rng, batch, steps, features):
    x = rng.normal(size=(batch, steps, features)).astype(np.float32)
    for row, length in zip(x, long_tailed(rng, batch, steps), strict=True):
        row[length:] = 0
    return x


def compare(name: str, make, inputs: list[np.ndarray], rounds: int) -> None:
    model = make()
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        ours = maskseq.load_model(f"{folder}/model.keras")
    weights, fixed = (
        [v.value for v in held]
        for held in (model.trainable_variables, model.non_trainable_variables)
    )
    one = len(inputs) == 1
    compiled = jax.jit(lambda *x: model.stateless_call(weights, fixed, x[0] if one else list(x))[0])
    other = torch_model(name, model)
    calls = {
        "ours": lambda: ours.predict_on_batch(inputs[0] if one else inputs),
        "keras-jax": lambda: jax.block_until_ready(compiled(*inputs)),
        "torch": lambda: other(*inputs),
    }
    answers = [
        [np.asarray(y) for y in (z if isinstance(z, list | tuple) else [z])]
        for z in (call() for call in calls.values())
    ]
    for answer in answers[1:]:
        for y, want in zip(answers[0], answer, strict=True):
            np.testing.assert_allclose(y, want, rtol=1e-3, atol=1e-4)
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for key, call in calls.items():
            started = time.process_time()
            call()
            best[key] = min(best[key], time.process_time() - started)
    ratio = min(best["keras-jax"], best["torch"]) / best["ours"]
    print(f"{name:12}", *(f"{k} {1e3 * v:8.2f} ms" for k, v in best.items()), f"ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    state = [np.zeros((1, 128), np.float32)] * 2
    samples = rng.normal(size=(1, 512, 1)).astype(np.float32)
    compare("three", three, [padded(rng, 64, 200, 128)], rounds)
    compare("three full", three, [rng.normal(size=(16, 200, 128)).astype(np.float32)], rounds)
    compare("dilated", dilated, [rng.normal(size=(1, 12000, 64)).astype(np.float32)], rounds)
    compare("recurrent", recurrent, [rng.normal(size=(16, 400, 80)).astype(np.float32)], rounds)
    compare("stream", stream, [samples, *state], 20 * rounds)


if __name__ == "__main__":
    main()
