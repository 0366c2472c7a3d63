"""`chat.events` of a simulated world, slice by slice of time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Activity, Batch, batch
from sources.simulator.groups import Ints
from sources.simulator.members import HABITS, ROLES
from sources.simulator.traffic import ADVERTISER, Talk, draw, latest, levels, pick, rates, reply_targets
from sources.simulator.world import LINKS, World

BOT, OPERATOR = HABITS.index("bot"), ROLES.index("operator")


class Chat:
    """Everyday talk. Messages and reactions are numbered consecutively, so slices must be requested in order."""

    def __init__(self, world: World, activity: Activity, scale: float) -> None:
        self.world = world
        self.scale = scale
        self.rates = rates(world.groups, world.members)
        self.numbers = dict.fromkeys(("message", "reaction", "read", "edit", "recall"), 0)
        self.activity = activity

    def _number(self, type_: str, count: int) -> Ints:
        first = self.numbers[type_]
        self.numbers[type_] += count
        return np.arange(first, first + count)

    def slice(self, index: int, begin_ms: int, end_ms: int) -> Iterator[tuple[str, Batch]]:
        """The events of one slice as (type, batch)."""
        world = self.world
        rng = world.plan.rng("traffic", index)
        level = levels(world.groups, world.members, begin_ms, end_ms) * self.scale
        talk = draw(rng, world.groups, world.members, self.rates["message"] * level, begin_ms, end_ms)
        number = self._number("message", len(talk.member))
        self.activity.add("message", talk.member, talk.ts_ms)
        yield "message", self._messages(rng, talk, number)
        yield from self._afterthoughts(rng, talk, number)
        touches = draw(rng, world.groups, world.members, self.rates["reaction"] * level, begin_ms, end_ms)
        yield "reaction", self._reactions(rng, touches, talk, number)
        reading = draw(rng, world.groups, world.members, self.rates["read"] * level, begin_ms, end_ms)
        yield "read", self._reads(rng, reading)

    def _replies(self, rng: np.random.Generator, talk: Talk) -> Ints:
        world, group = self.world, self.world.members.group[talk.member]
        share = np.full(len(group), world.plan.replies)
        turned = (world.groups.cause[group] == 3) & (talk.ts_ms > world.groups.turn_ms[group])
        share[turned] *= 0.2
        share[np.isin(world.members.habit[talk.member], (ADVERTISER, BOT))] = 0
        target = reply_targets(rng, group, share)
        own = (target >= 0) & (talk.member[target] == talk.member)
        target[own] = -1
        return target

    def _messages(self, rng: np.random.Generator, talk: Talk, number: Ints) -> Batch:
        world, plan, count = self.world, self.world.plan, len(talk.member)
        group = world.members.group[talk.member]
        advert = world.members.habit[talk.member] == ADVERTISER
        plain = plan.calls_only & (world.members.role[talk.member] == OPERATOR)
        row = np.where(plain, world.contents.ordinary[0], world.contents.draw(rng, advert, plan.questions, count))
        target = self._replies(rng, talk)
        asked = pick(talk.member, target)
        size = world.groups.size[group]
        named = world.first[group] + rng.integers(0, np.maximum(size, 1), count)
        named = np.where((target >= 0) & (rng.random(count) < 0.5), asked, named)
        mention = np.where(rng.random(count) < plan.mentions, named, -1)
        linked = ~plain & (advert | (rng.random(count) < plan.links))
        link = np.where(linked, rng.integers(0, LINKS, count), -1)
        member_ids = world.member_ids
        text = ln.events(
            plan.run, "m", number, "message", talk.ts_ms, world.who.take(talk.member),
            ',"message_id":"m', ln.numbers(number), '"', world.contents.fragments.take(row),
            ln.glue(',"reply_to_message_id":"m', ln.pick(ln.numbers(number), target), '","reply_to_member_id":"',
                    ln.pick(member_ids, asked), '"'),
            ln.glue(',"mentions":["', ln.pick(member_ids, mention), '"]'),
            ln.pick(world.link_fragments, link),
        )  # fmt: skip
        return batch(text, talk.ts_ms, group)

    def _afterthoughts(self, rng: np.random.Generator, talk: Talk, number: Ints) -> Iterator[tuple[str, Batch]]:
        """Some messages are edited a minute later, some withdrawn."""
        world = self.world
        for type_, letter, share in (("edit", "d", 0.01), ("recall", "x", 0.004)):
            chosen: NDArray[np.int64] = np.flatnonzero(rng.random(len(number)) < share)
            ts_ms = talk.ts_ms[chosen] + rng.integers(1_000, 120_000, len(chosen))
            chosen, ts_ms = chosen[ts_ms < world.plan.end_ms], ts_ms[ts_ms < world.plan.end_ms]
            text = ln.events(
                world.plan.run, letter, self._number(type_, len(chosen)), type_, ts_ms,
                world.who.take(talk.member[chosen]), ',"message_id":"m', ln.numbers(number[chosen]), '"',
            )  # fmt: skip
            yield type_, batch(text, ts_ms, world.members.group[talk.member[chosen]])

    def _reactions(self, rng: np.random.Generator, touches: Talk, talk: Talk, number: Ints) -> Batch:
        """Reactions go to the latest message of their group in the slice, or to one from before."""
        world, count = self.world, len(touches.member)
        self.activity.add("reaction", touches.member, touches.ts_ms)
        group = world.members.group[touches.member]
        target = latest(world.members.group[talk.member], talk.ts_ms, group, touches.ts_ms)
        text = ln.events(
            world.plan.run, "e", self._number("reaction", count), "reaction", touches.ts_ms,
            world.who.take(touches.member), ',"message_id":"',
            ln.pick_or(ln.glue("m", ln.numbers(number)), target, world.before.take(group)), '"',
            ln.text_field("to_member_id", ln.pick(world.member_ids, pick(talk.member, target))), ',"emoji":"+1"',
        )  # fmt: skip
        return batch(text, touches.ts_ms, group)

    def _reads(self, rng: np.random.Generator, reading: Talk) -> Batch:
        world = self.world
        self.activity.add("read", reading.member, reading.ts_ms)
        count = 1 + rng.poisson(4, len(reading.member))
        text = ln.events(
            world.plan.run, "r", self._number("read", len(count)), "read", reading.ts_ms,
            world.who.take(reading.member), ',"count":', ln.numbers(count),
        )  # fmt: skip
        return batch(text, reading.ts_ms, world.members.group[reading.member])
