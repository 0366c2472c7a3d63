"""All touches in memory: what people did that may lead to a conversion, and what of it is new or has changed."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.people.lists import lists, rows_of
from analytics.results.paths import ANSWER, CLICK, JOIN, SHARED, SIGNUP, TOUCH, in_order
from analytics.results.rules import KINDS
from streams.people.calls.calls import Calls
from streams.people.memory.everybody import Everybody
from streams.people.memory.longer import longer
from streams.people.memory.names import Codes, Names
from streams.state.arrays import grown

Rows = NDArray[Any]


class Touches:
    """Touches as they came, and answers to calls as they are known now."""

    #: Methods of `PeopleReader` that read them.
    reads = ("joined", "touched")

    def __init__(self, everybody: Everybody, calls: Calls) -> None:
        self._everybody, self._calls = everybody, calls
        self.campaigns, self.channels, self.links, self.calls = Names(), Names(), Names(), calls.book.names
        self._rows, self._count, self._known = np.empty(1024, TOUCH), 0, 0
        self._answered_ms = np.empty(0, np.int64)
        #: Persons who are an operator, an alias or a bot somewhere: they bring nobody.
        self.staff = np.empty(0, np.bool_)
        #: Whether others are than before the newest reading.
        self.staff_changed = False

    @property
    def rows(self) -> Rows:
        """Every touch but answers, of `TOUCH`; shape (n,)."""
        return self._rows[: self._count]

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take joins, clicks, sources of sign-ups and contacts into memory."""
        for name in self.reads:
            table = changed[name]
            if table.num_rows:
                self._add(self._made(table))

    def _add(self, rows: Rows) -> None:
        used, most = self._count, self._count + len(rows)
        if most > len(self._rows):
            self._rows = grown(self._rows, used, most)
        self._rows[used:most] = rows
        self._count = most

    def _made(self, table: pa.Table) -> Rows:
        e, found = self._everybody, np.empty(table.num_rows, TOUCH)
        found["ms"], found["event"] = np.asarray(table["ts_ms"]), np.asarray(table["event"])
        found["kind"] = np.asarray(pc.index_in(table["kind"], pa.array(KINDS)))
        found["who"], found["other"] = e.names.codes(table["who"]), e.names.some_codes(table["other"])
        names = {"campaign_id": self.campaigns, "channel": self.channels, "link_id": self.links}
        names |= {"group_id": e.group_names, "call_id": self.calls}
        for column, texts in names.items():
            found[column.removesuffix("_id")] = texts.some_codes(table[column])
        return found

    # --- answers

    def _answered(self) -> NDArray[np.int64]:
        """When whoever answered a call did so first; 0: not any more, or it is not known yet whose the account is, as
        calls are read up to a later moment."""
        pairs, first_ms, _ = self._calls.answers
        return np.where(pairs.others < self._everybody.settled, first_ms, 0)

    def _answers(self, numbers: Codes) -> Rows:
        """Answers by their numbers, as touches."""
        pairs, first_ms, calls = self._calls.answers
        found = np.empty(len(numbers), TOUCH)
        call, member = pairs.ones[numbers], pairs.others[numbers]
        groups, accounts = self._everybody.places
        found["ms"], found["kind"] = first_ms[numbers], ANSWER
        found["who"], found["other"], found["link"] = accounts[member], -1, -1
        found["campaign"], found["channel"] = self._campaigns(calls["campaign_name"][call]), -1
        found["group"], found["call"] = groups[member], self._calls.book.names_of(call)
        found["event"] = self._numbers(call)
        return found

    def _numbers(self, calls: Codes) -> NDArray[np.uint32]:
        """Numbers that tell calls apart, the same on every reading."""
        used, places = np.unique(calls, return_inverse=True)
        columns = self._calls.book.columns(used)
        ids = zip(columns["group_id"].to_pylist(), columns["call_id"].to_pylist(), strict=True)
        found = np.array([crc32(f"{group} {call}".encode()) for group, call in ids], np.uint32)
        return found[places]

    def _campaigns(self, words: Codes) -> Codes:
        """Numbers of campaigns that calls name, of which the book has numbers of its own."""
        used, places = np.unique(words, return_inverse=True)
        texts = pa.chunked_array([self._calls.book.words.strings(used)])
        return self.campaigns.some_codes(texts)[places]

    # --- what is new

    def changed(self) -> Rows:
        """What has come since this was last asked, or is otherwise: touches as they were, too, of answers."""
        new, self._known = self.rows[self._known :], self._count
        first_ms = self._answered()
        before = longer(self._answered_ms, len(first_ms))
        other = np.flatnonzero(before != first_ms).astype(np.int32)
        self._answered_ms = first_ms
        now, then = self._answers(other), self._answers(other)
        then["ms"] = before[other]
        found = np.concatenate([new, now, then])
        there: Rows = found[found["ms"] > 0]
        return there

    def naming(self, persons: NDArray[np.bool_]) -> Rows:
        """Touches that name one of these persons as the other one; persons: by number."""
        others = self.rows["other"]
        named: Rows = self.rows[persons[self._everybody.person[np.maximum(others, 0)]] & (others >= 0)]
        return named

    def new_staff(self) -> NDArray[np.bool_]:
        """Who is staff now and was not when this was last asked, or the other way round."""
        e, settled = self._everybody, self._everybody.settled
        roles, before = e.members["role"][:settled], self.staff
        person = e.person[e.places[1][:settled]]
        now = np.zeros(len(e.person), np.bool_)
        now[person[roles > 0]] = True
        self.staff = now
        changed: NDArray[np.bool_] = now.copy()
        changed[: len(before)] ^= before
        self.staff_changed = bool(changed.any())
        return changed

    # --- whose they are

    def of_persons(self, persons: Codes) -> tuple[Rows, NDArray[np.int64]]:
        """The touches of these persons, one person after the other, each oldest first, and where each person's begin,
        shape (persons + 1,)."""
        e = self._everybody
        count, rows = len(e.person), self.rows
        mine = rows[rows_of(lists(e.person[rows["who"]], count), persons)]
        pairs = self._calls.answers[0]
        there = np.flatnonzero(self._answered() > 0).astype(np.int32)
        of = e.person[e.places[1][pairs.others[there]]]
        answers = self._answers(there[rows_of(lists(of, count), persons)])
        touches = np.concatenate([mine, answers])
        place = np.zeros(count, np.int32)
        place[persons] = np.arange(len(persons), dtype=np.int32)
        touches["other"] = self._other(touches)
        touches = touches[self._led_by_something(touches)]
        of = place[e.person[touches["who"]]]
        order = in_order(touches, of)
        firsts = np.searchsorted(of[order], np.arange(len(persons) + 1)).astype(np.int64)
        return touches[order], firsts

    def _other(self, touches: Rows) -> Codes:
        """The person who shared or invited; −1: nobody, the same person, or staff."""
        e, others = self._everybody, touches["other"]
        person = e.person[np.maximum(others, 0)]
        same = person == e.person[touches["who"]]
        shared = (touches["kind"] == SHARED) & ~same
        counts = (others >= 0) & ~same & (shared | ~self.staff[person])
        return np.where(counts, person, -1).astype(np.int32)

    @staticmethod
    def _led_by_something(touches: Rows) -> NDArray[np.bool_]:
        """Whether there is anything that a touch leads back to; one's own click on what one shared is none."""
        found = np.zeros(len(touches), np.bool_)
        for name in ("campaign", "channel", "group", "link", "call"):
            found |= touches[name] >= 0
        brought = np.isin(touches["kind"], (JOIN, CLICK, SIGNUP))
        shared = touches["kind"] == SHARED
        named: NDArray[np.bool_] = np.where(shared, touches["other"] >= 0, found | (brought & (touches["other"] >= 0)))
        return named


def values_of(touches: Rows) -> dict[str, Codes]:
    """By dimension, the number of each touch's value: persons for sharers and inviters; −1: none."""
    kind, other = touches["kind"], touches["other"]
    plain = {name: touches[name].copy() for name in ("campaign", "channel", "group", "call")}
    return plain | {
        "sharer": np.where(kind == CLICK, other, -1).astype(np.int32),
        "inviter": np.where((kind == JOIN) | (kind == SIGNUP), other, -1).astype(np.int32),
    }
