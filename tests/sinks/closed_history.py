"""Deployments whose agents run in this process: partitions of worlds that land in any pieces, people who follow, and
what the database then has of closed days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from schemas.topics import CHAT, LINKS, PRODUCT
from sinks.clickhouse.store import ClickHouseStore
from tests.landing import Landing, clear
from tests.oracle.answers import Row, comparable, date_of
from tests.oracle.chances import fit_of
from tests.oracle.closed_days import day_of
from tests.oracle.history import Place, Sources
from tests.oracle.history_days import ClosedDay, history
from tests.oracle.history_segments import changes as changes_of
from tests.oracle.history_segments import moves, segments_on
from tests.oracle.worlds import World
from tests.sinks.people_agent import PeopleAgent

#: Worlds of chat, product and links, one per partition.
Parts = tuple[Sequence[World], Sequence[World], Sequence[World]]
TOPICS = (CHAT.name, PRODUCT.name, LINKS.name)
#: Tables of closed days.
TABLES = (
    "people_transitions", "people_group_days", "people_activity_days", "people_tier_days", "people_scores",
    "people_segment_days", "people_cuts",
)  # fmt: skip
#: By person.
Segments = Mapping[str, Row]
#: A partition, by its number among all; the share of its records that has landed next; who takes what over.
Step = tuple[int, float, str]


class Deployment:
    """Partitions that land, and the people agent."""

    def __init__(self, store: ClickHouseStore, parts: Parts) -> None:
        clear(store)
        self.store, self.parts, self.corrected = store, parts, dict[Place, int]()
        self.landings = {
            (topic, number): Landing(world, store, topic, number, len(worlds))
            for topic, worlds in zip(TOPICS, parts, strict=True)
            for number, world in enumerate(worlds)
        }
        self._landed = dict.fromkeys(self.landings, 0)
        self.agent = PeopleAgent(store, parts[0][0].zone, closing=True)

    def land(self, place: Place, share: float = 1.0) -> None:
        """Land a partition's records up to a share of them."""
        landing, begin = self.landings[place], self._landed[place]
        end = max(begin, int(len(landing.world.records) * share))
        landing.land(landing.world.records[begin:end])
        self._landed[place] = end

    def land_all(self, share: float = 1.0) -> None:
        """Land so much of every partition."""
        for place in self.landings:
            self.land(place, share)

    def run(self, steps: Iterable[Step]) -> None:
        """Land pieces; after each, the task, people or nobody is taken over, or people catch up."""
        for number, share, then in steps:
            place = sorted(self.landings)[number % len(self.landings)]
            self.land(place, share)
            if then == "task":
                self.landings[place].again()
            elif then == "people":
                self.agent.taken_over()
            elif then == "caught up":
                self.agent.catch_up()

    def correct(self, place: Place, offset: int) -> None:
        """Record that records before an offset are where they belong; people then begin a new term."""
        topic, number = place
        row = [topic, number, self.landings[place].epoch.number, offset, {}, 0]
        table = f"{self.store.address.database}.corrections"
        self.store.native.execute(f"INSERT INTO {table} (topic, partition, epoch, offset, pending, rows) VALUES", [row])
        self.corrected[place] = offset
        self.agent.taken_over()

    def sources(self) -> Sources:
        """What the oracle knows of what has landed."""
        parts = [
            [
                replace(world, records=world.records[: self._landed[topic, number]])
                for number, world in enumerate(worlds)
            ]
            for topic, worlds in zip(TOPICS, self.parts, strict=True)
        ]
        return Sources(*parts, corrected=self.corrected)

    def hold(self) -> dict[int, ClosedDay]:
        """All that stands there of closed days is what the oracle says; that."""
        fits = {day_of(row["day"]): fit_of(row) for row in rows_of(self.store, "people_scores")}
        sources = self.sources()
        wanted = history(sources, fits.__getitem__) if fits else history(sources)
        assert fits.keys() == wanted.keys(), "days that are closed, and their fits"
        same(rows_of(self.store, "people_cuts"), cuts(wanted), "people_cuts")
        changes = [row for day in wanted.values() for row in day.transitions]
        landed = [row for row in rows_of(self.store, "people_transitions") if row["state"]]
        same(landed, changes, "people_transitions")
        told = [row for row in ask(self.store, "state_changes") if row["state"]]
        same(told, [row for row in changes if row["state"] != row["previous"]], "state_changes")
        counted = [row for day in wanted.values() for row in day.counts]
        same(ask(self.store, "effective_members_daily"), counted, "effective_members_daily")
        windows = [row for day in wanted.values() for row in day.windows]
        same(ask(self.store, "rolling_activity_daily"), windows, "rolling_activity_daily")
        tiers = [row for day in wanted.values() for row in day.tiers]
        same(ask(self.store, "tiers_daily"), tiers, "tiers_daily")
        segments = {number: segments_on(sources, day) for number, day in wanted.items()}
        landed = [_segment(row) for row in rows_of(self.store, "people_segment_days")]
        same(landed, [_segment(row) for row in changes_of(segments)], "people_segment_days")
        for day in sorted({*wanted} & {min(wanted, default=0), max(wanted, default=0), *list(wanted)[::40]}):
            at = f"(day = '{date_of(day)}')"
            members = [_status(row) for row in wanted[day].members.values()]
            same(ask(self.store, f"member_status_at{at}"), members, f"member_status_at{at}")
            same(ask(self.store, f"segments_at{at}"), list(segments[day].values()), f"segments_at{at}")
        if wanted:
            self._moved(segments[min(wanted)], segments[max(wanted)], min(wanted), max(wanted))
        return wanted

    def _moved(self, before: Segments, after: Segments, since: int, day: int) -> None:
        """Moves from the first closed day to the last, and from there to now, are those of the oracle."""
        between = f"segment_moves_at(since = '{date_of(since)}', day = '{date_of(day)}')"
        same(ask(self.store, between), moves(before, after), between)
        to_now = f"segment_moves(since = '{date_of(day)}')"
        now = {row["person_id"]: row for row in ask(self.store, "segments")}
        same(ask(self.store, to_now), moves(after, now), to_now)


