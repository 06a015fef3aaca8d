"""Which steps an answer depends on, beside answers without these steps."""

import numpy as np
import pytest

import maskseq
from maskseq import explain, layers
from maskseq.explain import left_out as module


def classifier(stepwise=False):
    model = maskseq.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(10, 4, mask_zero=True),
            layers.LSTM(5, return_sequences=stepwise),
            layers.Dense(3, activation="softmax"),
        ]
    )
    rng = np.random.default_rng(2)
    model.set_weights([rng.uniform(-1, 1, w.shape) for w in model.weights])
    return model


SEQUENCES = [[3, 4, 5, 1], [2], [], [7, 7, 7]]


@pytest.mark.parametrize("cells", [1, 5, 1 << 16])
def test_each_step_is_left_out_once(monkeypatch, cells):
    """To an LSTM a masked step is none: the answer is that of the sequence without it."""
    monkeypatch.setattr(module, "CELLS", cells)
    model = classifier()
    found = explain.steps(model, SEQUENCES)
    signed = explain.steps(model, SEQUENCES, unit=1)
    assert found.lengths.tolist() == [4, 1, 0, 3] and found.dtype == np.float32
    for sequence, sizes, changes in zip(SEQUENCES, found, signed, strict=True):
        for i in range(len(sequence)):
            whole = model.predict([sequence])[0]
            without = model.predict([sequence[:i] + sequence[i + 1 :]])[0]
            np.testing.assert_array_equal(sizes[i], np.abs(whole - without).max())
            np.testing.assert_array_equal(changes[i], whole[1] - without[1])
    assert (signed.values < 0).any() and (signed.values > 0).any()


def test_an_answer_of_every_step_counts_at_the_others():
    model = classifier(stepwise=True)
    (found,) = explain.steps(model, [[3, 4, 5]], unit=0)
    whole = model.predict([[3, 4, 5]])[0][:, 0]
    for i in range(3):
        kept = [j for j in range(3) if j != i]
        without = model.predict([[[3, 4, 5][j] for j in kept]])[0][:, 0]
        change = whole[kept] - without
        assert found[i] == change[np.abs(change).argmax()]
    assert found[2] == 0  # nothing comes after it


def test_numbers_with_a_mask_by_hand():
    model = maskseq.Sequential([layers.Input((None, 2)), layers.GRU(3)])
    sequence = np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32)
    (found,) = explain.steps(model, [sequence])
    without = [np.delete(sequence, i, axis=0) for i in range(4)]
    expected = np.abs(model.predict([sequence]) - model.predict(without)).max(axis=1)
    np.testing.assert_array_equal(found, expected)


def test_what_cannot_be_explained():
    model = classifier()
    with pytest.raises(TypeError, match=r"array of shape \(2, 3\).*from_padded"):
        explain.steps(model, np.ones((2, 3), int))
    with pytest.raises(ValueError, match=r"unit must be in \[-3, 3\), got 3"):
        explain.steps(model, SEQUENCES, unit=3)
    ids = layers.Input((None,), dtype="int32")
    bare = maskseq.Model(ids, layers.LSTM(2)(layers.Embedding(9, 2, name="words")(ids)))
    with pytest.raises(ValueError, match="'words' reads the input and drops its mask"):
        explain.steps(bare, SEQUENCES)
    two = maskseq.Model([ids, other := layers.Input((2,))], layers.Dense(1)(other))
    with pytest.raises(ValueError, match="got 2 and 1"):
        explain.steps(two, SEQUENCES)


@pytest.mark.filterwarnings("ignore")
def test_a_model_whose_attention_takes_masks_is_explained():
    """Its plan also computes masks from the input; these calls drop none."""
    ids = layers.Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])
    model = maskseq.Model(ids, layers.GlobalAveragePooling1D()(x))
    (found,) = explain.steps(model, [[3, 4, 5]])
    whole, without = model.predict([[3, 4, 5]]), model.predict(np.array([[3, 0, 5]]))
    assert found[1] == pytest.approx(np.abs(whole - without).max(), rel=1e-5)
