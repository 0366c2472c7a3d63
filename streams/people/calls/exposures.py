"""Who is exposed to the calls that are worked out; kept while a call is open or one of its group's newest."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Generator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.calls import Exposed
from analytics.people.exposure import SEEN, Rosters, exposed, see, told
from analytics.people.lists import rows_of
from analytics.people.states import NEVER_MS
from sinks.clickhouse.readers.calls import Request
from streams.people.calls.book import CallBook
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.names import Codes, blank

_Mask = NDArray[np.bool_]


class Exposures:
    """Exposed memberships, ascending, and which of them came, by number of the call."""

    def __init__(self, everybody: Everybody, book: CallBook) -> None:
        self._everybody, self._book = everybody, book
        self.rows, self.came = dict[int, Codes](), dict[int, _Mask]()
        self._seen = np.empty(0, SEEN)

    def known(self, count: int) -> _Mask:
        """Of which calls it is known; shape (count,)."""
        found = np.zeros(count, np.bool_)
        found[np.fromiter(self.rows, np.int64, len(self.rows))] = True
        return found

    def forget(self, numbers: Codes) -> None:
        """Forget who is exposed to calls."""
        for number in numbers.tolist():
            self.rows.pop(number, None)
            self.came.pop(number, None)

    def keep(self, keep: _Mask) -> None:
        """Forget all but these."""
        self.forget(np.flatnonzero(self.known(len(keep)) & ~keep).astype(np.int32))

    def moved(self, touched: Touched, from_ms: NDArray[np.int64]) -> None:
        """Lower the time from which on others may be exposed in groups, by members known earlier or seen again."""
        everybody = self._everybody
        missing = len(everybody.members) - len(self._seen)
        if missing > 0:  # with room for more: records are copied field by field
            new = blank(SEEN, first_ms=NEVER_MS, missed_ms=NEVER_MS)
            self._seen = np.concatenate([self._seen, np.repeat(new, max(missing, len(self._seen) // 8))])
        rows = rows_of(everybody.members_of, touched.persons)
        see(everybody.members, everybody.places[0], rows, self._seen, from_ms)

    def expose(self, numbers: Codes) -> Generator[Request, Any, None]:
        """Work out who is exposed to these calls, as far as it is not known."""
        new = numbers[~self.known(len(self._book.calls))[numbers]]
        if not len(new):
            return
        everybody, calls = self._everybody, self._book.calls
        codes, called = np.unique(calls["group"][new]), calls["called_ms"][new]
        groups = everybody.group_names.strings(codes).to_pylist()
        begin_ms, end_ms = int(called.min()), int(called.max())
        facts, rosters = yield lambda reader: (
            pa.concat_tables([reader.said_before(groups, begin_ms), reader.said(groups, begin_ms, end_ms)]),
            reader.rosters(groups),
        )
        of = everybody.member_rows(facts)
        columns = (np.asarray(facts[name]) for name in ("ts_ms", "came_ms", "went_ms", "named"))
        at, places = np.asarray(rosters["at_ms"]), everybody.group_names.few_codes(rosters["group_id"])
        order = np.lexsort((at, places))
        moments = Rosters(places[order], at[order], np.asarray(rosters["roster_ms"])[order])
        sizes = np.diff(everybody.members_in.firsts)[calls["group"][new]]
        rows, counts = np.empty(int(sizes.sum()), np.int32), np.zeros(len(new), np.int64)
        exposed(
            calls, new, everybody.members, everybody.members_in, told(of, *columns), moments, rows, counts, self._seen
        )  # fmt: skip
        ends = np.cumsum(counts)
        for number, end, count in zip(new.tolist(), ends.tolist(), counts.tolist(), strict=True):
            self.rows[number] = rows[end - count : end].copy()

    def of(self, numbers: Codes, count: int) -> Exposed:
        """Who is exposed to these calls, for kernels; count: of all calls."""
        firsts, counts = np.zeros(count, np.int64), np.zeros(count, np.int32)
        parts = [self.rows[number] for number in numbers.tolist()]
        counts[numbers] = [len(part) for part in parts]
        firsts[numbers] = np.cumsum(counts[numbers], dtype=np.int64) - counts[numbers]
        return Exposed(firsts, counts, np.concatenate(parts) if parts else np.empty(0, np.int32))

    def take(self, numbers: Codes, found: Exposed, came: _Mask) -> None:
        """Take who of the exposed came to these calls."""
        for number in numbers.tolist():
            first = found.firsts[number]
            self.came[number] = came[first : first + found.counts[number]].copy()