def ask(store: ClickHouseStore, view: str) -> list[Row]:
    """All rows of a view."""
    return store.native.query(f"SELECT * FROM {store.address.database}.{view}")


def rows_of(store: ClickHouseStore, table: str) -> list[Row]:
    """What a table of closed days has of the history in use, moments of evaluation left out."""
    d = store.address.database
    return store.native.query(
        f"SELECT * EXCEPT (history, evaluated_at) FROM {d}.{table} FINAL "
        f"WHERE history = (SELECT history FROM {d}.people_history)"
    )


def same(found: list[Row], wanted: list[Row], what: str) -> None:
    """They have the same rows, in the columns that the wanted ones have."""
    names = set(wanted[0]) & set(found[0]) if wanted and found else set()
    have, want = comparable(found, names), comparable(wanted, names)
    assert len(found) == len(wanted) and have == want, (
        f"{what}: {[row for row in have if row not in want][:5]} is not {[r for r in want if r not in have][:5]}"
    )


def cuts(days: Mapping[int, ClosedDay]) -> list[Row]:
    """Rows of `day_cuts`."""
    return [
        {"day": date_of(day), "topic": topic, "partition": number, "next_offset": offset}
        for day, found in days.items()
        for (topic, number), offset in found.cut.items()
    ]


def _status(row: Row) -> dict[str, Any]:
    names = ("group_id", "member_id", "state", "reason", "previous", "fading")
    days: dict[str, date | None] = {
        "since": date_of(row["since"]), "returned_on": None if row["returned"] is None else date_of(row["returned"])
    }  # fmt: skip
    return {name: row[name] for name in names} | days


_SEGMENT = (
    "day", "person_id", "lifecycle", "stage", "win_back", "recency", "frequency", "monetary", "currency", "orders",
    "net_minor", "last_order", "referred", "first_day", "last_day",
)  # fmt: skip


def _segment(row: Row) -> Row:
    """A row of `people_segment_days` as it lands and as the oracle has it, in one form: 0 or empty is none."""
    found = dict(row)
    for name, told in (("first_day", "first_seen"), ("last_day", "last_active"), ("last_order", "last_order")):
        if isinstance(row.get(told), date):
            found[name] = day_of(row[told])
    return {name: found.get(name) or None for name in _SEGMENT}
