"""A tag for each token. Source: keras.io/examples/nlp/ner_transformers."""

import keras
from keras import layers, ops

LENGTH, RATE = 14, 0.1
num_tags, vocab_size = 5, 80


class EncoderBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.attention = keras.layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential(
            [
                keras.layers.Dense(ff_dim, activation="relu"),
                keras.layers.Dense(embed_dim),
            ]
        )
        self.first_norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.second_norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.dropmiddle = keras.layers.Dropout(rate)
        self.dropout2 = keras.layers.Dropout(rate)

    def call(self, inputs, training=False):
        attended = self.attention(inputs, inputs)
        attended = self.dropmiddle(attended, training=training)
        middle = self.first_norm(inputs + attended)
        fed = self.ffn(middle)
        fed = self.dropout2(fed, training=training)
        return self.second_norm(middle + fed)


class TokensAndPlaces(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.of_tokens = keras.layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.of_places = keras.layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, inputs):
        maxlen = ops.shape(inputs)[-1]
        positions = ops.arange(start=0, stop=maxlen, step=1)
        places = self.of_places(positions)
        tokens = self.of_tokens(inputs)
        return tokens + places


class Tagger(keras.Model):
    def __init__(self, num_tags, vocab_size, maxlen=128, embed_dim=8, num_heads=2, ff_dim=8):
        super().__init__()
        self.embedding_layer = TokensAndPlaces(maxlen, vocab_size, embed_dim)
        self.transformer_block = EncoderBlock(embed_dim, num_heads, ff_dim, RATE)
        self.dropmiddle = layers.Dropout(RATE)
        self.ff = layers.Dense(ff_dim, activation="relu")
        self.dropout2 = layers.Dropout(RATE)
        self.of_tags = layers.Dense(num_tags, activation="softmax")

    def call(self, inputs, training=False):
        x = self.embedding_layer(inputs)
        x = self.transformer_block(x)
        x = self.dropmiddle(x, training=training)
        x = self.ff(x)
        x = self.dropout2(x, training=training)
        return self.of_tags(x)


class LossOfRealTokens(keras.losses.Loss):
    def __init__(self, name="loss_of_real_tokens"):
        super().__init__(name=name)

    def call(self, y_true, y_pred):
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=False, reduction=None)
        loss = loss_fn(y_true, y_pred)
        mask = ops.cast((y_true > 0), dtype="float32")
        loss = loss * mask
        return ops.sum(loss) / ops.sum(mask)


def make():
    tagger = Tagger(num_tags, vocab_size, maxlen=32, embed_dim=8, num_heads=4, ff_dim=16)
    tagger.compile(optimizer="adam", loss=LossOfRealTokens())
    return tagger


def data(rng):
    rows = [rng.integers(1, vocab_size, rng.integers(3, LENGTH)) for _ in range(16)]
    x = keras.utils.pad_sequences(rows, maxlen=LENGTH, padding="post")
    return x, (x > 0) * (1 + x % (num_tags - 1))
