"""Nothing in a model file is executed, imported, opened or fetched, and nothing is a burden.

One case for each way that was found into Keras: CVE-2024-3660, CVE-2025-1550, -8747, -9905, -9906,
-12058, -49655, CVE-2026-1669 (in test_hdf5), and the bombs.
"""

import base64
import copy
import importlib
import json
import marshal
import os
import pkgutil
import random
import sys
import time
import tracemalloc
import zipfile

import pytest

from maskseq import importers, layers, load_model, ops
from maskseq.importers import FormatError, UnsupportedLayerError
from tests.support.keras_files import FILES, edited, layer_of, with_config, written

pytestmark = pytest.mark.filterwarnings("ignore:Layer")  # of a lost mask, as in Keras

_FORBIDDEN = (
    "import", "exec", "compile", "socket.", "subprocess.", "os.", "pickle.", "ctypes.", "code.",
    "marshal.", "shutil.", "urllib.", "tempfile.", "glob.", "ftplib.",
)  # fmt: skip


class Watch:
    """Notes what an audit hook sees while it is on. A hook cannot be taken off again."""

    def __init__(self):
        self.allowed, self.seen = None, []
        sys.addaudithook(self.hook)

    def hook(self, event, args):
        if self.allowed is None:
            return
        opens_other = event == "open" and os.fspath(args[0]) != os.fspath(self.allowed)
        if opens_other or event.startswith(_FORBIDDEN):
            self.seen.append((event, args))


WATCH = Watch()
# The first use of a layer, operation or format opens its module: all are open before anything is
# watched.
for _part in (importers, layers, ops):
    for _module in pkgutil.walk_packages(_part.__path__, f"{_part.__name__}."):
        importlib.import_module(_module.name)


def load_watched(path):
    """load_model, with everything it does that a loader must not do."""
    WATCH.seen = []
    WATCH.allowed = path
    try:
        return load_model(path)
    finally:
        WATCH.allowed = None
        assert WATCH.seen == []


def sequential(*layers):
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "model", "layers": list(layers)},
        "registered_name": None,
    }


def entry(class_name, config=None, module="keras.layers", registered=None):
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": "evil"} if config is None else config,
        "registered_name": registered,
    }


CODE = base64.b64encode(marshal.dumps((lambda x: x).__code__)).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"value": [CODE, None, None]}}

ATTACKS = {
    "CVE-2024-3660 lambda": entry("Lambda", {"name": "evil", "function": LAMBDA}),
    "CVE-2025-1550 any function": entry("function", "system", "os", "system"),
    "CVE-2025-1550 module of a layer": entry("Popen", {"args": ["id"]}, "subprocess", None),
    "CVE-2025-1550 builtins": entry("function", "exec", "builtins", "exec"),
    "CVE-2025-8747 get_file": entry(
        "get_file", {"fname": "x", "origin": "http://127.0.0.1:9/x"}, "keras.utils", "get_file"
    ),
    "CVE-2025-9906 unsafe": entry(
        "function", "enable_unsafe_deserialization", "keras.config", "enable_unsafe_deserialization"
    ),
    "CVE-2025-49655 pickle": entry(
        "TorchModuleWrapper", {"name": "evil", "module": {"class_name": "__bytes__"}}
    ),
    "CVE-2025-12058 vocabulary": entry("StringLookup", {"vocabulary": "/etc/passwd"}),
    "CVE-2025-12058 url": entry("TextVectorization", {"vocabulary": "http://127.0.0.1:9/x"}),
    "file of a hub": entry("TFSMLayer", {"filepath": "/etc"}),
    "dunder": entry("__class__"),
    "base class": entry("Layer"),
    "name of ours that is no layer": entry("load_model"),
    "user's own": entry("Dense", {"name": "evil", "units": 2}, "my.module", "Custom>Dense"),
    "lambda as activation": entry("Dense", {"name": "evil", "units": 2, "activation": LAMBDA}),
    "function as activation": entry(
        "Activation",
        {"name": "evil", "activation": entry("function", "system", "os", "system")},
    ),
    "layer inside a wrapper": entry(
        "TimeDistributed", {"name": "evil", "layer": entry("Lambda", {"function": LAMBDA})}
    ),
    "cell of elsewhere": entry("RNN", {"name": "evil", "cell": entry("X", {}, "os.path", "X")}),
    "policy of elsewhere": entry(
        "Dense", {"name": "evil", "units": 2, "dtype": entry("Popen", {"args": 1}, "subprocess")}
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("place", ["sequential", "functional", "top"])
def test_config_that_names_anything_else_is_refused_and_does_nothing(tmp_path, attack, place):
    if place == "top":
        path = with_config(tmp_path, attack)
    elif place == "sequential":
        path = with_config(tmp_path, sequential(attack))
    else:

        def replaced(config):
            victim = layer_of(config, "shared")
            victim.update(copy.deepcopy(attack))

        path = edited(FILES / "functional.keras", tmp_path, replaced)
    with pytest.raises((UnsupportedLayerError, FormatError)):
        load_watched(path)


@pytest.mark.parametrize(
    "attack", [key for key, value in ATTACKS.items() if isinstance(value["config"], dict)]
)
def test_refusal_names_what_it_found(tmp_path, attack):
    names = f"'evil'|{ATTACKS[attack]['class_name']}|'Lambda'|'X'|__lambda__"
    with pytest.raises(UnsupportedLayerError, match=names):
        load_model(with_config(tmp_path, sequential(ATTACKS[attack])))


@pytest.mark.parametrize(
    "argument",
    [
        LAMBDA,
        entry("function", "system", "os", "system"),
        {"class_name": "__bytes__", "config": {"value": "x"}},
        {"class_name": "__typespec__", "config": [], "module": "os", "spec_name": "system"},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}},
        {"class_name": "__tensor__", "config": {"value": "x" * 99, "dtype": "float32"}},
    ],
)
def test_arguments_of_calls_are_data_only(tmp_path, argument):
    def with_argument(config):
        layer_of(config, "tanh")["inbound_nodes"][0]["args"].append(argument)

    with pytest.raises((UnsupportedLayerError, FormatError)):
        load_watched(edited(FILES / "functional.keras", tmp_path, with_argument))


