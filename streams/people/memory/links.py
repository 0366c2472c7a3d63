"""The accounts about which there are records of links, and whose they are by the newest of these."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.links import owners
from streams.people.memory.few import Few
from streams.people.memory.names import Codes, Names

LINK = np.dtype(
    [
        ("since_ms", "i8"),
        ("owner", "i4"),  # the user, by number; -1: nobody
        ("source", "i4"),
        ("conflicts", "i4"),
    ]
)


class Links:
    """A record per account, each in a row of its own; other names have none."""

    def __init__(self, names: Names) -> None:
        self._names, self._sources, self._links = names, Names(), Few(LINK)
        #: Rows of the newest reading.
        self.read = np.empty(0, np.int32)

    @property
    def rows(self) -> NDArray[np.void]:
        """All of them, `LINK`; shape (n,)."""
        return self._links.records

    @property
    def accounts(self) -> Codes:
        """The account of every row, by number; shape (n,)."""
        return self._links.rows

    def take(self, records: pa.Table) -> None:
        """Take all records about the accounts about which there are new ones."""
        found = owners(records)
        accounts, links = self._names.codes(found["account_id"]), np.empty(found.num_rows, LINK)
        links["owner"] = self._names.some_codes(found["user_id"])
        links["source"] = self._sources.few_codes(found["source"])
        for name in ("since_ms", "conflicts"):
            links[name] = np.asarray(found[name])
        self._links.put(accounts, links)
        self.read = self._links.places(len(self._names))[accounts]

    def owner(self) -> Codes:
        """The user of every name there is by now; -1: nobody."""
        found = np.full(len(self._names), -1, np.int32)
        found[self.accounts] = self.rows["owner"]
        return found

    def columns(self, rows: Codes) -> dict[str, pa.Array]:
        """What the records say, with names written out."""
        links = self.rows[rows]
        users = self._names.strings(np.maximum(links["owner"], 0))
        return {
            "user_id": pc.if_else(pa.array(links["owner"] >= 0), users, ""),
            "source": self._sources.strings(links["source"]),
            "since_ms": pa.array(links["since_ms"]),
            "conflicts": pa.array(links["conflicts"].astype(np.uint32)),
        }
