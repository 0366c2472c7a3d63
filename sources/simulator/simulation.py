"""Runs a plan: all topics' records in order of delivery, and the tally beside them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from schemas.topics import CHAT
from sources.simulator.batch import Batch, Delivery, Tally, concat
from sources.simulator.chat import Chat
from sources.simulator.happenings import Happenings
from sources.simulator.plan import DAY_MS, Plan
from sources.simulator.traffic import expected
from sources.simulator.world import draw_world

#: About so many events are held in memory at once.
SLICE_EVENTS = 250_000


class Record(NamedTuple):
    """One Kafka record: `topic`, `key` and `value` as they are sent."""

    topic: str
    key: bytes
    value: bytes


class Simulation:
    """One run of a plan. Ask for `batches` or `records` once; `tally` is complete when they are exhausted."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = draw_world(plan)
        self.happenings = Happenings(self.world)
        usual = expected(plan, self.world.groups, self.world.members)
        wanted = usual if plan.events is None else max(plan.events - self.happenings.counts(), 0)
        self.chat = Chat(self.world, wanted / max(usual, 1.0))
        self.tally = {CHAT.name: Tally()}
        self._slices = max(1, round(wanted / plan.days / SLICE_EVENTS))

    def batches(self) -> Iterator[tuple[str, Batch]]:
        """(topic, rows) in order of delivery."""
        step = DAY_MS // self._slices
        delivery = Delivery()
        for index, begin in enumerate(range(self.plan.start_ms, self.plan.end_ms, step)):
            end = min(begin + step, self.plan.end_ms)
            yield CHAT.name, delivery.release(self._chat(index, begin, end), end)
        yield CHAT.name, delivery.release(concat([]))

    def _chat(self, index: int, begin_ms: int, end_ms: int) -> Batch:
        tally, made = self.tally[CHAT.name], []
        for part in (self.happenings.slice(begin_ms, end_ms), self.chat.slice(index, begin_ms, end_ms)):
            for type_, rows in part:
                tally.by_type[type_] += len(rows)
                made.append(rows)
        everything = concat(made)
        tally.records += len(everything)
        return everything

    def records(self) -> Iterator[Record]:
        """All records in order of delivery."""
        keys = {CHAT.name: np.array([id_.encode() for id_ in self.world.groups.ids], object)}
        for topic, rows in self.batches():
            for key, line in zip(keys[topic][rows.owner], rows.lines.to_pylist(), strict=True):
                yield Record(topic, key, line.removesuffix(b"\n"))


def simulate(plan: Plan) -> Iterator[Record]:
    """All records of a plan, topic by topic in order of delivery within each."""
    return Simulation(plan).records()
