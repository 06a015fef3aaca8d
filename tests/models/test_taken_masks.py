"""A layer that takes masks off says so only where something then reads padding as real."""

import warnings

import numpy as np
import pytest

import maskseq
from maskseq import layers

PADDED = np.array([[1, 2, 0, 0], [3, 4, 5, 6]])


def embedded(ids):
    return layers.Embedding(50, 8, mask_zero=True)(ids)


def first_block(ids, add=None):
    x = embedded(ids)
    attended = layers.MultiHeadAttention(2, 4, name="taker")(x, x)
    return layers.LayerNormalization()(add(x, attended) if add else layers.Add()([x, attended]))


def attended(x, keys=None):
    return layers.MultiHeadAttention(2, 4, name="reader")(x, x if keys is None else keys)


SILENT = {
    "steps": lambda ids: first_block(ids),
    "operators": lambda ids: layers.Dense(3)(first_block(ids, lambda x, y: x * 2 + y)),
    "concatenated": lambda ids: layers.Concatenate()([first_block(ids), embedded(ids)]),
    "pooled": lambda ids: layers.GlobalAveragePooling1D()(first_block(ids)),
    "recurrent": lambda ids: layers.LSTM(3)(first_block(ids)),
    "queries": lambda ids: attended(first_block(ids), embedded(ids)),
    "by hand": lambda ids: layers.MultiHeadAttention(2, 4)(
        x := first_block(ids), x, attention_mask=maskseq.ops.not_equal(ids, 0)[:, None]
    ),
}
TOLD = {
    "flattened": lambda ids: layers.Flatten(name="reader")(first_block(ids)),
    "pooled": lambda ids: layers.GlobalAveragePooling1D(name="reader")(
        first_block(ids, lambda x, y: x + y)
    ),
    "largest": lambda ids: layers.GlobalMaxPooling1D(name="reader")(first_block(ids)),
    "attended": lambda ids: attended(first_block(ids)),
    "as keys": lambda ids: attended(embedded(ids), first_block(ids)),
    "no mask by hand": lambda ids: layers.MultiHeadAttention(2, 4, name="reader")(
        x := first_block(ids), x, attention_mask=None
    ),
}


def said_of(make):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ids = maskseq.Input((None,), dtype="int32")
        model = maskseq.Model(ids, make(ids))
        together = model.predict(PADDED)
    alone = model.predict(PADDED[:1, :2])
    told = [x for x in said if "took the mask" in str(x.message)]
    return told, together[0], alone[0]


@pytest.mark.parametrize("name", SILENT)
def test_it_is_silent_where_padding_only_feeds_padding(name):
    told, together, alone = said_of(SILENT[name])
    assert not told
    np.testing.assert_array_equal(together[: len(alone)], alone)


@pytest.mark.parametrize("name", TOLD)
def test_it_names_what_reads_padding_and_the_line_that_made_it(name):
    told, together, alone = said_of(TOLD[name])
    assert together.shape != alone.shape or not np.array_equal(together, alone)
    (warning,) = told
    made = first_block.__code__.co_firstlineno + 2
    assert f"'taker' (of type MultiHeadAttention, made in {__file__}, line {made})" in str(
        warning.message
    )
    assert "'reader' (of type " in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize("name", SILENT)
def test_training_is_silent_too(name):
    model, y = trained(SILENT[name])
    model.fit(PADDED, y, verbose=0)


@pytest.mark.parametrize("name", sorted(TOLD.keys() - {"flattened"}))  # whose size no loss takes
def test_training_refuses_it_too(name):
    model, y = trained(TOLD[name])
    with pytest.raises(ValueError, match="took the mask"):
        model.fit(PADDED, y, verbose=0)


def trained(make):
    ids = maskseq.Input((None,), dtype="int32")
    model = maskseq.Model(ids, make(ids), on_mask_loss="error")
    model.compile(maskseq.optimizers.SGD(0.0), "mse")
    y = maskseq.Model(ids, model.output, on_mask_loss="ignore").predict(PADDED)
    return model, np.zeros_like(y)
