"""What profiles and nicknames say about members, in memory."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.profiles import SAID, Labels, Said, by_profile, newness
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, Names, PairRows
from streams.people.persons.nicknames import told_by

#: Told of what is dropped before it is replaced.
Dropping = Callable[[NDArray[np.void]], None]


class Told:
    """What is said about members, by member; `convention`: how nicknames are to be read, empty: not at all."""

    def __init__(self, everybody: Everybody, convention: str) -> None:
        self._everybody, self._convention = everybody, convention
        self.attributes, self.values = Names(), Names()
        self._labels = PairRows(np.zeros(1, np.uint8))
        self._rows, self._firsts = np.empty(0, SAID), np.zeros(1, np.int64)

    @property
    def reads(self) -> tuple[str, ...]:
        """Methods of `PeopleReader` that read it."""
        return ("profiles", "nicknames") if self._convention else ("profiles",)

    @property
    def labels(self) -> tuple[Codes, Codes]:
        """Attribute and value of each label, by number."""
        return self._labels.pairs.ones, self._labels.pairs.others

    def find(self, attributes: pa.ChunkedArray, values: pa.ChunkedArray) -> Codes:
        """The label of each attribute and value."""
        return self._labels.find(self.attributes.few_codes(attributes), self.values.few_codes(values))

    def arrays(self) -> Said:
        """Everything, for kernels."""
        self._firsts = longer(self._firsts, len(self._everybody.members) + 1, len(self._rows))
        return Said(self._rows, self._firsts, Labels(*self.labels, *self.values.arrays))

    def take(self, changed: dict[str, pa.Table], dropping: Dropping) -> None:
        """Take what is said about some members, instead of what was."""
        table = changed["profiles"]
        if table.num_rows:
            rows = np.flatnonzero(np.asarray(pc.not_equal(table["value"], "")))
            said = table.take(pa.array(rows))
            labels = self.find(said["attribute"], said["value"])
            new = self._new(self._everybody.member_rows(said), labels, said, profile=True)
            self._replace(self._everybody.member_rows(table), new, True, dropping)
        if self._convention and changed["nicknames"].num_rows:
            table = changed["nicknames"]
            rows, attributes, columns = told_by(table["called"], self._convention)
            said = table.take(pa.array(rows))
            members = self._everybody.member_rows(said)
            names = [pa.chunked_array([pa.repeat(name, len(rows))]) for name in attributes]
            found = [self.find(name, pa.chunked_array([column])) for name, column in zip(names, columns, strict=True)]
            parts = [self._new(members, one, said, profile=False) for one in found]
            new = np.concatenate([np.empty(0, SAID), *parts])
            self._replace(self._everybody.member_rows(table), new, False, dropping)

    def _new(self, members: Codes, labels: Codes, said: pa.Table, profile: bool) -> NDArray[np.void]:
        new = np.zeros(len(members), SAID)
        new["member"], new["label"] = members, labels
        new["newest"] = newness(np.asarray(said["newest_ms"]), profile)
        return new

    def _replace(self, members: Codes, new: NDArray[np.void], profile: bool, dropping: Dropping) -> None:
        """What profiles, or nicknames, say of these members is this now."""
        again = np.zeros(len(self._everybody.members), np.bool_)
        again[members] = True
        dropped = again[self._rows["member"]] & (by_profile(self._rows["newest"]) == profile)
        dropping(self._rows[dropped])
        kept, new = self._rows[~dropped], new[np.argsort(new["member"], kind="stable")]
        self._rows = np.insert(kept, np.searchsorted(kept["member"], new["member"], side="right"), new)
        counts = np.bincount(self._rows["member"], minlength=len(again))
        self._firsts = np.append(np.zeros(1, np.int64), np.cumsum(counts))
        self._everybody.touch(self._everybody.places[1][np.unique(members)], np.empty(0, np.int32))
