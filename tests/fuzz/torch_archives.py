"""Files as `torch.save` writes them, opcode by opcode, so that any part may be wrong."""

import io
import struct
import zipfile


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(9, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def sizes(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def called(name, *arguments):
    return b"c" + name.replace(" ", "\n").encode() + b"\n(" + b"".join(arguments) + b"tR"


def storage(key, kind, size):
    kind = b"c" + kind.replace(" ", "\n").encode() + b"\n"
    return b"(" + text("storage") + kind + text(key) + text("cpu") + integer(size) + b"tQ"


def tensor(shape, strides, key="0", kind="torch FloatStorage", size=4, offset=0):
    """A call of `_rebuild_tensor_v2`."""
    place = integer(offset), sizes(shape), sizes(strides)
    hooks = called("collections OrderedDict")
    return called(
        "torch._utils _rebuild_tensor_v2", storage(key, kind, size), *place, b"\x89", hooks
    )


def dictionary(items):
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def program(*parts):
    return b"\x80\x02" + b"".join(parts) + b"."


def archive(pickle, storages=None, order=b"little", folder="made", packed=False):
    """The bytes of a file. storages: key -> bytes.  packed: deflated, which PyTorch's are not."""
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr(f"{folder}/data.pkl", pickle)
        if order is not None:
            file.writestr(f"{folder}/byteorder", order)
        for key, raw in (storages or {}).items():
            file.writestr(f"{folder}/data/{key}", raw)
        file.writestr(f"{folder}/version", b"3\n")
    return buffer.getvalue()
