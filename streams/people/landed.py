"""What has landed of a table: of every key a hash of its row and the slot that holds it, so that only changes land."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.agents import Table
from streams.people.names import Codes, Names
from streams.people.row_hash import Hashes, row_hashes
from streams.state.arrays import Collected, grown

_SEPARATOR = "\x1f"
#: Numbers of keys, and the hashes that their rows have once these have landed.
Taken = list[tuple[Codes, Hashes]]


class Keys(Protocol):
    """Numbers for the keys of a table."""

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's key, new ones added; shape (n,)."""

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """The key columns of these numbers."""


@dataclass(frozen=True)
class _Pending:
    values: pa.Table
    numbers: Codes
    hashes: Hashes


class Landed:
    """The landed rows of one table. `offer` takes what rows should be; a flush takes those that are not so yet.

    A row without values any more becomes a tombstone (`gone`).
    """

    def __init__(self, table: Table, keys: Keys | None = None) -> None:
        self.table, self.keys = table, keys or TextKeys(table.key)
        self._hashes, self._slots = np.zeros(1024, np.uint64), np.zeros(1024, np.uint8)
        self._waiting: list[_Pending] = []

    @property
    def columns(self) -> tuple[str, ...]:
        """What a take-over reads."""
        return (*self.table.key, "slot", "row_hash", "gone")

    @property
    def waiting(self) -> int:
        """Rows that wait to land."""
        return sum(len(one.numbers) for one in self._waiting)

    def load(self, rows: pa.Table) -> None:
        """Take what has landed, as a checkpoint has it."""
        numbers = self.keys.numbers(rows)
        self._reserve(numbers)
        gone = np.asarray(rows["gone"]).astype(np.bool_)
        self._hashes[numbers] = np.where(gone, np.uint64(0), np.asarray(rows["row_hash"]).astype(np.uint64))
        self._slots[numbers] = np.asarray(rows["slot"])

    def known(self) -> pa.Table:
        """What has landed, as `load` takes it."""
        numbers = np.flatnonzero((self._hashes != 0) | (self._slots != 0)).astype(np.int32)
        hashes = self._hashes[numbers]
        bookkeeping = {"slot": self._slots[numbers], "row_hash": hashes, "gone": (hashes == 0).astype(np.uint8)}
        return pa.table(self.keys.columns(numbers) | {name: pa.array(values) for name, values in bookkeeping.items()})

    def offer(self, values: pa.Table, numbers: Codes, gone: Codes | None = None, complete: bool = False) -> None:
        """Offer what the rows of these keys should be, each key once, without the key's columns.

        `gone`: keys that should have no row; with `complete`, no key should have one that is not offered.
        """
        self._reserve(numbers)
        hashes = np.maximum(row_hashes(values, tuple(values.column_names)), np.uint64(1))  # 0: there is no row
        changed = np.flatnonzero(hashes != self._hashes[numbers])
        if len(changed):
            self._waiting.append(_Pending(values.take(pa.array(changed)), numbers[changed], hashes[changed]))
        left = gone if gone is not None else np.empty(0, np.int32)
        if complete:
            there = self._hashes != 0
            there[numbers] = False
            left = np.flatnonzero(there).astype(np.int32)
        self._reserve(left)
        left = left[self._hashes[left] != 0]
        if len(left):
            self._waiting.append(_Pending(values[:0], left, np.zeros(len(left), np.uint64)))

    def _reserve(self, numbers: Codes) -> None:
        most, used = int(numbers.max(initial=-1)) + 1, len(self._hashes)
        if most > used:
            self._hashes, self._slots = grown(self._hashes, used, most), grown(self._slots, used, most)

    # --- flushes

    def collect(self, found: Collected) -> Taken:
        """Give what waits to a flush; returns what to `confirm`."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            found.add(self.table.name, partial(self._rows, one, self._slots[one.numbers] ^ 1))
        return [(one.numbers, one.hashes) for one in waiting]

    def _rows(self, one: _Pending, slots: pa.Array) -> pa.Table:
        rows = pa.table(
            self.keys.columns(one.numbers)
            | {
                "slot": pa.array(slots),
                "row_hash": pa.array(one.hashes),
                "gone": pa.array((one.hashes == 0) * np.uint8(1)),
            }
        )
        for name, column in zip(one.values.column_names, one.values.columns, strict=True):
            if one.values.num_rows:
                rows = rows.append_column(name, column)
        return rows

    def confirm(self, taken: Taken) -> None:
        """What was taken is checkpointed now."""
        for numbers, hashes in taken:
            self._hashes[numbers] = hashes
            self._slots[numbers] ^= 1


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
