"""Closed days on a real ClickHouse: what lands of them is the oracle's answer, in whatever pieces records come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.topics import CHAT
from schemas.transition import Transition
from sinks.clickhouse.partitions import partitions
from sinks.clickhouse.readers.closed_days import TABLES as HISTORIES
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import empty, own_store
from tests.oracle.answers import comparable
from tests.oracle.community import Record
from tests.oracle.history_days import ClosedDay
from tests.oracle.literal_worlds import LITERALS
from tests.oracle.people import STATES
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.product_worlds import LINK_EVENTS, PRODUCT_EVENTS, beside
from tests.oracle.worlds import GROUPS, World, ticked, worlds
from tests.sinks.closed_history import TABLES, Deployment, Parts, Step, ask, rows_of
from tests.sinks.test_people import ZONES, examples

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


@pytest.fixture(scope="module")
def other(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


@st.composite
def histories(draw: st.DrawFn, zone: str) -> Parts:
    """Two partitions of chat, one of product and links each; each ends with a tick of the same moment."""
    chat = draw(worlds(zones=(zone,), size=40, least=12))
    apart = (replace(chat, records=tuple(r for r in chat.records if _second(r) is second)) for second in (False, True))
    return parts(*apart, draw(beside(PRODUCT_EVENTS, chat, 25)), draw(beside(LINK_EVENTS, chat, 10)))


def _second(record: Record) -> bool:
    """Whether a record belongs to the other partition of chat."""
    return f'"{GROUPS[0]}"'.encode() in (record.value or b"")


def parts(*found: World) -> Parts:
    """Partitions of chat, and one of product and links each, that tell of the end of their days."""
    *chat, product, links = ticked(*found)
    return chat, [product], [links]


#: Pieces of partitions, and what happens after each.
steps = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0, 1), st.sampled_from(("", "task", "people", "caught up"))), max_size=12
)


@pytest.mark.parametrize("zone", ZONES)
def test_whatever_comes_in_whatever_pieces(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)

    @examples
    @given(histories(zone), steps)
    def check(found: Parts, pieces: list[Step]) -> None:
        deployment = Deployment(store, found)
        deployment.run(pieces)
        deployment.agent.catch_up()
        deployment.hold()
        deployment.land_all()
        deployment.agent.catch_up()
        assert deployment.agent.catch_up() == 0
        told(deployment, deployment.hold())

    check()


def told(deployment: Deployment, days: dict[int, ClosedDay]) -> None:
    """Every change of a member who had been known before was told."""
    found = {one["event_id"]: Transition.model_validate(one) for one in deployment.agent.told}
    names = ("group_id", "member_id", "day", "person_id", "previous", "state", "reason", "score")
    wanted = [
        {name: row[name] for name in names}
        for day in days.values()
        for row in day.transitions
        if row["previous"] not in ("", row["state"])
    ]
    assert comparable([one.model_dump() for one in found.values()], names) == comparable(wanted, names)


@pytest.mark.parametrize("zone", ZONES)
def test_every_window_ends_where_it_should(zone: str, store: ClickHouseStore) -> None:
    empty(store, zone)
    deployment = Deployment(store, parts(*at_the_edges(zone)))
    for share in (0.5, 0.9, 1.0):
        deployment.land_all(share)
        deployment.agent.catch_up()
    states = {row["state"] for day in deployment.hold().values() for row in day.members.values()}
    assert states == set(STATES)


def test_half_a_year_of_people(store: ClickHouseStore) -> None:
    empty(store, ZONES[1])
    deployment = Deployment(store, parts(*lives_of_people(3, ZONES[1])))
    for share in (0.3, 0.31, 0.9, 1.0):
        deployment.land_all(share)
        deployment.agent.taken_over()
        deployment.agent.catch_up()
        deployment.hold()


def test_what_comes_late_counts_once_it_is_corrected(store: ClickHouseStore) -> None:
    empty(store, "UTC")

    @settings(examples, max_examples=3)  # each works all days out three times
    @given(histories("UTC"), st.floats(0, 1), st.floats(0, 1))
    def check(found: Parts, share: float, to: float) -> None:
        deployment = Deployment(store, found)
        deployment.land_all(share)
        deployment.agent.catch_up()
        deployment.land_all()
        deployment.agent.catch_up()
        deployment.hold()
        for number, partition in enumerate(found[0]):
            deployment.correct((CHAT.name, number), int(to * (partition.records[-1].offset + 1)))
            deployment.agent.catch_up()
            deployment.hold()

    check()


def test_a_correction_goes_on_from_the_first_day_that_it_changes(
    store: ClickHouseStore, other: ClickHouseStore
) -> None:
    """Days before it are those that had been worked out; all are equal to those of who knew of it at once."""
    for database in (store, other):
        empty(database, "UTC")
    chat, product, links = lives_of_people(3, size=6)
    last = chat.records[-1]
    messages = [record for record in chat.records if b'"message"' in (record.value or b"")]
    said = [_again(record, last, n) for n, record in enumerate((messages[-20], messages[-60]), 1)]
    found = parts(replace(chat, records=(*chat.records, *said)), product, links)
    corrected, at_once = (Deployment(database, found) for database in (store, other))
    corrected.land_all()
    corrected.agent.catch_up()
    for record in (last, *said):
        before = _evaluated(store)
        corrected.correct((CHAT.name, 0), record.offset + 1)
        corrected.agent.catch_up()
        if record in said:
            again = {day for day, at in _evaluated(store).items() if at != before[day]}
            assert again == {day for day in before if day >= _day(record)}
            assert again != before.keys()
    corrected.hold()
    at_once.land_all()
    at_once.correct((CHAT.name, 0), said[-1].offset + 1)
    at_once.agent.catch_up()
    for table in TABLES:
        one, two = (comparable(rows_of(database, table)) for database in (store, other))
        assert one == two, table


def _again(record: Record, last: Record, number: int) -> Record:
    """The same message, of another id, that comes after all others."""
    value = orjson.loads(record.value or b"") | {"event_id": f"late{number}"}
    return Record(last.offset + number, last.kafka_ts_ms, orjson.dumps(value))


def _day(record: Record) -> date:
    return datetime.fromtimestamp(orjson.loads(record.value or b"")["ts_ms"] / 1000, UTC).date()


def _evaluated(store: ClickHouseStore) -> dict[date, datetime]:
    """When every day of the history in use was worked out."""
    d = store.address.database
    rows = store.native.execute(
        f"SELECT day, evaluated_at FROM {d}.people_scores FINAL "
        f"WHERE history = (SELECT history FROM {d}.people_history)"
    )
    return dict(rows)


def test_two_deployments_over_the_same_records_have_the_same_history(
    store: ClickHouseStore, other: ClickHouseStore
) -> None:
    """One in pieces, with take-overs and readings in between, the other at once."""
    for database in (store, other):
        empty(database, "UTC")

    def check(found: Parts, pieces: list[Step]) -> None:
        torn, whole = Deployment(store, found), Deployment(other, found)
        torn.run(pieces)
        for deployment in (torn, whole):
            deployment.land_all()
            deployment.agent.catch_up()
        for table in TABLES:
            one, two = (comparable(rows_of(database, table)) for database in (store, other))
            assert one == two, table
        one, two = (comparable(ask(database, "member_status")) for database in (store, other))
        assert one == two

    settings(examples, max_examples=4)(given(histories("UTC"), steps)(check))()
    people = parts(*lives_of_people(5))
    cuts = [n / 10 for n in range(2, 11)]
    check(people, [(n, cut, "caught up" if n % 2 else "people") for cut in cuts for n in range(3)])


def test_a_partition_that_never_had_a_record_holds_days_until_a_tick_comes(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    chat, product, links = lives_of_people(3, size=6)
    nothing = replace(chat, records=())
    deployment = Deployment(store, parts(chat, nothing, product, links))
    silent = (CHAT.name, 1)
    for place in deployment.landings.keys() - {silent}:
        deployment.land(place)
    deployment.agent.catch_up()
    assert deployment.hold() == {}
    deployment.land(silent)
    deployment.agent.catch_up()
    assert len(deployment.hold()) > 190


@pytest.mark.parametrize("name", LITERALS)
def test_record_by_record_and_corrected(name: str, store: ClickHouseStore) -> None:
    empty(store, "UTC")
    deployment = Deployment(store, LITERALS[name])
    longest = max(len(landing.world.records) for landing in deployment.landings.values())
    for n in range(longest):
        deployment.land_all((n + 1) / longest)
        deployment.agent.catch_up()
        deployment.hold()
    found = deployment.hold()
    deployment.correct((CHAT.name, 0), LITERALS[name][0][0].records[-1].offset + 1)
    deployment.agent.catch_up()
    assert deployment.hold() or not found


def test_histories_that_are_neither_read_nor_made_are_dropped(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    deployment = Deployment(store, LITERALS["an import far behind the clock"])
    deployment.land_all()
    deployment.agent.catch_up()
    before = partitions(store.native, "people_cuts")
    deployment.correct((CHAT.name, 0), 1_000)
    deployment.agent.catch_up()
    number = str(deployment.agent.task.state.days.number)
    assert before != [number]
    for table in HISTORIES:
        assert partitions(store.native, table) in ([number], []), table
    assert rows_of(store, "people_cuts")
