"""`rewards` of a simulated world, and what they come to: who brought whom, commissions, payouts."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Batch, batch
from sources.simulator.campaigns import CURRENCY
from sources.simulator.groups import Ints
from sources.simulator.plan import DAY_MS, NEVER
from sources.simulator.product import Product

#: What a referral earns of each order at first, and from the middle of the simulated time on, in basis points. Held for
#: longer than any refund takes.
SHARES_BP, HOLD_DAYS = (1_000, 650), 14
#: Days after the start: a bonus is given, the period of its payout ends, the payout is made and succeeds or fails.
BONUS, PERIOD_END, PAYOUT, END = 1, 4, 5, 6
#: How many payouts end so; the refused ones are for more than anybody can have.
OUTCOMES = {"accepted": 3, "paid": 5, "failed": 2, "refused": 2}
TOO_MUCH_MINOR = 10**12


@dataclass(frozen=True)
class Payouts:
    """One element per payout: user number, amount in minor units, number into `OUTCOMES`."""

    user: Ints
    amount_minor: Ints
    outcome: Ints


class Rewards:
    """One plan in two versions, a code of every user who is named by a sign-up, bonuses, and payouts of them."""

    def __init__(self, product: Product) -> None:
        self._product, self._users, self._plan = product, product.users, product.world.plan
        self.changed_ms = self._plan.start_ms + self._plan.days * DAY_MS // 2
        self.payouts = self._draw_payouts()

    def _draw_payouts(self) -> Payouts:
        rng, referrers = self._plan.rng("payouts"), np.unique(self._users.referrer)
        outcome = np.repeat(np.arange(len(OUTCOMES)), list(OUTCOMES.values()))
        enough = self._plan.days >= END + 4  # the day of the last record must close
        user = rng.permutation(referrers[referrers >= 0])[: len(outcome) if enough else 0]
        return Payouts(user, rng.integers(100, 5_000, len(user)), outcome[: len(user)])

    def names(self) -> list[str]:
        """Record keys by owner number: users, then the plan."""
        return [*ln.glue("u", ln.numbers(self._users.person)).to_pylist(), "base"]

    def events(self) -> list[tuple[str, Batch]]:
        """All records as (type, batch)."""
        run, start_ms, paid = self._plan.run, self._plan.start_ms, self.payouts
        version, since = np.arange(2), np.array([start_ms, self.changed_ms])
        plan = ln.events(
            run, "wp", version, "plan", since, ',"plan_id":"base","goal":"purchase"',
            ln.number_field("valid_from_ms", since), ln.number_field("share_bp", SHARES_BP),
            f',"currency":"{CURRENCY}","hold_days":{HOLD_DAYS}',
        )  # fmt: skip
        parts = [("plan", batch(plan, since, np.full(2, len(self._users))))]
        owner = np.unique(self._users.referrer)
        owner = owner[owner >= 0]
        code = ln.glue(',"referral_code":"code', ln.numbers(self._users.person[owner]), '"')
        parts.append(self._about("wc", "code", owner, 0, code))
        given = np.flatnonzero(~self._ends("refused"))
        amount = ln.number_field("amount_minor", paid.amount_minor)
        rest = f',"currency":"{CURRENCY}","reason":"bonus","actor_id":"op"'
        bonus = (ln.glue(',"adjustment_id":"b', ln.numbers(given), '"'), amount.take(given), rest)
        parts.append(self._about("wb", "adjustment", paid.user[given], BONUS, *bonus))
        wanted = np.where(self._ends("refused"), TOO_MUCH_MINOR, paid.amount_minor)
        for letter, day, status in (("wo", PAYOUT, "created"), ("wd", END, "paid"), ("wf", END, "failed")):
            rows = np.arange(len(paid.user)) if status == "created" else np.flatnonzero(self._ends(status))
            rest = f'","currency":"{CURRENCY}","status":"{status}","period_end_ms":{start_ms + PERIOD_END * DAY_MS}'
            which = ln.glue(ln.number_field("amount_minor", wanted[rows]), ',"payout_id":"w', ln.numbers(rows), rest)
            parts.append(self._about(letter, "payout", paid.user[rows], day, which))
        return parts

    def _ends(self, outcome: str) -> NDArray[np.bool_]:
        """Whether each payout ends so."""
        found: NDArray[np.bool_] = self.payouts.outcome == list(OUTCOMES).index(outcome)
        return found

    def _about(self, letter: str, type_: str, user: Ints, day: int, *parts: Any) -> tuple[str, Batch]:
        ts_ms = np.full(len(user), self._plan.start_ms + day * DAY_MS) + np.arange(len(user))
        who = ln.glue(',"referrer_user_id":"u', ln.numbers(self._users.person[user]), '"')
        return type_, batch(
            ln.events(self._plan.run, letter, np.arange(len(user)), type_, ts_ms, who, *parts), ts_ms, user
        )

    @cached_property
    def _people(self) -> "_People":
        return _People(self._product, self._plan.end_ms)

    @cached_property
    def brought(self) -> dict[str, tuple[str, int]]:
        """Who was brought by whom, and when: by the earliest sign-up or first join that closes no cycle."""
        people, found = self._people, dict[str, tuple[str, int]]()
        for ms, _, person, referrer in sorted(people.claims()):
            above = referrer
            while above in found:
                above = found[above][0]
            if person not in found and above != person and referrer not in people.staff:
                found[person] = (referrer, ms)
        return found

    def truth(self) -> dict[str, Any]:
        """What was planted, ready for JSON; amounts are in minor units."""
        orders, earned = self._product.orders, list[int]()
        columns = (orders.user, orders.ts_ms, orders.amount_minor, orders.refund_ms)
        for user, ms, amount, refund_ms in zip(*(column.tolist() for column in columns), strict=True):
            _, since = self.brought.get(self._people.of_user(user), ("", NEVER))
            if since <= ms and refund_ms >= NEVER:
                earned.append(amount * SHARES_BP[ms >= self.changed_ms] // 10_000)
        names = np.array(list(OUTCOMES))[self.payouts.outcome].tolist()
        return {
            "referred": len(self.brought),
            "referrers": len({referrer for referrer, _ in self.brought.values()}),
            "commissions": sum(one > 0 for one in earned),
            "commissions_minor": sum(earned),
            "bonuses_minor": int(self.payouts.amount_minor[~self._ends("refused")].sum()),
            "payouts": dict.fromkeys(OUTCOMES, 0) | Counter(names),
            "paid_minor": int(self.payouts.amount_minor[self._ends("paid")].sum()),
        }


class _People:
    """Names of people: who is linked at the end is one person in all groups and the product."""

    def __init__(self, product: Product, end_ms: int) -> None:
        self._users, self._members = product.users, product.world.members
        self._linked = (self._users.linked_ms < end_ms) & (self._users.unlinked_ms >= end_ms)
        self._start_ms, self._end_ms = product.world.plan.start_ms, end_ms
        self._platform = product.world.groups.platform[self._members.group].tolist()
        user = self._users.of_person[self._members.person]
        self._names = [
            f"p{person}" if of >= 0 and self._linked[of] else f"{platform}:{person}"
            for person, platform, of in zip(self._members.person.tolist(), self._platform, user.tolist(), strict=True)
        ]
        self.staff = {self._names[member] for member in np.flatnonzero(self._members.role > 0).tolist()}

    def of_user(self, user: int) -> str:
        """The name of a user's person."""
        return f"{'p' if self._linked[user] else 'u'}{self._users.person[user]}"

    def claims(self) -> list[tuple[int, int, str, str]]:
        """Time, rank, who, and by whom."""
        users, members = self._users, self._members
        new = np.flatnonzero((users.signup_ms >= self._start_ms) & (users.referrer >= 0)).tolist()
        found = [(int(users.signup_ms[u]), 0, self.of_user(u), self.of_user(int(users.referrer[u]))) for u in new]
        first = dict[str, tuple[int, int]]()
        back = members.rejoins & (members.pause_until_ms < members.left_ms)
        joined = np.where(~members.seeded, members.joined_ms, np.where(back, members.pause_until_ms, NEVER))
        for member in np.flatnonzero((joined >= self._start_ms) & (joined < self._end_ms)).tolist():
            mine = (int(joined[member]), member)
            first[self._names[member]] = min(first.get(self._names[member], mine), mine)
        return found + [
            (ms, 1, who, self._names[int(members.inviter[member])])
            for who, (ms, member) in first.items()
            if members.inviter[member] >= 0
        ]
