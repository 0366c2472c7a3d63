"""The oracle of closed days: where nothing comes late it is that of days now; what it knows of what does come late."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.people.score import Score
from analytics.people.score_features import Habits, keys
from schemas.topics import CHAT, LINKS, PRODUCT
from tests.oracle.answers import date_of
from tests.oracle.chances import chance_of
from tests.oracle.community import Days, Record, community
from tests.oracle.history import Sources
from tests.oracle.history_days import ClosedDay, Fit, history
from tests.oracle.literal_worlds import LITERALS, ONE, OTHER, D, did, link, said, tick, world
from tests.oracle.people import Before, People, effective_members, events_of, landed_of
from tests.oracle.people_worlds import at_the_edges, lives_of_people
from tests.oracle.product_worlds import LINK_EVENTS, PRODUCT_EVENTS, beside
from tests.oracle.worlds import World, displaced, ticked, worlds

_Worlds = tuple[World, World, World]
steady = settings(derandomize=True, deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
_NAMES = (
    "person_id", "linked", "role", "present", "new", "groups_28d", "in_product", "used_28d", "acted_here_28d", "score",
    "state", "reason", "fading", "previous", "since", "returned",
)  # fmt: skip
TOPICS = (CHAT, PRODUCT, LINKS)
EVERYTHING = 1 << 40


def in_time(world: World) -> World:
    """The same records in the order of their times, each stamped with its own."""
    told = sorted(
        ((json.loads(record.value or b"")["ts_ms"], record.value) for record in world.records), key=lambda one: one[0]
    )
    return replace(world, records=tuple(Record(offset, at, value) for offset, (at, value) in enumerate(told)))


def until(world: World, day: int) -> list[Record]:
    """Records, in the order of time, up to the end of a day."""
    return [record for record in world.records if Days(world.zone).of(record.kafka_ts_ms) <= day]


@pytest.mark.parametrize("found", [at_the_edges("UTC"), lives_of_people(3, "America/New_York")], ids=["edges", "lives"])
def test_what_comes_in_time_is_what_people_were_at_the_end_of_a_day(found: _Worlds) -> None:
    """But for groups of which nothing but a heartbeat is known."""
    chat, product, links = map(in_time, found)
    zone = chat.zone
    days = history(Sources(*([world] for world in ticked(chat, product, links))))
    last = max(days)
    for day in (last - 2, last - 60):
        before = {
            key: Before(row["state"], row["since"], row["returned"]) for key, row in days[day - 1].members.items()
        }
        people = People(
            [community(until(chat, day), zone)], events_of(PRODUCT.name, until(product, day)),
            events_of(LINKS.name, until(links, day)), zone, day=day, before=before,
        )  # fmt: skip
        wanted = {(row["group_id"], row["member_id"]): row for row in people.members()}
        for key, row in days[day].members.items():
            assert {n: row[n] for n in _NAMES if n in row} == {n: wanted[key][n] for n in _NAMES if n in wanted[key]}, (
                key
            )
        assert days[day].members.keys() == wanted.keys()
        for row in effective_members(people):
            found = [one for one in days[day].counts if one["group_id"] == row["group_id"]]
            assert found == ([] if row["group_id"].endswith(":empty") else [row | {"day": date_of(day)}])


def histories(zone: str = "Europe/Berlin") -> st.SearchStrategy[_Worlds]:
    """Chat, product and links of the same time, in any order."""

    @st.composite
    def found(draw: st.DrawFn) -> _Worlds:
        chat = draw(worlds(zones=(zone,), size=30))
        return chat, draw(beside(PRODUCT_EVENTS, chat, 15)), draw(beside(LINK_EVENTS, chat, 6))

    return found()


@steady
@given(histories(), st.tuples(*[st.floats(0, 1)] * 3))
def test_a_closed_day_stays_as_it_is(found: _Worlds, parts: tuple[float, ...]) -> None:
    """Whatever comes later."""
    whole = history(Sources(*([world] for world in ticked(*found))))
    shares = (
        replace(world, records=world.records[: int(part * len(world.records))])
        for world, part in zip(found, parts, strict=True)
    )
    begun = history(Sources(*([world] for world in shares)))
    assert list(whole)[: len(begun)] == list(begun)
    assert all(whole[day] == found for day, found in begun.items())


@steady
@given(displaced())
def test_the_order_inside_the_lateness_does_not_matter(orders: tuple[World, World]) -> None:
    one, other = (history(Sources([world])) for world in orders)
    assert [replace(day, cut={}) for day in one.values()] == [replace(day, cut={}) for day in other.values()]


@steady
@given(histories())
def test_corrected_is_as_if_all_had_come_in_time(found: _Worlds) -> None:
    """Of records of which none is broken, repeated or a tick."""
    plain = [
        replace(world, horizon=EVERYTHING, records=tuple(valid(topic.name, world)))
        for topic, world in zip(TOPICS, found, strict=True)
    ]
    corrected = {(topic.name, 0): EVERYTHING for topic in TOPICS}
    late = history(Sources(*([world] for world in ticked(*plain)), corrected=corrected))
    right = history(Sources(*([world] for world in ticked(*map(in_time, plain)))))
    assert list(late)[:1] == list(right)[:1]
    for day in late.keys() & right.keys():
        assert replace(late[day], cut={}) == replace(right[day], cut={})


def valid(topic: str, world: World) -> Iterator[Record]:
    """Records that keep the contract, of every event the first; without ticks."""
    landed, _ = landed_of(topic, world.records, EVERYTHING)
    kept = {one.offset for one in landed if not one.duplicate and one.event["type"] != "tick"}
    return (record for record in world.records if record.offset in kept)


# --- what comes late, in literals -----------------------------------------------------------------------------------


def states(days: dict[int, ClosedDay], *names: str) -> dict[int, list[Any]]:
    """State of these members of a group, or `None`, on each closed day; days are counted from `D`."""
    return {
        day - D: [found.members[ONE, name]["state"] if (ONE, name) in found.members else None for name in names]
        for day, found in days.items()
    }


def test_an_act_counts_only_until_its_day_is_closed_or_when_corrected() -> None:
    chat = world(
        said(D + 0.5, "message", "ann"), said(D + 3.5, "message", "ann"), said(D + 0.6, "message", "bob"),
        said(D + 2.5, "message", "cy"), tick(D + 5.5),
    )  # fmt: skip
    days = history(Sources([chat]))
    assert days[D].cut == {("chat.events", 0): 2} and days[D + 2].cut == {("chat.events", 0): 5}
    assert states(days, "ann", "bob", "cy") == {
        0: ["active", None, None], 1: ["active", None, None], 2: ["active", None, "active"],
    }  # fmt: skip
    corrected = history(Sources([chat], corrected={("chat.events", 0): 3}))
    assert states(corrected, "ann", "bob", "cy") == {
        n: ["active", "active", "active" if n == 2 else None] for n in range(3)
    }
    assert corrected[D].cut == {("chat.events", 0): 3}


def test_a_fact_that_comes_late_is_known_from_the_next_day_that_closes() -> None:
    chat = world(
        said(D + 0.2, "read", "cy", count=1), said(D + 0.5, "message", "ann"), said(D + 3.5, "message", "ann"),
        said(D + 0.6, "leave", "ann"), said(D - 300, "join", "bob"), tick(D + 5.5),
    )  # fmt: skip
    days = history(Sources([chat]))
    assert states(days, "ann", "bob") == {0: ["active", None], 1: ["left", "zombie"], 2: ["left", "zombie"]}
    assert [row["previous"] for row in days[D + 1].transitions] == ["active", ""]
    corrected = history(Sources([chat], corrected={("chat.events", 0): 5}))
    assert min(corrected) == D - 300 and corrected[D].members[ONE, "ann"]["state"] == "left"


def test_reading_is_reported_from_the_day_of_the_first_that_came_in_time_or_is_corrected() -> None:
    """A reading that came when its day was closed tells nothing of closed days."""
    parts = LITERALS["reading that a source begins to report"]
    days, corrected = (history(Sources(*parts, corrected={(CHAT.name, 0): offset})) for offset in (0, 99))
    judged = [
        [day - D for day, one in found.items() if one.members[ONE, "ann"]["reads_reported"]]
        for found in (days, corrected)
    ]
    assert judged == [[41, 42, 43], [*range(33, 44)]]
    names = ("unobservable", "silent_zombies", "zombie", "zombies_at_least", "zombies_estimated", "zombies_at_most")
    counted = {(n, row["group_id"]): [row[name] for name in names] for n in (27, 40, 41) for row in days[D + n].counts}
    assert counted == {
        (27, ONE): [0] * 6, (27, OTHER): [0] * 6, (27, "*"): [0] * 6,
        (40, ONE): [1, 1, 0, 0, 1, 1], (40, OTHER): [1, 1, 0, 0, 1, 1], (40, "*"): [1, 1, 0, 0, 1, 1],
        (41, ONE): [0, 0, 1, 1, 1, 1], (41, OTHER): [1, 1, 0, 0, 1, 1], (41, "*"): [1, 1, 0, 0, 1, 1],
    }  # fmt: skip


def test_a_roster_removes_whom_it_does_not_name_but_not_who_was_active_that_day() -> None:
    chat = world(
        said(D + 0.1, "join", "ann"), said(D + 0.1, "join", "bob"), said(D + 1.2, "read", "bob", count=1),
        said(D + 1.5, "roster", "cy", snapshot_id="s"), said(D + 1.6, "roster_end", complete=True, snapshot_id="s"),
        tick(D + 5.5),
    )  # fmt: skip
    assert states(history(Sources([chat])), "ann", "bob", "cy") == {
        0: ["newcomer", "newcomer", None], 1: ["left", "lurker", "at_risk"], 2: ["left", "lurker", "at_risk"],
    }  # fmt: skip


def test_a_link_joins_two_persons_from_its_day_on_until_it_is_taken_back() -> None:
    chat = world(
        said(D - 60.0, "profile", "bob"), said(D + 0.4, "read", "cy", count=1), said(D + 0.5, "message", "ann", OTHER),
        tick(D + 6.5),
    )  # fmt: skip
    links = world(
        link(D + 1.5, "ann", "u"), link(D + 1.5, "bob", "u"), link(D + 2.5, "bob", "u", unlink=True), tick(D + 6.5)
    )
    days = history(Sources([chat], links=[links]))
    bob = [days[D + n].members[ONE, "bob"] for n in range(4)]
    assert [(row["person_id"], row["state"]) for row in bob] == [
        ("wecom:c:bob", "zombie"), ("u", "elsewhere"), ("wecom:c:bob", "zombie"), ("wecom:c:bob", "zombie"),
    ]  # fmt: skip
    everybody = [row for n in range(4) for row in days[D + n].counts if row["group_id"] == "*"]
    assert [(row["active"], row["zombie"]) for row in everybody] == [(1, 1), (1, 0), (1, 1), (1, 1)]


def test_days_close_once_every_partition_of_every_source_has_closed_them() -> None:
    chat = world(said(D + 0.5, "message", "ann"), tick(D + 5.5))
    assert list(history(Sources([chat]))) == [D, D + 1, D + 2]
    assert not history(Sources([chat, world()])) and not history(Sources([chat], links=[world()]))
    assert list(history(Sources([chat, world(tick(D + 4.5))], [world(tick(D + 9.5))]))) == [D, D + 1]
    assert not history(Sources([world(tick(D + 9.5))])), "nothing is known"
    used = world(did(D + 0.5, "u"), tick(D + 5.5))
    assert min(history(Sources([], [used]))) == D and not history(Sources([world(tick(D + 9.5))], [used]))


def test_who_comes_back_and_since_when() -> None:
    """A member falls silent for good, and once more after a visit; after 28 days one is a zombie."""
    spoken = (said(D + day, "message", "ann") for day in (0.5, 40.5))
    chat = world(said(D + 0.4, "read", "ann", count=1), *spoken, tick(D + 43.5))
    found = [day.members[ONE, "ann"] for day in history(Sources([chat])).values()]
    changes = [
        (n, row["state"], row["previous"], row["since"] - D) for n, row in enumerate(found) if row["since"] == D + n
    ]
    assert changes == [
        (0, "active", "", 0), (7, "participant", "active", 7), (28, "zombie", "participant", 28),
        (40, "active", "zombie", 40),
    ]  # fmt: skip
    assert [row["returned"] for row in found] == [None] * 40 + [D + 40]


def test_a_zombie_stays_one_until_the_chance_is_a_tenth_better() -> None:
    limits = (0.06, 0.047, 0.045, 0.047)
    seen = said(D + 0.4, "read", "cy", count=1), said(D + 0.5, "roster", "ann", snapshot_id="s")
    chat = world(*seen, tick(D + 6.5))
    days = history(Sources([chat]), lambda day: Fit(lambda *_: 0.05, limits[day - D]))
    assert [found.members[ONE, "ann"]["state"] for found in days.values()] == ["zombie", "zombie", "at_risk", "at_risk"]


def test_who_is_effective_fades_with_half_the_chance_of_28_days_ago() -> None:
    said_so = [said(D + day, "message", name) for day, name in ((0.5, "ann"), (0.5, "bob"), (30.5, "ann"))]
    fit = Fit(lambda days, first, day: 0.9 if day <= D + 10 else 0.1)
    days = history(Sources([world(*said_so, tick(D + 45.5))]), lambda _: fit)
    fading = {
        name: [day - D for day, found in days.items() if found.members[ONE, name]["fading"]] for name in ("ann", "bob")
    }
    assert fading == {"ann": [*range(30, 39)], "bob": []}
    changes = [
        (row["day"], row["fading"]) for found in days.values() for row in found.transitions if row["member_id"] == "ann"
    ]
    assert changes == [(date_of(D + day), fades) for day, fades in ((0, 0), (7, 0), (28, 0), (30, 1), (37, 1), (39, 0))]


def test_a_name_is_nobody_while_its_member_is_known_by_id() -> None:
    days = history(Sources(*LITERALS["a name that becomes known by its id"]))
    assert states(days, "name:ann", "7") == {
        **{n: [None, None] for n in (0, 1)}, **{n: [None, "active"] for n in (2, 3)},
        **{n: ["active", "active"] for n in (4, 5, 6)},
    }  # fmt: skip
    assert [(row["member_id"], row["previous"]) for row in days[D + 4].transitions] == [("name:ann", "")]
    assert days[D + 4].members[ONE, "name:ann"]["since"] == D + 4


def test_the_chance_by_a_landed_fit_is_that_of_the_score() -> None:
    rng = random.Random(1)
    ages = [sorted(rng.sample(range(400), rng.choice((0, 1, 1, 3, 40, 200)))) for _ in range(300)]
    known = [rng.randint(400, 450) for _ in ages]
    masks = [sum(1 << age for age in some if age < 128) for some in ages]
    left = [min((age for age in some if age >= 128), default=-1) for some in ages]
    habits = Habits(
        *(np.array([mask >> at & (1 << 64) - 1 for mask in masks], np.uint64) for at in (0, 64)),
        *(np.array(some, np.int64) for some in (known, left, list(map(len, ages)))),
    )
    row = {name: [rng.uniform(-1, 1) for _ in range(8)] for name in ("mean", "weights", "silent")}
    row |= {name: [*row[name], 0.3] for name in ("weights", "silent")} | {"scale": [1 + n / 8 for n in range(8)]}
    score = Score(*(np.array(row[name]) for name in ("mean", "scale", "weights", "silent")), 0, 0)
    of = chance_of(row | {"horizon": 28})
    found = [of(frozenset(D - age for age in some), D - first, D) for some, first in zip(ages, known, strict=True)]
    assert np.allclose(found, score.of(keys(habits, 28)), rtol=1e-12)
