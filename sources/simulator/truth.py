"""The planted truth of a simulation: known because it was put there, so that answers can be judged by it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from sources.simulator.campaigns import CHANNELS, costs_of
from sources.simulator.faults import REASONS
from sources.simulator.groups import CAUSES, KINDS, Ints
from sources.simulator.members import HABITS, QUALITIES, ROLES, SOURCES
from sources.simulator.plan import HOUR_MS, NEVER
from sources.simulator.worst_case import WorstCase

if TYPE_CHECKING:
    from sources.simulator.simulation import Simulation


def _times(values: Ints) -> list[int | None]:
    return [None if value >= NEVER else value for value in values.tolist()]


def _names(table: tuple[str, ...], values: Ints) -> list[str | None]:
    return [table[value] if value >= 0 else None for value in values.tolist()]


def truth(run: "Simulation | WorstCase") -> dict[str, Any]:
    """The truth of a finished simulation, ready for JSON; docs/sources.md describes it."""
    plan = run.plan
    common = {
        "version": 1,
        "plan": asdict(plan) | {"start_ms": plan.start_ms, "run": plan.run},
        "topics": {topic: vars(tally) for topic, tally in run.tally.items()},
        "reasons": REASONS,
    }
    if isinstance(run, WorstCase):
        return common | {"groups": {"group_id": run.group_ids, "memberships": run.memberships}}
    parts = (groups, members, inviters, campaigns, calls, users, rewards)
    return common | {part.__name__: part(run) for part in parts}


def groups(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per group."""
    plan, drawn = simulation.plan, simulation.world.groups
    return {
        "group_id": drawn.ids,
        "kind": _names(KINDS, drawn.kind),
        "cause": _names(CAUSES, drawn.cause),
        "memberships": drawn.size,
        "born_ms": [max(value, plan.start_ms) if value else None for value in drawn.born_ms.tolist()],
        "turn_ms": _times(drawn.turn_ms),
        "half_life_days": [None if np.isinf(value) else value for value in drawn.half_life_days.tolist()],
        "dissolved_ms": _times(drawn.dissolved_ms),
        "outage_from_ms": _times(drawn.outage_from_ms),
        "outage_until_ms": _times(drawn.outage_until_ms),
        "reads_reported": drawn.reads.tolist(),
    }


