"""Slopes of functions by differences in float64."""

import numpy as np


def slopes(function, arguments, step=1e-3):
    """The gradient of a function of arrays that gives one number, by all numbers of each array.

    Central differences with steps of two sizes, of which Richardson's rule makes one: the error is
    of fourth order in `step`.
    """
    arrays = [np.array(x, np.float64) for x in arguments]
    found = []
    for x in arrays:
        slope = np.empty(x.shape)
        for place in np.ndindex(x.shape):
            slope[place] = _slope(function, arrays, x, place, step)
        found.append(slope)
    return found


def _slope(function, arrays, x, place, step):
    kept = x[place]

    def central(h):
        ends = []
        for sign in (1, -1):
            x[place] = kept + sign * h
            ends.append(float(function(*arrays)))
        x[place] = kept
        return (ends[0] - ends[1]) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3
