"""What was read up to some marks: which rows are newer, and when it may no longer hold."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.topics import CHAT
from sinks.clickhouse.readers.marks import Marks, marks
from sinks.contract import Checkpoint, Cut, Head
from tests.landing import Landing, empty, own_store
from tests.sinks.test_answers import MESSAGE, history

ZERO, ONE = (CHAT.name, 0), (CHAT.name, 1)
KNOWN = Marks(
    topics={CHAT.name: "t"}, epochs={CHAT.name: 1}, versions={ZERO: Cut(3, 7).version(1), ONE: Cut(3, 5).version(1)},
    offsets={ZERO: 70, ONE: 50}, begins={ZERO: 0, ONE: 0},
    partitions={CHAT.name: 2}, corrections=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("later", "back"),
    [
        ({}, False),
        ({"versions": {ZERO: Cut(3, 9).version(1), ONE: Cut(4, 0).version(1)}, "begins": {ZERO: 0, ONE: 50}}, False),
        ({"versions": {ZERO: Cut(3, 9).version(1), ONE: Cut(4, 0).version(1)}, "begins": {ZERO: 0, ONE: 49}}, True),
        ({"versions": KNOWN.versions | {ZERO: Cut(2, 9).version(1)}}, True),
        ({"versions": {ZERO: Cut(3, 7).version(1)}}, True),
        ({"epochs": {CHAT.name: 2}}, True),
        ({"corrections": 2}, True),
    ],
)
def test_when_all_must_be_read_again(later: dict[str, Any], back: bool) -> None:
    assert KNOWN.went_back(replace(KNOWN, **later)) is back
    assert not Marks().went_back(replace(KNOWN, **later)), "nothing has been read before"


def test_the_least_mark_is_named_once_every_partition_has_one() -> None:
    newer = KNOWN.newer(CHAT.name, "version", KNOWN.versions, ">")
    assert newer.endswith(f"AND version > {KNOWN.versions[ONE]}")
    assert f"[toUInt64({KNOWN.versions[ZERO]}), toUInt64({KNOWN.versions[ONE]})]" in newer
    one_more = replace(KNOWN, partitions={CHAT.name: 3})
    assert "AND" not in one_more.newer(CHAT.name, "version", KNOWN.versions, ">"), "all rows of the third are new"
    assert Marks().newer(CHAT.name, "version", {}, ">") == "1"


@pytest.mark.services
@pytest.mark.parametrize(("begins", "back"), [((20, 20), False), ((15, 20), True), ((20, 15), True)])
def test_a_term_that_began_before_is_found_behind_others(
    begins: tuple[int, ...], back: bool, clickhouse: tuple[str, int, int]
) -> None:
    """Several terms between two looks: heads tell of the newest only."""
    for store in own_store(clickhouse):
        empty(store, "UTC")
        landing = Landing(history("UTC", *((0, MESSAGE | {"member_id": "m"}) for _ in range(30))), store)
        landing.land(landing.world.records[:20])
        before, topic = marks(store), landing.task.topic
        for number, begin in enumerate(begins):
            cut = Cut(landing.task.cut.term + number + 1, 0)
            store.write_checkpoints([Checkpoint(topic, 0, cut, {topic: begin}, landing.task.cut)])
            store.vouch([Head(topic, 0, 0, cut, 20, begin)])
        after = marks(store, before)
        assert before.went_back(after) is back
        assert not after.went_back(marks(store, after)) and after == marks(store, after)
