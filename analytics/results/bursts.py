"""Whether a referrer suddenly brings many people. Compiled, pure.

What is usual is the referrer's own rate so far, and more while everybody brings more than usual: on the day on which
something spreads by itself, nobody stands out.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel

HOUR_MS = 3_600_000
Floats = NDArray[np.float64]


def bursts(referrer: NDArray[np.int32], since_ms: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Of everybody who was brought: by how many standard deviations the hour that ends then has more people of the same
    referrer than expected (at least 0, by Anscombe's transform), and how many it has; shape (n,).

    referrer, since_ms: by whom and when, sorted by these.
    """
    surprise, within = np.empty(len(referrer)), np.empty(len(referrer))
    _bursts(referrer, since_ms, np.sort(since_ms), surprise, within)
    return surprise, within


@kernel
def _bursts(referrer, since_ms, all_ms, surprise, within):
    first = start = 0
    for i in range(len(referrer)):
        now = since_ms[i]
        if referrer[i] != referrer[first]:
            first = start = i
        while now - since_ms[start] >= HOUR_MS:
            start += 1
        within[i] = i - start + 1
        before = np.searchsorted(all_ms, now, side="right")
        others = max(before - np.searchsorted(all_ms, now - HOUR_MS, side="right") - within[i], 0)
        usual = max((before - (i - first + 1)) / max((now - all_ms[0]) / HOUR_MS, 1.0), 0.01)
        own = (start - first) / max((since_ms[start] - since_ms[first]) / HOUR_MS, 24.0)
        # a few others are no wave
        expected = (1 + own) * (max(others / usual, 1.0) if others > 3 else 1.0)
        surprise[i] = max(2 * (np.sqrt(within[i] + 0.375) - np.sqrt(expected + 0.375)), 0.0)
