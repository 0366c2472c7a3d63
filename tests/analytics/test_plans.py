"""Which plan rewards what, with literals."""

import numpy as np
import pytest

from analytics.results.plans import NEVER, VERDICTS, Goals, Plan, Reassignment, decide, reassigned

ANN, BEN, CY = range(3)
ORDER, SIGNUP = 0, 1
CNY, USD = 0, 1


def goals(*rows: dict) -> Goals:
    """Ben's orders, brought by Ann, unless said otherwise."""
    plain = Goals(0, BEN, ANN, 0, ORDER, -1, CNY, 100, 1970, -1, True, NEVER)._asdict()  # type: ignore[arg-type]
    columns = zip(*[{**plain, "id": n, **row}.values() for n, row in enumerate(rows)], strict=True)
    small = {"person", "referrer", "kind", "product", "currency", "code"}
    return Goals(
        *(np.array(c, np.int32 if name in small else None) for name, c in zip(Goals._fields, columns, strict=True))
    )


def decided(*plans: Plan, **row: object) -> tuple[int, str]:
    (plan,), (verdict,) = decide(goals(row), list(plans))
    assert [[plan], [verdict]] == [list(one) for one in decide(goals(row), list(plans))]
    return int(plan), VERDICTS[verdict]


@pytest.mark.parametrize(
    ("plan", "row", "verdict"),
    [
        ({}, {}, "due"),
        ({}, {"referrer": -1}, "nobody"),
        ({}, {"bound_ms": 101}, "nobody"),
        ({}, {"referrer": BEN}, "self"),
        ({"goal": SIGNUP}, {}, "no plan"),
        ({"valid_from_ms": 101}, {}, "no plan"),
        ({"valid_to_ms": 100}, {}, "no plan"),
        ({"announced_ms": 101}, {}, "no plan"),
        ({"valid_from_ms": 100, "valid_to_ms": 101, "announced_ms": 100}, {}, "due"),
        ({"currency": USD}, {}, "currency"),
        ({"currency": USD}, {"currency": -1}, "due"),
        ({"earn_ms": 100}, {}, "expired"),
        ({"earn_ms": 101}, {}, "due"),
        ({"who": frozenset({BEN, CY})}, {}, "left out"),
        ({"who": frozenset({ANN})}, {}, "due"),
        ({"products": frozenset({5})}, {"product": 4}, "left out"),
        ({"products": frozenset({5})}, {"product": 5}, "due"),
        ({"first_order_only": True}, {"first": False}, "left out"),
        ({"first_order_only": True}, {}, "due"),
    ],
)
def test_what_a_plan_rewards(plan: dict, row: dict, verdict: str) -> None:
    one = Plan(**{"number": 0, "announced_ms": 0, "goal": ORDER, "share_bp": 1000, **plan})
    assert decided(one, **row) == (0 if verdict == "due" else -1, verdict)


def test_of_plans_that_overlap_the_code_decides_then_the_later_beginning() -> None:
    plans = [Plan(n, 0, ORDER, 1000, valid_from_ms=begin) for n, begin in enumerate([10, 50, 50])]
    assert decided(*plans) == (1, "due")
    assert decided(*plans[::-1]) == (1, "due")
    assert decided(*plans, code=0) == (0, "due")
    assert decided(plans[0], plans[1]._replace(currency=USD)) == (0, "due")
    assert decided(plans[0]._replace(currency=USD), plans[1], code=0) == (1, "due"), "its code does not fit"


def test_a_newer_version_leaves_earlier_orders_alone() -> None:
    old, new = Plan(0, 0, ORDER, 1000), Plan(0, 100, ORDER, 2000)
    assert decided(old, new, ts_ms=99) == (0, "due")
    assert decided(old, new, ts_ms=100) == (1, "due")
    assert decided(old, new._replace(valid_to_ms=50), ts_ms=100) == (-1, "no plan"), "a version may end a plan"


def test_operators_decide_who_the_referrer_is() -> None:
    found = goals({"ts_ms": 50}, {"ts_ms": 100, "merged_ms": 120}, {"ts_ms": 100}, {"person": CY, "ts_ms": 100})
    changes = [Reassignment(BEN, 2, ANN, 60, 0), Reassignment(BEN, -1, CY, 70, 1), Reassignment(BEN, -1, BEN, 65, 2)]
    for order in (changes, changes[::-1]):
        then = reassigned(found, order)
        assert then.referrer.tolist() == [ANN, CY, ANN, ANN]
        assert then.bound_ms.tolist() == [0, 70, 60, 0]
        assert then.merged_ms.tolist() == [NEVER] * 4
