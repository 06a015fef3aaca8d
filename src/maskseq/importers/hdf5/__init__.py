"""Reads the HDF5 that Keras writes through h5py, with struct and NumPy alone.

Every offset and size is checked against the file before it is used, nothing outside the file is
ever opened, a dataset is a view of the bytes given, and whatever is odd is a FormatError.
Known: superblock 0 and 1, version 1 object headers, symbol-table groups, contiguous and compact
datasets, numbers, fixed and variable strings. Refused by name: soft and external links, external
and virtual storage, chunks and filters, and the newer group format.
Source: HDF5 File Format Specification, version 3.
"""

from .objects import Dataset as Dataset
from .objects import Group as Group
from .objects import read_hdf5 as read_hdf5
