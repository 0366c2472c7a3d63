"""The product's numbers made anew: what differs is found, chat's are left alone, workers follow."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse as clickhouse_of
from groupvitals.connections import kafka_address
from groupvitals.settings import Settings
from schemas import agents
from schemas.errors import ConfigError
from schemas.topics import CHAT, PRODUCT
from sinks.clickhouse.epochs import epochs_with_rows
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.store import ClickHouseStore
from streams.kafka.topics import ensure_topics
from tests.conftest import Run
from tests.landing import Landing, empty, land_topic, own_store
from tests.oracle.community import Record
from tests.oracle.people import events_of
from tests.oracle.product import landed_states, references, users
from tests.oracle.worlds import HOUR_MS, World
from tests.sinks.test_answers import MESSAGE, history
from tests.streams.test_rebuild import job, rows
from tests.streams.workers import Answers, assert_each_record_once, send, wait_until, worker

pytestmark = pytest.mark.services
#: A second before midnight in UTC, and long after it in Asia.
END_MS = 1_772_063_999_000
STATES = ("user_states", "user_reference_states")


#: One event of every type, with all that numbers depend on.
KINDS: tuple[dict[str, Any], ...] = (
    {"type": "signup", "campaign_id": "k"},
    {"type": "trial", "campaign_id": "k"},
    {"type": "open"},
    {"type": "view"},
    {"type": "click", "group_id": "g", "call_id": "c", "link_id": "l", "campaign_id": "k"},
    {"type": "share", "target": "group", "group_id": "g", "link_id": "l"},
    {"type": "purchase", "order_id": "o", "amount_minor": 0, "currency": "CNY", "group_id": "g", "campaign_id": "k"},
    {"type": "refund", "order_id": "o", "refund_id": "r", "amount_minor": 5, "currency": "CNY"},
    {"type": "contact", "operator_id": "op", "purpose": "sales", "outcome": "reached"},
    {"type": "custom", "name": "lesson", "value": 1.5},
)


def acts(first: int, end: int) -> list[bytes]:
    """Acts of seven users, hours apart, in no order of time."""
    return [
        json.dumps(
            {"event_id": f"e{i}", "ts_ms": END_MS - (i * 7 % 200) * 3 * HOUR_MS, "user_id": f"u{i % 7}"}
            | KINDS[i % len(KINDS)]
        ).encode()
        for i in range(first, end)
    ]


def product(store: ClickHouseStore) -> Landing:
    """Sixty acts in three flushes."""
    records = tuple(Record(i, END_MS, value) for i, value in enumerate(acts(0, 60)))
    return land_topic(World("UTC", 48, 4_000_000, records), store, 3, PRODUCT.name)


@pytest.fixture
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    for store in own_store(clickhouse):
        empty(store, "UTC")
        yield store


def test_what_differs_is_found_and_made_anew(store: ClickHouseStore) -> None:
    landing, d = product(store), store.address.database
    before = rows(store, PRODUCT.name)
    for change in (
        "user_states UPDATE used_lo = used_lo + 1 WHERE user_id = 'u1'",
        "user_reference_states DELETE WHERE user_id = 'u2' AND kind = 'link'",
    ):
        store.native.execute(f"ALTER TABLE {d}.{change} SETTINGS mutations_sync = 2")
    found = job(landing).verify().summary()
    different = {table: count["different"] for table, count in found["tables"].items()}
    assert different == {table.name: int(table.name in STATES) for table in agents.PRODUCT.computed}
    assert [example["key"] for example in found["examples"]] == [
        {"user_id": "u1"}, {"user_id": "u2", "kind": "link", "reference": "l"},
    ]  # fmt: skip
    assert job(landing).rebuild(drop_old=True).dropped == [0]
    assert rows(store, PRODUCT.name) == before
    assert job(landing).verify().different == 0


def test_another_time_zone_is_the_products_own(store: ClickHouseStore) -> None:
    chat = land_topic(history("UTC", *((day, MESSAGE | {"member_id": "m"}) for day in range(20))), store, 2)
    landing, before = product(store), rows(store, CHAT.name)
    job(landing, time_zone="Asia/Kolkata").rebuild(drop_old=True)
    events = events_of(PRODUCT.name, landing.world.records)
    found = landed_states(*(store.native.query(f"SELECT * FROM {store.address.database}.{table}") for table in STATES))
    assert found == (users(events, "Asia/Kolkata"), references(events, "Asia/Kolkata"))
    zones = {
        view: "Asia/Kolkata" in store.native.execute(f"SHOW CREATE TABLE {store.address.database}.{view}")[0][0]
        for view in ("users", "people_clock")
    }
    assert zones == {"users": True, "people_clock": False}
    with pytest.raises(ConfigError, match=r"rebuild --agent product"):
        landing.again()
    assert rows(store, CHAT.name) == before
    assert [epochs_with_rows(store.address, agent) for agent in (agents.COMMUNITY, agents.PRODUCT)] == [[0], [1]]
    product_rows = rows(store, PRODUCT.name)
    job(chat).rebuild(drop_old=True)
    assert rows(store, PRODUCT.name) == product_rows
    assert [epochs_with_rows(store.address, agent) for agent in (agents.COMMUNITY, agents.PRODUCT)] == [[1], [1]]


def test_a_product_worker_follows(settings: Settings, groupvitals: Run) -> None:
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse_of(settings), "UTC")
    answers = Answers(settings, contract=PRODUCT.name)
    with worker("product") as process:
        send(settings, acts(0, 400), PRODUCT)
        wait_until(lambda: answers.flushed() == 400, "the first part is landed")
        made = groupvitals("rebuild", "--agent", "product", "--drop-old", "--json")
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout) == {"epoch": 1, "records": 400, "missing": 0, "dropped": [0], "excluded": []}
        send(settings, acts(400, 800), PRODUCT)
        wait_until(lambda: answers.flushed() == 800, "the worker goes on in the new epoch")
        verified = groupvitals("rebuild", "--agent", "product", "--verify", "--json")
        assert verified.returncode == 0, verified.stdout
        assert json.loads(verified.stdout)["records"] == 800
        assert process.poll() is None
    assert_each_record_once(answers, 800)
    events = events_of(PRODUCT.name, [Record(i, END_MS, value) for i, value in enumerate(acts(0, 800))])
    found = landed_states(*(answers.rows(table) for table in STATES))
    assert found == (users(events, "UTC"), references(events, "UTC"))
    for arguments, reason in {
        ("--agent", "product", "--correct"): "--correct is for chat",
        ("--agent", "operations"): "There are no numbers of operators' decisions to rebuild",
        ("--agent", "nobody"): "There is no agent 'nobody'",
    }.items():
        refused = groupvitals("rebuild", *arguments)
        assert refused.returncode == ConfigError.exit_code and reason in " ".join(refused.stderr.split())
