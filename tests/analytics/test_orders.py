"""What orders are worth, with literals."""

import numpy as np

from analytics.people.lists import lists
from analytics.people.orders import ABSURD_MINOR, ORDER, REFUND, Facts, half_refunded, net_on, orders_of, worths
from analytics.people.states import NEVER_MS

_CNY, _USD = 0, 1


def facts(*rows: tuple[int, int, int, int, int]) -> Facts:
    """Of (order, event, refund or -1, amount, currency), sorted by order and time."""
    return Facts(*(np.array(column) for column in zip(*rows, strict=True)))


def test_the_earliest_payment_counts_less_refunds_in_its_currency() -> None:
    found = orders_of(
        facts(
            (5, 1, -1, 700, _CNY), (5, 2, -1, 900, _CNY), (5, 2, -1, 900, _CNY), (5, 3, 8, 100, _CNY),
            (5, 4, 8, 600, _CNY), (5, 5, 9, 50, _USD), (6, 6, 7, 10, _CNY), (7, 7, 7, 500, _USD), (7, 8, -1, 300, _USD),
            (9, 9, -1, ABSURD_MINOR, _CNY), (9, 10, 1, ABSURD_MINOR, _CNY),
        )
    )  # fmt: skip
    assert found.first.tolist() == [0, 8, 9], "order 6 was never paid"
    assert found.asked_back.tolist() == [100, 500, 0]
    assert found.net.tolist() == [600, 0, ABSURD_MINOR], "never below nothing; an absurd refund is ignored"
    assert found.absurd.tolist() == [False, False, True]
    assert found.repeated.tolist() == [1, 0, 0], "the same event twice is one"
    assert found.mixed.tolist() == [True, False, False]
    assert found.refunds.tolist() == [3, 5, 7]


def test_a_refund_counts_from_its_day_on() -> None:
    orders, refunds = np.zeros(2, ORDER), np.zeros(3, REFUND)
    orders["amount"], orders["currency"] = 500, [_CNY, _USD]
    refunds["order"], refunds["amount"], refunds["day"] = [0, 0, 1], [200, 900, 50], [10, 12, 10]
    assert [net_on(orders, refunds, day).tolist() for day in (9, 10, 12)] == [[500, 500], [300, 500], [0, 500]]


def test_when_half_of_an_order_was_refunded() -> None:
    orders, refunds = np.zeros(4, ORDER), np.zeros(5, REFUND)
    orders["amount"], orders["currency"] = [500, 500, 500, 0], _CNY
    refunds["order"], refunds["amount"], refunds["ms"] = [0, 1, 0, 0, 2], [200, 249, 50, 900, 900], [8, 5, 7, 9, 4]
    refunds["currency"] = [_CNY] * 4 + [_USD]
    assert half_refunded(orders, refunds).tolist() == [8, NEVER_MS, NEVER_MS, NEVER_MS]
    assert half_refunded(orders, refunds[:0]).tolist() == [NEVER_MS] * 4


def test_what_persons_orders_are_worth_by_currency() -> None:
    orders = np.zeros(5, ORDER)
    orders["currency"], orders["day"] = [_CNY, _USD, _CNY, _CNY, _CNY], [3, 4, 5, 6, 9]
    orders["counted"] = [1, 1, 1, 0, 1]
    net, of = np.array([10, 20, 30, 40, 50]), lists(np.array([1, 1, 1, 1, 1]), 3)
    firsts, found = worths(orders, net, of, until=8)
    assert firsts.tolist() == [0, 0, 2, 2]
    assert found[["currency", "orders", "net", "first_day", "last_day"]].tolist() == [
        (0, 2, 40, 3, 5),
        (1, 1, 20, 4, 4),
    ]
