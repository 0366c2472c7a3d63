"""Runs a plan: all topics' records in order of delivery, and the tally beside them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from schemas.topics import CHAT, COSTS, LINKS, PRODUCT, REWARDS
from sources.simulator import lines as ln
from sources.simulator.batch import Activity, Batch, Delivery, Prepared, Tally, concat
from sources.simulator.broadcasts import answer_events, draw_broadcasts, post_events
from sources.simulator.calls import call_events, draw_calls
from sources.simulator.campaigns import cost_events
from sources.simulator.chat import Chat
from sources.simulator.faults import Faults
from sources.simulator.happenings import Happenings
from sources.simulator.plan import DAY_MS, Plan
from sources.simulator.product import Product
from sources.simulator.rewards import Rewards
from sources.simulator.traffic import expected
from sources.simulator.users import draw_users
from sources.simulator.world import draw_world
from sources.simulator.worst_case import WorstCase

#: Approximate number of chat events held in memory at once.
SLICE_EVENTS = 250_000

Parts = list[tuple[str, Batch]]


class Record(NamedTuple):
    """One Kafka record: `topic`, `key` and `value` as they are sent."""

    topic: str
    key: bytes
    value: bytes


class Simulation:
    """One run of a plan. Ask for `batches` once; `tally` and `activity` are complete afterwards."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = draw_world(plan)
        self.activity = Activity(len(self.world.members))
        self.users = draw_users(self.world)
        self.calls = draw_calls(self.world, self.users.of_person[self.world.members.person] >= 0)
        self.product = Product(self.world, self.users)
        self.rewards = Rewards(self.product)
        self.broadcasts = draw_broadcasts(self.world, self.users)
        self.tally = {topic.name: Tally() for topic in (CHAT, PRODUCT, LINKS, COSTS, REWARDS)}
        self._happenings = Happenings(self.world)
        self._prepared = {
            CHAT.name: Prepared(
                [
                    *call_events(self.world, self.calls, self.activity),
                    *post_events(self.world, self.broadcasts, self.activity),
                ]
            ),
            PRODUCT.name: Prepared([*self.product.events(self.calls), *answer_events(self.product, self.broadcasts)]),
            LINKS.name: Prepared(self.product.links()),
            COSTS.name: Prepared(cost_events(plan, self.world)),
            REWARDS.name: Prepared(self.rewards.events()),
        }
        usual = expected(plan, self.world.groups, self.world.members)
        rare = self._happenings.counts() + len(self._prepared[CHAT.name])
        wanted = usual if plan.events is None else max(plan.events - rare, 0)
        self._chat = Chat(self.world, self.activity, wanted / max(usual, 1.0))
        self._step = DAY_MS // max(1, round(wanted / plan.days / SLICE_EVENTS))

    def batches(self) -> Iterator[tuple[str, Batch]]:
        """(topic, rows) in order of delivery within each topic."""
        faults = {topic: Faults(self.plan, topic, tally, topic == CHAT.name) for topic, tally in self.tally.items()}
        delivery = {topic: Delivery() for topic in self.tally}
        for index, begin in enumerate(range(self.plan.start_ms, self.plan.end_ms, self._step)):
            end = min(begin + self._step, self.plan.end_ms)
            for topic in self.tally:
                rows = faults[topic].apply(index, self._events(topic, index, begin, end))
                yield topic, delivery[topic].release(rows, end)
        for topic in self.tally:
            yield topic, delivery[topic].release(concat([]))

    def _events(self, topic: str, index: int, begin_ms: int, end_ms: int) -> Parts:
        parts = list(self._prepared[topic].slice(begin_ms, end_ms))
        if topic == CHAT.name:
            parts = [*self._happenings.slice(begin_ms, end_ms), *parts, *self._chat.slice(index, begin_ms, end_ms)]
        if topic == PRODUCT.name:
            parts += self.product.slice(index, begin_ms, end_ms)
        return parts

    def keys(self, topic: str) -> list[bytes]:
        """The record keys of a topic by owner number."""
        tables = {
            CHAT.name: ln.texts(self.world.groups.ids),
            PRODUCT.name: ln.glue("u", ln.numbers(self.users.person)),
            LINKS.name: self.world.account_ids(np.arange(len(self.world.members))),
            COSTS.name: ln.glue("c", ln.numbers(range(self.plan.campaigns))),
            REWARDS.name: ln.texts(self.rewards.names()),
        }
        return [name.encode() for name in tables[topic].to_pylist()]


def start(plan: Plan) -> Simulation | WorstCase:
    """Start simulating a plan."""
    return WorstCase(plan) if plan.worst_case else Simulation(plan)


def simulate(plan: Plan) -> Iterator[Record]:
    """All records of a plan, in order of delivery within each topic."""
    run = start(plan)
    keys = {topic: run.keys(topic) for topic in run.tally}
    for topic, rows in run.batches():
        for owner, line in zip(rows.owner.tolist(), rows.lines.to_pylist(), strict=True):
            yield Record(topic, keys[topic][owner], line.removesuffix(b"\n"))
