"""Whose an account is: the newest record counts, and conflicts are counted."""

from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from analytics.people.links import owners, owners_by_day

Record = tuple[str, int, int, str, str, str]
_NAMES = ("account_id", "ts_ms", "unlink", "event_id", "user_id", "source")
_TYPES = (pa.string(), pa.int64(), pa.uint8(), pa.string(), pa.string(), pa.string())


def table(records: list[Any], *more: tuple[str, pa.DataType]) -> pa.Table:
    fields = [*zip(_NAMES, _TYPES, strict=True), *more]
    columns = list(zip(*records, strict=True)) or [()] * len(fields)
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(fields, columns, strict=True)})


LINK = ("a", 1, 0, "e1", "u1", "qr")


@pytest.mark.parametrize(
    ("records", "newest", "conflicts"),
    [
        ([LINK], ("u1", 1, "qr"), 0),
        ([LINK, ("a", 2, 0, "e0", "u2", "login")], ("u2", 2, "login"), 1),
        ([LINK, ("a", 2, 0, "e2", "u1", "login")], ("u1", 2, "login"), 0),
        ([LINK, ("a", 2, 1, "e2", "u1", "qr")], ("", 2, "qr"), 0),
        ([LINK, ("a", 2, 1, "e2", "u2", "qr")], ("", 2, "qr"), 0),  # from another user
        # what is unlinked first may belong to another
        ([LINK, ("a", 2, 1, "e2", "u1", "qr"), ("a", 3, 0, "e3", "u2", "qr")], ("u2", 3, "qr"), 0),
        # there and back again
        ([LINK, ("a", 2, 0, "e2", "u2", "qr"), ("a", 3, 0, "e3", "u1", "qr")], ("u1", 3, "qr"), 2),
        # at the same time: unlinking, the later id, the later user, the later source
        ([("a", 1, 1, "e0", "u1", "qr"), LINK], ("", 1, "qr"), 0),
        ([LINK, ("a", 1, 0, "e0", "u2", "qr")], ("u1", 1, "qr"), 1),
        ([LINK, ("a", 1, 0, "e1", "u0", "qr")], ("u1", 1, "qr"), 1),
        ([LINK, ("a", 1, 0, "e1", "u1", "login")], ("u1", 1, "qr"), 0),
    ],
)
def test_the_newest_record_counts(records: list[Record], newest: tuple[str, int, str], conflicts: int) -> None:
    user, since, source = newest
    wanted = {"account_id": "a", "user_id": user, "source": source, "since_ms": since, "conflicts": conflicts}
    for order in permutations(records):
        assert owners(table(list(order))).to_pylist() == [wanted]
        assert owners(table([*order, order[0]])).to_pylist() == [wanted], "whoever says a thing twice says it once"


def test_accounts_do_not_mix() -> None:
    records = table([("b", 2, 0, "e1", "u2", "qr"), ("a", 3, 0, "e2", "u1", "qr"), ("b", 1, 0, "e3", "u1", "qr")])
    assert {row["account_id"]: (row["user_id"], row["conflicts"]) for row in owners(records).to_pylist()} == {
        "a": ("u1", 0), "b": ("u2", 1),
    }  # fmt: skip
    assert owners(table([])).num_rows == 0


def test_each_day_goes_by_the_records_up_to_it() -> None:
    records = [
        ("a", 5, 0, "e1", "u1", "qr", 10), ("b", 1, 0, "e2", "u1", "qr", 10),
        ("a", 4, 0, "e3", "u2", "qr", 12),  # which came later, and is older
        ("a", 6, 1, "e4", "u1", "qr", 13), ("a", 7, 0, "e5", "u3", "qr", 13),
    ]  # fmt: skip
    for order in permutations(records):
        found = owners_by_day(table(list(order), ("at", pa.int32()))).to_pylist()
        assert [row["at"] for row in found] == sorted(row["at"] for row in found)
        assert {(row["at"], row["account_id"]): row["user_id"] for row in found} == {
            (10, "a"): "u1", (10, "b"): "u1", (12, "a"): "u1", (13, "a"): "u3",
        }  # fmt: skip
    assert owners_by_day(table([], ("at", pa.int32()))).num_rows == 0
