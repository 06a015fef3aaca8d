"""Models of Keras's official examples are built, train, predict and are saved with maskseq."""

import numpy as np
import pytest

import maskseq
from tests.examples_of_keras.load import NAMES, example


def made(name, package="maskseq", seed=0):
    module = example(name, package)
    return module, module.make(), module.data(np.random.default_rng(seed))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_example_learns(name):
    maskseq.set_random_seed(1)
    module = example(name)
    module.RATE /= 5
    model, (x, y) = module.make(), module.data(np.random.default_rng(0))
    before = model.predict(x, verbose=0)
    losses = model.fit(x, y, epochs=8, batch_size=8, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    after = model.predict(x, verbose=0)
    assert after.shape == before.shape and np.isfinite(after).all()
    assert not np.array_equal(before, after)


def test_decoder_of_a_saved_model_writes_what_the_whole_model_says(tmp_path):
    maskseq.set_random_seed(2)
    module, model, (x, y) = made("seq2seq_characters")
    model.fit(x, y, epochs=2, batch_size=8, verbose=0)
    model.save(tmp_path / "s2s.keras")
    encoder, decoder = module.sampling_models(tmp_path / "s2s.keras")
    ids, shares = module.sample(encoder, decoder, x[0][:1], 5)
    given = np.eye(module.num_decoder_tokens, dtype=np.float32)[None, ids[:-1]]
    np.testing.assert_allclose(model.predict([x[0][:1], given], verbose=0)[0], shares, atol=2e-6)


def test_encoder_of_a_saved_language_model_is_frozen_in_a_classifier(tmp_path):
    maskseq.set_random_seed(3)
    module, model, (x, y) = made("masked_language_model")
    model.fit(x, y, sample_weight=np.ones(y.shape), epochs=1, verbose=0)
    model.save(tmp_path / "bert.keras")
    classifier, encoder = module.classifier_of(tmp_path / "bert.keras")
    before = [w.copy() for w in encoder.get_weights()]
    labels = (x[:, 0] > 25).astype("float32")
    losses = classifier.fit(x, labels, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for a, b in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    named = model.get_layer("encoder_0_ffn_layernormalization")
    inner = maskseq.Model(model.input, named.output).predict(x, verbose=0)
    np.testing.assert_array_equal(encoder.predict(x, verbose=0), inner)


def test_translation_of_a_word_depends_on_no_later_one_and_on_no_padding():
    maskseq.set_random_seed(4)
    module, model, (x, _) = made("translation_transformer")
    whole = model.predict(x, verbose=0)
    source, target = x["encoder_inputs"], x["decoder_inputs"].copy()
    target[:, 3:] = 7
    changed = model.predict({"encoder_inputs": source, "decoder_inputs": target}, verbose=0)
    np.testing.assert_allclose(changed[:, :3], whole[:, :3], atol=1e-6)
    lengths = (source > 0).sum(1)
    shorter = source[:1, : lengths[0]]
    alone = model.predict({"encoder_inputs": shorter, "decoder_inputs": target[:1]}, verbose=0)
    np.testing.assert_allclose(alone, changed[:1], atol=1e-6)


JAX_CANNOT = ("return ops.tile(mask, mult)", "return mask")
"""Keras on JAX cannot tile by an array of an unknown size; a mask of one sequence is broadcast."""
TRAINED = ("masked_language_model", "named_entities", "timeseries_weather")
"""Not all: Keras compiles a step for ten seconds. Of the translation its loss counts padding."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_example_equals_keras(name):
    keras = pytest.importorskip("keras")
    models = []
    for package, change in (("keras", JAX_CANNOT), ("maskseq", ("", ""))):
        module = example(name, package, change)
        module.RATE = 0.0
        models.append(module.make())
        x, y = module.data(np.random.default_rng(0))
        models[-1].predict(x, verbose=0)  # builds what is built by its first call
    theirs, ours = models
    assert [w.shape for w in theirs.get_weights()] == [w.shape for w in ours.get_weights()]
    ours.set_weights(theirs.get_weights())
    steps = np.ones((len(y), module.LENGTH), bool)
    if name == "translation_transformer":
        steps = x["decoder_inputs"] > 0
    compare(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), steps, 2e-5)
    if name in TRAINED:
        options = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
        losses = [model.fit(x, y, **options).history["loss"] for model in (ours, theirs)]
        np.testing.assert_allclose(*losses, rtol=2e-3)
        compare(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), steps, 5e-3)
    keras.backend.clear_session()


def compare(ours, theirs, steps, tolerance):
    assert ours.shape == theirs.shape
    if ours.ndim == 3:
        ours, theirs = ours[steps], theirs[steps]
    np.testing.assert_allclose(ours, theirs, atol=tolerance)
