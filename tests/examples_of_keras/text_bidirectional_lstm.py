"""Which of two kinds a review is. Source: keras.io/examples/nlp/bidirectional_lstm_imdb."""

import keras
from keras import layers

LENGTH, RATE = 16, 0.0
max_features = 200


def make():
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(max_features, 12)(inputs)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def data(rng):
    x = keras.utils.pad_sequences(
        [rng.integers(1, max_features, rng.integers(3, 30)) for _ in range(24)], maxlen=LENGTH
    )
    return x, (x.max(axis=1) > 170).astype("float32")
