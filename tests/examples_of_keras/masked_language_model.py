"""BERT learns hidden words, then classifies.

Source: keras.io/examples/nlp/masked_language_modeling.
"""

import math

import keras
import numpy as np
from keras import layers

LENGTH, RATE = 12, 0.1
VOCAB_SIZE, EMBED_DIM, NUM_HEAD, FF_DIM, NUM_LAYERS = 50, 8, 2, 8, 1


def block(query, key, value, i):
    attention_output = layers.MultiHeadAttention(
        num_heads=NUM_HEAD,
        key_dim=EMBED_DIM // NUM_HEAD,
        name=f"encoder_{i}_multiheadattention",
    )(query, key, value)
    attention_output = layers.Dropout(RATE, name=f"encoder_{i}_att_dropout")(attention_output)
    attention_output = layers.LayerNormalization(
        epsilon=1e-6, name=f"encoder_{i}_att_layernormalization"
    )(query + attention_output)
    ffn = keras.Sequential(
        [layers.Dense(FF_DIM, activation="relu"), layers.Dense(EMBED_DIM)],
        name=f"encoder_{i}_ffn",
    )
    ffn_output = ffn(attention_output)
    ffn_output = layers.Dropout(RATE, name=f"encoder_{i}_ffn_dropout")(ffn_output)
    return layers.LayerNormalization(epsilon=1e-6, name=f"encoder_{i}_ffn_layernormalization")(
        attention_output + ffn_output
    )


def waves(max_len, d_emb):
    found = np.zeros((max_len, d_emb))
    for place in range(1, max_len):
        for j in range(d_emb):
            angle = place / math.pow(10000, 2 * (j // 2) / d_emb)
            found[place, j] = math.sin(angle) if j % 2 == 0 else math.cos(angle)
    return found


loss_fn = keras.losses.SparseCategoricalCrossentropy(reduction=None)
tracker = keras.metrics.Mean(name="loss")


class WordsFromContext(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        loss = loss_fn(y, y_pred, sample_weight)
        tracker.update_state(loss, sample_weight=sample_weight)
        return keras.ops.sum(loss)

    def compute_metrics(self, x, y, y_pred, sample_weight):
        return {"loss": tracker.result()}

    @property
    def metrics(self):
        return [tracker]


def make():
    inputs = layers.Input((LENGTH,), dtype="int64")
    words = layers.Embedding(VOCAB_SIZE, EMBED_DIM, name="word_embedding")(inputs)
    places = layers.Embedding(
        input_dim=LENGTH,
        output_dim=EMBED_DIM,
        embeddings_initializer=keras.initializers.Constant(waves(LENGTH, EMBED_DIM)),
        name="position_embedding",
    )(keras.ops.arange(0, LENGTH))
    embeddings = words + places

    encoder_output = embeddings
    for i in range(NUM_LAYERS):
        encoder_output = block(encoder_output, encoder_output, encoder_output, i)

    mlm_output = layers.Dense(VOCAB_SIZE, name="mlm_cls", activation="softmax")(encoder_output)
    model = WordsFromContext(inputs, mlm_output, name="masked_bert_model")
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01))
    return model


def data(rng):
    x = rng.integers(1, VOCAB_SIZE, (16, LENGTH))
    return x, x


def classifier_of(path):
    """A classifier over the encoder of a saved model, which learns no more."""
    model = keras.models.load_model(path, custom_objects={"WordsFromContext": WordsFromContext})
    encoder = keras.Model(
        model.input,
        model.get_layer(f"encoder_{NUM_LAYERS - 1}_ffn_layernormalization").output,
    )
    encoder.trainable = False

    inputs = layers.Input((LENGTH,), dtype="int64")
    sequence_output = encoder(inputs)
    pooled_output = layers.GlobalMaxPooling1D()(sequence_output)
    hidden_layer = layers.Dense(16, activation="relu")(pooled_output)
    outputs = layers.Dense(1, activation="sigmoid")(hidden_layer)
    classifier = keras.Model(inputs, outputs, name="classification")
    classifier.compile(
        optimizer=keras.optimizers.Adam(), loss="binary_crossentropy", metrics=["accuracy"]
    )
    return classifier, encoder