def test_sound_model_is_loaded_without_a_trace():
    for name in ("sequential", "functional"):
        load_watched(FILES / f"{name}.keras")


def refused_cheaply(path, seconds=5.0, mib=100):
    """A refusal that took little time and memory."""
    tracemalloc.start()
    start = time.process_time()
    try:
        with pytest.raises((FormatError, UnsupportedLayerError)) as error:
            load_model(path)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert time.process_time() - start < seconds
    assert peak < mib << 20
    return error


INPUT = entry("InputLayer", {"name": "i", "batch_shape": [None, 5, 3], "dtype": "float32"})
HUGE = {
    "units": [INPUT, entry("Dense", {"name": "x", "units": 2**31})],
    "units squared": [INPUT, entry("LSTM", {"name": "x", "units": 10**9})],
    "beyond 64 bits": [INPUT, entry("Dense", {"name": "x", "units": 10**40})],
    "embedding": [
        entry("InputLayer", {"name": "i", "batch_shape": [None, 5], "dtype": "int32"}),
        entry("Embedding", {"name": "x", "input_dim": 2**31, "output_dim": 2**20}),
    ],
    "input": [
        entry("InputLayer", {"name": "i", "batch_shape": [2**30, 2**30, 3], "dtype": "float32"}),
        entry("TimeDistributed", {"name": "x", "layer": entry("Dense", {"name": "d", "units": 2})}),
    ],
    "many": [INPUT] + [entry("Dense", {"name": f"x{i}", "units": 2000}) for i in range(2000)],
}


@pytest.mark.parametrize("layers", HUGE.values(), ids=HUGE.keys())
def test_config_that_asks_for_more_than_the_file_holds_is_refused_cheaply(tmp_path, layers):
    refused_cheaply(with_config(tmp_path, sequential(*layers)))


def tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def operation(class_name, args, options, module="numpy"):
    """A functional model of one operation on inputs a (None, 9000, 1) and b (None, 1, 9000)."""
    inputs = [
        entry("InputLayer", {"name": name, "batch_shape": shape, "dtype": "float32"})
        for name, shape in (("a", [None, 9000, 1]), ("b", [None, 1, 9000]))
    ]
    call = entry(class_name, {"name": "op", **options}, f"keras.src.ops.{module}", class_name)
    call["inbound_nodes"] = [{"args": args, "kwargs": {}}]
    layers = [{**x, "inbound_nodes": []} for x in inputs] + [call]
    config = {"name": "m", "layers": [{**x, "name": x["config"]["name"]} for x in layers]}
    config |= {"input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["op", 0, 0]]}
    return entry("Functional", config, "keras.src.models.functional", "Functional")


A, B = tensor("a"), tensor("b")
BOMBS = {
    "broadcast": ("Add", [A, B], {}),
    "where": ("Where", [A, B, 1.0], {}),
    "matmul": ("Matmul", [A, B], {}),
    "einsum": ("Einsum", [A, B], {"subscripts": "abc,ade->abcde"}),
    "einsum with dots": ("Einsum", [A, B], {"subscripts": "...c,a...->c"}),
    "einsum of many": ("Einsum", [A, A, A], {"subscripts": "abc,def,ghi->a"}),
    "tile": ("Tile", [A], {"repeats": [1, 10**6, 10**6]}),
    "tile batch": ("Tile", [A], {"repeats": [10**12, 1, 1]}),
    "tile negative": ("Tile", [A], {"repeats": [-1, 1, 1]}),
    "repeat": ("Repeat", [A], {"repeats": 10**12, "axis": 1}),
    "broadcast_to": ("BroadcastTo", [A], {"shape": [10**6, 10**6, 10**6]}),
    "pad": ("Pad", [A], {"pad_width": [[0, 0], [10**9, 10**9], [0, 0]], "mode": "constant"}),
    "one_hot": ("OneHot", [A], {"num_classes": 10**10}),
    "reshape": ("Reshape", [A], {"newshape": [10**12, -1]}),
    "strings": ("Cast", [A], {"dtype": "S1000000"}),
    "objects": ("Cast", [A], {"dtype": "O"}),
    "dtype as argument": ("OnesLike", [A, "S1000000"], {}),
}


@pytest.mark.parametrize("class_name, args, options", BOMBS.values(), ids=BOMBS.keys())
def test_operation_that_grows_without_bound_is_refused_cheaply(tmp_path, class_name, args, options):
    refused_cheaply(with_config(tmp_path, operation(class_name, args, options)))


def test_layers_that_grow_step_by_step_are_refused_cheaply(tmp_path):
    layers = [entry("UpSampling1D", {"name": f"u{i}", "size": 10**6}) for i in range(3)]
    layers += [entry("TimeDistributed", {"name": "t", "layer": entry("Dense", {"units": 1})})]
    last = entry("LSTM", {"name": "l", "units": 1})
    refused_cheaply(with_config(tmp_path, sequential(INPUT, *layers, last)))


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"class_name": "Sequential", "config": {"layers": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b'{"class_name": NaN}',
        b'{"class_name": 1' + b"0" * 10_000 + b"}",
        b'{"class_name": "Sequential", "class_name": "Sequential", "config": {"layers": []}}',
        b"\xff\xfe",
        b"",
        b"null",
        b'"Sequential"',
    ],
)
def test_json_tricks_are_format_errors(tmp_path, text):
    with zipfile.ZipFile(FILES / "sequential.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    refused_cheaply(written(tmp_path, {**members, "config.json": text}))
    refused_cheaply(written(tmp_path, {**members, "metadata.json": text}))


def test_wrappers_inside_wrappers_have_an_end(tmp_path):
    layer = entry("Dense", {"name": "d", "units": 2})
    for i in range(200):
        layer = entry("TimeDistributed", {"name": f"t{i}", "layer": layer})
    assert "deep" in str(refused_cheaply(with_config(tmp_path, sequential(INPUT, layer))).value)


@pytest.mark.parametrize("name", ["", "a\n b", "a\u0000", "\ud800", 5, None, ["a"], "x" * 5000])
def test_name_unfit_for_printing_is_refused(tmp_path, name):
    layer = entry("Dense", {"name": name, "units": 2})
    with pytest.raises(FormatError, match="called"):
        load_model(with_config(tmp_path, sequential(INPUT, layer)))


def paths_into(value, here=()):
    """The way to every value inside nested dicts and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inside in items:
        yield (*here, key)
        if isinstance(inside, dict | list):
            yield from paths_into(inside, (*here, key))


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["sequential", "functional"])
def test_altered_config_raises_nothing_but_our_two_errors(tmp_path, name):
    """Any value of the config, replaced by any other kind of value, taken away or doubled."""
    with zipfile.ZipFile(FILES / f"{name}.keras") as archive:
        original = json.loads(archive.read("config.json"))
    places = [place for place in paths_into(original) if "compile_config" not in place]
    rng = random.Random(0)
    values = [None, True, -1, 0, 3, 2**70, 1.5, "", "x", "tanh", "ids", [], [1], {}, {"a": 1}, [[]]]
    for place in rng.sample(places, min(len(places), 500)):
        config = copy.deepcopy(original)
        holder = config
        for key in place[:-1]:
            holder = holder[key]
        action = rng.random()
        if action < 0.15:
            del holder[place[-1]]
        elif action < 0.25 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[place[-1]]))
        else:
            holder[place[-1]] = rng.choice(values)
        try:
            load_model(edited(FILES / f"{name}.keras", tmp_path, lambda _, new=config: new))
        except (FormatError, UnsupportedLayerError):
            pass


@pytest.mark.slow
@pytest.mark.sanitize
def test_every_prefix_of_a_model_file_is_refused(tmp_path):
    data = (FILES / "functional.keras").read_bytes()
    path = tmp_path / "cut.keras"
    for size in range(0, len(data), 41):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError, match="cut.keras"):
            load_model(path)


def test_flipped_bytes_of_a_model_file_are_refused_or_harmless(tmp_path):
    """A zip has a checksum for each member: no flip gets through to a weight."""
    data = (FILES / "functional.keras").read_bytes()
    whole = [w.tobytes() for w in load_model(FILES / "functional.keras").get_weights()]
    path = tmp_path / "flipped.keras"
    rng = random.Random(0)
    for at in rng.sample(range(len(data)), 150):
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(damaged))
        try:
            weights = load_model(path).get_weights()
        except FormatError:
            continue
        assert [w.tobytes() for w in weights] == whole
