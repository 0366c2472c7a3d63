"""On which closed days memberships or users did something, as it was read."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people import retention as rules
from analytics.people.present import Everybody as Arrays
from streams.people.memory.names import Codes

_NONE = np.empty(0, np.int32)


class Did:
    """Days on which memberships or users did something, by number."""

    def __init__(self, numbers: Codes = _NONE, table: pa.Table | None = None) -> None:
        self.numbers, self._counts, self._days = numbers, _NONE, np.empty(0, np.uint16)
        if table is not None and table.num_rows:
            days = table["days"].combine_chunks()
            self._counts = np.asarray(pc.list_value_length(days)).astype(np.int32)
            self._days = np.array(days.flatten())  # writable: kernels are compiled for that

    def mark(self, words: NDArray[np.uint32], joined: NDArray[np.uint16], rows: Codes, shift: int) -> None:
        """Mark the days in the words of rows."""
        rules.mark(words, joined, rows, self._counts, self._days, shift)

    def mark_span(self, words: NDArray[np.uint32], joined: NDArray[np.uint16], bit: int) -> None:
        """Mark one of `SPANS` in the words of memberships."""
        rules.mark_span(words, joined, self.numbers, self._counts, self._days, *rules.SPANS[bit], bit)

    def mark_persons(self, words: NDArray[np.uint32], joined: NDArray[np.uint16], e: Arrays, shift: int) -> None:
        """Mark the days of users in the words of all memberships of the same person."""
        rules.mark_persons(words, joined, e, e.person[self.numbers], self._counts, self._days, shift)
