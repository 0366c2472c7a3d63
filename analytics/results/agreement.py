"""How far two rankings of the same things agree. Pure."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1 on, the smallest first; equal values share the mean of theirs; shape (n,)."""
    _, number, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    found: NDArray[np.float64] = ((2 * last - count + 1) / 2)[number]
    return found


def spearman(one: ArrayLike, other: ArrayLike) -> float | None:
    """Spearman's rank correlation (1904), −1 to 1: that of the ranks, so ties are allowed for.

    None: there are fewer than two values, or all of one ranking are equal.
    """
    a, b = (values - values.mean() if len(values) else values for values in (ranks(one), ranks(other)))
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else None


def top_overlap(one: ArrayLike, other: ArrayLike, k: int) -> float | None:
    """Share of the k highest of one ranking that are among the k highest of the other; of equal ones the first count.

    None: there are no more than k values, so that it could not be anything but 1.
    """
    a, b = (np.argsort(-np.asarray(values), kind="stable")[:k] for values in (one, other))
    return len(np.intersect1d(a, b)) / k if len(np.asarray(one)) > k else None