def members(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per membership."""
    world, drawn = simulation.world, simulation.world.members
    ids = world.member_ids.to_pylist()
    return {
        "group_id": [world.groups.ids[group] for group in drawn.group.tolist()],
        "member_id": ids,
        "role": _names(ROLES, drawn.role),
        "habit": _names(HABITS, drawn.habit),
        "state": states(simulation),
        "seeded": drawn.seeded.tolist(),
        "joined_ms": _times(drawn.joined_ms),
        "left_ms": _times(drawn.left_ms),
        "leave_reported": drawn.leave_reported.tolist(),
        "zombie_since_ms": _times(drawn.zombie_ms),
        "pause_from_ms": _times(drawn.pause_from_ms),
        "pause_until_ms": _times(drawn.pause_until_ms),
        "rejoins": drawn.rejoins.tolist(),
        "source": _names(SOURCES, drawn.source),
        "inviter_id": [ids[inviter] if inviter >= 0 else None for inviter in drawn.inviter.tolist()],
        "campaign_id": [f"c{number}" if number >= 0 else None for number in drawn.campaign.tolist()],
        "appetite": drawn.appetite.round(4),
        "messages": simulation.activity.messages,
        "reactions": simulation.activity.reactions,
        "readings": simulation.activity.readings,
        "last_spoke_ms": [value or None for value in simulation.activity.last_spoke_ms.tolist()],
    }


def inviters(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per inviter: planted quality, joins, and how many of those left within the hour."""
    world, drawn = simulation.world, simulation.world.members
    who = np.flatnonzero(drawn.quality >= 0)
    came = np.flatnonzero((drawn.inviter >= 0) & (drawn.joined_ms < simulation.plan.end_ms))
    stay = np.minimum(drawn.left_ms, np.where(drawn.rejoins, drawn.pause_from_ms, NEVER)) - drawn.joined_ms
    fled = came[stay[came] < HOUR_MS]
    return {
        "group_id": [world.groups.ids[group] for group in drawn.group[who].tolist()],
        "member_id": world.member_ids.take(who).to_pylist(),
        "quality": _names(QUALITIES, drawn.quality[who]),
        "joins": np.bincount(drawn.inviter[came], minlength=len(drawn))[who],
        "left_within_hour": np.bincount(drawn.inviter[fled], minlength=len(drawn))[who],
    }


def campaigns(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per campaign: what was planted, and what it brought. Money is in minor units."""
    world, product, drawn = simulation.world, simulation.product, simulation.world.campaigns
    count = len(drawn.start_ms)
    bought = product.orders.campaign >= 0
    joined = (world.members.campaign >= 0) & (world.members.joined_ms < simulation.plan.end_ms)
    return {
        "campaign_id": [f"c{number}" for number in range(count)],
        "channel": _names(CHANNELS, drawn.channel),
        "start_ms": drawn.start_ms,
        "strength": drawn.strength.round(4),
        "groups": [np.flatnonzero(row).tolist() for row in drawn.targets],
        "joins": np.bincount(world.members.campaign[joined], minlength=count),
        "clicks": np.bincount(product.clicks.campaign, minlength=count),
        "orders": np.bincount(product.orders.campaign[bought], minlength=count),
        "cost_minor": sum(costs_of(drawn).values()),
    } | {f"{kind}_minor": amount for kind, amount in costs_of(drawn).items()}


def calls(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per call."""
    drawn = simulation.calls
    return {
        "call_id": [f"k{number}" for number in range(len(drawn.group))],
        "group_id": [simulation.world.groups.ids[group] for group in drawn.group.tolist()],
        "ts_ms": drawn.ts_ms,
        "exposed": drawn.exposed,
        "answered": drawn.answered,
        "fade": drawn.fade,
    }


def users(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element per user; revenue is net of refunds, in minor units."""
    drawn, orders = simulation.users, simulation.product.orders
    ids = [f"u{person}" for person in drawn.person.tolist()]
    kept = orders.refund_ms >= NEVER
    revenue = np.zeros(len(drawn), np.int64)
    np.add.at(revenue, orders.user[kept], orders.amount_minor[kept])
    return {
        "user_id": ids,
        "member_id": [f"m{person}" for person in drawn.person.tolist()],
        "signup_ms": drawn.signup_ms,
        "quit_ms": _times(drawn.quit_ms),
        "referrer_user_id": [ids[user] if user >= 0 else None for user in drawn.referrer.tolist()],
        "ring": [number if number >= 0 else None for number in drawn.ring.tolist()],
        "linked_ms": drawn.linked_ms,
        "unlinked_ms": _times(drawn.unlinked_ms),
        "orders": np.bincount(orders.user, minlength=len(drawn)),
        "refunds": np.bincount(orders.user[~kept], minlength=len(drawn)),
        "net_revenue_minor": revenue,
    }


def rewards(simulation: "Simulation") -> dict[str, Any]:
    """What referrals come to, in all; money is in minor units."""
    return simulation.rewards.truth()


def states(simulation: "Simulation") -> list[str]:
    """What each membership truly is at the end: excluded, absent, left, zombie, away, returned, or its habit.

    `absent`: has not joined yet; `away`: between falling silent and coming back; `returned`: came back. This is the
    hidden state, not the answer of `member_status`, which sees only events.
    """
    drawn, end = simulation.world.members, simulation.plan.end_ms
    habit = np.array(HABITS)[drawn.habit]
    away = (drawn.pause_from_ms <= end) & (end < drawn.pause_until_ms)
    conditions = [drawn.joined_ms >= end, drawn.role > 0, (drawn.left_ms <= end) | (away & drawn.rejoins),
                  drawn.zombie_ms <= end, away, drawn.pause_until_ms <= end]  # fmt: skip
    names = np.array(["absent", "excluded", "left", "zombie", "away", "returned"])
    chosen: list[str] = np.select(conditions, list(names), habit).tolist()
    return chosen
