"""Numbers made anew from what was landed: equal to those from Kafka's records, and corrected as the oracle says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse as clickhouse_of
from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from schemas.agents import AGENT_OF, COMMUNITY, TABLES
from schemas.errors import ConfigError, ServiceError
from schemas.kafka import Kafka
from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.epochs import epochs_with_rows
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from streams.kafka.topics import ensure_topics
from streams.rebuild import replay
from streams.rebuild.correct import correct
from streams.rebuild.rebuild import SCRATCH, Rebuild
from streams.worker.worker import WorkerConfig
from tests.conftest import Run
from tests.landing import Landing, clear, empty, land_topic, landed, own_store
from tests.memory import ORIGIN, TOPIC
from tests.oracle.corrected import closed_rows
from tests.oracle.product_worlds import LINK_EVENTS, product_worlds, topic_worlds
from tests.oracle.worlds import DAY_MS, HOUR_MS, World, encode, worlds
from tests.sinks.test_answers import MESSAGE, history
from tests.streams.workers import Answers, assert_each_record_once, send, wait_until, worker

pytestmark = pytest.mark.services
_EPOCH = date(1970, 1, 1)
_BESIDE = ("topic", "partition", "version", "epoch")

examples = settings(
    max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)  # fmt: skip


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


def job(landing: Landing, report: Callable[[int, int], None] = lambda done, whole: None, **changed: Any) -> Rebuild:
    """A rebuild of what was landed, with the world's settings or others."""
    world, topic = landing.world, landing.task.topic
    config = WorkerConfig(
        kafka=Kafka(""), address=landing.store.address, data=Path(), time_zone=world.zone,
        lateness_h=world.lateness_h, duplicate_horizon=world.horizon, agent=AGENT_OF[topic],
    )  # fmt: skip
    return Rebuild(
        replace(config, **changed), replace(ORIGIN, topic=topic), lambda: {0: landing.broker.kept[0]}, report
    )


def rows(store: ClickHouseStore, contract: str = TOPIC) -> dict[str, list[Any]]:
    """The newest row of every key in the epoch in use, without what says which flush wrote it."""
    found, epoch = {}, store.epoch(contract)
    assert epoch is not None
    for table, key in ((table.name, table.key) for table in AGENT_OF[contract].computed):
        columns = [row[0] for row in store.native.execute(f"DESCRIBE TABLE {store.address.database}.{table}")]
        names = ", ".join(name for name in columns if name not in ("slot", "version"))
        found[table] = store.native.execute(
            f"SELECT {names} FROM (SELECT * FROM {store.address.database}.{table} WHERE bitShiftRight(version, 56) = "
            f"{epoch.number} AND topic = '{epoch.origin.topic}' ORDER BY version DESC LIMIT 1 BY {', '.join(key)}) "
            f"ORDER BY {', '.join(key)}"
        )
    return found


def replayed(store: ClickHouseStore, world: World, flushes: int, split: int, topic: str) -> None:
    """What a topic's records amount to is the same from the landed ones, and goes on being so."""
    records = world.records[: max(split % (len(world.records) + 1), 1)]
    clear(store)
    landing = land_topic(replace(world, records=records), store, flushes, topic)
    before = rows(store, topic)
    verified = job(landing).verify()
    assert verified.summary()["different"] == verified.open == 0, verified.summary()
    raw = f"{store.address.database}.{landing.task.state.agent.raw.name}"
    assert [(verified.records,)] == store.native.execute(f"SELECT count() FROM {raw} FINAL")
    assert job(landing).rebuild().epoch == 1
    assert rows(store, topic) == before
    landing.broker.end = world.records[-1].offset + 1
    landing.again()
    assert landing.task.epoch == 1 and landing.task.next_offset == records[-1].offset + 1
    landing.land(world.records[len(records) :])
    after = rows(store, topic)
    clear(store)
    land_topic(world, store, flushes, topic)
    assert rows(store, topic) == after


@pytest.mark.parametrize(
    ("topic", "of"),
    [
        (CHAT.name, worlds()),
        (PRODUCT.name, product_worlds(least=20)),
        (LINKS.name, topic_worlds(LINK_EVENTS, least=5)),
    ],
)
def test_replayed_rows_are_those_of_kafkas_records(
    topic: str, of: st.SearchStrategy[World], store: ClickHouseStore
) -> None:
    @examples
    @given(world=of, flushes=st.integers(1, 3), split=st.integers(0, 45))
    def check(world: World, flushes: int, split: int) -> None:
        replayed(store, world, flushes, split, topic)

    check()


def corrected_rows(store: ClickHouseStore) -> dict[str, dict[tuple[Any, ...], dict[str, int]]]:
    """Rows of hours and days as people see them, in the oracle's form."""
    found: dict[str, dict[tuple[Any, ...], dict[str, int]]] = {}
    views = {"pane_states": "panes", "member_days": "closed_member_days"}
    for table, view in views.items():
        keyed = found.setdefault(table, {})
        for row in store.native.query(f"SELECT * FROM {store.address.database}.{view}"):
            key = tuple(
                (row[name] - _EPOCH).days if name == "day" else row[name] for name in TABLES[table].key
            )  # fmt: skip
            keyed[key] = {
                n: v for n, v in row.items() if isinstance(v, int) and n not in (*TABLES[table].key, *_BESIDE)
            }
    return found


