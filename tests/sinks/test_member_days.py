"""Days that are closed, on a real ClickHouse: what members were at the end of each, and when that changed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import BackpressureError, ConfigError, ServiceError
from schemas.topics import CHAT, LINKS, PRODUCT
from schemas.transition import Transition
from sinks.clickhouse.asking import Asked
from sinks.clickhouse.asking import ask as ask_question
from sinks.clickhouse.store import ClickHouseStore
from sinks.clickhouse.templates import REACH_DAYS
from streams.jobs.member_days import MemberDays, due
from tests.landing import Landing, clear, empty, land_topic, own_store
from tests.oracle import product_columns
from tests.oracle.answers import comparable
from tests.oracle.people import STATES, Before, People, effective_members, member_status
from tests.oracle.people_worlds import BEGIN_MS as PEOPLE_MS
from tests.oracle.people_worlds import DAYS, at_the_edges, lives_of_people
from tests.oracle.worlds import DAY_MS, World
from tests.sinks.people_agent import PeopleAgent
from tests.sinks.test_answers import BEGIN_MS, MESSAGE, history
from tests.sinks.test_people import examples, histories, land_people, people_of, sum_of_states

pytestmark = pytest.mark.services
ZONES = ("UTC", "America/New_York")
TOPICS = (CHAT, PRODUCT, LINKS)


@pytest.fixture(scope="module")
def store(clickhouse: tuple[str, int, int]) -> Iterator[ClickHouseStore]:
    yield from own_store(clickhouse)


def ask(store: ClickHouseStore, view: str) -> list[dict[str, Any]]:
    return store.native.query(f"SELECT * FROM {store.address.database}.{view}")


def known(people: People, day: date) -> People:
    """The same people at the end of a day."""
    return replace(people, day=(day - date(1970, 1, 1)).days)


def past_days(store: ClickHouseStore, people: People, before: tuple[int, ...]) -> None:
    """States and counts of days so many days before are the oracle's."""
    for ago in before:
        day = date(1970, 1, 1) + timedelta(days=people.today - ago)
        for view, answer in (("member_status", member_status), ("effective_members", effective_members)):
            wanted = answer(known(people, day))
            rows = ask(store, f"{view}_at(day = '{day}')")
            names = set(wanted[0]) - {"last_used_at", "last_act_here_at"} if wanted else set()
            assert comparable(rows, names) == comparable(wanted, names), (view, day)


def test_every_window_of_a_past_day_ends_where_it_should(store: ClickHouseStore) -> None:
    empty(store, "UTC")
    past_days(store, land_people(store, *at_the_edges()), (1, 6, 7, 20, REACH_DAYS))


@pytest.mark.parametrize("zone", ZONES)
def test_a_past_day_is_what_it_was(zone: str, store: ClickHouseStore) -> None:
    """Only what was before the day's end counts, whatever has come since; links are known of any time."""
    empty(store, zone)

    @examples
    @given(histories(zone))
    def check(found: tuple[World, World, World]) -> None:
        past_days(store, land_people(store, *found, 1), (1, REACH_DAYS))

    check()


