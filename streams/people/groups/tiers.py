"""Rows of `people_tiers`: loud, occasional and silent members of each group; `*` counts everybody once."""

# mypy: disable-error-code="no-untyped-call"

import numpy as np
import pyarrow as pa

from analytics.people import tiers
from analytics.people.lists import rows_of
from schemas.agents import TABLES
from streams.people.groups import tier_rows
from streams.people.groups.talk import Talk
from streams.people.memory.distinct import distinct
from streams.people.memory.everybody import Everybody, Touched
from streams.people.memory.few import Few
from streams.people.memory.group_keys import GroupKeys
from streams.people.memory.landed import Landed
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes
from streams.people.memory.now import Now


class Tiers:
    """On how many days members and people spoke of late, and how much."""

    reads = ("spoken",)

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._tiers = Landed(TABLES["people_tiers"], GroupKeys(everybody))
        self.landed = (self._tiers,)
        self._open, self._closed = Few(tiers.OPEN), Talk()
        self._days, self._messages = np.empty(0, np.uint8), np.empty(0, np.int32)
        self._days_of, self._messages_of = np.empty(0, np.uint8), np.empty(0, np.int32)
        self._figures, self._figures_in = (
            np.zeros(len(tiers.FIGURES), np.int64),
            np.zeros((0, len(tiers.FIGURES)), np.int64),
        )
        self._closed_day = np.empty(0, np.int32)
        self._read = list[Codes]()
        self._now: Now | None = None

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take messages of open days, and of days that have closed."""
        rows, table = self._everybody.read_members, changed["memberships"]
        messages = np.asarray(table["open_messages"].combine_chunks().flatten()).reshape(-1, 4)
        some = np.flatnonzero(messages.any(axis=1) | (self._open.places(int(rows.max(initial=-1)) + 1)[rows] >= 0))
        open_days = np.zeros(len(some), tiers.OPEN)
        open_days["messages"] = messages[some]
        self._open.put(rows[some], open_days)
        table = changed["spoken"]
        spoke = self._everybody.member_rows(table)
        self._closed.take(spoke, np.asarray(table["day"]), np.asarray(table["messages"]).astype(np.int32))
        self._read.append(spoke)

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Work out the tiers of these persons, of everybody on a new day, and of their groups."""
        everybody = self._everybody
        whole = complete or self._now is None or not now.same_day(self._now)
        rows, persons, groups = self._concerned(touched, now, whole)
        self._now, (of, _) = now, everybody.places
        tiers.talk_of_members(
            everybody.members, of, everybody.groups, self._open.places(len(everybody.members)), self._open.records,
            self._closed.sums(len(everybody.members)), rows, now.day, self._days, self._messages, self._figures_in,
        )  # fmt: skip
        tiers.talk_of_persons(
            everybody.members, everybody.members_of, persons, now.day, self._days, self._messages, self._days_of,
            self._messages_of, self._figures,
        )  # fmt: skip
        figures = np.concatenate([self._figures[None], self._figures_in[groups]])
        shapes = tier_rows.shapes_of(self._messages, of, groups, self._messages_of)
        numbers, there = np.append(0, groups + 1).astype(np.int32), figures[:, 0] > 0
        rows = pa.table(tier_rows.columns(figures[there], shapes[there]))
        self._tiers.offer(rows, numbers[there], numbers[~there], complete)

    def _concerned(self, touched: Touched, now: Now, whole: bool) -> tuple[Codes, Codes, Codes]:
        """Rows, persons and groups to look at: of these persons, of days that have closed."""
        everybody = self._everybody
        (of, accounts), count = everybody.places, len(everybody.members)
        self._days, self._messages = longer(self._days, count, tiers.OUT), longer(self._messages, count)
        self._figures_in = longer(self._figures_in, len(everybody.group_names))
        self._days_of = longer(self._days_of, len(everybody.person), tiers.OUT)
        self._messages_of = longer(self._messages_of, len(everybody.person))
        known, closed_day = len(self._closed_day), everybody.groups["closed_day"].copy()
        moved = np.flatnonzero(closed_day[:known] != self._closed_day).astype(np.int32)
        self._closed_day = closed_day
        read, self._read = self._read, []
        if whole:
            self._closed.move_to(now.day)
            self._open.keep(everybody.members["base_day"][self._open.rows] >= closed_day[of[self._open.rows]])
            touched = everybody.all()
            return np.arange(count, dtype=np.int32), touched.persons, touched.groups
        rows = [*read, rows_of(everybody.members_of, touched.persons), rows_of(everybody.members_in, moved)]
        concerned = distinct(*rows)
        persons = distinct(touched.persons, everybody.person[accounts[concerned]])
        return concerned, persons, distinct(touched.groups, of[concerned])
