"""Vocabularies of lookup layers come out of the file itself, whole and fitting, or not at all."""

import json
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from maskseq import load_model
from maskseq.importers import FormatError, UnsupportedLayerError
from maskseq.importers.hdf5 import read_hdf5
from maskseq.importers.keras.archive import read_archive
from maskseq.importers.keras.tables import Tables
from maskseq.importers.keras.weights import load_tree
from tests.fuzz import bombs_tables
from tests.importers.test_keras_security import load_watched
from tests.support.hdf5_writer import Writer, texts
from tests.support.hdf5_writer import text as as_text
from tests.support.keras_files import FILES, layer_of, written

TEXT = FILES / "tensorflow" / "text.keras"
TABLE = "assets/layers/text_vectorization/vocabulary.txt"
MANY = b"\n".join(b"%d" % i for i in range(20))


def members():
    with zipfile.ZipFile(TEXT) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# The places of the layers to_ids, fixed and weighed: text_vectorization, _1 and _2.


def changed(folder, **tables):
    """The file with other texts of some layers; None: without."""
    parts = members()
    for name, text in tables.items():
        parts[f"assets/layers/{name}/vocabulary.txt"] = text
    return written(folder, {name: data for name, data in parts.items() if data is not None})


def with_option(folder, name, **options):
    """The file with other arguments of one layer."""
    parts = members()
    config = json.loads(parts["config.json"])
    layer_of(config, name)["config"].update(options)
    parts["config.json"] = json.dumps(config).encode()
    return written(folder, parts)


def test_loading_text_opens_nothing_else():
    model = load_watched(TEXT)
    assert model.get_layer("to_ids").get_vocabulary()[:2] == ["", "[UNK]"]


def test_vocabulary_of_the_archive_is_used(tmp_path):
    model = load_model(changed(tmp_path, text_vectorization="\n[UNK]\nä\nb c".encode()))
    layer = model.get_layer("to_ids")
    assert layer.get_vocabulary() == ["", "[UNK]", "ä", "b c"]
    assert layer(["ä x"]).tolist() == [[2, 1]]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_lines_end_as_on_any_system(tmp_path, end):
    text = end.join([b"", b"[UNK]", b"one", b"two", b"", b""])
    layer = load_model(changed(tmp_path, text_vectorization=text)).get_layer("to_ids")
    assert layer.get_vocabulary() == ["", "[UNK]", "one", "two"]


def test_only_newlines_end_a_token(tmp_path):
    text = "\n[UNK]\na\u2028b\nc\x85d".encode()
    layer = load_model(changed(tmp_path, text_vectorization=text)).get_layer("to_ids")
    assert layer.get_vocabulary()[2:] == ["a\u2028b", "c\x85d"]


def test_loaded_layer_may_learn_anew(tmp_path):
    layer = load_model(TEXT).get_layer("to_ids")
    layer.adapt(["new words"])
    assert layer.get_vocabulary() == ["", "[UNK]", "words", "new"]


def test_missing_vocabulary_is_an_error_when_it_is_needed(tmp_path):
    layer = load_model(changed(tmp_path, text_vectorization=None)).get_layer("to_ids")
    with pytest.raises(ValueError, match="vocabulary must be given, or learnt by adapt"):
        layer(["a"])


@pytest.mark.parametrize(
    "tables, message",
    [
        ({"text_vectorization": b"\n[UNK]\na\nb\na"}, "every token once, got .'a'."),
        ({"text_vectorization": b"\n[UNK]\na\n\nb"}, "'' must stand in front"),
        ({"text_vectorization": b""}, "must hold tokens"),
        (
            {"text_vectorization_1": b"\n".join(b"%d" % i for i in range(20))},
            "at most max_tokens=9",
        ),
        ({"string_lookup": b"[UNK]\na"}, "must have 3 tokens as before, got 2"),
        ({"text_vectorization_2": b"[UNK]\na"}, "tokens as before, got 2"),
        ({"integer_lookup": b"0\n-1\nfive"}, "invalid literal"),
        ({"integer_lookup": b"0\n-1\n" + b"9" * 30}, "integers of 64 bits"),
        ({"integer_lookup": b"0\n-1\n" + b"9" * 5000}, "vocabulary of 'numbered'"),
    ],
)
def test_text_that_is_no_vocabulary_is_named(tmp_path, tables, message):
    with pytest.raises(FormatError, match=message):
        load_model(changed(tmp_path, **tables))


