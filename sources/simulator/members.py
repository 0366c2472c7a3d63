"""The memberships of a simulated world: who is in which group, how they behave, when that changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator.campaigns import Campaigns
from sources.simulator.groups import Floats, Groups, Ints
from sources.simulator.plan import DAY_MS, HOUR_MS, NEVER, Plan

ROLES = ("member", "operator", "alias", "bot")
HABITS = ("loud", "occasional", "reactor", "lurker", "idle", "operator", "bot", "advertiser", "pulled")
#: Share among ordinary members, then events a day: messages, reactions, readings.
SHARES = (0.08, 0.24, 0.10, 0.33, 0.25)
MESSAGES = np.array([2.5, 0.12, 0.0, 0.0, 0.0, 3.0, 6.0, 8.0, 0.0])
REACTIONS = np.array([0.8, 0.08, 0.15, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0])
READINGS = np.array([2.0, 0.8, 0.8, 0.6, 0.0, 2.0, 0.0, 0.2, 0.0])

SOURCES = ("unknown", "invite", "link", "qr", "search", "admin")
QUALITIES = ("good", "plain", "bad")
#: How likely one brought in by a good, plain or bad inviter leaves within the hour, and how likely the rest stay awake.
LEAVE_AT_ONCE = np.array([0.02, 0.08, 0.80])
STAY_AWAKE = np.array([0.95, 0.75, 0.15])


@dataclass
class Members:
    """One element per membership, ordered by group. Times are milliseconds, `NEVER` for what does not happen.

    A member is there and awake from `joined_ms` until `left_ms` or `zombie_ms`, except from `pause_from_ms` until
    `pause_until_ms` (`rejoins`: left and came back; otherwise: fell silent and returned). `inviter` is a membership
    number, `campaign` a campaign number, -1: none. `peak_h` is the favourite hour (UTC).
    """

    group: Ints
    person: Ints
    role: Ints
    habit: Ints
    seeded: NDArray[np.bool_]
    joined_ms: Ints
    left_ms: Ints
    leave_reported: NDArray[np.bool_]
    zombie_ms: Ints
    pause_from_ms: Ints
    pause_until_ms: Ints
    rejoins: NDArray[np.bool_]
    source: Ints
    inviter: Ints
    quality: Ints
    """Quality as an inviter, a number into `QUALITIES`; -1: invites nobody."""
    campaign: Ints
    rate: Floats
    weekend: Floats
    peak_h: Floats
    appetite: Floats

    def __len__(self) -> int:
        return len(self.group)

    def present(self, at_ms: int | Ints, rows: slice = slice(None)) -> NDArray[np.bool_]:
        """Who is in their group at a time, awake or not."""
        away = self.rejoins[rows] & (self.pause_from_ms[rows] <= at_ms) & (at_ms < self.pause_until_ms[rows])
        return (self.joined_ms[rows] <= at_ms) & (at_ms < self.left_ms[rows]) & ~away

    def awake(self, index: Ints, ts_ms: Ints) -> NDArray[np.bool_]:
        """Whether membership `index[i]` is there and not a zombie at `ts_ms[i]`."""
        until = np.minimum(self.left_ms, self.zombie_ms)[index]
        pause = (self.pause_from_ms[index] <= ts_ms) & (ts_ms < self.pause_until_ms[index])
        return (self.joined_ms[index] <= ts_ms) & (ts_ms < until) & ~pause


def _persons(plan: Plan, group: Ints) -> Ints:
    """Everybody is a person of their own, except one in six who is also in another group."""
    rng, count = plan.rng("persons"), len(group)
    person = np.arange(count)
    twice = rng.random(count) < 1 / 6
    person[twice] = rng.integers(0, count, int(twice.sum()))
    _, first = np.unique(group * count + person, return_index=True)
    again = np.ones(count, np.bool_)
    again[first] = False
    person[again] = count + np.flatnonzero(again)  # nobody is in one group twice
    return person


def _roles(plan: Plan, groups: Groups, group: Ints, slot: Ints) -> tuple[Ints, Ints]:
    rng = plan.rng("roles")
    size = groups.size[group]
    operators = 1 + size // 120
    alias = (slot == operators) & (rng.random(len(groups.ids)) < 0.4)[group] & (size >= 12)
    bot = (slot == operators + 1) & (rng.random(len(groups.ids)) < 0.3)[group] & (size >= 20)
    role = np.select([slot < operators, alias, bot], [1, 2, 3], 0)
    habit = rng.choice(5, len(group), p=SHARES)
    advertiser = (role == 0) & (groups.kind[group] == 2) & (slot < operators + 4)
    return role, np.select([role == 1, role == 2, role == 3, advertiser], [5, 1, 6, 7], habit)


def _arrivals(plan: Plan, groups: Groups, group: Ints, slot: Ints, role: Ints) -> tuple[NDArray[np.bool_], Ints]:
    rng, count = plan.rng("arrivals"), len(group)
    born = groups.born_ms[group]
    founder = (slot < 6) | (role > 0)
    seeded = founder | ((born == 0) & (rng.random(count) < 0.7))
    before = plan.start_ms - (rng.uniform(1, 400, count) * DAY_MS).astype(np.int64)
    begin = np.maximum(born, plan.start_ms) + 2 * HOUR_MS
    room = np.maximum(plan.end_ms - begin - 2 * HOUR_MS, HOUR_MS)
    eager = np.minimum(rng.exponential(0.25, count), rng.random(count))
    during = begin + ((np.where(born > 0, eager, rng.random(count))) * room).astype(np.int64)
    return seeded, np.where(seeded, np.where(born > 0, born, before), during)


def _inviters(
    plan: Plan, groups: Groups, group: Ints, slot: Ints, joined: NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints]:
    """Who invites (slots 1 to 5 of a group, a bad one in some), and through which door everybody else came."""
    rng, count = plan.rng("inviters"), len(group)
    first = np.cumsum(groups.size) - groups.size
    quality = np.where((slot >= 1) & (slot <= 4), rng.choice([0, 1], count, p=[0.4, 0.6]), -1)
    has_bad = (rng.random(len(groups.ids)) < 0.3) & (groups.size >= 20)
    quality[(slot == 5) & has_bad[group]] = 2
    source = np.where(joined, rng.choice(len(SOURCES), count, p=[0.05, 0.5, 0.2, 0.15, 0.05, 0.05]), 0)
    pick = np.minimum(rng.integers(1, np.where(has_bad, 8, 5)[group]), 5)  # a bad one brings as many as three others
    invited = joined & (source == 1)
    return quality, source, np.where(invited, first[group] + pick, -1)


def draw_members(plan: Plan, groups: Groups, campaigns: Campaigns) -> Members:
    """Draw the memberships of a plan."""
    rng = plan.rng("members")
    group = np.repeat(np.arange(len(groups.ids)), groups.size)
    slot = np.arange(len(group)) - (np.cumsum(groups.size) - groups.size)[group]
    count = len(group)
    role, habit = _roles(plan, groups, group, slot)
    seeded, joined_ms = _arrivals(plan, groups, group, slot, role)
    quality, source, inviter = _inviters(plan, groups, group, slot, ~seeded)
    never = np.full(count, NEVER)
    members = Members(
        group=group, person=_persons(plan, group), role=role, habit=habit, seeded=seeded, joined_ms=joined_ms,
        left_ms=never.copy(), leave_reported=np.ones(count, np.bool_), zombie_ms=never.copy(),
        pause_from_ms=never.copy(), pause_until_ms=never.copy(), rejoins=np.zeros(count, np.bool_),
        source=source, inviter=inviter, quality=quality, campaign=np.full(count, -1),
        rate=rng.lognormal(-0.32, 0.8, count), weekend=rng.uniform(0.3, 1.7, count),
        peak_h=np.mod(rng.normal(12, 4, count), 24), appetite=rng.beta(1, 5, count),
    )  # fmt: skip
    _recruit(plan, groups, campaigns, members)
    _draw_lives(plan, groups, campaigns, members)
    return members


def _recruit(plan: Plan, groups: Groups, campaigns: Campaigns, members: Members) -> None:
    """Some of those who came by a link came by a campaign's, in the days after its start."""
    rng, count = plan.rng("recruits"), len(members)
    if not len(campaigns.start_ms):
        return
    campaign = rng.integers(0, len(campaigns.start_ms), count)
    at = campaigns.start_ms[campaign] + (rng.exponential(1.0, count) * DAY_MS).astype(np.int64)
    possible = (at > groups.born_ms[members.group]) & (at < plan.end_ms - HOUR_MS)
    chosen = possible & campaigns.targets[campaign, members.group] & (members.source == SOURCES.index("link"))
    members.campaign[chosen], members.joined_ms[chosen] = campaign[chosen], at[chosen]