def compare(world: World, store: ClickHouseStore) -> None:
    """Closed hours and days are the oracle's; an hour or member without anything may have no row."""
    wanted, found = closed_rows(list(world.records), world.zone, world.lateness_h, world.horizon), corrected_rows(store)
    for table, keyed in wanted.items():
        for key, row in keyed.items():
            assert {name: n for name, n in found[table].get(key, {}).items() if n} == {
                name: n for name, n in row.items() if n
            }, (table, key)


@examples
@given(world=worlds(), flushes=st.integers(1, 3), split=st.integers(0, 45))
def check_corrected(store: ClickHouseStore, world: World, flushes: int, split: int) -> None:
    records = world.records[: max(split % (len(world.records) + 1), 1)]
    landing = landed(replace(world, records=records), store, flushes)
    landing.broker.end = world.records[-1].offset + 1
    correct_twice(landing)
    landing.again()
    stale = landing.begin(world.records[len(records) :])
    landing.again()
    landing.land(world.records[len(records) :])
    correct_twice(landing)
    for table, late in stale.items():  # a worker that lost its partition while its flush was on the way
        store.insert(table, late)
    compare(world, store)
    verified = job(landing).verify()
    assert not verified.different, verified.summary()


def correct_twice(landing: Landing) -> None:
    """Nothing differs that should not, and a second run finds nothing to do."""
    for _ in range(2):
        done = correct(job(landing))
        assert not done.different, done.examples
    assert not any(done.rows.values())


