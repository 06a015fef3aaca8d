"""Model parts of Keras's official examples, in words of our own, as a user would have them.

Each file says `import keras`; `load.py` runs it with Keras or with maskseq in its place, and
nothing else changed. Each has `LENGTH` of its sequences, `RATE` of its dropouts, `make()`, which
gives the compiled model, and `data(rng)`, which gives x and y of `fit`.
"""
