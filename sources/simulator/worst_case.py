"""The worst case for a worker: every event is a message, and every message a new membership."""

from collections.abc import Iterator

import numpy as np

from schemas.topics import CHAT
from sources.simulator import lines as ln
from sources.simulator.batch import Batch, Tally, batch
from sources.simulator.contents import draw_contents
from sources.simulator.plan import Plan

SLICE_EVENTS = 250_000
DEFAULT_EVENTS = 1_000_000


class WorstCase:
    """`plan.events` messages (default: a million) spread evenly over the plan's time and, by chance, over its groups.

    Message i is member i's only one; `plan.members` and all shares and faults are ignored.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.count = DEFAULT_EVENTS if plan.events is None else plan.events
        self.group_ids = [f"other:{plan.workspace}:g{number}" for number in range(plan.groups)]
        self.memberships = np.zeros(plan.groups, np.int64)
        self.tally = {CHAT.name: Tally()}

    def batches(self) -> Iterator[tuple[str, Batch]]:
        """(topic, rows) in order of delivery."""
        plan, tally = self.plan, self.tally[CHAT.name]
        contents = draw_contents(plan)
        where = ln.texts([f',"platform":"other","group_id":"{id_}"' for id_ in self.group_ids])
        for index, first in enumerate(range(0, self.count, SLICE_EVENTS)):
            rng = plan.rng("worst case", index)
            number = np.arange(first, min(first + SLICE_EVENTS, self.count))
            group = rng.integers(0, plan.groups, len(number))
            ts_ms = plan.start_ms + number * (plan.end_ms - plan.start_ms) // self.count
            which = ln.numbers(number)
            row = contents.draw(rng, False, plan.questions, len(number))
            text = ln.events(
                plan.run, "m", number, "message", ts_ms, where.take(group), ',"member_id":"m', which,
                '","message_id":"m', which, '"', contents.fragments.take(row),
            )  # fmt: skip
            self.memberships += np.bincount(group, minlength=plan.groups)
            tally.records += len(number)
            tally.by_type["message"] += len(number)
            yield CHAT.name, batch(text, ts_ms, group)

    def keys(self, topic: str) -> list[bytes]:
        """The record keys of a topic by owner number."""
        return [id_.encode() for id_ in self.group_ids]
