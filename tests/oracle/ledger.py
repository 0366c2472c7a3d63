"""What is owed for results, and what that leaves on accounts: the slow, obvious way, one order after the other."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from analytics.results.holds import Case, Review
from analytics.results.plans import NEVER, Plan, Reassignment

Key = tuple[int, int, int]  # order, beneficiary, currency


class Frozen(NamedTuple):
    """What was released of an order, and by which plan."""

    beneficiary: int
    currency: int
    amount: int
    plan: Plan


class Order(NamedTuple):
    id: int
    person: int
    referrer: int
    bound_ms: int
    ts_ms: int
    amount: int
    currency: int
    code: int
    merged_ms: int


class Refund(NamedTuple):
    order: int
    ts_ms: int
    amount: int


class Adjustment(NamedTuple):
    id: int
    beneficiary: int
    currency: int
    ts_ms: int
    amount: int


Record = Order | Refund | Adjustment | Plan | Case | Review | Reassignment


def time_of(record: Record) -> int:
    if isinstance(record, Plan):
        return record.announced_ms
    return record.opened_ms if isinstance(record, Case) else record.ts_ms


class World:
    """Records that count at a moment."""

    def __init__(self, records: Iterable[Record], end_ms: int, frozen: dict[int, Frozen] | None = None) -> None:
        self.frozen = frozen or {}
        known = [record for record in records if time_of(record) < end_ms]
        self.orders = sorted((r for r in known if isinstance(r, Order)), key=lambda order: (order.ts_ms, order.id))
        self.refunds = [r for r in known if isinstance(r, Refund)]
        self.adjustments = [r for r in known if isinstance(r, Adjustment)]
        self.plans = [r for r in known if isinstance(r, Plan)]
        self.cases = [r for r in known if isinstance(r, Case)]
        self.reviews = [r for r in known if isinstance(r, Review)]
        self.changes = sorted((r for r in known if isinstance(r, Reassignment)), key=lambda one: (one.ts_ms, one.id))
        self.end_ms = end_ms

    def net(self, order: Order) -> int:
        return max(order.amount - sum(refund.amount for refund in self.refunds if refund.order == order.id), 0)

    def owed(self) -> dict[Key, tuple[int, int]]:
        """By key: what is owed, and how much of it is released."""
        used: defaultdict[tuple, int] = defaultdict(int)
        found = {}
        for given in sorted(self.orders, key=lambda one: self._frozen(one) is None):
            order = self._reassigned(given)
            kept = self._frozen(given)
            if kept:
                order = order._replace(referrer=kept.beneficiary, currency=kept.currency)
            plan = kept.plan if kept else self._plan(order)
            if plan is None:
                continue
            when = datetime.fromtimestamp(order.ts_ms / 1000, UTC)
            caps = {
                ("person", plan.number, order.referrer, order.currency, order.person): plan.cap_person_minor,
                ("month", plan.number, order.referrer, order.currency, when.year, when.month): plan.cap_month_minor,
            }
            room = min(max(cap - used[key], 0) for key, cap in caps.items())
            room = kept.amount if kept else room
            earned = min(self._earned(order, plan), plan.cap_order_minor, room)
            for key in caps:
                used[key] += earned
            ending = "released" if kept else self._ending(order, plan)
            if earned and ending != "void":
                found[order.id, order.referrer, order.currency] = (earned, earned if ending == "released" else 0)
        return found

    def balances(self) -> dict[tuple[int, int], tuple[int, int]]:
        """By beneficiary and currency: what is held, and what was or is payable."""
        found: defaultdict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for (_, beneficiary, currency), (accrued, released) in self.owed().items():
            held, payable = found[beneficiary, currency]
            found[beneficiary, currency] = held + accrued - released, payable + released
        for one in {adjustment.id: adjustment for adjustment in self.adjustments}.values():
            held, payable = found[one.beneficiary, one.currency]
            found[one.beneficiary, one.currency] = held, payable + one.amount
        return {key: amounts for key, amounts in found.items() if amounts != (0, 0)}

    def released(self) -> dict[int, Frozen]:
        """What is frozen once this has been posted."""
        orders = {order.id: order for order in self.orders}
        found = {}
        for (source, beneficiary, currency), (_, amount) in self.owed().items():
            kept = self._frozen(orders[source])
            plan = kept.plan if kept else self._plan(self._reassigned(orders[source]))
            if amount and plan:
                found[source] = Frozen(beneficiary, currency, amount, plan)
        return found

    def _frozen(self, order: Order) -> Frozen | None:
        kept = self.frozen.get(order.id)
        of_order = [
            change.referrer for change in self.changes if (change.person, change.goal) == (order.person, order.id)
        ]
        return None if kept is None or (of_order and of_order[-1] != kept.beneficiary) else kept

    def _reassigned(self, order: Order) -> Order:
        for of_order in (False, True):
            for change in self.changes:
                if change.person != order.person or (change.goal >= 0) != of_order:
                    continue
                if change.goal == order.id or (not of_order and order.ts_ms >= change.ts_ms):
                    order = order._replace(
                        referrer=change.referrer, bound_ms=min(order.ts_ms, change.ts_ms), merged_ms=NEVER
                    )
        return order

    def _plan(self, order: Order) -> Plan | None:
        if order.referrer in (-1, order.person) or order.bound_ms > order.ts_ms:
            return None
        newest: dict[int, Plan] = {}
        for plan in sorted(self.plans, key=lambda plan: plan.announced_ms):
            if plan.announced_ms <= order.ts_ms:
                newest[plan.number] = plan
        fitting = [
            plan
            for plan in newest.values()
            if plan.valid_from_ms <= order.ts_ms < plan.valid_to_ms
            and plan.currency in (-1, order.currency)
            and order.ts_ms - order.bound_ms < plan.earn_ms
        ]
        return max(fitting, key=lambda p: (p.number == order.code, p.valid_from_ms, -p.number), default=None)

    def _earned(self, order: Order, plan: Plan) -> int:
        net = self.net(order)
        if net == 0 or net < plan.minimum_minor:
            return 0
        return plan.fixed_minor if plan.fixed_minor >= 0 else net * plan.share_bp // 10_000

    def _ending(self, order: Order, plan: Plan) -> str:
        reviews = [review for review in self.reviews if review.referrer == order.referrer]
        due = order.ts_ms + plan.hold_ms
        for now in sorted({due, order.merged_ms, *(r.ts_ms for r in reviews if r.ts_ms >= order.ts_ms)}):
            if now >= self.end_ms:
                break
            if now == order.merged_ms or any(r.ts_ms == now and r.decision == "void" for r in reviews):
                return "void"
            mine = [case for case in self.cases if case.referrer == order.referrer]
            if now >= due and not any(_is_open(case, reviews, now) for case in mine):
                return "released"
        return "held"


def _is_open(case: Case, reviews: list[Review], now: int) -> bool:
    if case.opened_ms > now or any(r.decision == "trust" and r.ts_ms <= case.opened_ms for r in reviews):
        return False
    about_it = [review for review in reviews if review.case in (-1, case.number) or review.decision == "trust"]
    return not any(case.opened_ms <= review.ts_ms <= now for review in about_it)