def test_changes_are_rows_and_are_told_once_a_day(store: ClickHouseStore) -> None:
    """Landed in three pieces, closed days evaluated after each; a zombie stays one up to 1.1 θ."""
    empty(store, "UTC")
    clear(store)
    world = history("UTC", *((day, event | {"group_id": "wecom:公司:g"}) for day, event in falling_silent()))
    told, days, wanted = list[dict[str, Any]](), list[date](), list[dict[str, Any]]()
    before: dict[tuple[str, str], Before] = {}
    for end in (66, 70, 77):
        clear_numbers(store)
        so_far = replace(world, records=tuple(r for r in world.records if r.kafka_ts_ms < BEGIN_MS + end * DAY_MS))
        land_topic(so_far, store, 1, CHAT.name)
        in_memory = MemberDays(store)
        for day in due(store) if days else due(store)[-2:]:
            theta = fitted(store, day, days)
            people = replace(known(people_of(so_far), day), before=before, theta=theta)
            for row in people.members():
                if row["state"] != row["previous"]:
                    wanted.append({"day": day} | {name: row[name] for name in ("member_id", "state", "previous")})
                key = row["group_id"], row["member_id"]
                before = before | {key: Before(row["state"], row["since"], row["returned"])}
            days.append(day)
            with pytest.raises(BackpressureError):
                in_memory.evaluate(day, nobody_listens)
            assert day in due(store)
            in_memory.evaluate(day, told.extend)
        assert due(store) == []
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))] and len(days) > 10
    changes = set(wanted[0])
    assert comparable(ask(store, "state_changes"), changes) == comparable(wanted, changes)
    later = [row for row in wanted if row["previous"]]
    assert comparable(told, changes) == comparable(later, changes)
    assert len({Transition.model_validate(one).event_id for one in told}) == len(told)
    assert {row["state"] for row in later} == {"active", "participant", "at_risk", "zombie", "left"}
    status = {"member_id", "state", "previous", "since", "returned_on"}
    now = replace(people_of(world), before=before, theta=fitted(store, days[-1], days))
    PeopleAgent(store).catch_up()
    assert comparable(ask(store, "member_status"), status) == comparable(member_status(now), status)
    daily = ask(store, "effective_members_daily")
    assert all(sum_of_states(row) == row["headcount"] for row in daily)
    assert {(row["group_id"], row["day"]) for row in daily} == {(g, day) for g in ("*", "wecom:公司:g") for day in days}
    last = [row for row in daily if row["day"] == days[-1]]
    assert last == ask(store, f"effective_members_at(day = '{days[-1]}')") and any(row["zombie"] for row in last)
    for day in due(store, days[-2]):
        in_memory.evaluate(day)
    assert comparable(ask(store, "state_changes"), changes) == comparable(wanted, changes)
    assert ask_question(store.address, "effective_members", Asked(days[0])) == [r for r in daily if r["day"] == days[0]]
    day = max(row["day"] for row in wanted if row["state"] == "zombie")
    for again in due(store, day):  # nobody is a zombie after all
        put_theta(store, again, 0.0)
        in_memory.evaluate(again)
    assert not [row for row in ask(store, "state_changes") if row["day"] >= day and row["state"] == "zombie"]
    old = days[0] - timedelta(days=REACH_DAYS)
    with pytest.raises(ServiceError, match="effective_members_daily has older days"):
        ask(store, f"member_status_at(day = '{old}')")
    with pytest.raises(ConfigError, match=f"answers for the last {REACH_DAYS} days"):
        ask_question(store.address, "member_status", Asked(old))
    with pytest.raises(ConfigError, match="day masks reach back"):
        due(store, days[-1] - timedelta(days=REACH_DAYS))


def test_who_is_kept_in_memory_is_what_the_views_say(store: ClickHouseStore) -> None:
    """Chat, product and links come in pieces: what is remembered and what has changed since give every day's states."""
    zone = ZONES[1]
    empty(store, zone)

    @settings(examples, max_examples=3)
    @given(histories(zone), st.sampled_from([(1.0,), (0.3, 0.6, 1.0)]))
    def check(found: tuple[World, World, World], cuts: tuple[float, ...]) -> None:
        in_pieces(store, found, cuts, True)

    check()
    left = {"type": "leave", "member_id": "bob", "event_id": "x"}
    came = {"type": "join", "member_id": "bob"}
    said = ((0, came), (1, left), (2, came), (10, MESSAGE), (12, left), (20, MESSAGE))  # an event that is told again
    again = history(zone, *((day, {"member_id": "ann"} | event) for day, event in said))
    nothing = World(zone, 48, 4_000_000, ())
    in_pieces(store, (again, nothing, nothing), (0.7, 1.0), False)
    world = at_the_edges(zone)
    # a roster of ten days before the end is known when the days before it are evaluated
    cuts = tuple(part_until(world[0], DAYS - ago) for ago in (7.4, 6.4, 2, 0))
    edges = in_pieces(store, world, cuts, False)
    assert edges | in_pieces(store, lives_of_people(3, zone), (0.9, 0.95, 0.98, 1.0), True) == set(STATES)


def part_until(world: World, days: float) -> float:
    """The part of a world's records, which are in the order of time, that tell of its first days."""
    end_ms = PEOPLE_MS + days * DAY_MS
    return sum(json.loads(record.value)["ts_ms"] <= end_ms for record in world.records) / len(world.records)


