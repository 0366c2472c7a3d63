"""When members were out of their groups, and when complete rosters of groups began; in memory, sorted."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.lists import rows_of
from analytics.people.retention import Absences, Rosters
from sinks.clickhouse.readers.retention import NONE
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes

_Array = NDArray[Any]
_NOBODY = np.empty(0, np.int32)


class Away:
    """Most members were never away and most groups have no rosters, so both take little memory."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self.absences = Absences(_NOBODY, np.empty(0, np.int64), _NOBODY, _NOBODY, np.empty(0, np.uint8))
        self.rosters = Rosters(_NOBODY, np.empty(0, np.int64), np.empty(0, np.int64))
        self._rows, self._groups = _NOBODY, _NOBODY

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take all there is of the members and groups that were read."""
        table = changed["absences"]
        rows = self._everybody.member_rows(table)
        new = [rows, *(np.asarray(table[name]) for name in Absences._fields[1:])]
        self.absences = Absences(*_replaced(self.absences, new, new[-1] != NONE))
        table = changed["whole_rosters"]
        groups = self._everybody.group_names.few_codes(table["group_id"])
        new = [groups, np.asarray(table["day"]), np.asarray(table["start_ms"])]
        self.rosters = Rosters(*_replaced(self.rosters, new, new[-1] >= 0))
        self._rows, self._groups = distinct(rows), distinct(groups)

    def concerned(self) -> Codes:
        """Memberships that the newest reading is about."""
        return distinct(self._rows, rows_of(self._everybody.members_in, self._groups))


def _replaced(old: Sequence[_Array], new: Sequence[_Array], there: _Array) -> list[_Array]:
    """Columns sorted by the first one and then the last, with those new rows that are there in place of all of their
    numbers; of the types that these have, for which kernels are compiled."""
    kept = ~np.isin(old[0], new[0])
    both = [np.concatenate([one[kept], other[there].astype(one.dtype)]) for one, other in zip(old, new, strict=True)]
    order = np.lexsort((both[-1], both[0]))
    return [one[order] for one in both]
