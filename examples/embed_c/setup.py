from setuptools import Extension, setup

import maskseq

setup(
    ext_modules=[
        Extension(name, [f"{name}.c"], include_dirs=[maskseq.get_include()])
        for name in ("embed_c", "train_lstm")
    ]
)
