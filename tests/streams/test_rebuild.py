"""Numbers made anew from what was landed: equal to those from Kafka's records, and corrected as the oracle says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sinks.clickhouse.compare import KEYS
from sinks.clickhouse.epochs import epochs_with_rows
from sinks.clickhouse.store import ClickHouseStore
from streams.correct import Correction, correct
from streams.rebuild import Rebuild
from streams.worker import WorkerConfig
from tests.landing import Landing, empty, landed, own_store
from tests.memory import ORIGIN
from tests.oracle.community import community
from tests.oracle.corrected import closed_rows
from tests.oracle.worlds import World, worlds
from tests.sinks.test_answers import MESSAGE, history

pytestmark = pytest.mark.services
_EPOCH = date(1970, 1, 1)
_BESIDE = ("topic", "partition", "version", "epoch")

examples = settings(
    max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


def job(landing: Landing, **changed: Any) -> Rebuild:
    """A rebuild of what was landed, with the world's settings or others."""
    world = landing.world
    config = WorkerConfig(
        "", landing.store.address, Path(), time_zone=world.zone, lateness_h=world.lateness_h,
        duplicate_horizon=world.horizon,
    )  # fmt: skip
    return Rebuild(replace(config, **changed), ORIGIN, lambda: {0: landing.broker.kept[0]})


def rows(store: ClickHouseStore) -> dict[str, list[Any]]:
    """The newest row of every key in the epoch in use, without what says which flush wrote it."""
    found = {}
    for table, key in KEYS.items():
        columns = [row[0] for row in store.native.execute(f"DESCRIBE TABLE {store.address.database}.{table}")]
        names = ", ".join(name for name in columns if name not in ("slot", "version"))
        found[table] = store.native.execute(
            f"SELECT {names} FROM (SELECT * FROM {store.address.database}.{table} WHERE bitShiftRight(version, 56) = "
            f"(SELECT epoch FROM {store.address.database}.epoch) ORDER BY version DESC LIMIT 1 BY {', '.join(key)}) "
            f"ORDER BY {', '.join(key)}"
        )
    return found


@examples
@given(world=worlds(), flushes=st.integers(1, 3), split=st.integers(0, 45))
def check_replayed(store: ClickHouseStore, world: World, flushes: int, split: int) -> None:
    records = world.records[: max(split % (len(world.records) + 1), 1)]
    landing = landed(replace(world, records=records), store, flushes)
    before = rows(store)
    verified = job(landing).verify()
    assert verified.summary()["different"] == verified.open == 0, verified.summary()
    assert verified.records == len(community(list(records)).landed)
    assert job(landing).rebuild().epoch == 1
    assert rows(store) == before
    landing.broker.end = world.records[-1].offset + 1
    landing.again()
    assert landing.task.epoch == 1 and landing.task.next_offset == records[-1].offset + 1
    landing.land(world.records[len(records) :])
    after = rows(store)
    landed(world, store, flushes)
    assert rows(store) == after


def test_replayed_rows_are_those_of_kafkas_records(store: ClickHouseStore) -> None:
    check_replayed(store)


def corrected_rows(store: ClickHouseStore) -> dict[str, dict[tuple[Any, ...], dict[str, int]]]:
    """Rows of hours and days as people see them, in the oracle's form."""
    found: dict[str, dict[tuple[Any, ...], dict[str, int]]] = {}
    views = {"pane_states": "panes", "group_days": "closed_days", "member_days": "closed_member_days"}
    for table, view in views.items():
        keyed = found.setdefault(table, {})
        for row in store.native.query(f"SELECT * FROM {store.address.database}.{view}"):
            key = tuple(
                (row[name] - _EPOCH).days if name == "day" else row[name] for name in KEYS[table]
            )  # fmt: skip
            keyed[key] = {n: v for n, v in row.items() if isinstance(v, int) and n not in (*KEYS[table], *_BESIDE)}
    return found


def compare(world: World, store: ClickHouseStore) -> None:
    """Closed hours and days are the oracle's; an hour or member without anything may have no row."""
    wanted, found = closed_rows(list(world.records), world.zone, world.lateness_h, world.horizon), corrected_rows(store)
    for table, keyed in wanted.items():
        for key, row in keyed.items():
            assert {name: n for name, n in found[table].get(key, {}).items() if n} == {
                name: n for name, n in row.items() if n
            }, (table, key)
    assert wanted["group_days"].keys() <= found["group_days"].keys()


@examples
@given(world=worlds(), flushes=st.integers(1, 3), split=st.integers(0, 45))
def check_corrected(store: ClickHouseStore, world: World, flushes: int, split: int) -> None:
    records = world.records[: max(split % (len(world.records) + 1), 1)]
    landing = landed(replace(world, records=records), store, flushes)
    landing.broker.end = world.records[-1].offset + 1
    done: list[Correction] = []
    for part in (records, world.records[len(records) :]):
        landing.land(part)
        for _ in range(2):
            done.append(correct(job(landing)))
            assert not done[-1].different, done[-1].examples
        assert not any(done[-1].rows.values()), "a second run finds nothing to do"
    compare(world, store)
    verified = job(landing).verify()
    assert not verified.different, verified.summary()


def test_late_and_repeated_events_come_where_they_belong(store: ClickHouseStore) -> None:
    check_corrected(store)
