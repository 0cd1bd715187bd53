"""Prints the entries of an .npz in the order of the archive: name, type, shape, values."""
import sys

import numpy as np

with np.load(sys.argv[1]) as file:
    for name in file.files:
        array = file[name]
        print(name, array.dtype, list(array.shape), array.ravel().tolist())
