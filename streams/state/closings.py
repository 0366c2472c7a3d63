"""Rows of days that a partition's clock has closed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from streams.state.partition_clock import Closing

#: Writes records into an array as far as it has room, and returns how many there are.
Write = Callable[[NDArray[Any]], int]


def day_closing_row(closing: Closing) -> pa.Table:
    """The row of `day_closings`."""
    days = {name: days_of([getattr(closing, name)]) for name in ("first_day", "until_day")}
    return pa.table({**days, "next_offset": [closing.next_offset], "clock_ms": [closing.clock_ms]})


def days_of(numbers: Any) -> pa.Array:
    """Days, given as numbers, as dates."""
    return pa.array(np.ascontiguousarray(numbers, np.int32)).cast(pa.date32())


def written(write: Write, kind: DTypeLike, room: int = 4096) -> NDArray[Any]:
    """All records that `write` has, asked again with more room where it needs that."""
    out = np.zeros(room, kind)
    count = write(out)
    return out[:count] if count <= room else written(write, kind, count)
