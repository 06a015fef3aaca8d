"""An encoder's states start a decoder. Source: keras.io/examples/nlp/lstm_seq2seq."""

import keras

LENGTH, RATE = 9, 0.0
latent_dim = 8
num_encoder_tokens = 7
num_decoder_tokens = 6


def make():
    encoder_inputs = keras.Input(shape=(None, num_encoder_tokens))
    encoder = keras.layers.LSTM(latent_dim, return_state=True)
    _, state_h, state_c = encoder(encoder_inputs)
    encoder_states = [state_h, state_c]

    decoder_inputs = keras.Input(shape=(None, num_decoder_tokens))
    decoder_lstm = keras.layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
    decoder_dense = keras.layers.Dense(num_decoder_tokens, activation="softmax")
    decoder_outputs = decoder_dense(decoder_outputs)

    model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def data(rng):
    encoder = keras.utils.to_categorical(
        rng.integers(0, num_encoder_tokens, (24, 5)), num_encoder_tokens
    )
    ids = rng.integers(0, num_decoder_tokens, (24, LENGTH))
    decoder = keras.utils.to_categorical(ids, num_decoder_tokens)
    target = keras.utils.to_categorical((ids + 1) % num_decoder_tokens, num_decoder_tokens)
    return [encoder, decoder], target


def sampling_models(path):
    """The encoder and the decoder of a saved model, each a model of its own."""
    model = keras.models.load_model(path)

    encoder_inputs = model.input[0]
    _, state_h_enc, state_c_enc = model.layers[2].output
    encoder_model = keras.Model(encoder_inputs, [state_h_enc, state_c_enc])

    decoder_inputs = model.input[1]
    decoder_state_input_h = keras.Input(shape=(latent_dim,))
    decoder_state_input_c = keras.Input(shape=(latent_dim,))
    decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
    decoder_lstm = model.layers[3]
    decoder_outputs, state_h_dec, state_c_dec = decoder_lstm(
        decoder_inputs, initial_state=decoder_states_inputs
    )
    decoder_dense = model.layers[4]
    decoder_outputs = decoder_dense(decoder_outputs)
    decoder_model = keras.Model(
        [decoder_inputs, *decoder_states_inputs], [decoder_outputs, state_h_dec, state_c_dec]
    )
    return encoder_model, decoder_model


def sample(encoder_model, decoder_model, sequence, steps):
    """The ids and the probabilities that the decoder gives, each id fed back to it."""
    states_value = encoder_model.predict(sequence, verbose=0)
    target = keras.ops.convert_to_numpy(keras.ops.zeros((1, 1, num_decoder_tokens)))
    ids, shares = [0], []
    for _ in range(steps):
        target = target * 0
        target[0, 0, ids[-1]] = 1.0
        output_tokens, h, c = decoder_model.predict([target, *states_value], verbose=0)
        ids.append(int(output_tokens[0, -1, :].argmax()))
        shares.append(output_tokens[0, -1])
        states_value = [h, c]
    return ids, shares
