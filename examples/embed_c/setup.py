from setuptools import Extension, setup

import maskseq

setup(ext_modules=[Extension("embed_c", ["embed_c.c"], include_dirs=[maskseq.get_include()])])
