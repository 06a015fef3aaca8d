"""The tests, a folder for each concept.

kernels: what csrc computes, through _kernels.  data, graph, models, importers: as in src/maskseq.
layers: a folder for each of Keras's families; in base what all layers promise.
conformance: layers and models beside live Keras and PyTorch, from tables of cases.
system: threads, processes, memory, the command line, the examples, the repository itself.
abi, csrc, fuzz: C that CI builds and runs, and inputs that fuzzers found, each with its tests.
mutation: small faults planted in the sources, and whether the tests see them.
support: what several tests use, imported as `from tests.support import reference`.
files: model files that Keras wrote, and the programs that had it write them.
"""
