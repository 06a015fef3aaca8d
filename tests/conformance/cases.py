"""Every layer that Keras and maskseq share, with its main options: one line each."""

import numpy as np

from tests.conformance.cases_preprocessing import PREPROCESSING
from tests.conformance.harness import TIME, WAYS, Case

SOME = np.random.default_rng(11).random((TIME, TIME)) > 0.5
BY_HAND = WAYS[:2]  # where Masking cannot come before the layer


def _recurrent() -> list[Case]:
    options = {
        "last": {},
        "sequences": {"return_sequences": True},
        "sequences state": {"return_sequences": True, "return_state": True},
        "last state": {"return_state": True},
        "backwards": {"go_backwards": True},
        "backwards sequences": {"go_backwards": True, "return_sequences": True},
        "zero": {"zero_output_for_mask": True},
        "zero sequences": {"zero_output_for_mask": True, "return_sequences": True},
        "zero backwards": {
            "zero_output_for_mask": True,
            "go_backwards": True,
            "return_sequences": True,
        },
        "zero backwards last": {"zero_output_for_mask": True, "go_backwards": True},
        "no bias": {"use_bias": False},
    }
    made = {
        "LSTM": lambda L, **k: L.LSTM(3, **k),
        "GRU": lambda L, **k: L.GRU(3, **k),
        "GRU reset before": lambda L, **k: L.GRU(3, reset_after=False, **k),
        "SimpleRNN": lambda L, **k: L.SimpleRNN(3, **k),
    }
    cases = [
        Case(f"{name} {option}", lambda L, make=make, k=k: make(L, **k))
        for name, make in made.items()
        for option, k in options.items()
    ]
    cells = {
        "RNN LSTMCell": lambda L: L.LSTMCell(3),
        "RNN GRUCell": lambda L: L.GRUCell(3),
        "RNN SimpleRNNCell": lambda L: L.SimpleRNNCell(3),
        "RNN stack": lambda L: L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(5)]),
        "RNN list": lambda L: [L.GRUCell(3), L.GRUCell(3)],
    }
    for name, cell in cells.items():
        for option in ("last", "sequences", "zero sequences"):
            cases.append(
                Case(
                    f"{name} {option}",
                    lambda L, cell=cell, k=options[option]: L.RNN(cell(L), **k),
                )
            )
    return cases


def _activations() -> list[Case]:
    gates = ("sigmoid", "hard_sigmoid", "relu", "tanh", "linear")
    return [
        Case(
            f"LSTM {a} {g}",
            lambda L, a=a, g=g: L.LSTM(
                3, activation=a, recurrent_activation=g, return_sequences=True
            ),
            ways=("eager",),
            layouts=("mixed",),
        )
        for a in ("tanh", "relu", "softsign", "elu", "linear", "sigmoid")
        for g in gates[:2]
    ]


def _convolutional_recurrent() -> list[Case]:
    unmasked = {"layouts": ("none",)}  # with a mask Keras on JAX fails
    same = {"padding": "same", "return_sequences": True}
    return [
        Case("ConvLSTM1D last", lambda L: L.ConvLSTM1D(3, 2), ("images",), **unmasked),
        Case("ConvLSTM1D same", lambda L: L.ConvLSTM1D(3, 3, **same), ("images",), **unmasked),
    ]


def _with_states() -> list[Case]:
    def lstm(layer, x, h, c):
        return layer(x, initial_state=[h, c])

    def gru(layer, x, h):
        return layer(x, initial_state=h)

    def both(layer, x, *states):
        return layer(x, initial_state=list(states))

    one, two = ("sequence", "state"), ("sequence", "state", "state 2")
    four = (*two, "state 3", "state 4")
    full = {"return_sequences": True, "return_state": True}
    return [
        Case("LSTM initial_state", lambda L: L.LSTM(3, **full), two, lstm),
        Case("LSTM initial_state last", lambda L: L.LSTM(3), two, lstm),
        Case("GRU initial_state", lambda L: L.GRU(3, **full), one, gru),
        Case("SimpleRNN initial_state", lambda L: L.SimpleRNN(3, **full), one, gru),
        Case(
            "Bidirectional LSTM initial_state",
            lambda L: L.Bidirectional(L.LSTM(3, **full)),
            four,
            both,
        ),
    ]


