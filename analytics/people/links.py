"""What the records about links say of accounts: whose they are, since when, and how often two claimed one. Pure.

A record is a row with `account_id`, `ts_ms`, `unlink`, `event_id`, `user_id` and `source`. Nothing depends on the order
in which records came, nor on how often.
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Of two records about an account, the one that comes later in this order is the newer one.
_ORDER = ("ts_ms", "unlink", "event_id", "user_id", "source")


def owners(records: pa.Table) -> pa.Table:
    """A row per account: as the newest record has it, its `user_id` (empty: it belongs to nobody), `source`, and
    `since_ms`; and its `conflicts`: how often it was linked to a user while it still belonged to another."""
    records = _sorted(records)
    last = _last(records, "account_id")
    newest = records.filter(pa.array(last))
    return pa.table({
        "account_id": newest["account_id"], "user_id": _owner(newest), "source": newest["source"],
        "since_ms": newest["ts_ms"], "conflicts": pa.array(_conflicts(records, last)),
    })  # fmt: skip


def owners_by_day(records: pa.Table) -> pa.Table:
    """A row per account and day (`at`) with a new record, sorted by day: its `user_id` by the records up to that day.

    records: with `at`, the day that first knows each.
    """
    records = _sorted(records)
    account, at = _codes(records["account_id"]), np.asarray(records["at"])
    places = np.lexsort((at, account))  # by account, then by day, then by the order of records
    told = records.take(pa.array(places))
    # within an account a later place in the order is a newer record, and accounts follow each other
    newest = records.take(pa.array(np.maximum.accumulate(places)))
    rows = pa.table({"at": told["at"], "account_id": told["account_id"], "user_id": _owner(newest)})
    return rows.filter(pa.array(_last(rows, "account_id", "at"))).sort_by("at")


def _sorted(records: pa.Table) -> pa.Table:
    """By account, the newest record last."""
    account = pa.array(_codes(records["account_id"]))
    keys = ["account", *_ORDER]
    order = pc.sort_indices(records.append_column("account", account), [(key, "ascending") for key in keys])
    return records.take(order)


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """A number for every string, in the order in which these first come."""
    return np.asarray(column.combine_chunks().dictionary_encode().indices)


def _last(rows: pa.Table, *columns: str) -> NDArray[np.bool_]:
    """Which rows are the last ones before another value of these columns; shape (n,)."""
    found = np.zeros(rows.num_rows, np.bool_)
    found[-1:] = True
    for name in columns:
        found[:-1] |= _differs(rows[name])
    return found


def _differs(column: pa.ChunkedArray) -> NDArray[Any]:
    """Whether the following value is another one, of all but the last; shape (n - 1,)."""
    return np.asarray(pc.not_equal(column.slice(1), column.slice(0, max(len(column) - 1, 0))))


def _owner(records: pa.Table) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(records["unlink"], 0), records["user_id"], "")


def _conflicts(records: pa.Table, last: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How often two records that follow each other link an account to different users; by account."""
    links = np.asarray(records["unlink"]) == 0
    counts = np.zeros(len(last), np.int64)
    counts[1:] = ~last[:-1] & links[:-1] & links[1:] & _differs(records["user_id"])
    return np.diff(np.cumsum(counts)[last], prepend=0)
