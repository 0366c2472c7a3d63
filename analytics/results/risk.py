"""Which referrers bring people who are not real: what speaks for it, and from which record on. Pure.

Everything is told in the order of time, so that a case opens with the record after which its rule holds, in whatever
order records arrive, and stays whatever comes later. Rates are compared with those of all other referrers at that time.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.kernels.compiled import kernel
from analytics.results.bursts import bursts
from analytics.results.lineage import KINDS, OUTCOMES, Binding, Claims
from analytics.results.plans import NEVER
from analytics.results.rings import rings
from analytics.results.sharing import PRINTS, Persons, Uses, Whole, chosen, known, shared

Floats = NDArray[np.float64]
#: Shared payments, devices and addresses; many people brought at once; people who were not seen again; refunds; people
#: who ordered as soon as they were brought; a ring of people who bring one another; somebody who brought themselves by
#: another account, or somebody by whom they were brought.
RULES = (*PRINTS, "burst", "silent", "refund", "instant", "ring", "self", "cycle")
_BURST, _SILENT, _REFUND, _INSTANT, _RING, _SELF, _CYCLE = range(len(PRINTS), len(RULES))
#: Whoever was not seen again after `SEEN_MS` is silent once `SILENT_MS` have passed; how soon is instant.
SILENT_MS, SEEN_MS, INSTANT_MS = 7 * 86_400_000, 86_400_000, 120_000
#: Of every rule: where what it measures is as likely honest as not, how quickly that becomes certain, and how certain
#: it can become by itself. Tuned on simulated worlds (`sources.simulator.referral_rings`, seeds 1 to 12).
MIDDLE = np.array([5.5, 7.0, 7.0, 12.0, 0.5, 0.33, 0.24, 6.0, 0.5, 0.5])
WIDTH = np.array([0.6, 0.9, 1.5, 2.0, 0.03, 0.04, 0.04, 0.5, 0.01, 0.01])
MOST = np.array([0.97, 0.8, 0.65, 0.5, 0.95, 0.95, 0.95, 0.95, 1.0, 1.0])
#: A case opens where all rules together make a forgery so likely, about each rule that contributes so much.
LIMIT, PART = 0.9, 0.25
#: Silent people, refunds and instant orders are compared with those of others: for how many people or orders of a
#: referrer the others' rate stands; and rates before anything is known, for as many of everybody's.
_FEW, _FIRST, _BEFORE = np.array([8.0, 6.0, 7.0]), np.array([0.5, 0.05, 0.05]), 20.0
_RATES = (_SILENT, _REFUND, _INSTANT)
#: Claims that people make knowingly; clicks and invitations among friends go to and fro.
_KNOWINGLY = [KINDS.index(kind) for kind in ("signup", "trial", "code")]


class People(NamedTuple):
    """Of every person the referrer (−1: none), since when, and whether they were seen again `SEEN_MS` later or after;
    shape (persons,)."""

    referrer: Persons
    since_ms: Whole
    again: NDArray[np.bool_]


class Orders(NamedTuple):
    """Orders that count: whose, when, and when half of the amount was refunded (`NEVER`: it was not); shape (n,)."""

    person: Persons
    ms: Whole
    refund_ms: Whole


class Told(NamedTuple):
    """Something that is told of a referrer: what is added to the count of a rule, and to of how many; shape (n,)."""

    referrer: Persons
    ms: Whole
    rule: NDArray[np.int8]
    counted: Floats
    of: Floats


class Risks(NamedTuple):
    """Cases, one per referrer and rule; shape (n,). rule: place in `RULES`; counted, of: what was counted by now, of
    how many (0: of none); score: how likely the rule by itself makes a forgery by now; risk: how likely all rules do;
    opened_ms: since when there is a case."""

    referrer: Persons
    rule: NDArray[np.int8]
    counted: Floats
    of: Floats
    score: Floats
    risk: Floats
    opened_ms: Whole


def risks(people: People, orders: Orders, uses: Uses, hard: Told, end_ms: int) -> Risks:
    """All cases by what happened before `end_ms`, to which bindings, orders, uses and claims must be limited.

    hard: from `forbidden`.
    """
    uses = known(uses)
    more, in_rings = shared(people.referrer, people.since_ms, uses), rings(people.referrer, people.since_ms, uses)
    parts = [
        _told(more.referrer, more.ms, more.kind, more.weight),
        _told(in_rings.person, in_rings.ms, _RING, in_rings.size, in_rings.size),
        *_brought(people, end_ms), *_ordered(people, orders, end_ms), hard,
    ]  # fmt: skip
    told = _joined(parts)
    some = chosen(told, _possible(told))
    return _replayed(chosen(some, np.lexsort((some.rule, some.ms, some.referrer))), told)


def forbidden(claims: Claims, binding: Binding, linked_ms: Whole, same: NDArray[np.bool_]) -> Told:
    """What claims tell of people who name themselves by another account, or whoever brought them.

    linked_ms: when the accounts that each claim names turned out to be who they are; same: whether both are one
    account; shape (claims,).
    """
    parts = []
    for rule, outcome in ((_SELF, "self"), (_CYCLE, "cycle")):
        named = (binding.outcome == OUTCOMES.index(outcome)) & np.isin(claims.kind, _KNOWINGLY) & ~same
        ms = np.maximum(claims.ts_ms, linked_ms)[named]
        parts.append(_told(claims.referrer[named], ms, rule, np.ones(len(ms))))
    return _joined(parts)


def case_number(case_id: str) -> int:
    """The number of a case that a review names: the place of its rule; −1: all cases, −2: there is none such."""
    return RULES.index(case_id) if case_id in RULES else -2 if case_id else -1


def _joined(parts: list[Told]) -> Told:
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Told(*columns)


def _possible(told: Told) -> NDArray[np.bool_]:
    """Whether each row is about a referrer of whom there may be a case: if the others' rates were 0, and nothing was
    told but what counts against them. Of most referrers too little is told for that."""
    known = np.bincount(told.referrer) > 0
    place, shape = (np.cumsum(known) - 1)[told.referrer], (int(known.sum()), len(RULES))
    x = np.zeros(shape)
    np.add.at(x, (place, told.rule), told.counted)
    rates = slice(_RATES[0], _RATES[-1] + 1)
    x[:, rates] /= x[:, rates] + _FEW
    honest = np.prod(1 - MOST / (1 + np.exp((MIDDLE - x) / WIDTH)), axis=1)
    possible: NDArray[np.bool_] = (1 - honest >= LIMIT - 1e-9)[place]
    return possible


def _told(referrer: Persons, ms: Whole, rule: Any, count: NDArray[Any], of: Any = 0) -> Told:
    shape = len(referrer)
    return Told(
        referrer, ms, np.broadcast_to(rule, shape).astype(np.int8), np.broadcast_to(count, shape).astype(np.float64),
        np.broadcast_to(of, shape).astype(np.float64),
    )  # fmt: skip


def _brought(people: People, end_ms: int) -> list[Told]:
    """How many were brought at once, and who was not seen again."""
    who = np.flatnonzero(people.referrer >= 0)
    who = who[np.lexsort((people.since_ms[who], people.referrer[who]))]
    by, since = people.referrer[who], people.since_ms[who]
    surprise, within = bursts(by, since)
    old = since + SILENT_MS < end_ms
    return [
        _told(by, since, _BURST, surprise, within),
        _told(by[old], since[old] + SILENT_MS, _SILENT, ~people.again[who[old]], 1),
    ]


def _ordered(people: People, orders: Orders, end_ms: int) -> list[Told]:
    """Orders of people who were brought, their refunds, and who ordered as soon as they were brought."""
    mine = people.referrer[orders.person] >= 0
    mine &= orders.ms >= people.since_ms[orders.person]
    person, ms, back = orders.person[mine], orders.ms[mine], orders.refund_ms[mine]
    by, kept = people.referrer[person], back < NEVER
    instant = np.zeros(len(people.referrer), np.bool_)
    instant[person[ms <= people.since_ms[person] + INSTANT_MS]] = True
    # of everybody: of those who have ordered by some time, the first are always the quickest
    who = np.flatnonzero((people.referrer >= 0) & (people.since_ms + INSTANT_MS < end_ms))
    return [
        _told(by, ms, _REFUND, np.zeros(len(by)), 1),
        _told(by[kept], np.maximum(back, ms)[kept], _REFUND, np.ones(int(kept.sum()))),
        _told(people.referrer[who], people.since_ms[who] + INSTANT_MS, _INSTANT, instant[who], 1),
    ]


def _replayed(told: Told, of_all: Told) -> Risks:
    """What follows from what is told, sorted by referrer and time; of_all: all that is told of anybody."""
    everybody = np.zeros((2, len(_RATES), len(told.ms)))
    for place, rule in enumerate(_RATES):
        mine = np.flatnonzero(of_all.rule == rule)
        mine = mine[np.argsort(of_all.ms[mine], kind="stable")]
        at = np.searchsorted(of_all.ms[mine], told.ms, side="right")
        for sums, column in zip(everybody, (of_all.counted, of_all.of), strict=True):
            sums[place] = np.concatenate([[0.0], np.cumsum(column[mine])])[at]
    referrers = int((np.diff(told.referrer, prepend=-1) != 0).sum())
    shape = referrers, len(RULES)
    numbers, risk = np.empty(referrers, np.int32), np.empty(referrers)
    sums, scores, opened = np.zeros((2, *shape)), np.empty(shape), np.full(shape, NEVER)
    _replay(*told, everybody, _FIRST, _FEW, MIDDLE, WIDTH, MOST, numbers, sums, scores, risk, opened)
    who, what = np.nonzero(opened < NEVER)
    counted, of = sums[:, who, what]
    return Risks(numbers[who], what.astype(np.int8), counted, of, scores[who, what], risk[who], opened[who, what])


@kernel
def _excess(count, of, all_count, all_of, first, few):
    """By how much a rate is above that of all others, of what is left up to 1; little is known of few."""
    usual = (all_count - count + first * _BEFORE) / (all_of - of + _BEFORE)
    rate = (count + few * usual) / (of + few)
    return (rate - usual) / max(1 - usual, 0.01)


@kernel
def _replay(
    referrer, ms, rule, count, of, everybody, first, few, middle, width, most, numbers, sums, scores, risk, opened
):
    at = -1
    for i in range(len(ms)):
        at += i == 0 or referrer[i] != referrer[i - 1]
        numbers[at], what = referrer[i], rule[i]
        if what != _BURST:
            sums[0, at, what] += count[i]
            sums[1, at, what] += of[i]
        elif count[i] > sums[0, at, what]:
            sums[0, at, what], sums[1, at, what] = count[i], of[i]
        if i + 1 < len(ms) and referrer[i + 1] == referrer[i] and ms[i + 1] == ms[i]:
            continue
        honest = 1.0
        for what in range(len(middle)):
            x, place = sums[0, at, what], what - _SILENT
            if 0 <= place < len(few):
                others = everybody[0, place, i], everybody[1, place, i]
                x = _excess(x, sums[1, at, what], others[0], others[1], first[place], few[place])
            scores[at, what] = most[what] / (1 + np.exp(-(x - middle[what]) / width[what]))
            honest *= 1 - scores[at, what]
        risk[at] = 1 - honest
        for what in range(len(middle)):
            if risk[at] >= LIMIT and scores[at, what] >= PART and opened[at, what] == NEVER:
                opened[at, what] = ms[i]
