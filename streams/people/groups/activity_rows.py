"""What rows of activity say, of now and of closed days."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def columns(names: Sequence[str], counts: NDArray[np.int64], today: NDArray[Any]) -> dict[str, pa.Array]:
    """Lists of what every window counts, and daily, weekly, monthly active members.

    counts: (rows, names, windows), of which the last two are 7 and 28 days; today: who spoke that day.
    """
    windows = counts.shape[2]
    offsets = pa.array(np.arange(len(counts) + 1, dtype=np.int32) * windows)
    found: dict[str, pa.Array] = {
        name: pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(counts[:, i]).ravel()))
        for i, name in enumerate(names)
    }
    week, month = counts[:, names.index("speakers"), -2:].T
    rates = {"dau": today, "wau": week, "mau": month, "stickiness": today / np.maximum(month, 1)}
    return found | {name: pa.array(np.ascontiguousarray(one)) for name, one in rates.items()}