def _bidirectional() -> list[Case]:
    cases = [
        Case(
            f"Bidirectional {mode} {'sequences' if sequences else 'last'}"
            f"{' state' if state else ''}",
            lambda L, mode=mode, sequences=sequences, state=state: L.Bidirectional(
                L.LSTM(3, return_sequences=sequences, return_state=state), merge_mode=mode
            ),
        )
        for mode in ("concat", "sum", "mul", "ave", None)
        for sequences in (True, False)
        for state in (True, False)
    ]
    return [
        *cases,
        Case("Bidirectional GRU", lambda L: L.Bidirectional(L.GRU(3, return_sequences=True))),
        Case(
            "Bidirectional zero_output_for_mask",
            lambda L: L.Bidirectional(L.LSTM(3, zero_output_for_mask=True)),
        ),
        Case(
            "Bidirectional backward_layer",
            lambda L: L.Bidirectional(
                L.LSTM(3, return_sequences=True),
                backward_layer=L.GRU(5, return_sequences=True, go_backwards=True),
            ),
        ),
        Case(
            "Bidirectional of RNN",
            lambda L: L.Bidirectional(L.RNN(L.GRUCell(3), return_sequences=True)),
        ),
    ]


def _core() -> list[Case]:
    ids = ("ids",)
    return [
        Case("Embedding mask_zero", lambda L: L.Embedding(9, 3, mask_zero=True), ids),
        Case("Embedding", lambda L: L.Embedding(9, 3), ids),
        Case("ReversibleEmbedding", lambda L: L.ReversibleEmbedding(9, 3), ids),
        Case("SpectralNormalization", lambda L: L.SpectralNormalization(L.Dense(3))),
        Case("Masking", lambda L: L.Masking()),
        Case("Masking value", lambda L: L.Masking(mask_value=-1.0)),
        Case("Dense", lambda L: L.Dense(3)),
        Case("Dense relu", lambda L: L.Dense(3, activation="relu", use_bias=False)),
        Case("Dense softmax", lambda L: L.Dense(3, activation="softmax")),
        Case("Dense images", lambda L: L.Dense(3), ("images",)),
        Case("Activation tanh", lambda L: L.Activation("tanh")),
        Case("Activation softmax", lambda L: L.Activation("softmax")),
        Case("Dropout", lambda L: L.Dropout(0.5)),
        Case("SpatialDropout1D", lambda L: L.SpatialDropout1D(0.5)),
        Case("GaussianDropout", lambda L: L.GaussianDropout(0.5)),
        Case("GaussianNoise", lambda L: L.GaussianNoise(0.5)),
        Case("AlphaDropout", lambda L: L.AlphaDropout(0.5)),
        Case("ActivityRegularization", lambda L: L.ActivityRegularization(l1=0.1)),
        Case("Identity", lambda L: L.Identity()),
        Case("Softmax flat", lambda L: L.Softmax(), ("numbers",), ways=BY_HAND),
        Case("Softmax", lambda L: L.Softmax(), layouts=("none",)),
        Case("Softmax axis", lambda L: L.Softmax(axis=1), layouts=("none",)),
        Case("Softmax axes", lambda L: L.Softmax(axis=(1, 2)), layouts=("none",)),
        Case("TimeDistributed", lambda L: L.TimeDistributed(L.Dense(3))),
        Case("TimeDistributed images", lambda L: L.TimeDistributed(L.Dense(3)), ("images",)),
        Case(
            "TimeDistributed LSTM",
            lambda L: L.TimeDistributed(L.LSTM(3)),
            ("images",),
            layouts=("none",),
        ),
        Case("TimeDistributed Masking", lambda L: L.TimeDistributed(L.Masking()), ("images",)),
        Case("ReLU", lambda L: L.ReLU()),
        Case("ReLU options", lambda L: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)),
        Case("LeakyReLU", lambda L: L.LeakyReLU(0.2)),
        Case("PReLU", lambda L: L.PReLU(shared_axes=[1])),
        Case("ELU", lambda L: L.ELU(0.7)),
        Case("EinsumDense", lambda L: L.EinsumDense("btf,fu->btu", (None, 3), bias_axes="u")),
    ]


