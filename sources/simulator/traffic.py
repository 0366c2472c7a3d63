"""Everyday talk of a simulated world: messages, reactions, readings, edits and recalls of one slice of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator.groups import Floats, Groups, Ints
from sources.simulator.members import HABITS, MESSAGES, REACTIONS, READINGS, Members
from sources.simulator.plan import DAY_MS, HOUR_MS, Plan

ADVERTISER = HABITS.index("advertiser")
#: Highest value of the daily rhythm ((1 + cos) / 2)², whose mean is 3/8.
PEAK = 8 / 3


@dataclass(frozen=True)
class Talk:
    """Events of one type in one slice, ordered by time: membership numbers and times."""

    member: Ints
    ts_ms: Ints


def rates(groups: Groups, members: Members) -> dict[str, Floats]:
    """Events per day and membership, by type."""
    reads = groups.reads[members.group]
    return {
        "message": MESSAGES[members.habit] * members.rate,
        "reaction": REACTIONS[members.habit] * members.rate,
        "read": READINGS[members.habit] * members.rate * reads,
    }


def levels(groups: Groups, members: Members, begin_ms: int, end_ms: int) -> Floats:
    """How active each membership is when a slice begins, relative to its usual rate; 0 when not in the group."""
    level = groups.level(members.group, begin_ms)
    turned = groups.turn_ms[members.group] < end_ms
    level = np.where(members.habit == ADVERTISER, turned, level)
    if (begin_ms // DAY_MS + 4) % 7 in (0, 6):  # day 0 of the epoch was a Thursday
        level = level * members.weekend
    until = np.minimum(members.left_ms, members.zombie_ms)
    return np.where((members.joined_ms < end_ms) & (until > begin_ms), level, 0.0)


def expected(plan: Plan, groups: Groups, members: Members) -> float:
    """About how many everyday events the plan gives when rates are not scaled."""
    rate, everyone = sum(rates(groups, members).values()), np.arange(len(members))
    until = np.minimum(members.left_ms, members.zombie_ms)
    total = 0.0
    step = max((plan.end_ms - plan.start_ms) // 120, HOUR_MS)
    for begin in range(plan.start_ms, plan.end_ms, step):
        end = min(begin + step, plan.end_ms)
        there = np.minimum(until, end) - np.maximum(members.joined_ms, begin)
        there -= np.maximum(0, np.minimum(members.pause_until_ms, end) - np.maximum(members.pause_from_ms, begin))
        there = np.where(observed(groups, members, everyone, begin), np.maximum(there, 0), 0)
        total += float((rate * levels(groups, members, begin, end) * there / DAY_MS).sum())
    return total


def draw(rng: np.random.Generator, groups: Groups, members: Members, rate: Floats, begin_ms: int, end_ms: int) -> Talk:
    """Draw one slice of an inhomogeneous Poisson process over all memberships.

    All memberships together are one process at the rhythms' peak rate; each event picks its member in proportion to the
    rates, and is kept with the probability that the member's rhythm and the group's decay give (thinning, Lewis and
    Shedler 1979).
    """
    member, ts_ms = superpose(rng, rate * PEAK, begin_ms, end_ms)
    angle = ((ts_ms % DAY_MS) / HOUR_MS - members.peak_h[member]) * (2 * np.pi / 24)
    share = ((1 + np.cos(angle)) / 2) ** 2 * _decayed(groups, members, member, ts_ms, begin_ms)
    keep = rng.random(len(member)) < share
    member, ts_ms = member[keep], ts_ms[keep]
    keep = members.awake(member, ts_ms) & observed(groups, members, member, ts_ms)
    member, ts_ms = member[keep], ts_ms[keep]
    order = np.argsort(ts_ms, kind="stable")
    return Talk(member[order], ts_ms[order])


def _decayed(groups: Groups, members: Members, member: Ints, ts_ms: Ints, begin_ms: int) -> Floats:
    """The level at each event's time, relative to the one at the slice's beginning, which the rates include."""
    group, left = members.group[member], np.ones(len(member))
    fading = np.flatnonzero(np.isfinite(groups.half_life_days)[group] & (members.habit[member] != ADVERTISER))
    group = group[fading]
    left[fading] = groups.level(group, ts_ms[fading]) / np.maximum(groups.level(group, begin_ms), 1e-12)
    return left


def superpose(rng: np.random.Generator, rate: Floats, begin_ms: int, end_ms: int) -> tuple[Ints, Ints]:
    """Events of many Poisson processes with constant rates (events a day) as one: who and when, not ordered by time."""
    edges = np.cumsum(rate)
    total = float(edges[-1]) if len(edges) else 0.0
    count = int(rng.poisson(total * (end_ms - begin_ms) / DAY_MS))
    gaps = np.cumsum(rng.standard_exponential(count + 1))  # sorted uniform numbers are much faster to look up
    who = np.searchsorted(edges, gaps[:-1] / gaps[-1] * total, side="right").astype(np.int64)
    return np.minimum(who, len(edges) - 1), rng.integers(begin_ms, end_ms, count)


def observed(groups: Groups, members: Members, member: Ints, ts_ms: int | Ints) -> NDArray[np.bool_]:
    """False where a collector outage hides the event or the group is dissolved."""
    group = members.group[member]
    outage = (groups.outage_from_ms[group] <= ts_ms) & (ts_ms < groups.outage_until_ms[group])
    turned = (members.habit[member] != ADVERTISER) | (ts_ms >= groups.turn_ms[group])
    seen: NDArray[np.bool_] = ~outage & turned & (ts_ms < groups.dissolved_ms[group])
    return seen


def reply_targets(rng: np.random.Generator, group: Ints, share: Floats) -> Ints:
    """For every message (ordered by time) the position of the earlier one in its group that it answers; -1: none.

    `share` is the probability of being a reply; how far back it looks is geometric.
    """
    count = len(group)
    order = np.lexsort((np.arange(count), group))
    first = np.searchsorted(group[order], group[order], side="left")
    place = np.arange(count) - rng.geometric(0.5, count)
    target = np.full(count, -1)
    answers = (rng.random(count) < share[order]) & (place >= first)
    target[order[answers]] = order[place[answers]]
    return target


def latest(group: Ints, ts_ms: Ints, at_group: Ints, at_ms: Ints) -> Ints:
    """Position of the latest event of `at_group` no later than `at_ms`, for each of those; -1: there is none."""
    span = int(max(ts_ms.max(initial=0), at_ms.max(initial=0))) + 1
    key = group * span + ts_ms
    order = np.argsort(key, kind="stable")
    place = np.searchsorted(key[order], at_group * span + at_ms, side="right") - 1
    found = pick(order, place)
    return np.where((found >= 0) & (pick(group, found) == at_group), found, -1)


def pick(values: Ints, index: Ints) -> Ints:
    """`values[index]`, and -1 where the index is negative."""
    return np.append(values, -1)[np.where(index < 0, len(values), index)]
