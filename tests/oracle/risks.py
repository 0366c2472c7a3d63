"""Which referrers may have forged whom they brought, computed slowly and obviously: all again at every moment."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from math import ceil, exp, floor, sqrt
from typing import Any, NamedTuple

from analytics.results.risk import LIMIT, MIDDLE, MOST, PART, RULES, WIDTH
from tests.oracle.answers import Row, account_of, moment
from tests.oracle.community import HOUR_MS, membership
from tests.oracle.people import ABSURD, People
from tests.oracle.referrals import Bound, referrers

DAY_MS = 24 * HOUR_MS
_PRINTS = {"payment": "payment_fingerprint", "device": "device_fingerprint", "ip": "ip_hash"}
#: Of rates: how many of a referrer's own and of all others' an expectation stands for, and what is expected at first.
_RATES = {"silent": (8, 0.5), "refund": (6, 0.05), "instant": (7, 0.05)}


class Told(NamedTuple):
    """What is added to a rule's count about a referrer, and to of how many."""

    ms: int
    referrer: str
    rule: str
    counted: float
    of: float


def _seen(people: People) -> dict[str, int]:
    """Person -> newest act."""
    found: dict[str, int] = defaultdict(int)
    for person, times in people.used().items():
        found[person] = max(times)
    for name, group in people.groups.items():
        for member in group.members():
            person = people.person(account_of(name, member))
            found[person] = max(found[person], membership(group, member)["last_ms"] or 0)
    return found


def _uses(people: People, end_ms: int) -> dict[tuple[str, str], dict[str, int]]:
    """Kind and print -> person -> first use."""
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for e in people.product:
        for kind, column in _PRINTS.items():
            if e["type"] == "purchase" and e[column] and e["ts_ms"] < end_ms:
                of, person = found[kind, e[column]], people.person(e["user_id"])
                of[person] = min(of.get(person, e["ts_ms"]), e["ts_ms"])
    return found


def _shared(bound: dict[str, Bound], uses: dict[tuple[str, str], dict[str, int]]) -> Iterable[Told]:
    for referrer in {one.referrer for one in bound.values()}:
        circle = {who: one.since_ms for who, one in bound.items() if one.referrer == referrer} | {referrer: 0}
        weights: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
        for (kind, _), times in uses.items():
            mine = {who: max(ms, circle[who]) for who, ms in times.items() if who in circle}
            for who, ms in mine.items():
                others = sum(other <= ms for other in mine.values()) - 1
                all_others = sum(other <= ms for other in times.values()) - 1
                if others:
                    weights[kind, who].append((ms, floor(others / all_others * 2**20) / 2**20))
        for (kind, _), some in weights.items():
            most = 0.0
            for ms, weight in sorted(some):
                if weight > most:
                    yield Told(ms, referrer, kind, weight - most, 0)
                    most = weight


def _brought(people: People, bound: dict[str, Bound], end_ms: int) -> Iterable[Told]:
    times, seen = [one.since_ms for one in bound.values()], _seen(people)
    for who, (referrer, since) in bound.items():
        mine = [one.since_ms for one in bound.values() if one.referrer == referrer]
        hour = [ms for ms in mine if since - HOUR_MS < ms <= since]
        before = [ms for ms in mine if ms < min(hour)]
        others = sum(since - HOUR_MS < ms <= since for ms in times) - len(hour)
        so_far = sum(ms <= since for ms in times) - sum(ms <= since for ms in mine)
        usual = max(so_far / max((since - min(times)) / HOUR_MS, 1), 0.01)
        expected = 1 + len(before) / max((min(hour) - min(mine)) / HOUR_MS, 24)
        expected *= max(others / usual, 1) if others > 3 else 1
        surprise = 2 * (sqrt(len(hour) + 0.375) - sqrt(expected + 0.375))
        yield Told(since, referrer, "burst", max(surprise, 0), len(hour))
        if since + 7 * DAY_MS < end_ms:
            yield Told(since + 7 * DAY_MS, referrer, "silent", seen[who] < since + DAY_MS, 1)


def _ordered(people: People, bound: dict[str, Bound], end_ms: int) -> Iterable[Told]:
    instant = set()
    for order in people.orders():
        who, ms = order["person_id"], order["ts_ms"]
        if who not in bound or order["absurd"] or not bound[who].since_ms <= ms < end_ms:
            continue
        if ms <= bound[who].since_ms + 120_000:
            instant.add(who)
        yield Told(ms, bound[who].referrer, "refund", 0, 1)
        first: dict[str, Any] = {}
        for e in sorted(people.product, key=lambda e: (e["ts_ms"], e["event_id"])):
            if e["type"] == "refund" and e["order_id"] == order["order_id"] and e["amount_minor"] < ABSURD:
                first.setdefault(e["refund_id"], e)
        asked = 0
        for e in first.values():
            if e["currency"] == order["currency"] and e["ts_ms"] < end_ms and 2 * asked < order["amount_minor"]:
                asked += e["amount_minor"]
                if 2 * asked >= order["amount_minor"]:
                    yield Told(max(ms, e["ts_ms"]), bound[who].referrer, "refund", 1, 0)
    for who, (referrer, since) in bound.items():
        if since + 120_000 < end_ms:
            yield Told(since + 120_000, referrer, "instant", who in instant, 1)


