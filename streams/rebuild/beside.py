"""Rows that were worked out again, beside those in use: which keys differ, and how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.tables import Table
from sinks.clickhouse.readers.compare import Difference
from streams.people.memory.row_hash import Hashes, row_hashes

#: By hash of a key: hashes of the row in use and of the one that it should be; 0: there is none.
Pairs = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Beside:
    """All rows of one table, with the same columns: those that should be, and those in use."""

    table: Table
    wanted: pa.Table
    found: pa.Table

    def pairs(self) -> Pairs:
        """Keys whose rows differ."""
        sides = [(self._keys(rows), self._others(rows)) for rows in (self.found, self.wanted)]
        keys = np.union1d(sides[0][0], sides[1][0])
        hashes = np.zeros((2, len(keys)), np.uint64)
        for side, (own, others) in enumerate(sides):
            hashes[side, np.searchsorted(keys, own)] = others
        differ = hashes[0] != hashes[1]
        found, wanted = hashes[:, differ].tolist()
        return dict(zip(keys[differ].tolist(), zip(found, wanted, strict=True), strict=True))

    def _keys(self, rows: pa.Table) -> Hashes:
        return row_hashes(rows, self.table.key)

    def _others(self, rows: pa.Table) -> NDArray[np.uint64]:
        names = tuple(name for name in self.found.column_names if name not in self.table.key)
        return np.maximum(row_hashes(rows, names), np.uint64(1))

    def examples(self, keys: Sequence[int]) -> Iterator[Difference]:
        """The rows of some keys, by their hashes."""
        sides = [self._rows(rows, keys) for rows in (self.found, self.wanted)]
        for key in keys:
            found, wanted = (side.get(key) for side in sides)
            either = found or wanted or {}
            yield Difference(self.table.name, {name: either[name] for name in self.table.key}, found, wanted)

    def _rows(self, rows: pa.Table, keys: Sequence[int]) -> dict[int, dict[str, object]]:
        hashes = self._keys(rows)
        chosen = np.flatnonzero(np.isin(hashes, np.array(keys, np.uint64)))
        return dict(zip(hashes[chosen].tolist(), rows.take(pa.array(chosen)).to_pylist(), strict=True))


def as_landed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows as they are read once they have landed: columns and types of `schema`, defaults where there is no value."""
    none = pa.chunked_array([pa.nulls(rows.num_rows)])
    columns = []
    for field in schema:
        column = (rows[field.name] if field.name in rows.column_names else none).cast(field.type, safe=False)
        if column.null_count and not field.nullable:
            column = column.fill_null("" if pa.types.is_string(field.type) else 0)
        columns.append(column)
    return pa.table(columns, schema=schema)