def in_pieces(
    store: ClickHouseStore, found: tuple[World, World, World], cuts: tuple[float, ...], moves: bool
) -> set[str]:
    """Land so much of the worlds at a time, evaluate the days that are closed by then; the states that there were.

    moves: tasks move to other workers, θ changes every day, and somebody else evaluates every third one.
    """
    clear(store)
    in_memory, another, seen, before = MemberDays(store), MemberDays(store), set[str](), 0.0
    landings = [Landing(world, store, topic.name) for topic, world in zip(TOPICS, found, strict=True) if world.records]
    for cut in cuts:
        for landing in landings:
            first, end = (int(len(landing.world.records) * part) for part in (before, cut))
            landing.land(landing.world.records[first:end])
            if moves:
                landing.again()
        days, before = due(store), cut
        for day in days:
            if moves:
                put_theta(store, day, 1 / (30 + day.toordinal() % 30))
            (another if moves and day.toordinal() % 3 == 0 else in_memory).evaluate(day)
        so_far = (replace(world, records=world.records[: int(len(world.records) * cut)]) for world in found)
        people = people_of(*so_far)
        for day in days[-2:]:
            seen |= as_the_views_say(store, day)
            everybody = product_columns.everybody_daily(known(people, day))
            rows = [row for row in ask(store, "rolling_activity_daily") if (row["group_id"], row["day"]) == ("*", day)]
            assert comparable(rows, set(everybody[0])) == comparable(everybody, set(everybody[0]))
    return seen


def as_the_views_say(store: ClickHouseStore, day: date) -> set[str]:
    """What was written of a day is what the views say of it; the states that there were."""
    d = store.address.database
    about = "group_id, member_id, person_id, toString(state) AS state, reason, score, previous"
    wanted = store.native.query(f"SELECT {about} FROM {d}.member_states_at(day = '{day}')")
    changes = store.native.query(f"SELECT {about} FROM {d}.state_changes WHERE day = '{day}'")
    key = ("group_id", "member_id")
    assert comparable(changes, set(changes[0]) if changes else set()) == comparable(
        [row for row in wanted if row["state"] != row["previous"]], set(wanted[0]) if wanted else set()
    )
    kept = store.native.query(
        f"SELECT group_id, member_id, argMax(toString(state), day) AS state FROM {d}.member_transitions FINAL "
        f"WHERE day <= '{day}' GROUP BY group_id, member_id"
    )
    known = {tuple(row[name] for name in key): row["state"] for row in kept}
    assert {tuple(row[name] for name in key): row["state"] for row in wanted}.items() <= known.items()
    assert ask(store, f"effective_members_at(day = '{day}')") == [
        row for row in ask(store, "effective_members_daily") if row["day"] == day
    ]
    return set(known.values())


def nobody_listens(_: list[dict[str, Any]]) -> None:
    raise BackpressureError("Kafka is away.")


def falling_silent() -> list[tuple[float, dict[str, Any]]]:
    """Thirty members who fall silent one after the other; one comes back, one leaves."""
    said = [(2.0 * n, f"m{n}") for n in range(30)] + [(69.0, "m5")] + [(n + 0.5, "ann") for n in range(77)]
    events = [(day, MESSAGE | {"member_id": member}) for day, member in said]
    return sorted([*events, (68.0, {"type": "leave", "member_id": "m20"})], key=lambda event: event[0])


def fitted(store: ClickHouseStore, day: date, days: list[date]) -> float:
    """θ of a day: lower after the fifth, so that only what is remembered keeps some of the zombies."""
    theta = 1 / 58 if len(days) >= 5 else 1 / 50
    put_theta(store, day, theta)
    return theta


def put_theta(store: ClickHouseStore, day: date, theta: float) -> None:
    weights = [0.0, -1.0] + [0.0] * 7
    row = [day, 28, [0.0] * 8, [1.0] * 8, weights, weights, theta, 0, 0]
    names = "day, horizon, mean, scale, weights, silent, theta, members, returned"
    store.native.execute(f"INSERT INTO {store.address.database}.scores ({names}) VALUES", [row])


def clear_numbers(store: ClickHouseStore) -> None:
    """Empty tables but for what was written of closed days."""
    d = store.address.database
    kept = {name: ask(store, name) for name in ("member_transitions", "effective_member_days", "people_days", "scores")}
    clear(store)
    for name, rows in kept.items():
        if rows:
            columns = ", ".join(rows[0])
            store.native.execute(f"INSERT INTO {d}.{name} ({columns}) VALUES", [list(row.values()) for row in rows])