@pytest.mark.parametrize(
    "name, options",
    [
        ("named", {"vocabulary": "/etc/passwd"}),
        ("named", {"vocabulary": "https://example.org/words.txt"}),
        ("to_ids", {"vocabulary": "words.txt"}),
        ("numbered", {"vocabulary": "gs://bucket/ids"}),
        ("to_ids", {"standardize": {"class_name": "function", "config": "os.system"}}),
        ("to_ids", {"split": {"class_name": "__lambda__", "config": {"value": "x"}}}),
        ("to_ids", {"ngrams": 0}),
        ("hashed", {"num_bins": -1}),
        ("hashed", {"salt": [2**70, 1]}),
        ("named", {"max_tokens": 1}),
        ("named", {"sparse": True}),
        ("fixed", {"output_sequence_length": "many"}),
    ],
)
def test_arguments_of_a_file_open_and_run_nothing(tmp_path, name, options):
    path = with_option(tmp_path, name, **options)
    with pytest.raises((UnsupportedLayerError, FormatError), match=name):
        load_watched(path)


@pytest.mark.parametrize(
    "text",
    [
        b"\n" * (8 << 20),
        b"a\n" * (4 << 20),
        b"\n".join(b"%d" % i for i in range(1_000_000)),
        b"x" * (16 << 20),
        b"\n[UNK]\n" + b"y" * (1 << 19),
    ],
    ids=["newlines", "one token", "many tokens", "one long token", "one token of half a MB"],
)
def test_vocabulary_that_inflates_is_no_burden(tmp_path, text):
    parts = members() | {TABLE: text}
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    start, size = time.process_time(), path.stat().st_size
    tracemalloc.start()
    try:
        load_model(path)
    except FormatError:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * size + (64 << 20)
    assert time.process_time() - start < 6  # tracemalloc is slow


def test_damaged_text_is_refused(tmp_path):
    path = changed(tmp_path, text_vectorization=b"\n[UNK]\nabcdefgh")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"abcdefgh", b"abcdefgX"))
    with pytest.raises(FormatError, match="CRC"):
        load_model(path)


def test_weights_of_tokens_are_read_and_checked(tmp_path):
    model = load_model(TEXT)
    layer = model.get_layer("weighed")
    weights = layer.get_config()["idf_weights"]
    assert len(weights) == layer.vocabulary_size() and min(weights) > 0
    np.testing.assert_allclose(weights[0], np.mean(weights[1:]), rtol=1e-6)


def test_table_that_does_not_fit_changes_no_weight_and_no_other_table():
    model = load_model(TEXT)
    first = model.get_layer("to_ids")
    first.set_vocabulary(["other"])
    model.set_weights([weight + 1 for weight in model.get_weights()])
    weights = model.get_weights()
    texts = {TABLE: b"\n[UNK]\none", "assets/layers/text_vectorization_1/vocabulary.txt": MANY}
    root = read_hdf5(read_archive(str(TEXT)).weights, "text.keras")
    with pytest.raises(FormatError, match="the vocabulary of 'fixed'"):
        load_tree(model, root, "text.keras", Tables("text.keras", texts, TEXT.stat().st_size))
    assert first.get_vocabulary() == ["", "[UNK]", "other"]
    for ours, kept in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_conv2d_in_a_time_distributed_says_that_it_stays_out(tmp_path):
    inner = {"module": "keras.layers", "class_name": "Conv2D", "config": {"name": "conv"}}
    with pytest.raises(UnsupportedLayerError, match="'conv' is a Conv2D, a layer of images.*Time"):
        parts = members()
        config = json.loads(parts["config.json"])
        entry = layer_of(config, "embedded")
        entry["class_name"], entry["config"] = "TimeDistributed", {"name": "td", "layer": inner}
        parts["config.json"] = json.dumps(config).encode()
        load_model(written(tmp_path, parts))