def test_a_replay_takes_as_many_frames_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [f'{{"n": {offset}}}' * 30 for offset in range(100, 200, 3)]
    offsets = pa.array(range(100, 200, 3), pa.uint64())
    rows = pa.table({"offset": offsets, "kafka_ts_ms": offsets, "value": values})
    monkeypatch.setattr(replay, "FRAME_BYTES", rows.nbytes // 5)
    frames = list(replay.frames_of(rows, 90, 205))
    assert len(frames) > 5
    assert [frame.first for frame in frames] + [205] == [90] + [frame.following for frame in frames]
    found = [(int(at), frame.value(row)) for frame in frames for row, at in enumerate(frame.offsets)]
    assert found == [(at, value.encode()) for at, value in zip(range(100, 200, 3), values, strict=True)]


def test_late_and_repeated_events_come_where_they_belong(store: ClickHouseStore) -> None:
    check_corrected(store)


# --- by hand ---------------------------------------------------------------------------------------------------------


def week(store: ClickHouseStore) -> Landing:
    """Twenty days of a group in three flushes, one message a day far too late."""
    events: list[tuple[float, dict[str, Any]]] = [(day, MESSAGE | {"member_id": f"m{day % 3}"}) for day in range(20)]
    late = [(10.5, MESSAGE | {"member_id": "late"})]
    world = history("UTC", *events, *late)
    return landed(world, store, 3)


def test_what_differs_is_found_and_shown(store: ClickHouseStore) -> None:
    landing, d = week(store), store.address.database
    for statement in (
        f"INSERT INTO {d}.membership_states SELECT * REPLACE(messages + 1 AS messages, version + 1 AS version) "
        f"FROM {d}.membership_states WHERE member_id = 'm1' ORDER BY version DESC LIMIT 1",
        f"ALTER TABLE {d}.member_days DELETE WHERE day = '2025-01-05' SETTINGS mutations_sync = 2",
    ):
        store.native.execute(statement)
    found = job(landing).verify().summary()
    assert {table: n["different"] for table, n in found["tables"].items() if n["different"]} == {"member_days": 1}, (
        "a row with the bit of corrections is left to them"
    )
    (example,) = found["examples"]
    assert example["key"] == {"group_id": "g", "day": date(2025, 1, 5), "member_id": "m1"}
    assert example["found"] is None and example["wanted"]["messages"] == 1
    assert SCRATCH not in epochs_with_rows(store.address, COMMUNITY)


def test_a_correction_that_would_touch_other_rows_writes_nothing(store: ClickHouseStore) -> None:
    landing, d = week(store), store.address.database
    store.native.execute(f"ALTER TABLE {d}.member_days DELETE WHERE day = '2025-01-05' SETTINGS mutations_sync = 2")
    before = rows(store)
    done = correct(job(landing))
    assert done.different == 1 and done.examples[0]["key"]["day"] == date(2025, 1, 5)
    assert not any(done.rows.values()) and rows(store) == before
    assert store.native.execute(f"SELECT count() FROM {d}.corrections") == [(0,)]


def test_what_was_not_committed_is_neither_compared_nor_corrected(store: ClickHouseStore) -> None:
    landing = week(store)
    landing.broker.kept = (14, 1)
    assert job(landing).verify().records == 8, "the newest checkpoint that was committed"
    assert correct(job(landing)).rows == dict.fromkeys(("pane_states", "member_days"), 0)


def test_a_rebuild_with_other_settings_goes_on_where_it_was_killed(
    store: ClickHouseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = week(store)
    monkeypatch.setattr(replay, "CHUNK", 3)
    monkeypatch.setattr(replay, "FLUSH", 3)

    class Killed(Exception):
        pass

    def kill(done: int, whole: int) -> None:
        if done > 12:
            raise Killed

    changed = {"time_zone": "Asia/Kolkata", "lateness_h": 20}
    with pytest.raises(Killed):
        job(landing, report=kill, **changed).rebuild()
    assert store.epoch() == replace(landing.epoch, number=0)
    done = job(landing, **changed).rebuild()
    assert (done.epoch, done.missing) == (1, 0)
    assert 0 < done.records < 21 - 6, "what was checkpointed is not replayed again"
    assert epochs_with_rows(store.address, COMMUNITY) == [0, 1]
    with pytest.raises(ConfigError, match=r"epoch 1.*Asia/Kolkata.*rebuild"):
        landing.again()
    rebuilt = rows(store)
    world = replace(landing.world, zone="Asia/Kolkata", lateness_h=20)
    clear(store)
    landed(world, store, 2)
    assert rows(store) == rebuilt


def test_a_rebuild_begun_with_other_settings_is_given_up(store: ClickHouseStore) -> None:
    landing = week(store)
    other = job(landing, lateness_h=1)
    store.claim(other.target(), ready=False)
    other.replay(other.target(), other.frozen())
    assert epochs_with_rows(store.address, COMMUNITY) == [0, 1]
    assert job(landing).rebuild(drop_old=True).epoch == 2
    assert epochs_with_rows(store.address, COMMUNITY) == [2]


def test_two_rebuilds_at_once_are_told(store: ClickHouseStore) -> None:
    landing = week(store)
    one, other = job(landing), job(landing)
    epoch = one.target()
    store.claim(epoch, ready=False)
    half = {p: replace(cut, head=replace(cut.head, offsets={one.config.topic: 9})) for p, cut in one.frozen().items()}
    one.replay(epoch, half)
    other.replay(epoch, half)
    with pytest.raises(ServiceError, match="another rebuild is running"):
        one.replay(epoch, one.frozen())


def test_a_new_epoch_is_corrected_whole(store: ClickHouseStore) -> None:
    landing = week(store)
    correct_twice(landing)
    corrected = rows(store)["member_days"]
    assert any("late" in row for row in corrected)
    job(landing).rebuild()
    assert not any("late" in row for row in rows(store)["member_days"])
    correct_twice(landing)
    assert rows(store)["member_days"] == corrected


# --- with real workers -----------------------------------------------------------------------------------------------


def messages(first: int, end: int) -> list[bytes]:
    """Messages of ten groups, an hour apart; every ninth a week late."""
    times = [(i, 1_735_693_200_000 + i * HOUR_MS - (i % 9 == 8) * 7 * DAY_MS) for i in range(first, end)]
    return [
        encode(MESSAGE | {"group_id": f"g{i % 10}", "member_id": f"m{i % 7}", "event_id": f"e{i}", "ts_ms": ts_ms})
        for i, ts_ms in times
    ]


def test_workers_follow_and_refuse(settings: Settings, groupvitals: Run) -> None:
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse_of(settings), "UTC")
    answers = Answers(settings)
    with worker() as process:
        send(settings, messages(0, 700))
        wait_until(lambda: answers.flushed() == 700, "the first part is landed")
        made = groupvitals("rebuild", "--json")
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout) == {"epoch": 1, "records": 700, "missing": 0, "dropped": [], "excluded": []}
        send(settings, messages(700, 1400))
        wait_until(lambda: answers.flushed() == 1400, "the worker goes on in the new epoch")
        corrected = groupvitals("rebuild", "--correct", "--json")
        assert corrected.returncode == 0, corrected.stdout
        assert json.loads(corrected.stdout)["rows"]["member_days"] > 0
        with pytest.MonkeyPatch.context() as context:
            context.setenv("GROUPVITALS_WORKER__TIME_ZONE", "Asia/Kolkata")
            moved = groupvitals("rebuild", "--drop-old")
            assert moved.returncode == 0, moved.stderr
            wait_until(lambda: process.poll() is not None, "a worker with other settings ends")
            assert process.returncode == ConfigError.exit_code
            send(settings, messages(1400, 1500))
            assert groupvitals("worker", "--until-caught-up").returncode == 0
            verified = groupvitals("rebuild", "--verify", "--json")
            assert verified.returncode == 0, verified.stdout
            found = json.loads(verified.stdout)
            assert found["records"] == 1500 and found["corrected"] > 0, "what was corrected is corrected anew"
        assert "Asia/Kolkata" in str(answers.native.execute(f"SHOW CREATE TABLE {answers.database}.people_clock"))
    assert_each_record_once(answers, 1500)
