"""Small faults planted in the sources, and the tests that must see them: python -m tests.mutation.

mutants/*.toml: the faults, by area.  mutant.py: what one is.  tree.py: a copy of the working tree
to plant them in.  run.py: what became of each.  __main__.py: the command line.
"""