def _core(pairs: dict[frozenset[str], int], until: int) -> list[set[str]]:
    """Who is joined to three others or more of those who are, by then: in connected parts of at least eight."""
    ties: dict[str, set[str]] = defaultdict(set)
    for pair, ms in pairs.items():
        if ms <= until:
            one, other = pair
            ties[one].add(other)
            ties[other].add(one)
    while few := [who for who, others in ties.items() if len(others) < 3]:
        for who in few:
            for other in ties.pop(who):
                if other in ties:
                    ties[other].discard(who)
    parts = []
    left = set(ties)
    while left:
        part, edge = set[str](), {next(iter(left))}
        while edge:
            part |= edge
            edge = {other for who in edge for other in ties[who]} - part
        left -= part
        parts += [part] if len(part) >= 8 else []
    return parts


def _rings(bound: dict[str, Bound], uses: dict[tuple[str, str], dict[str, int]]) -> Iterable[Told]:
    pairs, sharing = dict[frozenset[str], int](), set[str]()
    for (kind, _), times in uses.items():
        early = {who: ms for who, ms in times.items() if sum(other <= ms for other in times.values()) <= 12}
        if kind != "ip" and len(times) > 1:
            sharing |= early.keys()
            for pair in combinations(early, 2):
                ms = max(early[who] for who in pair)
                pairs[frozenset(pair)] = min(pairs.get(frozenset(pair), ms), ms)
    for who, (referrer, since) in bound.items():
        if {who, referrer} <= sharing:
            pair = frozenset((who, referrer))
            pairs[pair] = min(pairs.get(pair, since), since)
    for part in _core(pairs, max(pairs.values(), default=0)):
        inside = [bound[who] for who in part if who in bound and bound[who].referrer in part]
        most = ceil(0.6 * (len(part) - 1))
        if len(inside) < most:
            continue
        mine = {pair: ms for pair, ms in pairs.items() if pair <= part}
        since = min(ms for ms in mine.values() if _core(mine, ms))
        since = max(since, sorted(one.since_ms for one in inside)[most - 1])
        for referrer in {one.referrer for one in inside}:
            yield Told(since, referrer, "ring", len(part), len(part))


def _hard(people: People, end_ms: int) -> Iterable[Told]:
    refused: list[Any] = []
    referrers(people, refused)
    for e, kind, who, by in refused:
        linked = [people.owners[one]["since_ms"] for one in (who, by) if one in people.owners]
        ms = max(e["ts_ms"], *linked, 0)
        if kind in ("signup", "trial", "code") and who != by and ms < end_ms:
            rule = "self" if people.person(who) == people.person(by) else "cycle"
            yield Told(ms, people.person(by), rule, 1, 0)


def _sums(told: list[Told]) -> dict[str, tuple[float, float]]:
    found = {}
    for rule in RULES:
        some = [one for one in told if one.rule == rule]
        found[rule] = sum(one.counted for one in some), sum(one.of for one in some)
        if rule == "burst" and some:
            most = max(some, key=lambda one: (one.counted, -one.ms))
            found[rule] = most.counted, most.of
    return found


def _scores(sums: dict[str, tuple[float, float]], all_sums: dict[str, tuple[float, float]]) -> dict[str, float]:
    found = {}
    for rule, middle, width, most in zip(RULES, MIDDLE, WIDTH, MOST, strict=True):
        x, of = sums[rule]
        if rule in _RATES:
            few, first = _RATES[rule]
            all_counted, all_of = all_sums[rule]
            usual = (all_counted - x + 20 * first) / (all_of - of + 20)
            x = ((x + few * usual) / (of + few) - usual) / max(1 - usual, 0.01)
        found[rule] = float(most / (1 + exp(-(x - middle) / width)))
    return found


def referral_risk(people: People) -> list[Row]:
    """Cases that nobody has reviewed."""
    end_ms = people.now_ms // HOUR_MS * HOUR_MS
    bound = {who: one for who, one in referrers(people).items() if one.since_ms < end_ms}
    uses = _uses(people, end_ms)
    told = [
        *_shared(bound, uses), *_brought(people, bound, end_ms), *_ordered(people, bound, end_ms),
        *_rings(bound, uses), *_hard(people, end_ms),
    ]  # fmt: skip
    told.sort()
    times = sorted({one.ms for one in told if one.rule in _RATES})
    all_sums = {ms: _sums([one for one in told if one.ms <= ms and one.rule in _RATES]) for ms in times}
    rows = []
    for referrer in {one.referrer for one in told}:
        mine = [one for one in told if one.referrer == referrer]
        opened: dict[str, int] = {}
        for ms in sorted({one.ms for one in mine}):
            before = [time for time in times if time <= ms]
            sums = _sums([one for one in mine if one.ms <= ms])
            scores = _scores(sums, all_sums[before[-1]] if before else _sums([]))
            risk = 1.0
            for score in scores.values():
                risk *= 1 - score
            if 1 - risk >= LIMIT:
                opened = {rule: ms for rule, score in scores.items() if score >= PART} | opened
        for rule, ms in opened.items():
            counted, of = sums[rule]
            rows.append({
                "person_id": referrer, "rule": rule, "state": "open", "risk": 1 - risk, "score": scores[rule],
                "counted": float(counted), "out_of": float(of) or None, "opened_at": moment(ms, people.zone),
                "closed_at": None, "decision": "",
            })  # fmt: skip
    return rows
