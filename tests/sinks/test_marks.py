"""What was read up to some marks: which rows are newer, and when it may no longer hold."""

from dataclasses import replace

import pytest

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks

KNOWN = Marks(
    topics={CHAT.name: "t"}, epochs={CHAT.name: 1}, versions={(CHAT.name, 0): 7, (CHAT.name, 1): 5},
    offsets={(CHAT.name, 0): 70, (CHAT.name, 1): 50}, begins={(CHAT.name, 0): 0, (CHAT.name, 1): 0},
    partitions={CHAT.name: 2}, corrections=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("later", "back"),
    [
        ({}, False),
        ({"versions": {(CHAT.name, 0): 9, (CHAT.name, 1): 8}}, False),
        ({"epochs": {CHAT.name: 2}}, True),
        ({"begins": {(CHAT.name, 0): 70, (CHAT.name, 1): 0}}, False),
        ({"begins": {(CHAT.name, 0): 60, (CHAT.name, 1): 0}}, True),
        ({"corrections": 2}, True),
    ],
)
def test_when_all_must_be_read_again(later: dict[str, object], back: bool) -> None:
    assert KNOWN.went_back(replace(KNOWN, **later)) is back
    assert not Marks().went_back(replace(KNOWN, **later)), "nothing has been read before"


def test_the_least_mark_is_named_once_every_partition_has_one() -> None:
    newer = KNOWN.newer(CHAT.name, "version", KNOWN.versions, ">")
    assert newer.endswith("AND version > 5") and "[toUInt64(7), toUInt64(5)]" in newer
    one_more = replace(KNOWN, partitions={CHAT.name: 3})
    assert "AND" not in one_more.newer(CHAT.name, "version", KNOWN.versions, ">"), "all rows of the third are new"
    assert Marks().newer(CHAT.name, "version", {}, ">") == "1"
