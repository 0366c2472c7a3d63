"""Rows of `people_calls` and `people_call_answers`: what came of every call, and who answered it when first."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people.calls import medians
from schemas.agents import TABLES
from streams.people.calls.book import CallBook
from streams.people.calls.recent import NEVER
from streams.people.memory.everybody import Everybody
from streams.people.memory.landed import Landed
from streams.people.memory.names import Codes, PairRows, pair_rows
from streams.people.persons.members import Memberships

_Mask = NDArray[np.bool_]
_ANSWER = np.dtype([("first_ms", "i8")])


class _Answers:
    """Numbers of answers, found by those of call and membership; those that there are have a time."""

    def __init__(self, everybody: Everybody, book: CallBook) -> None:
        self._book, self._members = book, Memberships(everybody)
        self.known: PairRows = pair_rows(_ANSWER)

    def numbers(self, rows: pa.Table) -> Codes:
        """The number of each row's answer, new ones added."""
        return self.known.find(self._book.numbers(rows), self._members.numbers(rows))

    def columns(self, numbers: Codes) -> dict[str, pa.Array]:
        """Group, call and member ids."""
        calls, members = self.known.pairs.ones[numbers], self.known.pairs.others[numbers]
        return self._book.columns(calls) | {"member_id": self._members.columns(members)["member_id"]}


class CallRows:
    """The rows of all calls and answers."""

    def __init__(self, everybody: Everybody, book: CallBook) -> None:
        self._book, self._answers = book, _Answers(everybody, book)
        self._calls = Landed(TABLES["people_calls"], book)
        self._answered = Landed(TABLES["people_call_answers"], self._answers)
        self.landed = (self._calls, self._answered)

    @property
    def answers(self) -> PairRows:
        """When whoever answered a call did so first; 0: not any more. Found by the numbers of call and membership."""
        return self._answers.known

    def offer(
        self, numbers: Codes, of: Codes, members: Codes, first_ms: NDArray[np.int64], during: _Mask, before: _Mask
    ) -> None:
        """Offer the rows of calls.

        Of each exposed member: the call, the membership, the first answer (`NEVER`: none), whether the member wrote in
        the window and in the equal window before.
        """
        place = np.zeros(len(self._book.calls), np.int64)
        place[numbers] = np.arange(len(numbers))
        of_call, came = place[of], first_ms < NEVER
        counted = {"exposed": first_ms > 0, "answered": came, "talked": during & ~came, "talked_before": before}
        values = {
            name: pa.array(np.bincount(of_call[some], minlength=len(numbers)).astype(np.uint64))
            for name, some in counted.items()
        }
        waited = first_ms[came] - self._book.calls["called_ms"][of[came]]
        values["median_answer_s"] = pa.array(medians(of_call[came], waited, len(numbers)))
        self._calls.offer(pa.table(self._book.shown(numbers) | values), numbers)
        self._forget(numbers)
        rows = self._answers.known.find(of[came], members[came])
        self._answers.known.rows["first_ms"][rows] = first_ms[came]
        self._answered.offer(pa.table({"first_ms": pa.array(first_ms[came])}), rows, gone=self._unanswered(numbers))

    def leave(self, numbers: Codes) -> None:
        """Offer that these are no calls any more."""
        self._forget(numbers)
        nothing = pa.table({"first_ms": pa.array([], pa.int64())})
        self._calls.offer(nothing, numbers[:0], gone=numbers)
        self._answered.offer(nothing, numbers[:0], gone=self._unanswered(numbers))

    def _of(self, numbers: Codes) -> Codes:
        wanted = np.zeros(len(self._book.calls), np.bool_)
        wanted[numbers] = True
        found: Codes = np.flatnonzero(wanted[self._answers.known.pairs.ones]).astype(np.int32)
        return found

    def _forget(self, numbers: Codes) -> None:
        self._answers.known.rows["first_ms"][self._of(numbers)] = 0

    def _unanswered(self, numbers: Codes) -> Codes:
        rows = self._of(numbers)
        found: Codes = rows[self._answers.known.rows["first_ms"][rows] == 0]
        return found
