"""What people bought within some days after they joined, added up by what brought them and by currency. Pure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BITS = 32


class Bought(NamedTuple):
    """Cells and currencies, ascending (`key`); how many people bought, and their net revenue, minor units; (n,)."""

    key: NDArray[np.int64]
    buyers: NDArray[np.int64]
    net: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> "Bought":
        """Nobody bought anything."""
        return cls(*np.empty((3, 0), np.int64))

    @property
    def cells(self) -> NDArray[np.int64]:
        """The cell of each row."""
        return self.key >> _BITS

    @property
    def currencies(self) -> NDArray[np.int64]:
        """The currency of each row."""
        return self.key & (1 << _BITS) - 1

    def other_than(self, before: "Bought") -> NDArray[np.int64]:
        """Cells of which anything is not as it was before."""
        keys = np.union1d(self.key, before.key)
        both = np.zeros((2, 2, len(keys)), np.int64)
        for found, one in zip(both, (self, before), strict=True):
            found[:, np.searchsorted(keys, one.key)] = one.buyers, one.net
        return np.unique(keys[(both[0] != both[1]).any(axis=0)] >> _BITS)


def bought(
    cells: NDArray[np.int32], buyers: NDArray[np.int32], currencies: NDArray[np.int32], net: NDArray[np.int64]
) -> Bought:
    """Add orders up. cells: of each order and dimension, −1 for none, (dimensions, n); buyers: numbers of people."""
    dimensions, k = np.nonzero(cells >= 0)
    keys = cells[dimensions, k].astype(np.int64) << _BITS | currencies[k]
    key, places = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(key), np.int64)
    np.add.at(sums, places, net[k])
    once = np.unique(places.astype(np.int64) << _BITS | buyers[k])
    return Bought(key, np.bincount(once >> _BITS, minlength=len(key)), sums)
