"""Models of a lookup layer whose vocabulary has n pieces, in the config or beside it."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.fuzz.bombs_config import entry
from tests.support.hdf5_writer import Writer

TABLES: dict[str, Callable[[int], bytes]] = {}


def table(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
    TABLES[make.__name__.replace("_", " ")] = make
    return make


def model(*layers: dict, dtype: str = "string") -> dict:
    source = entry("InputLayer", "i", batch_shape=[None, 3], dtype=dtype)
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [source, *layers]}}


def weights() -> bytes:
    writer = Writer()
    return writer.finish(writer.group({"layers": writer.group({}), "vars": writer.group({})}))


def packed(config: Any, tables: dict[str, bytes], deflated: bool = True) -> bytes:
    kind = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights())
        for name, text in tables.items():
            archive.writestr(f"assets/layers/{name}/vocabulary.txt", text)
    return buffer.getvalue()


def tokens(n: int) -> bytes:
    return b"\n".join(b"%d" % i for i in range(n))


@table
def tokens_in_the_config(n):
    return packed(model(entry("StringLookup", "s", vocabulary=[str(i) for i in range(n)])), {})


@table
def ids_in_the_config(n):
    return packed(model(entry("IntegerLookup", "s", vocabulary=list(range(n))), dtype="int64"), {})


@table
def one_token_often_in_the_config(n):
    return packed(model(entry("StringLookup", "s", vocabulary=["a"] * n)), {})


@table
def tokens_beside_the_config(n):
    return packed(model(entry("StringLookup", "string_lookup")), {"string_lookup": tokens(n)})


@table
def tokens_of_text(n):
    config = model(entry("TextVectorization", "text_vectorization"))
    return packed(config, {"text_vectorization": tokens(n)})


@table
def one_token_often(n):
    return packed(model(entry("StringLookup", "s")), {"string_lookup": b"a\n" * n})


@table
def empty_lines(n):
    return packed(model(entry("StringLookup", "s")), {"string_lookup": b"\r\n" * n + b"a"})


@table
def one_long_token(n):
    return packed(model(entry("StringLookup", "s")), {"string_lookup": b"a" * 10 * n})


@table
def wide_tokens_stored(n):
    """Of which one is long: an array of NumPy's strings would make all of them so."""
    text = tokens(n) + b"\n" + b"a" * n
    return packed(model(entry("StringLookup", "s")), {"string_lookup": text}, deflated=False)


@table
def wide_tokens_in_the_config(n):
    words = [*(str(i) for i in range(n // 10)), "a" * n]
    return packed(model(entry("StringLookup", "s", vocabulary=words)), {})


@table
def no_text(n):
    return packed(model(entry("StringLookup", "s")), {"string_lookup": b"\xff\n" * n})


@table
def many_tables(n):
    layers = [entry("StringLookup", f"s{i}", vocabulary=["a"]) for i in range(n // 100)]
    names = ["string_lookup", *(f"string_lookup_{i}" for i in range(1, n // 100))]
    return packed(model(*layers), {name: b"b" for name in names})


@table
def tables_that_nothing_reads(n):
    return packed(model(entry("StringLookup", "s")), {f"x{i}": b"a" for i in range(n // 100)})


@table
def weights_of_tokens(n):
    options = {"vocabulary": [str(i) for i in range(n)], "idf_weights": [0.5] * n}
    return packed(model(entry("StringLookup", "s", output_mode="tf_idf", **options)), {})


@table
def large_numbers_of_unknown_tokens(n):
    return packed(model(entry("StringLookup", "s", vocabulary=["a"], num_oov_indices=10**9)), {})


@table
def large_numbers_of_unknown_tokens_with_weights(n):
    options = {"vocabulary": ["a"], "idf_weights": [1.0], "output_mode": "tf_idf"}
    return packed(model(entry("StringLookup", "s", num_oov_indices=10**9, **options)), {})


@table
def most_tokens_with_weights(n):
    options = {"vocabulary": ["a"], "idf_weights": [1.0], "output_mode": "tf_idf"}
    most = {"max_tokens": 2**31 - 1, "pad_to_max_tokens": True}
    return packed(model(entry("StringLookup", "s", **options, **most)), {})


@table
def most_tokens(n):
    options = {"max_tokens": 2**31 - 1, "pad_to_max_tokens": True, "output_mode": "multi_hot"}
    return packed(model(entry("StringLookup", "s", vocabulary=["a"], **options)), {})


@table
def n_grams(n):
    words = [str(i) for i in range(10)]
    return packed(
        model(entry("TextVectorization", "s", vocabulary=words, ngrams=list(range(1, n)))), {}
    )


@table
def boundaries(n):
    made = entry("Discretization", "s", bin_boundaries=[i / 2 for i in range(n)])
    return packed(model(made, dtype="float32"), {})
