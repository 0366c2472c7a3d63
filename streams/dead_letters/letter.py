"""A dead letter on its way: to its topic, and as a row of `dead_letters`."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Letter:
    """A refused record: its position, original key and bytes, and the reason."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    error: str
    reason: str
    first_seen_ms: int


def letter_rows(letters: list[Letter]) -> pa.Table:
    """Rows of `dead_letters`."""
    return pa.table(
        {
            "offset": pa.array([letter.offset for letter in letters], pa.uint64()),
            "error": pa.array([letter.error for letter in letters]),
            "reason": pa.array([letter.reason for letter in letters]),
            "first_seen_ms": pa.array([letter.first_seen_ms for letter in letters], pa.int64()),
        }
    )
