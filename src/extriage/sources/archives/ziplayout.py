"""Oddities in the directory of a zip archive: names that stand there twice, overlapping entries."""

from array import array

import numpy as np


def repeated(names: "array[int]") -> frozenset[int]:
    """Return the positions of names that stood there before."""
    if not names:
        return frozenset()
    values = np.frombuffer(names, np.int64)
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    return frozenset(order[1:][ranked[1:] == ranked[:-1]].tolist())


def laid_out(starts: "array[int]", ends: "array[int]") -> tuple[frozenset[int], "array[int]"]:
    """Return the positions of entries that begin inside another one, and the size of each."""
    if not starts:
        return frozenset(), array("q")
    begin, end = np.frombuffer(starts, np.int64), np.frombuffer(ends, np.int64)
    order = np.argsort(begin, kind="stable")
    reach = np.maximum.accumulate(end[order])
    late = order[1:][begin[order][1:] < reach[:-1]]
    room = np.zeros_like(begin)
    room[order[:-1]] = np.diff(begin[order])
    room[order[-1]] = end[order[-1]] - begin[order[-1]]
    return frozenset(late.tolist()), array("q", np.minimum(room, end - begin).tobytes())
