"""Referrals of a simulated world: honest ones, rings of forged ones by kind, and honest people who look like rings.

The truth is planted here and nothing is decided: `analytics.results.risk` is judged by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sources.simulator.groups import Floats, Ints
from sources.simulator.plan import DAY_MS, HOUR_MS, NEVER

#: Kinds of rings; in each but "circle" one person has brought all others.
RINGS = ("payment", "device", "ip", "burst", "silent", "refund", "instant", "circle")
#: Honest people who look like rings.
LOOK_ALIKES = ("family", "office", "teacher", "viral", "dormitory", "plain")
#: How many of them there usually are in a world of 20,000 other people.
USUAL = {"family": 600, "office": 20, "teacher": 2, "viral": 1, "dormitory": 20}
#: What orders tell of the buyer, by place.
PRINTS = ("payment", "device", "ip")
_DAYS = 120


class Crowd(NamedTuple):
    """Some people. referrer: place among them, −1: nobody; since_ms: when they were brought; orders: how many each
    has; quick: chance that the first follows at once; back: chance of a refund; stays: chance to be seen again on
    another day; prints: shape (people, 3), numbers, −1: their own."""

    referrer: Ints
    since_ms: Ints
    orders: Ints
    quick: float
    back: float
    stays: float
    prints: Ints


@dataclass
class ReferralWorld:
    """People by number; of each the referrer (−1: nobody) and since when, and the newest act; first uses of prints, as
    (person, kind, print, ms); orders as (person, ms, refund_ms). `planted`: by kind, the referrers."""

    referrer: Ints
    since_ms: Ints
    last_ms: Ints
    uses: Ints
    orders: Ints
    planted: dict[str, list[int]] = field(default_factory=dict)
    end_ms: int = _DAYS * DAY_MS


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng, self.prints, self.count = np.random.default_rng(seed), 0, 0
        self.crowds, self.planted = list[tuple[Crowd, int]](), dict[str, list[int]]()

    def new_prints(self, count: int) -> Ints:
        """Numbers of prints that nobody else has."""
        self.prints += count
        return np.arange(self.prints - count, self.prints)

    def one_of(self, count: int, among: int) -> Ints:
        """For so many people, one of a few new prints each."""
        return self.rng.choice(self.new_prints(among), count)

    def own(self, count: int) -> Ints:
        return np.full((count, len(PRINTS)), -1)

    def some_time(self, count: int, days: float = _DAYS - 20) -> Ints:
        return (self.rng.random(count) * days * DAY_MS).astype(np.int64)

    def add(self, kind: str, crowd: Crowd) -> None:
        """Add people; whoever has brought somebody is planted as this kind."""
        bosses = np.unique(crowd.referrer[crowd.referrer >= 0]) + self.count
        self.planted.setdefault(kind, []).extend(bosses.tolist())
        self.crowds.append((crowd, self.count))
        self.count += len(crowd.referrer)

    def led(self, count: int, begin_ms: int, times: Ints, orders: float, **chances: float) -> Crowd:
        """A leader, and people whom they brought."""
        referrer = np.r_[-1, np.zeros(count, np.int64)]
        since = np.r_[max(begin_ms - DAY_MS, 0), begin_ms + times]
        bought = np.r_[1, self.rng.poisson(orders, count)]
        return Crowd(referrer, since, bought, prints=self.own(count + 1), **chances)


_USUAL = {"quick": 0.08, "back": 0.05, "stays": 0.55}


def _plain(m: _Maker, people: int) -> None:
    """Whoever is brought is brought by somebody before them; some people bring many."""
    rng = m.rng
    weights = rng.pareto(1.3, people) + 0.05
    since = np.sort(m.some_time(people, _DAYS - 5))
    sums = np.cumsum(weights)
    referrer = np.searchsorted(sums, rng.random(people) * sums)
    referrer = np.where((rng.random(people) < 0.5) & (referrer < np.arange(people)), referrer, -1)
    prints = m.own(people)
    carriers = rng.random(people) < 0.4  # networks of mobile phones
    prints[carriers, 2] = m.one_of(int(carriers.sum()), 12)
    m.add("plain", Crowd(referrer, since, rng.poisson(0.8, people), prints=prints, **_USUAL))


def _family(m: _Maker) -> None:
    n = int(m.rng.integers(1, 5))
    one = m.led(n, int(m.some_time(1)[0]), m.some_time(n, 20), 1.5, **_USUAL)
    for kind in range(len(PRINTS)):
        if m.rng.random() < 0.7:
            one.prints[:, kind] = m.new_prints(1)
    m.add("family", one)


def _office(m: _Maker) -> None:
    n, guests = int(m.rng.integers(5, 30)), int(m.rng.integers(20, 170))
    one = m.led(n, int(m.some_time(1)[0]), m.some_time(n, 40), 1.2, **_USUAL)
    nobody = np.full(guests, -1)
    two = Crowd(nobody, m.some_time(guests), m.rng.poisson(1.2, guests), prints=m.own(guests), **_USUAL)
    place, card = m.new_prints(2)
    one.prints[:, 2] = two.prints[:, 2] = place
    if m.rng.random() < 0.3:  # and pay by the card of the company
        for crowd in (one, two):
            crowd.prints[m.rng.random(len(crowd.prints)) < 0.2, 0] = card
    m.add("office", one)
    m.add("office", two)


def _teacher(m: _Maker) -> None:
    n = 500
    lessons = m.rng.integers(0, 14, n)
    times = lessons * 3 * DAY_MS + (m.rng.random(n) * HOUR_MS).astype(np.int64)
    one = m.led(n, int(m.some_time(1, 50)[0]), times, 0.4, quick=0.08, back=0.05, stays=0.5)
    one.prints[m.rng.random(n + 1) < 0.7, 2] = m.new_prints(1)
    m.add("teacher", one)


def _viral(m: _Maker) -> None:
    begin = int(m.some_time(1, 90)[0])
    for _ in range(40):
        n = int(m.rng.integers(10, 200))
        times = (m.rng.gamma(2.0, 2.5, n) * HOUR_MS).astype(np.int64)
        m.add("viral", m.led(n, begin + DAY_MS, times, 0.4, quick=0.15, back=0.06, stays=0.42))


def _dormitory(m: _Maker) -> None:
    """Neighbours with one address who bring one another, with devices and cards of their own."""
    n = int(m.rng.integers(8, 16))
    one = _passed_on(m, n, **_USUAL)
    one.prints[:, 2] = m.new_prints(1)
    m.add("dormitory", one)


def _passed_on(m: _Maker, n: int, quick: float, back: float, stays: float) -> Crowd:
    begin = int(m.some_time(1)[0])
    since = begin + np.sort(m.some_time(n, 15))
    referrer = np.array([-1, *(int(m.rng.integers(max(0, i - 3), i)) for i in range(1, n))])
    return Crowd(referrer, since, 1 + m.rng.poisson(0.7, n), quick, back, stays, m.own(n))


def _ring(m: _Maker, kind: str) -> None:
    rng, begin = m.rng, int(m.some_time(1)[0])

    def crowd(least: int, most: int, days: float, orders: float, quick: float, back: float, stays: float) -> Crowd:
        n = int(rng.integers(least, most))
        one = m.led(n, begin, m.some_time(n, days), orders, quick=quick, back=back, stays=stays)
        if orders >= 1:
            one.orders[:] = np.maximum(one.orders, 1)
        return one

    makers: dict[str, Callable[[], Crowd]] = {
        "payment": lambda: crowd(9, 40, 20, 1.3, 0.1, 0.08, 0.5),
        "device": lambda: crowd(9, 40, 20, 1.3, 0.4, 0.1, 0.3),
        "ip": lambda: crowd(10, 40, 15, 1.2, 0.6, 0.3, 0.15),
        "burst": lambda: crowd(30, 150, 1 / 24, 0.05, 0.1, 0.05, 0.05),
        "silent": lambda: crowd(25, 80, 18, 0.1, 0.1, 0.05, 0.05),
        "refund": lambda: crowd(10, 40, 15, 1.5, 0.08, 0.8, 0.5),
        "instant": lambda: crowd(12, 40, 20, 1.1, 0.95, 0.1, 0.3),
        "circle": lambda: _passed_on(m, int(rng.integers(10, 25)), 0.2, 0.1, 0.4),
    }
    one = makers[kind]()
    n = len(one.referrer)
    if kind in ("payment", "device"):
        one.prints[:, PRINTS.index(kind)] = m.one_of(n, int(rng.integers(1, 4)))
    if kind in ("ip", "device"):
        one.prints[:, 2] = m.one_of(n, 1 if kind == "ip" else 2)
    if kind == "circle":
        for column in (0, 1):
            one.prints[:, column] = m.one_of(n, max(n // 4, 2))
    m.add(kind, one)


def referral_world(
    seed: int, people: int = 20_000, rings: int = 10, look_alikes: Mapping[str, int] = USUAL
) -> ReferralWorld:
    """A world of so many ordinary people, so many rings of each kind, and so many of the look-alikes."""
    m = _Maker(seed)
    _plain(m, people)
    makers = {"family": _family, "office": _office, "teacher": _teacher, "viral": _viral, "dormitory": _dormitory}
    for kind, make in makers.items():
        for _ in range(look_alikes[kind]):
            make(m)
    for kind in RINGS:
        for _ in range(rings):
            _ring(m, kind)
    return _told(m)


def _told(m: _Maker) -> ReferralWorld:
    rng, end = m.rng, _DAYS * DAY_MS
    referrer, since, last, uses, orders = [], [], [], [], []
    for crowd, first in m.crowds:
        n = len(crowd.referrer)
        person = np.repeat(np.arange(n), crowd.orders)
        ms, refund = _bought(rng, crowd, person)
        prints = crowd.prints.copy()
        missing = prints < 0
        prints[missing] = m.new_prints(int(missing.sum()))
        referrer.append(np.where(crowd.referrer >= 0, crowd.referrer + first, -1))
        since.append(crowd.since_ms)
        again = np.where(rng.random(n) < crowd.stays, rng.uniform(1.2, 40, n), 0.2) * DAY_MS
        seen = np.minimum(crowd.since_ms + again.astype(np.int64), end - 1)
        np.maximum.at(seen, person, ms)
        last.append(seen)
        orders.append(np.column_stack([person + first, ms, refund]))
        uses += [
            np.column_stack([person + first, np.full(len(person), kind), prints[person, kind], ms])
            for kind in range(len(PRINTS))
        ]
    return ReferralWorld(
        np.concatenate(referrer), np.concatenate(since), np.concatenate(last), np.concatenate(uses),
        np.concatenate(orders), {kind: sorted(set(some)) for kind, some in m.planted.items()},
    )  # fmt: skip


def _bought(rng: np.random.Generator, crowd: Crowd, person: Ints) -> tuple[Ints, Ints]:
    """When each order was placed and, if at all, refunded."""
    end, count = _DAYS * DAY_MS, len(person)
    delay: Floats = rng.exponential(6, count) * DAY_MS + 300_000
    firsts = np.flatnonzero(np.diff(person, prepend=-1) > 0)
    quick = firsts[rng.random(len(firsts)) < crowd.quick]
    delay[quick] = rng.uniform(15_000, 100_000, len(quick))
    ms = np.minimum(crowd.since_ms[person] + delay.astype(np.int64), end - 2)
    refund = ms + (rng.uniform(0.2, 9, count) * DAY_MS).astype(np.int64)
    return ms, np.where((rng.random(count) < crowd.back) & (refund < end), refund, NEVER)
