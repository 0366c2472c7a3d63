"""Numbers for keys of tables with a row per group: the group's own, and one for all groups."""

import numpy as np
import pyarrow as pa

from sinks.clickhouse.readers.people import ALL
from streams.people.memory.everybody import Everybody
from streams.people.memory.names import Codes


class GroupKeys:
    """The number of a group plus one; 0: all groups."""

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody

    def numbers(self, rows: pa.Table) -> Codes:
        """The numbers of these rows."""
        ids = rows["group_id"].cast(pa.string())
        every = np.array([one == ALL for one in ids.to_pylist()], np.bool_)
        found = np.zeros(len(ids), np.int32)
        if not every.all():
            found[~every] = self._everybody.group_names.few_codes(ids.filter(pa.array(~every))) + 1
        return found

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Ids of these numbers."""
        groups = self._everybody.group_names.strings(np.maximum(numbers - 1, 0)[numbers > 0]).to_pylist()
        ids = np.full(len(numbers), ALL, object)
        ids[numbers > 0] = groups
        return {"group_id": pa.array(ids, pa.string())}