@pytest.mark.parametrize(
    "options",
    [
        {"num_oov_indices": 10**9},
        {"max_tokens": 2**31 - 1, "pad_to_max_tokens": True},
    ],
)
def test_table_of_more_weights_than_the_file_has_is_refused(tmp_path, options):
    tokens = {"vocabulary": ["a"], "idf_weights": [1.0], "output_mode": "tf_idf"}
    config = bombs_tables.model(bombs_tables.entry("StringLookup", "s", **tokens, **options))
    path = tmp_path / "m.keras"
    path.write_bytes(bombs_tables.packed(config, {}))
    with pytest.raises(ValueError, match="too large"):
        load_model(path)


def test_config_may_hold_a_hundred_thousand_tokens(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(bombs_tables.TABLES["tokens in the config"](100_000))
    assert load_model(path).layers[-1].vocabulary_size() == 100_001


def test_many_indices_of_unknown_tokens_take_no_room(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(bombs_tables.TABLES["large numbers of unknown tokens"](1))
    assert load_model(path).layers[-1].vocabulary_size() == 10**9 + 1


# What Discretization of Keras 2 learnt: no boundaries, but a summary of the numbers.

SUMMARY = np.stack([np.arange(100.0) ** 2, np.ones(100)])
LEARNT = [575.9991, 2400.9983, 5475.998]  # tf_keras 2.21: num_bins=4, adapt(np.arange(100) ** 2)


def with_bins(folder, summary, ending=".h5", **options):
    """A file of Keras 2 with a Discretization and a Dense; summary: None: without."""
    bins = {"name": "bins", "num_bins": 4, **options}
    source = {"batch_input_shape": [None, 1], "dtype": "float32", "name": "i"}
    made = [("InputLayer", source), ("Discretization", bins), ("Dense", {"name": "d", "units": 1})]
    entries = [{"class_name": kind, "config": config} for kind, config in made]
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": entries}}
    writer = Writer()

    def put(array):
        array = np.asarray(array, "<f4")
        return writer.dataset(array.shape, array.tobytes())

    kernel, bias = put([[1.0]]), put([0.0])
    if ending == ".keras":
        dense = writer.group({"vars": writer.group({"0": kernel, "1": bias})})
        kept = {} if summary is None else {"0": put(summary)}
        inner = {"dense": dense, "discretization": writer.group({"vars": writer.group(kept)})}
        root = writer.group({"layers": writer.group(inner)})
        parts = {"metadata.json": b'{"keras_version": "2.15.0"}'}
        parts["config.json"] = json.dumps(config).encode()
        return written(folder, {**parts, "model.weights.h5": writer.finish(root)})
    names = [] if summary is None else [b"summary:0"]
    kept = {} if summary is None else {"summary:0": put(summary)}
    inside = writer.group(kept, [texts("weight_names", names)])
    dense = writer.group({"k": kernel, "b": bias}, [texts("weight_names", [b"k", b"b"])])
    weights = writer.group({"bins": inside, "d": dense}, [texts("layer_names", [b"bins", b"d"])])
    said = {"model_config": json.dumps(config).encode(), "keras_version": b"2.15.0"}
    root = writer.group({"model_weights": weights}, [as_text(*pair) for pair in said.items()])
    path = folder / "bins.h5"
    path.write_bytes(writer.finish(root))
    return path


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_boundaries_come_from_the_summary_of_keras2(tmp_path, ending):
    model = load_model(with_bins(tmp_path, SUMMARY, ending))
    np.testing.assert_allclose(model.layers[0].bin_boundaries, LEARNT, rtol=1e-5)
    x = np.float32([[0], [575], [577], [2500], [1e9]])
    assert model.predict(x)[:, 0].tolist() == [0, 0, 1, 2, 3]
    model.save(tmp_path / "again.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "again.keras").predict(x), model.predict(x))


@pytest.mark.parametrize("ending", [".h5", ".keras"])
@pytest.mark.parametrize("summary", [None, np.zeros((2, 0))])
def test_without_a_summary_there_are_no_boundaries(tmp_path, ending, summary):
    model = load_model(with_bins(tmp_path, summary, ending))
    with pytest.raises(ValueError, match="bin_boundaries must be given, or learnt"):
        model.predict(np.zeros((1, 1), np.float32))


@pytest.mark.parametrize("ending", [".h5", ".keras"])
@pytest.mark.parametrize(
    "summary, message",
    [
        (np.ones((3, 4)), "expected a summary of shape"),
        (np.ones(4), "expected a summary of shape"),
        (np.stack([np.arange(9) * np.nan, np.ones(9)]), "finite numbers"),
        (np.stack([np.arange(9), -np.ones(9)]), "finite numbers, and counts"),
        (np.stack([np.arange(9), np.zeros(9)]), "finite numbers, and counts"),
    ],
)
def test_a_summary_that_is_none_is_named(tmp_path, summary, message, ending):
    with pytest.raises(FormatError, match=f"'bins' .Discretization.: .*{message}"):
        load_model(with_bins(tmp_path, summary, ending))


def test_a_summary_that_no_layer_needs_is_named(tmp_path):
    path = with_bins(tmp_path, SUMMARY, num_bins=None, bin_boundaries=[1.0])
    with pytest.raises(FormatError, match="1 summaries for 0 Discretization layers"):
        load_model(path)


def with_idf(folder, weights, mode="tf_idf", names=(b"Variable:0",)):
    """A legacy file with an IntegerLookup whose tokens weigh something, before a Dense."""
    lookup = {"name": "look", "vocabulary": [7, 8, 9], "output_mode": mode, "mask_token": None}
    if mode == "tf_idf":
        lookup["idf_weights"] = [1.0, 2.0, 3.0]
    source = {"batch_input_shape": [None, 4], "dtype": "int64", "name": "i"}
    made = [("InputLayer", source), ("IntegerLookup", lookup), ("Dense", {"name": "d", "units": 1})]
    entries = [{"class_name": kind, "config": config} for kind, config in made]
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": entries}}
    writer = Writer()

    def group(arrays):
        found = {name: np.asarray(array, "<f4") for name, array in arrays.items()}
        held = {k: writer.dataset(x.shape, x.tobytes()) for k, x in found.items()}
        return writer.group(held, [texts("weight_names", [k.encode() for k in held])])

    look = group({name.decode(): weights for name in names})
    dense = group({"k": [[1.0], [10.0], [100.0], [1000.0]], "b": [0.0]})
    root = writer.group(
        {
            "model_weights": writer.group(
                {"look": look, "d": dense}, [texts("layer_names", [b"look", b"d"])]
            )
        },
        [as_text("model_config", json.dumps(config).encode()), as_text("keras_version", b"2.15.0")],
    )
    path = folder / "idf.h5"
    path.write_bytes(writer.finish(root))
    return path


def test_legacy_files_list_weights_of_tokens_among_those_of_layers(tmp_path):
    """Keras 2.15 writes those of TextVectorization and lookups in mode tf_idf so."""
    model = load_model(with_idf(tmp_path, [0.5, 1.0, 2.0, 3.0]))
    counted = model.predict(np.array([[7, 7, 9, 4], [4, 4, 5, 6]]))
    np.testing.assert_array_equal(counted, [[0.5 + 2 * 10 + 3 * 1000], [4 * 0.5]])


@pytest.mark.parametrize(
    "weights, options, message",
    [
        ([1.0, 2.0], {}, r"must have shape \(4,\), got \(2,\)"),
        ([1.0] * 4, {"mode": "count"}, "its mode or vocabulary has none"),
        ([1.0] * 4, {"names": (b"a:0", b"b:0")}, "expected one array"),
    ],
)
def test_weights_of_tokens_that_do_not_fit_are_named(tmp_path, weights, options, message):
    with pytest.raises(FormatError, match=f"'look' .IntegerLookup.: .*{message}"):
        load_model(with_idf(tmp_path, weights, **options))