def _shape() -> list[Case]:
    return [
        Case("Flatten", lambda L: L.Flatten(), ways=("eager",)),
        Case("Reshape", lambda L: L.Reshape((3, 8)), ways=("eager",)),
        Case("Reshape flat", lambda L: L.Reshape((-1, 2))),
        Case("Permute", lambda L: L.Permute((2, 1)), ways=("eager",)),
        Case("RepeatVector", lambda L: L.RepeatVector(4), ("state",), layouts=("none",)),
        Case("Cropping1D", lambda L: L.Cropping1D((1, 2))),
        Case("ZeroPadding1D", lambda L: L.ZeroPadding1D((1, 2))),
        Case("UpSampling1D", lambda L: L.UpSampling1D(2)),
        Case("LayerNormalization", lambda L: L.LayerNormalization()),
        Case("LayerNormalization bare", lambda L: L.LayerNormalization(center=False, scale=False)),
        Case("RMSNormalization", lambda L: L.RMSNormalization()),
        Case("BatchNormalization", lambda L: L.BatchNormalization()),
        Case("UnitNormalization", lambda L: L.UnitNormalization()),
        Case("GroupNormalization", lambda L: L.GroupNormalization(2), ("images",)),
        Case("GroupNormalization 1D", lambda L: L.GroupNormalization(2)),
        Case("GAP1D", lambda L: L.GlobalAveragePooling1D(), zero_for_nan=True),
        Case(
            "GAP1D keepdims", lambda L: L.GlobalAveragePooling1D(keepdims=True), zero_for_nan=True
        ),
        Case("GMP1D", lambda L: L.GlobalMaxPooling1D()),
        Case("AveragePooling1D", lambda L: L.AveragePooling1D(2)),
        Case("AveragePooling1D same", lambda L: L.AveragePooling1D(3, 2, padding="same")),
        Case("MaxPooling1D", lambda L: L.MaxPooling1D(2)),
        Case("MaxPooling1D same", lambda L: L.MaxPooling1D(3, 2, padding="same")),
        Case("Conv1D", lambda L: L.Conv1D(3, 3)),
        Case("Conv1D same", lambda L: L.Conv1D(3, 3, padding="same", activation="relu")),
        Case("Conv1D causal", lambda L: L.Conv1D(3, 3, padding="causal", dilation_rate=2)),
        Case("Conv1D strides", lambda L: L.Conv1D(3, 3, strides=2, padding="same", use_bias=False)),
        Case("Conv1DTranspose", lambda L: L.Conv1DTranspose(3, 3, activation="tanh")),
        Case("Conv1DTranspose strides", lambda L: L.Conv1DTranspose(3, 2, 3, use_bias=False)),
        Case("Conv1DTranspose same", lambda L: L.Conv1DTranspose(3, 4, 2, padding="same")),
        Case("DepthwiseConv1D", lambda L: L.DepthwiseConv1D(3, depth_multiplier=2)),
        Case("SeparableConv1D", lambda L: L.SeparableConv1D(3, 3, padding="same")),
    ]


def _merge() -> list[Case]:
    pair = ("sequence", "other")
    layouts = ("mixed", "second only", "none")
    kinds = ("Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum", "Concatenate")
    return [
        *[
            Case(kind, lambda L, kind=kind: getattr(L, kind)(), pair, layouts=layouts)
            for kind in kinds
        ],
        Case("Concatenate time", lambda L: L.Concatenate(axis=1), pair, layouts=layouts),
        Case("Dot", lambda L: L.Dot(axes=2), pair, layouts=layouts),
        Case("Dot normalize", lambda L: L.Dot(axes=1, normalize=True), pair, layouts=layouts),
    ]


