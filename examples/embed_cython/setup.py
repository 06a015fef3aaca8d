from Cython.Build import cythonize
from setuptools import Extension, setup

import maskseq

module = Extension("embed_cython", ["embed_cython.pyx"], include_dirs=[maskseq.get_include()])
setup(ext_modules=cythonize([module], language_level=3))
