"""Encoder and decoder with masks.

Source: keras.io/examples/nlp/neural_machine_translation_with_transformer.
"""

import keras
from keras import layers, ops

LENGTH, RATE = 20, 0.5
vocab_size, embed_dim, latent_dim, num_heads = 60, 8, 16, 2


class Encoder(layers.Layer):
    def __init__(self, embed_dim, dense_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim = embed_dim
        self.dense_dim = dense_dim
        self.num_heads = num_heads
        self.attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.feed = keras.Sequential(
            [layers.Dense(dense_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.norm_1 = layers.LayerNormalization()
        self.norm_2 = layers.LayerNormalization()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is not None:
            real = ops.cast(mask[:, None, :], dtype="int32")
        else:
            real = None
        seen = self.attention(query=inputs, value=inputs, key=inputs, attention_mask=real)
        middle = self.norm_1(inputs + seen)
        fed = self.feed(middle)
        return self.norm_2(middle + fed)

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "embed_dim": self.embed_dim,
                "dense_dim": self.dense_dim,
                "num_heads": self.num_heads,
            }
        )
        return config


class TokensAndPlaces(layers.Layer):
    def __init__(self, sequence_length, vocab_size, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.of_tokens = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.of_places = layers.Embedding(input_dim=sequence_length, output_dim=embed_dim)
        self.sequence_length = sequence_length
        self.vocab_size = vocab_size
        self.embed_dim = embed_dim

    def call(self, inputs):
        length = ops.shape(inputs)[-1]
        positions = ops.arange(0, length, 1)
        tokens = self.of_tokens(inputs)
        places = self.of_places(positions)
        return tokens + places

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0)

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "sequence_length": self.sequence_length,
                "vocab_size": self.vocab_size,
                "embed_dim": self.embed_dim,
            }
        )
        return config


class Decoder(layers.Layer):
    def __init__(self, embed_dim, latent_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim = embed_dim
        self.latent_dim = latent_dim
        self.num_heads = num_heads
        self.own_attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.cross_attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.feed = keras.Sequential(
            [layers.Dense(latent_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.norm_1 = layers.LayerNormalization()
        self.norm_2 = layers.LayerNormalization()
        self.norm_3 = layers.LayerNormalization()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        inputs, encoder_outputs = inputs
        causal_mask = self.looking_back(inputs)

        if mask is None:
            own_mask, source_mask = None, None
        else:
            own_mask, source_mask = mask

        seen = self.own_attention(
            query=inputs,
            value=inputs,
            key=inputs,
            attention_mask=causal_mask,
            query_mask=own_mask,
        )
        out_1 = self.norm_1(inputs + seen)
        read = self.cross_attention(
            query=out_1,
            value=encoder_outputs,
            key=encoder_outputs,
            query_mask=own_mask,
            key_mask=source_mask,
        )
        out_2 = self.norm_2(out_1 + read)
        fed = self.feed(out_2)
        return self.norm_3(out_2 + fed)

    def looking_back(self, inputs):
        input_shape = ops.shape(inputs)
        batch_size, sequence_length = input_shape[0], input_shape[1]
        i = ops.arange(sequence_length)[:, None]
        j = ops.arange(sequence_length)
        mask = ops.cast(i >= j, dtype="int32")
        mask = ops.reshape(mask, (1, input_shape[1], input_shape[1]))
        mult = ops.concatenate(
            [ops.expand_dims(batch_size, -1), ops.convert_to_tensor([1, 1])],
            axis=0,
        )
        return ops.tile(mask, mult)

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "embed_dim": self.embed_dim,
                "latent_dim": self.latent_dim,
                "num_heads": self.num_heads,
            }
        )
        return config


def make():
    encoder_inputs = keras.Input(shape=(None,), dtype="int64", name="encoder_inputs")
    x = TokensAndPlaces(LENGTH, vocab_size, embed_dim)(encoder_inputs)
    encoder_outputs = Encoder(embed_dim, latent_dim, num_heads)(x)

    decoder_inputs = keras.Input(shape=(None,), dtype="int64", name="decoder_inputs")
    encoded_seq_inputs = keras.Input(shape=(None, embed_dim), name="decoder_state_inputs")
    x = TokensAndPlaces(LENGTH, vocab_size, embed_dim)(decoder_inputs)
    x = Decoder(embed_dim, latent_dim, num_heads)([x, encoded_seq_inputs])
    x = layers.Dropout(RATE)(x)
    decoder_outputs = layers.Dense(vocab_size, activation="softmax")(x)
    decoder = keras.Model([decoder_inputs, encoded_seq_inputs], decoder_outputs)

    decoder_outputs = decoder([decoder_inputs, encoder_outputs])
    transformer = keras.Model(
        {"encoder_inputs": encoder_inputs, "decoder_inputs": decoder_inputs},
        decoder_outputs,
        name="transformer",
    )
    transformer.compile(
        "rmsprop",
        loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=0),
        metrics=["accuracy"],
    )
    return transformer


def data(rng):
    def sentences():
        rows = [rng.integers(1, vocab_size, rng.integers(3, LENGTH)) for _ in range(16)]
        return keras.utils.pad_sequences(rows, maxlen=LENGTH + 1, padding="post")

    source, target = sentences(), sentences()
    x = {"encoder_inputs": source[:, :-1], "decoder_inputs": target[:, :-1]}
    return x, target[:, 1:]
