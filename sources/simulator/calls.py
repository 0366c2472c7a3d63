"""Calls of a simulated world: operators call on their groups, and members answer as often as their appetite decides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Activity, Batch, batch
from sources.simulator.groups import Floats, Ints
from sources.simulator.plan import DAY_MS, HOUR_MS
from sources.simulator.traffic import observed
from sources.simulator.world import World

KINDS = ("checkin", "event", "poll", "lecture", "feedback")
WAYS = ("message", "reaction", "click")
WINDOW_H = 48


@dataclass(frozen=True)
class Calls:
    """One element per call; `exposed` are the ordinary members in the group at its time, `answered` those who answered.

    With every call the group's series fades by the factor `fade`. Answers: call number, membership, time, way.
    """

    group: Ints
    ts_ms: Ints
    kind: Ints
    exposed: Ints
    fade: Floats
    answer_call: Ints
    answer_member: Ints
    answer_ms: Ints
    answer_way: Ints

    @property
    def answered(self) -> Ints:
        """Answers a call."""
        return np.bincount(self.answer_call, minlength=len(self.group))


def draw_calls(world: World, can_click: NDArray[np.bool_]) -> Calls:
    """Draw all calls and answers; `can_click` marks memberships whose person uses the product."""
    plan, groups, members = world.plan, world.groups, world.members
    rng, everyone = plan.rng("calls"), np.arange(len(members))
    fade = np.where(rng.random(len(groups.ids)) < 0.5, 0.85, 1.0)
    kind = rng.integers(0, len(KINDS), len(groups.ids))
    begin = np.maximum(groups.born_ms, plan.start_ms) // DAY_MS * DAY_MS + DAY_MS + 10 * HOUR_MS
    begin = begin + rng.integers(0, plan.call_days * DAY_MS - 11 * HOUR_MS + 1, len(groups.ids))
    called: list[tuple[Ints, Ints, Ints]] = []
    answers: list[tuple[Ints, Ints, Ints]] = []
    first = 0
    for turn in range(plan.days // plan.call_days + 1):
        ts_ms = begin + turn * plan.call_days * DAY_MS
        hidden = (groups.outage_from_ms <= ts_ms) & (ts_ms < groups.outage_until_ms)
        calling = np.flatnonzero((ts_ms < np.minimum(plan.end_ms, groups.dissolved_ms)) & ~hidden)
        number = np.full(len(groups.ids), -1)
        number[calling] = np.arange(first, first + len(calling))
        at = ts_ms[members.group]
        exposed = (members.role == 0) & (number[members.group] >= 0) & members.present(at)
        counts = np.bincount(members.group[exposed], minlength=len(groups.ids))
        called.append((calling, ts_ms[calling], counts[calling]))
        willing = exposed & members.awake(everyone, at)
        who = everyone[willing & (rng.random(len(members)) < members.appetite * fade[members.group] ** turn)]
        answer = at[who] + np.minimum(rng.exponential(6 * HOUR_MS, len(who)), 47 * HOUR_MS).astype(np.int64) + 1_000
        seen = (answer < plan.end_ms) & members.awake(who, answer)
        answers.append((number[members.group[who[seen]]], who[seen], answer[seen]))
        first += len(calling)
    group, call_ms, exposed_count = (np.concatenate(column) for column in zip(*called, strict=True))
    call, member, answer_ms = (np.concatenate(column) for column in zip(*answers, strict=True))
    way = rng.choice(3, len(call), p=[0.6, 0.25, 0.15])
    way = np.where((way == 2) & ~can_click[member], 0, way)
    keep = observed(groups, members, member, answer_ms)
    answers_kept = (call[keep], member[keep], answer_ms[keep], way[keep])
    return Calls(group, call_ms, kind[group], exposed_count, fade[group], *answers_kept)


def call_events(world: World, calls: Calls, activity: Activity) -> list[tuple[str, Batch]]:
    """The calls, the operators' messages that carry them, and the answers given in chat, as (type, batch)."""
    run, number = world.plan.run, np.arange(len(calls.group))
    caller = world.first[calls.group]
    who, which = world.who.take(caller), ln.numbers(number)
    message = ln.events(
        run, "c", number, "message", calls.ts_ms, who, ',"message_id":"c', which, '","kind":"text","text_len":40',
        ',"question":false,"feature_version":1,"mentions_all":true,"link_count":1,"link_ids":["k', which, '"]',
        ',"call_id":"k', which, '"',
    )  # fmt: skip
    call = ln.events(
        run, "k", number, "call", calls.ts_ms + 1, world.where.take(calls.group), ',"call_id":"k', which, '"',
        ln.text_field("kind", ln.texts(KINDS).take(calls.kind)), ',"series_id":"series', ln.numbers(calls.group),
        '","message_id":"c', which, f'","window_h":{WINDOW_H},"link_ids":["k', which, '"]',
    )  # fmt: skip
    activity.add("message", caller, calls.ts_ms)
    parts = [("message", batch(message, calls.ts_ms, calls.group)), ("call", batch(call, calls.ts_ms + 1, calls.group))]
    for way, type_ in enumerate(WAYS[:2]):
        rows = np.flatnonzero(calls.answer_way == way)
        member, ts_ms, asked = calls.answer_member[rows], calls.answer_ms[rows], ln.numbers(calls.answer_call[rows])
        operator = world.member_ids.take(world.first[world.members.group[member]])
        rest = {
            "message": (',"message_id":"a', ln.numbers(rows), '","kind":"text","text_len":12,"question":false',
                        ',"feature_version":1,"reply_to_message_id":"c', asked, '"',
                        ln.text_field("reply_to_member_id", operator)),
            "reaction": (',"message_id":"c', asked, '","emoji":"+1"', ln.text_field("to_member_id", operator)),
        }[type_]  # fmt: skip
        text = ln.events(run, "a", rows, type_, ts_ms, world.who.take(member), *rest)
        activity.add(type_, member, ts_ms)
        parts.append((type_, batch(text, ts_ms, world.members.group[member])))
    return parts
