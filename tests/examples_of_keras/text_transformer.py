"""A block of attention over a review.

Source: keras.io/examples/nlp/text_classification_with_transformer.
"""

import keras
from keras import layers, ops

LENGTH, RATE = 18, 0.1
vocab_size, embed_dim, num_heads, ff_dim = 100, 8, 2, 12


class EncoderBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.first_norm = layers.LayerNormalization(epsilon=1e-6)
        self.second_norm = layers.LayerNormalization(epsilon=1e-6)
        self.dropmiddle = layers.Dropout(rate)
        self.dropout2 = layers.Dropout(rate)

    def call(self, inputs):
        attended = self.attention(inputs, inputs)
        attended = self.dropmiddle(attended)
        middle = self.first_norm(inputs + attended)
        fed = self.ffn(middle)
        fed = self.dropout2(fed)
        return self.second_norm(middle + fed)


class TokensAndPlaces(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.of_tokens = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.of_places = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        maxlen = ops.shape(x)[-1]
        positions = ops.arange(start=0, stop=maxlen, step=1)
        positions = self.of_places(positions)
        x = self.of_tokens(x)
        return x + positions


def make():
    inputs = layers.Input(shape=(LENGTH,))
    x = TokensAndPlaces(LENGTH, vocab_size, embed_dim)(inputs)
    x = EncoderBlock(embed_dim, num_heads, ff_dim, RATE)(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(RATE)(x)
    x = layers.Dense(20, activation="relu")(x)
    x = layers.Dropout(RATE)(x)
    outputs = layers.Dense(2, activation="softmax")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(rng):
    rows = [rng.integers(1, vocab_size, rng.integers(3, 30)) for _ in range(24)]
    x = keras.utils.pad_sequences(rows, maxlen=LENGTH)
    return x, (x.mean(axis=1) > 40).astype("int32")
