"""The people of a simulated world who use the product: sign-ups, honest and forged referrals, links to accounts."""

from dataclasses import dataclass

import numpy as np

from sources.simulator.groups import Floats, Ints
from sources.simulator.plan import DAY_MS, HOUR_MS, NEVER
from sources.simulator.world import World


@dataclass(frozen=True)
class Users:
    """One element per user, ordered by sign-up. Times are milliseconds, `NEVER` for what does not happen.

    `of_person[p]` is the user of person p, -1: none. `member` is one membership of the user's person. `referrer` is a
    user number, -1: none; `ring` numbers forged referral rings, -1: none. `quit_ms`: stops opening the product.
    """

    of_person: Ints
    person: Ints
    member: Ints
    signup_ms: Ints
    quit_ms: Ints
    referrer: Ints
    ring: Ints
    opens: Floats
    orders: Ints
    linked_ms: Ints
    unlinked_ms: Ints

    def __len__(self) -> int:
        return len(self.person)


def draw_users(world: World) -> Users:
    """Draw the users: a little more than half of all persons, two in five of them sign up inside the simulated time."""
    plan, members = world.plan, world.members
    rng = plan.rng("users")
    persons, member = np.unique(members.person, return_index=True)
    using = (rng.random(len(persons)) < 0.55) & (members.role[member] == 0)
    person, member = persons[using], member[using]
    count, span = len(person), plan.end_ms - plan.start_ms
    recent = rng.random(count) < 0.4
    signup = np.where(recent, plan.start_ms + (rng.uniform(0.02, 0.9, count) * span).astype(np.int64),
                      plan.start_ms - (rng.uniform(1, 300, count) * DAY_MS).astype(np.int64))  # fmt: skip
    order = np.argsort(signup, kind="stable")
    person, member, signup = person[order], member[order], signup[order]
    quits = rng.random(count) < 0.2
    begin = np.maximum(signup, plan.start_ms)
    quit_ms = np.where(quits, begin + (rng.uniform(0.1, 0.6, count) * (plan.end_ms - begin)).astype(np.int64), NEVER)
    referred = (signup >= plan.start_ms) & (rng.random(count) < 0.4) & (np.arange(count) > 0)
    referrer = np.where(referred, (rng.random(count) ** 2 * np.arange(count)).astype(np.int64), -1)
    orders = np.where(rng.random(count) < 0.25, 1 + rng.poisson(plan.use * plan.days / 25, count), 0)
    ring = _forge_rings(rng, signup >= plan.start_ms, signup, quit_ms, referrer, orders)
    linked = np.maximum(signup, plan.start_ms) + rng.integers(60_000, 12 * HOUR_MS, count)
    unlinked = np.where(rng.random(count) < 0.01, linked + 3 * DAY_MS, NEVER)
    of_person = np.full(int(members.person.max()) + 1, -1)
    of_person[person] = np.arange(count)
    opens = rng.gamma(0.7, 0.4, count)
    return Users(of_person, person, member, signup, quit_ms, referrer, ring, opens, orders, linked, unlinked)


def _forge_rings(
    rng: np.random.Generator, recent: np.ndarray[tuple[int], np.dtype[np.bool_]], signup: Ints, quit_ms: Ints,
    referrer: Ints, orders: Ints,
) -> Ints:  # fmt: skip
    """Turn some neighbours in sign-up order into rings that refer each other, buy once at once and vanish; in place."""
    ring = np.full(len(signup), -1)
    if not recent.any():
        return ring
    first_recent = int(np.argmax(recent))
    number, at = 0, first_recent + 5
    while at + 6 < len(signup):
        size = int(rng.integers(3, 6))
        rows = np.arange(at, at + size)
        ring[rows] = number
        signup[rows] = signup[at] + np.arange(size) * 40_000
        quit_ms[rows] = signup[rows] + DAY_MS
        referrer[rows] = np.roll(rows, 1)
        orders[rows] = 1
        number, at = number + 1, at + max(120, len(signup) // 40)
    return ring
