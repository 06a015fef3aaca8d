"""Symbolic tensors and graphs: shapes, masks, order of calls, and what cannot be."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.graph import symbols as graph
from maskseq.graph.plan import Plan


class Pair(layers.Layer):
    """Two outputs in a dict; makes no statement about shapes."""

    def call(self, inputs):
        return {"first": inputs[:, :2], "sum": ops.sum(inputs, axis=-1)}

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else {"first": mask[:, :2], "sum": None}


class Every(layers.Layer):
    """Every second step: changes time and its mask, and takes arrays only."""

    def call(self, inputs):
        return np.asarray(inputs)[:, ::2]

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else np.asarray(mask)[:, ::2]


# Symbolic tensors


def test_symbolic_tensor_has_no_values():
    x = maskseq.Input((None, 4))
    for use in (lambda: np.asarray(x), lambda: bool(x == 1), lambda: list(x), lambda: len(x)):
        with pytest.raises(TypeError, match="symbolic"):
            use()
    assert x.shape == (None, None, 4) and x.dtype == "float32" and x.ndim == 3
    assert not hasattr(x, "_keras_mask")


def test_shape_of_a_custom_layer_is_found_by_trying():
    x = maskseq.Input((None, 6))
    outputs = Pair()(x)
    assert outputs["first"].shape == (None, 2, 6) and outputs["sum"].shape == (None, None)
    assert Every()(x).shape == (None, None, 6)
    assert Every()(maskseq.Input((8, 6))).shape == (None, 4, 6)
    assert ops.cast(x, "int32").dtype == "int32"


def test_shape_of_a_custom_layer_that_says_it_is_believed():
    class Silent(layers.Layer):
        def call(self, inputs):
            raise AssertionError("must not be tried")

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 7)

    assert Silent()(maskseq.Input((3,))).shape == (None, 7)


def test_symbolic_masks_follow_compute_mask_even_if_it_takes_arrays_only():
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(9, 3, mask_zero=True)(ids)
    assert x._keras_mask.shape == (None, None) and x._keras_mask.dtype == "bool"
    assert Every()(x)._keras_mask.shape == (None, None)
    outputs = Pair()(x)
    assert outputs["first"]._keras_mask.shape == (None, 2)
    assert not hasattr(outputs["sum"], "_keras_mask")
    assert not hasattr(x + 1, "_keras_mask")


@pytest.mark.parametrize("make", [Pair, Every])
def test_custom_layers_change_masks_in_models_as_they_do_eagerly(make, rng):
    ids = maskseq.Input((None,), dtype="int32")
    embedding, lstm = layers.Embedding(9, 3, mask_zero=True), layers.LSTM(2)
    layer = make()
    first = (lambda y: y["first"]) if make is Pair else (lambda y: y)
    model = maskseq.Model(ids, lstm(first(layer(embedding(ids)))))
    values = rng.integers(0, 9, (4, 6))
    expected = lstm(first(layer(embedding(values))))
    np.testing.assert_array_equal(model.predict(values), expected)


# Names and layers


def test_names_are_counted_and_can_start_anew():
    maskseq.backend.clear_session()
    assert [layers.LSTM(2).name for _ in range(3)] == ["lstm", "lstm_1", "lstm_2"]
    assert layers.TimeDistributed(layers.Dense(1)).name == "time_distributed"
    maskseq.backend.clear_session()
    assert layers.LSTM(2).name == "lstm"


def test_layers_come_deepest_first_as_in_keras():
    a, b = maskseq.Input((4,), name="a"), maskseq.Input((4,), name="b")
    long = layers.Dense(3, name="two")(layers.Dense(3, name="one")(a))
    short = layers.Dense(3, name="short")(b)
    model = maskseq.Model([a, b], layers.Dense(2, name="last")(long + short))
    assert [x.name for x in model.layers] == ["a", "one", "b", "two", "short", "last"]


def test_layer_used_twice_is_one_layer_with_two_calls():
    dense = layers.Dense(3)
    a, b = maskseq.Input((4,)), maskseq.Input((4,))
    first, second = dense(a), dense(b)
    assert len(dense._inbound_nodes) == 2 and dense.output is first and dense.input is a
    plan = Plan([a, b], [first, second])
    assert [node.operation for node in plan.nodes] == [dense, dense]


# Plans


def test_plan_runs_each_call_once_and_only_those_needed():
    calls = []

    class Noting(layers.Layer):
        def call(self, inputs):
            calls.append(self.name)
            return inputs + 1

        def compute_output_shape(self, input_shape):
            return input_shape

    x = maskseq.Input((2,))
    shared = Noting(name="shared")(x)
    Noting(name="unused")(shared)
    model = maskseq.Model(x, [shared + shared, Noting(name="end")(shared)])
    calls.clear()
    total, end = model(np.zeros((1, 2)))
    assert calls == ["shared", "end"]
    assert total.tolist() == [[2, 2]] and end.tolist() == [[2, 2]]


def test_plan_may_start_in_the_middle_of_a_graph(rng):
    x = maskseq.Input((None, 4))
    middle = layers.LSTM(3, return_sequences=True)(x)
    end = layers.LSTM(2)(middle)
    whole, head, tail = (maskseq.Model(*p) for p in [(x, end), (x, middle), (middle, end)])
    values = rng.standard_normal((2, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(tail.predict(head.predict(values)), whole.predict(values))


def test_outputs_that_the_inputs_do_not_give_are_told():
    a, b = maskseq.Input((3,), name="a"), maskseq.Input((3,), name="b")
    with pytest.raises(ValueError, match=r"reachable from its inputs \['a'\].*name=b"):
        maskseq.Model(a, ops.add(a, b))


def test_deep_graphs_need_no_deep_stack():
    x = y = maskseq.Input((2,))
    for _ in range(1500):
        y = y + 1
    assert maskseq.Model(x, y)(np.zeros((1, 2))).tolist() == [[1500, 1500]]


def test_same_computation_tells_equal_masks_from_others():
    a, b = maskseq.Input((3,)), maskseq.Input((3,))
    assert graph.same_computation(ops.not_equal(a, 0), ops.not_equal(a, 0))
    assert not graph.same_computation(ops.not_equal(a, 0), ops.not_equal(a, 1))
    assert not graph.same_computation(ops.not_equal(a, 0), ops.not_equal(b, 0))
    assert not graph.same_computation(ops.not_equal(a, 0), ops.equal(a, 0))


# Arguments of calls


def test_structured_and_optional_arguments_are_recorded(rng):
    class Scale(layers.Layer):
        supports_masking = True

        def call(self, inputs, factors, offset=0.0, *, twice=False):
            y = inputs * factors["by"][0] + offset
            return y * 2 if twice else y

    x, by = maskseq.Input((3,)), maskseq.Input((3,))
    model = maskseq.Model([x, by], Scale()(x, {"by": [by]}, offset=1.0, twice=True))
    a, b = rng.standard_normal((2, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(model([a, b]), (a * b + 1) * 2, rtol=1e-6)


def test_masks_of_several_arguments_go_to_their_own_names():
    seen = {}

    class Reader(layers.Layer):
        def call(self, query, value, query_mask=None, value_mask=None, mask=None):
            seen.update(query=query_mask, value=value_mask, mask=mask)
            return query

    x = layers.Masking()(np.array([[[1.0], [0.0]]]))
    with pytest.warns(UserWarning, match="Reader"):
        Reader()(x, np.ones((1, 2, 1)))
    assert seen["query"].tolist() == [[True, False]]
    assert seen["value"] is None and seen["mask"] is None


def test_mask_set_inside_call_wins():
    class Own(layers.Layer):
        supports_masking = True

        def call(self, inputs):
            y = maskseq.convert_to_tensor(np.array(inputs))
            maskseq.set_keras_mask(y, np.zeros((1, 2), bool))
            return y

    assert not Own()(layers.Masking()(np.ones((1, 2, 1))))._keras_mask.any()


def test_lists_of_inputs_hand_lists_of_masks_to_a_custom_layer():
    seen = []

    class Joined(layers.Layer):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs[0] + inputs[1]

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else mask[1]

    plain = maskseq.convert_to_tensor(np.ones((1, 2, 1)))
    masked = layers.Masking()(np.array([[[1.0], [0.0]]]))
    y = Joined()([plain, masked])
    assert seen[0][0] is None and seen[0][1].tolist() == [[True, False]]
    assert y._keras_mask.tolist() == [[True, False]]


# Arrays that carry masks


def test_array_loses_its_mask_in_arithmetic_and_slicing():
    x = layers.Masking()(np.ones((2, 3, 1)))
    for y in (x + 1, x * 1, x[:1], np.abs(x), ops.add(x, 1), x.reshape(6)):
        assert not hasattr(y, "_keras_mask")
    assert hasattr(maskseq.convert_to_tensor(x), "_keras_mask")


def test_plain_array_cannot_carry_a_mask():
    with pytest.raises(TypeError, match="convert_to_tensor first, got ndarray"):
        maskseq.set_keras_mask(np.ones(3), np.ones(3, bool))


def test_mask_can_be_set_read_and_taken_off():
    x = maskseq.backend.convert_to_tensor(np.ones((1, 2)))
    assert maskseq.backend.get_keras_mask(x) is None
    maskseq.backend.set_keras_mask(x, [[True, False]])
    assert maskseq.backend.get_keras_mask(x).tolist() == [[True, False]]
    maskseq.backend.set_keras_mask(x, None)
    assert not hasattr(x, "_keras_mask")


def test_layer_built_by_hand_is_built_once():
    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def build(self, input_shape):
            assert not self.built
            self.dense.build(input_shape)

        def call(self, inputs):
            return self.dense(inputs)

    block = Block()
    block(np.ones((2, 4)))
    assert block.built and block.dense.built and len(block.weights) == 2


def test_the_calls_of_a_shared_layer_are_told_apart_in_a_config(rng):
    inputs = maskseq.Input((3,))
    dense = layers.Dense(3)
    once = dense(inputs)
    model = maskseq.Model(inputs, [dense(once), once])
    again = maskseq.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x = rng.normal(size=(2, 3)).astype(np.float32)
    for a, b in zip(again.predict(x), model.predict(x), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(*model.predict(x))


def test_two_outputs_of_one_operation_are_two_computations():
    inputs = maskseq.Input((4,))
    (a, b), (c, d) = (maskseq.ops.split(inputs, 2, axis=1) for _ in range(2))
    assert (
        graph.same_computation(a, c)
        and graph.same_computation(b, d)
        and graph.same_computation([a, b], [c, d])
    )
    assert not graph.same_computation(a, d) and not graph.same_computation([a, b], [d, c])
    assert not graph.same_computation(a, maskseq.ops.negative(inputs))
