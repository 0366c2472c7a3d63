"""Rows of `people_sources`: how far people's rows have come with each partition of a source, and the time (`*`)."""

import numpy as np
import pyarrow as pa

from schemas.agents import TABLES
from sinks.clickhouse.readers.marks import Marks
from sinks.clickhouse.readers.people import ALL
from streams.people.memory.everybody import Touched
from streams.people.memory.landed import Landed
from streams.people.memory.now import Now


class Sources:
    """The marks of the newest reading."""

    reads: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._landed = Landed(TABLES["people_sources"])
        self.landed = (self._landed,)
        self._marks = Marks()

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Nothing else is read."""

    def marked(self, marks: Marks) -> None:
        """Take the marks that rows now belong to."""
        self._marks = marks

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer a row per partition, and one for the time."""
        places = sorted(self._marks.versions)
        keys = pa.table({
            "contract": pa.array([*(contract for contract, _ in places), ALL], pa.string()),
            "number": pa.array([*(number for _, number in places), 0], pa.uint16()),
        })  # fmt: skip
        values = {
            "source_version": [*(self._marks.versions[place] for place in places), 0],
            "next_offset": [*(self._marks.offsets[place] for place in places), 0],
        }
        rows = pa.table({name: pa.array(np.array(column, np.uint64)) for name, column in values.items()})
        rows = rows.append_column(
            "clock_ms", pa.array([*(self._marks.clocks.get(place, 0) for place in places), now.ms])
        )
        self._landed.offer(rows, self._landed.keys.numbers(keys), complete=True)
