"""What has landed of a table in a worker's term: of every key a hash of its row, so that only changes land."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.tables import Table
from streams.people.memory.names import Codes, Names
from streams.people.memory.row_hash import Hashes, row_hashes
from streams.state.arrays import Collected, grown

_SEPARATOR = "\x1f"


class Keys(Protocol):
    """Numbers for the keys of a table."""

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added; shape (n,)."""

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """The key columns of these numbers."""


@dataclass(frozen=True)
class _Waiting:
    """Rows that wait to land; without values, the keys are gone."""

    numbers: Codes
    values: pa.Table | None


class Landed:
    """The rows of one table. `offer` takes what rows should be; a flush takes those that were not so yet.

    Keys are few and small beside rows, so they are written out for a flush only.
    """

    def __init__(self, table: Table, keys: Keys | None = None) -> None:
        self.table, self.keys = table, TextKeys(table.key) if keys is None else keys
        self._hashes: Hashes = np.zeros(1024, np.uint64)  # 0: there is no row
        self._waiting: list[_Waiting] = []

    @property
    def waiting(self) -> int:
        """Rows that wait to land."""
        return sum(len(one.numbers) for one in self._waiting)

    def offer(self, values: pa.Table, numbers: Codes, gone: Codes | None = None, complete: bool = False) -> None:
        """Offer what the rows of these keys should be, each key once until a flush, without the key's columns.

        `gone`: keys that should have no row; with `complete`, no key should have one that is not offered.
        """
        self._reserve(numbers)
        hashes = np.maximum(row_hashes(values, tuple(values.column_names)), np.uint64(1))
        changed = np.flatnonzero(hashes != self._hashes[numbers])
        self._hashes[numbers] = hashes
        if len(changed) == len(numbers) > 0:
            self._waiting.append(_Waiting(numbers, values))
        elif len(changed):
            self._waiting.append(_Waiting(numbers[changed], values.take(pa.array(changed))))
        left = gone if gone is not None else np.empty(0, np.int32)
        if complete:
            there = self._hashes != 0
            there[numbers] = False
            left = np.flatnonzero(there).astype(np.int32)
        self._reserve(left)
        left = left[self._hashes[left] != 0]
        self._hashes[left] = 0
        if len(left):
            self._waiting.append(_Waiting(left, None))

    def offer_all(self, rows: pa.Table) -> None:
        """Offer all rows there should be, each with its key."""
        self.offer(rows.drop_columns(list(self.table.key)), self.keys.numbers(rows), complete=True)

    def _reserve(self, numbers: Codes) -> None:
        most, used = int(numbers.max(initial=-1)) + 1, len(self._hashes)
        if most > used:
            self._hashes = grown(self._hashes, used, most)

    def collect(self, found: Collected) -> None:
        """Give what waits to a flush."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            found.add(self.table.name, partial(self._rows, one))

    def _rows(self, one: _Waiting) -> pa.Table:
        gone = pa.array(np.full(len(one.numbers), one.values is None, np.uint8))
        rows = pa.table(self.keys.columns(one.numbers) | {"gone": gone})
        if one.values is not None:
            for name, column in zip(one.values.column_names, one.values.columns, strict=True):
                rows = rows.append_column(name, column)
        return rows


class Ready(Landed):
    """Rows of a table of which whoever offers them knows that they differ, so that no hash is kept."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._offered: list[tuple[int, Callable[[], pa.Table]]] = []

    @property
    def waiting(self) -> int:
        """Rows that wait to land."""
        return sum(count for count, _ in self._offered)

    def offer_rows(self, count: int, make: Callable[[], pa.Table]) -> None:
        """Offer so many whole rows, each key once until a flush; `gone` where the key should have none."""
        if count:
            self._offered.append((count, make))

    def collect(self, found: Collected) -> None:
        """Give what waits to a flush."""
        for _, make in self._offered:
            found.add(self.table.name, make)
        self._offered = []


class TextKeys:
    """Numbers for keys of any columns, compared as text."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key, self._names = key, Names()

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key."""
        texts = [rows[name].cast(pa.string()) for name in self._key]
        joined = pc.binary_join_element_wise(*texts, _SEPARATOR) if len(texts) > 1 else texts[0]
        return self._names.codes(joined)

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """The key columns, as text."""
        parts = [text.split(_SEPARATOR) for text in self._names.strings(numbers).to_pylist()]
        return {name: pa.array([part[i] for part in parts], pa.string()) for i, name in enumerate(self._key)}
