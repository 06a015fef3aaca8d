"""An object whose buffer lies: a type with a getbuffer of its own, made by ctypes."""

import ctypes


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


class _Slot(ctypes.Structure):
    _fields_ = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    ]


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p, ctypes.c_int)
def _get(exporter, address, flags):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(exporter))
    view = _Buffer.from_address(address)
    for field, value in exporter.fields.items():
        setattr(view, field, value)
    view.obj = id(exporter)
    return 0


_slots = (_Slot * 2)(_Slot(1, ctypes.cast(_get, ctypes.c_void_p)), _Slot(0, None))  # bf_getbuffer
_spec = _Spec(b"tests.Exporter", 0, 0, 1 << 10 | 1 << 18, _slots)  # a base type, default features
ctypes.pythonapi.PyType_FromSpec.restype = ctypes.py_object
_Exporter = ctypes.pythonapi.PyType_FromSpec(ctypes.byref(_spec))


class LyingBuffer(_Exporter):
    """The buffer of a float32 array (n,), some of whose fields are others."""

    def __init__(self, array, **lies):
        size = array.itemsize
        fields = {"format": b"f", "itemsize": size, "ndim": 1, "shape": array.shape, **lies}
        fields["len"] = fields.pop("length", array.nbytes)
        shape, self.array = fields["shape"], array
        self.shape = shape and (ctypes.c_ssize_t * 8)(*shape)
        self.strides = (ctypes.c_ssize_t * 8)(size)
        fields |= {"buf": array.ctypes.data, "readonly": 0, "suboffsets": None, "internal": None}
        for name, numbers in (("shape", self.shape), ("strides", self.strides)):
            fields[name] = ctypes.cast(numbers, ctypes.POINTER(ctypes.c_ssize_t))
        self.fields = fields
