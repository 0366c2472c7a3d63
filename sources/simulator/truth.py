"""The planted truth of a simulation: what is known because it was put there, for answers to be judged by."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from sources.simulator.groups import CAUSES, KINDS, Ints
from sources.simulator.members import HABITS, QUALITIES, ROLES, SOURCES
from sources.simulator.plan import NEVER

if TYPE_CHECKING:
    from sources.simulator.simulation import Simulation


def _times(values: Ints) -> list[int | None]:
    return [None if value >= NEVER else value for value in values.tolist()]


def _names(table: tuple[str, ...], values: Ints) -> list[str | None]:
    return [table[value] if value >= 0 else None for value in values.tolist()]


def truth(simulation: "Simulation") -> dict[str, Any]:
    """The truth of a finished simulation, ready for JSON; docs/sources.md describes it."""
    plan = simulation.plan
    return {
        "version": 1,
        "plan": asdict(plan) | {"start_ms": plan.start_ms, "run": plan.run},
        "topics": {topic: vars(tally) for topic, tally in simulation.tally.items()},
        "groups": groups(simulation),
        "members": members(simulation),
    }


def groups(simulation: "Simulation") -> dict[str, Any]:
    """Columns with one element a group."""
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
    """Columns with one element a membership."""
    world, chat, drawn = simulation.world, simulation.chat, simulation.world.members
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
        "inviter_quality": _names(QUALITIES, drawn.quality),
        "campaign_id": [f"c{number}" if number >= 0 else None for number in drawn.campaign.tolist()],
        "appetite": drawn.appetite.round(4),
        "messages": chat.spoken,
        "reactions": chat.reacted,
        "readings": chat.read,
        "last_spoke_ms": [value or None for value in chat.last_spoke_ms.tolist()],
    }


def states(simulation: "Simulation") -> list[str]:
    """What each membership truly is at the end: excluded, absent, left, zombie, away, or its habit.

    `absent`: has not joined yet; `away`: between falling silent and coming back. This is the hidden state, not the answer
    of `member_status`, which sees only events.
    """
    drawn, end = simulation.world.members, simulation.plan.end_ms
    habit = np.array(HABITS)[drawn.habit]
    away = (drawn.pause_from_ms <= end) & (end < drawn.pause_until_ms)
    conditions = [drawn.joined_ms >= end, drawn.role > 0, (drawn.left_ms <= end) | (away & drawn.rejoins),
                  drawn.zombie_ms <= end, away]  # fmt: skip
    names = np.array(["absent", "excluded", "left", "zombie", "away"])
    chosen: list[str] = np.select(conditions, list(names), habit).tolist()
    return chosen