def _draw_lives(plan: Plan, groups: Groups, campaigns: Campaigns, members: Members) -> None:
    """Draw who leaves, falls silent for ever, or goes and comes back; fills the time columns in place."""
    rng, count = plan.rng("lives"), len(members)
    begin = np.maximum(members.joined_ms, plan.start_ms)
    left = np.maximum(plan.end_ms - begin, 0)
    ordinary = members.role == 0
    free = ordinary & (members.quality < 0) & (members.habit != HABITS.index("advertiser"))
    brought = np.where(members.inviter >= 0, members.quality[members.inviter], 1)

    flight = np.where(members.inviter >= 0, LEAVE_AT_ONCE[brought], 0.0)
    recruited = members.campaign >= 0
    flight[recruited] = 0.8 * (1 - campaigns.strength[members.campaign[recruited]])
    at_once = free & (rng.random(count) < flight)
    members.habit[at_once] = HABITS.index("pulled")
    leaves = free & ~at_once & (rng.random(count) < 0.12)
    later = begin + HOUR_MS + (rng.random(count) * np.maximum(left - HOUR_MS, 0)).astype(np.int64)
    members.left_ms = np.where(at_once, begin + rng.integers(60_000, 3_300_000, count), np.where(leaves, later, NEVER))
    members.leave_reported = ~(leaves & (rng.random(count) < 0.1))

    can_tire = free & (members.habit <= HABITS.index("lurker")) & ~at_once
    tires = can_tire & (rng.random(count) > STAY_AWAKE[brought])
    members.zombie_ms = np.where(tires, begin + (rng.uniform(0.05, 0.7, count) * left).astype(np.int64), NEVER)
    _plant_causes(plan, groups, members, can_tire)

    pauses = free & (members.zombie_ms == NEVER) & (rng.random(count) < 0.08)
    back = leaves & members.leave_reported & (rng.random(count) < 0.15)
    pause_from = begin + (rng.uniform(0.1, 0.4, count) * left).astype(np.int64)
    pause_until = pause_from + (rng.uniform(0.3, 0.5, count) * left).astype(np.int64)
    members.pause_from_ms = np.where(back, members.left_ms, np.where(pauses & ~leaves & ~at_once, pause_from, NEVER))
    until = np.where(back, members.left_ms + (rng.uniform(0.1, 0.6, count) * left).astype(np.int64), pause_until)
    members.pause_until_ms = np.where(members.pause_from_ms < NEVER, until, NEVER)
    members.rejoins = back
    members.left_ms[back] = NEVER


def _plant_causes(plan: Plan, groups: Groups, members: Members, can_tire: NDArray[np.bool_]) -> None:
    """Let members of fading groups fall silent as the group's cause has it."""
    rng, group = plan.rng("causes"), members.group
    cause, turn = groups.cause[group], np.minimum(groups.turn_ms[group], plan.end_ms)
    half_life = rng.exponential(0.15 * plan.days * DAY_MS, len(members)).astype(np.int64)
    core = (cause == 2) & (members.habit == HABITS.index("loud"))
    silent = np.select([cause == 1, core], [turn + half_life, turn], NEVER)
    silent = np.maximum(silent, np.maximum(members.joined_ms, plan.start_ms))
    members.zombie_ms = np.where(can_tire, np.minimum(members.zombie_ms, silent), members.zombie_ms)
