"""HDF5 files in which one structure has n pieces, or n names lead to the same piece."""

from collections.abc import Callable

from tests.support.hdf5_writer import (
    CONTINUATION,
    DATASPACE,
    DATATYPE,
    FLOAT32,
    HEAP_STRING,
    LAYOUT,
    SYMBOL_TABLE,
    Writer,
    attribute,
    fixed_string,
    pack,
    space,
    text,
    texts,
)

BOMBS: dict[str, Callable[[int], bytes]] = {}
LEGACY: dict[str, Callable[[int], bytes]] = {}
MOST = 65_535  # messages of a header, entries of a node


def bomb(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
    BOMBS[make.__name__.replace("_", " ")] = make
    return make


def legacy_bomb(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
    LEGACY[make.__name__.replace("_", " ")] = make
    return make


def in_dense(writer: Writer, group: int) -> bytes:
    """The file in which `group` holds the weights of the layer dense."""
    layer = writer.group({"dense": writer.group({"vars": group})})
    return writer.finish(writer.group({"layers": layer, "vars": writer.group({})}))


def dense() -> bytes:
    writer = Writer()
    return in_dense(writer, writer.group({"0": writer.dataset((2, 1)), "1": writer.dataset((1,))}))


@bomb
def messages_of_one_header(n: int) -> bytes:
    writer = Writer()
    fat = writer.dataset((1,), more=[(0, b"")] * min(n, MOST - 3))
    return in_dense(writer, writer.group({"0": fat, "1": fat}))


@bomb
def headers_with_many_messages(n: int) -> bytes:
    writer = Writer()
    each = n // 10
    members = {f"{i}": writer.dataset((1,), more=[(0, b"")] * min(each, 6000)) for i in range(10)}
    return in_dense(writer, writer.group(members))


@bomb
def names_of_one_object(n: int) -> bytes:
    writer = Writer()
    one = writer.dataset((1,))
    return in_dense(writer, writer.group({f"{i}": one for i in range(n)}))


@bomb
def names_of_one_object_with_many_messages(n: int) -> bytes:
    writer = Writer()
    fat = writer.dataset((1,), more=[(0, b"")] * min(n, MOST - 3))
    return in_dense(writer, writer.group({f"{i}": fat for i in range(n)}))


@bomb
def objects(n: int) -> bytes:
    writer = Writer()
    return in_dense(writer, writer.group({f"{i}": writer.dataset((1,)) for i in range(n)}))


@bomb
def empty_groups(n: int) -> bytes:
    writer = Writer()
    table = writer.table({})
    members = {f"{i}": writer.header([(SYMBOL_TABLE, table)]) for i in range(n)}
    return in_dense(writer, writer.group(members))


@bomb
def groups_that_share_a_table(n: int) -> bytes:
    writer = Writer()
    one = writer.dataset((1,))
    table = writer.table({f"{i}": one for i in range(n // 100)})
    members = {f"{i}": writer.header([(SYMBOL_TABLE, table)]) for i in range(n // 100)}
    return in_dense(writer, writer.group(members))


@bomb
def groups_that_share_a_long_heap(n: int) -> bytes:
    writer = Writer()
    heap, tree = writer.heap_of_names(bytes(10 * n)), writer.tree([])
    table = pack("<QQ", tree, heap)
    members = {f"{i}": writer.header([(SYMBOL_TABLE, table)]) for i in range(n // 10)}
    return in_dense(writer, writer.group(members))


def zeros(kind: bytes, width: int):
    """Weights of zeros for the Dense of many units in bombs_config, as large as is allowed."""

    def make(n: int) -> bytes:
        writer = Writer()
        at = writer.put(bytes(2 * units(n) * width))
        layout = pack("<BBQQ", 3, 1, at, 2 * units(n) * width)
        more = [text("dtype", b"bfloat16")] if kind == BFLOAT16 else []
        messages = [(DATASPACE, space(2, units(n))), (DATATYPE, kind), (LAYOUT, layout)]
        return in_dense(writer, writer.group({"0": writer.header([*messages, *more])}))

    return make


BFLOAT16, INT8 = pack("<4BI", 0x15, 0, 0, 0, 2) + bytes(8), pack("<4BIHH", 0x10, 8, 0, 0, 1, 0, 8)
ZEROS = {"float32": zeros(FLOAT32, 4), "bfloat16": zeros(BFLOAT16, 2), "int8": zeros(INT8, 1)}


def units(n: int) -> int:
    return 40 * n


@bomb
def layers(n: int) -> bytes:
    writer = Writer()
    one = writer.group({"vars": writer.group({})})
    inside = writer.group({f"dense_{i}": one for i in range(n)})
    return writer.finish(writer.group({"layers": inside, "vars": writer.group({})}))


@bomb
def groups_in_groups(n: int) -> bytes:
    writer = Writer()
    here = writer.group({})
    for _ in range(n // 10):
        here = writer.group({"vars": here, "a": here, "b": here})
    return in_dense(writer, here)


@bomb
def groups_that_hold_themselves(n: int) -> bytes:
    writer = Writer()
    at = len(writer.bytes) + 8
    table = writer.table({f"{i}": at for i in range(n)})
    return in_dense(writer, writer.header([(SYMBOL_TABLE, table)]))


@bomb
def continuations(n: int) -> bytes:
    """Each block holds the message that leads to the next."""
    writer = Writer()
    block = 0, 0
    for _ in range(min(n, MOST - 1)):
        body = writer.messages([(CONTINUATION, pack("<QQ", *block)), (0, b"")])
        block = writer.put(body), len(body)
    x = writer.header([(CONTINUATION, pack("<QQ", *block))], count=MOST)
    return in_dense(writer, writer.group({"0": x}))


@bomb
def continuations_to_one_block(n: int) -> bytes:
    writer = Writer()
    body = writer.messages([(0, b"")] * (n // 2))
    at = writer.put(body)
    more = [(CONTINUATION, pack("<QQ", at, len(body)))] * (n // 2)
    members = {f"{i}": writer.header(more[:100], count=MOST) for i in range(n // 100)}
    return in_dense(writer, writer.group(members))


@bomb
def leaves_of_a_tree(n: int) -> bytes:
    writer = Writer()
    heap, _ = writer.names([])
    empty = [writer.leaf([]) for _ in range(min(n, MOST))]
    table = pack("<QQ", writer.tree(empty), heap)
    return in_dense(writer, writer.header([(SYMBOL_TABLE, table)]))


@bomb
def levels_of_a_tree(n: int) -> bytes:
    writer = Writer()
    heap, _ = writer.names([])
    node = writer.leaf([])
    for level in range(256):
        node = writer.tree([node] * min(n, MOST), level)
    return in_dense(writer, writer.header([(SYMBOL_TABLE, pack("<QQ", node, heap))]))


@bomb
def names_that_overlap(n: int) -> bytes:
    writer = Writer()
    one = writer.dataset((1,))
    heap = writer.heap_of_names(bytes(8) + b"a" * n + b"\0")
    tree = writer.tree([writer.leaf((8 + i, one) for i in range(min(n, MOST)))])
    return in_dense(writer, writer.header([(SYMBOL_TABLE, pack("<QQ", tree, heap))]))


@bomb
def long_names(n: int) -> bytes:
    writer = Writer()
    here = writer.group({})
    for _ in range(100):
        here = writer.group({"a" * (n // 100): here})
    return in_dense(writer, writer.group({"vars": here, "0": here}))


@bomb
def attributes(n: int) -> bytes:
    writer = Writer()
    more = [attribute(f"{i}", fixed_string(1), space(), b"x") for i in range(min(n, MOST - 1))]
    return in_dense(writer, writer.group({}, more))


@bomb
def empty_lists_in_an_attribute_that_nobody_reads(n: int) -> bytes:
    writer = Writer()
    shape = attribute("name", fixed_string(1), space(min(n, 60_000), 0), bytes(60_000))
    return in_dense(writer, writer.group({"0": writer.dataset((2, 1))}, [shape]))


@bomb
def shapes_without_bytes(n: int) -> bytes:
    writer = Writer()
    spaces = [(DATASPACE, space(*[1] * 31))] * min(n, 200)
    x = writer.dataset((0, 2**62), b"", more=spaces)
    return in_dense(writer, writer.group({"0": x, "1": writer.dataset((0, n), b"")}))


def legacy(config: bytes | None, extra=(), names: bytes | None = None) -> bytes:
    """A legacy `.h5` file. config: None is that of one Dense; names: the list of layers."""
    from tests.fuzz.bombs_config import DENSE, json

    writer = Writer()
    weights = {"k": writer.dataset((2, 1)), "b": writer.dataset((1,))}
    layer = writer.group(weights, [texts("weight_names", [b"k", b"b"])])
    return _legacy(
        writer,
        {"dense": layer},
        [texts("layer_names", [b"dense"])],
        config or json.dumps(DENSE).encode(),
    )


def _legacy(writer: Writer, members, attributes, config: bytes) -> bytes:
    (pointer,) = writer.strings([config])
    group = writer.group({"model_weights": writer.group(members, attributes)}, [
        attribute("model_config", HEAP_STRING, space(), pointer),
        text("keras_version", b"2.15.0"),
    ])  # fmt: skip
    return writer.finish(group)


def _config() -> bytes:
    from tests.fuzz.bombs_config import DENSE, json

    return json.dumps(DENSE).encode()


def _heap_names(writer: Writer, name: str, pointers: list[bytes]) -> list[tuple[int, bytes]]:
    """Pointers to strings as an attribute, or several numbered ones: each is 64 kB at most."""
    parts = [pointers[i : i + 4000] for i in range(0, len(pointers), 4000)]
    if len(parts) == 1:
        return [attribute(name, HEAP_STRING, space(len(pointers)), b"".join(pointers))]
    return [
        attribute(f"{name}{i}", HEAP_STRING, space(len(part)), b"".join(part))
        for i, part in enumerate(parts)
    ]


@legacy_bomb
def names_at_the_end_of_a_heap(n: int) -> bytes:
    writer = Writer()
    pointer = writer.strings([b""] * (MOST - 2) + [b"a"])[-1]
    layer = writer.group({"b": writer.dataset((1,))}, [texts("weight_names", [b"b"])])
    names = _heap_names(writer, "layer_names", [pointer] * n)
    return _legacy(writer, {"a": layer}, names, _config())


@legacy_bomb
def objects_of_a_heap(n: int) -> bytes:
    writer = Writer()
    pointers = [x for _ in range(n // 50_000) for x in writer.strings([b""] * 50_000)]
    names = _heap_names(writer, "layer_names", pointers)
    return _legacy(writer, {"a": writer.group({})}, names, _config())


@legacy_bomb
def pointers_to_one_long_string(n: int) -> bytes:
    writer = Writer()
    (pointer,) = writer.strings([b"a" * n])
    names = _heap_names(writer, "layer_names", [pointer] * n)
    return _legacy(writer, {"a": writer.group({})}, names, _config())


@legacy_bomb
def layers_with_the_same_long_list_of_weights(n: int) -> bytes:
    writer = Writer()
    one = writer.dataset((1,))
    (pointer,) = writer.strings([b"b"])
    names = _heap_names(writer, "weight_names", [pointer] * min(n, 4000))
    layer = writer.group({"b": one}, names)
    many = {f"{i}": layer for i in range(n // 10)}
    parts = [f"{i}".encode() for i in range(n // 10)]
    attributes = [
        texts(f"layer_names{i}", parts[i * 4000 : i * 4000 + 4000])
        for i in range(len(parts) // 4000 + 1)
    ]
    return _legacy(writer, many, attributes, _config())


@legacy_bomb
def numbered_parts_of_a_list(n: int) -> bytes:
    writer = Writer()
    parts = [texts(f"layer_names{i}", [b"a"]) for i in range(min(n, MOST - 1))]
    return _legacy(writer, {"a": writer.group({})}, parts, _config())


@legacy_bomb
def empty_lists_as_names_of_weights(n: int) -> bytes:
    writer = Writer()
    shape = attribute("weight_names", fixed_string(1), space(min(n, 60_000), 0), bytes(60_000))
    layers = {f"{i}": writer.group({}, [shape]) for i in range(20)}
    names = [texts("layer_names", [f"{i}".encode() for i in range(20)])]
    return _legacy(writer, layers, names, _config())
