"""What collectors in a simulated world report besides talk: rosters, joins, leaves, profiles, groups, heartbeats."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Batch, batch
from sources.simulator.groups import Ints
from sources.simulator.members import ROLES, SOURCES
from sources.simulator.plan import DAY_MS, HOUR_MS, NEVER
from sources.simulator.world import World

INDUSTRIES = ("retail", "education", "finance", "health", "software", "travel")
CITIES = ("Shanghai", "Beijing", "Shenzhen", "Chengdu", "Berlin", "Lisbon", "Lima", "Nairobi")


@dataclass(frozen=True)
class Schedule:
    """Rare events known in advance, ordered by time: the subject (a membership or a group) and when."""

    subject: Ints
    ts_ms: Ints

    def rows(self, begin_ms: int, end_ms: int) -> slice:
        """Those in a slice of time."""
        first, last = np.searchsorted(self.ts_ms, (begin_ms, end_ms))
        return slice(int(first), int(last))


def schedule(subject: Ints, ts_ms: Ints, begin_ms: int, end_ms: int) -> Schedule:
    """A schedule of the events inside the simulated time."""
    inside = (ts_ms >= begin_ms) & (ts_ms < end_ms)
    subject, ts_ms = subject[inside], ts_ms[inside]
    order = np.argsort(ts_ms, kind="stable")
    return Schedule(subject[order], ts_ms[order])


class Happenings:
    """Events of groups and members that a collector reports besides talk."""

    def __init__(self, world: World) -> None:
        self.world, plan, members = world, world.plan, world.members
        everyone = np.arange(len(members))
        newly = ~members.seeded
        span = (plan.start_ms, plan.end_ms)
        back = members.rejoins & (members.pause_until_ms < members.left_ms)
        self.joins = schedule(
            np.concatenate([everyone[newly], everyone[back]]),
            np.concatenate([members.joined_ms[newly], members.pause_until_ms[back]]), *span)  # fmt: skip
        leaves = (members.left_ms < NEVER) & members.leave_reported
        self.leaves = schedule(
            np.concatenate([everyone[leaves], everyone[members.rejoins]]),
            np.concatenate([members.left_ms[leaves], members.pause_from_ms[members.rejoins]]), *span)  # fmt: skip
        rng = plan.rng("profiles")
        self.attributed: NDArray[np.bool_] = rng.random(len(members)) < 0.3
        self.industry: Ints = rng.integers(0, len(INDUSTRIES), len(members))
        self.city: Ints = rng.integers(0, len(CITIES), len(members))
        told = np.flatnonzero((members.role > 0) | self.attributed)
        self.profiles = schedule(told, np.maximum(members.joined_ms[told], plan.start_ms) + 2_000, *span)
        numbers = np.arange(len(world.groups.ids))
        self.begins = np.maximum(world.groups.born_ms, plan.start_ms)
        weeks = [self.begins + 1 + week * 7 * DAY_MS for week in range(plan.days // 7 + 1)]
        ends = np.where(world.groups.dissolved_ms < NEVER, world.groups.dissolved_ms, plan.end_ms)
        self.groups = schedule(np.tile(numbers, len(weeks) + 1), np.concatenate([*weeks, ends]), *span)
        beats = plan.heartbeat_h * HOUR_MS
        times = [self.begins + 60_000 * numbers % beats + at for at in range(0, plan.days * DAY_MS, beats)]
        self.heartbeats = schedule(np.tile(numbers, len(times)), np.concatenate(times), *span)
        snapshots = [self.begins + 2 + day * DAY_MS for day in range(0, plan.days, plan.roster_days)]
        self.rosters = schedule(np.tile(numbers, len(snapshots)), np.concatenate(snapshots), *span)

    def counts(self) -> int:
        """About how many events these are."""
        rosters = len(self.rosters.ts_ms) / max(len(self.world.groups.ids), 1) * len(self.world.members) * 0.85
        rest = (self.joins, self.leaves, self.profiles, self.groups, self.heartbeats, self.rosters)
        return int(rosters) + sum(len(s.ts_ms) for s in rest)

    def slice(self, begin_ms: int, end_ms: int) -> Iterator[tuple[str, Batch]]:
        """The events of one slice as (type, batch)."""
        yield "group", self._group_events(begin_ms, end_ms)
        yield from self._roster_events(begin_ms, end_ms)
        yield "join", self._join_events(begin_ms, end_ms)
        yield "profile", self._profile_events(begin_ms, end_ms)
        yield "leave", self._leave_events(begin_ms, end_ms)
        yield "heartbeat", self._heartbeat_events(begin_ms, end_ms)

    def _group_events(self, begin_ms: int, end_ms: int) -> Batch:
        world, rows = self.world, self.groups.rows(begin_ms, end_ms)
        group, ts_ms = self.groups.subject[rows], self.groups.ts_ms[rows]
        count = [int(world.members.present(t, world.rows(g)).sum())
                 for g, t in zip(group, ts_ms, strict=True)]  # fmt: skip
        known = world.groups.born_ms[group] > 0
        status = np.where(ts_ms >= world.groups.dissolved_ms[group], "dissolved", "open")
        text = ln.events(
            world.plan.run, "g", np.arange(rows.start, rows.stop), "group", ts_ms, world.where.take(group),
            ln.text_field("name", ln.glue("Group ", ln.numbers(group))),
            ln.pick(ln.number_field("created_at_ms", world.groups.born_ms), np.where(known, group, -1)),
            ln.text_field("owner_id", world.member_ids.take(world.first[group])),
            ln.text_field("status", ln.texts(status.tolist())), ln.number_field("member_count", count),
        )  # fmt: skip
        return batch(text, ts_ms, group)

    def _roster_events(self, begin_ms: int, end_ms: int) -> Iterator[tuple[str, Batch]]:
        world, members, rows = self.world, self.world.members, self.rosters.rows(begin_ms, end_ms)
        for number in range(rows.start, rows.stop):
            group, ts_ms = int(self.rosters.subject[number]), int(self.rosters.ts_ms[number])
            there = world.first[group] + np.flatnonzero(members.present(ts_ms, world.rows(group)))
            stamp = np.full(len(there), ts_ms)
            known = np.where(there % 5 > 0, np.arange(len(there)), -1)  # one in five has no known date
            text = ln.events(
                world.plan.run, f"s{number}-", there, "roster", stamp, world.who.take(there),
                f',"snapshot_id":"s{number}"',
                ln.glue(',"joined_at_ms":', ln.pick(ln.numbers(members.joined_ms[there]), known)),
                ln.text_field("role", ln.texts(ROLES).take(members.role[there])),
            )  # fmt: skip
            yield "roster", batch(text, stamp, np.full(len(there), group))
            end = ln.events(
                world.plan.run, "t", [number], "roster_end", [ts_ms + 1], world.where.take([group]),
                f',"snapshot_id":"s{number}","complete":true', ln.number_field("count", [len(there)]),
            )  # fmt: skip
            yield "roster_end", batch(end, [ts_ms + 1], [group])

    def _join_events(self, begin_ms: int, end_ms: int) -> Batch:
        world, members, rows = self.world, self.world.members, self.joins.rows(begin_ms, end_ms)
        who, ts_ms = self.joins.subject[rows], self.joins.ts_ms[rows]
        campaign = members.campaign[who]
        text = ln.events(
            world.plan.run, "j", np.arange(rows.start, rows.stop), "join", ts_ms, world.who.take(who),
            ln.text_field("source", ln.texts(SOURCES).take(members.source[who])),
            ln.text_field("inviter_id", ln.pick(world.member_ids, members.inviter[who])),
            ln.pick(world.campaign_fragments, campaign),
        )  # fmt: skip
        return batch(text, ts_ms, members.group[who])

    def _leave_events(self, begin_ms: int, end_ms: int) -> Batch:
        world, rows = self.world, self.leaves.rows(begin_ms, end_ms)
        who, ts_ms = self.leaves.subject[rows], self.leaves.ts_ms[rows]
        kicked = np.where(who % 12 == 0, 1, 0)
        text = ln.events(
            world.plan.run, "l", np.arange(rows.start, rows.stop), "leave", ts_ms, world.who.take(who),
            ln.text_field("reason", ln.texts(["left", "kicked"]).take(kicked)),
        )  # fmt: skip
        return batch(text, ts_ms, world.members.group[who])

    def _profile_events(self, begin_ms: int, end_ms: int) -> Batch:
        world, rows = self.world, self.profiles.rows(begin_ms, end_ms)
        who, ts_ms = self.profiles.subject[rows], self.profiles.ts_ms[rows]
        told = self.attributed[who]
        attributes = ln.glue(
            ',"attributes":{"industry":"', ln.pick(ln.texts(INDUSTRIES), np.where(told, self.industry[who], -1)),
            '","city":"', ln.texts(CITIES).take(self.city[who]), '"}',
        )  # fmt: skip
        text = ln.events(
            world.plan.run, "p", np.arange(rows.start, rows.stop), "profile", ts_ms, world.who.take(who),
            ln.text_field("role", ln.texts(ROLES).take(world.members.role[who])),
            ln.text_field("nickname", ln.glue("nick ", ln.numbers(world.members.person[who]))), attributes,
        )  # fmt: skip
        return batch(text, ts_ms, world.members.group[who])

    def _heartbeat_events(self, begin_ms: int, end_ms: int) -> Batch:
        world, groups, rows = self.world, self.world.groups, self.heartbeats.rows(begin_ms, end_ms)
        group, ts_ms = self.heartbeats.subject[rows], self.heartbeats.ts_ms[rows]
        ill = (groups.outage_from_ms[group] <= ts_ms) & (ts_ms < groups.outage_until_ms[group])
        text = ln.events(
            world.plan.run, "h", np.arange(rows.start, rows.stop), "heartbeat", ts_ms, world.where.take(group),
            ',"source_id":"simulator","healthy":', ln.texts(["true", "false"]).take(ill.astype(np.int64)),
        )  # fmt: skip
        return batch(text, ts_ms, group)