def _attention() -> list[Case]:
    pair = ("sequence", "other")
    layouts = ("mixed", "right", "second only", "none")

    def causal(layer, q, v):
        return layer([q, v], use_causal_mask=True)

    def scores(layer, q, v):
        return layer([q, v], return_attention_scores=True)

    def heads(layer, q, v):
        return layer(q, v)

    def heads_causal(layer, q, v):
        return layer(q, v, use_causal_mask=True)

    def heads_scores(layer, q, v):  # Keras's scores carry the mask of an inner Softmax, ours none
        output, scores = layer(q, v, return_attention_scores=True)
        return output, scores * 1

    def heads_mask(layer, q, v):
        return layer(q, v, attention_mask=SOME)

    def heads_mask_causal(layer, q, v):
        return layer(q, v, attention_mask=SOME[None], use_causal_mask=True)

    def three(layer, q, v, k):
        return layer([q, v, k])

    def heads_three(layer, q, v, k):
        return layer(q, v, key=k)

    def itself(layer, q):
        return layer(q, q)

    triple = ("sequence", "wide", "other")
    options = {
        "gate": {"use_gate": True},
        "window": {"sliding_window": 2},
        "dropout": {"dropout": 0.5},
    }
    calls = {
        "causal": heads_causal,
        "scores": heads_scores,
        "attention_mask": heads_mask,
        "attention_mask causal": heads_mask_causal,
    }
    made = {
        "MHA": lambda L, **k: L.MultiHeadAttention(2, 3, **k),
        "GQA": lambda L, **k: L.GroupQueryAttention(3, 4, 2, **k),
    }
    of_heads = [
        Case(f"{name} {option}", lambda L, m=m, k=k: m(L, **k), pair, heads, layouts=layouts)
        for name, m in made.items()
        for option, k in options.items()
    ] + [
        Case(f"{name} {how}", lambda L, m=m: m(L), pair, call, layouts=layouts)
        for name, m in made.items()
        for how, call in calls.items()
    ]

    return [
        Case("Attention", lambda L: L.Attention(), pair, layouts=layouts),
        Case("Attention scale", lambda L: L.Attention(use_scale=True), pair, layouts=layouts),
        Case("Attention concat", lambda L: L.Attention(score_mode="concat"), pair, layouts=layouts),
        Case("Attention causal", lambda L: L.Attention(), pair, causal, layouts=layouts),
        Case("Attention scores", lambda L: L.Attention(), pair, scores, layouts=layouts),
        Case("Attention three", lambda L: L.Attention(), triple, three, layouts=layouts),
        Case("AdditiveAttention three", lambda L: L.AdditiveAttention(), triple, three),
        Case("AdditiveAttention causal", lambda L: L.AdditiveAttention(), pair, causal),
        Case("AdditiveAttention scores", lambda L: L.AdditiveAttention(), pair, scores),
        Case("AdditiveAttention no scale", lambda L: L.AdditiveAttention(use_scale=False), pair),
        Case(
            "Attention concat scale",
            lambda L: L.Attention(use_scale=True, score_mode="concat"),
            pair,
            causal,
            layouts=layouts,
        ),
        *of_heads,
        Case(
            "MHA axis 1",
            lambda L: L.MultiHeadAttention(2, 3, attention_axes=1),
            ("images", "images"),
            heads,
            layouts=layouts,
            ways=("eager", "model, mask by hand"),  # Masking would make a mask of 3 axes
        ),
        Case(
            "MHA axis 2 scores",
            lambda L: L.MultiHeadAttention(2, 3, attention_axes=-2),
            ("images", "images"),
            heads_scores,
            layouts=("none",),
        ),
        Case(
            "MHA all axes",
            lambda L: L.MultiHeadAttention(2, 3, output_shape=(2, 3)),
            ("images", "images"),
            heads,
            layouts=("none",),
        ),
        Case("MHA three", lambda L: L.MultiHeadAttention(2, 3), triple, heads_three),
        Case("MHA itself", lambda L: L.MultiHeadAttention(2, 3), call=itself),
        Case("AdditiveAttention", lambda L: L.AdditiveAttention(), pair, layouts=layouts),
        Case("MHA", lambda L: L.MultiHeadAttention(2, 3), pair, heads, layouts=layouts),
        Case(
            "MHA options",
            lambda L: L.MultiHeadAttention(2, 3, use_bias=False, output_shape=5),
            pair,
            heads,
            layouts=layouts,
        ),
        Case("GQA", lambda L: L.GroupQueryAttention(3, 4, 2), pair, heads, layouts=layouts),
    ]


CASES = [
    *_core(),
    *_recurrent(),
    *_convolutional_recurrent(),
    *_activations(),
    *_with_states(),
    *_bidirectional(),
    *_shape(),
    *_merge(),
    *_attention(),
    *PREPROCESSING,
]
