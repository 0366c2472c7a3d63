"""A topic that people are worked out from, as small as it can be: records, a worker that lands them, what befalls it.

Its worker counts how often each key has come. Rows of state land before the head that vouches for them, in any number
of steps; whoever takes over begins a term at the last checkpoint. A record that was excluded counts no more when it
lands again, in another epoch. A record may be late: the clock of its partition has closed its day. Who was active on a
day lands with the record that closes it.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sinks.clickhouse.readers.heads import Vouched
from sinks.contract import Cut, Head

Key = str
DAY_MS = 86_400_000
#: Hours after which a day is closed, the first day, and the one on which all of this happens.
LATENESS_H, FIRST_DAY, PRESENT_DAY = 24, 20_000, 20_009


@dataclass
class Landed:
    """What the database has of a source: rows of state by epoch and key, facts by offset, checkpoints, heads."""

    rows: dict[tuple[int, Key], tuple[int, int]] = field(default_factory=dict)  # version, count
    facts: dict[int, Key] = field(default_factory=dict)
    begins: dict[tuple[int, int], int] = field(default_factory=dict)  # by epoch and term
    checkpoints: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # newest: sequence, offset
    heads: dict[int, Head] = field(default_factory=dict)
    #: By epoch and the day up to which it closes days: the first of these, and the next offset.
    closings: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    acts: dict[tuple[int, int, Key], int] = field(default_factory=dict)  # by epoch, day and key
    epoch: int = 0
    corrections: int = 0
    #: By epoch: the offset before which late records count on their days.
    corrected: dict[int, int] = field(default_factory=dict)

    def write(self, epoch: int, key: Key, version: int, count: int) -> None:
        """The newest version of a key counts."""
        if version >= self.rows.get((epoch, key), (0, 0))[0]:
            self.rows[epoch, key] = version, count

    def counts(self) -> dict[Key, int]:
        """Count of every key in the epoch in use."""
        return {key: count for (epoch, key), (_, count) in self.rows.items() if epoch == self.epoch}


@dataclass
class Source:
    """One partition. `days`: of its records; `committed`: the term that Kafka knows."""

    contract: str
    records: list[Key]
    days: list[int]
    random: random.Random
    landed: Landed = field(default_factory=Landed)
    committed: int = 0
    excluded: set[int] = field(default_factory=set)
    #: Whether all that has landed is checkpointed.
    clean: bool = True
    _work: Iterator[None] | None = None

    def clock(self, offset: int) -> int:
        """The newest day before an offset; 0: there was no record."""
        return max(self.days[:offset], default=0)

    def open(self, offset: int) -> int:
        """The first day that no record before an offset has closed."""
        return max(self.clock(offset) - LATENESS_H // 24, 0)

    def late(self, at: int) -> bool:
        """Whether the day of a record was closed when it came."""
        return self.days[at] < self.open(at)

    def _close(self, epoch: int, begin: int, end: int) -> Iterator[None]:
        """Land the days that these records close."""
        for at in range(begin, end):
            first, until = self.open(at), self.open(at + 1)
            if first < until:
                here = [of for of in self.landed.facts if of <= at and not self.late(of)]
                did = Counter((self.days[of], self.landed.facts[of]) for of in here if first <= self.days[of] < until)
                for (day, key), count in did.items():
                    self.landed.acts[epoch, day, key] = count
                    yield
                self.landed.closings[epoch, until] = first, at + 1

    def step(self) -> None:
        """One thing that the world sees."""
        if self._work is None or next(self._work, "over") == "over":
            self._work = self._worker()

    def taken_over(self) -> None:
        """Somebody else goes on."""
        self._work = None

    @property
    def done(self) -> bool:
        """Whether all records have landed, vouched for."""
        head = self.landed.heads.get(self.landed.epoch)
        return head is not None and head.next_offset == len(self.records)

    def _worker(self) -> Iterator[None]:
        """Take over in the epoch in use, then land record by record until the epoch is another."""
        landed = self.landed
        epoch = landed.epoch
        known = {term: at for (of, term), at in landed.checkpoints.items() if of == epoch}
        _, offset = known[max(known)] if known else (0, 0)
        self.committed = term = max(self.committed, max(known, default=0)) + 1
        landed.begins[epoch, term], landed.checkpoints[epoch, term] = offset, (0, offset)
        begin, sequence = offset, 0
        yield
        self._vouch(epoch, Cut(term, 0), offset, begin)
        counts = Counter(key for at, key in landed.facts.items() if at < offset)
        while landed.epoch == epoch:
            yield
            if offset == len(self.records):
                continue
            self.clean = False
            sequence, end = sequence + 1, min(offset + self.random.randint(1, 3), len(self.records))
            for at in range(offset, end):
                if at not in self.excluded:
                    counts[self.records[at]] += 1
                    landed.facts[at] = self.records[at]
            for key in set(self.records[offset:end]):
                landed.write(epoch, key, Cut(term, sequence).version(epoch), counts[key])
                yield
            yield from self._close(epoch, offset, end)
            landed.checkpoints[epoch, term] = sequence, (offset := end)
            self.clean = True
            yield
            self._vouch(epoch, Cut(term, sequence), offset, begin)

    def _vouch(self, epoch: int, cut: Cut, offset: int, begin: int) -> None:
        self.landed.heads[epoch] = Head(self.contract, 0, epoch, cut, offset, begin, self.clock(offset) * DAY_MS)

    # --- what befalls it

    def exclude(self) -> None:
        """An operator excludes a record that has landed."""
        at = self.random.randrange(len(self.records))
        if self.clean and at in self.landed.facts:
            self.excluded.add(at)

    def rebuild(self) -> None:
        """Another epoch is computed, up to what is vouched for, and used."""
        landed, head = self.landed, self.landed.heads.get(self.landed.epoch)
        if head is None:
            return
        epoch, self.committed = landed.epoch + 1, self.committed + 1
        landed.facts = {at: key for at, key in landed.facts.items() if at not in self.excluded}
        cut = Cut(self.committed, 1)
        for key, count in Counter(key for at, key in landed.facts.items() if at < head.next_offset).items():
            landed.write(epoch, key, cut.version(epoch), count)
        landed.begins[epoch, cut.term], landed.checkpoints[epoch, cut.term] = 0, (1, head.next_offset)
        for _ in self._close(epoch, 0, head.next_offset):
            pass
        landed.epoch = epoch
        self._vouch(epoch, cut, head.next_offset, 0)

    def correct(self) -> None:
        """A row below all marks is replaced under its own version; late records before the head count on their days."""
        chosen = [place for place in self.landed.rows if place[0] == self.landed.epoch]
        if chosen:
            place = chosen[self.random.randrange(len(chosen))]
            version, count = self.landed.rows[place]
            self.landed.rows[place] = version | 1, count + 1000
            self.landed.corrections += 1
            head = self.landed.heads.get(self.landed.epoch)
            self.landed.corrected[self.landed.epoch] = head.next_offset if head else 0

    # --- what is read of it

    def vouched(self) -> Vouched:
        """The newest head in the epoch in use."""
        head = self.landed.heads.get(self.landed.epoch)
        return Vouched(self.contract, self.landed.epoch, 1, {0: head} if head else {})

    def least_begin(self, epoch: int, term: int) -> int:
        """The least offset at which a term after this one began."""
        return min((at for (of, began), at in self.landed.begins.items() if of == epoch and began > term), default=0)
