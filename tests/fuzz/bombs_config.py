"""Configs in which one structure has n pieces, as the JSON of a model file."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

BOMBS: dict[str, Callable[[int], bytes]] = {}

DENSE = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 2]}},
            {"class_name": "Dense", "config": {"name": "dense", "units": 1}},
        ],
    },
}
NODES = "inbound_nodes"


def bomb(make: Callable[[int], Any]) -> Callable[[int], Any]:
    """Of a function that gives a config, or its JSON."""

    def made(n: int) -> bytes:
        config = make(n)
        return config if isinstance(config, bytes) else json.dumps(config).encode()

    BOMBS[make.__name__.replace("_", " ")] = made
    return make


def entry(class_name: str, name: str, **config: Any) -> dict:
    found = {"class_name": class_name, "config": {"name": name, **config}}
    return {**found, "module": "keras.layers"}


def sequential(*layers: dict, shape=(None, 3, 2)) -> dict:
    source = entry("InputLayer", "i", batch_shape=shape, dtype="float32")
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [source, *layers]}}


def dense(units: int) -> bytes:
    return json.dumps(sequential(entry("Dense", "dense", units=units, use_bias=False))).encode()


def tensor(name: str, call: int = 0) -> dict:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, 0]}}


def call(*args: Any, **kwargs: Any) -> dict:
    return {"args": list(args), "kwargs": kwargs}


def operation(class_name: str, name: str, *args: Any, **options: Any) -> dict:
    made = entry(class_name, name, **options)
    return {**made, "name": name, "module": "keras.src.ops.numpy", NODES: [call(*args)]}


def functional(*layers: dict, output: Any = None, shape=(None, 3, 2)) -> dict:
    source = {**entry("InputLayer", "i", batch_shape=shape, dtype="float32"), "name": "i"}
    last = layers[-1]["config"]["name"] if layers else "i"
    config = {
        "name": "m",
        "layers": [{**source, NODES: []}, *({"name": x["config"]["name"], **x} for x in layers)],
        "input_layers": [["i", 0, 0]],
        "output_layers": output or [[last, 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def with_option(value: Any, class_name: str = "Dense", option: str = "units") -> dict:
    return sequential(entry(class_name, "x", **{option: value}))


# Many of a kind


@bomb
def layers(n):
    return sequential(*[entry("Dropout", f"d{i}", rate=0.1) for i in range(n)])


@bomb
def layers_with_weights(n):
    return sequential(*[entry("Dense", f"d{i}", units=1) for i in range(n)])


@bomb
def layers_with_long_names(n):
    return sequential(*[entry("Dropout", "d" * 900 + str(i), rate=0.1) for i in range(n // 10)])


@bomb
def one_shared_layer(n):
    return sequential(*[{**entry("Dropout", "d", rate=0.1), "shared_object_id": 1}] * n)


@bomb
def models_in_a_model(n):
    return sequential(*[sequential(entry("Dropout", "d", rate=0.1))] * n)


@bomb
def wrapped_layers(n):
    inner = entry("Dense", "d", units=1)
    return sequential(*[entry("TimeDistributed", f"t{i}", layer=inner) for i in range(n)])


@bomb
def cells(n):
    cells = [entry("LSTMCell", f"c{i}", units=1) for i in range(n)]
    return sequential(entry("RNN", "r", cell=entry("StackedRNNCells", "s", cells=cells)))


@bomb
def inputs(n):
    made = functional(entry("Add", "a") | {NODES: [call([tensor(f"i{i}") for i in range(n)])]})
    config = made["config"]
    source = entry("InputLayer", "", batch_shape=[None, 2])
    for i in range(n):
        named = {**source["config"], "name": f"i{i}"}
        config["layers"].append({**source, "config": named, "name": f"i{i}", NODES: []})
    config["input_layers"] = [[f"i{i}", 0, 0] for i in range(n)]
    return made


@bomb
def outputs(n):
    return functional(entry("ReLU", "a") | {NODES: [call(tensor("i"))]}, output=[["a", 0, 0]] * n)


@bomb
def outputs_by_name(n):
    relu = entry("ReLU", "a") | {NODES: [call(tensor("i"))]}
    return functional(relu, output={f"o{i}": ["a", 0, 0] for i in range(n)})


@bomb
def calls_of_one_layer(n):
    return functional(entry("ReLU", "a") | {NODES: [call(tensor("i"))] * n})


@bomb
def calls_of_one_layer_in_a_chain(n):
    chain = [call(tensor("a", i) if i else tensor("i")) for i in range(n)]
    return functional(entry("ReLU", "a") | {NODES: chain}, output=[["a", n - 1, 0]])


@bomb
def operations(n):
    names = ["i", *(f"o{i}" for i in range(n))]
    return functional(*[operation("Add", names[i + 1], tensor(names[i]), 1) for i in range(n)])


@bomb
def operations_that_read_one_twice(n):
    names = ["i", *(f"o{i}" for i in range(n))]
    made = [operation("Add", b, tensor(a), tensor(a)) for a, b in pairwise(names)]
    return functional(*made)


@bomb
def merges_that_read_one_twice(n):
    names = ["i", *(f"o{i}" for i in range(n // 10))]
    made = [entry("Add", b) | {NODES: [call([tensor(a), tensor(a)])]} for a, b in pairwise(names)]
    masked = entry("Masking", "o0") | {NODES: [call(tensor("i"))]}
    return functional(masked, *made[1:])


@bomb
def masks_by_hand(n):
    mask = operation("NotEqual", "n0", tensor("i"), 0)
    names = [f"n{i}" for i in range(n // 10)]
    masks = [operation("LogicalAnd", b, tensor(a), tensor(a)) for a, b in pairwise(names)]
    masked = entry("Masking", "m") | {NODES: [call(tensor("i"))]}
    last = entry("LSTM", "l", units=1) | {NODES: [call(tensor("m"), mask=tensor(names[-1]))]}
    return functional(mask, *masks, masked, last)


@bomb
def tensors_of_one_merge(n):
    return functional(entry("Add", "a") | {NODES: [call([tensor("i")] * n)]})


@bomb
def tensors_of_one_concatenation(n):
    return functional(entry("Concatenate", "a") | {NODES: [call([tensor("i")] * n)]})


@bomb
def tensors_of_one_operation(n):
    joined = operation("Concatenate", "c", [tensor("i")] * (n // 20), axis=1)
    return functional(joined, shape=(None, 40_000))


@bomb
def results_of_one_operation(n):
    return functional(operation("Unstack", "u", tensor("i"), axis=1), shape=(None, 10 * n, 2))


@bomb
def parts_of_one_operation(n):
    cut = operation("Split", "s", tensor("i"), indices_or_sections=10 * n, axis=1)
    return functional(cut, shape=(None, 10 * n, 2))


@bomb
def keyword_arguments(n):
    return functional(
        entry("ReLU", "a") | {NODES: [call(tensor("i"), **{f"k{i}": 1 for i in range(n)})]}
    )


@bomb
def operations_on_large_tensors(n):
    names = ["i", *(f"o{i}" for i in range(n // 100))]
    made = [operation("Add", b, tensor(a), 1) for a, b in pairwise(names)]
    return functional(*made, shape=(None, 3000, 3000))


@bomb
def layers_on_large_tensors(n):
    names = ["i", *(f"o{i}" for i in range(n // 100))]
    made = [entry("Softmax", b) | {NODES: [call(tensor(a))]} for a, b in pairwise(names)]
    return functional(*made, shape=(None, 3000, 3000))


@bomb
def layers_that_grow(n):
    return sequential(*[entry("UpSampling1D", f"u{i}", size=1000) for i in range(n // 1000)])


# Deep


@bomb
def lists_in_lists(n):
    return json.dumps(with_option(0)).replace('"units": 0', f'"units": {"[" * n}{"]" * n}').encode()


@bomb
def objects_in_objects(n):
    deep = '{"a":' * n + "0" + "}" * n
    return json.dumps(with_option(0)).replace('"units": 0', f'"units": {deep}').encode()


@bomb
def models_in_models(n):
    start, end = '{"class_name":"Sequential","config":{"name":"m","layers":[', "]}}"
    return (start * n + json.dumps(entry("Dropout", "d", rate=0)) + end * n).encode()


@bomb
def wrappers_in_wrappers(n):
    start, end = '{"class_name":"TimeDistributed","config":{"name":"m","layer":', "}}"
    inner = json.dumps(entry("Dense", "d", units=1))
    text = start * n + inner + end * n
    return json.dumps(sequential("HERE")).replace('"HERE"', text).encode()


@bomb
def outputs_in_lists(n):
    made = json.dumps(functional(entry("ReLU", "a") | {NODES: [call(tensor("i"))]}, output="HERE"))
    return made.replace('"HERE"', "[" * n + '["a", 0, 0]' + "]" * n).encode()


@bomb
def arguments_in_lists(n):
    made = functional(entry("ReLU", "a") | {NODES: [call(tensor("i"), "HERE")]})
    return json.dumps(made).replace('"HERE"', "[" * 900 + "]" * 900).encode()


# Long


VALUES = {"lists": [], "objects": {}, "texts": "ab", "numbers": 0.5, "truths": True, "nulls": None}
for kind, value in VALUES.items():

    def of_values(n, value=value):
        return with_option([value] * n)

    of_values.__name__ = f"list_of_{kind}"
    bomb(of_values)


@bomb
def keys(n):
    return sequential(entry("Dense", "x", units=1, **{f"k{i}": 1 for i in range(n)}))


@bomb
def one_key_often(n):
    return b"{" + b'"a":1,' * n + b'"a":1}'


@bomb
def long_text(n):
    return with_option("a" * 10 * n)


@bomb
def long_name(n):
    return sequential(entry("Dense", "a" * 10 * n, units=1))


@bomb
def long_class_name(n):
    return sequential(entry("A" * 10 * n, "x"))


@bomb
def long_number(n):
    return json.dumps(with_option(0)).replace('"units": 0', f'"units": {"9" * n}').encode()


@bomb
def blanks(n):
    return json.dumps(DENSE).encode() + b" " * 100 * n


LONG_OPTIONS = [
    ("Masking", "mask_value", 0.5), ("Permute", "dims", 1), ("Reshape", "target_shape", 1),
    ("LayerNormalization", "axis", -1), ("BatchNormalization", "axis", -1),
    ("PReLU", "shared_axes", 1),
    ("UnitNormalization", "axis", -1), ("Softmax", "axis", 1), ("Dropout", "noise_shape", 1),
    ("Cropping1D", "cropping", 1), ("Conv1D", "kernel_size", 1), ("Normalization", "mean", 0.5),
    ("EinsumDense", "output_shape", 1), ("Activation", "activation", "relu"),
]  # fmt: skip
for class_name, option, value in LONG_OPTIONS:

    def long_option(n, class_name=class_name, option=option, value=value):
        return with_option([value] * n, class_name, option)

    long_option.__name__ = f"{option}_of_{class_name}"
    bomb(long_option)


@bomb
def axes_of_an_input(n):
    return sequential(entry("ReLU", "r"), shape=[None, *[1] * n])


@bomb
def einsum_of_many_labels(n):
    made = operation("Einsum", "o", tensor("i"), subscripts="a" * n + "->" + "a" * n)
    return functional(made)


@bomb
def constant_of_a_call(n):
    value = {"class_name": "__numpy__", "config": {"value": [0.5] * n, "dtype": "float32"}}
    return functional(operation("Add", "o", tensor("i"), value))


@bomb
def shape_of_an_operation(n):
    return functional(operation("Reshape", "o", tensor("i"), newshape=[-1, *[1] * n]))


@bomb
def index_of_an_operation(n):
    return functional(operation("GetItem", "o", tensor("i"), [None] * n))
